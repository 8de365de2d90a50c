# SPDX-License-Identifier: Apache-2.0
"""What our stub has to show before anybody relies on it (STUB-2): it has not met silicon.

A pattern that comes back both ways at the rate that is going to be used; and, before the first byte of flash
counts, a sector that it hashes and that is read through the SPI controller's registers: both agree.
"""

import hashlib
import logging

from esprom.errors import CommandFailed, NoResponse, ProtocolError
from esprom.flash.geometry import SECTOR
from esprom.loader import rates
from esprom.loader.nor import NorFlash
from esprom.loader.rom import RomLoader
from esprom.loader.spi import BUFFER
from esprom.loader.stub import StubLoader, upload
from esprom.protocol import own
from esprom.stub import Image

TRIES = 3  # to find the same in a sector: it is the line that is on trial here, and the stub

log = logging.getLogger("esprom.loader")


class Distrusted(ProtocolError):
    """The stub has not shown what it has to."""


def start(rom: RomLoader, baud: int | None, program: Image) -> StubLoader:
    """Upload the stub, let it change to `baud`, or the highest rate, and see that it answers there.

    Raises:
        Distrusted: it does not; the ROM's loader is gone all the same.
    """
    try:
        return check_line(upload(rom, program), baud)
    except (NoResponse, ProtocolError, CommandFailed) as exc:
        raise Distrusted(f"the stub loader does not come up: {exc}") from exc


def check_line(stub: StubLoader, baud: int | None) -> StubLoader:
    """Let a stub that runs change to `baud`, None for the highest rate that the line carries.

    Raises:
        Distrusted: it is not ours, or the line does not carry everything.
    """
    version = stub.info().version
    if version != own.VERSION:
        raise Distrusted(f"a stub loader of version {version} runs, and not {own.VERSION}")
    if baud is None:
        rates.highest(stub.session)
    elif stub.session.port.baud != baud:
        stub.change_baud(baud)
    if stub.echo(rates.PATTERN) != rates.PATTERN:
        raise Distrusted("what the stub loader is told does not come back as it was sent")
    return stub


def check_flash(stub: StubLoader, nor: NorFlash) -> None:
    """Compare what the stub makes of a sector with what the SPI controller's registers give.

    Raises:
        Distrusted: they differ, TRIES times.
    """
    pieces = [range(at, at + BUFFER) for at in range(0, SECTOR, BUFFER)]
    with stub.quickly():
        for _ in range(TRIES):
            (digest,) = stub.digests(0, SECTOR, SECTOR)
            if hashlib.md5(b"".join(nor.read(pieces))).digest() == digest:
                return
            log.info("the stub loader's digest of the first sector is not that of what the registers give")
    raise Distrusted("the stub loader reads the flash differently than the registers do")

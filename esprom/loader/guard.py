# SPDX-License-Identifier: Apache-2.0
"""What our stub has to show before anybody relies on it (STUB-2): it has not met silicon.

A pattern that comes back both ways at the rate that is going to be used; and, before the first byte of flash
counts, a sector that it hashes and that is read through the SPI controller's registers: both agree.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from esprom.errors import CommandFailed, NoResponse, ProtocolError
from esprom.flash.geometry import SECTOR
from esprom.loader import rates
from esprom.loader.nor import NorFlash
from esprom.loader.once import ask_once
from esprom.loader.rom import RomLoader
from esprom.loader.session import Session
from esprom.loader.spi import BUFFER
from esprom.loader.stub import StubLoader, upload
from esprom.protocol import own
from esprom.protocol.packets import Command
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
    with _trusted():
        stub = upload(rom, program)
    return check_line(stub, baud)


def check_line(stub: StubLoader, baud: int | None) -> StubLoader:
    """Let a stub that runs change to `baud`, None for the highest rate that the line carries.

    Raises:
        Distrusted: it is not ours, or the line does not carry everything there.
    """
    session = stub.session
    with _trusted():
        info: own.Info = ask_once(session, Command.INFO, own.AskInfo())
        if info.version != own.VERSION:
            raise Distrusted(f"a stub loader of version {info.version} runs, and not {own.VERSION}")
        if baud is None:
            rates.highest(session)
        elif not _carries(session, baud):
            raise Distrusted(f"what the stub loader is told at {baud} baud does not come back as it was sent")
    return stub


def _carries(session: Session, baud: int) -> bool:
    if baud == session.port.baud:
        return rates.carries(session, rates.PATTERN, 1)
    return rates.change(session, baud, rates.PATTERN, times=1)


@contextmanager
def _trusted() -> Iterator[None]:
    """Whatever fails in here means that the stub is not to be relied on."""
    try:
        yield
    except Distrusted:
        raise
    except (NoResponse, ProtocolError, CommandFailed) as exc:
        raise Distrusted(f"the stub loader does not work: {exc}") from exc


def check_flash(stub: StubLoader, nor: NorFlash) -> None:
    """Compare what the stub makes of a sector with what the SPI controller's registers give.

    Raises:
        Distrusted: they differ, TRIES times.
    """
    pieces = [range(at, at + BUFFER) for at in range(0, SECTOR, BUFFER)]
    with _trusted(), stub.quickly():
        for attempt in range(TRIES):
            try:
                found: own.DigestList = ask_once(
                    stub.session, Command.DIGESTS, own.Digests(0, SECTOR, SECTOR)
                )
                if (hashlib.md5(b"".join(nor.read(pieces))).digest(),) == found.digests:
                    return
                log.info(
                    "the stub loader's digest of the first sector is not that of what the registers give"
                )
            except (NoResponse, ProtocolError, CommandFailed):
                if attempt == TRIES - 1:
                    raise
    raise Distrusted("the stub loader reads the flash differently than the registers do")

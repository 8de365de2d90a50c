# SPDX-License-Identifier: Apache-2.0
"""Who does the work: the ROM's loader alone, or our stub, which the ROM puts into RAM."""

import logging
from contextlib import suppress
from pathlib import Path

from esprom.errors import EspromError
from esprom.loader import guard
from esprom.loader.by_hand import Hand
from esprom.loader.connect import reach_rom
from esprom.loader.guard import Distrusted
from esprom.loader.restart import restart
from esprom.loader.rom import RomLoader
from esprom.loader.stub import StubLoader
from esprom.port import Port
from esprom.port.reset import USUAL, Resets
from esprom.stub import Image, image, load

ROM, STUB, AUTO = "rom", "stub", "auto"
UPLOAD_BAUD = 921600  # the stub is in RAM 0.8 s sooner than at 115200; where that fails, it goes slower

log = logging.getLogger("esprom.loader")


def reach(
    port: Port, before: str, hand: Hand, loader: str, *, highest: bool = False, resets: Resets = USUAL
) -> tuple[RomLoader, StubLoader | None]:
    """Make a loader answer, the one that `loader` says: ROM, STUB, AUTO, or the path of a stub's image.

    `highest`: let the stub go to the highest rate that the line carries; else the port's is used.
    `resets`: how the lines reset the board.

    Raises:
        NoResponse, ProtocolError: as `reach_rom`.
        Distrusted: the stub does not show that it works; with AUTO only a warning.
        ImageError: the file is no image of a stub.
    """
    if loader == ROM:
        return reach_rom(port, before, hand, resets=resets), None
    program = image() if loader in (STUB, AUTO) else load(Path(loader))
    baud = port.baud
    rom = reach_rom(port, before, hand, first_baud=max(baud, UPLOAD_BAUD), resets=resets)
    try:
        return rom, start(rom, None if highest else baud, program)
    except Distrusted as exc:
        if loader != AUTO:
            raise
        port.baud = baud
        with suppress(EspromError):
            restart(rom.session)
        rom = reach_rom(port, before, hand, resets=resets)
        if rom.session.with_stub:  # the same one still: it does not even let the chip reset itself
            raise
        log.warning("%s; going on with the ROM's loader, which is slower", exc)
        return rom, None


def start(rom: RomLoader, baud: int | None, program: Image) -> StubLoader:
    """Return the stub that runs already, or is uploaded."""
    if rom.session.with_stub:
        return guard.check_line(StubLoader(rom.session), baud)
    return guard.start(rom, baud, program)

# SPDX-License-Identifier: Apache-2.0
"""The ways out of the loader: into the firmware by the EN line, or by a command."""

from contextlib import suppress

from esprom.errors import EspromError, Refused
from esprom.loader.nor import NorFlash
from esprom.loader.restart import restart
from esprom.loader.rom import RomLoader
from esprom.port import Port, reset
from esprom.port.reset import Resets
from esprom.protection import status_kept

BOOT_LOG_S = 0.3  # it begins some milliseconds after a reset, and comes a USB bridge's delay later


def boot_flash(rom: RomLoader, nor: NorFlash) -> None:
    """Leave the loader for the flash.

    FLASH_BEGIN attaches the flash as the ROM wants it, but clears its status register; that is put back.
    MEM_END with entry 0 boots; FLASH_END would do so too, but sets the block protection first.
    """
    nor.attach()
    with status_kept(nor):
        nor.give_back()
        rom.flash_begin(0, 0, 0, 0)
    nor.give_back()
    rom.mem_end(stay=0, entry=0)


def hard_reset(port: Port, resets: Resets = reset.USUAL) -> None:
    """Reset the chip by its EN line, as `resets` does it."""
    if not port.has_modem_lines:
        raise Refused(f"{port.name} has no DTR and RTS lines; reset the board by hand")
    reset.play(port, resets.hard)


def leave(rom: RomLoader, nor: NorFlash, after: str, resets: Resets = reset.USUAL) -> bool:
    """Do what was agreed for the end. The work is done, so nothing that fails now is worth an error.

    Returns False where a reset was agreed and the chip has not noticed any: lines that lead nowhere.

    The registers are given back even before a reset: not every line has one, and nobody hears if it fails.
    """
    with suppress(EspromError):
        nor.give_back()
    with suppress(EspromError):
        if after == "hard-reset":
            return _restarted(rom.session.port, resets)
        if after == "soft-reset":
            boot_flash(rom, nor)
        if after == "no-reset" and rom.session.with_stub:
            restart(rom.session)
            rom.session.synchronise()  # the ROM knows the rate for whoever sends no SYNC
    return True


def _restarted(port: Port, resets: Resets) -> bool:
    """Reset the chip, and tell whether it says something: at every reset the ROM sends its boot log."""
    if not port.has_modem_lines:
        return False
    port.discard_input()
    reset.play(port, resets.hard)
    return bool(port.read(BOOT_LOG_S))

# SPDX-License-Identifier: Apache-2.0
"""Whole sectors, erased and programmed by the ROM's loader or our stub. What they hold then is not read back.

Erasing goes through the SPI controller, because the ROM's FLASH_BEGIN erases more than it is told.
Writing goes through FLASH_DATA, which takes 6 KiB at once and reads them back on the chip, after a
FLASH_BEGIN that erases nothing.

What is sent is read back before it does anything, with one exception: FLASH_BEGIN acts on its body at once,
and no checksum covers that (ROM-21). A byte that is damaged on the way may make it erase, or write elsewhere.
"""

import logging
from itertools import groupby

from esprom import streamed
from esprom.errors import CommandFailed, EspromError, FlashProtected, VerifyFailed
from esprom.flash.geometry import BLANK_SECTOR, BLOCK, SECTOR, round_down, round_up
from esprom.image import Segment
from esprom.loader.gather import LINE_TROUBLE, RETRIES
from esprom.loader.nor import BLOCK_ERASE, HALF_BLOCK_ERASE, SECTOR_ERASE, EraseUnit, NorFlash
from esprom.loader.rom import LARGEST_BLOCK, send_blocks
from esprom.operations import FlashInfo
from esprom.persisting import persist
from esprom.progress import Stage
from esprom.protection import read_status
from esprom.protocol.status import RomError

ROM_FLASH_SIZE = 0x400000  # bytes; what the ROM assumes until SPI_SET_PARAMS
ERASE_UNITS = (BLOCK_ERASE, HALF_BLOCK_ERASE, SECTOR_ERASE)  # the largest first

log = logging.getLogger("esprom.operations")


def cut(part: Segment, first: int, end: int) -> Segment:
    """Return what of a part lies from address `first` up to `end`."""
    first = max(first, part.address)
    return Segment(first, part.data[first - part.address : max(0, end - part.address)])


def replace(nor: NorFlash, flash: FlashInfo, part: Segment, stage: Stage) -> set[int]:
    """Erase and program by blocks of 64 KiB: what is not reached when it fails is as it was.

    Return the addresses of the sectors that were rewritten. Our stub leaves those alone that hold it already.
    """
    if nor.stub is not None:
        return streamed.replace(nor.stub, part.address, part.data, stage)
    for start in range(round_down(part.address, BLOCK), part.end, BLOCK):
        block = cut(part, start, start + BLOCK)
        erase(nor, block.address, len(block.data), stage=None)
        sectors = range(block.address, block.end, SECTOR)
        for blank, run in groupby(sectors, lambda at: cut(part, at, at + SECTOR).data == BLANK_SECTOR):
            starts = list(run)
            data = cut(part, starts[0], starts[-1] + SECTOR)
            if blank:
                stage.advance(len(data.data))
            else:
                _program(nor, flash, data, stage)
    return set(range(part.address, part.end, SECTOR))


def erase(nor: NorFlash, offset: int, size: int, stage: Stage | None) -> None:
    """Erase by the largest command that fits each time, and that the chip knows."""
    units = list(ERASE_UNITS)
    position, end = offset, offset + size
    while position < end:
        unit = next(unit for unit in units if position % unit.size == 0 and unit.size <= end - position)
        if _erase_unit(nor, unit, position):
            position += unit.size
            if stage is not None:
                stage.advance(unit.size)
        elif unit is SECTOR_ERASE:
            raise FlashProtected(
                f"the flash chip did not accept erasing the sector at 0x{position:x}: it is protected",
                status=persist(nor, lambda: read_status(nor)),
            )
        else:
            log.info("the flash chip does not erase 0x%x bytes at once", unit.size)
            units.remove(unit)


def _erase_unit(nor: NorFlash, unit: EraseUnit, address: int) -> bool:
    return persist(nor, lambda: nor.erase(unit, address), unit.limit_s)


def _program(nor: NorFlash, flash: FlashInfo, part: Segment, stage: Stage) -> None:
    """Write sectors that are erased.

    After trouble on the line the work goes on from the sector in doubt, erased anew, a bounded number of
    times. It is never programmed twice: on some chips (P25Q80H) that is told to flip bits
    (esp8266/Arduino issues 4061 and 7514).
    """
    done = failures = 0
    in_doubt = 0  # bytes from `done` on that may be programmed already
    while done < len(part.data):
        try:
            if in_doubt:
                nor.attach_again()
                erase(nor, part.address + done, in_doubt, stage=None)
                in_doubt = 0
            nor.give_back()
            if flash.size > ROM_FLASH_SIZE:
                nor.rom.spi_set_params(_as_rom_has_it(nor.jedec_id), flash.size)
            rest = part.data[done:]
            blocks = -(-len(rest) // LARGEST_BLOCK)
            nor.rom.flash_begin(0, blocks, LARGEST_BLOCK, part.address + done)
            for size in send_blocks(rest, nor.rom.flash_data):
                done += size
                failures = 0
                stage.advance(size)
        except LINE_TROUBLE as exc:
            failures += 1
            if failures > RETRIES or not _worth_repeating(exc):
                raise _as_verify_failed(exc, part.address + done) from exc
            log.warning("writing stopped at 0x%x: %s", part.address + done, exc)
            redone = done % SECTOR  # FLASH_BEGIN starts at a sector
            done -= redone
            stage.take_back(redone)
            touched = max(in_doubt, round_up(redone + LARGEST_BLOCK, SECTOR))
            in_doubt = min(len(part.data) - done, touched)


def _as_rom_has_it(jedec_id: int) -> int:
    """Return the id with the manufacturer in the low byte (ROM-1)."""
    return int.from_bytes(jedec_id.to_bytes(3, "little"), "big")


def _worth_repeating(exc: EspromError) -> bool:
    return not isinstance(exc, CommandFailed) or exc.error == RomError.INVALID


def _as_verify_failed(exc: EspromError, address: int) -> EspromError:
    """Return the ROM's "read back differs" as what it means; other errors as they are."""
    if isinstance(exc, CommandFailed) and exc.error == RomError.READ_BACK_DIFFERS:
        return VerifyFailed(
            f"the flash does not take what is written at 0x{address:x}: {exc}", address=address
        )
    return exc

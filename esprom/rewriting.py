# SPDX-License-Identifier: Apache-2.0
"""A user's jobs that change the flash: erase and write, exactly what is asked and nothing beside it.

Erasing goes through the SPI controller, because the ROM's FLASH_BEGIN erases more than it is told.
Writing goes through FLASH_DATA, five times faster than pages by registers, after a FLASH_BEGIN that
erases nothing. That command also clears the chip's status register (block protection, QE); so the
register is read before and put back after.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import groupby

from esprom import operations
from esprom.errors import CommandFailed, EspromError, FlashProtected, VerifyFailed
from esprom.flash.geometry import SECTOR, round_down, round_up
from esprom.loader.gather import LINE_TROUBLE, RETRIES
from esprom.loader.nor import (
    BLOCK_ERASE,
    CHIP_ERASE,
    HALF_BLOCK_ERASE,
    SECTOR_ERASE,
    WEL,
    WIP,
    NorFlash,
)
from esprom.loader.rom import LARGEST_BLOCK, send_blocks
from esprom.operations import FlashInfo, check_range
from esprom.progress import Stage, Watch
from esprom.protocol.status import RomError

ROM_FLASH_SIZE = 0x400000  # bytes; what the ROM assumes until SPI_SET_PARAMS
ERASE_UNITS = (BLOCK_ERASE, HALF_BLOCK_ERASE, SECTOR_ERASE)  # the largest first
BLANK_SECTOR = b"\xff" * SECTOR

PROTECT = 0x1C  # BP0 to BP2, in register 1 of every 25-series chip
PROTECT_MACRONIX = 0x3C  # Macronix has BP3, where others have a bit that says which end
COMPLEMENT = 0x4000  # CMP, in register 2: everything but what BP says
MACRONIX = 0xC2
NO_REGISTER_2 = 0xFF00  # a chip that does not know opcode 35 leaves the line high

log = logging.getLogger("esprom.operations")


@dataclass(frozen=True, slots=True)
class Part:
    """Whole sectors to be written."""

    offset: int
    data: bytes

    def cut(self, first: int, end: int) -> "Part":
        """Return the sectors from address `first` up to `end`."""
        return Part(first, self.data[first - self.offset : end - self.offset])


def erase(nor: NorFlash, flash: FlashInfo, offset: int, size: int, *, unprotect: bool, watch: Watch) -> None:
    """Erase exactly these sectors; the chip's own whole-chip command where they are all."""
    if offset % SECTOR or size % SECTOR:
        first, end = round_down(offset, SECTOR), round_up(offset + size, SECTOR)
        raise ValueError(
            f"a flash is erased in sectors of 0x{SECTOR:x} bytes; erase-region 0x{first:x} 0x{end - first:x}"
            " is the aligned command that covers this range"
        )
    check_range(flash, offset, size)
    _check_protection(nor, unprotect)
    stage = watch.stage("erase", size)
    if size == flash.size and nor.erase(CHIP_ERASE, 0):
        stage.advance(size)
    else:
        _erase_exactly(nor, offset, size, stage)


def write(
    nor: NorFlash, flash: FlashInfo, offset: int, data: bytes, *, unprotect: bool, watch: Watch
) -> None:
    """Write `data`; keep what else is in its first and last sector; read everything back."""
    check_range(flash, offset, len(data))
    if not data:
        return
    _check_protection(nor, unprotect)
    quiet = replace(watch, progress=None, cancel=None)
    edges = {start: _sector(nor, start, quiet) for start in _partly_covered(offset, len(data))}
    whole = _filled_up(offset, data, edges)
    with status_kept(nor):
        for start, before in edges.items():  # not to be stopped half-way: they hold what is not the caller's
            after = whole.cut(start, start + SECTOR)
            if after.data != before:
                _replace_part(nor, flash, after, quiet)
        first, end = round_up(offset, SECTOR), round_down(offset + len(data), SECTOR)
        if first < end:
            _replace_part(nor, flash, whole.cut(first, end), watch)
    operations.verify(nor, whole.offset, whole.data, watch)


@contextmanager
def status_kept(nor: NorFlash) -> Iterator[None]:
    """Put the chip's status registers back at the end, if the ROM has changed them."""
    registers = _registers(nor)
    before = nor.read_status(registers) & ~(WIP | WEL)
    try:
        yield
    except BaseException:
        with suppress(EspromError):  # the first failure is the one to hear about
            _put_back(nor, before, registers)
        raise
    _put_back(nor, before, registers)


def _put_back(nor: NorFlash, before: int, registers: int) -> None:
    now = nor.read_status(registers) & ~(WIP | WEL)
    if now != before:
        log.info("the ROM has changed the flash status from %#x to %#x; putting it back", before, now)
        nor.write_status(before, registers, volatile=False)


def _check_protection(nor: NorFlash, unprotect: bool) -> None:
    """Raise FlashProtected, or lift the protection."""
    nor.attach()
    registers = _registers(nor)
    status = nor.read_status(registers)
    if not _protected(nor, status):
        return
    if not unprotect:
        raise FlashProtected(
            f"the flash chip's block protection is on (status 0x{status:0{2 * registers}x}), nothing was"
            " touched; --unprotect lifts it",
            status=status,
        )
    mask = PROTECT_MACRONIX if _is_macronix(nor) else PROTECT | COMPLEMENT
    nor.write_status(status & ~(mask | WIP | WEL), registers, volatile=False)
    left = nor.read_status(registers)
    if _protected(nor, left):
        raise FlashProtected(
            f"the flash chip's block protection cannot be lifted (status 0x{left:x}): its WP pin is low"
            " or the register is locked",
            status=left,
        )


def _protected(nor: NorFlash, status: int) -> bool:
    if _is_macronix(nor):
        return bool(status & PROTECT_MACRONIX)
    if status & COMPLEMENT and status & NO_REGISTER_2 != NO_REGISTER_2:
        return status & PROTECT != PROTECT
    return bool(status & PROTECT)


def _registers(nor: NorFlash) -> int:
    """Return how many status registers matter. Macronix has no second, and 35 switches it to four lines."""
    return 1 if _is_macronix(nor) else 2


def _is_macronix(nor: NorFlash) -> bool:
    return nor.jedec_id >> 16 == MACRONIX


def _partly_covered(offset: int, size: int) -> list[int]:
    """Return the sectors of which the range covers a part."""
    return sorted({round_down(border, SECTOR) for border in (offset, offset + size) if border % SECTOR})


def _sector(nor: NorFlash, start: int, watch: Watch) -> bytes:
    return operations.read_proved(nor, start, SECTOR, watch).data


def _filled_up(offset: int, data: bytes, edges: Mapping[int, bytes]) -> Part:
    """Return `data` with what `edges`, the sectors that it covers in part, have around it."""
    first, last = round_down(offset, SECTOR), round_down(offset + len(data), SECTOR)
    head = edges.get(first, b"")[: offset - first]
    tail = edges.get(last, b"")[offset + len(data) - last :]
    return Part(first, head + data + tail)


def _replace_part(nor: NorFlash, flash: FlashInfo, part: Part, watch: Watch) -> None:
    _erase_exactly(nor, part.offset, len(part.data), watch.stage("erase", len(part.data)))
    stage = watch.stage("write", len(part.data))
    sectors = range(0, len(part.data), SECTOR)
    for blank, run in groupby(sectors, lambda at: part.data[at : at + SECTOR] == BLANK_SECTOR):
        starts = list(run)
        data = part.data[starts[0] : starts[-1] + SECTOR]
        if blank:
            stage.advance(len(data))
        else:
            _program(nor, flash, Part(part.offset + starts[0], data), stage)


def _program(nor: NorFlash, flash: FlashInfo, part: Part, stage: Stage) -> None:
    """Write sectors that are erased.

    After trouble on the line the work goes on from the sector in doubt, erased anew, a bounded number of
    times: some chips (PUYA) spoil a page that is programmed twice.
    """
    done = failures = 0
    while done < len(part.data):
        try:
            nor.give_back()
            if flash.size > ROM_FLASH_SIZE:
                nor.rom.spi_set_params(nor.jedec_id, flash.size)
            rest = part.data[done:]
            blocks = -(-len(rest) // LARGEST_BLOCK)
            nor.rom.flash_begin(0, blocks, LARGEST_BLOCK, part.offset + done)
            for size in send_blocks(rest, nor.rom.flash_data):
                done += size
                failures = 0
                stage.advance(size)
        except LINE_TROUBLE as exc:
            failures += 1
            if failures > RETRIES or not _worth_repeating(exc):
                raise _as_verify_failed(exc, part.offset + done) from exc
            log.warning("writing stopped at 0x%x: %s", part.offset + done, exc)
            redone = done % SECTOR  # FLASH_BEGIN starts at a sector
            done -= redone
            stage.advance(-redone)
            in_doubt = min(len(part.data) - done, round_up(redone + LARGEST_BLOCK, SECTOR))
            nor.attach_again()
            _erase_exactly(nor, part.offset + done, in_doubt, stage=None)


def _worth_repeating(exc: EspromError) -> bool:
    return not isinstance(exc, CommandFailed) or exc.error == RomError.INVALID


def _as_verify_failed(exc: EspromError, address: int) -> EspromError:
    """Return the ROM's "read back differs" as what it means; other errors as they are."""
    if isinstance(exc, CommandFailed) and exc.error == RomError.READ_BACK_DIFFERS:
        return VerifyFailed(
            f"the flash does not take what is written at 0x{address:x}: {exc}", address=address
        )
    return exc


def _erase_exactly(nor: NorFlash, offset: int, size: int, stage: Stage | None) -> None:
    """Erase by the largest command that fits each time, and that the chip knows."""
    units = list(ERASE_UNITS)
    position, end = offset, offset + size
    while position < end:
        unit = next(unit for unit in units if position % unit.size == 0 and unit.size <= end - position)
        if nor.erase(unit, position):
            position += unit.size
            if stage is not None:
                stage.advance(unit.size)
        elif unit is SECTOR_ERASE:
            raise FlashProtected(
                f"the flash chip did not accept erasing the sector at 0x{position:x}: it is protected",
                status=nor.read_status(_registers(nor)),
            )
        else:
            log.info("the flash chip does not erase 0x%x bytes at once", unit.size)
            units.remove(unit)

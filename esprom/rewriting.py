# SPDX-License-Identifier: Apache-2.0
"""A user's jobs that change the flash: erase and write, exactly what is asked and nothing beside it.

Erasing goes through the SPI controller, because the ROM's FLASH_BEGIN erases more than it is told.
Writing goes through FLASH_DATA, which takes 6 KiB at once and reads them back on the chip, after a
FLASH_BEGIN that erases nothing. That command also clears the chip's status register (block protection,
QE); so the register is read before and put back after.

What is sent is read back before it does anything, with one exception: FLASH_BEGIN acts on its body at once,
and no checksum covers that (ROM-21). A byte that is damaged on the way may make it erase, or write elsewhere.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TypeVar

from esprom import operations, proving, streamed
from esprom.errors import CommandFailed, EdgeLost, EspromError, FlashProtected, Refused, VerifyFailed
from esprom.flash.geometry import BLANK_SECTOR, BLOCK, SECTOR, round_down, round_up
from esprom.loader.gather import LINE_TROUBLE, RETRIES
from esprom.loader.nor import (
    BLOCK_ERASE,
    CHIP_ERASE,
    HALF_BLOCK_ERASE,
    NOT_DRIVEN,
    SECTOR_ERASE,
    WEL,
    WIP,
    EraseUnit,
    NorFlash,
    StillBusy,
)
from esprom.loader.rom import LARGEST_BLOCK, send_blocks
from esprom.loader.spi import BUFFER
from esprom.operations import FlashInfo, check_range
from esprom.progress import Stage, Watch
from esprom.protocol.status import RomError
from esprom.sizes import SMALLEST_FLASH, size_name

ROM_FLASH_SIZE = 0x400000  # bytes; what the ROM assumes until SPI_SET_PARAMS
ERASE_UNITS = (BLOCK_ERASE, HALF_BLOCK_ERASE, SECTOR_ERASE)  # the largest first
READ_BACK = (
    0x10000  # bytes that the ROM's loader reads in some 8 s at 115200 baud; of more, samples are looked at
)
SAMPLES = 16  # of a flash, to see whether it repeats itself

PUT_BACK_ATTEMPTS = 3

T = TypeVar("T")

log = logging.getLogger("esprom.operations")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the flash and what it holds, or is to hold."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.offset + len(self.data)

    def cut(self, first: int, end: int) -> "Part":
        """Return what lies from address `first` up to `end`."""
        return Part(first, self.data[max(0, first - self.offset) : max(0, end - self.offset)])


@dataclass(frozen=True, slots=True)
class Edge:
    """A sector of which a part is to be written; what else is in it must outlive that."""

    before: Part
    written: range  # addresses, beyond the sector too

    @property
    def kept(self) -> dict[int, bytes]:
        """What lies before and after the part that is written, by address."""
        first, end = self.before.offset, self.before.end
        around = (self.before.cut(first, self.written.start), self.before.cut(self.written.stop, end))
        return {part.offset: part.data for part in around if part.data}


def erase(nor: NorFlash, flash: FlashInfo, offset: int, size: int, *, unprotect: bool, watch: Watch) -> None:
    """Erase exactly these sectors; the chip's own whole-chip command where they are all."""
    if offset % SECTOR or size % SECTOR:
        first, end = round_down(offset, SECTOR), round_up(offset + size, SECTOR)
        raise ValueError(
            f"a flash is erased in sectors of 0x{SECTOR:x} bytes; erase-region 0x{first:x} 0x{end - first:x}"
            " is the aligned command that covers this range"
        )
    check_range(flash, offset, size)
    check_size(nor, flash, offset + size)
    _check_protection(nor, unprotect)
    stage = watch.stage("erase", size)
    if size == flash.size and _persist(nor, lambda: nor.erase(CHIP_ERASE, 0), CHIP_ERASE.limit_s):
        stage.advance(size)
    else:
        _erase_exactly(nor, offset, size, stage)
    _check_blank(nor, offset, size, watch)


def write(
    nor: NorFlash, flash: FlashInfo, offset: int, data: bytes, *, unprotect: bool, watch: Watch
) -> None:
    """Write `data`; keep what else is in its first and last sector; read everything back.

    Raises:
        EdgeLost: what else is there could not be kept, and is not in the flash any more.
    """
    check_range(flash, offset, len(data))
    if not data:
        return
    check_size(nor, flash, offset + len(data))
    _check_protection(nor, unprotect)
    quiet = replace(watch, progress=None, cancel=None)
    written = range(offset, offset + len(data))
    edges = [
        Edge(Part(start, _sector(nor, start, quiet)), written) for start in _partly_covered(offset, len(data))
    ]
    whole = _filled_up(offset, data, edges)
    first, end = round_up(offset, SECTOR), round_down(offset + len(data), SECTOR)
    between = first < end
    shown = quiet if between else replace(watch, cancel=None)
    with status_kept(nor):
        for edge in edges:  # not to be stopped half-way: they hold what is not the caller's
            after = whole.cut(edge.before.offset, edge.before.end)
            if after != edge.before:
                with _rescued(nor, flash, edge, quiet):
                    _replace_part(nor, flash, after, shown.stage("write", len(after.data)))
                    operations.verify(nor, after.offset, after.data, shown)
        if not between:
            return
        _replace_part(nor, flash, whole.cut(first, end), watch.stage("write", end - first))
    try:
        operations.verify(nor, whole.offset, whole.data, watch)
    except VerifyFailed as exc:
        for edge in edges:
            if any(at <= exc.address < at + len(held) for at, held in edge.kept.items()):
                _put_edge_back(nor, flash, edge, quiet, exc)
        raise


def replace_sectors(
    nor: NorFlash, flash: FlashInfo, sectors: Mapping[int, bytes], *, unprotect: bool, watch: Watch
) -> None:
    """Make whole sectors, by their address, hold this, in this order. What they hold then is not read back.

    Those that hold it already are left alone where our stub can tell.
    """
    for address, data in sectors.items():
        if address % SECTOR or len(data) != SECTOR:
            raise ValueError(f"0x{address:x} with {len(data)} bytes is no whole sector")
        check_range(flash, address, len(data))
    if not sectors:
        return
    check_size(nor, flash, max(sectors) + SECTOR)
    _check_protection(nor, unprotect)
    stage = watch.stage("write", len(sectors) * SECTOR)
    with status_kept(nor):
        for part in _joined(sectors):
            _replace_part(nor, flash, part, stage)


def check_protection(nor: NorFlash) -> None:
    """Raise FlashProtected if the chip's block protection is on."""
    _check_protection(nor, unprotect=False)


def check_size(nor: NorFlash, flash: FlashInfo, end: int) -> None:
    """Raise Refused if the flash seems to end before `end`, where only its id, or only SFDP, tells its size.

    A chip does not see address bits that it has no cells for (FLASH-2): what is written behind its end
    overwrites what lies at its beginning, and reads back as it should.
    """
    if flash.size_source not in {"jedec", "sfdp"}:
        return
    size = SMALLEST_FLASH
    while size < min(end, flash.size):
        if _repeats(nor, size):
            raise Refused(
                f"the flash seems to have {size_name(size)}, not the {size_name(flash.size)} that it claims:"
                f" it holds the same again from 0x{size:x} on; nothing was touched; --chip-size"
                f" {size_name(size)} if that is so, --chip-size {size_name(flash.size)} if it is not"
            )
        size *= 2


def _joined(sectors: Mapping[int, bytes]) -> Iterator[Part]:
    """Yield sectors that follow one another as one part, in the order that they have."""
    run: list[bytes] = []
    first = 0
    for address, data in sectors.items():
        if run and address != first + len(run) * SECTOR:
            yield Part(first, b"".join(run))
            run = []
        first = first if run else address
        run.append(data)
    yield Part(first, b"".join(run))


@contextmanager
def _rescued(nor: NorFlash, flash: FlashInfo, edge: Edge, quiet: Watch) -> Iterator[None]:
    """Whatever ends what is done inside, Ctrl-C too: put the sector back as it was, or raise EdgeLost."""
    try:
        yield
    except BaseException as exc:
        _put_edge_back(nor, flash, edge, quiet, exc)
        raise


def _put_edge_back(nor: NorFlash, flash: FlashInfo, edge: Edge, quiet: Watch, cause: BaseException) -> None:
    before = edge.before
    log.warning("putting the sector at 0x%x back as it was: %s", before.offset, _told(cause))
    try:
        _persist(nor, nor.attach_again)
        with status_kept(nor):
            if _sector(nor, before.offset, quiet) != before.data:
                _replace_part(nor, flash, before, quiet.stage("write", len(before.data)))
                operations.verify(nor, before.offset, before.data, quiet)
    except BaseException as exc:  # a second Ctrl-C too: the bytes are nowhere but here
        kept = edge.kept
        where = " and ".join(f"0x{at:x} to 0x{at + len(held) - 1:x}" for at, held in kept.items())
        raise EdgeLost(
            f"what the flash held at {where}, beside what was to be written, is erased or in doubt and could"
            f" not be put back: {_told(exc)}",
            kept=kept,
        ) from cause


def _told(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__


@contextmanager
def status_kept(nor: NorFlash) -> Iterator[None]:
    """Put the chip's status registers back at the end, if the ROM has changed them."""
    before = _persist(nor, lambda: _status(nor))
    try:
        yield
    except BaseException:
        with suppress(EspromError):  # the first failure is the one to hear about
            _put_back(nor, before)
        raise
    _put_back(nor, before)


def _put_back(nor: NorFlash, before: int) -> None:
    """Write what differs. Never a lock: what was read may be wrong, and it would be wrong for good."""
    for _ in range(PUT_BACK_ATTEMPTS):
        now = _persist(nor, lambda: _status(nor))
        wanted = before & ~(before & ~now & nor.form.locks)
        if now == wanted:
            break
        log.info("the ROM has changed the flash status from %#x to %#x; putting it back", before, now)
        _persist(nor, partial(nor.write_status, wanted, nor.form.significant, volatile=False))
    now = _persist(nor, lambda: _status(nor))
    if now != before:
        log.warning(
            "the flash status was 0x%x and is 0x%x now; bits that lock the chip are not put back by"
            " themselves, write-flash-status does it",
            before,
            now,
        )


def _status(nor: NorFlash) -> int:
    return nor.read_status(nor.form.significant) & ~(WIP | WEL)


def _persist(nor: NorFlash, job: Callable[[], T], busy_s: float = BLOCK_ERASE.limit_s) -> T:
    """Do what may be done twice, again after trouble on the line, a bounded number of times.

    `busy_s`: for how long the chip may be at it when nobody heard of its beginning.
    """
    failures = 0
    while True:
        try:
            if failures:
                nor.attach_again(busy_s)
            return job()
        except StillBusy:
            raise
        except LINE_TROUBLE as exc:
            failures += 1
            if failures > RETRIES:
                if nor.stub is None or not nor.stub.slow_down():
                    raise
                failures = 1
            log.info("trying again: %s", exc)


def _repeats(nor: NorFlash, size: int) -> bool:
    """Tell whether samples are the same `size` bytes further on. Blank ones tell nothing."""
    blank = True
    for at in range(0, size, size // SAMPLES):
        pieces = [range(start, start + BUFFER) for start in (at, at + size)]
        here, there = _persist(nor, partial(_read_all, nor, pieces))
        if here != there:
            return False
        blank = blank and here == BLANK_SECTOR[:BUFFER]
    return not blank


def _read_all(nor: NorFlash, pieces: Sequence[range]) -> list[bytes]:
    return list(nor.read(pieces))


def _check_protection(nor: NorFlash, unprotect: bool) -> None:
    """Raise FlashProtected, or lift the protection."""
    nor.attach()
    registers, form = nor.form.significant, nor.form
    status = _persist(nor, lambda: _status(nor))
    if not _protected(nor, status):
        return
    if not unprotect:
        raise FlashProtected(
            f"the flash chip's block protection is on (status 0x{status:0{2 * registers}x}), nothing was"
            " touched; --unprotect lifts it",
            status=status,
        )
    lifted = status & ~(form.protect | form.complement)
    _persist(nor, lambda: nor.write_status(lifted, registers, volatile=False))
    left = _persist(nor, lambda: _status(nor))
    if _protected(nor, left):
        raise FlashProtected(
            f"the flash chip's block protection cannot be lifted (status 0x{left:x}): its WP pin is low"
            " or the register is locked",
            status=left,
        )


def _protected(nor: NorFlash, status: int) -> bool:
    form = nor.form
    if status & form.complement and status >> 8 != NOT_DRIVEN:
        return status & form.protect != form.protect
    return bool(status & form.protect)


def _partly_covered(offset: int, size: int) -> list[int]:
    """Return the sectors of which the range covers a part."""
    return sorted({round_down(border, SECTOR) for border in (offset, offset + size) if border % SECTOR})


def _sector(nor: NorFlash, start: int, watch: Watch) -> bytes:
    return proving.read_proved(nor, start, SECTOR, watch).data


def _filled_up(offset: int, data: bytes, edges: Sequence[Edge]) -> Part:
    """Return `data` with what `edges`, the sectors that it covers in part, have around it."""
    held = {edge.before.offset: edge.before.data for edge in edges}
    first, last = round_down(offset, SECTOR), round_down(offset + len(data), SECTOR)
    head = held.get(first, b"")[: offset - first]
    tail = held.get(last, b"")[offset + len(data) - last :]
    return Part(first, head + data + tail)


def _replace_part(nor: NorFlash, flash: FlashInfo, part: Part, stage: Stage) -> None:
    """Erase and program by blocks of 64 KiB: what is not reached when it fails is as it was."""
    if nor.stub is not None:
        streamed.replace(nor.stub, part.offset, part.data, stage)
        return
    for start in range(round_down(part.offset, BLOCK), part.end, BLOCK):
        block = part.cut(max(start, part.offset), min(start + BLOCK, part.end))
        _erase_exactly(nor, block.offset, len(block.data), stage=None)
        sectors = range(block.offset, block.end, SECTOR)
        for blank, run in groupby(sectors, lambda at: part.cut(at, at + SECTOR).data == BLANK_SECTOR):
            starts = list(run)
            data = part.cut(starts[0], starts[-1] + SECTOR)
            if blank:
                stage.advance(len(data.data))
            else:
                _program(nor, flash, data, stage)


def _program(nor: NorFlash, flash: FlashInfo, part: Part, stage: Stage) -> None:
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
                _erase_exactly(nor, part.offset + done, in_doubt, stage=None)
                in_doubt = 0
            nor.give_back()
            if flash.size > ROM_FLASH_SIZE:
                nor.rom.spi_set_params(_as_rom_has_it(nor.jedec_id), flash.size)
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


def _erase_exactly(nor: NorFlash, offset: int, size: int, stage: Stage | None) -> None:
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
                status=_persist(nor, lambda: _status(nor)),
            )
        else:
            log.info("the flash chip does not erase 0x%x bytes at once", unit.size)
            units.remove(unit)


def _erase_unit(nor: NorFlash, unit: EraseUnit, address: int) -> bool:
    return _persist(nor, lambda: nor.erase(unit, address), unit.limit_s)


def _check_blank(nor: NorFlash, offset: int, size: int, watch: Watch) -> None:
    """Read it all; of more than the ROM's loader reads in a while, the beginning of every sector."""
    if nor.stub is not None or size <= READ_BACK:
        try:
            operations.verify(nor, offset, b"\xff" * size, watch)
        except VerifyFailed as exc:
            raise VerifyFailed(f"not blank after it was erased: {exc}", address=exc.address) from exc
        return
    log.warning(
        "by the ROM's loader only the beginning of each sector is read back after so large an erase;"
        " --loader stub looks at all of it"
    )
    stage = watch.stage("verify", size)
    pieces = [range(start, start + BUFFER) for start in range(offset, offset + size, SECTOR)]
    doubtful = []
    for piece, found in zip(pieces, nor.read(pieces), strict=True):
        if found != BLANK_SECTOR[:BUFFER]:
            doubtful.append(piece.start)
        stage.advance(SECTOR)
    quiet = replace(watch, progress=None, cancel=None)
    for start in doubtful:
        if proving.read_proved(nor, start, BUFFER, quiet).data != BLANK_SECTOR[:BUFFER]:
            raise VerifyFailed(f"the sector at 0x{start:x} is not blank after it was erased", address=start)

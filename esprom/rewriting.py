# SPDX-License-Identifier: Apache-2.0
"""A user's jobs that change the flash: erase and write, exactly what is asked and nothing beside it.

What shares a sector with what is written is kept, and put back if the writing ends before its time. How
sectors are erased and programmed is in `replacing`, the chip's status registers in `protection`.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from esprom import operations, proving, replacing
from esprom.errors import EdgeLost, Refused, VerifyFailed
from esprom.flash.geometry import BLANK_SECTOR, SECTOR, round_down, round_up
from esprom.image import Segment
from esprom.loader.nor import CHIP_ERASE, NorFlash
from esprom.loader.spi import BUFFER
from esprom.operations import FlashInfo, check_range
from esprom.persisting import persist
from esprom.progress import Watch
from esprom.protection import check_protection, status_kept
from esprom.replacing import cut
from esprom.sizes import SMALLEST_FLASH, size_name

READ_BACK = (
    0x10000  # bytes that the ROM's loader reads in some 8 s at 115200 baud; of more, samples are looked at
)
SAMPLES = 16  # of a flash, to see whether it repeats itself

log = logging.getLogger("esprom.operations")


@dataclass(frozen=True, slots=True)
class Edge:
    """A sector of which a part is to be written; what else is in it must outlive that."""

    before: Segment
    written: range  # addresses, beyond the sector too

    @property
    def kept(self) -> dict[int, bytes]:
        """What lies before and after the part that is written, by address."""
        first, end = self.before.address, self.before.end
        around = (cut(self.before, first, self.written.start), cut(self.before, self.written.stop, end))
        return {part.address: part.data for part in around if part.data}


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
    check_protection(nor, unprotect=unprotect)
    stage = watch.stage("erase", size)
    if size == flash.size and persist(nor, lambda: nor.erase(CHIP_ERASE, 0), CHIP_ERASE.limit_s):
        stage.advance(size)
    else:
        replacing.erase(nor, offset, size, stage)
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
    check_protection(nor, unprotect=unprotect)
    quiet = replace(watch, progress=None, cancel=None)
    written = range(offset, offset + len(data))
    edges = [
        Edge(Segment(start, _sector(nor, start, quiet)), written)
        for start in _partly_covered(offset, len(data))
    ]
    whole = _filled_up(offset, data, edges)
    first, end = round_up(offset, SECTOR), round_down(offset + len(data), SECTOR)
    between = first < end
    shown = quiet if between else replace(watch, cancel=None)
    with status_kept(nor):
        for edge in edges:  # not to be stopped half-way: they hold what is not the caller's
            after = cut(whole, edge.before.address, edge.before.end)
            if after != edge.before:
                with _rescued(nor, flash, edge, quiet):
                    replacing.replace(nor, flash, after, shown.stage("write", len(after.data)))
                    operations.verify(nor, after.address, after.data, shown)
        if not between:
            return
        replacing.replace(nor, flash, cut(whole, first, end), watch.stage("write", end - first))
    try:
        operations.verify(nor, whole.address, whole.data, watch)
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
    check_protection(nor, unprotect=unprotect)
    stage = watch.stage("write", len(sectors) * SECTOR)
    with status_kept(nor):
        for part in _joined(sectors):
            replacing.replace(nor, flash, part, stage)


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


def _joined(sectors: Mapping[int, bytes]) -> Iterator[Segment]:
    """Yield sectors that follow one another as one part, in the order that they have."""
    run: list[bytes] = []
    first = 0
    for address, data in sectors.items():
        if run and address != first + len(run) * SECTOR:
            yield Segment(first, b"".join(run))
            run = []
        first = first if run else address
        run.append(data)
    yield Segment(first, b"".join(run))


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
    log.warning("putting the sector at 0x%x back as it was: %s", before.address, _told(cause))
    try:
        persist(nor, nor.attach_again)
        with status_kept(nor):
            if _sector(nor, before.address, quiet) != before.data:
                replacing.replace(nor, flash, before, quiet.stage("write", len(before.data)))
                operations.verify(nor, before.address, before.data, quiet)
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


def _repeats(nor: NorFlash, size: int) -> bool:
    """Tell whether samples are the same `size` bytes further on. Blank ones tell nothing."""
    blank = True
    for at in range(0, size, size // SAMPLES):
        pieces = [range(start, start + BUFFER) for start in (at, at + size)]
        here, there = persist(nor, partial(_read_all, nor, pieces))
        if here != there:
            return False
        blank = blank and here == BLANK_SECTOR[:BUFFER]
    return not blank


def _read_all(nor: NorFlash, pieces: Sequence[range]) -> list[bytes]:
    return list(nor.read(pieces))


def _partly_covered(offset: int, size: int) -> list[int]:
    """Return the sectors of which the range covers a part."""
    return sorted({round_down(border, SECTOR) for border in (offset, offset + size) if border % SECTOR})


def _sector(nor: NorFlash, start: int, watch: Watch) -> bytes:
    return proving.read_proved(nor, start, SECTOR, watch).data


def _filled_up(offset: int, data: bytes, edges: Sequence[Edge]) -> Segment:
    """Return `data` with what `edges`, the sectors that it covers in part, have around it."""
    held = {edge.before.address: edge.before.data for edge in edges}
    first, last = round_down(offset, SECTOR), round_down(offset + len(data), SECTOR)
    head = held.get(first, b"")[: offset - first]
    tail = held.get(last, b"")[offset + len(data) - last :]
    return Segment(first, head + data + tail)


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

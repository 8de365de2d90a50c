# SPDX-License-Identifier: Apache-2.0
"""A user's jobs that change the flash: erase and write, exactly what is asked and nothing beside it.

What shares a sector with what is written is kept, and put back if the writing ends before its time. How
sectors are erased and programmed is in `replacing`, the chip's status registers in `protection`.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    written: tuple[Segment, ...]  # that lie in it, in order and apart; they may reach beyond it

    @property
    def after(self) -> Segment:
        """What the sector is to hold."""
        first, end = self.before.address, self.before.end
        data = bytearray(self.before.data)
        for piece in self.written:
            inside = cut(piece, first, end)
            data[inside.address - first : inside.end - first] = inside.data
        return Segment(first, bytes(data))

    @property
    def kept(self) -> dict[int, bytes]:
        """What lies before, between and after the parts that are written, by address."""
        borders = [border for piece in self.written for border in (piece.address, piece.end)]
        starts, ends = (self.before.address, *borders[1::2]), (*borders[::2], self.before.end)
        around = [cut(self.before, first, end) for first, end in zip(starts, ends, strict=True)]
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
    nor: NorFlash, flash: FlashInfo, pieces: Iterable[Segment], *, unprotect: bool, watch: Watch
) -> frozenset[int]:
    """Write pieces that have been checked; keep what else is in their sectors; read everything back.

    A sector that several pieces share is read once, erased once, and written once.

    Returns:
        The addresses of the sectors that were rewritten: not those that were seen to hold it already.

    Raises:
        EdgeLost: what else is there could not be kept, and is not in the flash any more.
    """
    whole = _in_order(piece for piece in pieces if piece.data)
    if not whole:
        return frozenset()
    check_size(nor, flash, whole[-1].end)
    check_protection(nor, unprotect=unprotect)
    quiet = replace(watch, progress=None, cancel=None)
    between = [
        sectors
        for piece in whole
        if (sectors := cut(piece, round_up(piece.address, SECTOR), round_down(piece.end, SECTOR))).data
    ]
    shown = quiet if between else replace(watch, cancel=None)
    edges = []
    rewritten: set[int] = set()
    with status_kept(nor):
        for start, inside in _partly_covered(whole).items():
            _stop_if_asked(watch)
            edge = Edge(Segment(start, _sector(nor, start, quiet)), tuple(inside))
            edges.append(edge)
            if edge.after != edge.before:
                rewritten |= _replace_edge(nor, flash, edge, shown, quiet)
        if not between:
            return frozenset(rewritten)
        stage = watch.stage("write", sum(len(sectors.data) for sectors in between))
        for sectors in between:
            rewritten |= replacing.replace(nor, flash, sectors, stage)
    try:
        for sectors in _in_order((*between, *(edge.after for edge in edges))):
            operations.verify(nor, sectors.address, sectors.data, watch)
    except VerifyFailed as exc:
        for edge in edges:
            if any(at <= exc.address < at + len(held) for at, held in edge.kept.items()):
                _put_edge_back(nor, flash, edge, quiet, exc)
        raise
    return frozenset(rewritten)


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
        for part in _joined(Segment(address, data) for address, data in sectors.items()):
            replacing.replace(nor, flash, part, stage)


def check_size(nor: NorFlash, flash: FlashInfo, end: int) -> None:
    """Raise Refused if the flash seems to end before `end`, where only its id, or only SFDP, tells its size.

    A chip does not see address bits that it has no cells for (FLASH-2): what is written behind its end
    overwrites what lies at its beginning, and reads back as it should.
    """
    if flash.size_source not in {"jedec", "sfdp"}:
        return
    size = max(SMALLEST_FLASH, nor.seen_size)
    while size < min(end, flash.size):
        repeats = _repeats(nor, size)
        if repeats:
            raise Refused(
                f"the flash seems to have {size_name(size)}, not the {size_name(flash.size)} that it claims:"
                f" it holds the same again from 0x{size:x} on; nothing was touched; --chip-size"
                f" {size_name(size)} if that is so, --chip-size {size_name(flash.size)} if it is not"
            )
        size *= 2
        if repeats is False:
            nor.seen_size = size


def _in_order(pieces: Iterable[Segment]) -> list[Segment]:
    """Return pieces by their addresses, as one where they touch."""
    return list(_joined(sorted(pieces, key=lambda piece: piece.address)))


def _joined(pieces: Iterable[Segment]) -> Iterator[Segment]:
    """Yield pieces that follow one another as one, in the order that they have."""
    run: list[Segment] = []
    for piece in pieces:
        if run and piece.address != run[-1].end:
            yield Segment(run[0].address, b"".join(each.data for each in run))
            run = []
        run.append(piece)
    if run:
        yield Segment(run[0].address, b"".join(each.data for each in run))


def _stop_if_asked(watch: Watch) -> None:
    """Raise Cancelled if the caller wants to stop: here no sector is in doubt."""
    replace(watch, progress=None).stage("write", SECTOR)


def _replace_edge(nor: NorFlash, flash: FlashInfo, edge: Edge, shown: Watch, quiet: Watch) -> set[int]:
    """Write the edge, and verify it; not to be stopped half-way: it holds what is not the caller's."""
    after = edge.after
    with _rescued(nor, flash, edge, quiet):
        rewritten = replacing.replace(nor, flash, after, shown.stage("write", len(after.data)))
        operations.verify(nor, after.address, after.data, shown)
    return rewritten


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


def _repeats(nor: NorFlash, size: int) -> bool | None:
    """Tell whether samples are the same `size` bytes further on. None: all are blank, and tell nothing."""
    blank = True
    for at in range(0, size, size // SAMPLES):
        pieces = [range(start, start + BUFFER) for start in (at, at + size)]
        here, there = persist(nor, partial(_read_all, nor, pieces))
        if here != there:
            return False
        blank = blank and here == BLANK_SECTOR[:BUFFER]
    return None if blank else True


def _read_all(nor: NorFlash, pieces: Sequence[range]) -> list[bytes]:
    return list(nor.read(pieces))


def _partly_covered(pieces: Iterable[Segment]) -> dict[int, list[Segment]]:
    """Return the sectors that pieces, in order and apart, cover in part, each with the pieces in it."""
    found: dict[int, list[Segment]] = {}
    for piece in pieces:
        borders = (piece.address, piece.end)
        for start in sorted({round_down(border, SECTOR) for border in borders if border % SECTOR}):
            found.setdefault(start, []).append(piece)
    return found


def _sector(nor: NorFlash, start: int, watch: Watch) -> bytes:
    return proving.read_proved(nor, start, SECTOR, watch).data


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

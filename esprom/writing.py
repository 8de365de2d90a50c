# SPDX-License-Identifier: Apache-2.0
"""Several pieces into the flash: all are looked at before anything is touched, and all are verified.

What the flash holds already is left alone: our stub finds out by itself, sector by sector; by the ROM's
loader a piece is compared first if that is asked for, or the caller says what the flash is believed to hold.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from esprom.connected import WritableBoard
from esprom.errors import Refused, VerifyFailed
from esprom.flash.geometry import SECTOR, round_down
from esprom.image import Segment
from esprom.image.segments import overlapping
from esprom.operations import FlashInfo, check_range
from esprom.progress import Watch

log = logging.getLogger("esprom.writing")


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A piece that the flash holds now, verified.

    Attributes:
        offset: where it begins.
        size: its length in bytes.
        present: the flash was seen to hold it before, and nothing was written for it. Our stub looks at all
            of it; the ROM's loader where it is asked to, and at sectors that are filled in part.
        elapsed_s: how long it took, by the board's clock; of what shares sectors with others, and is
            written together with them, its share by size.
    """

    offset: int
    size: int
    present: bool
    elapsed_s: float


def check_parts(parts: Sequence[Segment], flash: FlashInfo) -> None:
    """Raise Refused if two pieces overlap, or one reaches past the end of the flash.

    A negative address is the caller's mistake: ValueError. An empty piece overlaps nothing.
    """
    if pair := overlapping(parts):
        first, second = pair
        raise Refused(f"what is for 0x{first.address:x} reaches into what is for 0x{second.address:x}")
    for part in sorted(parts, key=lambda part: part.address):
        check_range(flash, part.address, len(part.data))


def write_parts(
    board: WritableBoard,
    parts: Sequence[Segment],
    watch: Watch,
    *,
    erase_all: bool = False,
    skip_present: bool = False,
    believed: Mapping[int, bytes] | None = None,
    unprotect: bool = False,
) -> tuple[WrittenPart, ...]:
    """Write pieces by their addresses; `Device.write_parts` has the contract."""
    check_parts(parts, board.flash())
    board.check_size(max((part.end for part in parts), default=0))
    if erase_all:  # then nothing is there, and nothing to be believed
        board.erase_flash(unprotect=unprotect, progress=watch.progress, cancel=watch.cancel)
        skip_present, believed = False, None
    if board.loader != "rom":  # our stub finds out for itself
        believed = None
    writing = _Writing(board, watch, skip_present, believed or {}, unprotect)
    return tuple(done for together in sharing_sectors(parts) for done in writing.bring(together))


def sharing_sectors(parts: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield pieces by their addresses, in one list those that can only be written together."""
    together: list[Segment] = []
    end = 0
    for part in sorted(parts, key=lambda part: part.address):
        if together and round_down(part.address, SECTOR) >= end:
            yield together
            together = []
        together.append(part)
        end = max(end, part.end)
    if together:
        yield together


@dataclass(frozen=True, slots=True)
class _Writing:
    """How pieces are written."""

    board: WritableBoard
    watch: Watch
    skip_present: bool
    believed: Mapping[int, bytes]
    unprotect: bool

    def bring(self, together: Sequence[Segment]) -> Iterator[WrittenPart]:
        """Write what is not there of pieces that share sectors; then yield what became of each."""
        began = self.watch.clock.now()
        missing = [part for part in together if not (self.skip_present and self._is_there(part))]
        rewritten = self._write(piece for part in missing for piece in self._doubtful(part))
        wrong = [part for part in missing if part.address in self.believed and not self._is_there(part)]
        for part in wrong:
            log.warning(
                "the flash did not hold what it was believed to hold at 0x%x; all is written", part.address
            )
        rewritten |= self._write(wrong)
        elapsed_s, size = self.watch.clock.now() - began, sum(len(part.data) for part in together)
        for part in together:
            sectors = range(round_down(part.address, SECTOR), part.end, SECTOR)
            present = part not in missing or rewritten.isdisjoint(sectors)
            share = len(part.data) / max(size, 1)
            yield WrittenPart(part.address, len(part.data), present, elapsed_s * share)

    def _is_there(self, part: Segment) -> bool:
        with suppress(VerifyFailed):
            self.board.verify_flash(
                part.address, part.data, progress=self.watch.progress, cancel=self.watch.cancel
            )
            return True
        return False

    def _doubtful(self, part: Segment) -> Iterable[Segment]:
        """Return what differs from what is believed to be there; all of it, where nothing is."""
        held = self.believed.get(part.address)
        return [part] if held is None else differing(part, held)

    def _write(self, pieces: Iterable[Segment]) -> frozenset[int]:
        """Write pieces; return the sectors that were rewritten."""
        found = frozenset[int]()
        for together in sharing_sectors(list(pieces)):
            found |= self.board.write_pieces(
                together, unprotect=self.unprotect, progress=self.watch.progress, cancel=self.watch.cancel
            )
        return found


def differing(part: Segment, held: bytes) -> Iterator[Segment]:
    """Yield what of a piece lies in sectors that `held` something else, in as few pieces as possible."""
    begin = None
    address = part.address
    while address < part.end:
        border = min(round_down(address, SECTOR) + SECTOR, part.end)
        first, last = address - part.address, border - part.address
        if part.data[first:last] != held[first:last]:
            begin = first if begin is None else begin
        elif begin is not None:
            yield Segment(part.address + begin, part.data[begin:first])
            begin = None
        address = border
    if begin is not None:
        yield Segment(part.address + begin, part.data[begin:])

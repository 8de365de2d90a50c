# SPDX-License-Identifier: Apache-2.0
"""Several pieces into the flash: all are looked at before anything is touched, and all are verified.

What the flash holds already is left alone: our stub finds out by itself, sector by sector; by the ROM's
loader a piece is compared first if that is asked for, or the caller says what the flash is believed to hold.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from esprom.connected import ConnectedBoard
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
        present: the flash held it before; nothing was written.
        elapsed_s: how long it took, by the board's clock.
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
    board: ConnectedBoard,
    parts: Sequence[Segment],
    watch: Watch,
    *,
    skip_present: bool = False,
    believed: Mapping[int, bytes] | None = None,
    unprotect: bool = False,
) -> tuple[WrittenPart, ...]:
    """Write pieces that have been checked, by their addresses; `Device.write_parts` has the contract."""
    done = []
    for part in sorted(parts, key=lambda part: part.address):
        began = watch.clock.now()
        present = skip_present and _is_there(board, part, watch)
        if not present:
            held = (believed or {}).get(part.address)
            present = _bring(board, part, held, watch, unprotect=unprotect)
        done.append(WrittenPart(part.address, len(part.data), present, watch.clock.now() - began))
    return tuple(done)


def _write(board: ConnectedBoard, part: Segment, watch: Watch, *, unprotect: bool) -> None:
    board.write_flash(
        part.address, part.data, unprotect=unprotect, progress=watch.progress, cancel=watch.cancel
    )


def _is_there(board: ConnectedBoard, part: Segment, watch: Watch) -> bool:
    with suppress(VerifyFailed):
        board.verify_flash(part.address, part.data, progress=watch.progress, cancel=watch.cancel)
        return True
    return False


def _bring(
    board: ConnectedBoard, part: Segment, held: bytes | None, watch: Watch, *, unprotect: bool
) -> bool:
    """Write what differs from what is believed to be there; all of it, where that was not so, or is not told.

    Return whether nothing had to be written.
    """
    if held is None or board.loader != "rom":  # our stub finds out for itself
        _write(board, part, watch, unprotect=unprotect)
        return False
    pieces = list(differing(part, held))
    for piece in pieces:
        _write(board, piece, watch, unprotect=unprotect)
    if _is_there(board, part, watch):
        return not pieces
    log.warning("the flash did not hold what it was believed to hold at 0x%x; all is written", part.address)
    _write(board, part, watch, unprotect=unprotect)
    return False


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

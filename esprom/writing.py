# SPDX-License-Identifier: Apache-2.0
"""Several pieces into the flash: all are looked at before anything is touched, and all are verified.

What the flash holds already is left alone: our stub finds out by itself, sector by sector; by the ROM's
loader a piece is compared first if that is asked for, or the caller says what the flash is believed to hold.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from esprom.errors import Refused, VerifyFailed
from esprom.flash.geometry import SECTOR, round_down
from esprom.image import Segment
from esprom.operations import FlashInfo, check_range
from esprom.progress import CancelCallback, ProgressCallback

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


class Writable(Protocol):
    """What is needed of an `esprom.Device`."""

    @property
    def loader(self) -> str:
        """Who does the work."""

    def flash(self) -> FlashInfo:
        """Return which flash chip it has."""

    def erase_flash(
        self,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Erase the whole flash."""

    def write_flash(
        self,
        offset: int,
        data: bytes,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Write, and verify."""

    def verify_flash(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Compare. Raises VerifyFailed."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The callbacks of a job."""

    progress: ProgressCallback | None = None
    cancel: CancelCallback | None = None


def check_parts(parts: Sequence[Segment], flash: FlashInfo) -> None:
    """Raise Refused if two pieces overlap, or one reaches past the end of the flash."""
    ordered = sorted(parts, key=lambda part: part.address)
    for first, second in pairwise(ordered):
        if second.address < end(first):
            raise Refused(f"what is for 0x{first.address:x} reaches into what is for 0x{second.address:x}")
    for part in ordered:
        check_range(flash, part.address, len(part.data))


def end(part: Segment) -> int:
    """Return the address after the last byte."""
    return part.address + len(part.data)


def write_parts(
    board: Writable,
    parts: Sequence[Segment],
    now: Callable[[], float],
    *,
    erase_all: bool = False,
    skip_present: bool = False,
    believed: Mapping[int, bytes] | None = None,
    unprotect: bool = False,
    calls: Calls | None = None,
) -> tuple[WrittenPart, ...]:
    """Write pieces that have been checked, by their addresses; `Device.write_parts` has the contract."""
    calls = calls or Calls()
    if erase_all:
        board.erase_flash(unprotect=unprotect, progress=calls.progress, cancel=calls.cancel)
        skip_present, believed = False, None
    done = []
    for part in sorted(parts, key=lambda part: part.address):
        began = now()
        present = skip_present and _is_there(board, part, calls)
        if not present:
            held = (believed or {}).get(part.address)
            if held is None or board.loader != "rom":  # our stub finds out for itself
                board.write_flash(
                    part.address,
                    part.data,
                    unprotect=unprotect,
                    progress=calls.progress,
                    cancel=calls.cancel,
                )
            else:
                present = _write_differences(board, part, held, unprotect=unprotect, calls=calls)
        done.append(WrittenPart(part.address, len(part.data), present, now() - began))
    return tuple(done)


def _is_there(board: Writable, part: Segment, calls: Calls) -> bool:
    with suppress(VerifyFailed):
        board.verify_flash(part.address, part.data, progress=calls.progress, cancel=calls.cancel)
        return True
    return False


def _write_differences(board: Writable, part: Segment, held: bytes, *, unprotect: bool, calls: Calls) -> bool:
    """Write what differs from what is believed to be there; all of it, where that was not so.

    Return whether nothing had to be written.
    """
    pieces = list(differing(part, held))
    for piece in pieces:
        board.write_flash(
            piece.address, piece.data, unprotect=unprotect, progress=calls.progress, cancel=calls.cancel
        )
    if _is_there(board, part, calls):
        return not pieces
    log.warning("the flash did not hold what it was believed to hold at 0x%x; all is written", part.address)
    board.write_flash(
        part.address, part.data, unprotect=unprotect, progress=calls.progress, cancel=calls.cancel
    )
    return False


def differing(part: Segment, held: bytes) -> Iterator[Segment]:
    """Yield what of a piece lies in sectors that `held` something else, in as few pieces as possible."""
    begin = None
    address = part.address
    while address < end(part):
        border = min(round_down(address, SECTOR) + SECTOR, end(part))
        first, last = address - part.address, border - part.address
        if part.data[first:last] != held[first:last]:
            begin = first if begin is None else begin
        elif begin is not None:
            yield Segment(part.address + begin, part.data[begin:first])
            begin = None
        address = border
    if begin is not None:
        yield Segment(part.address + begin, part.data[begin:])

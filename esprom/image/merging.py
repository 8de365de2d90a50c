# SPDX-License-Identifier: Apache-2.0
"""Several files for the flash as one: raw, Intel HEX, or UF2 (IMAGE-21)."""

from collections.abc import Sequence

from esprom.errors import FileError, ImageError
from esprom.flash.header_words import RTOS_SIZES, size_in_bytes
from esprom.image.hexfile import build_hex, is_hex, parse_hex
from esprom.image.layout import END_OF_ADDRESSES, Segment
from esprom.image.segments import overlapping
from esprom.image.uf2 import build_uf2

ERASED = b"\xff"
LARGEST_FLASH = max(size_in_bytes(word) or 0 for word in RTOS_SIZES)  # that a header has a number for


def file_pieces(offset: int, data: bytes) -> tuple[Segment, ...]:
    """Return what a file puts into the flash: Intel HEX goes by its own addresses, all else to `offset`.

    Raises ImageError where there is nothing, or the HEX is damaged behind its first line: as bytes for the
    flash its text is of no use to anybody.
    """
    if not data:
        raise FileError("the file is empty: there is nothing to put into the flash")
    return parse_hex(data) if is_hex(data) else (Segment(offset, data),)


def merge_raw(pieces: Sequence[Segment], *, begin: int = 0, end: int | None = None) -> bytes:
    """Return the flash from `begin` on, 0xFF where no piece is; up to `end`, or else as far as they reach.

    Raises:
        ImageError: pieces overlap, do not lie between `begin` and `end`, or reach past the largest flash.
    """
    ordered = _ordered(pieces, LARGEST_FLASH)
    last = ordered[-1].end
    if ordered[0].address < begin:
        raise ImageError(f"0x{ordered[0].address:x} is before 0x{begin:x}, where the file is to begin")
    if end is not None and last > end:
        raise ImageError(f"what is to be merged ends at 0x{last:x}, behind 0x{end:x}, where the flash ends")
    made = bytearray(ERASED * ((last if end is None else end) - begin))
    for piece in ordered:
        made[piece.address - begin : piece.end - begin] = piece.data
    return bytes(made)


def merge_hex(pieces: Sequence[Segment]) -> bytes:
    """Return the pieces as Intel HEX. Raises ImageError where they overlap, or 32 bits do not reach them."""
    return build_hex(_ordered(pieces))


def merge_uf2(pieces: Sequence[Segment], *, chunk: int | None = None, md5: bool = True) -> bytes:
    """Return the pieces as UF2, the blocks of each counted for themselves.

    Raises:
        ImageError: pieces overlap, or lie behind 32-bit addresses.
        ValueError: as `build_uf2`.
    """
    return b"".join(build_uf2(piece, chunk=chunk, md5=md5) for piece in _ordered(pieces))


def _ordered(pieces: Sequence[Segment], limit: int = END_OF_ADDRESSES) -> list[Segment]:
    """Return what is not empty, by address. Raises ImageError unless it lies apart, and up to `limit`."""
    ordered = sorted((piece for piece in pieces if piece.data), key=lambda piece: piece.address)
    if not ordered:
        raise ImageError("there is nothing to merge")
    if pair := overlapping(ordered):
        first, second = pair
        raise ImageError(
            f"two files overlap: what is for 0x{first.address:x} ends at 0x{first.end:x}, and other data"
            f" begin at 0x{second.address:x}"
        )
    for piece in ordered:
        if piece.address < 0 or piece.end > limit:
            raise ImageError(
                f"what is for {piece.address:#x} ends at {piece.end:#x}, and such a file reaches from 0 to"
                f" {limit:#x}: give its offset in the flash"
            )
    return ordered

# SPDX-License-Identifier: Apache-2.0
"""Images made of programs, in the three forms, to the byte as esptool makes them (IMAGE-17 to IMAGE-19).

What cannot work is refused, where esptool writes a file that no chip starts.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from esprom.errors import ImageError
from esprom.flash.header_words import HEADER_FREQUENCIES, HEADER_MODES, HEADER_SIZES, RTOS_SIZES
from esprom.image.elf import WORD, Program, check_places, whole_words
from esprom.image.header import number_of
from esprom.image.layout import (
    IMAGE_DIGEST,
    ImageDigest,
    ImageHeader,
    Segment,
    build_image,
    build_image_v2,
)
from esprom.image.segments import MAPPED, MEMORIES, MOST_SEGMENTS, memory_of

FORMS = (1, 2, 3)
ROM = range(0x40000000, 0x40010000)  # it has code that an image may begin with
PAGE = 0x10000  # bytes of the flash that the RTOS SDK's boot loader maps at once
# Sections that meet at these addresses are not joined: in versions 1 and 2, and in form 3.
BOUNDARIES = (0x3FFE8000, 0x40000000, 0x40100000, 0x40108000, 0x40201010, 0x402E1010)
RTOS_BOUNDARIES = (0x3FFFFFFC, 0x40000000)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file that was made.

    Attributes:
        offset: where in the flash it belongs; None where nothing in the program tells.
        data: what it holds.
    """

    offset: int | None
    data: bytes


def program_images(
    program: Program, form: int, *, size: str = "1MB", mode: str = "qio", frequency: str = "40m"
) -> tuple[ImageFile, ...]:
    """Return the image of a program; in version 1 also, second, what stays in the flash, if there is such.

    Args:
        program: of `parse_elf`.
        form: 1, 2, or 3 for the RTOS SDK's, whose header has numbers of its own for the sizes.
        size: a word of `HEADER_SIZES`, for form 3 of `RTOS_SIZES`.
        mode: a word of `HEADER_MODES`.
        frequency: a word of `HEADER_FREQUENCIES`.

    Raises:
        ValueError: another form, or a word that it has no number for.
        ImageError: the program cannot be an image of this form.
    """
    if form not in FORMS:
        raise ValueError(f"form {form} of images is none of: {', '.join(map(str, FORMS))}")
    settings = number_of(RTOS_SIZES if form == 3 else HEADER_SIZES, size, "flash size") << 4
    settings |= number_of(HEADER_FREQUENCIES, frequency, "flash frequency")
    header = ImageHeader(0, number_of(HEADER_MODES, mode, "flash mode"), settings, program.entry)
    return (_version_1, _version_2, _rtos)[form - 1](header, program.segments)


def make_image(segments: Sequence[Segment], entry: int = 0) -> tuple[ImageFile, ...]:
    """Return the image of version 1 of pieces of memory, and what stays in the flash.

    The settings of the flash are zeroes: qio, 40m, 512KB. An `entry` of 0 is none: no chip starts the image,
    but it is one that others may give an entry.

    Raises ImageError where no chip starts it for another reason.
    """
    header = ImageHeader(0, 0, 0, entry)
    check_places(segments)
    pieces = [whole_words(segment) for segment in segments]
    _check_loaded([piece for piece in pieces if piece.address not in MAPPED], entry)
    return _files_of_version_1(header, pieces)


def _check_loaded(pieces: Sequence[Segment], entry: int) -> None:
    """Raise ImageError unless the boot ROM can copy the pieces, word by word, and find code at the entry."""
    for piece in pieces:
        if piece.address % WORD:
            raise ImageError(
                f"the part for 0x{piece.address:x} does not begin at a whole word: the boot ROM writes words,"
                f" and crashes there; give an address that is a multiple of {WORD}"
            )
        if not any(part.start <= piece.address and piece.end <= part.stop for part, _ in MEMORIES):
            parts = ", ".join(f"0x{part.start:x} to 0x{part.stop - 1:x} ({name})" for part, name in MEMORIES)
            raise ImageError(
                f"the part for 0x{piece.address:x}, which ends at 0x{piece.end:x}, does not lie in memory:"
                f" that is {parts}"
            )
    code = [range(piece.address, piece.end) for piece in pieces if memory_of(piece.address) == "IRAM"]
    if entry and not any(entry in part for part in (*code, ROM)):
        raise ImageError(f"there is no code at the entry, 0x{entry:x}: it has to lie in a part for IRAM")


def joined(segments: Iterable[Segment], boundaries: Sequence[int] = ()) -> list[Segment]:
    """Return the segments, those as one that follow each other in order and in memory without a gap.

    Those are not that have one of the `boundaries` between them.
    """
    found: list[Segment] = []
    for segment in segments:
        last = found[-1] if found else None
        if last and _follows(last, segment, boundaries):
            found[-1] = Segment(last.address, last.data + segment.data)
        else:
            found.append(segment)
    return found


def _follows(first: Segment, second: Segment, boundaries: Sequence[int]) -> bool:
    parted = any(first.address < boundary <= second.address for boundary in boundaries)
    return first.end == second.address and not parted


def _version_1(header: ImageHeader, segments: Sequence[Segment]) -> tuple[ImageFile, ...]:
    return _files_of_version_1(header, joined(segments, BOUNDARIES))


def _files_of_version_1(header: ImageHeader, segments: Sequence[Segment]) -> tuple[ImageFile, ...]:
    in_flash, loaded = _split(segments)
    image = ImageFile(0, build_image(_counted(header, loaded), loaded))
    if in_flash is None:
        return (image,)
    if in_flash.address == MAPPED.start:
        raise ImageError(
            f"what stays in the flash is linked for 0x{MAPPED.start:x}, which is offset 0, where the image"
            " itself lies; link it for 0x40210000"
        )
    return image, ImageFile(in_flash.address - MAPPED.start, in_flash.data)


def _version_2(header: ImageHeader, segments: Sequence[Segment]) -> tuple[ImageFile, ...]:
    in_flash, loaded = _split(joined(segments, BOUNDARIES))
    if in_flash is None:
        raise ImageError(
            "the program has nothing that stays in the flash, and an image of version 2 begins with that;"
            " make version 1 of it"
        )
    offset = in_flash.address - MAPPED.start & ~0xFFF
    return (ImageFile(offset, build_image_v2(_counted(header, loaded), in_flash.data, loaded)),)


def _rtos(header: ImageHeader, segments: Sequence[Segment]) -> tuple[ImageFile, ...]:
    """Return the form in which what stays in the flash comes first, and all else by its address."""
    found = joined(segments, RTOS_BOUNDARIES)
    mapped = sorted((part for part in found if part.address > MAPPED.start), key=lambda part: part.address)
    loaded = sorted((part for part in found if part.address <= MAPPED.start), key=lambda part: part.address)
    for first, second in pairwise(mapped):
        if first.address // PAGE == second.address // PAGE:
            raise ImageError(
                f"two parts that stay in the flash, at 0x{first.address:x} and 0x{second.address:x}, lie in"
                " the same 64 KiB, and are not next to each other: join them in the linker script"
            )
    ordered = (*mapped, *loaded)
    image = build_image(_counted(header, ordered), ordered)
    offset = mapped[0].address - MAPPED.start & ~0xFFF if mapped and mapped[0].address in MAPPED else None
    return (ImageFile(offset, image + IMAGE_DIGEST.build(ImageDigest(hashlib.sha256(image).digest()))),)


def _split(segments: Sequence[Segment]) -> tuple[Segment | None, tuple[Segment, ...]]:
    """Return what stays in the flash, and what goes to memory. Raises ImageError where that is no program."""
    in_flash = [segment for segment in segments if segment.address in MAPPED]
    if len(in_flash) > 1:
        places = " and ".join(f"0x{segment.address:x}" for segment in in_flash)
        raise ImageError(
            f"{len(in_flash)} parts stay in the flash, at {places}, and this form has room for one: join them"
            " in the linker script"
        )
    loaded = tuple(segment for segment in segments if segment.address not in MAPPED)
    return in_flash[0] if in_flash else None, loaded


def _counted(header: ImageHeader, segments: Sequence[Segment]) -> ImageHeader:
    if not 1 <= len(segments) <= MOST_SEGMENTS:
        raise ImageError(
            f"an image has 1 to {MOST_SEGMENTS} segments, and this program {len(segments)} that go to memory:"
            " look at the linker script"
        )
    return replace(header, segments=len(segments))

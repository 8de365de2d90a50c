# SPDX-License-Identifier: Apache-2.0
"""What there is to know of an image in a file, without the flash around it (IMAGE-22)."""

from dataclasses import dataclass

from esprom.image.header import FlashHeader
from esprom.image.layout import IMAGE_HEADER_SIZE, SEGMENT_HEADER_SIZE, segments_checksum
from esprom.image.segments import FirmwareImage, memory_of, parse_image
from esprom.image.trailer import Trailer, form_of, trailer


@dataclass(frozen=True, slots=True)
class SegmentDetails:
    """A segment.

    Attributes:
        address: where it goes; 0 for what stays in the flash in version 2.
        size: of its data, in bytes.
        offset: of its header, in the file.
        memory: "IRAM", "DRAM", "IROM" for what stays in the flash, "RTC", or "" for any other address.
    """

    address: int
    size: int
    offset: int
    memory: str


@dataclass(frozen=True, slots=True)
class ImageDetails:
    """An image.

    Attributes:
        form: 1 or 2, or 3 for the RTOS SDK's.
        entry: the address at which it starts.
        settings: how its header says the flash is; in form 3 by the RTOS SDK's numbers for the size.
        plain_size: the size by the other forms' numbers, as tools read it that know no form 3.
        segments: in order, in version 2 with what stays in the flash.
        size: of the image in bytes, checksum included, trailer not.
        checksum: as it is stated.
        expected: as it would be of these segments.
        checksum_good: whether it is as one of the ways to make it has it (IMAGE-5).
        trailer: the CRC or digest behind it, or None.
        following: bytes of the file behind all that.
    """

    form: int
    entry: int
    settings: FlashHeader
    plain_size: str
    segments: tuple[SegmentDetails, ...]
    size: int
    checksum: int
    expected: int
    checksum_good: bool
    trailer: Trailer | None
    following: int


def image_details(data: bytes) -> ImageDetails:
    """Return what the image is that a file begins with. Raises ImageError where it begins with none."""
    image = parse_image(data)
    behind = trailer(data, image)
    form = form_of(image, behind, len(data))
    if form == 1:
        behind = None  # bytes that only stand where a digest would
    return ImageDetails(
        form=form,
        entry=image.entry,
        settings=FlashHeader.of(image.header, rtos=form == 3),
        plain_size=FlashHeader.of(image.header).size,
        segments=_segments(image),
        size=image.size,
        checksum=image.checksum,
        expected=segments_checksum(image.segments),
        checksum_good=image.checksum_good,
        trailer=behind,
        following=len(data) - image.size - (len(behind.stated) if behind else 0),
    )


def _segments(image: FirmwareImage) -> tuple[SegmentDetails, ...]:
    at, found = IMAGE_HEADER_SIZE, []
    if image.flash_part is not None:
        found.append(SegmentDetails(0, len(image.flash_part), at, "IROM"))
        at += SEGMENT_HEADER_SIZE + len(image.flash_part) + IMAGE_HEADER_SIZE
    for segment in image.segments:
        size = len(segment.data)
        found.append(SegmentDetails(segment.address, size, at, memory_of(segment.address)))
        at += SEGMENT_HEADER_SIZE + size
    return tuple(found)

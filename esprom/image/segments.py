# SPDX-License-Identifier: Apache-2.0
"""Take an image apart: what goes where in memory, and where it starts (IMAGE-1, IMAGE-2).

The rule: whatever the bytes, the outcome is a `FirmwareImage` or an `ImageError`. A wrong checksum is
a finding and not an error, because the caller may want to look at a damaged image.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from esprom.errors import FileError, ImageError, MalformedPacket, Refused
from esprom.image.layout import (
    CHIPS,
    CHIPS_MEMORY,
    IMAGE_HEADER,
    IMAGE_HEADER_SIZE,
    IMAGE_HEADER_V2,
    MAGIC,
    MAGIC_V2,
    OTHER_CHIPS_HEADER,
    OTHER_CHIPS_HEADER_SIZE,
    SEGMENT_HEADER,
    SEGMENT_HEADER_SIZE,
    ImageHeader,
    Segment,
    checksum_offset,
    segments_checksum,
)
from esprom.protocol.record import Record

MOST_SEGMENTS = 16  # as the tools of the field have it: beyond, bytes that happen to begin with 0xE9

# What the loader may fill: DRAM up to where the ROM keeps its own data, and IRAM with the part that is the
# flash cache in a running firmware, since the cache is off while the loader runs.
RAM = (range(0x3FFE8000, 0x3FFFC000), range(0x40100000, 0x40110000))
MAPPED = range(0x40200000, 0x40300000)  # where the cache shows a MiB of the flash
NO_WP_PIN = 0xEE  # in an image for a later chip, unless somebody has named a pin; no address of ours ends so
MEMORIES = (  # where what is loaded goes to
    (range(0x3FFE8000, 0x40000000), "DRAM"),
    (range(0x40100000, 0x40110000), "IRAM"),  # from 0x40108000 on it is the cache's while the firmware runs
    (MAPPED, "IROM"),
    (range(0x60001000, 0x60001800), "RTC"),
)
STAMP = slice(0, 8)  # of a mapped segment: the file's size and CRC, in images of Arduino


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """An image, taken apart. What follows it in the file is left out.

    Attributes:
        version: 1 or 2.
        header: the header that the settings of the flash are taken from: the first one.
        segments: what goes to memory, in order.
        entry: the address to start at when they are in place.
        flash_part: the data that stays in flash (version 2), else None.
        checksum: as the image states it, 0..0xFF.
        size: of the image in bytes, checksum included.
    """

    version: int
    header: ImageHeader
    segments: tuple[Segment, ...]
    entry: int
    flash_part: bytes | None
    checksum: int
    size: int

    @property
    def checksum_good(self) -> bool:
        """Whether the segments are the ones that the checksum was made of (IMAGE-5)."""
        return self.checksum in (segments_checksum(self.segments), segments_checksum(self._unstamped()))

    def _unstamped(self) -> tuple[Segment, ...]:
        """Return the segments as they were before the Arduino core put its stamp in."""
        first, *others = self.segments
        if first.address not in MAPPED:
            return self.segments
        return Segment(first.address, bytes(8) + first.data[STAMP.stop :]), *others

    def check_loadable(self) -> None:
        """Raise Refused, which names the segment, unless all of it can be loaded into RAM and run there."""
        if self.version != 1:
            raise Refused("an image of version 2 runs from the flash: it cannot be loaded into RAM")
        for number, segment in enumerate(self.segments, 1):
            if not any(part.start <= segment.address and segment.end <= part.stop for part in RAM):
                parts = " and ".join(f"0x{part.start:x} to 0x{part.stop - 1:x}" for part in RAM)
                raise Refused(
                    f"segment {number} of {len(self.segments)} goes to 0x{segment.address:x}, "
                    f"0x{len(segment.data):x} bytes, and RAM that can be loaded is {parts}: "
                    "the image is made to run from the flash"
                )


def overlapping(pieces: Iterable[Segment]) -> tuple[Segment, Segment] | None:
    """Return two pieces, by address, that have bytes for the same place; None where there are none."""
    ordered = sorted((piece for piece in pieces if piece.data), key=lambda piece: piece.address)
    return next(((first, second) for first, second in pairwise(ordered) if second.address < first.end), None)


def memory_of(address: int) -> str:
    """Return which memory an address lies in, or nothing."""
    return next((name for part, name in MEMORIES if address in part), "")


def parse_image(data: bytes) -> FirmwareImage:
    """Take apart the image that `data` begins with. Raises ImageError."""
    if not data:
        raise FileError("the file is empty: there is no firmware image in it")
    reader = _Reader(data)
    if data[0] == MAGIC:
        _check_chip(data)
        return _version_1(reader)
    if data[0] == MAGIC_V2:
        return _version_2(reader)
    raise ImageError(
        f"not a firmware image: it begins with 0x{data[0]:02x}, where an image for the ESP8266 has"
        f" 0x{MAGIC:02x} or 0x{MAGIC_V2:02x}"
    )


def _check_chip(data: bytes) -> None:
    """Raise ImageError where an image is for a later chip (IMAGE-25).

    All of its header has to say so: where a segment of ours begins in its place, bytes may be anything.
    """
    if len(data) < OTHER_CHIPS_HEADER_SIZE:
        return
    header = OTHER_CHIPS_HEADER.parse(data[:OTHER_CHIPS_HEADER_SIZE])
    if (
        header.pins & 0xFF == NO_WP_PIN
        and header.chip in CHIPS
        and not any(header.reserved)
        and header.digest in (0, 1)
        and header.address in CHIPS_MEMORY
    ):
        raise ImageError(
            f"this is an image for the {CHIPS[header.chip]}, and esprom is for the ESP8266 alone"
        )


def _version_1(reader: "_Reader") -> FirmwareImage:
    header = reader.header()
    segments = tuple(reader.segments(header.segments))
    checksum = reader.checksum()
    return FirmwareImage(1, header, segments, header.entry, None, checksum, reader.at)


def _version_2(reader: "_Reader") -> FirmwareImage:
    outer = reader.header_v2()
    flash_part = reader.segment("the segment that stays in flash").data
    inner = _version_1(reader)
    return FirmwareImage(2, outer, inner.segments, inner.entry, flash_part, inner.checksum, inner.size)


class _Reader:
    """Walks through an image; every step says what is missing where it does not find enough."""

    def __init__(self, data: bytes) -> None:
        self.at = 0  # offset of the next byte, from the first header
        self._data = data

    def header(self) -> ImageHeader:
        at = self.at
        header = _parsed(IMAGE_HEADER, self._take(IMAGE_HEADER_SIZE, "the header"), at)
        if not 1 <= header.segments <= MOST_SEGMENTS:
            raise ImageError(
                f"not a firmware image: the header at 0x{at:x} counts {header.segments} segments, "
                f"and images have 1 to {MOST_SEGMENTS}"
            )
        return header

    def header_v2(self) -> ImageHeader:
        at = self.at
        return _parsed(IMAGE_HEADER_V2, self._take(IMAGE_HEADER_SIZE, "the header"), at)

    def segments(self, count: int) -> Iterator[Segment]:
        return (self.segment(f"segment {number} of {count}") for number in range(1, count + 1))

    def segment(self, name: str) -> Segment:
        header = SEGMENT_HEADER.parse(self._take(SEGMENT_HEADER_SIZE, f"the header of {name}"))
        return Segment(header.address, self._take(header.size, name))

    def checksum(self) -> int:
        gap = checksum_offset(self.at) - self.at
        return self._take(gap + 1, "the checksum")[-1]

    def _take(self, size: int, what: str) -> bytes:
        found = self._data[self.at : self.at + size]
        if len(found) < size:
            raise ImageError(
                f"the image is cut short: {what} at 0x{self.at:x} should have {size} bytes, "
                f"and there are {len(found)}"
            )
        self.at += size
        return found


def _parsed(layout: Record[ImageHeader], data: bytes, at: int) -> ImageHeader:
    try:
        return layout.parse(data)
    except MalformedPacket as exc:
        raise ImageError(f"not a firmware image: no valid header at 0x{at:x} ({data.hex(' ')})") from exc

# SPDX-License-Identifier: Apache-2.0
"""How a firmware image lies in the flash of an ESP8266: the only file that knows its byte offsets.

An image of version 1 (IMAGE-1) is a header, then segments of (address, size, data), then zeroes up to
the last byte of a 16-byte line, which is the checksum of all segment data: 0xEF xor every byte. One
of version 2 (IMAGE-2) is a header beginning EA 04, one segment that stays in the flash (its address
field is 0), and then a whole version 1 image; places are counted from the first header. Sources: the
mask ROM, executed in an interpreter with modelled peripherals (version 1 is what it boots); version
2, which only second-stage boot loaders read, as the tools of the field write and read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from zlib import crc32

from construct import Bytes, Const, Int8ul, Int16ul, Int32ul

from esprom.protocol.checksum import checksum
from esprom.protocol.record import Overlay, Record

MAGIC = 0xE9
MAGIC_V2 = 0xEA
MAGICS = (MAGIC, MAGIC_V2)  # what firmware begins with
SETTINGS = range(2, 4)  # offsets in a header: flash mode, then flash size and frequency
SEGMENTS_V2 = 4  # what a version 2 header has in place of the number of segments
END_OF_ADDRESSES = 1 << 32  # what 32-bit addresses do not reach any more
LINE = 16  # bytes; the checksum is the last byte of one


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The eight bytes before the segments, of both versions (IMAGE-3)."""

    segments: int  # how many follow; in a version 2 header this is the constant 4
    mode: int  # how the ROM wires the flash: a number of `header_words.HEADER_MODES`
    size_and_frequency: int  # of the flash: `HEADER_SIZES` in the high nibble, `HEADER_FREQUENCIES` low
    entry: int  # address that is jumped to when all segments are in place


IMAGE_HEADER = Record(
    ImageHeader,
    "magic" / Const(MAGIC, Int8ul),
    "segments" / Int8ul,
    "mode" / Int8ul,
    "size_and_frequency" / Int8ul,
    "entry" / Int32ul,
)

IMAGE_HEADER_V2 = Record(
    ImageHeader,
    "magic" / Const(MAGIC_V2, Int8ul),
    "segments" / Const(SEGMENTS_V2, Int8ul),
    "mode" / Int8ul,
    "size_and_frequency" / Int8ul,
    "entry" / Int32ul,
)


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The eight bytes before a segment's data (IMAGE-4)."""

    address: int  # where the data goes in memory; 0 for the part of a version 2 image that stays in flash
    size: int  # of the data, in bytes


SEGMENT_HEADER = Record(SegmentHeader, "address" / Int32ul, "size" / Int32ul)


@dataclass(frozen=True, slots=True)
class OtherChipsHeader:
    """What an image for a later chip begins with: the eight bytes of IMAGE-3, and more (IMAGE-25)."""

    image: bytes
    pins: int  # of the flash; where an ESP8266's image has the address of its first segment
    chip: int  # a number of `CHIPS`
    revisions: bytes
    reserved: bytes
    digest: int  # whether a SHA-256 follows: 0 or 1
    address: int  # of the first segment


OTHER_CHIPS_HEADER = Record(
    OtherChipsHeader,
    "image" / Bytes(8),
    "pins" / Int32ul,
    "chip" / Int16ul,
    "revisions" / Bytes(5),
    "reserved" / Bytes(4),
    "digest" / Int8ul,
    "address" / Int32ul,
)
OTHER_CHIPS_HEADER_SIZE = Overlay(*OTHER_CHIPS_HEADER.layout).size
CHIPS = {
    0: "ESP32",
    2: "ESP32-S2",
    5: "ESP32-C3",
    9: "ESP32-S3",
    12: "ESP32-C2",
    13: "ESP32-C6",
    16: "ESP32-H2",
    18: "ESP32-P4",
    20: "ESP32-C61",
    23: "ESP32-C5",
    25: "ESP32-H21",
    28: "ESP32-H4",
    31: "ESP32-E22",
    32: "ESP32-S31",
}
CHIPS_MEMORY = range(0x3C000000, 0x60000000)  # where all their segments go


@dataclass(frozen=True, slots=True)
class ImageCrc:
    """The four bytes behind the checksum of a version 2 image (IMAGE-11)."""

    crc: int


IMAGE_CRC = Record(ImageCrc, "crc" / Int32ul)


@dataclass(frozen=True, slots=True)
class ImageDigest:
    """The 32 bytes behind the checksum of an image of the third form (IMAGE-12)."""

    sha256: bytes


IMAGE_DIGEST = Record(ImageDigest, "sha256" / Bytes(32))

IMAGE_HEADER_SIZE = Overlay(*IMAGE_HEADER.layout).size
SEGMENT_HEADER_SIZE = Overlay(*SEGMENT_HEADER.layout).size


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of memory: where it goes, and what it holds."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.address + len(self.data)


def checksum_offset(end: int) -> int:
    """Return where the checksum is of an image whose last segment ends before offset `end`."""
    return end - end % LINE + LINE - 1


def segments_checksum(segments: Iterable[Segment]) -> int:
    """Return the checksum of all data of all segments (IMAGE-5)."""
    return checksum(b"".join(segment.data for segment in segments))


def build_image(header: ImageHeader, segments: tuple[Segment, ...], *, begins_at: int = 0) -> bytes:
    """Return a version 1 image; `begins_at` is its offset in the whole where it is part of version 2."""
    image = IMAGE_HEADER.build(header) + b"".join(build_segment(segment) for segment in segments)
    place = checksum_offset(begins_at + len(image)) - begins_at
    return image.ljust(place, b"\0") + bytes([segments_checksum(segments)])


def build_image_v2(header: ImageHeader, flash_part: bytes, segments: tuple[Segment, ...]) -> bytes:
    """Return a version 2 image with its CRC; `header` is that of the version 1 image in it (IMAGE-2)."""
    whole_lines = flash_part.ljust(len(flash_part) + -len(flash_part) % LINE, b"\0")
    front = IMAGE_HEADER_V2.build(replace(header, segments=SEGMENTS_V2))
    front += build_segment(Segment(0, whole_lines))
    image = front + build_image(header, segments, begins_at=len(front))
    return image + IMAGE_CRC.build(ImageCrc(image_crc(image)))


def image_crc(image: bytes) -> int:
    """Return the CRC-32 of an image in the form that version 2 has it (IMAGE-11).

    The usual one, taken for a signed number: its complement where it is negative, else one more.
    """
    crc = crc32(image)
    return crc ^ 0xFFFFFFFF if crc >> 31 else crc + 1


def build_segment(segment: Segment) -> bytes:
    """Return the segment with its header."""
    return SEGMENT_HEADER.build(SegmentHeader(segment.address, len(segment.data))) + segment.data

# SPDX-License-Identifier: Apache-2.0
"""Images as they lie in the flash. IMAGE-1, IMAGE-2, IMAGE-3, IMAGE-4, IMAGE-5.

The two whole images were written by esptool 5.6.0 from the segments below, so that a table that is wrong
on both of our sides is seen.
"""

import pytest

from esprom.errors import MalformedPacket
from esprom.image.layout import (
    IMAGE_HEADER,
    IMAGE_HEADER_SIZE,
    IMAGE_HEADER_V2,
    SEGMENT_HEADER,
    SEGMENT_HEADER_SIZE,
    ImageHeader,
    Segment,
    SegmentHeader,
    build_image,
    build_segment,
    checksum_offset,
)
from esprom.protocol.record import Record

HEADER = ImageHeader(segments=2, mode=2, size_and_frequency=0x2F, entry=0x40100004)
SEGMENTS = (Segment(0x40100000, b"\x06\xff\xff\0abcd"), Segment(0x3FFE8000, b"hello, b"))
VERSION_1 = bytes.fromhex(
    "e9 02 02 2f 04 00 10 40"
    "00 00 10 40 08 00 00 00 06 ff ff 00 61 62 63 64"
    "00 80 fe 3f 08 00 00 00 68 65 6c 6c 6f 2c 20 62"
    "00 00 00 00 00 00 00 e1"
)
VERSION_2 = (
    bytes.fromhex(
        "ea 04 02 2f 04 00 10 4000 00 00 00 10 00 00 00 69 6e 20 66 6c 61 73 68 69 6e 20 66 6c 61 73 68"
    )
    + VERSION_1
)

TABLE = [
    ("version 1", IMAGE_HEADER, HEADER, "e9 02 02 2f 04 00 10 40"),
    ("version 2", IMAGE_HEADER_V2, ImageHeader(4, 0, 0x40, 0x40100000), "ea 04 00 40 00 00 10 40"),
    ("segment", SEGMENT_HEADER, SegmentHeader(0x40201010, 0x1234), "10 10 20 40 34 12 00 00"),
]


@pytest.mark.parametrize(("name", "layout", "value", "wire"), TABLE, ids=[row[0] for row in TABLE])
def test_headers_build_and_parse(name: str, layout: Record[object], value: object, wire: str) -> None:
    assert layout.build(value) == bytes.fromhex(wire)
    assert layout.parse(bytes.fromhex(wire)) == value


@pytest.mark.parametrize(
    "wire", ["ea 02 02 2f 04 00 10 40", "e9 02 02 2f 04 00 10", "e9 02 02 2f 04 00 10 40 00"]
)
def test_header_of_another_form_is_refused(wire: str) -> None:
    with pytest.raises(MalformedPacket):
        IMAGE_HEADER.parse(bytes.fromhex(wire))


def test_second_version_has_the_constant_4() -> None:
    with pytest.raises(MalformedPacket):
        IMAGE_HEADER_V2.parse(bytes.fromhex("ea 03 00 40 00 00 10 40"))


def test_sizes_of_headers() -> None:
    assert (IMAGE_HEADER_SIZE, SEGMENT_HEADER_SIZE) == (8, 8)


def test_image_is_what_other_tools_build() -> None:
    assert build_image(HEADER, SEGMENTS) == VERSION_1


def test_second_version_is_what_other_tools_build() -> None:
    front = IMAGE_HEADER_V2.build(ImageHeader(4, 2, 0x2F, 0x40100004)) + build_segment(
        Segment(0, b"in flash" * 2)
    )
    assert front + build_image(HEADER, SEGMENTS, begins_at=len(front)) == VERSION_2


@pytest.mark.parametrize(("end", "place"), [(0, 15), (15, 15), (16, 31), (17, 31), (31, 31), (32, 47)])
def test_checksum_ends_a_line_of_sixteen(end: int, place: int) -> None:
    assert checksum_offset(end) == place


def test_lines_are_counted_from_the_first_header() -> None:
    assert len(build_image(HEADER, SEGMENTS, begins_at=4)) % 16 == 12

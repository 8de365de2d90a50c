# SPDX-License-Identifier: Apache-2.0
"""Images taken apart. IMAGE-1, IMAGE-2, IMAGE-5."""

from dataclasses import replace

import pytest

from esprom.errors import ImageError, Refused
from esprom.image import FirmwareImage, parse_image
from esprom.image.layout import OTHER_CHIPS_HEADER, ImageHeader, OtherChipsHeader, Segment, build_image
from tests.unit.image.test_layout import HEADER, SEGMENTS, VERSION_1, VERSION_2


def test_version_1() -> None:
    image = parse_image(VERSION_1)
    assert (image.version, image.header, image.segments, image.entry) == (1, HEADER, SEGMENTS, 0x40100004)
    assert image.flash_part is None
    assert (image.checksum, image.checksum_good, image.size) == (0xE1, True, len(VERSION_1))


def test_version_2() -> None:
    image = parse_image(VERSION_2)
    assert (image.version, image.segments, image.entry) == (2, SEGMENTS, 0x40100004)
    assert image.flash_part == b"in flash" * 2
    assert (image.checksum_good, image.size) == (True, len(VERSION_2))


LATER = OtherChipsHeader(
    VERSION_1[:8], pins=0xEE, chip=9, revisions=bytes(5), reserved=bytes(4), digest=1, address=0x42000020
)


@pytest.mark.spec("IMAGE-25")
@pytest.mark.parametrize(
    "ours",
    [
        replace(LATER, pins=0x3FFE8000),
        replace(LATER, pins=0),
        replace(LATER, chip=77),
        replace(LATER, reserved=b"\0\0\1\0"),
        replace(LATER, digest=2),
        replace(LATER, address=0x20000000),
    ],
)
def test_all_of_a_header_tells_of_another_chip(ours: OtherChipsHeader) -> None:
    rest = bytes(256)
    with pytest.raises(ImageError, match="this is an image for the ESP32-S3, and esprom is for the ESP8266"):
        parse_image(OTHER_CHIPS_HEADER.build(LATER) + rest)
    assert parse_image(OTHER_CHIPS_HEADER.build(ours) + rest).version == 1


def test_what_follows_is_left_out() -> None:
    assert parse_image(VERSION_1 + b"\xff" * 1000) == parse_image(VERSION_1)


@pytest.mark.parametrize("at", [16, 23, 32, 47])
def test_damage_is_found_by_the_checksum(at: int) -> None:
    damaged = bytearray(VERSION_1)
    damaged[at] ^= 0x10
    assert not parse_image(bytes(damaged)).checksum_good


@pytest.mark.parametrize("whole", [VERSION_1, VERSION_2], ids=["version 1", "version 2"])
def test_cut_short_anywhere_is_an_error(whole: bytes) -> None:
    for size in range(len(whole)):
        with pytest.raises(ImageError):
            parse_image(whole[:size])


def test_message_says_what_is_missing() -> None:
    with pytest.raises(ImageError, match=r"segment 2 of 2 at 0x20 should have 8 bytes, and there are 3"):
        parse_image(VERSION_1[:0x23])


@pytest.mark.parametrize("count", [0, 17, 255])
def test_number_of_segments_that_no_image_has(count: int) -> None:
    with pytest.raises(ImageError, match=f"counts {count} segments"):
        parse_image(b"\xe9" + bytes([count]) + bytes(10000))


def test_sixteen_segments() -> None:
    segments = tuple(Segment(0x3FFE8000 + 4 * number, bytes([number])) for number in range(16))
    assert parse_image(build_image(ImageHeader(16, 0, 0, 0), segments)).segments == segments


@pytest.mark.parametrize(
    "data", [b"\xff" * 64, b"\x7fELF", b"\xea\x05" + bytes(62), VERSION_2[:32] + bytes(64)]
)
def test_what_is_no_image(data: bytes) -> None:
    with pytest.raises(ImageError, match="not a firmware image"):
        parse_image(data)


@pytest.mark.parametrize(
    ("address", "size"),
    [(0x3FFE8000, 0x14000), (0x3FFFBFFC, 4), (0x40100000, 0x10000), (0x4010FFFC, 4), (0x40108000, 0)],
)
def test_what_lies_in_ram_can_be_loaded(address: int, size: int) -> None:
    loaded(Segment(0x40100000, bytes(4)), Segment(address, bytes(size))).check_loadable()


@pytest.mark.parametrize(
    ("address", "size"),
    [
        (0x40201010, 16),  # flash
        (0x3FFE7FFC, 8),
        (0x3FFFBFFC, 8),  # into the ROM's own data
        (0x400FFFFC, 8),
        (0x4010FFFC, 8),
        (0x60000000, 4),
        (0xFFFFFFFC, 8),
    ],
)
def test_a_segment_elsewhere_is_named(address: int, size: int) -> None:
    with pytest.raises(Refused, match=f"segment 2 of 2 goes to 0x{address:x}, 0x{size:x} bytes"):
        loaded(Segment(0x40100000, bytes(4)), Segment(address, bytes(size))).check_loadable()


def test_version_2_runs_from_the_flash() -> None:
    with pytest.raises(Refused, match="version 2"):
        parse_image(VERSION_2).check_loadable()


def loaded(*segments: Segment) -> FirmwareImage:
    return parse_image(build_image(ImageHeader(len(segments), 0, 0, 0), segments))


@pytest.mark.spec("IMAGE-5")
@pytest.mark.parametrize(("address", "good"), [(0x40201010, True), (0x40100000, False)])
def test_the_stamp_of_arduino_is_not_in_the_checksum(address: int, good: bool) -> None:
    image = bytearray(
        build_image(ImageHeader(1, 2, 0x40, 0x40100000), (Segment(address, bytes(8) + b"the program."),))
    )
    image[16:24] = bytes.fromhex("b0aa05000cb22f97")  # size and CRC, after the checksum was made
    assert parse_image(bytes(image)).checksum_good is good
    image[24] ^= 1
    assert not parse_image(bytes(image)).checksum_good

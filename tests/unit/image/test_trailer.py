# SPDX-License-Identifier: Apache-2.0
"""What stands behind an image. IMAGE-11, IMAGE-12."""

import hashlib

import pytest

from esprom.image import Trailer, parse_image, trailer
from esprom.image.layout import ImageHeader, Segment, build_image, build_image_v2, image_crc

HEADER = ImageHeader(segments=1, mode=2, size_and_frequency=0x2F, entry=0x40100000)
CODE = (Segment(0x40100000, b"12345678"),)
VERSION_2 = build_image_v2(HEADER, b"in flash", CODE)
IN_FLASH = build_image(HEADER, (Segment(0x40210010, b"in flash"),))
RTOS = IN_FLASH + hashlib.sha256(IN_FLASH).digest()


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"123456789", 0xCBF43926 ^ 0xFFFFFFFF),
        (b"a", 0xE8B7BE43 ^ 0xFFFFFFFF),
        (b"", 1),
        (b"hello", 0x3610A687),
    ],
)
def test_crc_in_its_odd_form(data: bytes, crc: int) -> None:
    assert image_crc(data) == crc


@pytest.mark.parametrize("data", [VERSION_2, RTOS], ids=["crc32", "sha256"])
def test_good_or_damaged(data: bytes) -> None:
    image = parse_image(data)
    found = trailer(data + b"\xff" * 64, image)
    assert found == Trailer("crc32" if image.version == 2 else "sha256", data[image.size :], good=True)
    for at in (3, len(data) - 1):
        damaged = bytearray(data)
        damaged[at] ^= 1
        again = trailer(bytes(damaged), parse_image(bytes(damaged)))
        assert again is not None
        assert not again.good


@pytest.mark.parametrize("data", [VERSION_2, RTOS], ids=["crc32", "sha256"])
def test_none_where_there_is_nothing(data: bytes) -> None:
    image = parse_image(data)
    assert trailer(data[: image.size], image) is None
    assert trailer(data[:-1], image) is None
    assert trailer(data[: image.size] + b"\xff" * 4096, image) is None


def test_version_1_has_none() -> None:
    data = build_image(HEADER, CODE) + bytes(32)
    assert trailer(data, parse_image(data)) is None

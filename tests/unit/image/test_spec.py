# SPDX-License-Identifier: Apache-2.0
"""What the page on images says of a flash as a whole, and the image that it spells out."""

import re
from pathlib import Path

import pytest

import esprom
from esprom.errors import ImageError
from esprom.flash.regions import identity
from esprom.image import parse_image
from esprom.image.layout import ImageHeader, Segment, build_image, build_image_v2

PAGE = (Path(__file__).parents[3] / "specs" / "image-format.md").read_text(encoding="utf-8")
MAPS = re.findall(r"^\| 0x(\w) \| \d+ KiB and \d+ KiB \| 0x(\w+) \| 0x(\w+) \|$", PAGE, re.MULTILINE)
CODE = (Segment(0x40100000, b"12345678"),)


def test_the_image_spelt_out_is_one() -> None:
    head, data, checksum = re.findall(r"`((?:[0-9a-f]{2} ?)+)`[,.]", PAGE.partition("To check:")[2])[:3]
    spelt = bytes.fromhex(head) + bytes.fromhex(data) + bytes(7) + bytes.fromhex(checksum)
    image = parse_image(spelt)
    assert (image.checksum_good, image.size) == (True, len(spelt))
    assert build_image(image.header, image.segments) == spelt


@pytest.mark.spec("IMAGE-13")
@pytest.mark.parametrize("damage", ["", "ff", "ea03", "e900", "e911", "e901"])
def test_a_reader_is_strict(damage: str) -> None:
    with pytest.raises(ImageError):
        parse_image(bytes.fromhex(damage).ljust(12 if damage == "e901" else 4096 * bool(damage), b"\xff"))


@pytest.mark.spec("IMAGE-14")
@pytest.mark.parametrize(("nibble", "user1", "user2"), MAPS)
def test_the_sdks_maps(nibble: str, user1: str, user2: str) -> None:
    settings = int(nibble, 16) << 4
    boot = build_image(ImageHeader(1, 2, settings, 0x40100000), CODE)
    user = build_image_v2(ImageHeader(1, 2, settings, 0x40100000), b"in flash", CODE)
    flash = bytearray(b"\xff" * (int(user2, 16) + 0x1000))
    for place, image in ((0, boot), (int(user1, 16), user), (int(user2, 16), user)):
        flash[place : place + len(image)] = image
    found = {image.role: image.offset for image in esprom.inspect(bytes(flash)).images}
    assert found == {"boot loader": 0, "user1": int(user1, 16), "user2": int(user2, 16)}


def test_all_maps_are_read() -> None:
    assert [nibble for nibble, _, _ in MAPS] == ["0", "2", "3", "4", "5", "6"]


@pytest.mark.spec("IMAGE-15")
@pytest.mark.parametrize(
    ("size", "calibration", "init_data", "blank"),
    [
        (0x080000, 0x07B000, 0x07C000, 0x07E000),
        (0x100000, 0x0FB000, 0x0FC000, 0x0FE000),
        (0x200000, 0x1FB000, 0x1FC000, 0x1FE000),
        (0x400000, 0x3FB000, 0x3FC000, 0x3FE000),
        (0x800000, 0x7FB000, 0x7FC000, 0x7FE000),
        (0x1000000, 0xFFB000, 0xFFC000, 0xFFE000),
    ],
)
def test_the_end_is_the_sdks(size: int, calibration: int, init_data: int, blank: int) -> None:
    """The addresses are those of the guide's table."""
    first, second, third = identity(size)
    assert (first.offset, second.offset, blank) == (calibration, init_data, third.offset + 0x1000)
    assert (third.end, third.size) == (size, 0x3000)


@pytest.mark.spec("IMAGE-16")
def test_firmware_without_a_boot_loader() -> None:
    large = build_image(ImageHeader(1, 2, 0x20, 0x40100000), (Segment(0x40100000, b"12345678" * 1024),))
    flash = bytearray(large.ljust(0x100000, b"\xff"))
    elsewhere = build_image(ImageHeader(1, 2, 0x20, 0x40100000), CODE)
    flash[0x23000 : 0x23000 + len(elsewhere)] = elsewhere
    found = {image.offset: image.role for image in esprom.inspect(bytes(flash)).images}
    assert found == {0: "firmware", 0x23000: "image"}

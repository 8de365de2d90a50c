# SPDX-License-Identifier: Apache-2.0
"""Where programs lie: images, and the code that they point to. IMAGE-8, IMAGE-9."""

import random
import struct

import pytest

from esprom.image.layout import ImageHeader, Segment, build_image
from esprom.image.program import images, is_arduino, mapped_code, programs

SECTOR = 0x1000
IRAM, DRAM, EBOOT, MAPPED = 0x40100000, 0x3FFE8000, 0x4010F000, 0x40200000


def firmware(places: list[int], *, address: int = IRAM, size: int = 0x1800) -> bytes:
    """Return an image whose words point to places in the flash."""
    words = struct.pack(f"<{len(places)}I", *(MAPPED + place for place in places))
    segments = (Segment(address, bytes(size)), Segment(DRAM, words or bytes(4)))
    return build_image(ImageHeader(2, 2, 0x40, address), segments)


def flash(*parts: tuple[int, bytes], size: int = 0x40000) -> bytes:
    made = bytearray(b"\xff" * size)
    for at, data in parts:
        made[at : at + len(data)] = data
    return bytes(made)


def spread(begin: int, end: int, count: int = 40) -> list[int]:
    return [begin + (end - begin) * number // count & ~3 for number in range(count)]


@pytest.mark.spec("IMAGE-8")
@pytest.mark.parametrize("begin", [0x2000, 0x9000, 0x10000])
def test_code_is_told_by_what_points_to_it(begin: int) -> None:
    code = random.Random(1).randbytes(0x8000).replace(b"\x20\x40", b"\0\0")
    data = flash((0, firmware(spread(begin, begin + 0x8000))), (begin, code))
    assert list(mapped_code(data, tuple(images(data)))) == [range(begin, begin + 0x8000)]
    assert programs(data) == [range(0x2000), range(begin, begin + 0x8000)]


@pytest.mark.spec("IMAGE-8")
def test_what_follows_the_code_without_a_gap_is_no_code() -> None:
    settings = b"wifi settings of somebody".ljust(0x4000, b"\1")
    data = flash((0, firmware(spread(0x9000, 0xD000))), (0x9000, bytes(0x4000) + settings))
    assert list(mapped_code(data, tuple(images(data)))) == [range(0x9000, 0xD000)]


@pytest.mark.spec("IMAGE-8")
@pytest.mark.parametrize("places", [[], spread(0x9000, 0xD000, 15)])
def test_a_few_words_that_look_like_pointers_make_no_code(places: list[int]) -> None:
    data = flash((0, firmware(places)), (0x9000, bytes(0x4000)))
    assert programs(data) == [range(0x2000)]


@pytest.mark.spec("IMAGE-8")
def test_pointers_that_are_all_apart_are_enough() -> None:
    data = flash((0, firmware([0x9000 + SECTOR * n for n in range(20)])), (0x9000, bytes(20 * SECTOR)))
    assert list(mapped_code(data, tuple(images(data)))) == [range(0x9000, 0x9000 + 20 * SECTOR)]


@pytest.mark.spec("IMAGE-9")
@pytest.mark.parametrize(("address", "arduino"), [(EBOOT, True), (IRAM, False)])
def test_the_boot_loader_of_arduino(address: int, arduino: bool) -> None:
    data = flash((0, firmware([], address=address, size=0x800)), (SECTOR, firmware([])))
    assert is_arduino(tuple(images(data))) is arduino


def test_an_image_must_go_where_a_program_can_be() -> None:
    nowhere = build_image(ImageHeader(1, 2, 0x40, 0), (Segment(0x20000000, bytes(16)),))
    damaged = bytearray(firmware([]))
    damaged[-1] ^= 1
    data = flash((0, firmware([])), (0x8000, nowhere), (0x10000, bytes(damaged)))
    assert [(at, image.checksum_good) for at, image in images(data)] == [(0, True), (0x10000, False)]

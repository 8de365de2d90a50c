# SPDX-License-Identifier: Apache-2.0
"""The flash settings of an image, and their edit. IMAGE-6, IMAGE-7.

The edits of the table are what esptool 5.6.0 made of the same bytes.
"""

import pytest

from esprom.flash.header_words import HEADER_FREQUENCIES, HEADER_MODES, HEADER_SIZES, size_in_bytes
from esprom.image import FlashHeader, Program, edit_header, flash_header, program_images
from esprom.image.header import stated_sizes
from esprom.image.layout import ImageHeader, Segment, build_image
from tests.unit.image.test_layout import VERSION_1, VERSION_2


def image(mode: int = 0, size_and_frequency: int = 0, segments: int = 1) -> bytes:
    return build_image(
        ImageHeader(segments, mode, size_and_frequency, 0x40100000),
        (Segment(0x40100000, b"12345678"),) * segments,
    )


EDITS = [  # mode, size and frequency before; what is asked for; both after
    ((0, 0x00), {"size": "4MB", "mode": "dio", "frequency": "80m"}, (2, 0x4F)),
    ((3, 0x2F), {"size": "4MB", "mode": "keep", "frequency": "keep"}, (3, 0x4F)),
    ((3, 0x2F), {"size": "keep", "mode": "dio", "frequency": "80m"}, (2, 0x2F)),
    ((9, 0xCC), {"size": "4MB", "mode": None, "frequency": None}, (9, 0x4C)),
    ((9, 0xCC), {"size": None, "mode": None, "frequency": "40m"}, (9, 0xC0)),
    ((2, 0x2F), {"size": "keep", "mode": None, "frequency": "keep"}, (2, 0x2F)),
]


@pytest.mark.parametrize(("before", "asked", "after"), EDITS)
def test_edit(before: tuple[int, int], asked: dict[str, str | None], after: tuple[int, int]) -> None:
    edited = edit_header(image(*before), size=asked["size"], mode=asked["mode"], frequency=asked["frequency"])
    assert edited == image(*after)


NUMBERS = {
    "mode": (HEADER_MODES, {"qio": 0x000, "qout": 0x100, "dio": 0x200, "dout": 0x300}),
    "frequency": (HEADER_FREQUENCIES, {"40m": 0x00, "26m": 0x01, "20m": 0x02, "80m": 0x0F}),
    "size": (
        HEADER_SIZES,
        {"512KB": 0x00, "256KB": 0x10, "1MB": 0x20, "2MB": 0x30, "4MB": 0x40}
        | {"2MB-c1": 0x50, "4MB-c1": 0x60, "8MB": 0x80, "16MB": 0x90},
    ),
}


@pytest.mark.parametrize("setting", NUMBERS)
def test_every_word_has_its_number(setting: str) -> None:
    words, numbers = NUMBERS[setting]
    assert words.keys() == numbers.keys()
    for word, number in numbers.items():
        asked: dict[str, str | None] = {"size": None, "mode": None, "frequency": None} | {setting: word}
        edited = edit_header(image(), size=asked["size"], mode=asked["mode"], frequency=asked["frequency"])
        assert int.from_bytes(edited[2:4], "big") == number
        header = flash_header(edited)
        assert header is not None
        assert getattr(header, setting) == word


RTOS = program_images(
    Program(0x40100000, (Segment(0x40210010, bytes(0x1000)), Segment(0x40100000, bytes(8)))), 3, size="16MB"
)[0].data


@pytest.mark.spec("IMAGE-24")
def test_the_size_is_read_by_the_numbers_of_the_form() -> None:
    assert flash_header(RTOS + b"more") == FlashHeader("qio", "40m", "16MB")
    hurt = RTOS[:-1] + bytes([RTOS[-1] ^ 1])
    assert flash_header(hurt) == FlashHeader("qio", "40m", "16MB")
    assert flash_header(hurt + b"more") == FlashHeader("qio", "40m", "4MB")  # no proof of any form


@pytest.mark.spec("IMAGE-24")
@pytest.mark.parametrize(
    ("data", "sizes"),
    [
        (RTOS + b"more", (16 << 20,)),
        (RTOS[:0x1000], (4 << 20, 16 << 20)),
        (RTOS[:8], (4 << 20, 16 << 20)),
        (RTOS[:3] + b"\x90" + RTOS[4:0x1000], (16 << 20,)),
        (RTOS[:3] + b"\xf0" + RTOS[4:0x1000], ()),
        (RTOS[:7], ()),
        (image(0, 0x40), (4 << 20,)),
        (image(0, 0x40)[:20], (4 << 20,)),
        (image(0, 0x40)[:15], (4 << 20, 16 << 20)),
        (image(0, 0x70), ()),
        (VERSION_2, ()),
        (b"", ()),
        (b"\xff" * 64, ()),
    ],
)
def test_sizes_that_may_be_stated(data: bytes, sizes: tuple[int, ...]) -> None:
    assert stated_sizes(data) == sizes


def test_numbers_without_a_word() -> None:
    assert flash_header(image(9, 0xCC)) == FlashHeader("0x9", "0xc", "0xc")


def test_wrong_checksum_does_not_matter() -> None:
    damaged = image()[:-1] + b"\0"
    assert edit_header(damaged, size="1MB", mode=None, frequency=None)[3] == 0x20


LEFT_ALONE = {
    "version 2": VERSION_2,
    "blank": b"\xff" * 64,
    "empty": b"",
    "cut short": VERSION_1[:-1],
    "too many segments": b"\xe9\x11" + bytes(1000),
    "no segments": b"\xe9\x00" + bytes(1000),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_no_image_is_left_alone(name: str) -> None:
    data = LEFT_ALONE[name]
    assert edit_header(data, size="4MB", mode="dio", frequency="80m") == data
    assert flash_header(data) is None


@pytest.mark.parametrize(
    ("size", "mode", "frequency"),
    [("1mb", None, None), ("32MB", None, None), (None, "fast", None), (None, None, "60m")],
)
def test_unknown_word_is_the_callers_mistake(
    size: str | None, mode: str | None, frequency: str | None
) -> None:
    with pytest.raises(ValueError, match=r"is none of: .*keep"):
        edit_header(image(), size=size, mode=mode, frequency=frequency)


@pytest.mark.parametrize(
    ("word", "size"),
    [
        ("256KB", 0x40000),
        ("512KB", 0x80000),
        ("1MB", 0x100000),
        ("4MB-c1", 0x400000),
        ("32MB", 0x2000000),
        ("0x7", None),
        ("keep", None),
    ],
)
def test_size_in_bytes(word: str, size: int | None) -> None:
    assert size_in_bytes(word) == size

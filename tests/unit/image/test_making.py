# SPDX-License-Identifier: Apache-2.0
"""Images of programs, in the three forms. tests/e2e compares them with esptool's."""

import hashlib

import pytest

from esprom.errors import ImageError
from esprom.image import Program, Segment, make_image, parse_image, program_images, trailer
from esprom.image.making import joined

TEXT, DATA = Segment(0x40100000, b"text1234"), Segment(0x3FFE8000, b"abcd")
IN_FLASH = Segment(0x40210010, b"in flash")


def program(*segments: Segment) -> Program:
    return Program(0x40100004, segments)


@pytest.mark.spec("IMAGE-18", "IMAGE-10")
def test_version_1_makes_two_files() -> None:
    image, flash = program_images(program(TEXT, IN_FLASH, DATA), 1)
    assert (image.offset, flash.offset, flash.data) == (0, 0x10010, b"in flash")
    found = parse_image(image.data)
    assert (found.segments, found.entry, found.checksum_good) == ((TEXT, DATA), 0x40100004, True)
    assert image.data[:4] == bytes.fromhex("e9020020")


def test_and_one_where_all_goes_to_memory() -> None:
    (image,) = program_images(program(TEXT), 1)
    assert parse_image(image.data).segments == (TEXT,)


@pytest.mark.spec("IMAGE-18")
def test_version_2() -> None:
    (image,) = program_images(program(TEXT, IN_FLASH), 2, size="4MB", mode="dio", frequency="80m")
    found = parse_image(image.data)
    assert (image.offset, found.flash_part, found.segments) == (0x10000, b"in flash" + bytes(8), (TEXT,))
    assert image.data[:4] == bytes.fromhex("ea04024f")
    proof = trailer(image.data, found)
    assert proof is not None
    assert proof.good


@pytest.mark.spec("IMAGE-19")
def test_the_rtos_sdks_form_is_in_order() -> None:
    far = Segment(0x40220000, b"far away")
    (image,) = program_images(program(TEXT, far, DATA, IN_FLASH), 3)
    assert parse_image(image.data).segments == (IN_FLASH, far, DATA, TEXT)
    assert image.data[-32:] == hashlib.sha256(image.data[:-32]).digest()
    assert image.offset == 0x10000


@pytest.mark.spec("IMAGE-12")
@pytest.mark.parametrize(("word", "number"), [("1MB", 0), ("2MB", 1), ("4MB", 2), ("16MB", 4), ("128MB", 7)])
def test_its_numbers_for_the_sizes(word: str, number: int) -> None:
    (image,) = program_images(program(TEXT), 3, size=word)
    assert image.data[3] == number << 4


JOINED = [  # two addresses; whether versions 1 and 2 join what begins there and ends where the other begins
    (0x3FFE8000, 0x3FFE8004, True),
    (0x3FFE7FFC, 0x3FFE8000, False),
    (0x3FFFBFFC, 0x3FFFC000, True),
    (0x400FFFFC, 0x40100000, False),
    (0x40107FFC, 0x40108000, False),
    (0x4010FFFC, 0x40110000, True),
    (0x3FFFFFFC, 0x40000000, False),
    (0x60001100, 0x60001104, True),
]


@pytest.mark.spec("IMAGE-18", "IMAGE-19")
@pytest.mark.parametrize(("first", "second", "one"), JOINED)
def test_what_is_joined(first: int, second: int, one: bool) -> None:
    parts = Segment(first, b"1234"), Segment(second, b"5678")
    (image,) = program_images(program(*parts), 1)
    assert len(parse_image(image.data).segments) == (1 if one else 2)
    (rtos,) = program_images(program(*parts), 3)
    joined_there = (Segment(first, b"12345678"),)
    assert parse_image(rtos.data).segments == (parts if second == 0x40000000 else joined_there)


def test_only_what_follows_in_order_is_joined() -> None:
    parts = [Segment(0x3FFE8004, b"5678"), Segment(0x3FFE8000, b"1234")]
    assert joined(parts) == parts


FLASH = Segment(0x40240000, b"more")
REFUSED = {
    "two files of one name": (1, (TEXT, Segment(0x40200000, b"1234")), "offset 0"),
    "two for the flash": (1, (TEXT, IN_FLASH, FLASH), "0x40210010 and 0x40240000"),
    "two for version 2": (2, (TEXT, IN_FLASH, FLASH), "room for one"),
    "parted at the map's begin": (
        1,
        (Segment(0x4020100C, b"1234"), Segment(0x40201010, b"5678")),
        "room for",
    ),
    "none for version 2": (2, (TEXT,), "make version 1"),
    "in the flash alone": (1, (IN_FLASH,), "1 to 16 segments"),
    "same 64 KiB": (3, (IN_FLASH, Segment(0x40210100, b"1234")), "same 64 KiB"),
    "17": (1, tuple(Segment(0x3FFE8000 + 8 * at, b"1234") for at in range(17)), "this program 17"),
}


@pytest.mark.spec("IMAGE-18", "IMAGE-19")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    form, segments, words = REFUSED[name]
    with pytest.raises(ImageError, match=words):
        program_images(program(*segments), form)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (4, {}),
        (1, {"size": "32MB"}),
        (3, {"size": "512KB"}),
        (3, {"size": "2MB-c1"}),
        (1, {"mode": "fast"}),
        (2, {"frequency": "48m"}),
    ],
)
def test_the_callers_mistake(form: int, words: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="none of"):
        program_images(program(TEXT, IN_FLASH), form, **words)


NOT_STARTED = {
    "no memory": (Segment(0x20000000, b"1234"), 0, "0x20000000.* does not lie in memory: that is 0x3ffe8000"),
    "past the end": (Segment(0x4010FFFC, b"12345"), 0, "ends at 0x40110004, does not lie"),
    "unaligned": (Segment(0x40100001, b"1234"), 0, "0x40100001 does not begin at a whole word"),
    "before the code": (TEXT, 0x400FFFFF, "no code at the entry, 0x400fffff"),
    "behind the code": (TEXT, 0x40100008, "no code at the entry, 0x40100008"),
    "in data": (DATA, 0x3FFE8000, "no code at the entry"),
    "in what is not mapped yet": (IN_FLASH, 0x40210010, "no code at the entry"),
}


@pytest.mark.spec("IMAGE-26")
@pytest.mark.parametrize("name", NOT_STARTED)
def test_pieces_that_no_chip_starts(name: str) -> None:
    piece, entry, words = NOT_STARTED[name]
    with pytest.raises(ImageError, match=words):
        make_image([piece, Segment(0x3FFE9000, b"more")], entry)


@pytest.mark.spec("IMAGE-26")
@pytest.mark.parametrize("entry", [0, 0x40100000, 0x40100007, 0x4000FFFF])
def test_pieces_that_one_does_or_may(entry: int) -> None:
    odd_place = Segment(0x40210011, b"not loaded")
    image, _ = make_image([TEXT, Segment(0x60001000, b"kept"), odd_place], entry)
    assert parse_image(image.data).entry == entry


def test_pieces_of_memory() -> None:
    image, flash = make_image([Segment(0x40100000, b"12345"), IN_FLASH, DATA], entry=0x40100000)
    assert parse_image(image.data).segments == (Segment(0x40100000, b"12345\0\0\0"), DATA)
    assert image.data[:4] == bytes.fromhex("e9020000")
    assert (flash.offset, flash.data) == (0x10010, b"in flash")
    with pytest.raises(ImageError, match="overlap"):
        make_image([TEXT, Segment(0x40100004, b"over")])

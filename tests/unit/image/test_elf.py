# SPDX-License-Identifier: Apache-2.0
"""What is taken from ELF files, and which are refused. IMAGE-17."""

import pytest

from esprom.errors import ImageError
from esprom.image import Segment, parse_elf
from tests.elves import (
    ALLOC,
    ARM,
    EXECUTE,
    INIT_ARRAY,
    NOBITS,
    NOTE,
    RELOCATABLE,
    Section,
    elf,
)

TEXT = Section(0x40100000, b"text1234", ".text", flags=ALLOC | EXECUTE)
DATA = Section(0x3FFE8000, b"abcd")

TAKEN = [  # sections; segments
    ([TEXT, DATA], [(0x40100000, b"text1234"), (0x3FFE8000, b"abcd")]),
    ([Section(0x3FFE8000, b"abcde")], [(0x3FFE8000, b"abcde\0\0\0")]),
    ([Section(0x3FFE8000, b"init", kind=INIT_ARRAY)], [(0x3FFE8000, b"init")]),
    ([Section(0x3FFE8000, b"flag", flags=0)], [(0x3FFE8000, b"flag")]),
    ([DATA, Section(0x3FFE9000, b"note", kind=NOTE)], [(0x3FFE8000, b"abcd")]),
    ([DATA, Section(0x3FFE9000, b"zero", kind=NOBITS)], [(0x3FFE8000, b"abcd")]),
    ([DATA, Section(0, b"debug")], [(0x3FFE8000, b"abcd")]),
    ([Section(0x3FFE8000, b""), DATA], [(0x3FFE8000, b"abcd")]),
    # What fills a word up is overwritten by what is loaded later, and harms nobody.
    (
        [Section(0x3FFE8000, b"abcde"), Section(0x3FFE8005, b"xyz")],
        [(0x3FFE8000, b"abcde\0\0\0"), (0x3FFE8005, b"xyz\0")],
    ),
]


@pytest.mark.spec("IMAGE-17")
@pytest.mark.parametrize(("sections", "segments"), TAKEN)
def test_what_is_taken(sections: list[Section], segments: list[tuple[int, bytes]]) -> None:
    program = parse_elf(elf(sections, entry=0x40100004))
    assert program.entry == 0x40100004
    assert program.segments == tuple(Segment(address, data) for address, data in segments)


@pytest.mark.spec("IMAGE-17")
def test_program_headers_if_that_is_asked_for() -> None:
    file = elf([DATA], segments=[(0x40100000, b"other"), (0, b"nowhere")])
    assert parse_elf(file).segments == (Segment(0x3FFE8000, b"abcd"),)
    assert parse_elf(file, by_segments=True).segments == (Segment(0x40100000, b"other\0\0\0"),)


GOOD = elf([TEXT, DATA])
REFUSED = {
    "empty": (b"", "the file is empty"),
    "text": (b"int main(void) {}", "not an ELF file"),
    "header alone": (GOOD[:52], "the ELF file is damaged"),
    "cut": (GOOD[:60], "the ELF file is damaged"),
    "ARM": (elf([TEXT], machine=ARM), "not for an ESP8266.*EM_ARM"),
    "64 bits": (elf([TEXT], wide=True), "not for an ESP8266|damaged"),
    "object": (elf([TEXT], kind=RELOCATABLE), "no linked program"),
    "nothing": (elf([]), "holds nothing that goes to memory"),
    "overlap": (elf([DATA, Section(0x3FFE8002, b"over")]), "0x3ffe8000 ends at 0x3ffe8004.*0x3ffe8002"),
    "same": (elf([DATA, DATA]), "overlap"),
    "behind all addresses": (elf([Section(0xFFFFFFFC, b"12345")]), "ends at 0x100000004"),
    "filled later": (elf([Section(0x3FFE8005, b"xyz"), Section(0x3FFE8000, b"abcde")]), "overlap"),
}


@pytest.mark.spec("IMAGE-17")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    file, words = REFUSED[name]
    with pytest.raises(ImageError, match=words):
        parse_elf(file)


def test_no_program_headers_are_nothing() -> None:
    with pytest.raises(ImageError, match="nothing that goes to memory"):
        parse_elf(GOOD, by_segments=True)


def test_a_section_that_is_cut_off_is_told() -> None:
    file = bytearray(elf([Section(0x3FFE8000, b"abcd", ".data")]))
    at = file.index((0x3FFE8000).to_bytes(4, "little"), 60) + 8  # of its size, in its header
    file[at : at + 4] = (0x10000).to_bytes(4, "little")
    with pytest.raises(ImageError, match=r"cut short: \.data has 65536 bytes"):
        parse_elf(bytes(file))

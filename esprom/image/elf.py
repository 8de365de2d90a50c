# SPDX-License-Identifier: Apache-2.0
"""What of a linked program is put into memory: its ELF file, read by pyelftools (IMAGE-17).

The rule: whatever the bytes, the outcome is a `Program` or an `ImageError`. pyelftools is loaded when the
first file is read.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from esprom.errors import FileError, ImageError
from esprom.image.layout import END_OF_ADDRESSES, Segment

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

FIRST_BYTES = b"\x7fELF"
WORD = 4  # bytes; what is put into memory is whole words
XTENSA = "EM_XTENSA"
LOADED = (
    "SHT_PROGBITS",
    "SHT_INIT_ARRAY",
    "SHT_FINI_ARRAY",
    "SHT_PREINIT_ARRAY",
)  # they have content


@dataclass(frozen=True, slots=True)
class Program:
    """A program as the linker has placed it.

    Attributes:
        entry: the address to start at.
        segments: what goes where, in the order of the file, each of whole words.
    """

    entry: int
    segments: tuple[Segment, ...]


def parse_elf(data: bytes, *, by_segments: bool = False) -> Program:
    """Return the program in an ELF file.

    Args:
        data: the file.
        by_segments: take what the program headers say, in place of the sections.

    Raises:
        ImageError: it is no ELF file, one for another processor, not linked, damaged, or two parts overlap.
    """
    if not data:
        raise FileError("the file is empty: there is no program in it")
    if not data.startswith(FIRST_BYTES):
        raise ImageError(
            f"not an ELF file: it begins with {data[:4].hex(' ')}, and those with {FIRST_BYTES.hex(' ')}"
        )
    try:
        entry, found = _read(data, by_segments=by_segments)
    except ImageError:
        raise
    except Exception as exc:  # pyelftools lets what struct, construct and its own asserts raise through
        raise ImageError(f"the ELF file is damaged: {exc}") from exc
    return Program(entry, found)


def _read(data: bytes, *, by_segments: bool) -> tuple[int, tuple[Segment, ...]]:
    from elftools.elf.elffile import ELFFile

    elf = ELFFile(io.BytesIO(data))
    _check_kind(elf)
    pieces = _of_headers(elf) if by_segments else _of_sections(elf)
    found = [Segment(address, content) for address, content in pieces]
    if not found:
        raise ImageError("the ELF file holds nothing that goes to memory: is it the linked program?")
    check_places(found)
    return int(elf.header["e_entry"]), tuple(whole_words(segment) for segment in found)


def _check_kind(elf: "ELFFile") -> None:
    machine = elf.header["e_machine"]
    if machine != XTENSA or elf.elfclass != 32 or not elf.little_endian:
        raise ImageError(
            "the program is not for an ESP8266, which is a 32-bit little-endian Xtensa: its ELF file is for"
            f" {machine} ({elf.elfclass}-bit, {'little' if elf.little_endian else 'big'}-endian)"
        )
    if elf.header["e_type"] != "ET_EXEC":
        raise ImageError(
            f"the ELF file is no linked program ({elf.header['e_type']}): give the file that the linker wrote"
        )


def _of_sections(elf: "ELFFile") -> Iterator[tuple[int, bytes]]:
    for section in elf.iter_sections():
        if section["sh_type"] in LOADED and section["sh_addr"] and section["sh_size"]:
            yield section["sh_addr"], _whole(section.data(), section["sh_size"], section.name)


def _of_headers(elf: "ELFFile") -> Iterator[tuple[int, bytes]]:
    for number, segment in enumerate(elf.iter_segments(), 1):
        if segment["p_type"] == "PT_LOAD" and segment["p_vaddr"] and segment["p_filesz"]:
            yield segment["p_vaddr"], _whole(segment.data(), segment["p_filesz"], f"program header {number}")


def _whole(content: bytes, size: int, name: str) -> bytes:
    if len(content) != size:
        raise ImageError(f"the ELF file is cut short: {name} has {size} bytes, and {len(content)} are there")
    return content


def whole_words(segment: Segment) -> Segment:
    """Return the segment with zeroes up to a whole word."""
    return Segment(segment.address, segment.data + bytes(-len(segment.data) % WORD))


def check_places(found: Sequence[Segment]) -> None:
    """Raise ImageError where a part ends behind 32-bit addresses, or would overwrite another.

    What fills the last word of a part overwrites only those that come before it in the file.
    """
    for part in map(whole_words, found):
        if part.address < 0 or part.end > END_OF_ADDRESSES:
            raise ImageError(
                f"the part at {part.address:#x} ends at {part.end:#x}: addresses reach from 0 to"
                f" {END_OF_ADDRESSES - 1:#x}"
            )
    ordered = sorted(enumerate(found), key=lambda item: item[1].address)
    for (place, first), (other, second) in pairwise(ordered):
        filled = whole_words(first) if place > other else first
        end = filled.end
        if second.address < end:
            raise ImageError(
                f"two parts of the program overlap: the one at 0x{first.address:x} ends at 0x{end:x},"
                f" and another begins at 0x{second.address:x}; place them apart"
            )

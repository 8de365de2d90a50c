# SPDX-License-Identifier: Apache-2.0
"""Small ELF files, section by section, for what a compiler does not make on demand."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

XTENSA, ARM = 94, 40  # e_machine
EXECUTABLE, RELOCATABLE = 2, 1  # e_type
PROGBITS, NOTE, NOBITS, INIT_ARRAY = 1, 7, 8, 14  # sh_type
WRITE, ALLOC, EXECUTE = 1, 2, 4  # sh_flags
LOAD = 1  # p_type
HEADER, PROGRAM_HEADER, SECTION_HEADER = 52, 32, 40  # bytes


@dataclass(frozen=True, slots=True)
class Section:
    """A section as its header says it is."""

    address: int
    data: bytes
    name: str = ".data"
    kind: int = PROGBITS
    flags: int = ALLOC | WRITE


def elf(
    sections: Sequence[Section],
    *,
    entry: int = 0x40100000,
    machine: int = XTENSA,
    kind: int = EXECUTABLE,
    segments: Sequence[tuple[int, bytes]] = (),
    wide: bool = False,
) -> bytes:
    """Return the file; `segments` are program headers of their own, not made of the sections."""
    names = b"\0" + b"".join(section.name.encode() + b"\0" for section in sections) + b".shstrtab\0"
    body = bytearray(HEADER + PROGRAM_HEADER * len(segments))
    programs = b""
    for address, data in segments:
        programs += struct.pack("<8I", LOAD, len(body), address, address, len(data), len(data), 5, 4)
        body += data
    headers, at = bytes(SECTION_HEADER), 1
    for section in sections:
        place, size = len(body), len(section.data)
        headers += struct.pack(
            "<10I", at, section.kind, section.flags, section.address, place, size, 0, 0, 1, 0
        )
        body += b"" if section.kind == NOBITS else section.data
        at += len(section.name) + 1
    headers += struct.pack("<10I", at, 3, 0, 0, len(body), len(names), 0, 0, 1, 0)
    body += names
    body += bytes(-len(body) % 4)
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]).ljust(12, b"\0")
    counts = (HEADER, PROGRAM_HEADER, len(segments), SECTION_HEADER, len(sections) + 2, len(sections) + 1)
    programs_at = HEADER if segments else 0
    head = identity + struct.pack(
        "<HHIIIIIHHHHHH", kind, machine, 1, entry, programs_at, len(body), 0x300, *counts
    )
    body[:HEADER] = head
    body[HEADER : HEADER + len(programs)] = programs
    return bytes(body) + headers

# SPDX-License-Identifier: Apache-2.0
"""File systems for flashes: LittleFS by the library itself, the beginnings of the others by their formats."""

import struct
from collections.abc import Mapping

PAGE = 256
BLOCK = 0x1000


def littlefs(size: int, files: Mapping[str, bytes]) -> bytes:
    """Return a LittleFS with files, as the reference code in `littlefs-python` writes it."""
    from littlefs import LittleFS

    made = LittleFS(block_size=BLOCK, block_count=size // BLOCK)
    for name, content in files.items():
        with made.open(name, "wb") as file:
            file.write(content)
    return bytes(made.context.buffer)


def spiffs(size: int, *, block: int, with_length: bool = True) -> bytes:
    """Return a SPIFFS without files: look-up pages of free entries, with the magic of each block."""
    data = bytearray(b"\xff" * size)
    blocks = size // block
    pages = max(1, block // PAGE * 2 // PAGE)
    for number in range(blocks):
        left = blocks - number if with_length else 0
        magic = (0x20140529 ^ PAGE ^ left) & 0xFFFF
        struct.pack_into("<H", data, number * block + pages * PAGE - 4, magic)
    return bytes(data)


def fat(size: int) -> bytes:
    """Return a FAT's boot sector, and blank sectors."""
    head = b"\xeb\xfe\x90MSDOS5.0" + struct.pack("<HBHBHHB", BLOCK, 1, 1, 1, 512, size // BLOCK, 0xF8)
    sector = head.ljust(510, b"\0") + b"\x55\xaa"
    return sector.ljust(size, b"\xff")

# SPDX-License-Identifier: Apache-2.0
"""File systems in a flash, recognised by what each writes where it begins.

SPIFFS: the entry before the last of a block's look-up pages is 0x20140529 xor page size, and in the usual
configuration xor the blocks that are left (spiffs_nucleus.h, SPIFFS_MAGIC; pages of 256 bytes). LittleFS 2:
the name "littlefs" and the superblock behind it (its SPEC.md). FAT: a BIOS parameter block and 55 AA
(Microsoft's specification of FAT).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from construct import Bytes, Const, Int8ul, Int16ul, Int32ul, Padding, Struct

from esprom.flash.geometry import SECTOR, round_up

SPIFFS_MAGIC = 0x20140529
SPIFFS_PAGE = 256
SPIFFS_ENTRY = 2  # bytes of the look-up table, for a page
SPIFFS_BLOCKS = (0x1000, 0x2000, 0x10000)
FEWEST_SPIFFS_BLOCKS, MOST_SPIFFS_BLOCKS = 3, 4096  # fewer have the magic by chance
LITTLEFS_NAME = b"littlefs"
FAT_SECTORS = (512, 1024, 2048, 4096)

LITTLEFS = Struct(
    "revision" / Int32ul,
    "tag" / Bytes(4),
    "name" / Const(LITTLEFS_NAME),
    "inline" / Bytes(4),
    "version" / Int32ul,
    "block_size" / Int32ul,
    "block_count" / Int32ul,
)
FAT = Struct(
    "jump" / Bytes(3),
    "maker" / Bytes(8),
    "sector" / Int16ul,
    "cluster" / Int8ul,
    "reserved" / Int16ul,
    "tables" / Int8ul,
    Padding(2),
    "sectors" / Int16ul,
)
BOOT_SIGNATURE = slice(510, 512)


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system."""

    name: str
    offset: int
    size: int  # bytes
    detail: str


def filesystems(data: bytes) -> Iterator[FileSystem]:
    """Yield what begins at a sector, in the order of addresses, none inside another."""
    end = 0
    for at in range(0, len(data) - SECTOR + 1, SECTOR):
        if at < end:
            continue
        found = _littlefs(data, at) or _fat(data, at) or _spiffs(data, at)
        if found is not None:
            end = found.offset + found.size
            yield found


def _littlefs(data: bytes, at: int) -> FileSystem | None:
    if data[at + 8 : at + 8 + len(LITTLEFS_NAME)] != LITTLEFS_NAME:
        return None
    found = LITTLEFS.parse(data[at : at + SECTOR])
    size = found.block_size * found.block_count
    if not size or at + size > len(data):
        return None
    version = f"{found.version >> 16}.{found.version & 0xFFFF}"
    return FileSystem(
        "LittleFS", at, _whole(data, at, size), f"version {version}, blocks of {found.block_size} bytes"
    )


def _fat(data: bytes, at: int) -> FileSystem | None:
    if data[at : at + SECTOR][BOOT_SIGNATURE] != b"\x55\xaa":
        return None
    found = FAT.parse(data[at : at + SECTOR])
    size = found.sector * found.sectors
    plausible = found.jump[0] in (0xEB, 0xE9) and found.sector in FAT_SECTORS and found.tables in (1, 2)
    if not plausible or not size or at + size > len(data):
        return None
    return FileSystem("FAT", at, _whole(data, at, size), f"sectors of {found.sector} bytes")


def _whole(data: bytes, at: int, size: int) -> int:
    """Return the size in whole sectors, as far as there are any."""
    return min(round_up(size, SECTOR), len(data) - at)


def _spiffs(data: bytes, at: int) -> FileSystem | None:
    """All blocks must have the magic: with the number of those that are left, or the same in each."""
    for block in SPIFFS_BLOCKS:
        left = _spiffs_magic(data, at, block)
        if left is None or left > MOST_SPIFFS_BLOCKS:
            continue
        if left == 0:  # nothing tells how many there are: those that follow
            while _spiffs_magic(data, at + left * block, block) == 0:
                left += 1
            good = True
        else:
            good = all(_spiffs_magic(data, at + n * block, block) == left - n for n in range(1, left))
        if good and left >= FEWEST_SPIFFS_BLOCKS:
            return FileSystem("SPIFFS", at, left * block, f"blocks of {block} bytes")
    return None


def _spiffs_magic(data: bytes, at: int, block: int) -> int | None:
    """Return what the magic of a block is xored with beside the page size; None behind the end."""
    pages = max(1, block // SPIFFS_PAGE * SPIFFS_ENTRY // SPIFFS_PAGE)  # of the look-up table
    if at + block > len(data):
        return None
    (magic,) = struct.unpack_from("<H", data, at + pages * SPIFFS_PAGE - 2 * SPIFFS_ENTRY)
    return int(magic) ^ (SPIFFS_MAGIC & 0xFFFF) ^ SPIFFS_PAGE

# SPDX-License-Identifier: Apache-2.0
"""UF2, the files that boards with a USB drive flash themselves from: blocks of 512 bytes (IMAGE-20).

Source: the format's public description (github.com/microsoft/uf2), and for what the family means by its
checksum what esptool 5.6.0 writes: behind each block's payload, its address, its size and its MD5.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from construct import Bytes, Const, Int32ul

from esprom.errors import ImageError, MalformedPacket
from esprom.image.layout import Segment
from esprom.protocol.record import Record

FAMILY = 0x7EAB61ED  # of the ESP8266
FIRST_BYTES = b"UF2\n"  # of each block
BLOCK = 512  # bytes
NOT_FLASH, HAS_FAMILY, HAS_MD5 = 0x1, 0x2000, 0x4000  # flags
ROOM = 476  # bytes of a block for the payload and its checksum
CHECKSUM = 24  # bytes
WORD = 4


@dataclass(frozen=True, slots=True)
class Uf2Block:
    """A block."""

    flags: int
    address: int  # in the flash
    size: int  # of the payload, in bytes
    number: int  # of this block, from 0
    blocks: int  # in all
    family: int
    data: bytes  # the payload, its checksum, zeroes


UF2_BLOCK = Record(
    Uf2Block,
    "magic" / Const(0x0A324655, Int32ul),
    "magic_2" / Const(0x9E5D5157, Int32ul),
    "flags" / Int32ul,
    "address" / Int32ul,
    "size" / Int32ul,
    "number" / Int32ul,
    "blocks" / Int32ul,
    "family" / Int32ul,
    "data" / Bytes(ROOM),
    "end" / Const(0x0AB16F30, Int32ul),
)


@dataclass(frozen=True, slots=True)
class Uf2Checksum:
    """What stands behind a payload."""

    address: int
    size: int
    md5: bytes


UF2_CHECKSUM = Record(Uf2Checksum, "address" / Int32ul, "size" / Int32ul, "md5" / Bytes(16))


def is_uf2(data: bytes) -> bool:
    """Tell whether a file is UF2."""
    return data.startswith(FIRST_BYTES)


def parse_uf2(data: bytes) -> tuple[Segment, ...]:
    """Return the runs of data without a gap, by address.

    Raises ImageError where it is damaged, or not for an ESP8266. The checksums are not looked at.
    """
    runs: list[tuple[int, bytearray]] = []
    for block in sorted(_parsed(data), key=lambda block: block.address):
        payload = block.data[: block.size]
        if runs and runs[-1][0] + len(runs[-1][1]) == block.address:
            runs[-1][1].extend(payload)
        else:
            runs.append((block.address, bytearray(payload)))
    if not runs:
        raise ImageError("there is nothing for the flash in the UF2 file")
    return tuple(Segment(address, bytes(payload)) for address, payload in runs)


def _parsed(data: bytes) -> Iterable[Uf2Block]:
    for at in range(0, len(data), BLOCK):
        try:
            block = UF2_BLOCK.parse(data[at : at + BLOCK])
        except MalformedPacket as exc:
            raise ImageError(f"the UF2 is damaged: what begins at 0x{at:x} is no block of it") from exc
        if block.flags & HAS_FAMILY and block.family != FAMILY:
            raise ImageError(f"the UF2 is for another chip: its family is 0x{block.family:08x}")
        if not block.flags & NOT_FLASH:
            yield block


def build_uf2(segment: Segment, *, chunk: int | None = None, md5: bool = True) -> bytes:
    """Return one piece of data as blocks.

    Args:
        segment: the piece, by its address in the flash.
        chunk: bytes of payload in a block, a multiple of 4; None for as many as there is room for.
        md5: whether each block has the checksum.

    Raises:
        ValueError: there is no room for such a chunk.
    """
    most = ROOM - CHECKSUM if md5 else ROOM
    size = most if chunk is None else chunk
    if size % WORD or not WORD <= size <= most:
        raise ValueError(f"a block of UF2 takes 4 to {most} bytes, in multiples of 4, and not {size}")
    return b"".join(UF2_BLOCK.build(block) for block in _blocks(segment, size, md5=md5))


def _blocks(segment: Segment, size: int, *, md5: bool) -> Iterator[Uf2Block]:
    places = range(0, len(segment.data), size)
    flags = HAS_FAMILY | (HAS_MD5 if md5 else 0)
    for number, at in enumerate(places):
        payload, address = segment.data[at : at + size], segment.address + at
        checksum = Uf2Checksum(address, len(payload), hashlib.md5(payload).digest())
        data = payload + (UF2_CHECKSUM.build(checksum) if md5 else b"")
        yield Uf2Block(flags, address, len(payload), number, len(places), FAMILY, data.ljust(ROOM, b"\0"))

# SPDX-License-Identifier: Apache-2.0
"""SFDP, by which a flash chip describes itself: the layouts, declared once, and their reading.

Source: JEDEC JESD216 (the first edition's nine DWORDs of the basic table; later editions append to
them and change none). Numbers are little-endian. The virtual chips build their tables with these
layouts, the host reads real ones with them; from bytes off the wire only MalformedPacket comes out.
"""

from dataclasses import dataclass
from typing import Any

from construct import (
    Array,
    Const,
    Construct,
    ExprAdapter,
    Int8ul,
    Int16ul,
    Int24ul,
    Int32ul,
    Sequence,
    Struct,
    ValidationError,
)

from esprom.errors import MalformedPacket
from esprom.protocol.record import Record

SIGNATURE = b"SFDP"
DWORD = 4  # bytes
LARGEST_EXPONENT = 40  # 2**40 bits; a larger claim is junk


@dataclass(frozen=True, slots=True)
class Header:
    """The first eight bytes."""

    minor: int
    major: int
    last_parameter: int  # parameter headers that follow, less one
    access: int = 0xFF  # 0xFF: 24-bit address and eight dummy clocks


HEADER = Record(
    Header,
    "signature" / Const(SIGNATURE),
    "minor" / Int8ul,
    "major" / Int8ul,
    "last_parameter" / Int8ul,
    "access" / Int8ul,
)


@dataclass(frozen=True, slots=True)
class ParameterHeader:
    """Where a parameter table lies. The first is by rule that of the basic table."""

    id_low: int  # 0x00 for tables of JEDEC's, else the manufacturer
    minor: int
    major: int
    dwords: int
    pointer: int  # address of the table in the SFDP space
    id_high: int = 0xFF


PARAMETER_HEADER = Record(
    ParameterHeader,
    "id_low" / Int8ul,
    "minor" / Int8ul,
    "major" / Int8ul,
    "dwords" / Int8ul,
    "pointer" / Int24ul,
    "id_high" / Int8ul,
)


@dataclass(frozen=True, slots=True)
class FastRead:
    """How one of the multi-line reads is done; all zero where the chip has no such read."""

    clocks: int  # wait states in bits 4:0, mode clocks in bits 7:5
    opcode: int


@dataclass(frozen=True, slots=True)
class EraseType:
    """One of the four erase commands; both zero where there are fewer."""

    exponent: int  # the command erases 2**exponent bytes
    opcode: int


def _pair(kind: type[FastRead] | type[EraseType]) -> "Construct[Any, Any]":
    """Two bytes that become one value of `kind`."""
    first, second = kind.__slots__
    return ExprAdapter(
        Sequence(Int8ul, Int8ul),
        decoder=lambda found, _: kind(*found),
        encoder=lambda value, _: [getattr(value, first), getattr(value, second)],
    )


def _size_of(density: int, _context: object) -> int:
    """Return bytes for the density DWORD: bits less one, or from 4 Gbit on an exponent of two."""
    exponent = density & 0x7FFFFFFF
    if density == exponent:
        bits = density + 1
    elif exponent <= LARGEST_EXPONENT:
        bits = 1 << exponent
    else:
        raise ValidationError(f"a density of 2**{exponent} bits")
    if bits % 8:
        raise ValidationError(f"a density of {bits} bits, which is no whole number of bytes")
    return bits // 8


def _density_of(size: int, _context: object) -> int:
    bits = size * 8
    return bits - 1 if bits <= 1 << 31 else 1 << 31 | bits.bit_length() - 1


@dataclass(frozen=True, slots=True)
class BasicTable:
    """The basic flash parameter table: DWORDs 1 to 9."""

    features: int  # bits 1:0 = 1: 4 KiB erase everywhere; bit 2: programs 64 bytes or more at once
    erase_4k_opcode: int
    read_modes: int  # which of the reads below exist
    size: int  # bytes
    read_144: FastRead  # lines for opcode, address, data
    read_114: FastRead
    read_112: FastRead
    read_122: FastRead
    more_read_modes: int  # bit 0: 2-2-2, bit 4: 4-4-4
    read_222: FastRead
    read_444: FastRead
    erase_types: tuple[EraseType, ...]  # four
    reserved_1: int = 0xFF
    reserved_6: int = 0xFFFF
    reserved_7: int = 0xFFFF


BASIC_TABLE = Record(
    BasicTable,
    "features" / Int8ul,
    "erase_4k_opcode" / Int8ul,
    "read_modes" / Int8ul,
    "reserved_1" / Int8ul,
    "size" / ExprAdapter(Int32ul, decoder=_size_of, encoder=_density_of),
    "read_144" / _pair(FastRead),
    "read_114" / _pair(FastRead),
    "read_112" / _pair(FastRead),
    "read_122" / _pair(FastRead),
    "more_read_modes" / Int32ul,
    "reserved_6" / Int16ul,
    "read_222" / _pair(FastRead),
    "reserved_7" / Int16ul,
    "read_444" / _pair(FastRead),
    "erase_types"
    / ExprAdapter(
        Array(4, _pair(EraseType)),
        decoder=lambda found, _: tuple(found),
        encoder=lambda value, _: list(value),
    ),
)

HEADER_SIZE = Struct(*HEADER.layout).sizeof()
PARAMETER_HEADER_SIZE = Struct(*PARAMETER_HEADER.layout).sizeof()
BASIC_TABLE_SIZE = Struct(*BASIC_TABLE.layout).sizeof()
FIRST_READ_SIZE = HEADER_SIZE + PARAMETER_HEADER_SIZE  # bytes that `basic_header` needs


@dataclass(frozen=True, slots=True)
class Sfdp:
    """What a chip says of itself."""

    header: Header
    basic_header: ParameterHeader
    basic: BasicTable


def basic_header(data: bytes) -> ParameterHeader:
    """Return where the basic table lies, from the first FIRST_READ_SIZE bytes or more.

    Raises:
        MalformedPacket: there is no SFDP here (a chip without answers 0x00 or 0xFF), or the basic
            table is shorter than any edition of the standard has it.
    """
    HEADER.parse(data[:HEADER_SIZE])
    found = PARAMETER_HEADER.parse(data[HEADER_SIZE:FIRST_READ_SIZE])
    if found.dwords * DWORD < BASIC_TABLE_SIZE:
        raise MalformedPacket(f"SFDP: a basic table of {found.dwords} DWORDs, where JESD216 has nine or more")
    return found


def parse(data: bytes) -> Sfdp:
    """Return what the SFDP space from address 0 on says. Raises MalformedPacket."""
    where = basic_header(data)
    table = data[where.pointer : where.pointer + BASIC_TABLE_SIZE]
    if len(table) < BASIC_TABLE_SIZE:
        raise MalformedPacket(f"SFDP: the basic table at 0x{where.pointer:x} lies past the {len(data)} bytes")
    return Sfdp(HEADER.parse(data[:HEADER_SIZE]), where, BASIC_TABLE.parse(table))


def density(data: bytes) -> int | None:
    """Return the chip's size in bytes, or None where the SFDP space says nothing that makes sense."""
    try:
        return parse(data).basic.size
    except MalformedPacket:
        return None

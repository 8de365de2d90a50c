# SPDX-License-Identifier: Apache-2.0
"""Every packet of the serial bootloader, declared once (PROTO-1 to PROTO-4, BODY-*).

The only file of the protocol that knows how a packet is laid out. All numbers are little-endian.
Sources: the mask ROM's own reads of its packet buffer; for stub loaders, their observed behaviour.
A dataclass is what a packet means; the `Record` of the same name in capitals is how it is laid out.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from construct import (
    Bytes,
    Const,
    Construct,
    Default,
    ExprAdapter,
    Int8ul,
    Int16ul,
    Int32ul,
    Rebuild,
    len_,
    this,
)

from esprom.protocol.record import Record

SYNC_MAGIC = 0x20120707
GREETING = b"OHAI"  # the frame in which every stub loader says that it has started
SYNC_FILL = b"\x55" * 32  # 0x55 toggles the line at every bit, which is what the autobaud measures


class OpenIntEnum(IntEnum):
    """An enumeration that an unknown wire value joins as UNKNOWN_0x77 instead of failing."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_0x{value:02x}"
        member._value_ = value
        return member


class Command(OpenIntEnum):
    """The opcodes (PROTO-2). 0x0C is assigned by no loader of any ESP chip; 0xE0 on are our stub's."""

    FLASH_BEGIN = 0x02
    FLASH_DATA = 0x03
    FLASH_END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    SPI_SET_PARAMS = 0x0B
    SPI_ATTACH = 0x0D
    READ_FLASH_SLOW = 0x0E
    CHANGE_BAUDRATE = 0x0F
    FLASH_DEFL_BEGIN = 0x10
    FLASH_DEFL_DATA = 0x11
    FLASH_DEFL_END = 0x12
    SPI_FLASH_MD5 = 0x13
    GET_SECURITY_INFO = 0x14
    ERASE_FLASH = 0xD0
    ERASE_REGION = 0xD1
    READ_FLASH = 0xD2
    RUN_USER_CODE = 0xD3
    INFO = 0xE0
    ECHO = 0xE1
    DIGESTS = 0xE2
    STREAM = 0xE3
    STREAM_FRAME = 0xE4
    STREAM_CONTROL = 0xE5
    PUT = 0xE6
    ERASE = 0xE7
    TRY_BAUDRATE = 0xE8


CommandField: "Construct[Command, Command]" = ExprAdapter(
    Int8ul, decoder=lambda value, _: Command(value), encoder=lambda member, _: int(member)
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request packet, host to device (PROTO-3)."""

    command: Command
    checksum: int  # of the data block for commands that carry one, else 0
    body: bytes


REQUEST = Record(
    Request,
    "direction" / Const(0x00, Int8ul),
    "command" / CommandField,
    "size" / Rebuild(Int16ul, len_(this.body)),
    "checksum" / Int32ul,
    "body" / Bytes(this.size),
)


@dataclass(frozen=True, slots=True)
class Response:
    """A response packet, device to host (PROTO-4)."""

    command: Command
    value: int  # what READ_REG read; not to be relied on in other responses
    body: bytes  # ends in the status bytes


RESPONSE = Record(
    Response,
    "direction" / Const(0x01, Int8ul),
    "command" / CommandField,
    "size" / Rebuild(Int16ul, len_(this.body)),
    "value" / Int32ul,
    "body" / Bytes(this.size),
)


@dataclass(frozen=True, slots=True)
class Empty:
    """The body of a command that needs none."""


EMPTY = Record(Empty)


@dataclass(frozen=True, slots=True)
class Sync:
    """SYNC: the magic word comes back as the response's value from the ROM loader (BODY-SYNC)."""

    magic: int = SYNC_MAGIC
    fill: bytes = SYNC_FILL


SYNC = Record(Sync, "magic" / Int32ul, "fill" / Bytes(32))


@dataclass(frozen=True, slots=True)
class ReadReg:
    """READ_REG: one aligned 32-bit load (BODY-READ-REG)."""

    address: int


READ_REG = Record(ReadReg, "address" / Int32ul)


@dataclass(frozen=True, slots=True)
class RegisterWrite:
    """One record of WRITE_REG: wait, then `(old & ~mask) | (value & mask)` (BODY-WRITE-REG)."""

    address: int
    value: int
    mask: int = 0xFFFFFFFF
    delay_us: int = 0  # the ROM uses the low 16 bits


REGISTER_WRITE = Record(
    RegisterWrite, "address" / Int32ul, "value" / Int32ul, "mask" / Int32ul, "delay_us" / Int32ul
)


@dataclass(frozen=True, slots=True)
class WriteReg:
    """WRITE_REG: any number of records, done in order."""

    writes: tuple[RegisterWrite, ...]


WRITE_REG = Record(WriteReg, "writes" / REGISTER_WRITE.repeated())


@dataclass(frozen=True, slots=True)
class MemBegin:
    """MEM_BEGIN: what is about to be stored in RAM (BODY-MEM-BEGIN)."""

    size: int  # bytes in all
    blocks: int
    block_size: int  # bytes, at most
    address: int


MEM_BEGIN = Record(
    MemBegin, "size" / Int32ul, "blocks" / Int32ul, "block_size" / Int32ul, "address" / Int32ul
)


@dataclass(frozen=True, slots=True)
class FlashBegin:
    """FLASH_BEGIN and FLASH_DEFL_BEGIN (BODY-FLASH-BEGIN)."""

    erase_size: int  # bytes; FLASH_DEFL_BEGIN: uncompressed size
    blocks: int
    block_size: int  # bytes, at most
    offset: int


FLASH_BEGIN = Record(
    FlashBegin, "erase_size" / Int32ul, "blocks" / Int32ul, "block_size" / Int32ul, "offset" / Int32ul
)


@dataclass(frozen=True, slots=True)
class DataBlock:
    """MEM_DATA, FLASH_DATA and FLASH_DEFL_DATA: a numbered block (BODY-DATA).

    The checksum of `data` travels in the packet's header.
    """

    sequence: int
    data: bytes


DATA_BLOCK = Record(
    DataBlock,
    "length" / Rebuild(Int32ul, len_(this.data)),
    "sequence" / Int32ul,
    "reserved" / Default(Bytes(8), bytes(8)),
    "data" / Bytes(this.length),
)


@dataclass(frozen=True, slots=True)
class MemEnd:
    """MEM_END: stay in the loader, or jump (BODY-MEM-END)."""

    stay: int  # 0 jumps to `entry`; the ROM looks at the low byte alone
    entry: int


MEM_END = Record(MemEnd, "stay" / Int32ul, "entry" / Int32ul)


@dataclass(frozen=True, slots=True)
class FlashEnd:
    """FLASH_END and FLASH_DEFL_END. The ROM ignores the flag and always leaves (BODY-FLASH-END)."""

    stay: int


FLASH_END = Record(FlashEnd, "stay" / Int32ul)


@dataclass(frozen=True, slots=True)
class SpiSetParams:
    """SPI_SET_PARAMS: the flash geometry that the loader believes in (BODY-SPI-PARAMS)."""

    flash_id: int
    chip_size: int  # bytes, as all sizes here
    block_size: int = 0x10000
    sector_size: int = 0x1000
    page_size: int = 0x100
    status_mask: int = 0xFFFF


SPI_SET_PARAMS = Record(
    SpiSetParams,
    "flash_id" / Int32ul,
    "chip_size" / Int32ul,
    "block_size" / Int32ul,
    "sector_size" / Int32ul,
    "page_size" / Int32ul,
    "status_mask" / Int32ul,
)


@dataclass(frozen=True, slots=True)
class SpiAttach:
    """SPI_ATTACH: stub only on this chip, which ignores the argument (BODY-SPI-ATTACH)."""

    pins: int = 0


SPI_ATTACH = Record(SpiAttach, "pins" / Int32ul)


@dataclass(frozen=True, slots=True)
class ReadFlashSlow:
    """READ_FLASH_SLOW: of later chips' ROMs; no ESP8266 loader has it (BODY-READ-SLOW)."""

    offset: int
    size: int  # bytes, at most 64


READ_FLASH_SLOW = Record(ReadFlashSlow, "offset" / Int32ul, "size" / Int32ul)


@dataclass(frozen=True, slots=True)
class ChangeBaudrate:
    """CHANGE_BAUDRATE: stub only on this chip (BODY-BAUD)."""

    new: int
    old: int


CHANGE_BAUDRATE = Record(ChangeBaudrate, "new" / Int32ul, "old" / Int32ul)


@dataclass(frozen=True, slots=True)
class FlashRegion:
    """ERASE_REGION: both multiples of the sector size (BODY-REGION)."""

    offset: int
    size: int


ERASE_REGION = Record(FlashRegion, "offset" / Int32ul, "size" / Int32ul)


@dataclass(frozen=True, slots=True)
class FlashMd5:
    """SPI_FLASH_MD5 (BODY-MD5)."""

    offset: int
    size: int


SPI_FLASH_MD5 = Record(
    FlashMd5, "offset" / Int32ul, "size" / Int32ul, "reserved" / Default(Bytes(8), bytes(8))
)


@dataclass(frozen=True, slots=True)
class Md5Digest:
    """What SPI_FLASH_MD5 answers before the status bytes: 16 raw bytes from the stub loaders."""

    digest: bytes


MD5_DIGEST = Record(Md5Digest, "digest" / Bytes(16))


@dataclass(frozen=True, slots=True)
class ReadFlash:
    """READ_FLASH: the data follow as frames without packet header (BODY-READ-FLASH)."""

    offset: int
    size: int
    block_size: int  # bytes a frame
    in_flight: int  # frames that may be unacknowledged; the known stubs keep to one


READ_FLASH = Record(
    ReadFlash, "offset" / Int32ul, "size" / Int32ul, "block_size" / Int32ul, "in_flight" / Int32ul
)


@dataclass(frozen=True, slots=True)
class ReadFlashAck:
    """A frame of the host's during READ_FLASH: how many bytes it has so far (BODY-READ-ACK)."""

    received: int  # bytes, cumulative


READ_FLASH_ACK = Record(ReadFlashAck, "received" / Int32ul)

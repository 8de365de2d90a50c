# SPDX-License-Identifier: Apache-2.0
"""Packets as others have sent them: (name, value, bytes), with where the bytes are from.

Host and virtual board share `esprom.protocol.packets`, so what the two say to each other proves no byte
table. These bytes do. `VECTOR` names a golden vector and the chunk in it (the mask ROM, executed in an
interpreter with modelled peripherals; a test looks them up there), `TOOL` what esptool 5.6.0 writes to its
stub loader on this chip (recorded from its port), `STUB` the form in which stub loaders were observed to
answer.
"""

from dataclasses import dataclass

from esprom.protocol import packets
from esprom.protocol.packets import Command
from esprom.protocol.status import Status

DATA_64 = bytes.fromhex(
    "f5b165224a58b791df6af1d8303e61cdc4bb86c3d1c427103c344c4189eb2f1e"
    "7bd5d47e446fcec2a3d811736110e5781bcccea696762e6116c6e9c92d99bf35"
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request: what is meant, and its frame on the wire."""

    name: str
    command: Command
    body: object
    frame: bytes
    vector: str | None = None  # None: TOOL
    chunk: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """A response: what it says, and its frame on the wire."""

    name: str
    command: Command
    value: int
    answer: bytes
    status: Status
    frame: bytes
    vector: str | None = None  # None: STUB
    chunk: int = 0


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text)


REQUESTS = [
    Request(
        "SYNC",
        Command.SYNC,
        packets.Sync(),
        _bytes("c0 00 08 2400 00000000 07071220" + "55" * 32 + "c0"),
        "sync/one",
    ),
    Request(
        "SYNC with another word",
        Command.SYNC,
        packets.Sync(0xDEADBEEF),
        _bytes("c0 00 08 2400 00000000 efbeadde" + "55" * 32 + "c0"),
        "sync/val-is-payload",
        1,
    ),
    Request(
        "READ_REG",
        Command.READ_REG,
        packets.ReadReg(0x40000080),
        _bytes("c0 00 0a 0400 00000000 80000040 c0"),
        "read/rom",
    ),
    Request(
        "READ_REG, escaped",
        Command.READ_REG,
        packets.ReadReg(0x3FFFC000),
        _bytes("c0 00 0a 0400 00000000 00dbdcff3f c0"),
        "read/romdata",
        1,
    ),
    Request(
        "WRITE_REG",
        Command.WRITE_REG,
        packets.WriteReg((packets.RegisterWrite(0x3FFE8010, 0xFFFFFFFF, 0x00FF00F0, 0),)),
        _bytes("c0 00 09 1000 00000000 1080fe3f ffffffff f000ff00 00000000 c0"),
        "write/mask",
    ),
    Request(
        "WRITE_REG, three at once",
        Command.WRITE_REG,
        packets.WriteReg(tuple(packets.RegisterWrite(0x3FFE800C + 4 * i, i) for i in (1, 2, 3))),
        _bytes(
            "c0 00 09 3000 00000000 1080fe3f 01000000 ffffffff 00000000 1480fe3f 02000000 ffffffff 00000000"
            "1880fe3f 03000000 ffffffff 00000000 c0"
        ),
        "write/many",
    ),
    Request(
        "WRITE_REG with a delay",
        Command.WRITE_REG,
        packets.WriteReg((packets.RegisterWrite(0x3FFE8010, 5, delay_us=1000),)),
        _bytes("c0 00 09 1000 00000000 1080fe3f 05000000 ffffffff e8030000 c0"),
        "write/delay",
    ),
    Request(
        "MEM_BEGIN",
        Command.MEM_BEGIN,
        packets.MemBegin(0x80, 2, 0x40, 0x3FFE8000),
        _bytes("c0 00 05 1000 00000000 80000000 02000000 40000000 0080fe3f c0"),
        "mem/ok",
    ),
    Request(
        "MEM_DATA",
        Command.MEM_DATA,
        packets.DataBlock(0, DATA_64),
        _bytes("c0 00 07 5000 a0000000 40000000 00000000 0000000000000000" + DATA_64.hex() + "c0"),
        "mem/ok",
        1,
    ),
    Request(
        "MEM_DATA, a short last block",
        Command.MEM_DATA,
        packets.DataBlock(1, DATA_64[:16]),
        _bytes("c0 00 07 2000 e6000000 10000000 01000000 0000000000000000" + DATA_64[:16].hex() + "c0"),
        "mem/last-short",
        2,
    ),
    Request(
        "MEM_DATA, empty",
        Command.MEM_DATA,
        packets.DataBlock(1, b""),
        _bytes("c0 00 07 1000 ef000000 00000000 01000000 0000000000000000 c0"),
        "mem/len-0",
        2,
    ),
    Request(
        "MEM_END",
        Command.MEM_END,
        packets.MemEnd(1, 0x40100004),
        _bytes("c0 00 06 0800 00000000 01000000 04001040 c0"),
        "mem/end-no-run",
    ),
    Request(
        "FLASH_BEGIN",
        Command.FLASH_BEGIN,
        packets.FlashBegin(0x800, 2, 0x400, 0),
        _bytes("c0 00 02 1000 00000000 00080000 02000000 00040000 00000000 c0"),
        "flash/end-incomplete",
    ),
    Request(
        "FLASH_BEGIN at an offset",
        Command.FLASH_BEGIN,
        packets.FlashBegin(0x2000, 1, 0x100, 0x3FF000),
        _bytes("c0 00 02 1000 00000000 00200000 01000000 00010000 00f03f00 c0"),
        "flash/begin-past-end",
    ),
    Request(
        "FLASH_DATA",
        Command.FLASH_DATA,
        packets.DataBlock(0, DATA_64),
        _bytes("c0 00 03 5000 a0000000 40000000 00000000 0000000000000000" + DATA_64.hex() + "c0"),
        "fuzz/commands-00",
        1,
    ),
    Request(
        "FLASH_END",
        Command.FLASH_END,
        packets.FlashEnd(1),
        _bytes("c0 00 04 0400 00000000 01000000 c0"),
        "flash/end-stay-flag",
        2,
    ),
    Request(
        "SPI_SET_PARAMS",
        Command.SPI_SET_PARAMS,
        packets.SpiSetParams(0, 0x100000),
        _bytes("c0 00 0b 1800 00000000 00000000 00001000 00000100 00100000 00010000 ffff0000 c0"),
        "flash/params",
    ),
    Request(
        "SPI_ATTACH",
        Command.SPI_ATTACH,
        packets.SpiAttach(),
        _bytes("c0 00 0d 0400 00000000 00000000 c0"),
    ),
    Request(
        "READ_FLASH_SLOW",
        Command.READ_FLASH_SLOW,
        packets.ReadFlashSlow(0x1000, 64),
        _bytes("c0 00 0e 0800 00000000 00100000 40000000 c0"),
    ),
    Request(
        "CHANGE_BAUDRATE",
        Command.CHANGE_BAUDRATE,
        packets.ChangeBaudrate(460800, 115200),
        _bytes("c0 00 0f 0800 00000000 00080700 00c20100 c0"),
    ),
    Request(
        # esptool 5.6 appends a fifth word, 0, which the stubs do not ask for; its size field is then 0x14.
        "FLASH_DEFL_BEGIN",
        Command.FLASH_DEFL_BEGIN,
        packets.FlashBegin(0x12345, 2, 0x4000, 0x3000),
        _bytes("c0 00 10 1000 00000000 45230100 02000000 00400000 00300000 c0"),
    ),
    Request(
        "FLASH_DEFL_DATA",
        Command.FLASH_DEFL_DATA,
        packets.DataBlock(3, b"\x78\xda\xc0\xdb\x01"),
        _bytes("c0 00 11 1500 57000000 05000000 03000000 0000000000000000 78da dbdc dbdd 01 c0"),
    ),
    Request(
        "FLASH_DEFL_END",
        Command.FLASH_DEFL_END,
        packets.FlashEnd(1),
        _bytes("c0 00 12 0400 00000000 01000000 c0"),
    ),
    Request(
        "SPI_FLASH_MD5",
        Command.SPI_FLASH_MD5,
        packets.FlashMd5(0x1000, 0x2345),
        _bytes("c0 00 13 1000 00000000 00100000 45230000 00000000 00000000 c0"),
    ),
    Request(
        "GET_SECURITY_INFO",
        Command.GET_SECURITY_INFO,
        packets.Empty(),
        _bytes("c0 00 14 0000 00000000 c0"),
    ),
    Request(
        "ERASE_FLASH",
        Command.ERASE_FLASH,
        packets.Empty(),
        _bytes("c0 00 d0 0000 00000000 c0"),
        "unknown/d0",
        1,
    ),
    Request(
        "ERASE_REGION",
        Command.ERASE_REGION,
        packets.FlashRegion(0x3000, 0x5000),
        _bytes("c0 00 d1 0800 00000000 00300000 00500000 c0"),
    ),
    Request(
        "READ_FLASH",
        Command.READ_FLASH,
        packets.ReadFlash(0x1000, 0x1800, 0x1000, 64),
        _bytes("c0 00 d2 1000 00000000 00100000 00180000 00100000 40000000 c0"),
    ),
    Request(
        "RUN_USER_CODE",
        Command.RUN_USER_CODE,
        packets.Empty(),
        _bytes("c0 00 d3 0000 00000000 c0"),
    ),
]

ACKS = [(0x1000, _bytes("c0 00100000 c0")), (0x1800, _bytes("c0 00180000 c0"))]  # TOOL: after the two frames

GOOD = Status(0, 0)
DIGEST = bytes(range(0xB0, 0xC0))

RESPONSES = [
    Response(
        "READ_REG",
        Command.READ_REG,
        0x806,
        b"",
        GOOD,
        _bytes("c0 01 0a 0200 06080000 00 00 c0"),
        "read/rom",
    ),
    Response(
        "READ_REG, both escapes",
        Command.READ_REG,
        0xC0DBDCDD,
        b"",
        GOOD,
        _bytes("c0 01 0a 0200 dd dc dbdd dbdc 00 00 c0"),
        "read/sram",
        1,
    ),
    Response(
        "FLASH_BEGIN refused",
        Command.FLASH_BEGIN,
        0x20120707,
        b"",
        Status(1, 6),
        _bytes("c0 01 02 0200 07071220 01 06 c0"),
        "flash/begin-past-end",
    ),
    Response(
        "MEM_DATA damaged",
        Command.MEM_DATA,
        0x20120707,
        b"",
        Status(1, 7),
        _bytes("c0 01 07 0200 07071220 01 07 c0"),
        "mem/bad-checksum",
        1,
    ),
    Response(
        "FLASH_DATA differs",
        Command.FLASH_DATA,
        0x20120707,
        b"",
        Status(1, 8),
        _bytes("c0 01 03 0200 07071220 01 08 c0"),
        "flash/verify-fails",
        1,
    ),
    Response(
        "success with a stale reason",
        Command.MEM_BEGIN,
        0x20120707,
        b"",
        Status(0, 5),
        _bytes("c0 01 05 0200 07071220 00 05 c0"),
        "error/stale-code-mem",
        1,
    ),
    Response(
        "an opcode that nobody has",
        Command(0x00),
        0,
        b"",
        Status(1, 5),
        _bytes("c0 01 00 0200 00000000 01 05 c0"),
        "boot/autobaud-then-unknown",
    ),
    Response(
        "SPI_FLASH_MD5",
        Command.SPI_FLASH_MD5,
        0,
        DIGEST,
        GOOD,
        _bytes("c0 01 13 1200 00000000" + DIGEST.hex() + "00 00 c0"),
    ),
    Response(
        "a stub that refuses",
        Command.GET_SECURITY_INFO,
        0,
        b"",
        Status(0xFF, 0),
        _bytes("c0 01 14 0200 00000000 ff 00 c0"),
    ),
    Response(
        "a stub that lacks data",
        Command.FLASH_END,
        0,
        b"",
        Status(0xC8, 0),
        _bytes("c0 01 04 0200 00000000 c8 00 c0"),
    ),
]

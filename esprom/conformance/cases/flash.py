# SPDX-License-Identifier: Apache-2.0
"""Writing to the flash by the mask ROM (ROM-21 to ROM-28, ERASE-*).

All but the first few change the scratch area: they begin with sectors that have a mark in front and are blank
behind it.
"""

from esprom.conformance.case import (
    MUST,
    QUIRK,
    ROM,
    SHOULD,
    Case,
    Gets,
    Holds,
    Leaves,
    Marked,
    Nothing,
    Restart,
    Send,
    Step,
    case,
)
from esprom.conformance.cases.blocks import block, word

BEGUN = Gets("0102 0200 ???????? 00??", within_s=30.0)
WRITTEN = Gets("0103 0200 ???????? 00??")
ALL_SECTORS = tuple(range(16))
PARAMETERS = "ef401600 00004000 00000100 00100000 00010000 ffff0000"
SET_PARAMETERS = Send(f"000b 1800 00000000 {PARAMETERS}", "SPI_SET_PARAMS as they are after a reset")
PARAMETERS_SET = Gets("010b 0200 ???????? 00??")


def _begin(size: int, offset: int = 0, blocks: int = 1, block_size: int = 0x100) -> Send:
    return Send(
        f"0002 1000 00000000 {word(size)} {word(blocks)} {word(block_size)} {{flash+{offset}}}",
        f"FLASH_BEGIN: 0x{size:x} bytes, 0x{offset:x} bytes into the scratch area",
    )


def _block(number: int, data: str, checksum: str = "ef") -> Send:
    length = len(bytes.fromhex(data))
    return Send(block("03", number, data, checksum), f"FLASH_DATA: block {number}, {length} bytes")


def _refused(error: str) -> Gets:
    return Gets(f"0103 0200 ???????? 01{error}")


def _kept(but: tuple[int, ...] = ()) -> Holds:
    return Holds(kept=tuple(sector for sector in ALL_SECTORS if sector not in but), blank=but)


def _erases(name: str, offset: int, size: int, erased: range, rule: str) -> Case:
    return case(
        *(f"flash.{name}", "ERASE-1", QUIRK, ROM, rule),
        Marked(),
        _begin(size, offset),
        BEGUN,
        _kept(tuple(erased)),
    )


def _bad_begin(name: str, spec: str, rule: str, begin: Send, error: str = "05") -> Case:
    return case(
        *(name, spec, SHOULD, ROM, rule),
        Marked(),
        begin,
        Gets(f"0102 0200 ???????? 01{error}"),
        _kept(),
    )


def _with_end_at(offset: int, *steps: Step) -> tuple[Step, ...]:
    """Let the loader believe that the chip ends in the middle of the scratch area."""
    return (
        Marked(),
        Send(
            f"000b 1800 00000000 ef401600 {{flash+{offset}}} 00000100 00100000 00010000 ffff0000",
            f"SPI_SET_PARAMS: the chip ends 0x{offset:x} bytes into the scratch area",
        ),
        PARAMETERS_SET,
        *steps,
        SET_PARAMETERS,
        PARAMETERS_SET,
    )


CASES = (
    case(
        *("flash.params", "ROM-26", SHOULD, ROM, "SPI_SET_PARAMS stores six words, and they are believed"),
        Send(
            "000b 1800 00000000 ef401500 00002000 00000100 00100000 00010000 ffff0000",
            "SPI_SET_PARAMS: 2 MiB",
        ),
        PARAMETERS_SET,
        Send("000a 0400 00000000 18c7ff3f", "READ_REG of the id, 0x3FFFC718"),
        Gets("010a 0200 ef401500 0000"),
        Send("000a 0400 00000000 1cc7ff3f", "READ_REG of the size, 0x3FFFC71C"),
        Gets("010a 0200 00002000 0000"),
        SET_PARAMETERS,
        PARAMETERS_SET,
    ),
    case(
        *("flash.params-size-20", "ROM-26", SHOULD, ROM, "with 20 bytes it is refused with error 5"),
        Send("000b 1400 00000000 ef401600 00004000 00000100 00100000 00010000", "SPI_SET_PARAMS of 20 bytes"),
        Gets("010b 0200 ???????? 0105"),
    ),
    case(
        *("flash.params-size-28", "ROM-26", SHOULD, ROM, "with 28 bytes it is refused with error 5"),
        Send(f"000b 1c00 00000000 {PARAMETERS} 00000000", "SPI_SET_PARAMS of 28 bytes"),
        Gets("010b 0200 ???????? 0105"),
    ),
    case(
        *("flash.no-begin", "ROM-23", QUIRK, ROM, "before any FLASH_BEGIN a block is refused with error 5"),
        Restart(),
        Send("0008 2400 00000000 07071220" + "55" * 32, "SYNC, which the autobaud takes"),
        Nothing(),
        _block(0, "11" * 4),
        _refused("05"),
    ),
    case(
        *("flash.end-no-begin", "ROM-25", QUIRK, ROM, "FLASH_END before any FLASH_BEGIN fails with error 6"),
        Restart(),
        Send("0008 2400 00000000 07071220" + "55" * 32, "SYNC, which the autobaud takes"),
        Nothing(),
        Send("0004 0400 00000000 01000000", "FLASH_END"),
        Gets("0104 0200 ???????? 0106"),
        Leaves(),
    ),
    case(
        *("flash.write", "ROM-23", MUST, ROM, "a block is programmed where FLASH_BEGIN says"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        Holds(hex="5a" * 0x100 + "ff" * 0x100),
    ),
    case(
        *("flash.write-two", "ROM-23", MUST, ROM, "the next block goes behind it"),
        Marked(),
        _begin(0x200, blocks=2),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        _block(1, "a5" * 0x100),
        WRITTEN,
        Holds(hex="5a" * 0x100 + "a5" * 0x100 + "ff" * 0x100),
    ),
    case(
        *("flash.write-elsewhere", "ROM-23", MUST, ROM, "also where that is no block's beginning"),
        Marked(),
        _begin(0x100, offset=0x3000),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        Holds(at=0x3000, hex="5a" * 0x100 + "ff" * 0x100),
        Holds(kept=(0, 1, 2)),
    ),
    case(
        *("flash.write-pages", "ROM-28", MUST, ROM, "a block of four pages is programmed page by page"),
        Marked(),
        _begin(0x400, block_size=0x400),
        BEGUN,
        _block(0, "01" * 0x100 + "02" * 0x100 + "03" * 0x100 + "04" * 0x100),
        WRITTEN,
        Holds(hex="01" * 0x100 + "02" * 0x100 + "03" * 0x100 + "04" * 0x100),
    ),
    case(
        *("flash.begin-restarts", "ROM-21", MUST, ROM, "a second FLASH_BEGIN begins anew with block 0"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        _begin(0x100, offset=0x4000),
        BEGUN,
        _block(0, "a5" * 0x100),
        WRITTEN,
        Holds(hex="5a" * 0x100),
        Holds(at=0x4000, hex="a5" * 0x100),
    ),
    case(
        *("flash.erases", "ERASE-1", MUST, ROM, "FLASH_BEGIN erases what it is told to"),
        Marked(),
        _begin(0x1000),
        BEGUN,
        Holds(blank=(0,), kept=tuple(range(2, 16))),
    ),
    _erases("erases-two", 0, 0x1000, range(2), "of one sector at a block's beginning it makes two"),
    _erases("erases-byte", 0, 1, range(2), "of one byte too"),
    _erases("erases-four", 0, 0x2000, range(4), "of two sectors it makes four"),
    _erases("erases-rounded", 0, 0x1001, range(4), "of a sector and a byte it makes four"),
    _erases("erases-sixteen", 0, 0x8000, range(16), "of eight it makes sixteen"),
    _erases("erases-inside", 0x1000, 0x1000, range(1, 3), "also elsewhere in a block"),
    _erases("erases-end", 0xE000, 0x1000, range(14, 16), "and at its end"),
    case(
        *(
            "flash.erases-nothing",
            "ERASE-4",
            SHOULD,
            ROM,
            "a FLASH_BEGIN of 0 bytes erases nothing, and succeeds",
        ),
        Marked(),
        _begin(0),
        BEGUN,
        _kept(),
    ),
    _bad_begin(
        *("flash.begin-unaligned", "ERASE-2", "an offset inside a sector is refused with error 6"),
        Send("0002 1000 00000000 00100000 01000000 00010000 {flash+0x100}", "FLASH_BEGIN inside a sector"),
        error="06",
    ),
    case(
        *("flash.begin-past-end", "ERASE-2", SHOULD, ROM, "an end beyond the chip's is refused with error 6"),
        *_with_end_at(0x8000, _begin(0x2000, offset=0x7000), Gets("0102 0200 ???????? 0106"), _kept()),
    ),
    case(
        *("flash.begin-into-end", "ERASE-3", QUIRK, ROM, "the chip's last sector is erased, with error 6"),
        *_with_end_at(
            0x8000, _begin(0x1000, offset=0x7000), Gets("0102 0200 ???????? 0106"), _kept(but=(7,))
        ),
    ),
    _bad_begin(
        *("flash.begin-size-12", "ROM-21", "a FLASH_BEGIN of 12 bytes is refused with error 5"),
        Send("0002 0c00 00000000 00100000 01000000 00010000", "FLASH_BEGIN of 12 bytes"),
    ),
    _bad_begin(
        *("flash.begin-size-20", "ROM-21", "one of 20 bytes, as for later chips, too"),
        Send("0002 1400 00000000 00100000 01000000 00010000 {flash} 00000000", "FLASH_BEGIN of 20 bytes"),
    ),
    _bad_begin(
        *("flash.begin-too-large", "ROM-21", "blocks over 0x1800 bytes are refused with error 5"),
        Send("0002 1000 00000000 00100000 01000000 04180000 {flash}", "FLASH_BEGIN: blocks of 0x1804 bytes"),
    ),
    case(
        *("flash.begin-largest", "ROM-21", MUST, ROM, "blocks of 0x1800 bytes are not"),
        Marked(),
        _begin(0x1800, block_size=0x1800),
        BEGUN,
        _block(0, "5a" * 0x1800),
        WRITTEN,
        Holds(at=0x1700, hex="5a" * 0x100 + "ff" * 0x100),
    ),
    case(
        *(
            "flash.failed-begin",
            "ROM-22",
            QUIRK,
            ROM,
            "after a refused FLASH_BEGIN data are written all the same",
        ),
        Marked(),
        _begin(0x100, offset=0x100),
        Gets("0102 0200 ???????? 0106"),
        _block(0, "5a" * 0x100),
        WRITTEN,
        Holds(at=0x100, hex="5a" * 0x100 + "ff" * 0x100),
        _kept(),
    ),
    case(
        *("flash.bad-checksum", "ROM-17", MUST, ROM, "a block with a wrong checksum is refused with error 7"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x100, checksum="00"),
        _refused("07"),
        Holds(hex="ff" * 0x100),
    ),
    case(
        *("flash.bad-checksum-counts", "ROM-17", QUIRK, ROM, "and the same block again with error 5"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x100, checksum="00"),
        _refused("07"),
        _block(0, "5a" * 0x100),
        _refused("05"),
        Holds(hex="ff" * 0x100),
    ),
    case(
        *("flash.wrong-sequence", "ROM-16", MUST, ROM, "a block out of order is refused with error 5"),
        Marked(),
        _begin(0x200, blocks=2),
        BEGUN,
        _block(1, "5a" * 0x100),
        _refused("05"),
        Holds(hex="ff" * 0x200),
    ),
    case(
        *(
            "flash.odd-length",
            "ROM-23",
            SHOULD,
            ROM,
            "a length that is no multiple of 4 is refused with error 5",
        ),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 6),
        _refused("05"),
        Holds(hex="ff" * 0x100),
    ),
    case(
        *(
            "flash.too-long",
            "ROM-16",
            SHOULD,
            ROM,
            "a block that is longer than was said is refused with error 5",
        ),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x104),
        _refused("05"),
        Holds(hex="ff" * 0x100),
    ),
    case(
        *("flash.more-blocks", "ROM-23", QUIRK, ROM, "more blocks than were said are written"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        _block(1, "a5" * 0x100),
        WRITTEN,
        Holds(hex="5a" * 0x100 + "a5" * 0x100),
    ),
    case(
        *(
            "flash.not-erased",
            "ROM-23",
            SHOULD,
            ROM,
            "where the flash holds something else in the end: error 8",
        ),
        Marked(),
        _begin(0, block_size=0x100),
        BEGUN,
        _block(0, "01" + "ff" * 7, checksum="11"),
        _refused("08"),
    ),
    case(
        *(
            "flash.not-erased-address",
            "ROM-23",
            QUIRK,
            ROM,
            "after error 8 the number has gone up, not the address",
        ),
        Marked(),
        _begin(0, block_size=0x100),
        BEGUN,
        _block(0, "01" + "ff" * 7, checksum="11"),
        _refused("08"),
        _block(1, "0000"),
        _refused("05"),
        _block(1, "00000000"),
        WRITTEN,
        Holds(hex="00000000 ffffffff"),
    ),
    case(
        *(
            "flash.same-xor",
            "ROM-24",
            QUIRK,
            ROM,
            "the check is one byte: other content with the same xor passes",
        ),
        Marked(),
        _begin(0, block_size=0x100),
        BEGUN,
        _block(0, "ff" * 8),
        WRITTEN,
        Holds(kept=(0,)),
    ),
    case(
        *("flash.and-memory", "ROM-27", QUIRK, ROM, "data for the flash may follow a MEM_BEGIN"),
        Marked(),
        _begin(0x1000),
        BEGUN,
        Send(
            "0005 1000 00000000 00010000 01000000 00010000 {flash+0x200}",
            "MEM_BEGIN with the flash's address",
        ),
        Gets("0105 0200 ???????? 00??"),
        _block(0, "5a" * 0x100),
        WRITTEN,
        Holds(at=0x200, hex="5a" * 0x100),
    ),
    case(
        *(
            "flash.end-complete",
            "ROM-25",
            MUST,
            ROM,
            "FLASH_END succeeds when all blocks and bytes have come",
        ),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        Send("0004 0400 00000000 01000000", "FLASH_END"),
        Gets("0104 0200 ???????? 00??"),
        Leaves(),
    ),
    case(
        *("flash.end-incomplete", "ROM-25", SHOULD, ROM, "FLASH_END fails with error 6 when some have not"),
        Marked(),
        _begin(0x200, blocks=2),
        BEGUN,
        _block(0, "5a" * 0x100),
        WRITTEN,
        Send("0004 0400 00000000 01000000", "FLASH_END"),
        Gets("0104 0200 ???????? 0106"),
        Leaves(),
    ),
)

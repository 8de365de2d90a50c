# SPDX-License-Identifier: Apache-2.0
"""MEM_BEGIN, MEM_DATA and MEM_END (ROM-15 to ROM-20, BOOT-12).

Blocks of 16 bytes that are all alike have the checksum EF; that of 01 02 03 04 is EB.
"""

from esprom.conformance.case import (
    ALL,
    MUST,
    OURS,
    QUIRK,
    ROM,
    SHOULD,
    STUBS,
    Case,
    Dead,
    Gets,
    GetsBytes,
    Leaves,
    Nothing,
    Restart,
    Send,
    Step,
    case,
)
from esprom.conformance.cases.blocks import RESERVED, block

BEGUN = Gets("0105 0200 ???????? 00??")
STORED = Gets("0107 0200 ???????? 00??")
ENDED = Gets("0106 0200 ???????? 00??")
BEGIN = Send("0005 1000 00000000 20000000 02000000 10000000 {iram}", "MEM_BEGIN: 2 blocks of 16 bytes")
STAY = Send("0006 0800 00000000 01000000 00000000", "MEM_END that stays")


def _clear(words: int = 8) -> tuple[Step, ...]:
    records = "".join(f"{{iram+{4 * word}}} 00000000 ffffffff 00000000" for word in range(words))
    size = (16 * words).to_bytes(2, "little").hex()
    return (
        Send(f"0009 {size} 00000000 {records}", f"WRITE_REG: {words} words of RAM become 0"),
        Gets("0109 0200 ???????? 0000"),
    )


def _block(number: int, data: str, checksum: str = "ef") -> Send:
    length = len(bytes.fromhex(data))
    return Send(block("07", number, data, checksum), f"MEM_DATA: block {number}, {length} bytes")


def _reads(offset: int, word: str) -> tuple[Step, ...]:
    return (
        Send(f"000a 0400 00000000 {{iram+{offset}}}", f"READ_REG of the word {offset} bytes on"),
        Gets(f"010a 0200 {word} 00??"),
    )


def _refused(error: str) -> Gets:
    return Gets(f"0107 0200 ???????? 01{error}")


def _bad_begin(name: str, size: str, body: str, rule: str) -> Case:
    return case(
        name,
        "ROM-15",
        SHOULD,
        ROM,
        rule,
        Send(f"0005 {size} 00000000 {body}", "MEM_BEGIN"),
        Gets("0105 0200 ???????? 0105"),
    )


CASES = (
    case(
        *("mem.store", "BODY-MEM-BEGIN", MUST, ALL, "blocks are stored one behind the other"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16),
        STORED,
        _block(1, "22" * 16),
        STORED,
        *_reads(0, "11111111"),
        *_reads(12, "11111111"),
        *_reads(16, "22222222"),
        *_reads(28, "22222222"),
    ),
    case(
        *("mem.end-stays", "BODY-MEM-END", MUST, ALL, "MEM_END may stay in the loader"),
        STAY,
        ENDED,
        STAY,
        ENDED,
    ),
    case(
        *("mem.last-short", "BODY-MEM-BEGIN", MUST, ALL, "a block may be shorter than was said"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16),
        STORED,
        _block(1, "22" * 8),
        STORED,
        *_reads(16, "22222222"),
        *_reads(24, "00000000"),
    ),
    case(
        *("mem.begin-restarts", "BODY-DATA", MUST, ALL, "a second MEM_BEGIN begins anew with block 0"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16),
        STORED,
        BEGIN,
        BEGUN,
        _block(0, "33" * 16),
        STORED,
        *_reads(0, "33333333"),
        *_reads(16, "00000000"),
    ),
    case(
        *("mem.data-in-time", "CMD-2", SHOULD, ALL, "a block is answered within 0.1 s"),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16),
        Gets("0107 0200 ???????? 00??", within_s=0.1),
    ),
    case(
        *("mem.bad-checksum", "ROM-17", MUST, ROM, "a block with a wrong checksum is refused with error 7"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16, checksum="00"),
        _refused("07"),
        *_reads(0, "00000000"),
    ),
    case(
        *(
            "stub.mem-bad-checksum",
            "CMD-1",
            SHOULD,
            STUBS,
            "a block with a wrong checksum is refused, and not stored",
        ),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16, checksum="00"),
        Gets("0107 0200 ???????? c1?? | 0107 0200 ???????? 01??"),
        *_reads(0, "00000000"),
    ),
    case(
        *("mem.checksum-of-data", "PROTO-5", MUST, ALL, "the checksum is EF xor all bytes of the data"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "01020304", checksum="eb"),
        STORED,
        *_reads(0, "01020304"),
    ),
    case(
        *(
            "mem.bad-checksum-counts",
            "ROM-17",
            QUIRK,
            ROM,
            "after error 7 the same block is refused with error 5",
        ),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16, checksum="00"),
        _refused("07"),
        _block(0, "11" * 16),
        _refused("05"),
    ),
    case(
        *("mem.bad-checksum-next", "ROM-17", QUIRK, ROM, "and the next one is stored where it belonged"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16, checksum="00"),
        _refused("07"),
        _block(1, "22" * 16),
        STORED,
        *_reads(0, "22222222"),
        *_reads(16, "00000000"),
    ),
    case(
        *("mem.checksum-low", "ROM-17", QUIRK, ROM, "only the low byte of the checksum is looked at"),
        BEGIN,
        BEGUN,
        Send(f"0007 2000 ef123456 10000000 00000000 {RESERVED} {'11' * 16}", "MEM_DATA with more of it"),
        STORED,
    ),
    case(
        *("mem.wrong-sequence", "ROM-16", MUST, ROM, "a block out of order is refused with error 5"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(1, "22" * 16),
        _refused("05"),
        *_reads(0, "00000000"),
        _block(0, "11" * 16),
        STORED,
    ),
    case(
        *("own.mem-out-of-order", "STUB-3", MUST, OURS, "a block that skips a number is refused with E2"),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(1, "22" * 16),
        Gets("0107 0200 ???????? e200"),
        *_reads(0, "00000000"),
    ),
    case(
        *(
            "mem.too-long",
            "ROM-16",
            SHOULD,
            ROM,
            "a block that is longer than was said is refused with error 5",
        ),
        *_clear(),
        BEGIN,
        BEGUN,
        _block(0, "11" * 20),
        _refused("05"),
        *_reads(0, "00000000"),
    ),
    case(
        *("mem.more-blocks", "ROM-16", QUIRK, ROM, "more blocks than were said are stored"),
        *_clear(),
        Send("0005 1000 00000000 10000000 01000000 10000000 {iram}", "MEM_BEGIN: 1 block of 16 bytes"),
        BEGUN,
        _block(0, "11" * 16),
        STORED,
        _block(1, "22" * 16),
        STORED,
        *_reads(16, "22222222"),
    ),
    _bad_begin(
        "mem.begin-size-8", "0800", "20000000 02000000", "a MEM_BEGIN of 8 bytes is refused with error 5"
    ),
    _bad_begin(
        *("mem.begin-size-20", "1400", "20000000 02000000 10000000 {iram} 00000000"),
        "a MEM_BEGIN of 20 bytes is refused with error 5",
    ),
    _bad_begin(
        *("mem.begin-too-large", "1000", "20000000 02000000 01180000 {iram}"),
        "blocks over 0x1800 bytes are refused with error 5",
    ),
    case(
        *("mem.begin-largest", "ROM-15", MUST, ROM, "blocks of 0x1800 bytes are not"),
        Send("0005 1000 00000000 00180000 01000000 00180000 {iram}", "MEM_BEGIN: blocks of 0x1800 bytes"),
        BEGUN,
    ),
    case(
        *("mem.data-largest", "ROM-16", MUST, ROM, "a block of 0x1800 bytes is stored, to its end"),
        Send("0005 1000 00000000 00180000 01000000 00180000 {iram}", "MEM_BEGIN: blocks of 0x1800 bytes"),
        BEGUN,
        _block(0, "44" * 0x1800),
        STORED,
        *_reads(0, "44444444"),
        *_reads(0x17FC, "44444444"),
    ),
    case(
        *("mem.refused-begin", "ROM-15", QUIRK, ROM, "a MEM_BEGIN that is refused changes nothing"),
        BEGIN,
        BEGUN,
        _block(0, "11" * 16),
        STORED,
        Send("0005 0800 00000000 20000000 02000000", "MEM_BEGIN of 8 bytes"),
        Gets("0105 0200 ???????? 0105"),
        _block(1, "22" * 16),
        STORED,
    ),
    case(
        *(
            "mem.block-size-0",
            "ROM-16",
            QUIRK,
            ROM,
            "with blocks of 0 bytes only those without data are taken",
        ),
        Send("0005 1000 00000000 20000000 02000000 00000000 {iram}", "MEM_BEGIN: blocks of 0 bytes"),
        BEGUN,
        _block(0, ""),
        STORED,
        _block(1, "11" * 4),
        _refused("05"),
    ),
    case(
        *("mem.no-data", "PROTO-5", QUIRK, ROM, "the checksum of no data is EF"),
        BEGIN,
        BEGUN,
        _block(0, "", checksum="00"),
        _refused("07"),
        _block(1, ""),
        STORED,
    ),
    case(
        *(
            "mem.size-ignored",
            "ROM-16",
            QUIRK,
            ROM,
            "the header's size of a block is not looked at, if it is small",
        ),
        *_clear(),
        BEGIN,
        BEGUN,
        Send(f"0007 0000 ef000000 10000000 00000000 {RESERVED} {'11' * 16}", "MEM_DATA with size 0"),
        STORED,
        *_reads(12, "11111111"),
    ),
    case(
        *("mem.size-limit", "ROM-16", QUIRK, ROM, "over 0x1810 it is refused with error 5"),
        BEGIN,
        BEGUN,
        Send(f"0007 1118 ef000000 10000000 00000000 {RESERVED} {'11' * 16}", "MEM_DATA with size 0x1811"),
        _refused("05"),
    ),
    case(
        *("mem.no-begin", "ROM-16", QUIRK, ROM, "before any MEM_BEGIN a block is refused with error 5"),
        Restart(),
        Send("0008 2400 00000000 07071220" + "55" * 32, "SYNC, which the autobaud takes"),
        Nothing(),
        _block(0, "11" * 4),
        _refused("05"),
    ),
    case(
        *("mem.odd-length", "ROM-18", SHOULD, ROM, "a block of 7 bytes is stored in data RAM"),
        Send(
            "0009 2000 00000000 {ram} 00000000 ffffffff 00000000 {ram+4} 00000000 ffffffff 00000000",
            "WRITE_REG",
        ),
        Gets("0109 0200 ???????? 0000"),
        Send("0005 1000 00000000 07000000 01000000 10000000 {ram}", "MEM_BEGIN: 7 bytes"),
        BEGUN,
        _block(0, "01010202030304", checksum="eb"),
        STORED,
        Send("000a 0400 00000000 {ram+4}", "READ_REG of the last three"),
        Gets("010a 0200 03030400 00??"),
    ),
    case(
        *("mem.odd-iram", "ROM-19", QUIRK, ROM, "a block of 7 bytes kills the loader in instruction RAM"),
        BEGIN,
        BEGUN,
        _block(0, "01010202030304", checksum="eb"),
        Nothing(),
        Dead(),
    ),
    case(
        *("mem.end-size-12", "ROM-20", SHOULD, ROM, "a MEM_END of 12 bytes is refused with error 5"),
        Send("0006 0c00 00000000 01000000 00000000 00000000", "MEM_END of 12 bytes"),
        Gets("0106 0200 ???????? 0105"),
    ),
    case(
        *("mem.end-size-4", "ROM-20", QUIRK, ROM, "one of 4 bytes is not"),
        Send("0006 0400 00000000 01000000", "MEM_END of 4 bytes that stays"),
        ENDED,
    ),
    case(
        *("mem.end-jumps", "BOOT-12", MUST, ROM, "MEM_END with a flag of 0 jumps to the entry point"),
        BEGIN,
        BEGUN,
        _block(0, "0df00000", checksum="12"),  # ret.n: back to the ROM at once
        STORED,
        Send("0006 0800 00000000 00000000 {iram}", "MEM_END that jumps"),
        GetsBytes("c0 0106 0200 ???????? 00?? c0" + b"user code done\r\n".hex()),
        Leaves(),
    ),
    case(
        *("mem.end-flag-low", "ROM-20", QUIRK, ROM, "only the low byte of the flag counts"),
        BEGIN,
        BEGUN,
        _block(0, "0df00000", checksum="12"),
        STORED,
        Send("0006 0800 00000000 00010000 {iram}", "MEM_END with the flag 0x100"),
        GetsBytes("c0 0106 0200 ???????? 00?? c0" + b"user code done\r\n".hex()),
        Leaves(),
    ),
    case(
        *("mem.end-entry-kept", "ROM-20", QUIRK, ROM, "MEM_END keeps the entry point, also when it stays"),
        Send("0006 0800 00000000 01000000 {iram}", "MEM_END that stays, with an entry point"),
        ENDED,
        Send("000a 0400 00000000 d0dcff3f", "READ_REG of 0x3FFFDCD0"),
        Gets("010a 0200 {iram} 0000"),
    ),
)

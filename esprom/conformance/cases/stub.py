# SPDX-License-Identifier: Apache-2.0
"""What all stub loaders do (CMD-1, BODY-*, STATUS-4).

5A is what is written; packed forms and digests of it are stated, not made.
"""

from esprom.conformance.case import (
    MUST,
    OURS,
    SHOULD,
    STUBS,
    Compare,
    Gets,
    Holds,
    Leaves,
    Marked,
    NoAnswer,
    Nothing,
    Rate,
    Relation,
    Restart,
    Send,
    case,
)
from esprom.conformance.cases.blocks import RESERVED, block, word
from esprom.conformance.cases.dispatch import SYNC, SYNCED
from esprom.conformance.cases.framing import ASK_ROM_WORD, IS_ROM_WORD, ROM_WORD

OK = "0200 ???????? 0000"
REFUSED = "0200 ???????? NN??"
BEGUN = Gets(f"0102 {OK}")
WRITTEN = Gets(f"0103 {OK}", within_s=10.0)
ENDED = Gets(f"0104 {OK}", within_s=10.0)
DEFLATE_BEGUN, INFLATED = Gets(f"0110 {OK}"), Gets(f"0111 {OK}", within_s=10.0)
DEFLATE_ENDED = Gets(f"0112 {OK}", within_s=10.0)
END = Send("0004 0400 00000000 01000000", "FLASH_END that stays")
DEFLATE_END = Send("0012 0400 00000000 01000000", "FLASH_DEFL_END that stays")
BEGIN_DEFLATE = Send(
    "0010 1000 00000000 00040000 01000000 00040000 {flash}",
    "FLASH_DEFL_BEGIN: 1024 bytes unpacked, in blocks of at most 1024",
)
PACKED_5A = "78da8b8a1a05a360148c540000e2306810"  # zlib: 1024 times 5A
DAMAGED_5A = "78da8b8aff05a360148c540000e2306810"
MD5_OF_5A_1024 = "3b371344772c85d37a8004977756a8a4"
MD5_OF_5A_256 = "e9ef2bb7d2a04e528bb45ebeb9fc74f8"
READ_SECTOR = Send("00d2 1000 00000000 00000000 00100000 00100000 01000000", "READ_FLASH: the first sector")
READING = Gets(f"01d2 {OK}")
ANY_FRAME = Gets("*")
ACK_ALL = Send("00100000", "acknowledgement of 4096 bytes")


def _block(number: int, size: int, checksum: str = "ef") -> Send:
    return Send(block("03", number, "5a" * size, checksum), f"FLASH_DATA: block {number}, {size} times 5A")


def _deflated(number: int, data: str, checksum: str) -> Send:
    size = len(bytes.fromhex(data))
    return Send(block("11", number, data, checksum), f"FLASH_DEFL_DATA: block {number}, {size} bytes")


def _begin(size: int, block_size: int = 0x100, offset: int = 0) -> Send:
    numbers = (size, -(-size // block_size), block_size)
    words = " ".join(word(number) for number in numbers)
    return Send(
        f"0002 1000 00000000 {words} {{flash+{offset}}}",
        f"FLASH_BEGIN: {size} bytes, in blocks of at most {block_size}",
    )


CASES = (
    case(
        *("stub.attach", "COMMON-5", SHOULD, STUBS, "SPI_ATTACH succeeds"),
        Send("000d 0400 00000000 00000000", "SPI_ATTACH"),
        Gets(f"010d {OK}"),
    ),
    case(
        *("stub.params", "COMMON-5", SHOULD, STUBS, "SPI_SET_PARAMS succeeds"),
        Send(
            "000b 1800 00000000 00000000 00004000 00000100 00100000 00010000 ffff0000",
            "SPI_SET_PARAMS: 4 MiB",
        ),
        Gets(f"010b {OK}"),
    ),
    case(
        *("stub.baud", "COMMON-15", MUST, STUBS, "CHANGE_BAUDRATE is answered at the old rate, then changes"),
        Send("000f 0800 00000000 00840300 00c20100", "CHANGE_BAUDRATE from 115200 to 230400"),
        Gets(f"010f {OK}"),
        Rate(230400),
        Nothing(0.1),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Rate(115200),
        Leaves(),
    ),
    case(
        *(
            "own.baud-back",
            "STUB-3",
            MUST,
            OURS,
            "and back again, by the rate that the host names as old",
        ),
        Send("000f 0800 00000000 00840300 00c20100", "CHANGE_BAUDRATE from 115200 to 230400"),
        Gets(f"010f {OK}"),
        Rate(230400),
        Nothing(0.1),
        Send("000f 0800 00000000 00c20100 00840300", "CHANGE_BAUDRATE from 230400 to 115200"),
        Gets(f"010f {OK}"),
        Rate(115200),
        Nothing(0.1),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Leaves(),
    ),
    case(
        *("stub.md5", "COMMON-11", MUST, STUBS, "SPI_FLASH_MD5 answers 16 bytes: the digest of what is read"),
        Send("0013 1000 00000000 00000000 00100000 0000000000000000", "SPI_FLASH_MD5 of the first sector"),
        Gets("0113 1200 ???????? ???????????????????????????????? 0000"),
        READ_SECTOR,
        READING,
        ANY_FRAME,
        ACK_ALL,
        ANY_FRAME,
        Compare(Relation.LAST_IS_DIGEST),
        Compare(Relation.DIGESTS_AGREE),
    ),
    case(
        *("stub.md5-of-nothing", "COMMON-11", SHOULD, STUBS, "of 0 bytes it is the MD5 of nothing"),
        Send("0013 1000 00000000 00000000 00000000 0000000000000000", "SPI_FLASH_MD5 of 0 bytes"),
        Gets("0113 1200 ???????? d41d8cd98f00b204e9800998ecf8427e 0000"),
    ),
    case(
        *(
            "stub.read",
            "COMMON-13",
            MUST,
            STUBS,
            "READ_FLASH sends frames, and their digest at the end",
        ),
        READ_SECTOR,
        READING,
        ANY_FRAME,
        ACK_ALL,
        ANY_FRAME,
        Compare(Relation.LAST_IS_DIGEST),
    ),
    case(
        *(
            "stub.read-waits",
            "COMMON-13",
            MUST,
            STUBS,
            "with one frame in flight the next waits for its ack",
        ),
        Send(
            "00d2 1000 00000000 00000000 00080000 00040000 01000000", "READ_FLASH: two frames of 1024 bytes"
        ),
        READING,
        ANY_FRAME,
        Nothing(0.2),
        Send("00040000", "acknowledgement of 1024 bytes"),
        ANY_FRAME,
        Send("00080000", "acknowledgement of 2048 bytes"),
        ANY_FRAME,
        Compare(Relation.LAST_IS_DIGEST),
    ),
    case(
        *("stub.read-last-short", "COMMON-13", MUST, STUBS, "the last frame has what is left"),
        Send("00d2 1000 00000000 00000000 20040000 00040000 01000000", "READ_FLASH: 1024 and 32 bytes"),
        READING,
        ANY_FRAME,
        Send("00040000", "acknowledgement of 1024 bytes"),
        Gets("??" * 32),
        Send("20040000", "acknowledgement of 1056 bytes"),
        ANY_FRAME,
        Compare(Relation.LAST_IS_DIGEST),
    ),
    case(
        *("stub.read-unaligned", "COMMON-13", SHOULD, STUBS, "it may begin and end at any byte"),
        Send("00d2 1000 00000000 00000000 10000000 00100000 01000000", "READ_FLASH: the first 16 bytes"),
        READING,
        Gets("??" * 16),
        Send("10000000", "acknowledgement"),
        Gets("??" * 16),
        Send(
            "00d2 1000 00000000 03000000 05000000 00100000 01000000", "READ_FLASH: 5 bytes from the fourth on"
        ),
        READING,
        Gets("??" * 5),
        Send("05000000", "acknowledgement"),
        Gets("??" * 16),
        Compare(Relation.TAIL_OF_FIRST),
    ),
    case(
        *(
            "stub.read-ended",
            "COMMON-14",
            SHOULD,
            STUBS,
            "an acknowledgement of another length ends a reading",
        ),
        Send(
            "00d2 1000 00000000 00000000 00080000 00040000 01000000", "READ_FLASH: two frames of 1024 bytes"
        ),
        READING,
        ANY_FRAME,
        Send("000000", "three bytes"),
        NoAnswer("01d2"),  # frames that were on their way may come still
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("stub.run", "COMMON-16", SHOULD, STUBS, "RUN_USER_CODE has no answer"),
        Send("00d3 0000 00000000", "RUN_USER_CODE"),
        NoAnswer("01d3"),
        Leaves(),
    ),
    case(
        *("stub.not-begun", "COMMON-8", SHOULD, STUBS, "a block before any FLASH_BEGIN is refused with C6"),
        Restart(),
        _block(0, 0x100),
        Gets("0103 0200 ???????? c600"),
    ),
    case(
        *("stub.write", "COMMON-8", MUST, STUBS, "what is written is in the flash"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, 0x100),
        WRITTEN,
        END,
        ENDED,
        Holds(hex="5a" * 0x100 + "ff" * 0x100),
        Holds(kept=tuple(range(1, 16))),
    ),
    case(
        *("stub.write-two", "COMMON-8", MUST, STUBS, "two blocks go one behind the other"),
        Marked(),
        _begin(0x200),
        BEGUN,
        _block(0, 0x100),
        WRITTEN,
        _block(1, 0x100),
        WRITTEN,
        END,
        ENDED,
        Holds(hex="5a" * 0x200 + "ff" * 0x100),
    ),
    case(
        *("stub.write-digest", "COMMON-11", MUST, STUBS, "and SPI_FLASH_MD5 tells its digest"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, 0x100),
        WRITTEN,
        END,
        ENDED,
        Send("0013 1000 00000000 {flash} 00010000 0000000000000000", "SPI_FLASH_MD5 of the 256 bytes"),
        Gets(f"0113 1200 ???????? {MD5_OF_5A_256} 0000"),
    ),
    case(
        *("stub.write-across", "COMMON-7", MUST, STUBS, "each sector is erased before it is written"),
        Marked(),
        _begin(0x2000, block_size=0x2000, offset=0x1000),
        BEGUN,
        _block(0, 0x2000),
        WRITTEN,
        END,
        ENDED,
        Holds(at=0x1000, hex="5a" * 0x40),
        Holds(at=0x2FC0, hex="5a" * 0x40),
        Holds(kept=(0, *range(3, 16))),
    ),
    case(
        *("stub.begin-20", "COMMON-7", MUST, STUBS, "FLASH_BEGIN may have a fifth word"),
        Marked(),
        Send("0002 1400 00000000 00010000 01000000 00010000 {flash} 00000000", "FLASH_BEGIN of 20 bytes"),
        BEGUN,
        _block(0, 0x100),
        WRITTEN,
        END,
        ENDED,
        Holds(hex="5a" * 0x100),
    ),
    case(
        *("stub.begin-too-large", "COMMON-8", SHOULD, STUBS, "blocks that do not fit are refused with C2"),
        Marked(),
        _begin(0x100, block_size=0x10000),
        Gets("0102 0200 ???????? c200"),
        Holds(kept=tuple(range(16))),
    ),
    case(
        *("stub.bad-checksum", "COMMON-8", MUST, STUBS, "a block with a wrong checksum is refused with C1"),
        Marked(),
        _begin(0x100),
        BEGUN,
        _block(0, 0x100, checksum="00"),
        Gets("0103 0200 ???????? c100"),
        Holds(at=0x100, hex="ff" * 0x40),
    ),
    case(
        *("stub.bad-length", "COMMON-8", MUST, STUBS, "a block whose length is not its length is refused"),
        Marked(),
        _begin(0x100),
        BEGUN,
        Send(
            f"0003 2000 ef000000 20000000 00000000 {RESERVED} {'5a' * 16}",
            "FLASH_DATA that says 32, and has 16",
        ),
        Gets(f"0103 {REFUSED}"),
    ),
    case(
        *("stub.end-early", "COMMON-10", SHOULD, STUBS, "FLASH_END before all has come is refused"),
        Marked(),
        _begin(0x200),
        BEGUN,
        _block(0, 0x100),
        WRITTEN,
        END,
        Gets(f"0104 {REFUSED}"),
    ),
    case(
        *("stub.deflate", "COMMON-9", MUST, STUBS, "packed data are unpacked into the flash"),
        Marked(),
        BEGIN_DEFLATE,
        DEFLATE_BEGUN,
        _deflated(0, PACKED_5A, "f6"),
        INFLATED,
        DEFLATE_END,
        DEFLATE_ENDED,
        Holds(hex="5a" * 0x400 + "ff" * 0x100),
    ),
    case(
        *("stub.deflate-digest", "COMMON-11", MUST, STUBS, "and have the digest that they should"),
        Marked(),
        BEGIN_DEFLATE,
        DEFLATE_BEGUN,
        _deflated(0, PACKED_5A, "f6"),
        INFLATED,
        DEFLATE_END,
        DEFLATE_ENDED,
        Send("0013 1000 00000000 {flash} 00040000 0000000000000000", "SPI_FLASH_MD5 of the 1024 bytes"),
        Gets(f"0113 1200 ???????? {MD5_OF_5A_1024} 0000"),
    ),
    case(
        *("stub.deflate-split", "COMMON-9", MUST, STUBS, "a stream may be cut anywhere into blocks"),
        Marked(),
        Send(
            "0010 1000 00000000 00040000 02000000 00040000 {flash}",
            "FLASH_DEFL_BEGIN: 1024 bytes unpacked, in two blocks of at most 1024",
        ),
        DEFLATE_BEGUN,
        _deflated(0, PACKED_5A[:16], "90"),
        INFLATED,
        _deflated(1, PACKED_5A[16:], "89"),
        INFLATED,
        DEFLATE_END,
        DEFLATE_ENDED,
        Holds(hex="5a" * 0x400 + "ff" * 0x100),
    ),
    case(
        *(
            "stub.deflate-checksum",
            "COMMON-9",
            MUST,
            STUBS,
            "a packed block with a wrong checksum is refused with C1",
        ),
        Marked(),
        BEGIN_DEFLATE,
        DEFLATE_BEGUN,
        _deflated(0, PACKED_5A, "00"),
        Gets("0111 0200 ???????? c100"),
    ),
    case(
        *(
            "stub.deflate-damaged",
            "COMMON-9",
            MUST,
            STUBS,
            "a stream that cannot be unpacked is told, at last at the end",
        ),
        Marked(),
        BEGIN_DEFLATE,
        DEFLATE_BEGUN,
        _deflated(0, DAMAGED_5A, "13"),
        Gets("0111 0200 ???????? ??00"),
        DEFLATE_END,
        Gets("0112 0200 ???????? ??00"),
        Compare(Relation.ONE_FAILED),
    ),
    case(
        *("stub.erase-region", "COMMON-12", MUST, STUBS, "ERASE_REGION erases the sectors that it names"),
        Marked(),
        Send("00d1 0800 00000000 {flash+0x1000} 00200000", "ERASE_REGION: the second and the third sector"),
        Gets(f"01d1 {OK}", within_s=10.0),
        Holds(kept=(0, *range(3, 16)), blank=(1, 2)),
    ),
    case(
        *("stub.erase-all", "COMMON-12", MUST, STUBS, "also sixteen in a row"),
        Marked(),
        Send("00d1 0800 00000000 {flash} 00000100", "ERASE_REGION: all of the scratch area"),
        Gets(f"01d1 {OK}", within_s=10.0),
        Holds(blank=tuple(range(16))),
    ),
    case(
        *("stub.erase-unaligned", "COMMON-12", SHOULD, STUBS, "half a sector is refused"),
        Marked(),
        Send("00d1 0800 00000000 {flash} 00080000", "ERASE_REGION: half a sector"),
        Gets(f"01d1 {REFUSED}", within_s=10.0),
        Holds(kept=tuple(range(16))),
    ),
    case(
        *("own.end-restarts", "STUB-3", MUST, OURS, "an end that does not stay brings the ROM's loader back"),
        Send("0002 1000 00000000 00000000 00000000 00000000 00000000", "FLASH_BEGIN of nothing"),
        BEGUN,
        Send("0004 0400 00000000 00000000", "FLASH_END that does not stay"),
        ENDED,
        NoAnswer("0108"),  # the boot log comes
        SYNC,  # the first one tells the ROM the rate, and is not answered
        Nothing(),
        SYNC,
        SYNCED,
        Leaves(),
    ),
    case(
        *("own.block-twice", "STUB-3", MUST, OURS, "a block that comes twice is confirmed, and written once"),
        Marked(),
        _begin(0x200),
        BEGUN,
        _block(0, 0x100),
        WRITTEN,
        _block(0, 0x100),
        WRITTEN,
        _block(1, 0x100),
        WRITTEN,
        END,
        ENDED,
        Holds(hex="5a" * 0x200 + "ff" * 0x100),
    ),
    case(
        *("own.block-missing", "STUB-3", MUST, OURS, "a block that skips a number is refused with E2"),
        Marked(),
        _begin(0x200),
        BEGUN,
        _block(1, 0x100),
        Gets("0103 0200 ???????? e200"),
    ),
    case(
        *(
            "own.damaged-at-once",
            "STUB-3",
            MUST,
            OURS,
            "what cannot be unpacked is told by the block's own answer",
        ),
        Marked(),
        BEGIN_DEFLATE,
        DEFLATE_BEGUN,
        _deflated(0, DAMAGED_5A, "13"),
        Gets("0111 0200 ???????? c700"),
    ),
)

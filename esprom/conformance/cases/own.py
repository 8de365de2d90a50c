# SPDX-License-Identifier: Apache-2.0
"""Commands of our stub alone (STUB-3 to STUB-15)."""

from esprom.conformance.case import (
    MUST,
    OURS,
    SHOULD,
    Ask,
    Compare,
    Gets,
    Holds,
    Leaves,
    Marked,
    Nothing,
    Rate,
    Relation,
    Send,
    case,
)
from esprom.conformance.cases.framing import ASK_ROM_WORD, IS_ROM_WORD, ROM_WORD

BAD_LENGTH, BAD_CHECKSUM, BAD_ADDRESS = "c000", "c100", "e100"
PACKED_5A = "edc1010d000000c2a09eef1fc41e0e28000000e0dd00"  # raw deflate: 4096 times 5A
# Raw deflate that refers to a sector of FF before: 2048 times 5A, 2048 times FF; and its CRC-32.
PACKED_AFTER = "edd68100000000c320cffb831c6445d100801c0302809e03"
CRC_AFTER = "619245df"
INFO = Ask("e0", "01000000", "INFO")
STREAM = Ask("e3", "00000000 00100000 00800000 18000000", "STREAM: the first sector")
STREAMING = Gets("01e3 0200 ???????? 0000", sealed=True)
HEAD = "01e4 ???? ???????? ???????? ????????"  # of a frame, up to its kind
FRAME = Gets("01e4 ???? ???????? *")
FINISH = Ask("e5", "ffffffff 00000000 00000000", "STREAM_CONTROL: that was all")


def _refused(opcode: str, status: str) -> Gets:
    return Gets(f"01{opcode} 0200 ???????? {status}", sealed=True)


def _put(offset: str, done: str) -> Gets:
    return Gets(f"01e6 0700 ???????? {offset} {done} 0000", sealed=True)


CASES = (
    case(
        *("own.info", "STUB-5", MUST, OURS, "INFO tells the version, and ten more words"),
        INFO,
        Gets("01e0 2e00 ???????? 01000000" + "????????" * 10 + "0000", sealed=True),
    ),
    case(
        *(
            "own.info-empty",
            "STUB-5",
            MUST,
            OURS,
            "without a body it is refused: a damaged byte makes ERASE_FLASH",
        ),
        Ask("e0", "", "INFO without a body"),
        _refused("e0", BAD_LENGTH),
    ),
    case(
        *("own.bad-crc", "STUB-4", MUST, OURS, "a request whose CRC is wrong is refused with C1"),
        Send("00e0 0400 12345678 01000000", "INFO with another CRC"),
        Gets("01e0 0200 ???????? c100"),
    ),
    case(
        *("own.unknown", "CMD-3", SHOULD, OURS, "an opcode from 0xE0 on that is not known is refused"),
        Ask("ee", "00000000", "opcode 0xEE"),
        Gets("01ee 0200 ???????? c300 | 01ee 0200 ???????? ff00"),
    ),
    case(
        *("own.echo", "STUB-6", MUST, OURS, "ECHO answers the body that it got"),
        Ask("e1", "00c0dbdcddff55aa", "ECHO of eight bytes"),
        Gets("01e1 0a00 ???????? 00c0dbdcddff55aa 0000", sealed=True),
    ),
    case(
        *("own.echo-nothing", "STUB-6", SHOULD, OURS, "of nothing it is nothing"),
        Ask("e1", "", "ECHO of nothing"),
        Gets("01e1 0200 ???????? 0000", sealed=True),
    ),
    case(
        *("own.echo-long", "STUB-6", MUST, OURS, "4096 bytes come back too"),
        Ask("e1", bytes(range(256)).hex() * 16, "ECHO of 4096 bytes"),
        Gets("01e1 0210 ???????? " + bytes(range(256)).hex() * 16 + "0000", sealed=True),
    ),
    case(
        *("own.seal", "STUB-4", MUST, OURS, "the same answer to another request has another value"),
        Ask("e2", "01000000 00100000 00100000", "DIGESTS from the second byte on"),
        _refused("e2", BAD_ADDRESS),
        Ask("e2", "02000000 00100000 00100000", "DIGESTS from the third byte on"),
        _refused("e2", BAD_ADDRESS),
        Compare(Relation.UNEQUAL_VALUES),
    ),
    case(
        *("own.digests", "STUB-7", MUST, OURS, "DIGESTS answers an MD5 of each sector"),
        Ask("e2", "00000000 00200000 00100000", "DIGESTS of two sectors"),
        Gets("01e2 2200 ???????? " + "??" * 32 + "0000", sealed=True),
    ),
    case(
        *("own.digest-of-digests", "STUB-7", MUST, OURS, "of a larger unit, the MD5 of its sectors' MD5s"),
        Marked(),
        Ask("e7", "{flash} 00000100", "ERASE of the scratch area"),
        Gets("01e7 0600 ???????? {flash} 0000", sealed=True, within_s=10.0),
        Ask("e2", "{flash} 00100000 00100000", "DIGESTS of a blank sector"),
        Gets("01e2 1200 ???????? 6ae59e64850377ee5470c854761551ea 0000", sealed=True),
        Ask("e2", "{flash} 00200000 00200000", "DIGESTS of two blank sectors, as one unit"),
        Gets("01e2 1200 ???????? a0fc538b4c4c330aa82ce58896b52788 0000", sealed=True),
    ),
    case(
        *("own.digests-unaligned", "STUB-7", MUST, OURS, "what is no multiple of 4096 is refused with E1"),
        Ask("e2", "01000000 00100000 00100000", "DIGESTS from the second byte on"),
        _refused("e2", BAD_ADDRESS),
    ),
    case(
        *("own.digests-many", "STUB-7", MUST, OURS, "more than 64 are refused with E1"),
        Ask("e2", "00000000 00100400 00100000", "DIGESTS of 65 sectors"),
        _refused("e2", BAD_ADDRESS),
    ),
    case(
        *("own.stream", "STUB-8", MUST, OURS, "STREAM sends the range, and the MD5 of what was sent"),
        STREAM,
        STREAMING,
        FRAME,
        FRAME,
        Compare(Relation.STREAM_IS_WHOLE),
        FINISH,
    ),
    case(
        *("own.stream-unpacked", "STUB-8", MUST, OURS, "with effort 0 nothing is packed"),
        Ask("e3", "00000000 00100000 00800000 00000000", "STREAM: the first sector, unpacked"),
        STREAMING,
        Gets(f"{HEAD} 00 * | {HEAD} 01 *"),
        FRAME,
        Compare(Relation.STREAM_IS_WHOLE),
        FINISH,
    ),
    case(
        *("own.stream-again", "STUB-10", MUST, OURS, "what is asked for again is sent again"),
        STREAM,
        STREAMING,
        FRAME,
        FRAME,
        Ask("e5", "00000000 00000000 00100000", "STREAM_CONTROL: the first sector again"),
        Gets("01e4 ???? ???????? 00000000 *"),
        FINISH,
    ),
    case(
        *("own.stream-digest-again", "STUB-10", MUST, OURS, "the digest too"),
        STREAM,
        STREAMING,
        FRAME,
        FRAME,
        Ask("e5", "00100000 00100000 01000000", "STREAM_CONTROL: the digest again"),
        Gets("01e4 1900 ???????? 00100000 00000000 03 *"),
        FINISH,
    ),
    case(
        *("own.stream-over", "STUB-8", MUST, OURS, "any other packet ends a stream, and is obeyed"),
        STREAM,
        STREAMING,
        FRAME,
        FRAME,
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "own.stream-unaligned",
            "STUB-8",
            MUST,
            OURS,
            "addresses that are no multiples of 64 are refused with E1",
        ),
        Ask("e3", "01000000 00100000 00800000 18000000", "STREAM from the second byte on"),
        _refused("e3", BAD_ADDRESS),
    ),
    case(
        *("own.control-unanswered", "STUB-10", MUST, OURS, "STREAM_CONTROL is not answered"),
        FINISH,
        Nothing(),
    ),
    case(
        *("own.put", "STUB-11", MUST, OURS, "PUT makes a sector hold what it says"),
        Marked(),
        Ask("e6", "{flash} 00 " + "5a" * 4096, "PUT: the bytes themselves"),
        _put("{flash}", "02"),
        Holds(hex="5a" * 0x40),
        Holds(at=0xFC0, hex="5a" * 0x40),
        Holds(kept=tuple(range(1, 16))),
    ),
    case(
        *("own.put-repeated", "STUB-11", MUST, OURS, "as one byte that all of it is"),
        Marked(),
        Ask("e6", "{flash+0x1000} 01 5a", "PUT: 5A all over"),
        _put("{flash+0x1000}", "02"),
        Holds(at=0x1FC0, hex="5a" * 0x40),
        Holds(kept=(0, *range(2, 16))),
    ),
    case(
        *("own.put-packed", "STUB-11", MUST, OURS, "packed"),
        Marked(),
        Ask("e6", "{flash} 02 " + PACKED_5A, "PUT: 5A all over, as raw deflate"),
        _put("{flash}", "02"),
        Holds(hex="5a" * 0x40),
        Holds(at=0xFC0, hex="5a" * 0x40),
    ),
    case(
        *("own.put-after", "STUB-11", MUST, OURS, "packed, with the sector before it to refer to"),
        Marked(),
        Ask("e6", "{flash} 01 ff", "PUT: a blank sector"),
        _put("{flash}", "02"),
        Ask("e6", "{flash+0x1000} 04 01 " + CRC_AFTER + PACKED_AFTER, "PUT: what refers to it"),
        _put("{flash+0x1000}", "02"),
        Holds(at=0x1000, hex="5a" * 0x40),
        Holds(at=0x17C0, hex="5a" * 0x40 + "ff" * 0x40),
    ),
    case(
        *(
            "own.put-after-other",
            "STUB-11",
            MUST,
            OURS,
            "where that holds something else, C1, and nothing is done",
        ),
        Marked(),
        Ask("e6", "{flash} 01 00", "PUT: a sector of 00"),
        _put("{flash}", "01"),
        Ask("e6", "{flash+0x1000} 04 01 " + CRC_AFTER + PACKED_AFTER, "PUT: what refers to a blank one"),
        _refused("e6", BAD_CHECKSUM),
        Holds(kept=tuple(range(1, 16))),
    ),
    case(
        *("own.put-nothing", "STUB-11", MUST, OURS, "what a sector holds already is left alone: done 0"),
        Marked(),
        Ask("e6", "{flash} 01 5a", "PUT: 5A all over"),
        _put("{flash}", "02"),
        Ask("e6", "{flash} 01 5a", "the same again"),
        _put("{flash}", "00"),
    ),
    case(
        *(
            "own.put-clears",
            "STUB-11",
            MUST,
            OURS,
            "bits are cleared without erasing, where that is enough: done 1",
        ),
        Marked(),
        Ask("e6", "{flash} 01 00", "PUT: 00 all over"),
        _put("{flash}", "01"),
        Holds(hex="00" * 0x40),
    ),
    case(
        *("own.put-unaligned", "STUB-11", MUST, OURS, "an address inside a sector is refused with E1"),
        Marked(),
        Ask("e6", "{flash+0x100} 01 5a", "PUT inside a sector"),
        _refused("e6", BAD_ADDRESS),
        Holds(kept=tuple(range(16))),
    ),
    case(
        *("own.put-damaged", "STUB-11", MUST, OURS, "what cannot be unpacked is refused with C7"),
        Marked(),
        Ask("e6", "{flash} 02 ffffffff", "PUT: no deflate"),
        _refused("e6", "c700"),
        Holds(kept=tuple(range(16))),
    ),
    case(
        *("own.erase", "STUB-12", MUST, OURS, "ERASE erases the sectors that it names"),
        Marked(),
        Ask("e7", "{flash+0x1000} 00200000", "ERASE: the second and the third sector"),
        Gets("01e7 0600 ???????? {flash+0x1000} 0000", sealed=True, within_s=10.0),
        Holds(kept=(0, *range(3, 16)), blank=(1, 2)),
    ),
    case(
        *("own.erase-unaligned", "STUB-12", MUST, OURS, "half a sector is refused with E1"),
        Marked(),
        Ask("e7", "{flash} 00080000", "ERASE: half a sector"),
        _refused("e7", BAD_ADDRESS),
        Holds(kept=tuple(range(16))),
    ),
    case(
        *("own.try-rate", "STUB-15", MUST, OURS, "TRY_BAUDRATE changes for good, if no trial is asked for"),
        Ask("e8", "00840300 00c20100 00000000", "TRY_BAUDRATE: 230400, for good"),
        Gets("01e8 0200 ???????? 0000", sealed=True),
        Rate(230400),
        Nothing(1.0),
        Ask("e1", "55aa", "ECHO"),
        Gets("01e1 0400 ???????? 55aa 0000", sealed=True),
        Rate(115200),
        Leaves(),
    ),
    case(
        *("own.trial-ends", "STUB-15", MUST, OURS, "a trial that is not confirmed ends at the old rate"),
        Ask("e8", "00840300 00c20100 64000000", "TRY_BAUDRATE: 230400, for 100 ms"),
        Gets("01e8 0200 ???????? 0000", sealed=True),
        Nothing(0.3),
        Ask("e1", "55aa", "ECHO, at the old rate"),
        Gets("01e1 0400 ???????? 55aa 0000", sealed=True),
    ),
    case(
        *("own.trial-kept", "STUB-15", MUST, OURS, "one that is confirmed in time does not"),
        Ask("e8", "00840300 00c20100 f4010000", "TRY_BAUDRATE: 230400, for 500 ms"),
        Gets("01e8 0200 ???????? 0000", sealed=True),
        Rate(230400),
        Nothing(0.05),
        Ask("e8", "00840300 00840300 00000000", "TRY_BAUDRATE: 230400, for good"),
        Gets("01e8 0200 ???????? 0000", sealed=True),
        Nothing(0.7),
        Ask("e1", "55aa", "ECHO, at the new rate"),
        Gets("01e1 0400 ???????? 55aa 0000", sealed=True),
        Rate(115200),
        Leaves(),
    ),
    case(
        *("own.trial-too-long", "STUB-15", SHOULD, OURS, "a trial of more than 10 s is refused with E1"),
        Ask("e8", "00840300 00c20100 11270000", "TRY_BAUDRATE: for 10001 ms"),
        _refused("e8", BAD_ADDRESS),
    ),
    case(
        *(
            "own.read-unaligned",
            "STUB-3",
            MUST,
            OURS,
            "a READ_REG that would hang the chip is refused with E1",
        ),
        Send("000a 0400 00000000 01100040", "READ_REG of 0x40001001"),
        Gets("010a 0200 ???????? e100"),
    ),
    case(
        *("own.read-null", "STUB-3", MUST, OURS, "so is one of address 0"),
        Send("000a 0400 00000000 00000000", "READ_REG of 0"),
        Gets("010a 0200 ???????? e100"),
    ),
    case(
        *("own.write-unaligned", "STUB-3", MUST, OURS, "and a WRITE_REG to an odd place"),
        Send("0009 1000 00000000 {iram+2} 00000000 ffffffff 00000000", "WRITE_REG to an odd place"),
        Gets("0109 0200 ???????? e100"),
    ),
    case(
        *("own.over-itself", "STUB-3", MUST, OURS, "a MEM_BEGIN where the stub lies is refused with E1"),
        Send("0005 1000 00000000 00010000 01000000 00010000 00c01040", "MEM_BEGIN at 0x4010C000"),
        Gets("0105 0200 ???????? e100"),
    ),
)

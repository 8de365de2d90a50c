# SPDX-License-Identifier: Apache-2.0
"""SLIP: what is sent, and how what comes is read (SLIP-*)."""

from esprom.conformance.case import (
    ALL,
    MUST,
    PIPELINED,
    QUIRK,
    ROM,
    SHOULD,
    Compare,
    Gets,
    GetsBytes,
    Line,
    Relation,
    Send,
    Waits,
    case,
)

ROM_WORD = "READ_REG of 0x40001000, a word of the mask ROM"
ASK_ROM_WORD = "000a 0400 00000000 00100040"
IS_ROM_WORD = "010a 0200 01c1f0ff 00??"
FRAMED_ROM_WORD = "c0 000a 0400 00000000 00100040 c0"
KEEPS = Gets("0109 0200 ???????? 0000")
ASK_KEPT = Send("000a 0400 00000000 {iram}", "READ_REG of it")

CASES = (
    case(
        *("slip.answer", "SLIP-1", MUST, ALL, "an answer is a frame: C0, the packet, C0"),
        Send(ASK_ROM_WORD, ROM_WORD),
        GetsBytes("c0 010a 0200 01c1f0ff 00?? c0"),
    ),
    case(
        *("slip.answers-apart", "SLIP-1", MUST, PIPELINED, "two answers in a row have two C0 between them"),
        Line(FRAMED_ROM_WORD * 2, ROM_WORD + ", twice"),
        GetsBytes("c0 010a 0200 01c1f0ff 00?? c0 c0 010a 0200 01c1f0ff 00?? c0"),
    ),
    case(
        *("slip.escape-c0", "SLIP-2", MUST, ALL, "C0 in an answer is sent as DB DC, and read as such"),
        Send("0009 1000 00000000 {iram} c0000000 ffffffff 00000000", "WRITE_REG of 0xC0 to RAM"),
        KEEPS,
        ASK_KEPT,
        GetsBytes("c0 010a 0200 dbdc 000000 00?? c0"),
    ),
    case(
        *("slip.escape-db", "SLIP-2", MUST, ALL, "DB in an answer is sent as DB DD, and read as such"),
        Send("0009 1000 00000000 {iram} db00db01 ffffffff 00000000", "WRITE_REG with two DB to RAM"),
        KEEPS,
        ASK_KEPT,
        GetsBytes("c0 010a 0200 dbdd 00 dbdd 01 00?? c0"),
    ),
    case(
        *("slip.plain-dc-dd", "SLIP-2", MUST, ALL, "DC and DD by themselves are bytes like any other"),
        Send("0009 1000 00000000 {iram} dcdddddc ffffffff 00000000", "WRITE_REG with DC and DD to RAM"),
        KEEPS,
        ASK_KEPT,
        GetsBytes("c0 010a 0200 dcdddddc 00?? c0"),
    ),
    case(
        *("slip.empty-frames", "SLIP-9", MUST, ALL, "C0 that follow each other are no frames"),
        Line("c0c0c0c0" + FRAMED_ROM_WORD, "four C0, and " + ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.noise-before", "SLIP-8", MUST, ALL, "bytes outside a frame are dropped"),
        Line("00ff 0d0a 6e6f697365", "noise"),
        Line(FRAMED_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.pauses", "SLIP-12", MUST, ALL, "a frame may pause between any two bytes"),
        Line("c0 000a 04", "the beginning of a frame"),
        Waits(0.3),
        Line("00 00000000 0010", "more of it"),
        Waits(0.3),
        Line("0040 c0", "its end"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "slip.back-to-back",
            "PROTO-1",
            MUST,
            PIPELINED,
            "a burst of requests is answered in its order",
        ),
        Send("0009 1000 00000000 {iram} 78563412 ffffffff 00000000", "WRITE_REG to RAM"),
        KEEPS,
        Line(
            FRAMED_ROM_WORD + "c0 000a 0400 00000000 {iram} c0" + FRAMED_ROM_WORD,
            "READ_REG of ROM, RAM and ROM",
        ),
        Gets(IS_ROM_WORD),
        Gets("010a 0200 78563412 00??"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.all-values", "SLIP-2", MUST, ALL, "all 256 values of a byte get through a data block"),
        Send("0005 1000 00000000 00010000 01000000 00010000 {iram}", "MEM_BEGIN of 256 bytes"),
        Gets("0105 0200 ???????? 00??"),
        Send(
            "0007 1001 ef000000 00010000 00000000 0000000000000000" + bytes(range(256)).hex(),
            "MEM_DATA with 00 to FF",
        ),
        Gets("0107 0200 ???????? 00??"),
        Send("000a 0400 00000000 {iram+0xc0}", "READ_REG of what came from C0 to C3"),
        Gets("010a 0200 c0c1c2c3 00??"),
        Send("000a 0400 00000000 {iram+0xd8}", "READ_REG of what came from D8 to DB"),
        Gets("010a 0200 d8d9dadb 00??"),
        Send("000a 0400 00000000 {iram+0xfc}", "READ_REG of what came from FC to FF"),
        Gets("010a 0200 fcfdfeff 00??"),
    ),
    case(
        *("slip.shared-end", "SLIP-9", QUIRK, ROM, "a single C0 between two frames: the second is lost"),
        Line(
            "c0 000a 0400 00000000 00100040 c0 000a 0400 00000000 04100040 c0",
            "two READ_REGs that share a C0",
        ),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "slip.missing-start",
            "SLIP-8",
            SHOULD,
            ROM,
            "a frame without its first C0 is lost, the next is not",
        ),
        Line("000a 0400 00000000 04100040 c0", "READ_REG without the first C0"),
        Line(FRAMED_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.missing-end", "SLIP-9", QUIRK, ROM, "half a frame is ended by the first C0 of the next one"),
        Line("c0 000a 0400 00000000 00100040", "READ_REG without the last C0"),
        Line("c0 000a 0400 00000000 04100040 c0", "another READ_REG, which is lost"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "slip.after-missing-end",
            "SLIP-9",
            SHOULD,
            ROM,
            "after half a frame and one more the next is heard",
        ),
        Line("c0 000a 0400 00000000 00100040", "READ_REG without the last C0"),
        Line("c0 000a 0400 00000000 04100040 c0", "another READ_REG, which is lost"),
        Gets(IS_ROM_WORD),
        Line(FRAMED_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "slip.escape-other",
            "SLIP-10",
            QUIRK,
            ROM,
            "DB before any other byte is dropped, the byte is kept",
        ),
        Line("c0 000a 0400 00000000 00db100040 c0", ROM_WORD + ", with DB before the 10"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.escape-db-db", "SLIP-10", QUIRK, ROM, "DB DB is one DB"),
        Line("c0 0008 0400 00000000 07dbdb1220 c0", "SYNC whose word has DB DB"),
        Gets("0108 0200 07db1220 0000", times=8),
    ),
    case(
        *("slip.escape-end", "SLIP-10", QUIRK, ROM, "DB C0 is a C0 in the frame, and not its end"),
        Line("c0 0008 0400 00000000 07dbc01220 c0", "SYNC whose word has DB C0"),
        Gets("0108 0200 07c01220 0000", times=8),
    ),
    case(
        *("slip.long-frame", "SLIP-11", QUIRK, ROM, "a frame that fills the packet buffer is obeyed"),
        Send(ASK_ROM_WORD + "00" * (0x2000 - 12), ROM_WORD + ", in a frame of 0x2000 bytes"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.longer-frame", "SLIP-11", QUIRK, ROM, "what goes beyond the packet buffer is dropped"),
        Send(ASK_ROM_WORD + "55" * (0x2400 - 12), ROM_WORD + ", in a frame of 0x2400 bytes"),
        Gets(IS_ROM_WORD),
        Send("000a 0400 00000000 fcbfff3f", "READ_REG of the end of the packet buffer, 0x3FFFBFFC"),
        Gets("010a 0200 55555555 00??"),
        Send("000a 0400 00000000 00c0ff3f", "READ_REG of what lies behind it, 0x3FFFC000"),
        Gets("010a 0200 ???????? 00??"),
        Compare(Relation.UNEQUAL_VALUES),
    ),
    case(
        *(
            "slip.one-byte",
            "SLIP-9",
            QUIRK,
            ROM,
            "a frame of one byte is a frame: 00 does the last command again",
        ),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Line("c0 00 c0", "a frame of one byte"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("slip.noise-is-frame", "SLIP-9", SHOULD, ROM, "noise between two C0 is a frame, and is refused"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Line("c0 58797a c0", "Xyz in a frame"),
        Gets("01?? 0200 ???????? 0105"),
    ),
)

# SPDX-License-Identifier: Apache-2.0
"""READ_REG and WRITE_REG (ROM-12 to ROM-14, BODY-READ-REG, BODY-WRITE-REG)."""

from esprom.conformance.case import (
    ALL,
    MUST,
    QUIRK,
    ROM,
    SHOULD,
    Case,
    Dead,
    Gets,
    NoSooner,
    Nothing,
    Send,
    case,
)
from esprom.conformance.cases.framing import ASK_ROM_WORD, IS_ROM_WORD, ROM_WORD

DONE = Gets("0109 0200 ???????? 0000")
SET = Send("0009 1000 00000000 {iram} 78563412 ffffffff 00000000", "WRITE_REG: 0x12345678 to RAM")
READ = Send("000a 0400 00000000 {iram}", "READ_REG of it")


def _kills(name: str, spec: str, rule: str, packet: str, means: str) -> Case:
    return case(name, spec, QUIRK, ROM, rule, Send(packet, means), Nothing(), Dead())


CASES = (
    case(
        *("read.word", "BODY-READ-REG", MUST, ALL, "the value is the word at the address"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("read.other-word", "BODY-READ-REG", MUST, ALL, "another address, another word"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        SET,
        DONE,
        READ,
        Gets("010a 0200 78563412 00??"),
    ),
    case(
        *("read.efuses", "BODY-READ-REG", MUST, ALL, "the four words of the eFuses can be read"),
        Send("000a 0400 00000000 5000f03f", "READ_REG of 0x3FF00050"),
        Gets("010a 0200 ???????? 00??"),
        Send("000a 0400 00000000 5400f03f", "READ_REG of 0x3FF00054"),
        Gets("010a 0200 ???????? 00??"),
        Send("000a 0400 00000000 5800f03f", "READ_REG of 0x3FF00058"),
        Gets("010a 0200 ???????? 00??"),
        Send("000a 0400 00000000 5c00f03f", "READ_REG of 0x3FF0005C"),
        Gets("010a 0200 ???????? 00??"),
    ),
    case(
        *("read.divisor", "BODY-READ-REG", MUST, ALL, "so can the UART's divisor, which is not 0"),
        Send("000a 0400 00000000 14000060", "READ_REG of 0x60000014"),
        Gets("010a 0200 NN????00 00?? | 010a 0200 ??NN??00 00??"),
    ),
    case(
        *("read.in-time", "CMD-2", SHOULD, ALL, "it is answered within 0.1 s"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD, within_s=0.1),
    ),
    _kills(
        *("read.unaligned-1", "ROM-14", "an address that is no multiple of 4 kills the loader: 1"),
        *("000a 0400 00000000 01100040", "READ_REG of 0x40001001"),
    ),
    _kills(
        *("read.unaligned-2", "ROM-14", "an address that is no multiple of 4 kills the loader: 2"),
        *("000a 0400 00000000 02100040", "READ_REG of 0x40001002"),
    ),
    _kills(
        *("read.unaligned-3", "ROM-14", "an address that is no multiple of 4 kills the loader: 3"),
        *("000a 0400 00000000 03100040", "READ_REG of 0x40001003"),
    ),
    _kills(
        *("read.null", "ROM-14", "a load below 0x20000000 kills the loader"),
        *("000a 0400 00000000 00000000", "READ_REG of 0"),
    ),
    case(
        *("write.word", "BODY-WRITE-REG", MUST, ALL, "a word is stored"),
        SET,
        DONE,
        READ,
        Gets("010a 0200 78563412 00??"),
    ),
    case(
        *("write.mask", "BODY-WRITE-REG", MUST, ALL, "bits outside the mask stay as they were"),
        SET,
        DONE,
        Send("0009 1000 00000000 {iram} ff00ff00 ff000000 00000000", "WRITE_REG with mask 0xFF"),
        DONE,
        READ,
        Gets("010a 0200 ff563412 00??"),
    ),
    case(
        *("write.mask-clears", "BODY-WRITE-REG", MUST, ALL, "bits inside the mask that are 0 are cleared"),
        SET,
        DONE,
        Send("0009 1000 00000000 {iram} 00000000 00ffff00 00000000", "WRITE_REG of 0 with mask 0xFFFF00"),
        DONE,
        READ,
        Gets("010a 0200 78000012 00??"),
    ),
    case(
        *("write.mask-0", "BODY-WRITE-REG", SHOULD, ALL, "an empty mask changes nothing"),
        SET,
        DONE,
        Send("0009 1000 00000000 {iram} ffffffff 00000000 00000000", "WRITE_REG with mask 0"),
        DONE,
        READ,
        Gets("010a 0200 78563412 00??"),
    ),
    case(
        *("write.many", "BODY-WRITE-REG", MUST, ALL, "several records are all done"),
        Send(
            "0009 3000 00000000 {iram} 11111111 ffffffff 00000000"
            " {iram+4} 22222222 ffffffff 00000000 {iram+8} 33333333 ffffffff 00000000",
            "WRITE_REG of three words",
        ),
        DONE,
        READ,
        Gets("010a 0200 11111111 00??"),
        Send("000a 0400 00000000 {iram+4}", "READ_REG of the second"),
        Gets("010a 0200 22222222 00??"),
        Send("000a 0400 00000000 {iram+8}", "READ_REG of the third"),
        Gets("010a 0200 33333333 00??"),
    ),
    case(
        *("write.order", "BODY-WRITE-REG", MUST, ALL, "in their order: the last one stays"),
        Send(
            "0009 2000 00000000 {iram} 11111111 ffffffff 00000000 {iram} 22220000 ffff0000 00000000",
            "WRITE_REG of the same word, twice",
        ),
        DONE,
        READ,
        Gets("010a 0200 22221111 00??"),
    ),
    case(
        *("write.delay", "BODY-WRITE-REG", SHOULD, ALL, "the delay passes before the answer comes"),
        Send("0009 1000 00000000 {iram} 00000000 ffffffff 409c0000", "WRITE_REG with a delay of 40 ms"),
        DONE,
        NoSooner(0.04),
    ),
    case(
        *("write.delays-add", "BODY-WRITE-REG", SHOULD, ALL, "each record has its own delay"),
        Send(
            "0009 2000 00000000 {iram} 00000000 ffffffff 409c0000 {iram} 00000000 ffffffff 409c0000",
            "WRITE_REG of two words with 40 ms each",
        ),
        DONE,
        NoSooner(0.08),
    ),
    case(
        *("write.delay-low", "BODY-WRITE-REG", QUIRK, ROM, "only the low 16 bits of a delay count"),
        Send("0009 1000 00000000 {iram} 00000000 ffffffff 00000300", "WRITE_REG with a delay of 196608"),
        Gets("0109 0200 ???????? 0000", within_s=0.1),
    ),
    case(
        *("write.size-0", "ROM-13", QUIRK, ROM, "a size below 16 does nothing, and succeeds: 0"),
        SET,
        DONE,
        Send("0009 0000 00000000 {iram} ffffffff ffffffff 00000000", "WRITE_REG with size 0"),
        DONE,
        READ,
        Gets("010a 0200 78563412 00??"),
    ),
    case(
        *("write.size-12", "ROM-13", QUIRK, ROM, "a size below 16 does nothing, and succeeds: 12"),
        SET,
        DONE,
        Send("0009 0c00 00000000 {iram} ffffffff ffffffff", "WRITE_REG with size 12"),
        DONE,
        READ,
        Gets("010a 0200 78563412 00??"),
    ),
    case(
        *("write.size-31", "ROM-13", QUIRK, ROM, "a record that is not whole is not done"),
        SET,
        DONE,
        Send(
            "0009 1f00 00000000 {iram+4} 00000000 ffffffff 00000000 {iram} ffffffff ffffffff 00000000",
            "WRITE_REG with size 31",
        ),
        DONE,
        READ,
        Gets("010a 0200 78563412 00??"),
    ),
    _kills(
        *("write.unaligned", "ROM-14", "a WRITE_REG to an address that is no multiple of 4 kills it too"),
        *("0009 1000 00000000 {iram+2} 00000000 ffffffff 00000000", "WRITE_REG to an odd place"),
    ),
    _kills(
        *("write.null", "ROM-14", "and one below 0x20000000"),
        *("0009 1000 00000000 00000000 00000000 ffffffff 00000000", "WRITE_REG to 0"),
    ),
)

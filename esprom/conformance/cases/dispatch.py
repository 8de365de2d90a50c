# SPDX-License-Identifier: Apache-2.0
"""Which command is done, and what an answer is made of (PROTO-*, CMD-3, ROM-4 to ROM-10, STATUS-*)."""

from esprom.conformance.case import ALL, MUST, QUIRK, ROM, SHOULD, STUBS, Case, Gets, Restart, Send, case
from esprom.conformance.cases.framing import ASK_ROM_WORD, IS_ROM_WORD, ROM_WORD

REFUSED = "0105"  # status and error
OF_NO_ROM = (0x00, 0x01, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0xD0, 0xD1, 0xD2, 0xD3, 0xFF)
OF_NO_STUB = (0x00, 0x0C, 0x0E, 0x14, 0xCF, 0xDF, 0xFF)
WRONG_SIZE = Send("0005 0800 00000000 00000000 00000000", "MEM_BEGIN with half a body")
SYNC = Send("0008 2400 00000000 07071220" + "55" * 32, "SYNC")
SYNCED = Gets("0108 0200 07071220 0000", times=8)


def _refused_by_rom(opcode: int) -> Case:
    return case(
        *(f"unknown.{opcode:02x}", "CMD-3", MUST, ROM, f"opcode 0x{opcode:02X} is refused with error 5"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Send(f"00{opcode:02x} 0400 00000000 00000000", f"opcode 0x{opcode:02X} with four bytes"),
        Gets(f"01?? 0200 ???????? {REFUSED}"),
    )


def _refused_by_stub(opcode: int) -> Case:
    return case(
        *(
            f"stub.unknown.{opcode:02x}",
            "CMD-3",
            MUST,
            STUBS,
            f"opcode 0x{opcode:02X} is refused with C3 or FF",
        ),
        Send(f"00{opcode:02x} 0000 00000000", f"opcode 0x{opcode:02X} without a body"),
        Gets(f"01{opcode:02x} 0200 ???????? c300 | 01{opcode:02x} 0200 ???????? ff00"),
    )


CASES = (
    *map(_refused_by_rom, OF_NO_ROM),
    *map(_refused_by_stub, OF_NO_STUB),
    case(
        *(
            "answer.direction",
            "PROTO-4",
            MUST,
            ALL,
            "an answer has direction 1, and its size is that of its body",
        ),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets("010a 0200 ???????? ????"),
    ),
    case(
        *("answer.success", "STATUS-2", MUST, ALL, "status 0 is success"),
        Send("0009 1000 00000000 {iram} 00000000 ffffffff 00000000", "WRITE_REG to RAM"),
        Gets("0109 0200 ???????? 00??"),
    ),
    case(
        *("answer.failure", "STATUS-3", MUST, ROM, "a refusal is status 1 and error 5"),
        WRONG_SIZE,
        Gets("0105 0200 ???????? 0105"),
    ),
    case(
        *("dispatch.direction", "ROM-5", MUST, ROM, "a packet with direction 1 is refused"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Send("010a 0400 00000000 00100040", "an answer's direction"),
        Gets(f"01?? 0200 ???????? {REFUSED}"),
    ),
    case(
        *("dispatch.checksum-ignored", "ROM-10", SHOULD, ROM, "the checksum of a READ_REG is not looked at"),
        Send("000a 0400 efbeadde 00100040", ROM_WORD + ", with a checksum"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("dispatch.size-0-ignored", "ROM-4", QUIRK, ROM, "the size of a READ_REG is not looked at: 0"),
        Send("000a 0000 00000000 00100040", ROM_WORD + ", with size 0"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("dispatch.size-8-ignored", "ROM-4", QUIRK, ROM, "the size of a READ_REG is not looked at: 8"),
        Send("000a 0800 00000000 00100040", ROM_WORD + ", with size 8"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "dispatch.stale-body",
            "ROM-4",
            QUIRK,
            ROM,
            "a frame that stops early is completed by the one before",
        ),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Send("000a 0400 00000000", "READ_REG without an address"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "dispatch.stale-end",
            "PROTO-8",
            QUIRK,
            ROM,
            "of an address only the bytes that change need be sent",
        ),
        Send("000a 0400 00000000 5400f03f", "READ_REG of 0x3FF00054, a word of the eFuses"),
        Gets("010a 0200 ???????? 00??"),
        Send("000a 0400 00000000 00100040", ROM_WORD),
        Gets(IS_ROM_WORD),
        Send("000a 0400 00000000 001000", "the same without its last byte"),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("dispatch.old-opcode", "ROM-6", QUIRK, ROM, "a refused opcode is answered under the one before"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Send("000c 0000 00000000", "an opcode that no loader has"),
        Gets("010a 0200 01c1f0ff 0105"),
    ),
    case(
        *(
            "dispatch.eight-refusals",
            "ROM-7",
            QUIRK,
            ROM,
            "after a SYNC an unknown opcode is refused eight times",
        ),
        SYNC,
        SYNCED,
        Send("0014 0000 00000000", "GET_SECURITY_INFO, which the ROM does not have"),
        Gets("0108 0200 07071220 0105", times=8),
    ),
    case(
        *("dispatch.no-opcode-yet", "ROM-6", QUIRK, ROM, "before any command a refusal has opcode 0"),
        Restart(),
        SYNC,
        Send("000c 0000 00000000", "an unknown opcode, as the first that is heard"),
        Gets("0100 0200 00000000 0105"),
    ),
    case(
        *(
            "dispatch.direction-eight",
            "ROM-7",
            QUIRK,
            ROM,
            "after a SYNC a wrong direction is refused eight times",
        ),
        SYNC,
        SYNCED,
        Send("0108 2400 00000000 07071220" + "55" * 32, "SYNC with an answer's direction"),
        Gets("0108 0200 07071220 0105", times=8),
    ),
    case(
        *("answer.value-sticks", "ROM-8", QUIRK, ROM, "VALUE stays what the last READ_REG has read"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
        Send("0006 0800 00000000 01000000 00000000", "MEM_END that stays"),
        Gets("0106 0200 01c1f0ff 0000"),
    ),
    case(
        *("answer.error-sticks", "ROM-8", QUIRK, ROM, "the reason of a failure stays in later successes"),
        WRONG_SIZE,
        Gets("0105 0200 ???????? 0105"),
        Send("0006 0800 00000000 01000000 00000000", "MEM_END that stays"),
        Gets("0106 0200 ???????? 0005"),
    ),
    case(
        *("answer.sync-clears", "ROM-8", QUIRK, ROM, "SYNC clears the reason"),
        WRONG_SIZE,
        Gets("0105 0200 ???????? 0105"),
        SYNC,
        SYNCED,
    ),
    case(
        *("answer.read-clears", "ROM-8", QUIRK, ROM, "READ_REG clears the reason"),
        WRONG_SIZE,
        Gets("0105 0200 ???????? 0105"),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets("010a 0200 01c1f0ff 0000"),
        Send("0006 0800 00000000 01000000 00000000", "MEM_END that stays"),
        Gets("0106 0200 ???????? 0000"),
    ),
    case(
        *("answer.write-clears", "ROM-8", QUIRK, ROM, "WRITE_REG clears the reason"),
        WRONG_SIZE,
        Gets("0105 0200 ???????? 0105"),
        Send("0009 1000 00000000 {ram} 00000000 00000000 00000000", "WRITE_REG with an empty mask"),
        Gets("0109 0200 ???????? 0000"),
    ),
    case(
        *("memory.reply-buffer", "ROM-1", QUIRK, ROM, "the reply is built at 0x3FFFDE00"),
        Send("000a 0400 00000000 00deff3f", "READ_REG of 0x3FFFDE00"),
        Gets("010a 0200 010a0200 0000"),
    ),
    case(
        *("memory.packet-buffer", "ROM-1", QUIRK, ROM, "the packet lies at 0x3FFFA000"),
        Send("000a 0400 00000000 00a0ff3f", "READ_REG of 0x3FFFA000"),
        Gets("010a 0200 000a0400 0000"),
    ),
    case(
        *("memory.body", "ROM-1", QUIRK, ROM, "and its body eight bytes behind"),
        Send("000a 0400 00000000 08a0ff3f", "READ_REG of 0x3FFFA008"),
        Gets("010a 0200 08a0ff3f 0000"),
    ),
    case(
        *("memory.delay-unit", "ROM-1", QUIRK, ROM, "80 cycles are taken for a microsecond (0x3FFFC704)"),
        Send("000a 0400 00000000 04c7ff3f", "READ_REG of 0x3FFFC704"),
        Gets("010a 0200 50000000 0000"),
    ),
    case(
        *("memory.flash-parameters", "ROM-1", QUIRK, ROM, "after a reset the flash is taken for 4 MiB"),
        Restart(),
        SYNC,
        Send("000a 0400 00000000 1cc7ff3f", "READ_REG of the chip size, 0x3FFFC71C"),
        Gets("010a 0200 00004000 0000"),
    ),
    case(
        *(
            "memory.jump-table",
            "ROM-1",
            QUIRK,
            ROM,
            "the table that it jumps by lies in RAM, and leads into ROM",
        ),
        Send("000a 0400 00000000 c8cbff3f", "READ_REG of its own entry, 0x3FFFCBC8"),
        Gets("010a 0200 ????0040 0000"),
    ),
)

# SPDX-License-Identifier: Apache-2.0
"""SYNC, and the way from a reset to the first answer (BODY-SYNC, ROM-7, ROM-11, BOOT-*)."""

from esprom.conformance.case import (
    MUST,
    QUIRK,
    ROM,
    SHOULD,
    STUBS,
    Banner,
    Gets,
    GetsBytes,
    Leaves,
    Line,
    NoAnswer,
    Nothing,
    Rate,
    Restart,
    Send,
    case,
)
from esprom.conformance.cases.dispatch import SYNC, SYNCED
from esprom.conformance.cases.framing import ASK_ROM_WORD, IS_ROM_WORD, ROM_WORD


def _at(baud: int) -> tuple[Restart | Rate | Send | Nothing | Gets | Leaves, ...]:
    return (Restart(), Rate(baud), SYNC, Nothing(), SYNC, SYNCED, Rate(115200), Leaves())


CASES = (
    case(*("sync.eight", "ROM-7", MUST, ROM, "SYNC is answered eight times"), SYNC, SYNCED),
    case(
        *("sync.framed", "SLIP-1", SHOULD, ROM, "its eight answers are eight whole frames"),
        SYNC,
        GetsBytes("c0 0108 0200 07071220 0000 c0" * 8),
    ),
    case(
        *("sync.twice", "PROTO-1", MUST, ROM, "two SYNCs are answered sixteen times"),
        Line(("c0 0008 2400 00000000 07071220" + "55" * 32 + "c0") * 2, "SYNC, twice"),
        Gets("0108 0200 07071220 0000", times=16),
    ),
    case(
        *(
            "sync.any-word",
            "ROM-11",
            SHOULD,
            ROM,
            "the value is the first word of its body, whatever that is",
        ),
        Send("0008 2400 00000000 aabbccdd" + "55" * 32, "SYNC with another word"),
        Gets("0108 0200 aabbccdd 0000", times=8),
    ),
    case(
        *("sync.short", "ROM-11", SHOULD, ROM, "nothing else of its body matters"),
        Send("0008 0400 00000000 11223344", "SYNC of four bytes"),
        Gets("0108 0200 11223344 0000", times=8),
    ),
    case(
        *("sync.empty", "ROM-4", QUIRK, ROM, "without a body the word is that of the packet before"),
        Send("0008 0400 00000000 99887766", "SYNC of four bytes"),
        Gets("0108 0200 99887766 0000", times=8),
        Send("0008 0000 00000000", "SYNC of none"),
        Gets("0108 0200 99887766 0000", times=8),
    ),
    case(
        *("sync.size-ignored", "ROM-10", QUIRK, ROM, "its size is not looked at"),
        Send("0008 ffff 00000000 07071220" + "55" * 32, "SYNC that says it had 65535 bytes"),
        SYNCED,
    ),
    case(
        *("sync.checksum-ignored", "ROM-10", SHOULD, ROM, "nor is its checksum"),
        Send("0008 2400 12345678 07071220" + "55" * 32, "SYNC with a checksum"),
        SYNCED,
    ),
    case(
        *("sync.in-time", "CMD-2", SHOULD, ROM, "it is answered within 0.1 s"),
        SYNC,
        Gets("0108 0200 07071220 0000", times=8, within_s=0.1),
    ),
    case(
        *("stub.sync", "COMMON-2", MUST, STUBS, "a stub answers SYNC eight times, with the value 0"),
        SYNC,
        Gets("0108 0200 00000000 0000", times=8),
    ),
    case(
        *("stub.sync-in-time", "CMD-2", SHOULD, STUBS, "it is answered within 0.1 s"),
        SYNC,
        Gets("0108 0200 ???????? 0000", times=8, within_s=0.1),
    ),
    case(
        *("boot.banner", "BOOT-2", SHOULD, ROM, "after a reset it says why it starts, and from where"),
        Banner(" ets Jan  8 2013,rst cause:"),
        Leaves(),
    ),
    case(
        *("boot.mode", "BOOT-4", MUST, ROM, "with GPIO0 low it goes into the download loop: boot mode 1"),
        Banner("boot mode:(1,"),
        Leaves(),
    ),
    case(
        *("boot.first-sync-lost", "BOOT-10", QUIRK, ROM, "the first SYNC after a reset is never answered"),
        Restart(),
        SYNC,
        Nothing(),
        SYNC,
        SYNCED,
    ),
    case(
        *("boot.second-sync", "BOOT-8", MUST, ROM, "the second SYNC after a reset is answered"),
        Restart(),
        SYNC,
        NoAnswer("00"),  # any answer is let go: that there is none is a quirk, above
        SYNC,
        SYNCED,
    ),
    case(
        *("boot.no-sync-needed", "BOOT-11", SHOULD, ROM, "once the rate is measured any command is answered"),
        Restart(),
        SYNC,
        Nothing(),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *("boot.any-edges", "BOOT-8", QUIRK, ROM, "any bytes with so many edges will do to measure it"),
        Restart(),
        Line("5555555555555555", "eight times 55"),
        Nothing(),
        Send(ASK_ROM_WORD, ROM_WORD),
        Gets(IS_ROM_WORD),
    ),
    case(
        *(
            "boot.few-edges",
            "BOOT-8",
            QUIRK,
            ROM,
            "with fewer edges it is not measured, and nothing is answered",
        ),
        Restart(),
        Line("ffffffff", "four times FF, two edges each"),
        Nothing(),
        SYNC,
        Nothing(),
        SYNC,
        SYNCED,
    ),
    case(*("boot.rate-9600", "BOOT-9", SHOULD, ROM, "9600 baud is measured"), *_at(9600)),
    case(*("boot.rate-57600", "BOOT-9", SHOULD, ROM, "57600 baud is measured"), *_at(57600)),
    case(*("boot.rate-230400", "BOOT-9", SHOULD, ROM, "230400 baud is measured"), *_at(230400)),
    case(*("boot.rate-460800", "BOOT-9", SHOULD, ROM, "460800 baud is measured"), *_at(460800)),
    case(
        *(
            "boot.measured-once",
            "BOOT-9",
            QUIRK,
            ROM,
            "the rate is measured once: at another nothing is understood",
        ),
        Restart(),
        SYNC,
        Nothing(),
        SYNC,
        SYNCED,
        Rate(38400),
        SYNC,
        Nothing(),
        SYNC,
        Nothing(),
        Rate(115200),
        Leaves(),
    ),
)

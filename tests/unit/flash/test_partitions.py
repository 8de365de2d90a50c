# SPDX-License-Identifier: Apache-2.0
"""The partition table of the RTOS SDK, against bytes that are laid out by its description."""

import struct

from esprom.flash.partitions import kept_by_table, partitions
from esprom.inspection import Kind, inspect, redact

MIB, SECTOR = 1 << 20, 0x1000
ENTRIES = (  # as partitions_two_ota.csv has them
    (1, 2, 0x9000, 0x4000, b"nvs"),
    (1, 0, 0xD000, 0x2000, b"otadata"),
    (1, 1, 0xF000, 0x1000, b"phy_init"),
    (0, 0x10, 0x10000, 0xF0000, b"ota_0"),
)


def flash(*entries: tuple[int, int, int, int, bytes]) -> bytearray:
    made = bytearray(b"\xff" * MIB)
    table = b"".join(struct.pack("<2sBBLL16sL", b"\xaa\x50", *entry, 0) for entry in entries)
    made[0x8000 : 0x8000 + len(table)] = table
    return made


def test_the_table_says_what_belongs_to_the_board() -> None:
    data = bytes(flash(*ENTRIES))
    assert [(part.offset, part.name.rstrip(b"\0")) for part in partitions(data)] == [
        (entry[2], entry[4]) for entry in ENTRIES
    ]
    found = [(region.offset, region.size, region.calibration) for region in kept_by_table(data)]
    assert found == [(0x9000, 0x4000, False), (0xD000, 0x2000, False), (0xF000, 0x1000, True)]


def test_entries_that_cannot_be_are_passed_over() -> None:
    wild = ((1, 2, 0xFFFFF000, 0x2000, b"beyond"), (1, 2, 0x9001, 0x1000, b"odd"), (1, 2, 0x9000, 0, b"none"))
    assert kept_by_table(bytes(flash(*wild))) == ()
    assert kept_by_table(b"\xff" * MIB) == kept_by_table(b"") == ()


def test_settings_in_it_are_shown_and_redacted() -> None:
    data = flash(*ENTRIES)
    data[0xA000:0xA010] = b"a hidden secret!"
    data[0xF000:0xF004] = b"\5\0\4\2"
    found = inspect(bytes(data))
    assert [area.kind for area in found.areas if area.offset in {0x9000, 0xF000}] == [
        Kind.SETTINGS,
        Kind.CALIBRATION,
    ]
    clean, _ = redact(bytes(data))
    assert b"secret" not in clean
    assert clean[0xF000:] == data[0xF000:]

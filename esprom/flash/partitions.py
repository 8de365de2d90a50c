# SPDX-License-Identifier: Apache-2.0
"""The partition table that firmware of the RTOS SDK (from 3 on) has: it says itself what lies where.

Source: espressif/ESP8266_RTOS_SDK, components/partition_table (gen_esp32part.py, partitions_*.csv): entries
of 32 bytes at 0x8000, up to one that begins otherwise. Such firmware keeps its Wi-Fi settings in NVS. No real
flash of this kind was at hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from construct import Bytes, Const, Int8ul, Int32ul

from esprom.errors import MalformedPacket
from esprom.flash.geometry import SECTOR
from esprom.flash.regions import Region
from esprom.protocol.record import Overlay, Record

TABLE = 0x8000
MOST = 96  # entries
DATA, OTA, PHY, NVS = 1, 0, 1, 2  # a type, and three of its subtypes
KEPT = {
    OTA: ("which program runs", False),
    PHY: ("radio init data", True),
    NVS: ("settings of the RTOS SDK (NVS, Wi-Fi settings)", False),
}  # subtype: name, calibration


@dataclass(frozen=True, slots=True)
class Partition:
    """An entry of the table."""

    type: int
    subtype: int
    offset: int
    size: int
    name: bytes
    flags: int


PARTITION = Record(
    Partition,
    "magic" / Const(b"\xaa\x50"),
    "type" / Int8ul,
    "subtype" / Int8ul,
    "offset" / Int32ul,
    "size" / Int32ul,
    "name" / Bytes(16),
    "flags" / Int32ul,
)
PARTITION_SIZE = Overlay(*PARTITION.layout).size


def partitions(data: bytes) -> Iterator[Partition]:
    """Yield the entries of the table in a whole flash, if it has one."""
    for at in range(TABLE, TABLE + MOST * PARTITION_SIZE, PARTITION_SIZE):
        try:
            yield PARTITION.parse(data[at : at + PARTITION_SIZE])
        except MalformedPacket:
            return


def kept_by_table(data: bytes) -> tuple[Region, ...]:
    """Return what belongs to one board as the table has it; nothing without a table."""
    return tuple(
        Region(KEPT[part.subtype][0], part.offset, part.size, KEPT[part.subtype][1])
        for part in sorted(partitions(data), key=lambda part: part.offset)
        if part.type == DATA and part.subtype in KEPT and _fits(part, len(data))
    )


def _fits(part: Partition, size: int) -> bool:
    return bool(part.size) and part.offset + part.size <= size and not (part.offset | part.size) % SECTOR

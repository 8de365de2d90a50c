# SPDX-License-Identifier: Apache-2.0
"""Boards as data: what distinguishes one module from another.

A name stands for one combination that is sold; the flash chip, above all, differs from batch to batch.
"""

from dataclasses import dataclass

from esp8266sim.bridges import CH340, CP2102, CP2104, FTDI, BridgeModel
from esp8266sim.chips import (
    BY25Q32,
    GD25Q32,
    MD25D80,
    P25Q80H,
    W25Q32,
    W25Q80,
    W25Q128,
    XM25QH32C,
    ChipModel,
)
from esp8266sim.demo import DIO, DOUT

# Either of bits 4 and 80 of the 128 is what the vendor's tools take for an ESP8285. With none of the bits 121
# to 123 and 5 set it is one with 1 MiB of flash, rated for 85 degrees: an ESP8285N08.
ESP8285_BITS = (1 << 4, 0, 1 << 80 - 64, 0)


def efuse_words(mac: str) -> tuple[int, int, int, int]:
    """Return the four eFuse words of an ESP8266EX with this MAC address.

    The address is spread over words 0, 1 and 3, where the boot software and the tools read it; the other
    bits are those of the board that the golden vectors were recorded on.
    """
    octets = bytes.fromhex(mac.replace(":", ""))
    vendor = int.from_bytes(octets[:3], "big")
    return octets[5] << 24, 0x02000000 | octets[3] << 8 | octets[4], 0x0000B000, vendor


def esp8285_words(mac: str) -> tuple[int, int, int, int]:
    """Return the four eFuse words of an ESP8285N08 with this MAC address."""
    word0, word1, word2, word3 = (
        word | bits for word, bits in zip(efuse_words(mac), ESP8285_BITS, strict=True)
    )
    return word0, word1, word2, word3


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of board."""

    name: str
    description: str
    flash: ChipModel
    efuse: tuple[int, int, int, int]  # words 0x3FF00050 to 0x3FF0005C
    crystal_hz: int = 26_000_000
    bridge: BridgeModel = FTDI
    unique_id: bytes = b""  # of this board's flash chip; empty: the chip model's
    header_mode: int = DIO  # of the demonstration firmware: how the board's wires let the flash be read


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("esp01", "ESP-01, black, 1 MiB", W25Q80, efuse_words("5c:cf:7f:12:34:56")),
        Profile(
            "esp01s",
            "ESP-01S, 1 MiB, PUYA flash, CH340",
            P25Q80H,
            efuse_words("5c:cf:7f:01:53:01"),
            bridge=CH340,
        ),
        Profile("esp12", "ESP-12, 4 MiB", W25Q32, efuse_words("5c:cf:7f:ab:cd:ef")),
        Profile(
            "esp12gd", "ESP-12 with a GigaDevice flash, 4 MiB", GD25Q32, efuse_words("5c:cf:7f:65:43:21")
        ),
        Profile(
            "esp12-40mhz",
            "ESP-12, 4 MiB, with a 40 MHz crystal",
            W25Q32,
            efuse_words("5c:cf:7f:40:00:40"),
            crystal_hz=40_000_000,
            unique_id=bytes.fromhex("d16650150b404040"),
        ),
        Profile(
            "esp8285",
            "module with an ESP8285, 1 MiB of flash inside",
            MD25D80,
            esp8285_words("5c:cf:7f:82:85:08"),
            header_mode=DOUT,
        ),
        Profile(
            "nodemcu",
            "NodeMCU 1.0 with an ESP-12E, 4 MiB, CP2102",
            W25Q32,
            efuse_words("5c:cf:7f:0d:ec:00"),
            bridge=CP2102,
            unique_id=bytes.fromhex("d16650150b210210"),
        ),
        Profile(
            "nodemcu-v3",
            "NodeMCU V3, 4 MiB, Boya flash, CH340",
            BY25Q32,
            efuse_words("5c:cf:7f:0d:ec:03"),
            bridge=CH340,
        ),
        Profile(
            "d1mini",
            "D1 mini, 4 MiB, XMC flash, CH340",
            XM25QH32C,
            efuse_words("5c:cf:7f:d1:00:01"),
            bridge=CH340,
        ),
        Profile(
            "d1mini-pro",
            "D1 mini Pro, 16 MiB, CP2104",
            W25Q128,
            efuse_words("5c:cf:7f:d1:00:16"),
            bridge=CP2104,
        ),
    )
}

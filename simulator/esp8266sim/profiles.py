# SPDX-License-Identifier: Apache-2.0
"""Boards as data: what distinguishes one module from another."""

from dataclasses import dataclass

from esp8266sim.chips import GD25Q32, W25Q32, W25Q80, ChipModel
from esp8266sim.line import FTDI, BridgeModel


def efuse_words(mac: str) -> tuple[int, int, int, int]:
    """Return the four eFuse words of an ESP8266EX with this MAC address.

    The address is spread over words 0, 1 and 3, where the boot software and the tools read it; the other
    bits are those of the board that the golden vectors were recorded on.
    """
    octets = bytes.fromhex(mac.replace(":", ""))
    vendor = int.from_bytes(octets[:3], "big")
    return octets[5] << 24, 0x02000000 | octets[3] << 8 | octets[4], 0x0000B000, vendor


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of board."""

    name: str
    description: str
    flash: ChipModel
    efuse: tuple[int, int, int, int]  # words 0x3FF00050 to 0x3FF0005C
    crystal_hz: int = 26_000_000
    bridge: BridgeModel = FTDI


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("esp01", "ESP-01, black, 1 MiB", W25Q80, efuse_words("5c:cf:7f:12:34:56")),
        Profile("esp12", "ESP-12, 4 MiB", W25Q32, efuse_words("5c:cf:7f:ab:cd:ef")),
        Profile(
            "esp12gd", "ESP-12 with a GigaDevice flash, 4 MiB", GD25Q32, efuse_words("5c:cf:7f:65:43:21")
        ),
    )
}

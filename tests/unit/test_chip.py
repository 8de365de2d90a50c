# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom import chip

PLAIN = (0x55000000, 0x02001234, 0x0000B000, 0x005CCF7F)
EMBEDDED = 1 << 16  # bit 80, in the third word

# name, words, expected chip name, embedded flash in MiB
PACKAGES = [
    ("no flash inside", (0, 0, 0, 0), "ESP8266EX", None),
    ("other bits set", (0xFF00FFEF, 0xFFFFFFFF, 0xFFFEFFFF, 0xF1FFFFFF), "ESP8266EX", None),
    ("1 MiB by bit 4", (1 << 4, 0, 0, 0), "ESP8285N08", 1),
    ("1 MiB, 105 degrees", (1 << 4 | 1 << 5, 0, EMBEDDED, 0), "ESP8285H08", 1),
    ("2 MiB by bits 4 and 122", (1 << 4, 0, 0, 1 << 26), "ESP8285N16", 2),
    ("2 MiB by bit 121", (0, 0, EMBEDDED, 1 << 25), "ESP8285N16", 2),
    ("2 MiB, 105 degrees", (1 << 5, 0, EMBEDDED, 1 << 25), "ESP8285H16", 2),
    ("4 MiB", (0, 0, EMBEDDED, 1 << 25 | 1 << 26), "ESP8285", 4),
    ("bits that nobody knows", (1 << 4, 0, EMBEDDED, 1 << 27), "ESP8285", None),
]


@pytest.mark.spec("REG-5")
@pytest.mark.parametrize(
    ("efuse", "name", "mib"), [case[1:] for case in PACKAGES], ids=[c[0] for c in PACKAGES]
)
def test_name_and_embedded_flash(efuse: tuple[int, int, int, int], name: str, mib: int | None) -> None:
    assert chip.chip_name(efuse) == name
    if name != "ESP8266EX":
        assert chip.embedded_flash_size(efuse) == (mib and mib << 20)


def test_features_name_the_embedded_flash() -> None:
    assert chip.features(PLAIN) == ("Wi-Fi",)
    assert chip.features((1 << 4, 0, 0, 0)) == ("Wi-Fi", "embedded flash of 1 MiB")
    assert chip.features((1 << 4, 0, 0, 1 << 27)) == ("Wi-Fi", "embedded flash")


@pytest.mark.spec("REG-3")
@pytest.mark.parametrize(
    ("efuse", "mac"),
    [
        (PLAIN, "5c:cf:7f:12:34:55"),
        ((0x01FFFFFF, 0xFF00ABCD, 0, 0), "18:fe:34:ab:cd:01"),
        ((0x01FFFFFF, 0xFF01ABCD, 0, 0), "ac:d0:74:ab:cd:01"),
        ((0x01FFFFFF, 0xFF02ABCD, 0, 0), "??:??:??:ab:cd:01"),
    ],
)
def test_mac(efuse: tuple[int, int, int, int], mac: str) -> None:
    assert chip.mac_address(efuse) == mac


@pytest.mark.spec("REG-4")
def test_chip_id_is_the_low_half_of_the_mac_with_its_code() -> None:
    assert chip.chip_id((0x55AAAAAA, 0xFF001234, 0, 0)) == 0x00123455


@pytest.mark.spec("REG-6")
@pytest.mark.parametrize(
    ("baud", "divisor", "crystal"),
    [
        (1_500_000, 56, 26),  # a CP2102 makes 921600 baud of it
        (1_500_000, 86, 40),
        (1_500_000, 53, 40),
        (1_500_000, 34, 26),
        (4_000_000, 17, 26),  # and an FT232R, or a CH340, 3 Mbaud
        (2_500_000, 17, 26),
        (2_500_000, 40, 40),  # or 2
        (1_400_000, 39, 26),  # a CH340 makes 1333333 of it
        (1_700_000, 53, 40),
        (2_000_000, 26, 26),
        (300_000, 112, 26),  # a CP2102 460800
        (115200, 451, 26),
        (9600, 5416, 26),
        (460800, 112, 26),
        (115200, 694, 40),
        (921600, 87, 40),
        (460800, 451, 26),
        (2000000, 694, 40),
    ],
)
def test_crystal(baud: int, divisor: int, crystal: int) -> None:
    assert chip.crystals_mhz(baud, divisor) == (crystal,)


@pytest.mark.parametrize("baud", [2_500_000, 3_000_000, 8_000_000])
def test_a_divisor_that_both_crystals_have(baud: int) -> None:
    assert chip.crystals_mhz(baud, 26) == (26, 40)


@pytest.mark.parametrize(
    ("took_s", "crystal"),
    [(0.2, 40), (0.3077, 26), (0.23, 40), (0.34, 26), (0.25, None), (0.5, None), (0.0, None), (-0.01, None)],
)
def test_the_crystal_by_a_delay(took_s: float, crystal: int | None) -> None:
    assert chip.crystal_of_delay_mhz(0.2, took_s) == crystal


def test_description_holds_all() -> None:
    info = chip.describe(PLAIN, 26)
    assert (info.name, info.mac, info.crystal_mhz, info.efuse) == (
        "ESP8266EX",
        "5c:cf:7f:12:34:55",
        26,
        PLAIN,
    )
    assert info.chip_id == 0x00123455

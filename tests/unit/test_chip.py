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
    assert chip.crystal_mhz(baud, divisor) == crystal


def test_description_holds_all() -> None:
    info = chip.describe(PLAIN, 26)
    assert (info.name, info.mac, info.crystal_mhz, info.efuse) == (
        "ESP8266EX",
        "5c:cf:7f:12:34:55",
        26,
        PLAIN,
    )
    assert info.chip_id == 0x00123455

# SPDX-License-Identifier: Apache-2.0
"""The boards' data, and what a board makes of it."""

import pytest

from esp8266sim import PROFILES, Board, Profile
from esp8266sim.bridges import BRIDGES
from esp8266sim.chips import CHIPS, RECORDER
from esp8266sim.demo import DIO, DOUT, firmware
from esprom import chip
from esprom.image import flash_header

each_board = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())


def test_boards_are_found_by_their_own_name() -> None:
    assert all(profile.name == name and profile.description for name, profile in PROFILES.items())


def test_every_chip_and_every_bridge_is_on_a_board() -> None:
    assert {profile.flash.name for profile in PROFILES.values()} == set(CHIPS) - {RECORDER.name}
    assert {profile.bridge.name for profile in PROFILES.values()} == {
        model.name for model in BRIDGES.values()
    }
    assert {profile.crystal_hz for profile in PROFILES.values()} == {26_000_000, 40_000_000}


@pytest.mark.spec("REG-5")
@each_board
def test_efuses_say_which_chip_it_is(profile: Profile) -> None:
    found = chip.describe(profile.efuse, 26)
    assert found.mac.startswith("5c:cf:7f:")
    if profile.name == "esp8285":
        assert found.name == "ESP8285N08"
        assert chip.embedded_flash_size(profile.efuse) == profile.flash.size
    else:
        assert found.name == "ESP8266EX"


def test_an_esp8285_has_both_bits_that_tools_look_for() -> None:
    assert PROFILES["esp8285"].efuse[0] & 1 << 4
    assert PROFILES["esp8285"].efuse[2] & 1 << 16


def test_no_two_boards_are_the_same_one() -> None:
    macs = [chip.mac_address(profile.efuse) for profile in PROFILES.values()]
    ids = [Board(profile).flash.unique_id for profile in PROFILES.values()]
    known = [unique_id for unique_id in ids if unique_id]
    assert len(set(macs)) == len(PROFILES)
    assert len(set(known)) == len(known) == len(PROFILES) - 1  # the ESP8285's has none


@pytest.mark.spec("FLASH-3")
@each_board
def test_the_unique_id_is_the_boards_and_as_long_as_the_chips(profile: Profile) -> None:
    board = Board(profile)
    own = profile.unique_id or profile.flash.unique_id
    assert len(own) == len(profile.flash.unique_id)
    assert board.flash.transfer(0x4B, None, b"", len(own)) == own


def test_another_chip_brings_its_own_unique_id() -> None:
    board = Board(PROFILES["nodemcu"], chip=CHIPS["BY25Q32"])
    assert board.flash.unique_id == CHIPS["BY25Q32"].unique_id


@each_board
def test_there_is_a_firmware_whose_header_fits_the_board(profile: Profile) -> None:
    header = flash_header(firmware(profile.flash.size, mode=profile.header_mode))
    assert header is not None
    assert header.mode == {DIO: "dio", DOUT: "dout"}[profile.header_mode]
    assert header.size == f"{profile.flash.size >> 20}MB"


def test_an_esp8285_reads_its_flash_by_two_lines() -> None:
    assert PROFILES["esp8285"].header_mode == DOUT

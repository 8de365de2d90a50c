# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.flash.geometry import BLOCK, PAGE, SECTOR, round_down, round_up


@pytest.mark.parametrize(
    ("address", "unit", "down", "up"),
    [
        (0x0, SECTOR, 0x0, 0x0),
        (0x1, SECTOR, 0x0, 0x1000),
        (0xFFF, SECTOR, 0x0, 0x1000),
        (0x1000, SECTOR, 0x1000, 0x1000),
        (0x1001, SECTOR, 0x1000, 0x2000),
        (0x3FFFFF, BLOCK, 0x3F0000, 0x400000),
        (0x1FF, PAGE, 0x100, 0x200),
    ],
)
def test_rounds_to_the_unit(address: int, unit: int, down: int, up: int) -> None:
    assert round_down(address, unit) == down
    assert round_up(address, unit) == up

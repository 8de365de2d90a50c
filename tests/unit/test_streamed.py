# SPDX-License-Identifier: Apache-2.0
"""What a flash that reads differently each time comes to: it is told, and nothing of it is believed."""

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.flaws import Flaw, Misreads
from esp8266sim.profiles import PROFILES
from esprom.errors import VerifyFailed
from tests.ports import on_board

CONTENT = bytes(range(256)) * 0x1000
CELL = 0x21100


def on_flash_with(flaw: Flaw) -> esprom.Device:
    board = Board(PROFILES["esp01"], bytearray(CONTENT), flaws=(flaw,))
    return esprom.connect(on_board(board), loader="stub", after="no-reset-stub")


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_cell_that_is_misread_now_and_then_fails_a_reading_that_is_repeated(every: int) -> None:
    device = on_flash_with(Misreads(CELL, 0x10, None if every > 1 else 1, every=every))
    with pytest.raises(VerifyFailed):
        device.read_flash_proved(0x20000, 0x8000, reread=True)


def test_64_kib_that_differ_though_none_of_their_sectors_does_are_not_believed() -> None:
    device = on_flash_with(Misreads(CELL, 0x10, 1))
    with pytest.raises(VerifyFailed, match="does not read the same each time"):
        device.verify_flash(0x20000, CONTENT[0x20000:0x30000])

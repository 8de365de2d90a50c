# SPDX-License-Identifier: Apache-2.0
"""How a program that talks to a chip is tested without one, with the fixture that comes with esprom.

`pip install esprom` is all that such a test needs besides pytest.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from esp8266sim.serve.background import ServedBoard

FLASHER = Path(__file__).with_name("flasher.py")
FIRMWARE = bytes((11 * at + at // 256) & 0xFF for at in range(5000))


def flasher(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(FLASHER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_writes_where_it_is_told(esp8266_board: ServedBoard, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(FIRMWARE)
    done = flasher(esp8266_board.url, "0x10000", image)
    assert done.returncode == 0, done.stderr
    assert esp8266_board.flash[0x10000 : 0x10000 + len(FIRMWARE)] == FIRMWARE
    assert esp8266_board.flash[:0x10000] == b"\xff" * 0x10000


@pytest.mark.esp8266(faults=["miso-low"])
def test_it_says_when_the_flash_chip_does_not_answer(esp8266_board: ServedBoard, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(FIRMWARE)
    assert "the chip refuses" in flasher(esp8266_board.url, 0, image).stderr


def test_it_says_when_nobody_answers(esp8266_board: ServedBoard, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(FIRMWARE)
    esp8266_board.jumper = False  # GPIO0 is high: the chip boots its flash, and does not listen
    esp8266_board.press_reset()
    assert "no answer" in flasher(esp8266_board.url, 0, image).stderr


@pytest.mark.esp8266(profile="esp12", content=b"old", on_connect="power-cycle")
def test_the_board_is_what_the_test_needs(esp8266_board: ServedBoard, tmp_path: Path) -> None:
    assert len(esp8266_board.flash) == 0x400000
    assert esp8266_board.flash.startswith(b"old\xff")
    image = tmp_path / "image"
    image.write_bytes(b"new")
    assert flasher(esp8266_board.url, 0, image).returncode == 0
    assert esp8266_board.flash.startswith(b"new\xff")

# SPDX-License-Identifier: Apache-2.0
"""The banner as the virtual board sends it, heard at several rates by its own UART and bridge."""

import random

import pytest

from esp8266sim.board import Board
from esp8266sim.faults import Fault
from esp8266sim.profiles import PROFILES
from esprom.port import reset
from esprom.port.bootlog import BOOT_BAUD, BootLog, find, sounds_like
from tests.ports import on_board

BANNER = b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,7)\r\n\r\n"


def heard(board: Board, baud: int, sequence: reset.Sequence) -> bytes:
    port = on_board(board)
    port.baud = baud
    reset.play(port, sequence)
    found = b""
    while data := port.read(0.1):
        found += data
    return found


@pytest.mark.parametrize("baud", [BOOT_BAUD, 115200])
@pytest.mark.parametrize(
    ("sequence", "fault", "mode"),
    [
        (reset.CLASSIC, None, 1),
        (reset.HARD_RESET, None, 3),
        (reset.CLASSIC, Fault.GPIO0_OPEN, 3),
    ],
    ids=["loader", "flash", "GPIO0 open"],
)
def test_cause_and_mode_are_told(baud: int, sequence: reset.Sequence, fault: Fault | None, mode: int) -> None:
    board = Board(PROFILES["esp01"], faults=[fault] if fault else [])
    assert find(heard(board, baud, sequence), baud) == BootLog(cause=2, mode=mode)


@pytest.mark.parametrize("baud", [57600, 230400, 460800])
def test_at_other_rates_it_is_at_least_recognised(baud: int) -> None:
    assert find(heard(Board(PROFILES["esp01"]), baud, reset.HARD_RESET), baud) is not None


@pytest.mark.parametrize("baud", [9600, 115200, 460800, 921600])
def test_noise_is_no_boot_log(baud: int) -> None:
    noise = random.Random(8266)
    assert all(find(noise.randbytes(2048), baud) is None for _ in range(50))
    assert find(bytes(2048), baud) is None
    assert find(b"", baud) is None


def test_the_last_of_several_counts() -> None:
    assert find(BANNER % (1, 1) + BANNER % (4, 3), 9600) == BootLog(4, 3)


def test_a_number_that_is_none_harms_nobody() -> None:
    assert find(b"rst cause:" + b"9" * 5000 + b", boot mode:(1,7)", 74880) == BootLog(None, 1)


def test_at_its_own_rate_a_text_sounds_as_it_is() -> None:
    assert sounds_like(BANNER, 115200, 115200) == BANNER


def test_garbage_is_enough_in_part() -> None:
    whole = sounds_like(BANNER % (1, 1), BOOT_BAUD, 115200)
    assert find(b"\xc0" + whole[7:30], 115200) == BootLog(None, None)
    assert find(whole[:5], 115200) is None


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (BootLog(2, 3), "the boot log arrived (reset cause 2: the reset pin; boot mode 3: the flash)"),
        (BootLog(9, 6), "(reset cause 9: unknown; boot mode 6: neither flash nor loader)"),
        (BootLog(None, 1), "(boot mode 1: the loader)"),
        (BootLog(None, None), "the boot log arrived"),
    ],
)
def test_it_is_told_in_words(log: BootLog, words: str) -> None:
    assert str(log).endswith(words)

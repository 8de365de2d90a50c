# SPDX-License-Identifier: Apache-2.0
"""A served board with a script: its seconds are the wall's, and its adapter can be unplugged."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import serial

from esp8266sim.board import Board, Wiring
from esp8266sim.profiles import PROFILES
from esp8266sim.scripts import Act, Frames, Hand, Late, Lost, Script, Way
from esp8266sim.serve.background import ServedBoard
from esp8266sim.serve.pace import Pace
from esp8266sim.serve.server import Server, Ways
from esprom.protocol.packets import Command
from tests.bench import MAGIC, MAGIC_REPLY, SYNC, SYNC_ANSWER

LONG_S = 10.0


@contextmanager
def talking(*line: tuple[Frames, Act]) -> Iterator[tuple[ServedBoard, serial.SerialBase]]:
    """A board in its loader by a bare socket, as fast as it can, that has answered SYNC."""
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    server = Server(board, Ways(tcp=0), wiring=Wiring.JUMPER, pace=Pace.MAX, script=Script("test", "", line))
    with ServedBoard(server) as served, serial.serial_for_url(served.url, timeout=0.2) as port:
        heard = b""
        while SYNC_ANSWER * 8 not in heard:
            port.write(SYNC)
            heard += port.read(1 << 10)
        port.timeout = LONG_S
        yield served, port


READS = frozenset({Command.READ_REG})


def test_an_answer_is_late_by_the_clock_on_the_wall() -> None:
    with talking((Frames(Way.FROM_CHIP, commands=READS, times=1), Late(0.3))) as (served, port):
        began = time.monotonic()
        port.write(MAGIC)
        assert port.read(len(MAGIC_REPLY)) == MAGIC_REPLY
        assert time.monotonic() - began >= 0.3
        assert served.misdeeds == ["late: READ_REG from chip, after 0 bytes"]


def test_a_lost_answer_is_told() -> None:
    with talking((Frames(Way.FROM_CHIP, commands=READS), Lost())) as (served, port):
        port.write(MAGIC + MAGIC)
        assert port.read(len(MAGIC_REPLY)) == MAGIC_REPLY
        assert len(served.misdeeds) == 1


def test_an_adapter_that_is_unplugged_is_gone() -> None:
    with talking((Frames(Way.TO_CHIP, commands=READS), Hand.UNPLUGGED)) as (served, port):
        with pytest.raises(serial.SerialException):
            port.write(MAGIC)
            port.read(1)
        with (
            serial.serial_for_url(served.url, timeout=LONG_S) as again,
            pytest.raises(serial.SerialException),
        ):
            again.read(1)


def test_a_board_without_a_script_does_nothing_wrong() -> None:
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    with ServedBoard(Server(board, Ways(tcp=0), wiring=Wiring.JUMPER)) as served:
        assert served.misdeeds == []

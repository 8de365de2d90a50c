# SPDX-License-Identifier: Apache-2.0
"""One contract, `check_port`, for every handle that is behind a SerialPort; then what differs."""

import os
import pty
import tty
from collections.abc import Iterator
from typing import Any

import pytest
import serial

from esp8266sim.serve import sim
from esprom.errors import PortError
from esprom.port import Port, open_port
from esprom.port.serial_port import SerialPort, WallClock
from tests.ports import board

SYNC = bytes.fromhex("c0000824000000000007071220" + "55" * 32 + "c0")


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo terminal: our end, and the path of the other."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def check_port(port: Port, arrives: bytes) -> None:
    """Every Port keeps to this; `arrives` is on its way, or will be."""
    heard = b""
    while len(heard) < len(arrives):
        piece = port.read(1.0, at_least=2)
        assert piece, "what was on its way did not arrive"
        heard += piece
    assert heard == arrives
    began = port.clock.now()
    assert port.read(0.0) == b""
    assert port.read(0.05) == b""
    assert 0.03 <= port.clock.now() - began < 1.0
    assert port.baud == 115200
    port.set_lines(dtr=False, rts=False)
    port.close()
    port.close()


def test_device(terminal: tuple[int, str]) -> None:
    master, path = terminal
    port = open_port(path)
    port.write(b"to the chip")
    assert os.read(master, 100) == b"to the chip"
    os.write(master, b"from the chip")
    assert not port.has_modem_lines  # a pseudo terminal
    check_port(port, b"from the chip")


def test_url() -> None:
    port = open_port("loop://")
    port.write(b"there and back")
    check_port(port, b"there and back")


def test_virtual_board() -> None:
    port = open_port("sim://esp01")
    assert port.has_modem_lines
    port.set_lines(dtr=False, rts=True)
    port.set_lines(dtr=True, rts=False)
    port.clock.sleep(0.1)
    port.write(SYNC)  # consumed by the autobaud
    port.clock.sleep(0.1)
    port.discard_input()
    port.write(SYNC)
    check_port(port, 8 * bytes.fromhex("c001080200 07071220 0000 c0"))


def test_input_is_discarded() -> None:
    port = open_port("loop://")
    port.write(b"old")
    port.discard_input()
    port.write(b"new")
    assert port.read(1.0, at_least=3) == b"new"


def test_what_waits_is_read_whole_whatever_the_hint() -> None:
    port = open_port("loop://")
    port.write(b"0123456789")
    assert port.read(1.0, at_least=2) == b"0123456789"


def test_a_hint_too_high_only_costs_a_pause() -> None:
    port = open_port("loop://")
    port.write(b"0123456789")
    assert port.read(1.0, at_least=50) == b"0123456789"


def test_nobody_twice(terminal: tuple[int, str]) -> None:
    port = open_port(terminal[1])
    with pytest.raises(PortError, match="another program holds it"):
        open_port(terminal[1])
    port.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/dev/there-is-none", "no such port"),
        ("foo://bar", "not known"),
        ("sim://esp99", "esp99"),
        ("socket://127.0.0.1:1", "nothing listens there"),
    ],
)
def test_cannot_be_opened(url: str, words: str) -> None:
    with pytest.raises(PortError, match=words) as caught:
        open_port(url)
    assert caught.value.port == url


class Broken:
    """A handle of which everything fails."""

    baudrate = property(lambda self: 115200, lambda self, value: _fail(ValueError("Invalid baud rate")))
    in_waiting = property(lambda self: _fail(serial.SerialException("device disconnected")))
    dtr = property(None, lambda self, value: _fail(OSError(5, "Input/output error")))
    rts = dtr

    def __getattr__(self, name: str) -> Any:
        if name == "fd":
            raise AttributeError(name)
        return lambda *arguments: _fail(OSError(5, "Input/output error"))


def _fail(error: Exception) -> Any:
    raise error


def test_every_failure_is_a_port_error() -> None:
    port = SerialPort(Broken(), "COM7", WallClock())
    with pytest.raises(PortError, match="COM7 failed: device disconnected"):
        port.read(1.0)
    with pytest.raises(PortError, match="unplugged"):
        port.write(b"x")
    with pytest.raises(PortError):
        port.set_lines(dtr=True, rts=False)
    with pytest.raises(PortError):
        port.discard_input()
    with pytest.raises(PortError, match="cannot do 74880 baud"):
        port.baud = 74880
    port.close()


@pytest.mark.parametrize("dtr", [False, True])
@pytest.mark.parametrize("rts", [False, True])
def test_both_lines_are_set(dtr: bool, rts: bool) -> None:
    handle = sim.Serial(None, board=board())
    SerialPort(handle, "board", handle.clock).set_lines(dtr=dtr, rts=rts)
    assert (handle.dtr, handle.rts) == (dtr, rts)


def test_a_port_without_lines_is_left_alone() -> None:
    SerialPort(Broken(), "COM7", WallClock(), has_modem_lines=False).set_lines(dtr=True, rts=True)

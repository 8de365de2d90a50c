# SPDX-License-Identifier: Apache-2.0
"""The contract of ports, for every handle that is behind a SerialPort; then what differs."""

import os
import pty
import tty
from collections.abc import Iterator
from typing import Any

import pytest
import serial

from esp8266sim.serve import sim
from esp8266sim.serve.pace import Pace
from esp8266sim.serve.server import Ways
from esprom.errors import PortError
from esprom.port import Port, open_port, reset
from esprom.port.serial_port import Link, SerialPort, WallClock
from tests.bench import SYNC, SYNC_ANSWER
from tests.port_contract import check_port
from tests.ports import board
from tests.served import serving

SYNC_ANSWERS = 8 * SYNC_ANSWER


WAYS = {"pty": Ways(pty=""), "tcp": Ways(tcp=0), "rfc2217": Ways(rfc2217=0)}


def in_loader(port: Port) -> Port:
    """Return the port with the ROM's loader behind it, whose autobaud has had its SYNC."""
    reset.play(port, reset.CLASSIC)
    heard = b""
    for _ in range(20):  # the banner may come in between, as garbage
        port.write(SYNC)
        while more := port.read(0.5):
            heard += more
        if heard.endswith(SYNC_ANSWERS):
            return port
    raise AssertionError(f"no loader answers: {heard.hex()}")


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo terminal: our end, and the path of the other."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_device(terminal: tuple[int, str]) -> None:
    master, path = terminal
    port = open_port(path)
    port.write(b"to the chip")
    assert os.read(master, 100) == b"to the chip"
    os.write(master, b"from the chip")
    assert not port.has_modem_lines  # a pseudo terminal
    assert port.read(1.0, at_least=13) == b"from the chip"
    port.close()


def test_url() -> None:
    check_port(lambda: open_port("loop://"), b"there and back", b"there and back")


def test_virtual_board() -> None:
    check_port(lambda: in_loader(open_port("sim://esp01")), SYNC, SYNC_ANSWERS)


@pytest.mark.parametrize("kind", ["pty", "tcp", "rfc2217"])
@pytest.mark.parametrize("pace", [pytest.param(Pace.REAL, marks=pytest.mark.soak), Pace.MAX])
def test_served_board(kind: str, pace: Pace) -> None:
    with serving(WAYS[kind], pace=pace) as served:
        check_port(lambda: in_loader(open_port(served.urls[kind])), SYNC, SYNC_ANSWERS)


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
    port = SerialPort(Link.polled(Broken(), WallClock()), "COM7")
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
    SerialPort(Link.polled(handle, handle.clock), "board").set_lines(dtr=dtr, rts=rts)
    assert (handle.dtr, handle.rts) == (dtr, rts)


def test_a_port_without_lines_is_left_alone() -> None:
    SerialPort(Link.polled(Broken(), WallClock()), "COM7", has_modem_lines=False).set_lines(
        dtr=True, rts=True
    )

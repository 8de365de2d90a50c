# SPDX-License-Identifier: Apache-2.0
"""The control address, by hand: whole lines, parts of lines, nonsense."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from esp8266sim.serve.background import ServedBoard
from esp8266sim.serve.control import ask
from esp8266sim.serve.server import Ways
from esp8266sim.soc.rtc import EXTERNAL, STATE1
from tests.served import serving


@pytest.fixture
def served() -> Iterator[ServedBoard]:
    with serving(Ways(tcp=0)) as found:
        yield found


def talk(served: ServedBoard, *pieces: bytes) -> bytes:
    host, _, port = served.urls["control"].rpartition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        heard = b""
        while piece := connection.recv(1024):
            heard += piece
    return heard


@pytest.mark.spec("SERVE-10")
def test_several_commands_in_any_pieces(served: ServedBoard) -> None:
    assert talk(served, b"jumper o", b"ff\npower-cycle\njump", b"er on\n") == b"ok\nok\nok\n"
    assert served.board.jumper


def test_nonsense_is_refused_and_the_server_goes_on(served: ServedBoard) -> None:
    assert talk(served, b"fly\n").startswith(b"error there is no 'fly'")
    assert talk(served, b"\xff\xfe\n").startswith(b"error")
    with contextlib.suppress(OSError):  # it hangs up on a line without end
        assert talk(served, b"x" * 10_000) == b""
    assert talk(served, b"press-reset\n") == b"ok\n"


def test_ask_acts_on_the_board(served: ServedBoard) -> None:
    ask(served.urls["control"], "jumper off")
    assert not served.board.jumper
    ask(served.urls["control"], "press-reset")
    assert served.board.rtc.values[STATE1] == EXTERNAL
    with pytest.raises(ValueError, match="there is no 'fly'"):
        ask(served.urls["control"], "fly")


@pytest.mark.parametrize("address", ["", "7", "host", "host:", ":1", "host:x", "host:70000"])
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        ask(address, "press-reset")

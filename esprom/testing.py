# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for programs that talk to an ESP8266 (public): the fixture `esp8266_board`.

    def test_my_flasher(esp8266_board):
        my_flasher.write(esp8266_board.url, b"firmware", offset=0)
        assert esp8266_board.flash.startswith(b"firmware")

pytest loads this file in every run of everybody who has esprom installed. So it loads nothing but pytest; the
virtual board is loaded when a test uses it.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from esp8266sim.serve.background import ServedBoard

MARK = "esp8266"
OPTIONS = ("profile", "content", "chip", "wiring", "pace", "faults", "on_connect", "rom")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARK}({', '.join(f'{name}=...' for name in OPTIONS)}): which virtual board `esp8266_board` is",
    )


@pytest.fixture
def esp8266_board(request: pytest.FixtureRequest) -> "Iterator[ServedBoard]":
    """A virtual ESP8266 on this computer, in download mode: its `url`, `flash`, supply and straps.

    `url` is a bare socket, for `serial.serial_for_url` and tools that use it; `urls` has it as "tcp", and
    "rfc2217" (with baud rate) and, where there are pseudo terminals, "pty". A jumper ties GPIO0 to ground;
    with `wiring="auto"` the modem lines of RFC 2217 reset the chip and choose its boot mode.
    """
    mark = request.node.get_closest_marker(MARK)
    try:
        board = _served(**(mark.kwargs if mark else {}))
    except ValueError as error:
        raise pytest.UsageError(f"{MARK}: {error}") from error
    try:
        yield board
    finally:
        board.close()


def _served(
    *,
    profile: str = "esp01",
    content: bytes | None = None,
    chip: str | None = None,
    wiring: str = "jumper",
    pace: str = "max",
    faults: tuple[str, ...] = (),
    on_connect: str = "keep",
    rom: bytes | None = None,
) -> "ServedBoard":
    """Serve a board; the arguments are the marker's, with the names of `esprom sim serve`.

    Raises:
        ValueError: there is no such thing.
    """
    from esp8266sim.board import Board, Wiring
    from esp8266sim.chips import CHIPS
    from esp8266sim.faults import Fault
    from esp8266sim.profiles import PROFILES
    from esp8266sim.serve.background import ServedBoard
    from esp8266sim.serve.pace import Pace
    from esp8266sim.serve.server import OnConnect, Server, Ways
    from esp8266sim.serve.sim import named

    model = named("chip", chip, CHIPS) if chip else None
    kind = named("profile", profile, PROFILES)
    size = (model or kind.flash).size
    if content is not None and len(content) > size:
        raise ValueError(f"the content has {len(content)} bytes, the flash {size}")
    board = Board(
        kind,
        None if content is None else bytearray(content.ljust(size, b"\xff")),
        chip=model,
        wiring=Wiring(wiring),
        faults=[named("fault", name, {fault.value: fault for fault in Fault}) for name in faults],
        rom=rom,
    )
    ways = Ways(tcp=0, rfc2217=0, pty=None if os.name == "nt" else "")
    return ServedBoard(
        Server(board, ways, wiring=Wiring(wiring), on_connect=OnConnect(on_connect), pace=Pace(pace))
    )

# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for programs that talk to an ESP8266 (public): fixtures whose names begin with `esp8266_`.

    def test_my_flasher(esp8266_board):
        my_flasher.write(esp8266_board.url, b"firmware", offset=0)
        assert esp8266_board.flash.startswith(b"firmware")

    @pytest.mark.esp8266(script="lost-answer", after=1000)
    def test_my_flasher_says_so(esp8266_board): ...

pytest loads this file in every run of everybody who has esprom installed. So it loads nothing but pytest; the
virtual board is loaded when a test uses it. It adds no option.
"""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from esp8266sim.board import Board
    from esp8266sim.scripts import Script
    from esp8266sim.serve.background import ServedBoard
    from esprom.wire.decode import WireMessage
    from esprom.wire.recording import WireCapture

MARK = "esp8266"
OPTIONS = (
    *("profile", "content", "chip", "wiring", "pace", "faults", "flaws", "on_connect", "rom"),
    *("script", "after", "area"),
)
_NAMES = ", ".join(OPTIONS)
AREA = range(0x10000)  # where a script's flash fails
END_S = 20.0


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
    with `wiring="auto"` the modem lines of RFC 2217 reset the chip and choose its boot mode. With a script,
    `misdeeds` tells what it has done.
    """
    mark = request.node.get_closest_marker(MARK)
    if mark and mark.args:
        raise pytest.UsageError(f"{MARK}: {mark.args[0]!r} has no name; it is NAME=..., one of {_NAMES}")
    make: Callable[..., ServedBoard] = request.getfixturevalue("esp8266_make_board")
    board = make(**(mark.kwargs if mark else {}))
    if "esp8266_capture" in request.fixturenames:
        request.getfixturevalue("esp8266_capture").listen(board)
    return board  # type: ignore[return-value]  # closed by who made it


@pytest.fixture
def esp8266_make_board() -> "Iterator[Callable[..., ServedBoard]]":
    """A function that makes such boards, as many as a test needs; its arguments are the marker's.

    They are those of `esprom sim serve`, and: `flaws`, what is wrong inside the flash chip
    (`esp8266sim.flaws`); `script`, the name of something that goes wrong (`esprom conformance --host --list`)
    or a script of one's own (`esp8266sim.scripts`), which begins `after` so many bytes of frames to the chip,
    or, where it is the flash that fails, lies in `area`, a range of addresses.
    """
    boards: list[ServedBoard] = []

    def make(**options: Any) -> "ServedBoard":
        if unknown := set(options) - set(OPTIONS):
            raise pytest.UsageError(f"{MARK}: there is no {min(unknown)}; there are {_NAMES}")
        try:
            boards.append(_served(**options))
        except ValueError as error:
            raise pytest.UsageError(f"{MARK}: {error}") from error
        return boards[-1]

    try:
        yield make
    finally:
        for board in boards:
            board.close()


class Recorded:
    """What is said to the board of a test, written down as it is said.

    Attributes:
        path: the file, a capture as `esprom wire` reads it, with all content.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._capture: WireCapture | None = None
        self._board: ServedBoard | None = None

    def listen(self, board: "ServedBoard") -> None:
        """Record this board from now on."""
        from esprom.wire.recording import WireCapture

        capture = self._capture = WireCapture(self.path, payload=True)
        self._board = board
        board.ask(capture.board)

    def messages(self) -> "list[WireMessage]":
        """Return what was said so far, in order; nothing more is recorded after that."""
        from esprom.wire.decode import wire_messages
        from esprom.wire.loading import wire_log

        self.close()
        streams = wire_log(self.path.read_bytes()).streams
        return [message for stream in streams for message in wire_messages(stream)]

    def close(self) -> None:
        """End the recording."""
        if self._capture is not None and self._board is not None:
            capture, self._capture = self._capture, None
            self._board.ask(lambda board: capture.close())


@pytest.fixture
def esp8266_capture(tmp_path: Path) -> Iterator[Recorded]:
    """Records what is said to `esp8266_board`: its `path` and, decoded, its `messages()`."""
    recorded = Recorded(tmp_path / "esp8266.pcapng")
    try:
        yield recorded
    finally:
        recorded.close()


@pytest.fixture
def esp8266_replay() -> Iterator[Callable[[str | os.PathLike[str]], str]]:
    """A function that serves the board of a recording, and returns its URL: so a bug becomes a test.

    The test fails where the client has said something else than was recorded, and what.
    """
    served: list[_Replayed] = []

    def replay(path: str | os.PathLike[str]) -> str:
        served.append(_Replayed(Path(path)))
        return served[-1].url

    try:
        yield replay
    finally:
        for each in served:
            each.close()


class _Replayed:
    """A recorded board, served from a thread until `close`, which raises what went wrong."""

    def __init__(self, path: Path) -> None:
        from esprom.wire.loading import wire_log
        from esprom.wire.running import WireReplay
        from esprom.wire.serving import WireDoors

        self._replay: WireReplay = WireReplay(wire_log(path.read_bytes()), WireDoors(tcp=0))
        self.url = self._replay.addresses["tcp"]
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="recorded board", daemon=True)
        self._thread.start()

    def poll(self) -> int | None:
        """Tell the replay whether the test is over."""
        return 0 if self._over.is_set() else None

    def close(self) -> None:
        """End it. Raises RecordingDiffers if the client has said something else."""
        self._over.set()
        self._thread.join(END_S)
        self._replay.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._replay.run(self)
        except Exception as failure:
            self._failure = failure


def _served(
    *,
    profile: str = "esp01",
    content: bytes | None = None,
    chip: str | None = None,
    wiring: str = "jumper",
    pace: str = "max",
    faults: tuple[str, ...] = (),
    flaws: tuple[Any, ...] = (),
    on_connect: str = "keep",
    rom: bytes | None = None,
    script: "str | Script | None" = None,
    after: int = 0,
    area: range = AREA,
) -> "ServedBoard":
    """Serve a board; the arguments are the marker's.

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
    cells = None if content is None else bytearray(content.ljust(size, b"\xff"))
    written = _script(script, after, area)
    wires = [named("fault", name, {fault.value: fault for fault in Fault}) for name in faults]
    if written is not None:
        if chip or rom or faults or flaws:
            raise ValueError("a script says what is wrong itself: no chip, faults, flaws or rom beside it")
        board = _scripted(kind, written, cells, Wiring(wiring))
    else:
        board = Board(
            kind, cells, chip=model, wiring=Wiring(wiring), faults=wires, flaws=tuple(flaws), rom=rom
        )
    ways = Ways(tcp=0, rfc2217=0, pty=None if os.name == "nt" else "")
    return ServedBoard(
        Server(
            board,
            ways,
            wiring=Wiring(wiring),
            on_connect=OnConnect(on_connect),
            pace=Pace(pace),
            script=written,
        )
    )


def _script(script: "str | Script | None", after: int, area: range) -> "Script | None":
    if not isinstance(script, str):
        return script
    from esp8266sim.scripts import Passed, Way
    from esp8266sim.serve.sim import named
    from esp8266sim.troubles import troubles

    return named("script", script, troubles(Passed(Way.TO_CHIP, after), area))


def _scripted(kind: Any, script: "Script", cells: bytearray | None, wiring: Any) -> "Board":
    from esp8266sim.scripts import scripted_board

    return scripted_board(kind, script, cells, wiring)

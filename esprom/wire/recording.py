# SPDX-License-Identifier: Apache-2.0
"""A capture in a file: of all ports that are opened, or of a virtual board (WIRE-9).

One rule: recording never stops what is recorded. A disk that is full ends the file, and is warned of once.
"""

import heapq
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from esprom.errors import EspromError, Refused
from esprom.files import check_targets, load
from esprom.port import Port, standing_between
from esprom.port.recorded import RecordedPort, Way
from esprom.wire import pcapng
from esprom.wire.capture import Capture, Track

if TYPE_CHECKING:
    from esp8266sim.board import Board
    from esp8266sim.line import Burst

WAYS = {"to chip": Way.TO_CHIP, "from chip": Way.FROM_CHIP}
UP_TO_END = re.compile(rb"\xc0+[^\xc0]*\xc0|[^\xc0]+\xc0?|\xc0")  # frames, and what is between
SNIFFED = 4  # bytes by which a capture is known

log = logging.getLogger("esprom.wire")


class WireCapture:
    """A file that is being recorded to; a context manager.

    It is made when the first port is there. An older capture of this name is replaced then, any other file is
    not. Only its owner may read it.

    Args:
        path: the file.
        payload: whether content is kept: flash content, values of registers, digests.

    Attributes:
        begun: whether there was a port, and so is a file.

    Raises:
        Refused: there is a file of that name that is no capture.
        EspromError: the file cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, payload: bool = False) -> None:
        self.path = Path(path)
        self.payload = payload
        _check(self.path)
        self._file: int | None = None
        self._held = bytearray()  # what comes before the first port
        self.begun = False
        self._capture = Capture(self._write, time.time, payload=payload)
        self._boards: list[_BoardTap] = []

    def port(self, port: Port) -> Port:
        """Return a port that does what this one does, and is recorded."""
        self._begin()
        return RecordedPort(port, self._capture.track(port.name, port.clock.now(), port.baud))

    @contextmanager
    def ports(self) -> Iterator[None]:
        """Record every port that is opened meanwhile."""
        with standing_between(self.port):
            yield

    def board(self, board: "Board") -> None:
        """Record what is on the line of a virtual board."""
        self._begin()
        self._boards.append(_BoardTap(board, self._capture))

    def close(self) -> None:
        """Write down what has begun, and close the file."""
        for tap in self._boards:
            tap.flush()
        self._boards.clear()
        self._capture.close()
        if self._file is not None:
            if not os.fstat(self._file).st_nlink:
                log.warning("the capture is gone: something else was put in the place of %s", self.path)
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            self._file = _new_file(self.path)
            self._write(bytes(self._held))

    def _write(self, data: bytes) -> None:
        if not self.begun:
            self._held += data
        if self._file is None:
            return
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            log.warning("the capture %s ends here: %s", self.path, error.strerror)
            os.close(self._file)
            self._file = None


def _check(path: Path) -> None:
    """Raise Refused for a file that is no capture, EspromError where none can be made."""
    check_targets([path], overwrite=True)
    if path.is_file():
        begins = load(path)[:SNIFFED]
        if begins and not pcapng.is_capture(begins):
            raise Refused(f"{path} exists already and is no capture: choose another name")


def _new_file(path: Path) -> int:
    try:
        if path.is_file():
            path.unlink()
        return os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    except OSError as error:
        raise EspromError(f"cannot write {path}: {error.strerror or error}") from error


@dataclass(slots=True)
class _BoardTap:
    """Listens to a virtual board. A burst is told of before it is over; each frame is recorded when it is."""

    _board: "Board"
    _capture: Capture
    _track: Track = field(init=False)
    _coming: list[tuple[int, int, Way, bytes]] = field(default_factory=list)  # by when it is over
    _count: int = 0

    def __post_init__(self) -> None:
        board = self._board
        self._track = self._capture.track(f"sim://{board.profile.name}", self._now_s(), board.bridge.baud)
        board.on_wire = partial(self._on_wire, board.on_wire)
        board.on_lines = self._on_lines

    def flush(self, until: int | None = None) -> None:
        """Record what is over at this time of the board, or all that has begun."""
        from esp8266sim.clock import SECOND

        while self._coming and (until is None or self._coming[0][0] <= until):
            end, _, way, data = heapq.heappop(self._coming)
            self._track.hear(end / SECOND, way, data)

    def _on_wire(self, other: "Callable[[str, Burst], None] | None", way: str, burst: "Burst") -> None:
        if other is not None:
            other(way, burst)
        self.flush(self._board.clock.now)
        if WAYS[way] is Way.TO_CHIP:
            self._track.hear_baud(self._now_s(), self._board.bridge.baud)
        at = 0
        for piece in re.findall(UP_TO_END, burst.data):
            at += len(piece)
            self._count += 1
            heapq.heappush(self._coming, (_over(burst, at), self._count, WAYS[way], piece))

    def _on_lines(self, dtr: bool, rts: bool) -> None:
        self.flush(self._board.clock.now)
        self._track.hear_lines(self._now_s(), dtr=dtr, rts=rts)

    def _now_s(self) -> float:
        from esp8266sim.clock import SECOND

        return self._board.clock.now / SECOND


def _over(burst: "Burst", count: int) -> int:
    """Return when so many bytes of a burst are over."""
    return replace(burst, data=burst.data[:count]).end

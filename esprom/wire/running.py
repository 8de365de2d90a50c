# SPDX-License-Identifier: Apache-2.0
"""Proxy and replay as jobs: serve until somebody stops it, or while a command runs that uses it."""

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Protocol, Self

from esprom.errors import ImageError
from esprom.port import DEFAULT_BAUD, open_port
from esprom.progress import CancelCallback
from esprom.wire.events import Event, EventType, WireLog
from esprom.wire.proxy import PassedOn
from esprom.wire.recording import WireCapture
from esprom.wire.replay import Replay
from esprom.wire.serving import Serving, WireDoors


class Running(Protocol):
    """A command that runs."""

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""


class WireProxy:
    """Stands between clients and the board at a port, and records; a context manager.

    Args:
        url: the board's port.
        capture: where to record.
        doors: the ways in.
        baud: the rate to begin with.
        enter_loader: whether a client whose way in has no modem lines finds the board in its loader.

    Attributes:
        addresses: where it is to be reached, by the way in: rfc2217, tcp, pty.
        local: whether it can be reached from this computer alone.

    Raises:
        PortError: the board's port, or a way in, cannot be opened.
    """

    def __init__(
        self,
        url: str,
        capture: WireCapture,
        doors: WireDoors,
        *,
        baud: int = DEFAULT_BAUD,
        enter_loader: bool = True,
    ) -> None:
        self._board = PassedOn(open_port(url, baud), enter_loader=enter_loader)
        with ExitStack() as opened:
            opened.callback(self._board.close)
            self._serving = opened.enter_context(Serving(self._board, doors))
            self._board.record(capture.port)  # last: what cannot be served costs no older capture
            opened.pop_all()
        self.addresses = self._serving.addresses
        self.local = self._serving.local

    def run(self, command: Running | None = None, *, cancel: CancelCallback | None = None) -> int:
        """Serve until the command ends, and return its exit code; without one, until `cancel` says so.

        Raises:
            Cancelled: `cancel` says so. It is asked between two steps, which wait for 0.05 s at most.
        """
        return self._serving.run(_nothing if command is None else command.poll, cancel)

    def close(self) -> None:
        """Let go of clients and board."""
        self._serving.close()
        self._board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WireReplay:
    """Serves a recorded board to one client; a context manager.

    Args:
        log: the recording; its first stream in which the host says something is served.
        doors: the ways in.
        paced: whether answers take as long as they did; else they come at once.

    Raises:
        ImageError: there is nothing to replay in it.
        PortError: a way in cannot be opened.
    """

    def __init__(self, log: WireLog, doors: WireDoors, *, paced: bool = False) -> None:
        stream = next((stream for stream in log.streams if _speaks(stream.events)), None)
        if stream is None:
            raise ImageError("there is nothing to replay: nobody says anything to a chip in this recording")
        from_chip = [event for event in stream.events if event.type is EventType.FROM_CHIP]
        self.left_out = sum(bool(event.left_out) for event in from_chip)
        self._replay = Replay(stream, paced=paced)
        self._serving = Serving(self._replay, doors)
        self.addresses = self._serving.addresses

    @property
    def matched(self) -> int:
        """Messages of the client that were as recorded."""
        return self._replay.matched

    def run(self, command: Running | None = None, *, cancel: CancelCallback | None = None) -> int:
        """Serve until the client has left, or the command has ended; return the command's exit code, or 0.

        Raises:
            Cancelled: `cancel` says so. It is asked between two steps, which wait for 0.05 s at most.
            RecordingDiffers: the client says something else than was recorded.
        """
        code = self._serving.run(self._over if command is None else command.poll, cancel)
        self._serving.finish()
        self._replay.check_finished()
        return code

    def close(self) -> None:
        """Let go of the client."""
        self._serving.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _over(self) -> int | None:
        return 0 if self._serving.served and not self._serving.busy else None


def _nothing() -> None:
    """Nothing ends it."""


def _speaks(events: Sequence[Event]) -> bool:
    return any(event.type is EventType.TO_CHIP for event in events)

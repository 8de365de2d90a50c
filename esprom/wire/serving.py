# SPDX-License-Identifier: Apache-2.0
"""Something that stands in for a board's port, in front of another program: proxy and replay.

One rule: one thread, one client at a time, as where a virtual board is served; its clients and ways in are
used here too. Who is behind it is a `Far`; nothing here knows what the bytes mean.
"""

import selectors
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from esprom.errors import Cancelled, EspromError, PortError
from esprom.progress import CancelCallback

if TYPE_CHECKING:
    from esp8266sim.serve.client import Client
    from esp8266sim.serve.pty import Pty, PtyClient
    from esp8266sim.serve.server import Listener

LOOPBACK = "127.0.0.1"
LONGEST_S = 0.05  # without looking at terminal and lines
TOO_MUCH = 1 << 18  # bytes that a client has not taken


@dataclass(frozen=True, slots=True)
class WireDoors:
    """What is served: port numbers, of which 0 picks a free one, and a link to a pseudo terminal."""

    rfc2217: int | None = None
    tcp: int | None = None
    pty: str | None = None
    host: str = LOOPBACK


class Far(Protocol):
    """Who is behind the doors."""

    def arrived(self, *, lines: bool) -> None:
        """A client is there; `lines`: its modem lines come through."""

    def left(self) -> None:
        """It is gone."""

    def write(self, data: bytes) -> None:
        """Take what the client sends."""

    def read(self) -> bytes:
        """Return what is there for the client."""

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the modem lines."""

    def set_baud(self, baud: int) -> None:
        """Set the rate. Raises ValueError where that cannot be."""

    def baud(self) -> int:
        """Return the rate."""

    def discard(self) -> None:
        """Forget what is there for the client."""

    def descriptor(self) -> int | None:
        """Return what to wait for beside the client."""

    def wait_s(self) -> float:
        """Return how long to wait at most until `read` is called again."""


@dataclass(slots=True)
class Hands:
    """What a client can do, with the modem lines as it means them.

    Both asserted is what comes between two states that it means, and over a network it lasts; so it takes
    effect only when nothing follows for a while.
    """

    far: Far
    settle_s: float
    settle_at: float | None = field(default=None, init=False)
    _lines: tuple[bool, bool] = field(default=(False, False), init=False)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.settle(now=True)
        self.far.write(data)

    def set_baud(self, baud: int) -> None:
        """Set the rate, if it is another. Raises ValueError."""
        if baud != self.far.baud():
            self.far.set_baud(baud)

    def baud(self) -> int:
        """Return the rate."""
        return self.far.baud()

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the modem lines, or wait for what comes next."""
        if dtr and rts:
            self.settle_at = time.monotonic() + self.settle_s
        else:
            self._set(dtr, rts)

    def settle(self, *, now: bool = False) -> None:
        """Let both lines be asserted, if that has lasted long enough or must count `now`."""
        if self.settle_at is not None and (now or time.monotonic() >= self.settle_at):
            self._set(True, True)

    def send_break(self) -> None:
        """No port here can do that."""

    def discard(self) -> None:
        """Forget what the client has not got."""
        self.far.discard()

    def drop(self) -> None:
        """What a driver does when its port is closed: both lines fall."""
        self._set(False, False)

    def _set(self, dtr: bool, rts: bool) -> None:
        self.settle_at = None
        if (dtr, rts) != self._lines:
            self._lines = (dtr, rts)
            self.far.set_lines(dtr=dtr, rts=rts)


class Serving:
    """Lets clients in to a `Far`, one after another; a context manager.

    Raises:
        PortError: an address is taken, or the terminal cannot be made.
    """

    def __init__(self, far: Far, doors: WireDoors) -> None:
        from esp8266sim.serve.server import BOTH_ASSERTED_S, is_local

        self._far = far
        self._hands = Hands(far, BOTH_ASSERTED_S)
        self._selector = selectors.DefaultSelector()
        self._stack = ExitStack()
        self._stack.callback(self._selector.close)
        self._client: Client | None = None
        self._terminal: PtyClient | None = None
        self._pty: Pty | None = None
        self._listeners: list[Listener] = []
        self._watched: int | None = None
        self.served = 0  # clients that have left
        self.local = is_local(doors.host)
        try:
            self._open(doors)
        except OSError as error:
            self.close()
            raise PortError(
                f"cannot serve: {error}; choose another address, port or path, or 0 for a free port",
                port=doors.host,
            ) from error

    @property
    def addresses(self) -> dict[str, str]:
        """Where it is to be reached, by the way in: rfc2217, tcp, pty."""
        found = {listener.kind: listener.address.url for listener in self._listeners}
        return found | ({"pty": self._pty.address} if self._pty is not None else {})

    @property
    def busy(self) -> bool:
        """Whether a client is there."""
        return self._client is not None

    def run(self, ended: Callable[[], int | None], cancel: CancelCallback | None) -> int:
        """Serve until `ended` returns a number, and return that. Raises Cancelled if `cancel` says so.

        That is asked last: Ctrl-C ends a command that uses this too, and then it is not the command's end.
        """
        while True:
            code = ended()
            if cancel is not None and cancel():
                raise Cancelled("interrupted")
            if code is not None:
                return code
            self._step()

    def _step(self) -> None:
        """Wait until something happens, not long, and do it."""
        self._watch_far()
        for key, _ in self._selector.select(self._patience()):
            key.data()
        self._hands.settle()
        self._look_at_terminal()
        self._pass_on()

    def finish(self) -> None:
        """Take what a client that is gone has left in its socket."""
        for key, events in self._selector.select(0):
            if events:
                key.data()

    def close(self) -> None:
        """Let go of everything; the client sees its connection end."""
        self._leave()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- ways in --------------------------------------------------------------------------------

    def _open(self, doors: WireDoors) -> None:
        from esp8266sim.serve.server import Listener

        if doors.pty is not None:
            self._pty = _terminal(doors.pty)
            self._stack.callback(self._pty.close)
        for kind, number in (("tcp", doors.tcp), ("rfc2217", doors.rfc2217)):
            if number is not None:
                listener = Listener(kind, doors.host, number)
                self._stack.callback(listener.socket.close)
                self._listeners.append(listener)
                self._selector.register(
                    listener.socket, selectors.EVENT_READ, partial(self._accept, listener)
                )

    def _accept(self, listener: "Listener") -> None:
        from esp8266sim.serve.client import Gone, Rfc2217Client, TcpClient

        connection = listener.accept()
        if connection is None:
            return
        self._far.arrived(lines=listener.kind == "rfc2217")
        kind: Callable[[Any, Any], Client] = Rfc2217Client if listener.kind == "rfc2217" else TcpClient
        try:
            self._serve(kind(connection, self._hands))
        except (Gone, OSError):
            connection.close()
            self._depart()

    def _look_at_terminal(self) -> None:
        if self._pty is None or self._client is not None or not self._pty.opened():
            return
        from esp8266sim.serve.pty import PtyClient

        self._far.arrived(lines=False)
        self._terminal = PtyClient(self._pty, self._hands)
        self._serve(self._terminal)

    def _serve(self, client: "Client") -> None:
        self._client = client
        for listener in self._listeners:  # who comes next waits in the queue
            self._selector.unregister(listener.socket)
        self._selector.register(client, selectors.EVENT_READ, self._receive)

    # -- the client -----------------------------------------------------------------------------

    def _receive(self) -> None:
        from esp8266sim.serve.client import Gone

        client = self._client
        if client is None:
            return
        try:
            client.receive()
            client.outbox.flush()
        except Gone:
            self._leave()

    def _pass_on(self) -> None:
        """Give the client what is there for it. Without a client, what comes is nobody's."""
        from esp8266sim.serve.client import Gone

        client = self._client
        if client is None:
            self._far.read()
            return
        try:
            client.outbox.flush()
            if len(client.outbox) > TOO_MUCH:
                return
            if self._terminal is not None:
                self._terminal.adopt_baud()
            data = self._far.read()
            if data:
                client.send(data)
        except Gone:
            self._leave()

    def _leave(self) -> None:
        client, self._client, self._terminal = self._client, None, None  # first: it leaves once
        if client is None:
            return
        self._selector.unregister(client)
        client.close()
        for listener in self._listeners:
            self._selector.register(listener.socket, selectors.EVENT_READ, partial(self._accept, listener))
        self._depart()

    def _depart(self) -> None:
        self._hands.drop()
        self._far.left()
        self.served += 1

    # -- waiting --------------------------------------------------------------------------------

    def _patience(self) -> float:
        waits = [LONGEST_S, self._far.wait_s()]
        if self._client is not None and self._client.outbox:
            waits.append(0.001)
        if self._hands.settle_at is not None:
            waits.append(max(0.0, self._hands.settle_at - time.monotonic()))
        return min(waits)

    def _watch_far(self) -> None:
        number = self._far.descriptor()
        if number == self._watched:
            return
        if self._watched is not None:
            self._selector.unregister(self._watched)
        if number is not None:
            self._selector.register(number, selectors.EVENT_READ, lambda: None)
        self._watched = number


def _terminal(path: str) -> "Pty":
    try:
        from esp8266sim.serve.pty import Pty
    except ImportError as error:  # no termios
        raise EspromError("--pty: this system has no pseudo terminals; serve --tcp or --rfc2217") from error
    return Pty(Path(path) if path else None)

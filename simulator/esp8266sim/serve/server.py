# SPDX-License-Identifier: Apache-2.0
"""A board in front of other programs: one thread, one loop over sockets, a terminal and the board's time.

One rule: the board is a function of bytes, line changes and virtual time; so the loop lets it live up to
the moment in which a client acts, and only then does what the client wants. One client at a time: the next
waits in the listen queue, or with its terminal open, until the one before has left.
"""

import contextlib
import heapq
import ipaddress
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from esp8266sim.board import Board, Wiring
from esp8266sim.inspection import instructions, report
from esp8266sim.scripts import Script, ScriptedLine
from esp8266sim.serve.client import Client, Gone, Line, Rfc2217Client, TcpClient
from esp8266sim.serve.control import ControlClient
from esp8266sim.serve.pace import AsFastAsPossible, Pace, RealTime

if TYPE_CHECKING:
    from esp8266sim.serve.pty import Pty, PtyClient

LOOPBACK = "127.0.0.1"
TOO_MUCH = 1 << 18  # bytes a client has not taken: then the board's time stops, as nothing else can
BOTH_ASSERTED_S = 0.3  # how long a client far away may take from one modem line to the other
LOOK_OFTEN_S, LOOK_SELDOM_S = 0.005, 0.05  # at a terminal that nobody has open
ASKED_EACH_S = 0.2  # whether to stop
MOST_INSTRUCTIONS = 200  # that are disassembled for one request
BUSY_S = 2.0  # so long after a client has left, the next one is expected soon


class OnConnect(Enum):
    """What a new client does to the board."""

    KEEP = "keep"
    POWER_CYCLE = "power-cycle"


class NoPty(Exception):
    """This system has no pseudo terminals."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is to be reached."""

    kind: str  # pty, tcp, rfc2217 or control
    url: str


@dataclass(frozen=True, slots=True)
class Ways:
    """What is served. Port 0 picks a free one; None leaves it out; `pty` "" is a terminal without a link."""

    host: str = LOOPBACK
    tcp: int | None = None
    rfc2217: int | None = None
    pty: str | None = None
    control: int = 0


class Listener:
    """A listening socket and what becomes of its connections."""

    def __init__(self, kind: str, host: str, port: int) -> None:
        self.kind = kind
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.create_server((host, port), family=family)
        self.socket.setblocking(False)
        bound = self.socket.getsockname()
        shown = f"[{bound[0]}]" if family == socket.AF_INET6 else bound[0]
        scheme = {"tcp": "socket://", "rfc2217": "rfc2217://"}.get(kind, "")
        self.address = Address(kind, f"{scheme}{shown}:{bound[1]}")

    def accept(self) -> socket.socket | None:
        """Return the next connection, None if it has been given up meanwhile."""
        try:
            return self.socket.accept()[0]
        except OSError:
            return None


class Runner(Protocol):
    """How time goes on; see `pace`."""

    def rebase(self) -> None:
        """Count from now on."""

    def run(self) -> float | None:
        """Live for a while; return the seconds until there is more to do, if there is."""

    def edge(self) -> None:
        """Live up to a change of the lines or the supply."""


@dataclass(slots=True)
class Lines(Line):
    """The client's hands on the board.

    Both modem lines asserted is what comes between two states that a client means, and over a network it
    lasts; so it takes effect only when nothing follows for a while.
    """

    board: Board
    edge: Callable[[], None]
    wall: Callable[[], float] = time.monotonic
    settle_at: float | None = field(default=None, init=False)  # wall time at which both asserted counts

    def write(self, data: bytes) -> None:
        """Put bytes on the line to the chip."""
        self.settle(now=True)
        self.board.bridge.write(data)

    def set_baud(self, baud: int) -> None:
        """Set the client's rate. Raises ValueError."""
        if baud <= 0:
            raise ValueError(f"baud rate {baud} is not positive")
        self.board.bridge.baud = baud

    def baud(self) -> int:
        """Return the client's rate."""
        return self.board.bridge.baud

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the modem lines, or wait for what comes next."""
        if dtr and rts:
            self.settle_at = self.wall() + BOTH_ASSERTED_S
        else:
            self.settle_at = None
            self.edge()
            self.board.set_lines(dtr=dtr, rts=rts)

    def settle(self, *, now: bool = False) -> None:
        """Let both lines be asserted, if that has lasted long enough or must count `now`."""
        if self.settle_at is not None and (now or self.wall() >= self.settle_at):
            self.settle_at = None
            self.edge()
            self.board.set_lines(dtr=True, rts=True)

    def send_break(self) -> None:
        """Hold the line low for a while."""
        self.board.bridge.send_break()

    def discard(self) -> None:
        """Forget what the client has not got."""
        self.board.bridge.discard()

    def drop(self) -> None:
        """What a driver does when its port is closed: both lines fall."""
        self.settle_at = None
        self.edge()
        self.board.set_lines(dtr=False, rts=False)


class Server:
    """Serves a board while `run` runs. Close it, or use it as a context manager.

    Args:
        board: the board; it belongs to the server from now on.
        ways: what is served.
        wiring: how the board is wired; None: by the way in. Where modem lines exist, they reset the board;
            else GPIO0 is on ground, and the board is powered up anew where that was not so.
        on_connect: what a new client does to the board.
        pace: how virtual time follows the wall's.
        script: what is done to frames between the clients and the board; its seconds are the wall's.

    Raises:
        OSError: an address is taken, or the terminal cannot be made.
        NoPty: a terminal is asked for where there are none.
    """

    def __init__(
        self,
        board: Board,
        ways: Ways,
        *,
        wiring: Wiring | None = None,
        on_connect: OnConnect = OnConnect.KEEP,
        pace: Pace = Pace.REAL,
        script: Script | None = None,
    ) -> None:
        self._board = board
        self._due: list[tuple[float, int, Callable[[], None]]] = []  # wall time, order, what is to be done
        self._put_off = 0  # times that something was
        self._is_unplugged = False
        self.line = None if script is None else ScriptedLine(board, script, self.later, self.unplug)
        self._wiring = wiring
        self._on_connect = on_connect
        self._real = RealTime(board.clock)
        self._time: Runner = self._real
        self._paced: Runner = (
            self._real
            if pace is Pace.REAL
            else AsFastAsPossible(board.clock, is_asleep=lambda: board.is_asleep)
        )
        self._lines = Lines(board, self._edge)
        self._client: Client | None = None
        self._left_at = time.monotonic()
        self._pty: Pty | None = None
        self._terminal: PtyClient | None = None  # the client, if it is the terminal
        self._listeners: list[Listener] = []
        self._controls: set[ControlClient] = set()
        self._selector = selectors.DefaultSelector()
        self._stack = contextlib.ExitStack()
        self._stack.callback(self._selector.close)
        try:
            self._open(ways)
        except BaseException:
            self.close()
            raise
        if wiring is None:
            wiring = Wiring.AUTO if ways.rfc2217 is not None else Wiring.JUMPER
        self._rewire(wiring)

    @property
    def addresses(self) -> list[Address]:
        """Where the board can be reached, and last where it can be acted on."""
        ways = [] if self._pty is None else [Address("pty", self._pty.address)]
        return ways + [listener.address for listener in self._listeners]

    def run(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop` says so; it is asked between two steps, which wait for 0.2 s at most."""
        while not stop():
            self.step(ASKED_EACH_S)

    def step(self, longest_s: float | None = None) -> None:
        """Wait until something happens, at most `longest_s`, and do it."""
        more = self._live()
        waits = [left for left in (more, self._look_again(), longest_s) if left is not None]
        for key, _ in self._selector.select(min(waits, default=None)):
            self._live()
            key.data()
        self._do_what_is_due()
        self._lines.settle()
        self._look_at_terminal()

    @property
    def board(self) -> Board:
        """What is served."""
        return self._board

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something when so many seconds of the wall's time are over, between two steps."""
        self._put_off += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, self._put_off, action))

    def unplug(self) -> None:
        """Take the adapter away: the client sees its connection end, and nobody gets in any more."""
        self._is_unplugged = True
        self._leave()

    def close(self) -> None:
        """Let go of everything; the client sees its connection end."""
        self._leave()
        for control in self._controls:
            control.close()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- ways in --------------------------------------------------------------------------------

    def _open(self, ways: Ways) -> None:
        if ways.pty is not None:
            self._pty = _terminal(Path(ways.pty) if ways.pty else None)
            self._stack.callback(self._pty.close)
        for kind, port in (("tcp", ways.tcp), ("rfc2217", ways.rfc2217)):
            if port is not None:
                self._listen(Listener(kind, ways.host, port))
        # Whoever reaches it can unplug the board: that is for this computer alone.
        self._listen(Listener("control", LOOPBACK, ways.control))
        self._watch_for_clients()

    def _listen(self, listener: Listener) -> None:
        self._stack.callback(listener.socket.close)
        self._listeners.append(listener)
        if listener.kind == "control":
            self._watch(listener.socket, partial(self._accept_control, listener))

    def _do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    def _watch_for_clients(self) -> None:
        for listener in self._listeners:
            if listener.kind != "control":
                self._watch(listener.socket, partial(self._accept, listener))

    def _watch(self, what: "socket.socket | Client | ControlClient", action: Callable[[], None]) -> None:
        self._selector.register(what, selectors.EVENT_READ, action)

    def _accept(self, listener: Listener) -> None:
        if self._client is not None:
            return
        connection = listener.accept()
        if connection is None:
            return
        if self._is_unplugged:
            connection.close()
            return
        is_bare = listener.kind == "tcp"
        self._admit(Wiring.JUMPER if is_bare else Wiring.AUTO, follows=is_bare)
        kind = TcpClient if is_bare else Rfc2217Client
        try:
            self._serve(kind(connection, self._lines))
        except (Gone, OSError):
            connection.close()
            self._depart()

    def _look_at_terminal(self) -> None:
        if self._pty is None or self._client is not None or self._is_unplugged or not self._pty.opened():
            return
        from esp8266sim.serve import pty

        self._admit(Wiring.JUMPER, follows=not pty.KNOWS_BAUD)
        self._terminal = pty.PtyClient(self._pty, self._lines)
        self._terminal.adopt_baud()
        self._serve(self._terminal)

    def _look_again(self) -> float | None:
        """Return when to look at terminal and lines without being told to."""
        waits = []
        if self._pty is not None and self._client is None:
            waits.append(LOOK_OFTEN_S if time.monotonic() - self._left_at < BUSY_S else LOOK_SELDOM_S)
        if self._due:
            waits.append(max(0.0, self._due[0][0] - time.monotonic()))
        if self._lines.settle_at is not None:
            waits.append(max(0.0, self._lines.settle_at - time.monotonic()))
        return min(waits, default=None)

    # -- the client -----------------------------------------------------------------------------

    def _admit(self, usual: Wiring, *, follows: bool) -> None:
        """Make the board ready for a client that comes in where the wiring is usually this."""
        self._time = self._paced
        self._time.rebase()
        bridge = self._board.bridge
        bridge.discard()
        bridge.follows = (lambda: self._board.heard_bit) if follows else None
        if self._wiring is None:
            self._rewire(usual)
        if self._on_connect is OnConnect.POWER_CYCLE:
            self._board.power_cycle()

    def _rewire(self, wiring: Wiring) -> None:
        if self._board.wiring is not wiring:
            self._board.wire(wiring)
            self._board.power_cycle()

    def _serve(self, client: Client) -> None:
        self._client = client
        for listener in self._listeners:
            if listener.kind != "control":
                self._selector.unregister(listener.socket)
        self._watch(client, self._receive)
        self._adjust()

    def _receive(self) -> None:
        client = self._client
        if client is None:
            return
        try:
            client.receive()
            client.outbox.flush()
        except Gone:
            self._leave()
        else:
            self._adjust()

    def _live(self) -> float | None:
        """Let the board live and the client hear it. Return the seconds until there is more to do."""
        client = self._client
        if client is None:
            more = self._time.run()
            self._board.bridge.discard()
            return more
        if len(client.outbox) > TOO_MUCH:
            return None
        try:
            if self._terminal is not None:
                self._terminal.adopt_baud()
            more = self._time.run()
            heard = self._board.bridge.delivered
            if heard:
                data = bytes(heard)
                heard.clear()
                client.send(data)
        except Gone:
            self._leave()
            return 0.0
        self._adjust()
        return more

    def _adjust(self) -> None:
        """Wait for room too, if something could not be sent."""
        client = self._client
        if client is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.outbox else 0)
            if self._selector.get_key(client).events != events:
                self._selector.modify(client, events, self._receive)

    def _leave(self) -> None:
        client, self._client, self._terminal = self._client, None, None  # first: it leaves once
        if client is None:
            return
        self._selector.unregister(client)
        client.close()
        self._watch_for_clients()
        self._depart()

    def _depart(self) -> None:
        self._lines.drop()
        self._left_at = time.monotonic()
        self._time = self._real
        self._time.rebase()

    # -- the hand at the board ------------------------------------------------------------------

    def _accept_control(self, listener: Listener) -> None:
        connection = listener.accept()
        if connection is None:
            return
        control = ControlClient(
            connection,
            {
                "power-cycle": lambda: self._act(self._board.power_cycle),
                "press-reset": lambda: self._act(self._board.press_reset),
                "jumper on": lambda: self._set_jumper(True),
                "jumper off": lambda: self._set_jumper(False),
                "registers": lambda: report(self._board),
                "disassemble": self._disassemble,
            },
        )
        self._controls.add(control)
        self._watch(control, partial(self._control, control))

    def _disassemble(self, address: int, count: int) -> list[str]:
        if not 0 < count <= MOST_INSTRUCTIONS:
            raise ValueError(f"from 1 to {MOST_INSTRUCTIONS} instructions, not {count}")
        return list(instructions(self._board, address & 0xFFFFFFFF, count))

    def _control(self, control: ControlClient) -> None:
        if not control.receive():
            self._selector.unregister(control)
            self._controls.discard(control)
            control.close()

    def _act(self, action: Callable[[], None]) -> None:
        self._edge()
        action()

    def _edge(self) -> None:
        self._time.edge()

    def _set_jumper(self, on: bool) -> None:
        self._board.jumper = on


def is_local(host: str) -> bool:
    """Say whether an address to listen on can be reached from this computer alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _terminal(path: Path | None) -> "Pty":
    try:
        from esp8266sim.serve.pty import Pty
    except ImportError as exc:  # no termios
        raise NoPty(
            "this system has no pseudo terminals; serve --tcp or --rfc2217 and give that URL to the tool"
        ) from exc
    return Pty(path)

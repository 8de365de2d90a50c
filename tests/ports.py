# SPDX-License-Identifier: Apache-2.0
"""Ports for the client's tests: on a virtual board, hurt on the way, or scripted without any board."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from esp8266sim.board import Board
from esp8266sim.profiles import PROFILES
from esp8266sim.serve import sim
from esprom.port import Port
from esprom.port.forwarding import ForwardingPort
from esprom.port.reading import POLL_S
from esprom.port.serial_port import Link, SerialPort
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST, RESPONSE, Command, Request, Response
from esprom.protocol.record import Overlay

OK = b"\x00\x00"
HEADER = Overlay(*REQUEST.layout)


def on_board(board: Board, latency_ms: float | None = None) -> SerialPort:
    """Return a port to `board`, whose bridge's latency timer may be set."""
    handle = sim.Serial(None, board=board, timeout=POLL_S)
    if latency_ms is not None:
        board.bridge.latency_ps = round(latency_ms * 1e9)
    return SerialPort(Link.polled(handle, handle.clock), "board")


def board(profile: str = "esp01", content: bytes | None = None) -> Board:
    """Return a virtual board whose flash begins with `content`, and is blank from there on."""
    model = PROFILES[profile].flash
    return Board(PROFILES[profile], bytearray((content or b"").ljust(model.size, b"\xff")))


class VirtualClock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class ScriptedPort:
    """A port whose other end is a function: from a request's bytes as written to the bytes that come back."""

    name = "script"
    has_modem_lines = False

    def __init__(self, answer: Callable[[bytes], bytes], chunk: int = 1 << 16) -> None:
        self.clock = VirtualClock()
        self.baud = 115200
        self.written: list[bytes] = []
        self.lines: list[tuple[bool, bool]] = []
        self.closed = False
        self._answer = answer
        self._arrived = bytearray()
        self._chunk = chunk

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        data = bytes(self._arrived[: self._chunk])
        del self._arrived[: self._chunk]
        if not data:
            self.clock.time += max(timeout_s, 1e-3)
        return data

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.clock.time += 1e-3
        self._arrived += self._answer(data)

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        self.lines.append((dtr, rts))

    def discard_input(self) -> None:
        self._arrived.clear()

    def reopen(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class PacketBuffer:
    """What frames mean to the mask ROM: the bytes that one lacks are those of the frames before (ROM-4)."""

    def __init__(self) -> None:
        self._held = b""

    def requests(self, written: bytes) -> list[Request]:
        """Return the requests in what was written at once."""
        return [REQUEST.parse(self._completed(frame)) for frame in slip.Decoder().feed(written)]

    def _completed(self, frame: bytes) -> bytes:
        self._held = frame + self._held[len(frame) :]
        size = HEADER.read(bytearray(self._held), 0, "size")
        return self._held[: HEADER.size + size]


def requests(written: bytes) -> list[Request]:
    """Return the requests in what was written at once, each of them whole."""
    return PacketBuffer().requests(written)


def reply(command: Command, value: int = 0, status: bytes = OK) -> bytes:
    """Return a response as it goes over the wire."""
    return slip.encode(RESPONSE.build(Response(command, value, status)))


def loader(registers: Mapping[int, int]) -> Callable[[bytes], bytes]:
    """Return a script that answers SYNC as the ROM does, eight times, and READ_REG from a table."""

    buffer = PacketBuffer()

    def answer(written: bytes) -> bytes:
        out = b""
        for request in buffer.requests(written):
            first = int.from_bytes(request.body[:4], "little")
            value = registers.get(first, 0) if request.command is Command.READ_REG else first
            out += reply(request.command, value) * (8 if request.command is Command.SYNC else 1)
        return out

    return answer


class Plan(Protocol):
    """What becomes of the byte at an offset of a stream: a dictionary may be one."""

    def get(self, offset: int, default: int, /) -> int | None:
        """Return the bits to invert, None for a byte that is lost."""


@dataclass
class Noise:
    """A plan: one byte in `every`, on average, is hit while `when` holds."""

    when: Callable[[], bool]
    every: int

    def get(self, offset: int, default: int, /) -> int | None:
        return 0x10 if self.when() and offset * 2654435761 % (1 << 32) < (1 << 32) // self.every else default


class HurtPort(ForwardingPort):
    """A port that damages the bytes of a stream at the offsets that a plan names."""

    def __init__(self, port: Port, received: Plan | None = None, sent: Plan | None = None) -> None:
        super().__init__(port)
        self.hurt_from_here(received, sent)

    def hurt_from_here(self, received: Plan | None = None, sent: Plan | None = None) -> None:
        """Begin a new plan, whose offsets count from now."""
        self._at = {"in": 0, "out": 0}
        self._received, self._sent = received or {}, sent or {}

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        return self._carry(super().read(timeout_s, at_least), "in", self._received)

    def write(self, data: bytes) -> None:
        super().write(self._carry(data, "out", self._sent))

    def _carry(self, data: bytes, way: str, plan: Plan) -> bytes:
        start, self._at[way] = self._at[way], self._at[way] + len(data)
        flips = [plan.get(at, 0) for at in range(start, start + len(data))]
        return bytes(byte ^ flip for byte, flip in zip(data, flips, strict=True) if flip is not None)

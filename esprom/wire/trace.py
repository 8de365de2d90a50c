# SPDX-License-Identifier: Apache-2.0
"""What goes over the line, as lines of text in the form that esptool prints with `--trace`.

Everything is in it, content too. `esprom wire decode` reads it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from esprom.errors import MalformedPacket
from esprom.port import Port, standing_between
from esprom.port.recorded import RecordedPort, Way
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST
from esprom.wire import trace_lines


class WireTrace:
    """Tells of every port that is opened while it runs; `emit` is given the lines."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit

    @contextmanager
    def ports(self) -> Iterator[None]:
        """Trace every port that is opened meanwhile."""
        with standing_between(self._port):
            yield

    def _port(self, port: Port) -> Port:
        tracer = _Tracer(self._emit, port.clock.now())
        tracer.hear_opened(port.baud)
        return RecordedPort(port, tracer)


class _Tracer:
    """Listens to one port."""

    def __init__(self, emit: Callable[[str], None], began: float) -> None:
        self._emit = emit
        self._told = began
        self._decoders = {way: slip.Decoder() for way in Way}

    def hear_opened(self, baud: int) -> None:
        """Print whose trace it is, and the rate that it begins at."""
        self._tell(self._told, trace_lines.opened(baud))

    def hear(self, when: float, way: Way, data: bytes) -> None:
        """Print bytes, and the packets that end with them."""
        frames = self._decoders[way].feed(data)
        for frame in frames if way is Way.TO_CHIP else ():
            self._tell(when, _in_words(frame))
        self._tell(when, trace_lines.moved(way, data))
        for frame in frames if way is Way.FROM_CHIP else ():
            self._tell(when, trace_lines.packet(frame))

    def hear_lines(self, when: float, *, dtr: bool, rts: bool) -> None:
        """Print how the modem lines are set."""
        self._tell(when, trace_lines.lines_set(dtr=dtr, rts=rts))

    def hear_baud(self, when: float, baud: int) -> None:
        """Print the rate."""
        self._tell(when, trace_lines.rate(baud))

    def hear_note(self, when: float, note: str) -> None:
        """Print what else has happened."""
        self._tell(when, note)

    def _tell(self, when: float, what: str) -> None:
        step = max(0.0, round(when - self._told, 3))  # a rounding up may be behind the next event
        self._emit(trace_lines.line(step, what))
        self._told += step  # as it is printed, so that the times of a long session add up


def _in_words(frame: bytes) -> str:
    try:
        request = REQUEST.parse(frame)
    except MalformedPacket:
        return trace_lines.junk(frame)
    return trace_lines.command(request.command, request.body)

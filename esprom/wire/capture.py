# SPDX-License-Identifier: Apache-2.0
"""What happens on ports, written down as it happens (WIRE-1, WIRE-2, WIRE-9).

One rule: a recording is good up to where it ends. Each record goes out when it is whole, so that what stopped
the program has not taken the recording with it. No I/O here: `write` takes the bytes, `wall` gives the time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from esprom._version import __version__
from esprom.port.recorded import Way
from esprom.wire import pcapng
from esprom.wire.events import SECOND, Event, EventType
from esprom.wire.privacy import Kept, Privacy
from esprom.wire.splitting import Run, Splitter

TYPES = {Way.TO_CHIP: EventType.TO_CHIP, Way.FROM_CHIP: EventType.FROM_CHIP}


@dataclass(slots=True)
class Track:
    """Listens to one port, and gives its events in order.

    Attributes:
        emit: takes each event.
        payload: whether content is kept.
        offset_us: what to add to the port's time to have that of the wall.
    """

    emit: Callable[[Event], None]
    payload: bool
    offset_us: int = 0
    _splitters: dict[Way, Splitter] = field(default_factory=lambda: {way: Splitter() for way in Way})
    _privacy: Privacy = field(default_factory=Privacy)
    _dtr: bool = False
    _rts: bool = False
    _baud: int = 0

    def hear(self, when: float, way: Way, data: bytes) -> None:
        """Take bytes."""
        self.hear_us(self._us(when), way, data)

    def hear_us(self, at_us: int, way: Way, data: bytes) -> None:
        """Take bytes, at a time of the wall."""
        for other in Way:
            if other is not way:
                self._give(other, self._splitters[other].look(at_us, other_spoke=True))
        self._give(way, self._splitters[way].feed(at_us, data))

    def hear_lines(self, when: float, *, dtr: bool, rts: bool) -> None:
        """Take a change of the modem lines."""
        self.hear_lines_us(self._us(when), dtr=dtr, rts=rts)

    def hear_lines_us(self, at_us: int, *, dtr: bool, rts: bool) -> None:
        """Take a change of the modem lines, at a time of the wall."""
        self._interrupt(at_us)
        self._dtr, self._rts = dtr, rts
        self.emit(Event(at_us, EventType.STATUS_CHANGE, dtr=dtr, rts=rts))

    def hear_baud(self, when: float, baud: int) -> None:
        """Take a change of the rate."""
        if baud == self._baud:
            return
        self._interrupt(self._us(when))
        self._baud = self._privacy.baud = baud
        self.emit(Event(self._us(when), EventType.STATUS_CHANGE, dtr=self._dtr, rts=self._rts, baud=baud))

    def hear_note(self, when: float, note: str) -> None:
        """Take something else that happened."""
        self._interrupt(self._us(when))
        self.emit(Event(self._us(when), EventType.STATUS_CHANGE, dtr=self._dtr, rts=self._rts, note=note))

    def close(self) -> None:
        """Give what has begun."""
        for way, splitter in self._splitters.items():
            self._give(way, splitter.rest())

    def _interrupt(self, at_us: int) -> None:
        for way, splitter in self._splitters.items():
            self._give(way, splitter.look(at_us, other_spoke=True))

    def _give(self, way: Way, runs: list[Run]) -> None:
        for run in runs:
            kept = Kept(run.data) if self.payload else self._privacy.kept(way, run.data)
            self.emit(
                Event(
                    run.at_us,
                    TYPES[way],
                    kept.data,
                    dtr=self._dtr,
                    rts=self._rts,
                    left_out=kept.left_out,
                    sound=kept.sound,
                    note=kept.note,
                )
            )

    def _us(self, when: float) -> int:
        return round(when * SECOND) + self.offset_us


class Capture:
    """A capture while it is made.

    Args:
        write: takes the bytes of the file, one after another.
        wall: gives the time in seconds since 1970.
        payload: whether content is kept.
    """

    def __init__(self, write: Callable[[bytes], None], wall: Callable[[], float], *, payload: bool) -> None:
        self._write = write
        self._wall = wall
        self.payload = payload
        self._tracks: list[Track] = []
        write(pcapng.section(f"esprom {__version__}", payload=payload))

    def track(self, name: str, now: float, baud: int) -> Track:
        """Begin to record a port, whose time is `now` and which is at this rate; return its listener."""
        number = len(self._tracks)
        self._write(pcapng.interface(name))
        track = Track(
            lambda event: self._write(pcapng.record(number, event)),
            self.payload,
            offset_us=round((self._wall() - now) * SECOND),
        )
        self._tracks.append(track)
        track.hear_baud(now, baud)
        return track

    def close(self) -> None:
        """Write down what has begun."""
        for track in self._tracks:
            track.close()

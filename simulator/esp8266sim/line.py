# SPDX-License-Identifier: Apache-2.0
"""The serial line: bytes as bit times, heard by whoever listens at whatever baud, and the USB bridge.

One rule: a byte means what the receiver samples. Each end has its own bit time; as long as every
sample still falls into the right bit, the byte arrives as sent, otherwise the waveform is sampled as a
real UART would and garbage comes out. Framing is 8N1. Times are picoseconds of the board's clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Protocol

from esp8266sim.bridges import BridgeModel
from esp8266sim.clock import MS, SECOND, Clock, Event

FRAME_BITS = 10  # start, eight data bits from the lowest, stop
# The stop bit is sampled 9.5 bit times after the start edge; it must still be the stop bit.
TOLERANCE = 0.5 / 9.5


@dataclass(slots=True)
class Burst:
    """Bytes that follow each other on the line without a gap."""

    start: int  # ps: the first start bit begins
    bit: int  # ps: the sender's bit time
    data: bytes

    @property
    def end(self) -> int:
        """When the last stop bit ends."""
        return self.start + len(self.data) * FRAME_BITS * self.bit

    def arrived(self, now: int) -> int:
        """Return how many bytes are over at `now`."""
        over = (now - self.start) // (FRAME_BITS * self.bit)
        return min(over, len(self.data)) if over > 0 else 0

    def when(self, index: int) -> int:
        """Return when byte `index` is over."""
        return self.start + (index + 1) * FRAME_BITS * self.bit

    def split(self, count: int) -> "tuple[Burst, Burst]":
        """Return the first `count` bytes and the rest."""
        rest = Burst(self.start + count * FRAME_BITS * self.bit, self.bit, self.data[count:])
        return Burst(self.start, self.bit, self.data[:count]), rest


def same_rate(sent_bit: int, heard_bit: int) -> bool:
    """Tell whether every sample of a frame falls into the bit it is meant for."""
    return abs(heard_bit - sent_bit) < TOLERANCE * sent_bit


@lru_cache(maxsize=8)  # who samples a burst bit by bit comes back for each of its bytes
def levels(data: bytes) -> str:
    """Return the line's levels, a character a bit, while `data` is sent."""
    return "".join("0" + format(byte, "08b")[::-1] + "1" for byte in data)


def resample(burst: Burst, heard_bit: int, at: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield (when, byte, at) as a receiver with another bit time hears `burst`.

    It looks for a start bit from `at` on, picoseconds into the burst; the `at` that comes with a byte is
    where it goes on after it. A byte whose stop bit is low is delivered all the same, as the ESP8266 and
    the usual USB bridges do.
    """
    wave = levels(burst.data)
    length = len(wave) * burst.bit
    while at < length:
        falling = wave.find("0", at // burst.bit)
        if falling < 0:
            return
        begin = max(at, falling * burst.bit)
        first = begin + heard_bit // 2
        samples = [(first + index * heard_bit) // burst.bit for index in range(1, FRAME_BITS)]
        bits = [wave[sample] if sample < len(wave) else "1" for sample in samples]
        over = at = first + (FRAME_BITS - 1) * heard_bit
        if bits[8] == "0":  # framing error: the receiver waits for the line to go high again
            high = wave.find("1", at // burst.bit)
            at = high * burst.bit if high >= 0 else length
        yield burst.start + over, int("".join(bits[:8])[::-1], 2), at


def heard(burst: Burst, heard_bit: int) -> list[Burst]:
    """Return what a receiver with bit time `heard_bit` hears: the burst itself, or garbage."""
    if same_rate(burst.bit, heard_bit):
        return [burst]
    return [
        Burst(when - FRAME_BITS * heard_bit, heard_bit, bytes([byte]))
        for when, byte, _ in resample(burst, heard_bit)
    ]


@dataclass(frozen=True, slots=True)
class Pulses:
    """What an autobaud block has counted: edges, and the shortest low and high pulse in picoseconds."""

    edges: int
    low: int | None
    high: int | None


def pulses(bursts: list[Burst], since: int, until: int) -> Pulses:
    """Measure the line between two instants. The high level before the first start bit is no pulse."""
    edges = 0
    shortest: dict[str, int | None] = {"0": None, "1": None}
    for burst in bursts:
        at = burst.start
        for level, run in groupby(levels(burst.data)):
            length = sum(1 for _ in run) * burst.bit
            began, at = at, at + length
            if began > until:
                break
            if began < since:
                continue
            edges += 1
            # the last high pulse of a burst lasts until the next start bit, so it is not measured
            if at <= until and not (level == "1" and at == burst.end):
                known = shortest[level]
                shortest[level] = length if known is None else min(known, length)
    return Pulses(edges, shortest["0"], shortest["1"])


class Tap(Protocol):
    """Who has the bytes in his hands on their way between the host and the adapter."""

    def to_chip(self, data: bytes) -> None:
        """Take what the host writes; `Bridge.put` sends it on."""

    def from_chip(self, data: bytes) -> None:
        """Take what the host would read; `Bridge.hand_over` lets it."""


class Bridge:
    """The adapter between the host and the two wires.

    Towards the host bytes wait for a full packet, or for the model's timer: a latency timer starts when the
    first byte enters an empty buffer, an idle timer with each byte. `to_device` takes the bursts that leave
    for the board. `baud` is what the host asked for; `bit` is what the bridge makes of it.
    """

    def __init__(self, clock: Clock, model: BridgeModel, to_device: Callable[[Burst], None]) -> None:
        self._clock = clock
        self._to_device = to_device
        self.model = model
        self.latency_ps = model.latency_ps
        self.baud = 115200
        # Where the link carries no baud rate (a bare socket), this tells the bit time of the other end, and
        # both directions run at that.
        self.follows: Callable[[], int] | None = None
        self._delivered = bytearray()
        self._wanted = 1
        self.tap: Tap | None = None
        self._arriving: list[Burst] = []  # sampled at the host's baud, not yet delivered
        self._waiting = 0  # bytes in those
        self._wire_free = 0
        self._delivery: Event | None = None

    @property
    def delivered(self) -> bytearray:
        """What the host can read now; whoever reads takes it out of here."""
        if self._at_once:
            self._deliver_until(self._clock.now)
        return self._delivered

    @property
    def wanted(self) -> int:
        """How many bytes the host waits for: nothing needs to happen before they are there."""
        return self._wanted

    @wanted.setter
    def wanted(self, count: int) -> None:
        if count != self._wanted:
            self._wanted = count
            self._schedule()

    @property
    def _at_once(self) -> bool:
        """Whether the host can read each byte as it arrives, with nobody in between."""
        return self.latency_ps == 0 and self.tap is None

    @property
    def low_latency(self) -> bool:
        """Whether the latency timer is at its least (1 ms), as the driver's low-latency switch sets it."""
        return self.latency_ps is None or self.latency_ps <= MS

    @low_latency.setter
    def low_latency(self, on: bool) -> None:
        if self.model.latency_ps is not None:
            self.latency_ps = MS if on else self.model.latency_ps

    @property
    def baud(self) -> int:
        """The rate that the host asked for."""
        return self._baud

    @baud.setter
    def baud(self, asked: int) -> None:
        rates = self.model.rates
        self._baud = asked
        self._own_bit = max(1, round(SECOND / (asked if rates is None else rates.actual(asked))))

    @property
    def bit(self) -> int:
        """The host side's bit time, in picoseconds."""
        return self._own_bit if self.follows is None else self.follows()

    @property
    def quiet(self) -> bool:
        """Whether nothing is on its way to the host."""
        return not self._arriving

    def send_break(self) -> None:
        """Hold the line low for longer than a frame: heard as a zero, for its stop bit is not looked at."""
        self.write(b"\x00")

    def write(self, data: bytes) -> None:
        """Take bytes from the host."""
        (self.put if self.tap is None else self.tap.to_chip)(data)

    def put(self, data: bytes) -> None:
        """Put bytes on the wire behind those that are still going out."""
        if not data:
            return
        burst = Burst(max(self._clock.now + self.model.turnaround_ps, self._wire_free), self.bit, data)
        self._wire_free = burst.end
        self._to_device(burst)

    def hand_over(self, data: bytes) -> None:
        """Let the host read bytes."""
        self._delivered += data

    def flushed_at(self) -> int:
        """Return when everything written will have left."""
        return self._wire_free

    def receive(self, burst: Burst) -> None:
        """Take what the board sends; the burst may lie in the future."""
        filled = self._waiting >= self.model.payload
        for piece in heard(burst, burst.bit if self.follows is not None else self.bit):
            self._arriving.append(piece)
            self._waiting += len(piece.data)
        if not filled:  # else the next packet is as early as it can be
            self._schedule()

    def cut(self, now: int) -> None:
        """The board stopped sending: what has not left it by `now` never will."""
        kept = []
        for burst in self._arriving:
            whole, _ = burst.split(burst.arrived(now))
            if whole.data:
                kept.append(whole)
        self._arriving = kept
        self._waiting = sum(len(burst.data) for burst in kept)
        self._schedule()

    def discard(self) -> None:
        """Forget what has reached the host's side and was not read."""
        self._deliver_until(self._clock.now)
        self._delivered.clear()
        self._schedule()

    def _schedule(self) -> None:
        if self._delivery is not None:
            self._delivery.cancel()
            self._delivery = None
        if self._arriving:
            self._delivery = self._clock.at(self._due(), self._deliver)

    def _due(self) -> int:
        """When the next packet leaves: it is full, or one of the timers is over."""
        if self._at_once:
            return self._arrival(min(self._waiting, max(1, self._wanted - len(self._delivered))))
        first = self._arriving[0].when(0)
        timers = [] if self.latency_ps is None else [first + self.latency_ps]
        if self.model.idle_bits is not None:
            timers.append(self._quiet(self.model.idle_bits * self.bit))
        if self._waiting >= self.model.payload:
            timers.append(self._arrival(self.model.payload))
        return min(timers)

    def _arrival(self, count: int) -> int:
        """Return when so many of the bytes on their way are over."""
        for burst in self._arriving:
            if count <= len(burst.data):
                return burst.when(count - 1)
            count -= len(burst.data)
        raise AssertionError("that many are not on their way")

    def _quiet(self, idle: int) -> int:
        """Return when the line has first been silent for `idle` picoseconds."""
        for burst, following in pairwise(self._arriving):
            if following.when(0) - burst.end > idle:
                return burst.end + idle
        return self._arriving[-1].end + idle

    def _deliver(self) -> None:
        self._delivery = None
        self._deliver_until(self._clock.now, None if self._at_once else self.model.payload)
        self._schedule()

    def _deliver_until(self, now: int, room: int | None = None) -> None:
        while self._arriving:
            burst = self._arriving[0]
            count = burst.arrived(now) if room is None else min(burst.arrived(now), room)
            (self.hand_over if self.tap is None else self.tap.from_chip)(burst.data[:count])
            self._waiting -= count
            if room is not None:
                room -= count
            if count < len(burst.data):
                self._arriving[0] = burst.split(count)[1]
                return
            del self._arriving[0]

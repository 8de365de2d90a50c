# SPDX-License-Identifier: Apache-2.0
"""A UART: divisor, FIFOs, interrupts, autobaud.

One rule: received bytes are looked at when somebody asks. The line hands over bursts that may lie in the
future; `drain` and `fill` sample those that are over, at the divisor in force. So nothing runs per byte:
there is an event only where an interrupt becomes due, or a polled status changes. While `drained` is set
somebody empties the receiver as its handler would, without being interrupted for each byte.
Register layout from the vendor's public headers; what the ROM does with them is in the boot ROM.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice

from esp8266sim.clock import SECOND, Clock, Event
from esp8266sim.line import FRAME_BITS, Burst, pulses, resample, same_rate
from esp8266sim.trace import Kind, Trace, TraceEvent

BASE = 0x60000000
BASE_1 = 0x60000F00  # of UART1, whose receive pin is not led out
FIFO = 0x00
INT_RAW = 0x04
INT_ST = 0x08
INT_ENA = 0x0C
INT_CLR = 0x10
CLKDIV = 0x14
AUTOBAUD = 0x18
STATUS = 0x1C
CONF0 = 0x20
CONF1 = 0x24
LOW_PULSE = 0x28
HIGH_PULSE = 0x2C
RXD_COUNT = 0x30
DATE = 0x78

FIFO_SIZE = 128  # bytes, each way
DATE_VALUE = 0x00062000
AUTOBAUD_ENABLE = 1
CONF0_RX_RESET = 1 << 17
CONF0_TX_RESET = 1 << 18
CONF0_8N1 = 0x0C
CONF1_THRESHOLD = 0x7F  # of the receive FIFO in bits 6:0, of the transmit FIFO in 14:8, timeout in 30:24
CONF1_TIMEOUT_ON = 1 << 31
TIMEOUT_UNIT_BITS = 8  # bit times; assumed, as the vendor says it of the ESP32's UART
INT_RX_FULL = 1
INT_TX_EMPTY = 1 << 1
INT_RX_OVERFLOW = 1 << 4
INT_RX_TIMEOUT = 1 << 8
STEADY = (INT_RAW, INT_ST, INT_ENA, CLKDIV, STATUS, CONF0, CONF1, DATE)
# Bytes that follow each other without a gap interrupt together, though the threshold be less: an interrupt
# costs far more here than a byte. So it comes up to so many byte times late, but never after the last byte.
LATE = 16
TOGETHER = 48  # single bytes that go to the line as one burst, which is dear; less than a bridge's packet
NEVER = 1 << 100  # ps
NO_PULSE = 0xFFFFF
LOOK_AHEAD = 64  # garbled bytes
PULSE_SHORT_BY = 12  # clocks that the measured pulses fall short, which the ROM's formula adds again


def _nothing() -> None:
    """Be an event that wakes who polls."""


class Uart:
    """The UART's registers and its two directions.

    Args:
        clock: the board's.
        trace: where lost bytes are noted.
        apb_hz: the clock that the divisor divides.
        send: takes what leaves for the line.
        cut: takes back what would leave after a time.
        interrupt: is told the level of the interrupt line when it changes.
    """

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        apb_hz: int,
        send: Callable[[Burst], None],
        *,
        cut: Callable[[int], None] = lambda when: None,
        interrupt: Callable[[bool], None] = lambda high: None,
    ) -> None:
        self._clock = clock
        self._trace = trace
        self._send = send
        self._cut = cut
        self._interrupt = interrupt
        self.apb_hz = apb_hz
        self.on_receive: Callable[[], None] | None = None  # something new is under way
        self._line: deque[Burst] = deque()
        self._sampled = 0  # ps into the first burst, up to where it was sampled at another rate
        self.sent_until = 0
        self.outgoing: Burst | None = None  # not handed to the line yet
        self._handing: Event | None = None
        self._look: Event | None = None
        self._drained = False
        self.reset()

    def reset(self) -> None:
        """Power-on state; what is on the line and not over yet will still be heard."""
        for event in (self._handing, self._look):
            if event is not None:
                event.cancel()
        self._handing = self._look = self.outgoing = None
        self._look_at = 0  # ps
        self._status_changes = 0  # ps: there is an event then
        self._next_arrival = 0  # ps: no byte is over before
        self._heard_at = 0  # ps: the last byte in the FIFO was over
        self._timed_out = 0  # ps: `_heard_at` at the last timeout
        self._high = False
        self._drained = False
        self._registers = {INT_RAW: 0, INT_ENA: 0, CONF0: 0x1C, CONF1: 0x6060, DATE: DATE_VALUE, 0x7C: 0x500}
        self._interrupting = False  # the handler is called for what is received
        self._fifo = bytearray()
        self._drop_arrived()
        self.sent_until = self._clock.now
        self._autobaud_since: int | None = None
        self._autobaud = (NO_PULSE, NO_PULSE, 0)
        self._set_divisor(0x2B6)

    # -- registers ------------------------------------------------------------------------------

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""
        if offset == FIFO:
            self.fill()
            return self._fifo.pop(0) if self._fifo else 0
        if offset == CLKDIV:
            return self.divisor
        if offset == STATUS:
            self.fill()
            self._expect_change()
            return len(self._fifo) | self.sending() << 16
        if offset == INT_ST:
            return self._registers[INT_RAW] & self._registers[INT_ENA]
        if offset in (LOW_PULSE, HIGH_PULSE, RXD_COUNT):
            return self._measure()[(offset - LOW_PULSE) // 4]
        if offset == AUTOBAUD:
            return 0x800 | (self._autobaud_since is not None)
        return self._registers.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the register. False if nothing models it."""
        if offset == FIFO:
            self._transmit_byte(value & 0xFF)
        elif offset == CLKDIV:
            self.fill()
            self._drop_arrived()  # of a burst under way, the bytes to come are heard at the new rate
            self._set_divisor(value & 0xFFFFF)
            self._update()
        elif offset == AUTOBAUD:
            self._set_autobaud(bool(value & AUTOBAUD_ENABLE))
        elif offset == INT_CLR:
            self._registers[INT_RAW] &= ~value
            self._update()
        elif offset in self._registers and offset != DATE:
            self._registers[offset] = value
            self._interrupting = bool(self._registers[INT_ENA] & INT_RX_FULL)
            if offset == CONF0 and value & CONF0_RX_RESET:
                self.reset_receiver()
            if offset == CONF0 and value & CONF0_TX_RESET:
                self.reset_transmitter()
            self._update()
        else:
            return False
        return True

    def _set_divisor(self, divisor: int) -> None:
        self.divisor = divisor
        self.bit = round(max(divisor, 1) * SECOND / self.apb_hz)  # ps
        self._frame = FRAME_BITS * self.bit
        self._next_arrival = 0

    # -- interrupts -----------------------------------------------------------------------------

    @property
    def drained(self) -> bool:
        """Whether somebody calls `drain` in place of an interrupt handler: then nothing interrupts."""
        return self._drained

    @drained.setter
    def drained(self, by_somebody: bool) -> None:
        self._drained = by_somebody
        self._update()

    def _update(self) -> None:
        """Latch what is the case, drive the interrupt line, and see when to look again."""
        if self._drained:
            self._drive(high=False)
            return
        self.fill()
        raw, now = self._registers[INT_RAW], self._clock.now
        if len(self._fifo) >= self._receive_threshold:
            raw |= INT_RX_FULL
        timeout_at = self._timeout_at()
        if timeout_at <= now and self._fifo:
            raw |= INT_RX_TIMEOUT
            self._timed_out = self._heard_at
        if self.sending() < self._send_threshold:
            raw |= INT_TX_EMPTY
        self._registers[INT_RAW] = raw
        self._drive(high=bool(raw & self._registers[INT_ENA]))
        times = [self._timeout_at()]
        if not raw & INT_RX_FULL:
            times.append(self._arrival(max(self._receive_threshold - len(self._fifo), self._following())))
        if not raw & INT_TX_EMPTY and self._send_threshold:
            times.append(self.sent_until - (self._send_threshold * FRAME_BITS) * self.bit)
        self._look_again(max(now + 1, min(times)))

    def _following(self) -> int:
        """Return how many bytes an interrupt may wait for: those that follow each other now, at most LATE."""
        if not self._line:
            return 0
        burst = self._line[0]
        return min(LATE, len(burst.data)) if same_rate(burst.bit, self.bit) else 0

    def _drive(self, *, high: bool) -> None:
        if high != self._high:
            self._high = high
            self._interrupt(high)

    def _look_again(self, when: int) -> None:
        if self._look is not None:
            if when == self._look_at:
                return
            self._look.cancel()
            self._look = None
            if self._look_at == self._status_changes:  # that event was for two
                self._clock.at(self._status_changes, _nothing)
        if when < NEVER:
            self._look_at, self._look = when, self._clock.at(when, self._look_now)

    def _look_now(self) -> None:
        self._look = None
        self._update()

    @property
    def _receive_threshold(self) -> int:
        return max(1, self._registers[CONF1] & CONF1_THRESHOLD)

    @property
    def _send_threshold(self) -> int:
        return self._registers[CONF1] >> 8 & CONF1_THRESHOLD

    def _timeout_at(self) -> int:
        """Return when the receiver will have been silent for too long, by what is known now."""
        conf1 = self._registers[CONF1]
        if not conf1 & CONF1_TIMEOUT_ON:
            return NEVER
        silence = (conf1 >> 24 & CONF1_THRESHOLD) * TIMEOUT_UNIT_BITS * self.bit
        if self._line and self._line[0].start <= self._clock.now:
            return self._line[0].end + silence
        if self._fifo and self._heard_at != self._timed_out:
            return self._heard_at + silence
        return self._line[0].end + silence if self._line else NEVER

    def next_byte(self) -> int | None:
        """Return when the next byte will have been received; None if none is on its way."""
        when = self._arrival(1)
        return when if when < NEVER else None

    def _arrival(self, count: int) -> int:
        """Return when `count` more bytes will have been received, by what is known now."""
        for index, burst in enumerate(self._line):
            if same_rate(burst.bit, self.bit):
                if count <= len(burst.data):
                    return burst.when(count - 1)
                count -= len(burst.data)
                continue
            for when, _, _ in resample(burst, self.bit, 0 if index else self._sampled):
                count -= 1
                if not count:
                    return when
        return NEVER

    def _expect_change(self) -> None:
        """Have an event when the status register changes next, so that who polls it is woken."""
        now = self._clock.now
        if self._drained or self._status_changes > now:
            return
        when = self._arrival(1)
        if self.sending():
            byte = FRAME_BITS * self.bit
            when = min(when, now + (self.sent_until - now - 1) % byte + 1)
        if when < NEVER:
            self._status_changes = when
            if self._look is None or self._look_at != when:
                self._clock.at(when, _nothing)

    # -- receiving ------------------------------------------------------------------------------

    def receive(self, burst: Burst) -> None:
        """Take a burst from the line; it may lie in the future, behind those before it."""
        last = self._line[-1] if self._line else None
        if last is not None and last.end == burst.start and last.bit == burst.bit:
            self._line[-1] = Burst(last.start, last.bit, last.data + burst.data)
        else:
            self._line.append(burst)
        self._next_arrival = self._status_changes = 0
        self._update()
        if self.on_receive is not None:
            self.on_receive()

    def drain(self, limit: int | None = None) -> bytes:
        """Return what has been received by now, as an interrupt handler that never lets it wait.

        At most `limit` bytes; the rest stays to be asked for. Nothing while the interrupt is off.
        """
        if self._drained and self._interrupting and (self._line or self._fifo):
            return self._received(limit)
        return b""

    def _received(self, limit: int | None = None) -> bytes:
        now = self._clock.now
        taken = bytes(self._fifo[:limit])
        del self._fifo[: len(taken)]
        while self._line and (limit is None or len(taken) < limit):
            burst = self._line[0]
            if not same_rate(burst.bit, self.bit):
                sampled, over = self._sample(now, None if limit is None else limit - len(taken))
                taken += sampled
                if over:
                    continue
                break
            count = burst.arrived(now)
            if limit is not None:
                count = min(count, limit - len(taken))
            taken += burst.data[:count]
            if count:
                self._heard_at = burst.when(count - 1)
            if count < len(burst.data):
                if count:
                    self._line[0] = burst.split(count)[1]
                break
            self._line.popleft()
        return taken

    def _sample(self, now: int, limit: int | None) -> tuple[bytes, bool]:
        """Return what the first burst sounds like at the divisor in force, and whether that is all of it."""
        found = bytearray()
        for when, byte, at in resample(self._line[0], self.bit, self._sampled):
            if when > now or len(found) == limit:
                return bytes(found), False
            found.append(byte)
            self._sampled, self._heard_at = at, when
        self._line.popleft()
        self._sampled = 0
        return bytes(found), True

    def fill(self) -> None:
        """Move what has been received by now into the FIFO; what does not fit is lost."""
        if self._clock.now < self._next_arrival:
            return
        received = self._received()
        self._next_arrival = self._arrival(1)
        room = FIFO_SIZE - len(received)
        if room < 0:
            self._registers[INT_RAW] |= INT_RX_OVERFLOW
            self._trace.add(TraceEvent(self._clock.now, Kind.OVERRUN, f"UART FIFO: {-room} bytes lost"))
        self._fifo += received[:FIFO_SIZE]

    def next_frame_end(self, inside: bool, end: int = 0xC0) -> int | None:
        """Return when to look for the byte `end` that closes a frame, if it may be on its way.

        Outside a frame the first one opens it. Bytes in between make no difference to who waits for it. Of
        garbage only the next bytes are looked at; then the time is when these have been received.
        """
        if not self._interrupting:
            return None
        opened = inside
        for index, burst in enumerate(self._line):
            if not same_rate(burst.bit, self.bit):
                heard_at = self._end_in_garbage(index, end)
                if heard_at is not None:
                    return heard_at
            at = burst.data.find(end)
            while at >= 0:
                if opened:
                    return burst.when(at)
                opened = True
                at = burst.data.find(end, at + 1)
        return None

    def _end_in_garbage(self, index: int, end: int) -> int | None:
        found = None
        at = 0 if index else self._sampled
        for when, byte, _ in islice(resample(self._line[index], self.bit, at), LOOK_AHEAD):
            found = when
            if byte == end:
                break
        return found

    def quiet(self) -> bool:
        """Tell whether nothing more is under way on the line."""
        return not self._line or self._line[-1].end <= self._clock.now

    def reset_receiver(self) -> None:
        """Empty the receive FIFO; what has arrived by now is lost."""
        self._fifo.clear()
        self._drop_arrived()

    def _drop_arrived(self) -> None:
        self._sampled = self._next_arrival = 0
        while self._line:
            _, rest = self._line[0].split(self._line[0].arrived(self._clock.now))
            if rest.data:
                self._line[0] = rest
                return
            self._line.popleft()

    @property
    def measuring(self) -> bool:
        """Whether the autobaud block is on."""
        return self._autobaud_since is not None

    # -- autobaud -------------------------------------------------------------------------------

    def _set_autobaud(self, on: bool) -> None:
        if on:
            self._autobaud_since = self._clock.now
        elif self._autobaud_since is not None:
            self._autobaud = self._measure()
            self._autobaud_since = None

    def _measure(self) -> tuple[int, int, int]:
        """Return LOWPULSE, HIGHPULSE and RXD_CNT."""
        if self._autobaud_since is None:
            return self._autobaud
        found = pulses(list(self._line), self._autobaud_since, self._clock.now)
        return self._clocks(found.low), self._clocks(found.high), min(found.edges, 0x3FF)

    def _clocks(self, pulse: int | None) -> int:
        if pulse is None:
            return NO_PULSE
        return max(0, pulse * self.apb_hz // SECOND - PULSE_SHORT_BY)

    # -- sending --------------------------------------------------------------------------------

    def transmit(self, data: bytes) -> int:
        """Send `data` behind what is being sent; return when the last byte enters the shift register.

        The FIFO takes 128 bytes; what a careless program writes beyond that is lost.
        """
        room = FIFO_SIZE + 1 - self.sending()
        data = data[: max(0, room)]
        if data:
            burst = Burst(max(self._clock.now, self.sent_until), self.bit, data)
            self.sent_until = burst.end
            self._hand_over(burst)
        return self.sent_until

    def _transmit_byte(self, byte: int) -> None:
        """Do what `transmit` does with one byte: quickly, where it follows another that is kept."""
        waiting = self.outgoing
        pending = self.sent_until - self._clock.now
        if waiting is None or waiting.bit != self.bit or not 0 < pending <= FIFO_SIZE * self._frame:
            self.transmit(bytes((byte,)))
            return
        waiting.data += bytes((byte,))
        self.sent_until += self._frame
        if len(waiting.data) >= TOGETHER:
            self.flush()

    def reset_transmitter(self) -> None:
        """Empty the transmit FIFO; the byte in the shift register still goes out."""
        lost = self.sending()
        if lost:
            self.flush()
            self.sent_until -= lost * FRAME_BITS * self.bit
            self._cut(self.sent_until)

    def free_at(self) -> int:
        """Return when the transmit FIFO will be empty: the last byte is then in the shift register."""
        return self.sent_until - self._frame

    def _hand_over(self, burst: Burst) -> None:
        """Give a burst to the line, or keep it for a moment if it is a single byte that others may follow."""
        waiting = self.outgoing
        if waiting is not None:
            if waiting.end == burst.start and waiting.bit == burst.bit:
                waiting.data += burst.data
                if len(waiting.data) >= TOGETHER:
                    self.flush()
                return
            self.flush()
        if len(burst.data) > 1:
            self._send(burst)
            return
        self.outgoing = burst
        self._handing = self._clock.at(burst.when(TOGETHER - 1), self.flush)

    def flush(self) -> None:
        """Give the line what was kept for a moment."""
        if self._handing is not None:
            self._handing.cancel()
            self._handing = None
        if self.outgoing is not None:
            burst, self.outgoing = self.outgoing, None
            self._send(burst)

    def sending(self) -> int:
        """Return how many bytes wait in the transmit FIFO behind the one being sent."""
        pending = self.sent_until - self._clock.now
        return -(-pending // self._frame) - 1 if pending > 0 else 0

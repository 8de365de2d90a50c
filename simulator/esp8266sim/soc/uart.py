# SPDX-License-Identifier: Apache-2.0
"""UART0: divisor, FIFOs, autobaud.

One rule: received bytes are looked at when somebody asks. The line hands over bursts that may lie in the
future; `drain` and `fill` sample those that are over, at the divisor in force. So nothing runs per byte.
Register layout from the vendor's public headers; what the ROM does with them is in the boot ROM.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice

from esp8266sim.clock import SECOND, Clock
from esp8266sim.line import Burst, pulses, resample, same_rate
from esp8266sim.trace import Kind, Trace, TraceEvent

BASE = 0x60000000
FIFO = 0x00
INT_RAW = 0x04
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
INT_RX_FULL = 1
INT_RX_OVERFLOW = 1 << 4
NO_PULSE = 0xFFFFF
LOOK_AHEAD = 64  # garbled bytes
PULSE_SHORT_BY = 12  # clocks that the measured pulses fall short, which the ROM's formula adds again


class Uart:
    """The UART's registers and its two directions. `send` takes what leaves for the line."""

    def __init__(self, clock: Clock, trace: Trace, apb_hz: int, send: Callable[[Burst], None]) -> None:
        self._clock = clock
        self._trace = trace
        self._send = send
        self.apb_hz = apb_hz
        self.on_receive: Callable[[], None] | None = None  # something new is under way
        self._line: deque[Burst] = deque()
        self._sampled = 0  # ps into the first burst, up to where it was sampled at another rate
        self._sent_until = 0
        self.reset()

    def reset(self) -> None:
        """Power-on state; what is on the line and not over yet will still be heard."""
        self._registers = {INT_RAW: 0, INT_ENA: 0, CONF0: 0x1C, CONF1: 0x6060, DATE: DATE_VALUE, 0x7C: 0x500}
        self._interrupting = False  # the handler is called for what is received
        self._fifo = bytearray()
        self._drop_arrived()
        self._sent_until = self._clock.now
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
            return len(self._fifo) | self.sending() << 16
        if offset in (LOW_PULSE, HIGH_PULSE, RXD_COUNT):
            return self._measure()[(offset - LOW_PULSE) // 4]
        if offset == AUTOBAUD:
            return 0x800 | (self._autobaud_since is not None)
        return self._registers.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the register. False if nothing models it."""
        if offset == FIFO:
            self.transmit(bytes([value & 0xFF]))
        elif offset == CLKDIV:
            self.fill()
            self._drop_arrived()  # of a burst under way, the bytes to come are heard at the new rate
            self._set_divisor(value & 0xFFFFF)
        elif offset == AUTOBAUD:
            self._set_autobaud(bool(value & AUTOBAUD_ENABLE))
        elif offset == INT_CLR:
            self._registers[INT_RAW] &= ~value
        elif offset in self._registers and offset != DATE:
            self._registers[offset] = value
            self._interrupting = bool(self._registers[INT_ENA] & INT_RX_FULL)
            if offset == CONF0 and value & CONF0_RX_RESET:
                self.reset_receiver()
        else:
            return False
        return True

    def _set_divisor(self, divisor: int) -> None:
        self.divisor = divisor
        self.bit = round(max(divisor, 1) * SECOND / self.apb_hz)  # ps

    # -- receiving ------------------------------------------------------------------------------

    def receive(self, burst: Burst) -> None:
        """Take a burst from the line; it may lie in the future, behind those before it."""
        last = self._line[-1] if self._line else None
        if last is not None and last.end == burst.start and last.bit == burst.bit:
            self._line[-1] = Burst(last.start, last.bit, last.data + burst.data)
        else:
            self._line.append(burst)
        if self.on_receive is not None:
            self.on_receive()

    def drain(self, limit: int | None = None) -> bytes:
        """Return what has been received by now, as an interrupt handler that never lets it wait.

        At most `limit` bytes; the rest stays to be asked for. Nothing while the interrupt is off.
        """
        if self._interrupting and (self._line or self._fifo):
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
            self._sampled = at
        self._line.popleft()
        self._sampled = 0
        return bytes(found), True

    def fill(self) -> None:
        """Move what has been received by now into the FIFO; what does not fit is lost."""
        received = self._received()
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
        self._sampled = 0
        while self._line:
            _, rest = self._line[0].split(self._line[0].arrived(self._clock.now))
            if rest.data:
                self._line[0] = rest
                return
            self._line.popleft()

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
            burst = Burst(max(self._clock.now, self._sent_until), self.bit, data)
            self._sent_until = burst.end
            self._send(burst)
        return self._sent_until

    def sending(self) -> int:
        """Return how many bytes wait in the transmit FIFO behind the one being sent."""
        pending = self._sent_until - self._clock.now
        return max(0, -(-pending // (10 * self.bit)) - 1)

# SPDX-License-Identifier: Apache-2.0
"""UART0 by its registers, with the 52 MHz that a 26 MHz crystal gives it."""

import pytest

from esp8266sim.clock import SECOND, Clock
from esp8266sim.line import Burst, heard
from esp8266sim.soc import uart as reg
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Kind, Trace

APB = 52_000_000
DIVISOR = 451
BIT = round(DIVISOR * SECOND / APB)
BYTE = 10 * BIT


class Rig:
    """A UART that somebody drains in place of its interrupts, its time, and what leaves it."""

    def __init__(self, *, interrupts: bool = True, apb_hz: int = APB) -> None:
        self.clock = Clock()
        self.trace = Trace()
        self.sent: list[Burst] = []
        self.uart = Uart(self.clock, self.trace, apb_hz, self.sent.append)
        self.uart.store(reg.CLKDIV, DIVISOR)
        self.uart.store(reg.INT_ENA, int(interrupts))
        self.uart.drained = True

    def hears(self, data: bytes, start: int | None = None, bit: int = BIT) -> Burst:
        burst = Burst(self.clock.now if start is None else start, bit, data)
        self.uart.receive(burst)
        return burst


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def deaf() -> Rig:
    return Rig(interrupts=False)


@pytest.mark.spec("LINE-2", "REG-6")
@pytest.mark.parametrize(
    ("divisor", "apb_hz", "bit_ps"),
    [(451, 52_000_000, 8_673_077), (694, 52_000_000, 13_346_154), (694, 80_000_000, 8_675_000)],
)
def test_bit_time_is_the_divisor_in_apb_clocks(divisor: int, apb_hz: int, bit_ps: int) -> None:
    rig = Rig(apb_hz=apb_hz)
    assert rig.uart.store(reg.CLKDIV, divisor)
    assert rig.uart.bit == bit_ps
    assert rig.uart.load(reg.CLKDIV) == divisor


def test_divisor_has_twenty_bits_and_zero_divides_nothing(rig: Rig) -> None:
    rig.uart.store(reg.CLKDIV, 0xFFF00000)
    assert rig.uart.divisor == 0
    assert rig.uart.bit > 0


def test_bytes_are_received_when_their_time_has_come(rig: Rig) -> None:
    rig.hears(b"abc")
    rig.clock.advance(2 * BYTE - 1)
    assert rig.uart.drain() == b"a"
    rig.clock.advance(3 * BYTE)
    assert rig.uart.drain() == b"bc"
    assert rig.uart.drain() == b""


def test_drain_keeps_to_its_limit(rig: Rig) -> None:
    rig.clock.advance(rig.hears(b"abcdef").end)
    assert rig.uart.drain(4) == b"abcd"
    assert rig.uart.drain(4) == b"ef"


@pytest.mark.spec("LINE-6")
def test_without_the_interrupt_the_fifo_fills_and_overflows(deaf: Rig) -> None:
    deaf.clock.advance(deaf.hears(bytes(range(200))).end)
    assert deaf.uart.drain() == b""
    assert deaf.uart.load(reg.STATUS) == 128
    assert [deaf.uart.load(reg.FIFO) for _ in range(129)] == [*range(128), 0]
    assert (deaf.uart.load(reg.INT_RAW) or 0) & reg.INT_RX_OVERFLOW
    assert [event.detail for event in deaf.trace.of(Kind.OVERRUN)] == ["UART FIFO: 72 bytes lost"]


def test_no_end_of_a_frame_is_seen_without_the_interrupt(deaf: Rig) -> None:
    deaf.hears(b"\xc0a\xc0")
    assert deaf.uart.next_frame_end(inside=False) is None


def test_the_overflow_bit_is_cleared_by_int_clr(deaf: Rig) -> None:
    deaf.clock.advance(deaf.hears(bytes(129)).end)
    deaf.uart.fill()
    deaf.uart.store(reg.INT_CLR, reg.INT_RX_OVERFLOW)
    assert not (deaf.uart.load(reg.INT_RAW) or 0) & reg.INT_RX_OVERFLOW


def test_reading_an_empty_fifo_gives_zero(rig: Rig) -> None:
    assert rig.uart.load(reg.FIFO) == 0


def test_fifo_reset_loses_what_has_arrived_and_not_what_comes(rig: Rig) -> None:
    burst = rig.hears(b"abcd")
    rig.clock.advance(burst.when(1))
    rig.uart.store(reg.CONF0, reg.CONF0_RX_RESET)
    rig.clock.advance(burst.end)
    assert rig.uart.drain() == b"cd"


def test_bytes_are_sampled_at_the_divisor_in_force(rig: Rig) -> None:
    rig.clock.advance(rig.hears(b"\x55", bit=BIT // 2).end + SECOND)
    assert rig.uart.drain() == b"\xff"


def test_bytes_to_come_are_heard_at_a_new_divisor_and_those_over_only_once(rig: Rig) -> None:
    burst = rig.hears(b"abcd", bit=BIT // 2)
    rig.clock.advance(burst.when(1))
    rig.uart.store(reg.CLKDIV, DIVISOR // 2)
    garbage = rig.uart.drain()
    rig.clock.advance(burst.end)
    assert garbage
    assert not garbage.endswith(b"ab")
    assert rig.uart.drain() == b"cd"


def test_garbage_comes_byte_by_byte_as_at_once(rig: Rig) -> None:
    burst = rig.hears(bytes(range(40)), bit=BIT * 2 // 3)
    other = Rig()
    other.hears(bytes(range(40)), bit=BIT * 2 // 3)
    other.clock.advance(2 * burst.end)
    pieces = b""
    while rig.clock.now < 2 * burst.end:
        rig.clock.advance(rig.clock.now + BIT)
        pieces += rig.uart.drain(1)
    assert pieces == other.uart.drain()


def test_each_burst_of_garbage_is_sampled_from_its_start_and_the_limit_holds(rig: Rig) -> None:
    sent = bytes(range(8))
    sound = b"".join(piece.data for piece in heard(Burst(0, BIT // 2, sent), BIT))
    for second in range(3):
        rig.hears(b"abc", start=2 * second * SECOND)
        rig.hears(sent, start=(2 * second + 1) * SECOND, bit=BIT // 2)
    rig.clock.advance(9 * SECOND)
    assert rig.uart.drain(5) == b"abc" + sound[:2]
    assert rig.uart.drain() == sound[2:] + (b"abc" + sound) * 2


def test_bursts_without_a_gap_are_one(rig: Rig) -> None:
    first = rig.hears(b"\x00")
    rig.uart.store(reg.AUTOBAUD, 1)
    second = rig.hears(b"\x00", start=first.end)
    rig.clock.advance(second.end)
    assert rig.uart.load(reg.HIGH_PULSE) == DIVISOR - 12  # the stop bit between them has an end


def test_an_empty_burst_is_nothing(rig: Rig) -> None:
    rig.hears(b"", bit=7)
    assert rig.uart.quiet()
    assert rig.uart.next_frame_end(inside=True) is None


def test_whoever_waits_is_told_of_what_comes(rig: Rig) -> None:
    told = []
    rig.uart.on_receive = lambda: told.append(rig.clock.now)
    rig.hears(b"a", start=1000)
    assert told == [0]
    assert not rig.uart.quiet()
    rig.clock.advance(1000 + BYTE)
    assert rig.uart.quiet()


@pytest.mark.parametrize(
    ("data", "inside", "index"),
    [
        (b"\xc0ab\xc0", False, 3),
        (b"ab\xc0", True, 2),
        (b"ab\xc0", False, None),
        (b"ab", True, None),
        (b"\xc0\xc0a\xc0", False, 1),
    ],
)
def test_when_a_frame_ends(rig: Rig, data: bytes, inside: bool, index: int | None) -> None:
    burst = rig.hears(data, start=500)
    expected = None if index is None else burst.when(index)
    assert rig.uart.next_frame_end(inside) == expected


def test_a_frame_over_two_bursts_ends_in_the_second(rig: Rig) -> None:
    rig.hears(b"\xc0a")
    second = rig.hears(b"b\xc0", start=SECOND)
    assert rig.uart.next_frame_end(inside=False) == second.end


@pytest.mark.parametrize("baud", [9600, 74880, 115200, 460800, 921600])
def test_autobaud_counts_edges_and_measures_pulses_twelve_clocks_short(rig: Rig, baud: int) -> None:
    rig.uart.store(reg.AUTOBAUD, 0x801)
    rig.clock.advance(rig.hears(b"UUU", bit=round(SECOND / baud)).end)
    assert rig.uart.load(reg.RXD_COUNT) == 30
    assert rig.uart.load(reg.LOW_PULSE) == APB // baud - 12
    assert rig.uart.load(reg.HIGH_PULSE) == APB // baud - 12


def test_autobaud_keeps_what_it_measured_when_switched_off(rig: Rig) -> None:
    rig.uart.store(reg.AUTOBAUD, 1)
    rig.clock.advance(rig.hears(b"U").end)
    rig.uart.store(reg.AUTOBAUD, 0)
    rig.clock.advance(rig.hears(b"UU").end)
    assert rig.uart.load(reg.RXD_COUNT) == 10
    assert rig.uart.load(reg.AUTOBAUD) == 0x800


def test_autobaud_that_saw_nothing_measures_the_longest_pulses(rig: Rig) -> None:
    rig.uart.store(reg.AUTOBAUD, 1)
    assert (rig.uart.load(reg.LOW_PULSE), rig.uart.load(reg.HIGH_PULSE)) == (0xFFFFF, 0xFFFFF)


def test_sent_bytes_follow_each_other(rig: Rig) -> None:
    rig.uart.store(reg.FIFO, ord("a"))
    rig.uart.store(reg.FIFO, 0x162)
    rig.uart.flush()
    assert rig.sent == [Burst(0, BIT, b"ab")]


def test_transmit_fifo_count_and_its_limit(rig: Rig) -> None:
    end = rig.uart.transmit(bytes(200))
    assert [len(burst.data) for burst in rig.sent] == [129]  # the FIFO and the shift register
    assert end == 129 * BYTE
    assert rig.uart.load(reg.STATUS) == 128 << 16
    rig.clock.advance(BYTE)
    assert rig.uart.load(reg.STATUS) == 127 << 16
    rig.clock.advance(end)
    assert rig.uart.load(reg.STATUS) == 0


def test_reset_gives_registers_their_values_back(rig: Rig) -> None:
    rig.uart.store(reg.CONF0, 0)
    rig.hears(b"a")
    rig.clock.advance(BYTE)
    rig.uart.fill()
    rig.uart.reset()
    assert rig.uart.load(reg.CONF0) == 0x1C
    assert rig.uart.load(reg.INT_ENA) == 0
    assert rig.uart.divisor == 0x2B6
    assert rig.uart.load(reg.STATUS) == 0


@pytest.mark.spec("REG-2")
def test_the_date_says_what_chip_it_is_and_cannot_be_changed(rig: Rig) -> None:
    assert not rig.uart.store(reg.DATE, 1)
    assert rig.uart.load(reg.DATE) == 0x00062000


def test_unknown_registers_are_not_modelled(rig: Rig) -> None:
    assert rig.uart.load(0x90) is None
    assert not rig.uart.store(0x90, 1)

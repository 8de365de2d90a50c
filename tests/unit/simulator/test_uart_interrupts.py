# SPDX-License-Identifier: Apache-2.0
"""When a UART interrupts: thresholds, silence, an empty transmitter; and who polls its status is woken."""

import pytest

from esp8266sim.clock import SECOND, Clock
from esp8266sim.line import Burst
from esp8266sim.soc import uart as reg
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Kind, Trace

APB = 52_000_000
DIVISOR = 451
BIT = round(DIVISOR * SECOND / APB)
BYTE = 10 * BIT


class Rig:
    """A UART whose interrupts a program takes, and when its line went up and down."""

    def __init__(self, *, enabled: int, threshold: int = 1, timeout: int = 0) -> None:
        self.clock, self.trace = Clock(), Trace()
        self.edges: list[tuple[bool, int]] = []
        self.sent: list[Burst] = []
        self.cuts: list[int] = []
        self.uart = Uart(
            self.clock,
            self.trace,
            APB,
            self.sent.append,
            cut=self.cuts.append,
            interrupt=lambda high: self.edges.append((high, self.clock.now)),
        )
        self.uart.store(reg.CLKDIV, DIVISOR)
        on = reg.CONF1_TIMEOUT_ON if timeout else 0
        self.uart.store(reg.CONF1, threshold | timeout << 24 | on)
        self.uart.store(reg.INT_CLR, 0x1FF)
        self.uart.store(reg.INT_ENA, enabled)

    def hears(self, data: bytes) -> Burst:
        burst = Burst(self.clock.now, BIT, data)
        self.uart.receive(burst)
        return burst

    def run(self, to: int) -> None:
        self.clock.advance(to)

    def empty(self) -> bytes:
        """Do what a handler does."""
        found = bytearray()
        while (self.uart.load(reg.STATUS) or 0) & 0xFF:
            found.append(self.uart.load(reg.FIFO) or 0)
        self.uart.store(reg.INT_CLR, self.uart.load(reg.INT_ST) or 0)
        return bytes(found)


def test_a_single_byte_interrupts_when_it_is_over() -> None:
    rig = Rig(enabled=reg.INT_RX_FULL)
    rig.hears(b"a")
    rig.run(2 * BYTE)
    assert rig.edges == [(True, BYTE)]
    assert rig.uart.load(reg.INT_ST) == reg.INT_RX_FULL
    assert rig.empty() == b"a"
    assert rig.edges[-1] == (False, 2 * BYTE)


def test_the_threshold_counts_bytes() -> None:
    rig = Rig(enabled=reg.INT_RX_FULL, threshold=32)
    rig.hears(bytes(40))
    rig.run(41 * BYTE)
    assert rig.edges == [(True, 32 * BYTE)]


@pytest.mark.spec("SERVE-14")
def test_bytes_that_follow_each_other_interrupt_together() -> None:
    rig = Rig(enabled=reg.INT_RX_FULL)
    data = bytes(range(40))
    rig.hears(data)
    taken = []
    for count in (16, 32, 40):
        rig.run(count * BYTE - 1)
        assert rig.edges[-1:] != [(True, count * BYTE)]
        rig.run(count * BYTE)
        assert rig.edges[-1] == (True, count * BYTE)
        taken.append(rig.empty())
    assert b"".join(taken) == data


def test_silence_interrupts_once_and_again_after_the_next_byte() -> None:
    """After a number of times eight bit times; the threshold is not reached."""
    rig = Rig(enabled=reg.INT_RX_TIMEOUT, threshold=120, timeout=10)
    rig.hears(b"abc")
    rig.run(3 * BYTE + 80 * BIT)
    assert rig.edges == [(True, 3 * BYTE + 80 * BIT)]
    rig.uart.store(reg.INT_CLR, reg.INT_RX_TIMEOUT)
    rig.run(60 * BYTE)
    assert len(rig.edges) == 2
    assert rig.edges[1][0] is False
    burst = rig.hears(b"d")
    rig.run(120 * BYTE)
    assert rig.edges[2] == (True, burst.end + 80 * BIT)


def test_an_empty_transmitter_interrupts_while_it_is_empty_enough() -> None:
    rig = Rig(enabled=0)
    rig.uart.store(reg.CONF1, 1 | 2 << 8)
    rig.uart.transmit(bytes(5))
    rig.uart.store(reg.INT_CLR, reg.INT_TX_EMPTY)
    rig.uart.store(reg.INT_ENA, reg.INT_TX_EMPTY)
    assert rig.edges == []
    rig.run(6 * BYTE)
    assert rig.edges == [(True, 3 * BYTE)]  # two are left: one in the shift register, and one


def test_what_comes_to_a_full_fifo_is_lost() -> None:
    rig = Rig(enabled=0)
    rig.run(rig.hears(bytes(range(200))).end)
    assert rig.empty() == bytes(range(128))
    assert (rig.uart.load(reg.INT_RAW) or 0) & reg.INT_RX_OVERFLOW
    assert len(rig.trace.of(Kind.OVERRUN)) == 1


def test_who_polls_the_status_has_an_event_for_its_next_change() -> None:
    rig = Rig(enabled=0, threshold=100)
    rig.hears(b"ab")
    assert rig.uart.load(reg.STATUS) == 0
    assert rig.clock.next_due() == BYTE
    rig.run(BYTE)
    assert rig.uart.load(reg.STATUS) == 1


def test_resetting_the_transmitter_leaves_the_byte_that_is_going_out() -> None:
    rig = Rig(enabled=0)
    rig.uart.transmit(b"abcdef")
    rig.run(BYTE + BYTE // 2)
    rig.uart.store(reg.CONF0, reg.CONF0_TX_RESET)
    assert rig.cuts == [2 * BYTE]
    assert rig.uart.sending() == 0


def test_single_bytes_reach_the_line_together_or_when_the_cpu_rests() -> None:
    rig = Rig(enabled=0)
    for byte in b"abc":
        rig.uart.store(reg.FIFO, byte)
    assert rig.sent == []
    rig.uart.flush()
    assert rig.sent == [Burst(0, BIT, b"abc")]
    rig.uart.store(reg.FIFO, ord("d"))
    rig.run(100 * BYTE)
    assert rig.sent[1:] == [Burst(3 * BYTE, BIT, b"d")]


def test_nothing_interrupts_while_somebody_drains() -> None:
    rig = Rig(enabled=reg.INT_RX_FULL)
    rig.uart.drained = True
    rig.hears(b"abc")
    rig.run(3 * BYTE)
    assert rig.edges == []
    assert rig.uart.drain() == b"abc"
    rig.hears(b"d")
    rig.uart.drained = False
    rig.run(5 * BYTE)
    assert rig.edges == [(True, 4 * BYTE)]

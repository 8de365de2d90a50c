# SPDX-License-Identifier: Apache-2.0
"""The USB bridge: packets of 62 bytes, the latency timer, and what was written waits its turn."""

import pytest

from esp8266sim.clock import MS, SECOND, US, Clock
from esp8266sim.line import FTDI, Bridge, Burst

BIT = round(SECOND / 115200)
BYTE = 10 * BIT


class Rig:
    """A bridge, and what it puts on the wire."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.wire: list[Burst] = []
        self.bridge = Bridge(self.clock, FTDI, self.wire.append)

    def comes(self, data: bytes, start: int = 0, bit: int = BIT) -> None:
        self.bridge.receive(Burst(start, bit, data))

    def readable(self, at: int) -> int:
        self.clock.advance(at)
        return len(self.bridge.delivered)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_few_bytes_wait_for_the_latency_timer_from_the_first_byte_on(rig: Rig) -> None:
    rig.comes(b"twelve bytes")
    due = BYTE + 16 * MS
    assert rig.readable(due - 1) == 0
    assert rig.readable(due) == 12


def test_a_full_packet_leaves_at_once(rig: Rig) -> None:
    rig.comes(bytes(62))
    assert rig.readable(62 * BYTE - 1) == 0
    assert rig.readable(62 * BYTE) == 62


def test_what_is_behind_a_full_packet_has_a_timer_of_its_own(rig: Rig) -> None:
    rig.comes(bytes(63))
    assert rig.readable(62 * BYTE) == 62
    assert rig.readable(63 * BYTE + 16 * MS - 1) == 62
    assert rig.readable(63 * BYTE + 16 * MS) == 63


def test_a_later_byte_does_not_start_the_timer_anew(rig: Rig) -> None:
    rig.comes(b"a")
    rig.comes(b"b", start=10 * MS)
    assert rig.readable(BYTE + 16 * MS) == 2


def test_several_bursts_fill_one_packet(rig: Rig) -> None:
    rig.comes(bytes(40))
    rig.comes(bytes(40), start=MS * 10)
    full = 10 * MS + 22 * BYTE
    assert rig.readable(full - 1) == 0
    assert rig.readable(full) == 62


@pytest.mark.parametrize(("latency_ps", "due"), [(MS, BYTE + MS), (0, BYTE)])
def test_shorter_latency(rig: Rig, latency_ps: int, due: int) -> None:
    rig.bridge.latency_ps = latency_ps
    rig.comes(b"a")
    assert rig.readable(due - 1) == 0
    assert rig.readable(due) == 1


def test_low_latency_switch(rig: Rig) -> None:
    assert not rig.bridge.low_latency
    rig.bridge.low_latency = True
    assert (rig.bridge.latency_ps, rig.bridge.low_latency) == (MS, True)
    rig.bridge.low_latency = False
    assert rig.bridge.latency_ps == 16 * MS


def test_bytes_at_another_rate_arrive_as_garbage(rig: Rig) -> None:
    rig.comes(b"\x55", bit=BIT // 2)
    rig.readable(SECOND)
    assert bytes(rig.bridge.delivered) == b"\xff"


def test_written_bytes_start_after_the_turnaround(rig: Rig) -> None:
    rig.clock.advance(1000)
    rig.bridge.write(b"abc")
    assert rig.wire == [Burst(1000 + 125 * US, BIT, b"abc")]
    assert rig.bridge.flushed_at() == 1000 + 125 * US + 3 * BYTE


def test_what_is_written_next_waits_for_the_wire(rig: Rig) -> None:
    rig.bridge.write(b"abc")
    rig.bridge.write(b"d")
    assert rig.wire[1].start == rig.wire[0].end


def test_nothing_written_is_nothing_sent(rig: Rig) -> None:
    rig.bridge.write(b"")
    assert rig.wire == []


def test_the_baud_rate_is_the_hosts(rig: Rig) -> None:
    rig.bridge.baud = 9600
    rig.bridge.write(b"a")
    assert rig.wire[0].bit == round(SECOND / 9600)


def test_no_baud_rate_is_too_fast_for_arithmetic(rig: Rig) -> None:
    rig.bridge.baud = 10**15
    rig.comes(b"a")
    rig.readable(SECOND)
    assert rig.bridge.bit == 1
    assert bytes(rig.bridge.delivered) == bytes(3)  # each of the three low pulses is a byte of zeros


def test_cut_keeps_the_bytes_that_were_over(rig: Rig) -> None:
    rig.comes(bytes(range(10)))
    rig.bridge.cut(4 * BYTE + 1)
    assert rig.readable(SECOND) == 4
    rig.bridge.cut(SECOND)
    assert len(rig.bridge.delivered) == 4


def test_discard_forgets_what_has_arrived_and_not_what_is_to_come(rig: Rig) -> None:
    rig.comes(bytes(range(100)))
    rig.clock.advance(70 * BYTE)
    rig.bridge.discard()
    assert rig.readable(SECOND) == 30
    assert bytes(rig.bridge.delivered) == bytes(range(70, 100))

# SPDX-License-Identifier: Apache-2.0
"""Bytes as bit times, and the USB bridge: packets of 62 bytes, the latency timer, the way to the wire.

What is heard at another rate was worked out on paper from the waveform.
"""

from dataclasses import replace

import pytest

from esp8266sim.bridges import CH340, CP2102, FTDI, BridgeModel
from esp8266sim.clock import MS, SECOND, US, Clock
from esp8266sim.line import Bridge, Burst, heard, levels, pulses, same_rate

BIT = 8_680_556  # ps at 115200 baud
BYTE = 10 * BIT
U = b"\x55"
EVERY_BYTE = bytes(range(256))


def sounds(burst: Burst, bit: int) -> bytes:
    return b"".join(piece.data for piece in heard(burst, bit))


# -- bytes and rates ---------------------------------------------------------------------------------


@pytest.mark.spec("LINE-1")
def test_byte_is_start_bit_eight_from_the_lowest_and_stop_bit() -> None:
    assert levels(b"\x01\xf0") == "0" + "10000000" + "1" + "0" + "00001111" + "1"


@pytest.mark.spec("LINE-1")
def test_byte_is_there_when_its_stop_bit_is_over() -> None:
    burst = Burst(1000, BIT, b"abc")
    assert burst.end == 1000 + 3 * BYTE
    assert [burst.arrived(1000 + at) for at in (0, BYTE - 1, BYTE, 2 * BYTE, 9 * BYTE)] == [0, 0, 1, 2, 3]
    assert burst.when(1) == 1000 + 2 * BYTE
    assert burst.split(1) == (Burst(1000, BIT, b"a"), Burst(1000 + BYTE, BIT, b"bc"))


@pytest.mark.spec("LINE-3")
@pytest.mark.parametrize("percent", [-5.2, -3, 0, 3, 5.2])
def test_within_tolerance_bytes_arrive_as_sent(percent: float) -> None:
    burst = Burst(0, BIT, EVERY_BYTE)
    assert same_rate(BIT, round(BIT * (1 + percent / 100)))
    assert heard(burst, round(BIT * (1 + percent / 100))) == [burst]


@pytest.mark.spec("LINE-3", "LINE-4")
@pytest.mark.parametrize("percent", [-6, 5.4])  # a fast receiver first misses but the stop bit
def test_beyond_tolerance_they_do_not(percent: float) -> None:
    bit = round(BIT * (1 + percent / 100))
    assert not same_rate(BIT, bit)
    assert sounds(Burst(0, BIT, EVERY_BYTE), bit) != EVERY_BYTE


def test_real_baud_rates_are_the_same_within_the_divisors_rounding() -> None:
    apb = 52_000_000
    for baud, divisor in ((9600, 5416), (115200, 451), (460800, 112), (921600, 56)):
        assert same_rate(round(SECOND / baud), round(divisor * SECOND / apb))


@pytest.mark.spec("LINE-4")
@pytest.mark.parametrize(
    ("sent", "factor", "found"),
    [
        (b"\xff", 2, "ff"),  # the start bit, then high
        (b"\x0f", 2, "f9"),  # each second bit behind the start bit: 1 0 0 1, and then the idle line
        (U, 2, "ff"),  # each second bit is high
        (b"\x00", 2, "f8"),  # bits 3, 5, 7 are low, the stop bit is the fourth data bit
        (b"\xff\xff", 4, "fd"),  # the second start bit is the second sample
        (b"\xff", 10, "ff"),  # a start bit that short is a start bit
        (b"\xff", 0.5, "fe"),  # a start bit of two
        (b"\x00", 0.5, "00"),  # nine low bits outlast the receiver's ten: a framing error
        (U, 0.5, "66e6"),  # each level twice; the first frame's stop bit falls on a low bit
    ],
)
def test_other_rates_sample_the_waveform(sent: bytes, factor: float, found: str) -> None:
    assert sounds(Burst(0, BIT, sent), round(BIT * factor)) == bytes.fromhex(found)


@pytest.mark.spec("LINE-5")
def test_after_a_framing_error_the_receiver_waits_for_the_line_to_go_high() -> None:
    pieces = heard(Burst(0, BIT, b"\x00\xff"), BIT // 2)
    assert [piece.data for piece in pieces] == [b"\x00", b"\xfe"]
    assert pieces[1].start > 9 * BIT  # when the stop bit has come


def test_a_garbled_byte_is_over_when_its_receiver_has_sampled_the_stop_bit() -> None:
    (piece,) = heard(Burst(0, BIT, U), 2 * BIT)
    assert piece.end == BIT + 9 * 2 * BIT


def test_garbage_of_long_bursts_ends() -> None:
    assert 0 < len(sounds(Burst(0, 100, bytes(1000)), 7)) <= 1000


# -- edges and pulses --------------------------------------------------------------------------------


@pytest.mark.spec("BOOT-8", "BOOT-9")
@pytest.mark.parametrize(
    ("sent", "edges", "low", "high"),
    [
        (U * 3, 30, 1, 1),
        (b"\xc0\x00\x55", 2 + 2 + 10, 1, 1),
        (b"\x0f", 4, 1, 4),  # start, four high, four low, stop
        (b"\x00\xe0\x00", 6, 6, 1),
        (b"\x00", 2, 9, None),  # a high level that has not ended is no pulse
    ],
)
def test_pulses_are_the_shortest_and_edges_are_counted(
    sent: bytes, edges: int, low: int, high: int | None
) -> None:
    found = pulses([Burst(0, BIT, sent)], 0, SECOND)
    assert (found.edges, found.low, found.high) == (edges, low * BIT, high and high * BIT)


@pytest.mark.spec("BOOT-8")
def test_edges_count_from_when_to_when_counting_lasts() -> None:
    burst = Burst(0, BIT, U * 3)
    assert pulses([burst], 1, SECOND).edges == 29
    assert pulses([burst], 0, BYTE - 1).edges == 10
    assert pulses([burst], 0, BYTE).edges == 11
    assert pulses([burst], burst.end, SECOND).edges == 0


def test_a_pulse_under_way_is_not_measured() -> None:
    assert pulses([Burst(0, BIT, b"\x00")], 0, 9 * BIT - 1).low is None


# -- the bridge --------------------------------------------------------------------------------------


class Rig:
    """A bridge, and what it puts on the wire."""

    def __init__(self, model: BridgeModel = FTDI) -> None:
        self.clock = Clock()
        self.wire: list[Burst] = []
        self.bridge = Bridge(self.clock, replace(model, rates=None), self.wire.append)

    def comes(self, data: bytes, start: int = 0, bit: int = BIT) -> None:
        self.bridge.receive(Burst(start, bit, data))

    def readable(self, at: int) -> int:
        self.clock.advance(at)
        return len(self.bridge.delivered)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.spec("LINE-7")
def test_few_bytes_wait_for_the_latency_timer_from_the_first_byte_on(rig: Rig) -> None:
    rig.comes(b"twelve bytes")
    due = BYTE + 16 * MS
    assert rig.readable(due - 1) == 0
    assert rig.readable(due) == 12


@pytest.mark.spec("LINE-7")
def test_a_full_packet_leaves_at_once(rig: Rig) -> None:
    rig.comes(bytes(62))
    assert rig.readable(62 * BYTE - 1) == 0
    assert rig.readable(62 * BYTE) == 62


@pytest.mark.spec("LINE-7")
def test_what_is_behind_a_full_packet_has_a_timer_of_its_own(rig: Rig) -> None:
    rig.comes(bytes(100))
    assert rig.readable(62 * BYTE - 1) == 0
    assert rig.readable(62 * BYTE) == 62
    assert rig.readable(63 * BYTE + 16 * MS - 1) == 62
    assert rig.readable(63 * BYTE + 16 * MS) == 100


@pytest.mark.spec("LINE-7")
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


def test_without_a_latency_timer_nothing_waits(rig: Rig) -> None:
    rig.bridge.latency_ps = 0
    rig.comes(b"a")
    assert rig.readable(BYTE - 1) == 0
    assert rig.readable(BYTE) == 1


def happens(rig: Rig) -> list[int]:
    """Run until nothing is left to do; return how many bytes were over at each event."""
    times = []
    while rig.clock.step():
        times.append(rig.clock.now // BYTE)
    return times


def test_without_a_latency_timer_nothing_happens_before_what_is_wanted_is_there(rig: Rig) -> None:
    rig.bridge.latency_ps = 0
    rig.bridge.wanted = 70
    rig.comes(bytes(100))
    assert rig.readable(10 * BYTE) == 10  # who looks sees what is there all the same
    assert rig.clock.next_due() == 70 * BYTE


def test_what_is_wanted_may_be_more_than_comes(rig: Rig) -> None:
    rig.bridge.latency_ps = 0
    rig.bridge.wanted = 50
    rig.comes(bytes(20))
    assert happens(rig) == [20]
    assert len(rig.bridge.delivered) == 20


def test_who_wants_less_than_before_is_woken_earlier(rig: Rig) -> None:
    rig.bridge.latency_ps = 0
    rig.bridge.wanted = 50
    rig.comes(bytes(60))
    rig.bridge.wanted = 3
    assert rig.clock.next_due() == 3 * BYTE


def test_packets_are_the_same_whatever_is_wanted(rig: Rig) -> None:
    rig.bridge.wanted = 500
    rig.comes(bytes(63))
    assert happens(rig)[0] == 62
    assert rig.clock.now == 63 * BYTE + 16 * MS


@pytest.mark.spec("LINE-8")
def test_low_latency_is_one_millisecond(rig: Rig) -> None:
    assert not rig.bridge.low_latency
    rig.bridge.low_latency = True
    assert rig.bridge.low_latency
    rig.comes(b"a")
    assert rig.readable(BYTE + MS - 1) == 0
    assert rig.readable(BYTE + MS) == 1
    rig.bridge.low_latency = False
    assert rig.bridge.latency_ps == 16 * MS


@pytest.mark.spec("LINE-16")
def test_a_cp2102_waits_until_the_line_is_silent() -> None:
    rig = Rig(CP2102)
    rig.comes(b"a")
    rig.comes(b"b", start=BYTE + 17 * BIT)  # a byte is over ten bits after it begins
    rig.comes(b"c", start=3 * BYTE)
    silent = 4 * BYTE + 18 * BIT
    assert rig.readable(BYTE + 18 * BIT - 1) == 0
    assert rig.readable(BYTE + 18 * BIT) == 1
    assert rig.readable(silent - 1) == 1
    assert rig.readable(silent) == 3


@pytest.mark.spec("LINE-16")
def test_a_cp2102_does_not_wait_when_its_packet_is_full() -> None:
    rig = Rig(CP2102)
    rig.comes(bytes(100))
    assert rig.readable(64 * BYTE - 1) == 0
    assert rig.readable(64 * BYTE) == 64
    assert rig.readable(100 * BYTE + 18 * BIT - 1) == 64
    assert rig.readable(100 * BYTE + 18 * BIT) == 100


@pytest.mark.spec("LINE-16")
def test_a_cp2102_has_no_latency_timer_to_set() -> None:
    rig = Rig(CP2102)
    assert rig.bridge.low_latency
    rig.bridge.low_latency = False
    assert rig.bridge.latency_ps is None
    rig.bridge.latency_ps = 0
    rig.comes(b"a")
    assert rig.readable(BYTE) == 1


@pytest.mark.spec("LINE-7")
def test_a_ch340_sends_packets_of_32_or_what_a_millisecond_brought() -> None:
    rig = Rig(CH340)
    rig.bridge.baud, bit = 921600, BIT // 8
    rig.comes(bytes(40), bit=bit)
    assert rig.readable(320 * bit - 1) == 0
    assert rig.readable(320 * bit) == 32
    assert rig.readable(330 * bit + MS) == 40


@pytest.mark.spec("LINE-15")
def test_the_bridge_makes_the_rate_that_its_divider_gives() -> None:
    clock, wire = Clock(), list[Burst]()
    bridge = Bridge(clock, CH340, wire.append)
    bridge.baud = 74880
    bridge.write(b"a")
    assert bridge.baud == 74880
    assert wire[0].bit == bridge.bit == round(SECOND / 75000)


@pytest.mark.spec("LINE-10")
def test_bytes_at_another_rate_arrive_as_garbage(rig: Rig) -> None:
    rig.comes(b"\x55", bit=BIT // 2)
    rig.readable(SECOND)
    assert bytes(rig.bridge.delivered) == b"\xff"


@pytest.mark.spec("LINE-9")
def test_written_bytes_start_after_the_turnaround(rig: Rig) -> None:
    rig.clock.advance(1000)
    rig.bridge.write(b"abc")
    assert rig.wire == [Burst(1000 + 125 * US, BIT, b"abc")]
    assert rig.bridge.flushed_at() == 1000 + 125 * US + 3 * BYTE


@pytest.mark.spec("LINE-9")
def test_what_is_written_next_waits_for_the_wire(rig: Rig) -> None:
    rig.bridge.write(b"abc")
    rig.bridge.write(b"d")
    assert rig.wire[1].start == rig.wire[0].end
    assert rig.bridge.flushed_at() == rig.wire[1].end == 125 * US + 4 * BYTE


def test_nothing_written_is_nothing_sent(rig: Rig) -> None:
    rig.bridge.write(b"")
    assert rig.wire == []


@pytest.mark.spec("LINE-10")
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

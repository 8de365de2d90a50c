# SPDX-License-Identifier: Apache-2.0
"""Edges, pulses and garbage, bit by bit. What is heard was worked out on paper from the waveform."""

import pytest

from esp8266sim.clock import SECOND
from esp8266sim.line import Burst, heard, pulses, same_rate

BIT = 100  # ps; small numbers make the arithmetic visible
U = b"\x55"


def garbled(sent: bytes, sent_bit: int, heard_bit: int) -> bytes:
    return b"".join(piece.data for piece in heard(Burst(0, sent_bit, sent), heard_bit))


@pytest.mark.parametrize(
    ("sent", "heard_bit", "expected"),
    [
        (U, 50, b"\x66\xe6"),  # each level twice; the first frame's stop bit falls on a low bit
        (b"\x00", 200, b"\xf8"),  # bits 3, 5, 7 are low, the stop bit is the fourth data bit
        (b"\xff", 1000, b"\xff"),  # a start bit that short is a start bit
    ],
)
def test_garbage_at_another_rate(sent: bytes, heard_bit: int, expected: bytes) -> None:
    assert garbled(sent, BIT, heard_bit) == expected


def test_a_garbled_byte_is_over_when_its_receiver_has_sampled_the_stop_bit() -> None:
    (piece,) = heard(Burst(0, BIT, U), 200)
    assert piece.end == 100 + 9 * 200


def test_garbage_of_long_bursts_ends() -> None:
    assert 0 < len(garbled(bytes(1000), BIT, 7)) <= 1000


def test_three_u_have_thirty_edges_and_pulses_of_a_bit() -> None:
    found = pulses([Burst(0, BIT, U * 3)], 0, 10**6)
    assert (found.edges, found.low, found.high) == (30, BIT, BIT)


def test_edges_count_from_when_to_when_counting_lasts() -> None:
    burst = Burst(0, BIT, U * 3)
    assert pulses([burst], 1, 10**6).edges == 29
    assert pulses([burst], 0, 10 * BIT - 1).edges == 10
    assert pulses([burst], 0, 10 * BIT).edges == 11


def test_the_shortest_pulse_counts() -> None:
    found = pulses([Burst(0, BIT, b"\x00\xe0\x00")], 0, 10**6)
    assert (found.low, found.high) == (6 * BIT, BIT)


def test_a_high_level_that_has_not_ended_is_no_pulse() -> None:
    found = pulses([Burst(0, BIT, b"\x00")], 0, 10**6)
    assert (found.edges, found.low, found.high) == (2, 9 * BIT, None)


def test_a_pulse_under_way_is_not_measured() -> None:
    assert pulses([Burst(0, BIT, b"\x00")], 0, 9 * BIT - 1).low is None


def test_real_baud_rates_are_the_same_within_the_divisors_rounding() -> None:
    apb = 52_000_000
    for baud, divisor in ((9600, 5416), (115200, 451), (460800, 112), (921600, 56)):
        assert same_rate(round(SECOND / baud), round(divisor * SECOND / apb))

# SPDX-License-Identifier: Apache-2.0
"""The watchdog: when it barks and when it bites."""

from collections.abc import Callable

import pytest

from esp8266sim.clock import MS, SECOND, US, Clock
from esp8266sim.soc.watchdog import CTL, FEED, OP, OP_ND, RST, STEADY, Watchdog

ON, RESET_LENGTH = 0x01, 0x38


class Bench:
    """A watchdog on a bare clock, and what it did."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.did: list[tuple[str, int]] = []
        self.watchdog = Watchdog(
            self.clock, lambda number: self.note(f"interrupt {number}")(), self.note("bite")
        )

    def note(self, what: str) -> Callable[[], None]:
        return lambda: self.did.append((what, self.clock.now))

    def start(self, op: int = 0xD, op_nd: int = 0xB, ctl: int = ON) -> None:
        for offset, value in ((OP, op), (OP_ND, op_nd), (CTL, ctl)):
            assert self.watchdog.store(offset, value)


@pytest.mark.parametrize(
    ("setting", "time"), [(0xB, 1638_400 * US), (0xC, 3276_800 * US), (0xD, 6553_600 * US)]
)
def test_the_first_stage_interrupts_and_the_second_resets(setting: int, time: int) -> None:
    bench = Bench()
    bench.start(op=setting, op_nd=1)
    bench.clock.advance(time + 1600 * US)
    assert bench.did == [("interrupt 8", time), ("bite", time + 1600 * US)]


def test_only_four_bits_are_the_time() -> None:
    bench = Bench()
    bench.start(op=0xF0)
    bench.clock.advance(MS)
    assert bench.did == [("interrupt 8", 800 * US)]


def test_it_is_off_at_reset() -> None:
    bench = Bench()
    bench.clock.advance(100 * SECOND)
    assert bench.did == []


def test_feeding_begins_again() -> None:
    bench = Bench()
    bench.start()
    bench.clock.advance(6 * SECOND)
    assert bench.watchdog.store(RST, FEED)
    bench.clock.advance(12 * SECOND)
    assert bench.did == []
    bench.clock.advance(12_553_600 * US)
    assert bench.did == [("interrupt 8", 12_553_600 * US)]


def test_feeding_in_the_second_stage_averts_the_reset() -> None:
    bench = Bench()
    bench.start(op=0, op_nd=0)
    bench.clock.advance(MS)
    bench.watchdog.store(RST, FEED)
    bench.clock.advance(1700 * US)
    assert bench.did == [("interrupt 8", 800 * US)]


def test_another_value_does_not_feed() -> None:
    bench = Bench()
    bench.start(op=0)
    bench.clock.advance(700 * US)
    assert bench.watchdog.store(RST, 0x72)
    bench.clock.advance(MS)
    assert bench.did == [("interrupt 8", 800 * US)]


def test_feeding_does_not_switch_on() -> None:
    bench = Bench()
    bench.watchdog.store(RST, FEED)
    bench.clock.advance(SECOND)
    assert bench.did == []


@pytest.mark.parametrize("stop", [lambda watchdog: watchdog.store(CTL, RESET_LENGTH), Watchdog.reset])
def test_switched_off_it_keeps_quiet(stop: Callable[[Watchdog], object]) -> None:
    bench = Bench()
    bench.start(op=0, op_nd=0)
    bench.clock.advance(MS)
    stop(bench.watchdog)
    bench.clock.advance(SECOND)
    assert bench.did == [("interrupt 8", 800 * US)]


def test_storing_the_control_while_it_runs_does_not_feed() -> None:
    bench = Bench()
    bench.start(op=0)
    bench.clock.advance(700 * US)
    bench.watchdog.store(CTL, ON | RESET_LENGTH)
    bench.clock.advance(MS)
    assert bench.did == [("interrupt 8", 800 * US)]


def test_a_new_time_counts_from_the_next_feeding() -> None:
    bench = Bench()
    bench.start(op=0)
    bench.watchdog.store(OP, 1)
    bench.clock.advance(799 * US)
    bench.watchdog.store(RST, FEED)
    bench.clock.advance(2399 * US)
    assert bench.did == [("interrupt 8", 2399 * US)]


def test_in_another_mode_there_is_no_reset() -> None:
    bench = Bench()
    bench.start(op=0, op_nd=0, ctl=ON | 0x02)
    bench.clock.advance(2400 * US)
    assert bench.did == [("interrupt 8", 800 * US), ("interrupt 8", 2400 * US)]


def test_its_registers() -> None:
    bench = Bench()
    bench.start(op=0xD, op_nd=0xB, ctl=RESET_LENGTH)
    assert [bench.watchdog.load(offset) for offset in (CTL, OP, OP_ND)] == [RESET_LENGTH, 0xD, 0xB]
    assert bench.watchdog.load(RST) is bench.watchdog.load(0x18) is None
    assert not bench.watchdog.store(0x18, 0)
    assert all(bench.watchdog.load(offset) is not None for offset in STEADY)

# SPDX-License-Identifier: Apache-2.0
"""FRC1 and FRC2: what they read when, and the instants of their interrupts."""

import pytest

from esp8266sim.clock import MS, SECOND, US, Clock
from esp8266sim.soc.timers import FRC1, FRC1_MASK, FRC2, STEADY, Timers

MHZ = 10**6
ENABLE, RELOAD, HOLD, STATUS = 0x80, 0x40, 0x01, 0x100
BY_16, BY_256 = 0x04, 0x08
LOAD, COUNT, CTRL, INT, ALARM = 0x00, 0x04, 0x08, 0x0C, 0x30
LOAD2, COUNT2, CTRL2, INT2 = FRC2 + LOAD, FRC2 + COUNT, FRC2 + CTRL, FRC2 + INT


class Bench:
    """Timers at 80 MHz on a bare clock, and the interrupts they raised."""

    def __init__(self, apb_hz: int = 80 * MHZ) -> None:
        self.clock = Clock()
        self.raised: list[tuple[int, int]] = []  # number, when
        self.timers = Timers(self.clock, apb_hz, lambda number: self.raised.append((number, self.clock.now)))

    def store(self, *stores: tuple[int, int]) -> None:
        for offset, value in stores:
            assert self.timers.store(offset, value)

    def read(self, offset: int, at: int) -> int | None:
        self.clock.advance(at)
        return self.timers.load(offset)


@pytest.mark.parametrize(
    ("prescale", "tick"), [(0x00, 12_500), (BY_16, 200_000), (BY_256, 3_200_000), (0x0C, 3_200_000)]
)
@pytest.mark.parametrize("base", [FRC1, FRC2])
def test_the_prescaler_sets_the_tick(base: int, prescale: int, tick: int) -> None:
    bench = Bench()
    bench.store((base + LOAD, 1000), (base + CTRL, ENABLE | prescale))
    step = -1 if base == FRC1 else 1
    assert bench.read(base + COUNT, at=tick - 1) == 1000
    assert bench.read(base + COUNT, at=tick) == 1000 + step
    assert bench.read(base + COUNT, at=100 * tick) == 1000 + 100 * step


def test_frc1_interrupts_at_zero_and_goes_on_from_its_largest_value() -> None:
    bench = Bench()
    bench.store((LOAD, 5), (CTRL, ENABLE | BY_16))
    assert bench.read(COUNT, at=US) == 0
    assert bench.raised == [(9, US)]
    assert bench.read(COUNT, at=US + 200_000) == FRC1_MASK
    bench.clock.advance(2 * SECOND)
    assert bench.raised == [(9, US), (9, US + (1 << 23) * 200_000)]


def test_frc1_reloads_without_drift() -> None:
    bench = Bench(apb_hz=52 * MHZ)  # a tick is no whole number of picoseconds
    bench.store((LOAD, 7), (CTRL, ENABLE | RELOAD))
    bench.clock.advance(14 * US)  # 104 periods
    assert [when for _, when in bench.raised[:3]] == [134_616, 269_231, 403_847]
    assert bench.raised[103] == (9, 14 * US)
    assert bench.timers.load(COUNT) == 7
    assert bench.read(COUNT, at=14 * US + 19_231) == 6


def test_frc1_is_23_bits_wide() -> None:
    bench = Bench()
    bench.store((LOAD, 0xFFFFFFFF))
    assert bench.timers.load(LOAD) == bench.timers.load(COUNT) == 0x7FFFFF


def test_a_load_of_0_is_the_longest_period() -> None:
    bench = Bench()
    bench.store((LOAD, 0), (CTRL, ENABLE | RELOAD))
    bench.clock.advance(210 * MS)
    assert bench.raised == [(9, (1 << 23) * 12_500), (9, (1 << 24) * 12_500)]


def test_storing_load_begins_again() -> None:
    bench = Bench()
    bench.store((LOAD, 100), (CTRL, ENABLE | BY_16))
    bench.clock.advance(10 * US)
    bench.store((LOAD, 100))
    assert bench.read(COUNT, at=29 * US) == 5
    assert not bench.raised
    bench.clock.advance(30 * US)
    assert bench.raised == [(9, 30 * US)]


def test_a_counter_that_is_off_stands_still_and_goes_on_when_it_is_on() -> None:
    bench = Bench()
    bench.store((LOAD, 100), (CTRL, ENABLE | BY_16))
    bench.clock.advance(10 * US)
    bench.store((CTRL, BY_16))
    assert bench.read(COUNT, at=MS) == 50
    bench.store((CTRL, ENABLE | BY_16))
    bench.clock.advance(2 * MS)
    assert bench.raised == [(9, MS + 10 * US)]


def test_storing_the_same_control_again_changes_nothing() -> None:
    bench = Bench()
    bench.store((LOAD, 10), (CTRL, ENABLE | BY_256))
    bench.clock.advance(3 * US)
    bench.store((CTRL, ENABLE | BY_256))
    assert bench.read(COUNT, at=3_200_000) == 9


def test_reload_can_be_switched_on_inside_a_tick() -> None:
    bench = Bench()
    bench.store((LOAD, 10), (CTRL, ENABLE | BY_16))
    bench.clock.advance(US + 100_000)
    bench.store((CTRL, ENABLE | RELOAD | BY_16))
    bench.clock.advance(4 * US)
    assert bench.raised == [(9, 2 * US), (9, 4 * US)]


@pytest.mark.parametrize(("base", "number"), [(FRC1, 9), (FRC2, 10)])
def test_with_hold_no_interrupt_comes_until_the_last_one_is_cleared(base: int, number: int) -> None:
    bench = Bench()
    bench.store((base + LOAD, 5), (ALARM, 10), (base + CTRL, ENABLE | RELOAD | HOLD | BY_16))
    bench.clock.advance(US)
    assert bench.timers.load(base + CTRL) == ENABLE | RELOAD | HOLD | BY_16 | STATUS
    bench.store((LOAD, 5), (LOAD2, 5))
    bench.clock.advance(2 * US)
    assert bench.raised == [(number, US)]
    bench.store((base + INT, 0), (base + LOAD, 5))
    assert bench.timers.load(base + CTRL) == ENABLE | RELOAD | HOLD | BY_16
    bench.clock.advance(3 * US)
    assert bench.raised == [(number, US), (number, 3 * US)]


def test_without_hold_the_status_is_gone_at_once() -> None:
    bench = Bench()
    bench.store((LOAD, 5), (CTRL, ENABLE | RELOAD | BY_16 | HOLD))
    bench.clock.advance(US)
    bench.store((CTRL, ENABLE | RELOAD | BY_16))
    assert bench.timers.load(CTRL) == ENABLE | RELOAD | BY_16
    bench.clock.advance(3 * US)
    assert bench.timers.load(CTRL) == ENABLE | RELOAD | BY_16
    assert len(bench.raised) == 3


def test_frc2_interrupts_at_the_alarm_and_counts_on() -> None:
    bench = Bench()
    bench.store((ALARM, 50), (CTRL2, ENABLE | BY_16))
    assert bench.read(COUNT2, at=10 * US) == 50
    assert bench.raised == [(10, 10 * US)]
    assert bench.read(COUNT2, at=SECOND) == 5 * MHZ
    assert len(bench.raised) == 1


def test_frc2_wraps_at_32_bits_and_meets_the_alarm_again() -> None:
    bench = Bench()
    bench.store((LOAD2, 0xFFFFFFFF), (ALARM, 1), (CTRL2, ENABLE))
    assert bench.read(COUNT2, at=25_000) == 1
    bench.clock.advance(60 * SECOND)
    assert bench.raised == [(10, 25_000), (10, 25_000 + (1 << 32) * 12_500)]


def test_setting_the_alarm_keeps_time() -> None:
    bench = Bench()
    bench.store((CTRL2, ENABLE | BY_256))
    for at in range(MS, 100 * MS, MS + 1):
        bench.clock.advance(at)
        bench.store((ALARM, (bench.timers.load(COUNT2) or 0) + 10_000))
    assert bench.read(COUNT2, at=320 * MS) == 100_000


def test_an_alarm_where_the_counter_stands_is_met_after_a_round_trip() -> None:
    bench = Bench()
    bench.store((LOAD2, 7), (ALARM, 7), (CTRL2, ENABLE))
    bench.clock.advance(60 * SECOND)
    assert bench.raised == [(10, (1 << 32) * 12_500)]


def test_another_clock_counts_on_from_where_the_counter_stands() -> None:
    bench = Bench(apb_hz=52 * MHZ)
    bench.store((LOAD, 1000), (CTRL, ENABLE))
    bench.clock.advance(10 * US)
    bench.timers.set_clock(80 * MHZ)
    assert bench.timers.load(COUNT) == 480
    bench.clock.advance(20 * US)
    assert bench.raised == [(9, 16 * US)]


def test_reset_stops_both() -> None:
    bench = Bench()
    bench.store((LOAD, 5), (CTRL, ENABLE), (ALARM, 5), (CTRL2, ENABLE))
    bench.timers.reset()
    bench.clock.advance(SECOND)
    assert not bench.raised
    assert [bench.timers.load(offset) for offset in (LOAD, COUNT, CTRL, LOAD2, COUNT2, CTRL2, ALARM)] == [
        0
    ] * 7


def test_count_cannot_be_stored_and_int_reads_as_load() -> None:
    bench = Bench()
    bench.store((LOAD2, 9), (COUNT2, 1))
    assert bench.timers.load(COUNT2) == 9
    assert bench.timers.load(INT2) == 9


@pytest.mark.parametrize("offset", [0x10, 0x1C, 0x34, 0xF8])
def test_what_is_between_the_registers_is_not_modelled(offset: int) -> None:
    bench = Bench()
    assert bench.timers.load(offset) is None
    assert not bench.timers.store(offset, 1)


def test_only_the_counts_change_with_time_alone() -> None:
    bench = Bench()
    known = {offset for offset in range(0, 0x100, 4) if bench.timers.load(offset) is not None}
    assert known - STEADY == {COUNT, COUNT2}

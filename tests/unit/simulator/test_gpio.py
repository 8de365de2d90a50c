# SPDX-License-Identifier: Apache-2.0
"""GPIO: levels, straps, interrupts, and the measuring of the slow clock."""

import pytest

from esp8266sim.clock import MS, Clock
from esp8266sim.soc import gpio as reg
from esp8266sim.soc.gpio import PADS, STEADY, Gpio, pulled_up, straps
from esp8266sim.soc.registers import io_mux

OUT, ENABLE, IN, STATUS = 0x00, 0x0C, 0x18, 0x1C
SYNC, VALUE = 0x6C, 0x70
RISING, FALLING, ANY, LOW, HIGH = range(1, 6)
READY = 0xC0000000
START = 0x80000000


class Bench:
    """A GPIO block, its pads, and what it did with the interrupt line."""

    def __init__(self, crystal_hz: int = 26_000_000) -> None:
        self.clock = Clock()
        self.line: list[tuple[int, bool]] = []
        self.io_mux = io_mux()
        self.gpio = Gpio(
            self.clock,
            crystal_hz,
            lambda number, high: self.line.append((number, high)),
            lambda: pulled_up(self.io_mux),
        )

    def store(self, *stores: tuple[int, int]) -> None:
        for offset, value in stores:
            assert self.gpio.store(offset, value)

    def watch(self, pin: int, kind: int) -> None:
        self.store((0x28 + 4 * pin, kind << 7))


@pytest.mark.spec("REG-12")
@pytest.mark.parametrize("base", [OUT, ENABLE, STATUS])
def test_bits_are_set_and_cleared(base: int) -> None:
    bench = Bench()
    bench.store((base, 0b0001), (base + 4, 0b0110), (base + 8, 0b1011))
    assert bench.gpio.load(base) == 0b0100


@pytest.mark.parametrize("offset", [0x04, 0x08, 0x10, 0x14, 0x20, 0x24])
def test_set_and_clear_registers_cannot_be_read(offset: int) -> None:
    assert Bench().gpio.load(offset) is None


@pytest.mark.parametrize(
    ("mode", "sdio", "value"), [(1, 7, 0xE0010000), (3, 6, 0xC0030000), (0, 0, 0), (7, 2, 0x40070000)]
)
def test_after_reset_only_the_straps_are_read(mode: int, sdio: int, value: int) -> None:
    gpio = Bench().gpio
    gpio.reset()
    gpio.straps = straps(mode, sdio)
    assert gpio.load(IN) == value


@pytest.mark.spec("REG-12")
def test_the_straps_cannot_be_overwritten() -> None:
    bench = Bench()
    bench.gpio.straps = straps(1, 7)
    bench.store((IN, 0))
    assert bench.gpio.load(IN) == 0xE0010000


def test_an_output_reads_back_and_its_level_waits_for_the_enable() -> None:
    bench = Bench()
    bench.store((OUT, 0xFFFF0005))
    assert bench.gpio.load(IN) == 0
    bench.store((ENABLE, 0x003F0004))  # the upper half has other meanings
    assert bench.gpio.load(IN) == 4


@pytest.mark.parametrize(("pin", "pad"), [(0, 0x34), (1, 0x18), (2, 0x38), (3, 0x14), (12, 0x04), (15, 0x10)])
def test_a_pull_up_pulls_its_own_pin_up(pin: int, pad: int) -> None:
    bench = Bench()
    bench.io_mux.store(pad, 0x80)
    assert bench.gpio.load(IN) == 1 << pin
    bench.gpio.drive(pin, False)
    assert bench.gpio.load(IN) == 0
    bench.gpio.drive(pin, None)
    assert bench.gpio.load(IN) == 1 << pin


def test_every_pin_has_a_pad_of_its_own() -> None:
    assert sorted(PADS) == list(range(0x04, 0x44, 4))


def test_an_output_is_stronger_than_what_drives_it_from_outside() -> None:
    bench = Bench()
    bench.gpio.drive(3, True)
    bench.store((ENABLE, 8))
    assert bench.gpio.load(IN) == 0
    bench.store((ENABLE, 0))
    assert bench.gpio.load(IN) == 8


@pytest.mark.parametrize(
    ("kind", "at_rise", "at_fall"), [(0, 0, 0), (RISING, 1, 0), (FALLING, 0, 1), (ANY, 1, 1)]
)
def test_which_edge_of_a_pin_interrupts(kind: int, at_rise: int, at_fall: int) -> None:
    bench = Bench()
    pin = 5
    bench.watch(pin, kind)
    bench.gpio.drive(pin, True)
    assert bench.gpio.load(STATUS) == at_rise << pin
    bench.store((STATUS, 0))
    bench.gpio.drive(pin, False)
    assert bench.gpio.load(STATUS) == at_fall << pin


@pytest.mark.parametrize(("kind", "high"), [(LOW, False), (HIGH, True)])
def test_a_level_that_is_there_already_interrupts(kind: int, high: bool) -> None:
    bench = Bench()
    bench.gpio.drive(5, high)
    bench.watch(5, kind)
    assert bench.gpio.load(STATUS) == 1 << 5
    bench.gpio.drive(5, not high)
    bench.store((STATUS, 0))
    assert bench.gpio.load(STATUS) == 0


def test_a_pin_has_one_interrupt_type_at_a_time() -> None:
    bench = Bench()
    bench.watch(5, RISING)
    bench.watch(5, FALLING)
    bench.gpio.drive(5, True)
    assert bench.gpio.load(STATUS) == 0


def test_another_pin_does_not_interrupt() -> None:
    bench = Bench()
    bench.watch(5, ANY)
    bench.gpio.drive(4, True)
    assert bench.line == []


def test_a_level_interrupts_as_long_as_it_lasts() -> None:
    bench = Bench()
    bench.gpio.drive(0, True)
    bench.watch(0, LOW)
    bench.gpio.drive(0, False)
    bench.store((STATUS + 8, 1))
    assert bench.gpio.load(STATUS) == 1
    bench.gpio.drive(0, True)
    bench.store((STATUS + 8, 1))
    assert bench.gpio.load(STATUS) == 0
    assert bench.line == [(4, True), (4, False)]


def test_the_chips_own_output_interrupts_too() -> None:
    bench = Bench()
    bench.watch(2, RISING)
    bench.store((ENABLE, 4), (OUT + 4, 4))
    assert bench.line == [(4, True)]


def test_the_line_is_high_while_the_status_is_not_0() -> None:
    bench = Bench()
    bench.store((STATUS + 4, 3), (STATUS + 8, 1))
    assert bench.line == [(4, True)]
    bench.store((STATUS + 8, 2))
    assert bench.line == [(4, True), (4, False)]


def test_reset_lets_the_line_go_and_watches_nothing() -> None:
    bench = Bench()
    bench.watch(5, ANY)
    bench.store((STATUS, 1), (OUT, 1), (ENABLE, 1))
    bench.gpio.drive(6, True)
    bench.gpio.reset()
    assert bench.line == [(4, True), (4, False)]
    assert bench.gpio.load(IN) == 1 << 6
    bench.gpio.drive(5, True)
    assert bench.gpio.load(STATUS) == 0


@pytest.mark.parametrize(("crystal_hz", "cycles"), [(26_000_000, 44_546), (40_000_000, 68_533)])
def test_the_slow_clock_is_measured_against_the_crystal(crystal_hz: int, cycles: int) -> None:
    bench = Bench(crystal_hz)
    assert bench.gpio.load(VALUE) == READY
    bench.store((SYNC, 0x101), (SYNC, START | 0x101))
    done = 1_713_333_333  # 257 periods of 150 kHz
    bench.clock.advance(done - 1)
    assert bench.gpio.load(VALUE) == 0
    bench.clock.advance(done)
    assert bench.gpio.load(VALUE) == READY | cycles


def test_a_measurement_begins_when_its_bit_rises() -> None:
    bench = Bench()
    bench.store((SYNC, START | 3))
    bench.clock.advance(MS)
    bench.store((SYNC, START | 5))
    assert bench.gpio.load(VALUE) == READY | 520
    bench.store((SYNC, 15), (SYNC, START | 15))
    bench.store((SYNC, 30), (SYNC, START | 30), (VALUE, 1))
    bench.clock.advance(MS + 150_000_000)
    assert bench.gpio.load(VALUE) == 0
    bench.clock.advance(MS + 200_000_000)
    assert bench.gpio.load(VALUE) == READY | 5200


def test_reset_ends_a_measurement() -> None:
    bench = Bench()
    bench.store((SYNC, START | 3))
    bench.gpio.reset()
    bench.clock.advance(MS)
    assert bench.gpio.load(VALUE) == READY


def test_sigma_delta_is_storage_and_what_has_no_name_is_not_modelled() -> None:
    bench = Bench()
    bench.store((reg.SIGMA_DELTA, 0x10305))
    assert bench.gpio.load(reg.SIGMA_DELTA) == 0x10305
    assert {offset for offset in range(0, 0x100, 4) if bench.gpio.load(offset) is not None} == STEADY
    assert not bench.gpio.store(0x74, 1)

# SPDX-License-Identifier: Apache-2.0
"""The RTC block: what a reset leaves, and its counter."""

import pytest

from esp8266sim.clock import MS, SECOND, US, Clock
from esp8266sim.soc import rtc as reg
from esp8266sim.soc.rtc import EXTERNAL, POWER_ON, SOFTWARE, WATCHDOG, Rtc


class Bench:
    """An RTC on a bare clock; a software reset is done at once."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.resets = 0
        self.rtc = Rtc(self.clock, self.reset)

    def reset(self) -> None:
        self.resets += 1
        self.rtc.reset(SOFTWARE)


@pytest.mark.parametrize("cause", [POWER_ON, EXTERNAL, SOFTWARE, WATCHDOG])
def test_the_reset_cause_is_where_the_boot_code_looks(cause: int) -> None:
    rtc = Bench().rtc
    rtc.reset(cause)
    assert rtc.load(0x14) == cause
    assert rtc.load(0x18) == 0


def test_the_top_bit_of_the_first_register_resets() -> None:
    bench = Bench()
    assert bench.rtc.store(0x00, 0x00000070)
    assert bench.resets == 0
    assert bench.rtc.store(0x00, 0x80000070)
    assert bench.resets == 1
    assert bench.rtc.load(0x14) == SOFTWARE
    assert bench.rtc.load(0x00) == 0


def test_the_reset_bit_is_not_kept_until_the_reset_comes() -> None:
    rtc = Rtc(Clock(), lambda: None)
    rtc.store(0x00, 0x80000070)
    assert rtc.load(0x00) == 0x00000070


def test_the_counter_runs_at_150_khz_and_cannot_be_stored() -> None:
    bench = Bench()
    bench.clock.advance(SECOND)
    assert bench.rtc.store(0x1C, 0)
    assert bench.rtc.load(0x1C) == 150_000
    bench.clock.advance(SECOND + 6_666_666)
    assert bench.rtc.load(0x1C) == 150_000
    bench.clock.advance(SECOND + 6_666_667)
    assert bench.rtc.load(0x1C) == 150_001


def test_the_counter_is_32_bits_wide() -> None:
    bench = Bench()
    bench.clock.advance((1 << 32) * SECOND // reg.HZ + 20 * US)
    assert bench.rtc.load(0x1C) == 2


@pytest.mark.parametrize(
    ("cause", "counter", "word"),
    [(POWER_ON, 0, 0), (EXTERNAL, 0, 7), (SOFTWARE, 150, 7), (WATCHDOG, 150, 7)],
)
def test_what_a_reset_leaves(cause: int, counter: int, word: int) -> None:
    bench = Bench()
    bench.clock.advance(MS)
    for offset in (reg.SLP_VAL, reg.STORE0, reg.STORE0 + 12):
        bench.rtc.store(offset, 7)
    bench.rtc.memory[2].store(0x00, 7)
    bench.rtc.reset(cause)
    assert bench.rtc.load(0x1C) == counter
    assert bench.rtc.load(reg.STORE0) == bench.rtc.load(reg.STORE0 + 12) == word
    assert bench.rtc.memory[2].load(0x00) == word
    assert bench.rtc.load(reg.SLP_VAL) == 0


def test_memory_is_1024_bytes_and_the_blocks_are_their_own() -> None:
    rtc = Bench().rtc
    offsets = range(0, 0x100, 4)
    for index, block in enumerate(rtc.memory):
        for offset in offsets:
            assert block.store(offset, index << 8 | offset)
    assert [block.load(offset) for block in rtc.memory for offset in offsets] == list(range(0, 1024, 4))


def test_what_has_no_name_is_not_modelled() -> None:
    rtc = Bench().rtc
    assert rtc.load(0x40) is None
    assert not rtc.store(0x40, 1)


def test_only_the_counter_changes_with_time_alone() -> None:
    rtc = Bench().rtc
    known = {offset for offset in range(0, 0x100, 4) if rtc.load(offset) is not None}
    assert known - reg.STEADY == {reg.SLP_CNT_VAL}

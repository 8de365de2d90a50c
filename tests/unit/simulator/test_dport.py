# SPDX-License-Identifier: Apache-2.0
"""DPORT: what its bits mean for the cache, the CPU's clock and the interrupts."""

import pytest

from esp8266sim.soc.dport import STEADY, Cache, Dport

WORDS = (0x11, 0x22, 0x33, 0x44)
CONTROL, IRAM, CLOCK, EDGES = 0x0C, 0x24, 0x14, 0x04
ON = 0x100


class Bench:
    """A DPORT, and what it said."""

    def __init__(self) -> None:
        self.clocks: list[bool] = []
        self.caches: list[Cache] = []
        self.raised: list[int] = []
        self.dport = Dport(WORDS, self.clocks.append, self.caches.append, self.raised.append)

    def cache_read_enable(self, odd_even: int, mb_count: int, size_32k: int) -> None:
        """Do the stores of the mask ROM's function."""
        change = self.change
        change(CONTROL, clear=ON)
        change(CONTROL, clear=1)
        change(CONTROL, set_=1)
        assert (self.dport.load(CONTROL) or 0) & 2
        change(CONTROL, clear=1)
        change(CONTROL, clear=3 << 24, set_={0: 0, 1: 1 << 25}.get(odd_even, 1 << 24))
        change(CONTROL, clear=1 << 26 | 7 << 16, set_=size_32k << 26 | mb_count << 16)
        change(IRAM, set_=0x18 if size_32k else 0x10)
        change(CONTROL, set_=ON)

    def change(self, offset: int, clear: int = 0, set_: int = 0) -> None:
        assert self.dport.store(offset, (self.dport.load(offset) or 0) & ~clear | set_)


@pytest.mark.parametrize(
    ("arguments", "cache"),
    [
        ((0, 0, 1), Cache(True, 0x000000, 0x8000)),
        ((1, 0, 1), Cache(True, 0x100000, 0x8000)),
        ((2, 0, 1), Cache(True, 0x100000, 0x8000)),
        ((0, 1, 1), Cache(True, 0x200000, 0x8000)),
        ((1, 7, 1), Cache(True, 0xF00000, 0x8000)),
        ((0, 0, 0), Cache(True, 0x000000, 0xC000)),
    ],
)
def test_what_the_mask_roms_function_makes_of_the_cache(
    arguments: tuple[int, int, int], cache: Cache
) -> None:
    bench = Bench()
    bench.cache_read_enable(*arguments)
    assert bench.dport.cache == bench.caches[-1] == cache


@pytest.mark.parametrize(("bits", "limit"), [(0, 0x10000), (0x08, 0xC000), (0x10, 0xC000), (0x18, 0x8000)])
def test_the_cache_takes_iram_only_while_it_is_on(bits: int, limit: int) -> None:
    bench = Bench()
    bench.dport.store(IRAM, bits)
    assert bench.caches == []
    bench.dport.store(CONTROL, ON)
    assert bench.caches == [Cache(True, 0, limit)]
    bench.dport.store(CONTROL, 0)
    assert bench.caches[1:] == [Cache(False, 0, 0x10000)]


def test_a_flush_is_done_at_once_and_the_controller_never_busy() -> None:
    dport = Bench().dport
    dport.store(CONTROL, 0x201)
    assert dport.load(CONTROL) == 0x003
    dport.store(CONTROL, 0x002)
    assert dport.load(CONTROL) == 0


def test_storing_what_is_there_says_nothing() -> None:
    bench = Bench()
    for _ in range(2):
        bench.dport.store(CONTROL, ON)
        bench.dport.store(CLOCK, 1)
        bench.dport.store(CLOCK, 3)
    assert len(bench.caches) == 1
    assert bench.clocks == [True]


def test_reset_undoes_and_says_so() -> None:
    bench = Bench()
    bench.cache_read_enable(1, 1, 1)
    bench.dport.store(CLOCK, 1)
    bench.dport.reset()
    assert bench.clocks == [True, False]
    assert bench.caches[-1] == Cache(False, 0, 0x10000)
    assert not bench.dport.doubled
    assert bench.dport.load(IRAM) == 0


@pytest.mark.parametrize(("number", "bit"), [(8, 0x01), (9, 0x02), (10, 0x04)])
def test_an_edge_passes_if_it_is_enabled(number: int, bit: int) -> None:
    bench = Bench()
    bench.dport.store(EDGES, 0x07 & ~bit)
    bench.dport.edge(number)
    assert bench.raised == []
    bench.dport.store(EDGES, bit)
    bench.dport.edge(number)
    assert bench.raised == [number]


@pytest.mark.spec("REG-3")
def test_efuse_words_are_read_only_and_outlive_a_reset() -> None:
    dport = Bench().dport
    assert dport.store(0x50, 0)
    dport.reset()
    assert [dport.load(offset) for offset in (0x50, 0x54, 0x58, 0x5C)] == list(WORDS)


def test_registers_are_known_or_not_modelled() -> None:
    dport = Bench().dport
    assert {offset for offset in range(0, 0x100, 4) if dport.load(offset) is not None} == STEADY
    assert not dport.store(0x1C, 1)

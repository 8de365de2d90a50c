# SPDX-License-Identifier: Apache-2.0
"""DPORT: the flash cache, the CPU's clock, which edges interrupt the CPU, and the eFuse words.

Names from the vendor's eagle_soc.h and esp-open-rtos's dport_regs.h, the cache's bits from what the mask
ROM's Cache_Read_Enable sets.

What the cache holds is not modelled, so a flush takes no time, and the controller is never busy. Descriptions
disagree on which of the two IRAM bits a 16 KiB cache sets, and which half of the IRAM each stands for (bit 3
is the upper one's in esp-open-rtos and in pvvx's headers). All agree that a 16 KiB cache sets one and takes
the upper half, and a 32 KiB cache sets both. So here the number of bits counts.

Not modelled, storage only: the NMI enable, clock gates (+0x18: the watchdog's), the interrupt source flags,
pin swaps (+0x28).
"""

from collections.abc import Callable
from dataclasses import dataclass

BASE = 0x3FF00000
NMI_ENABLE = 0x00
EDGE_INT_ENABLE = 0x04
CACHE_FLASH_CTRL = 0x0C
CTL = 0x14
CACHE_IRAM = 0x24
EFUSE = 0x50
PLAIN = frozenset(
    {NMI_ENABLE, EDGE_INT_ENABLE, 0x08, CACHE_FLASH_CTRL, 0x10, CTL, 0x18, 0x20, CACHE_IRAM, 0x28}
)
STEADY = PLAIN | {EFUSE, EFUSE + 4, EFUSE + 8, EFUSE + 12}

FLUSH_START = 1 << 0
FLUSH_DONE = 1 << 1
CACHE_ON = 1 << 8
SPI_BUSY = 1 << 9
DOUBLE_CLOCK = 1 << 0
IRAM_BANKS = (1 << 3, 1 << 4)

# Interrupt number at the CPU -> bit in EDGE_INT_ENABLE: watchdog, FRC1, FRC2
EDGES = {8: 1 << 0, 9: 1 << 1, 10: 1 << 2}


@dataclass(frozen=True, slots=True)
class Cache:
    """What the cache makes of the address space."""

    on: bool
    base: int  # flash offset of the first byte in the window
    iram_limit: int  # bytes of IRAM that are left to code

    @classmethod
    def of(cls, control: int, iram: int) -> "Cache":
        """Return what CACHE_FLASH_CTRL and CACHE_IRAM mean.

        Bits 18:16 choose a pair of MiB; either of 25 and 24 its odd one (whether they differ, nobody knows).
        """
        on = bool(control & CACHE_ON)
        base = (control >> 16 & 7) << 21 | bool(control & 3 << 24) << 20
        banks = sum(bool(iram & bank) for bank in IRAM_BANKS) if on else 0
        return cls(on, base, 0x10000 - 0x4000 * banks)


class Dport:
    """The registers.

    Args:
        efuse: the four words.
        cpu_clock: called with whether the CPU runs at twice the clock, when that changes.
        cache_changed: called with the new view of the cache, when it changes.
        raise_interrupt: called with the number of an edge-triggered interrupt that passes.
    """

    def __init__(
        self,
        efuse: tuple[int, int, int, int],
        cpu_clock: Callable[[bool], None],
        cache_changed: Callable[[Cache], None],
        raise_interrupt: Callable[[int], None],
    ) -> None:
        self._efuse = {EFUSE + 4 * index: word for index, word in enumerate(efuse)}
        self._cpu_clock = cpu_clock
        self._cache_changed = cache_changed
        self._raise_interrupt = raise_interrupt
        self._registers = dict.fromkeys(PLAIN, 0)

    @property
    def cache(self) -> Cache:
        """What the cache makes of the address space."""
        return Cache.of(self._registers[CACHE_FLASH_CTRL], self._registers[CACHE_IRAM])

    @property
    def doubled(self) -> bool:
        """Whether the CPU runs at twice the clock."""
        return bool(self._registers[CTL] & DOUBLE_CLOCK)

    def edge(self, number: int) -> None:
        """Pass an edge on to the CPU, if it is enabled."""
        if self._registers[EDGE_INT_ENABLE] & EDGES[number]:
            self._raise_interrupt(number)

    def reset(self) -> None:
        """Give every register its value at reset, and say what that changes."""
        self._change(dict.fromkeys(PLAIN, 0))

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""
        return self._registers.get(offset, self._efuse.get(offset))

    def store(self, offset: int, value: int) -> bool:
        """Set the register; the eFuse words keep theirs. False if nothing models it."""
        if offset not in PLAIN:
            return offset in self._efuse
        if offset == CACHE_FLASH_CTRL:
            value &= ~(FLUSH_DONE | SPI_BUSY)
            if value & FLUSH_START:
                value |= FLUSH_DONE
        self._change({**self._registers, offset: value})
        return True

    def _change(self, registers: dict[int, int]) -> None:
        cache, doubled = self.cache, self.doubled
        self._registers = registers
        if self.doubled != doubled:
            self._cpu_clock(self.doubled)
        if self.cache != cache:
            self._cache_changed(self.cache)

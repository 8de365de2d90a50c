# SPDX-License-Identifier: Apache-2.0
"""What the CPU asks of the memory behind it. The board's bus is one; tests have a plainer one."""

from typing import Protocol


class Memory(Protocol):
    """Loads, stores and fetches; all raise `esp8266sim.soc.bus.CpuException`.

    `ram` at `ram_base` is data RAM: it takes every width, has no effects, and never holds code, so that
    loads and stores to it are compiled into the translated code. It must stay the same object, of the
    same size; whoever fills it from outside needs to tell nobody. Everything else goes through the methods.
    Addresses of 16 and 32-bit accesses are aligned: the CPU has checked that.
    """

    ram_base: int
    ram: bytearray

    @property
    def effects(self) -> int:
        """Grows with each load that had an effect, or whose value would be another one some cycles later.

        A loop that loads only what does not count here, and changes nothing, is idle.
        """

    def begin_round(self) -> None:
        """A round of a loop begins that may do nothing but wait."""

    def is_harmless(self, address: int, value: int) -> bool:
        """Return whether a store in such a round, outside data RAM, can be done in every round alike."""

    def end_round(self) -> int | None:
        """Return the cycle until which further rounds go like this one; None if something was changed."""

    def fetch32(self, address: int) -> int:
        """Return the word of code at an aligned address."""

    def load8(self, address: int) -> int:
        """Load a byte."""

    def load16(self, address: int) -> int:
        """Load 16 bits, unsigned."""

    def load32(self, address: int) -> int:
        """Load 32 bits."""

    def store8(self, address: int, value: int) -> None:
        """Store a byte."""

    def store16(self, address: int, value: int) -> None:
        """Store 16 bits."""

    def store32(self, address: int, value: int) -> None:
        """Store 32 bits."""

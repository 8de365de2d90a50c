# SPDX-License-Identifier: Apache-2.0
"""Peripherals of which only the registers matter here: storage with reset values, some read-only.

What they would do to the outside (drive a pin, count) is not modelled. Addresses and names are those of
the vendor's public register headers; the values at reset are those that the mask ROM's code finds or sets.
"""

from collections.abc import Mapping

IO_MUX = 0x60000800


class RegisterBank:
    """A block of plain registers; offsets that are not listed are not modelled."""

    def __init__(self, values: Mapping[int, int], read_only: frozenset[int] = frozenset()) -> None:
        self._at_reset = dict(values)
        self._read_only = read_only
        self.reset()

    def reset(self) -> None:
        """Give every register its value at reset."""
        self.values = dict(self._at_reset)

    def load(self, offset: int) -> int | None:
        """Return the value, or None if nothing models it."""
        return self.values.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the value; a read-only register keeps its own. False if nothing models it."""
        if offset not in self.values:
            return False
        if offset not in self._read_only:
            self.values[offset] = value
        return True


def io_mux() -> RegisterBank:
    """Return the pin multiplexer: which function each pad has. The pads themselves are not modelled."""
    return RegisterBank({offset: 0 for offset in range(0x00, 0x44, 4)})

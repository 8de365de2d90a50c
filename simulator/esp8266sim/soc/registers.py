# SPDX-License-Identifier: Apache-2.0
"""Peripherals of which only the registers matter here: storage with reset values, some read-only.

What they would do to the outside (drive a pin, count) is not modelled. Addresses and names are those of
the vendor's public register headers; the values at reset are those that the mask ROM's code finds or sets.
"""

from collections.abc import Mapping

GPIO = 0x60000300
RTC = 0x60000700
IO_MUX = 0x60000800
DPORT = 0x3FF00000

GPIO_OUT = 0x00
GPIO_OUT_W1TS = 0x04
GPIO_OUT_W1TC = 0x08
GPIO_ENABLE = 0x0C
GPIO_ENABLE_W1TS = 0x10
GPIO_ENABLE_W1TC = 0x14
GPIO_IN = 0x18
GPIO_STATUS = 0x1C
RESET_CAUSE = 0x14
EFUSE = 0x50


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


class Gpio(RegisterBank):
    """GPIO outputs with their set and clear registers, and the straps in GPIO_IN."""

    def __init__(self, straps: int) -> None:
        stored = {offset: 0 for offset in (GPIO_OUT, GPIO_ENABLE, GPIO_STATUS)}
        pins = {0x28 + 4 * pin: 0 for pin in range(16)}
        super().__init__({**stored, **pins, GPIO_IN: straps}, frozenset({GPIO_IN}))

    def store(self, offset: int, value: int) -> bool:
        """Set the value; the W1TS and W1TC registers set and clear bits of their base register."""
        for base in (GPIO_OUT, GPIO_ENABLE):
            if offset == base + 4:
                self.values[base] |= value
                return True
            if offset == base + 8:
                self.values[base] &= ~value
                return True
        return super().store(offset, value)


def straps(boot_mode: int, sdio: int) -> int:
    """Return GPIO_IN's strap fields: boot mode in bits 18:16, the SDIO field in bits 31:29."""
    return (boot_mode & 7) << 16 | (sdio & 7) << 29


def rtc(cause: int) -> RegisterBank:
    """Return the RTC block with the reset cause that the boot code reads."""
    return RegisterBank({0x00: 0, RESET_CAUSE: cause, 0x18: 0})


def io_mux() -> RegisterBank:
    """Return the pin multiplexer: which function each pad has. The pads themselves are not modelled."""
    return RegisterBank({offset: 0 for offset in range(0x00, 0x44, 4)})


def dport(efuse: tuple[int, int, int, int]) -> RegisterBank:
    """Return the DPORT block: interrupt and clock registers, and the four eFuse words."""
    words = {EFUSE + 4 * index: word for index, word in enumerate(efuse)}
    stored = {offset: 0 for offset in (0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28)}
    return RegisterBank({**stored, **words}, frozenset(words))

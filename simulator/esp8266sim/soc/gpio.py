# SPDX-License-Identifier: Apache-2.0
"""GPIO0 to GPIO15: outputs, inputs, and their interrupt; and the measuring of the RTC's slow clock.

A pin reads as it is driven, from here or else from outside (`drive`); a pin that nobody drives reads 1 if its
pad has the pull-up on, else 0. So GPIO_IN's low half is 0 right after reset. Its upper half holds the straps.

Names from the vendor's gpio_register.h, pads and interrupt types from Arduino's esp8266_peri.h. The slow
clock's measurement (RTC_CALIB) counts crystal cycles during a number of RTC cycles; the SDK's start-up code
(pm_rtc_clock_cali) waits for it to be ready, the first time before it has started one. Not modelled:
sigma-delta (storage), open drain, wake-up, and whether a pad is switched to its GPIO at all.
"""

from collections.abc import Callable

from esp8266sim.clock import SECOND, Clock, Event
from esp8266sim.soc.registers import RegisterBank
from esp8266sim.soc.rtc import HZ as RTC_HZ

BASE = 0x60000300
OUT = 0x00
ENABLE = 0x0C
IN = 0x18
STATUS = 0x1C
PIN0 = 0x28
SIGMA_DELTA = 0x68
RTC_CALIB_SYNC = 0x6C
RTC_CALIB_VALUE = 0x70
SET, CLEAR = 4, 8  # from a base register to the one that sets and the one that clears its bits
WITH_SET_AND_CLEAR = (OUT, ENABLE, STATUS)
PIN_REGISTERS = range(PIN0, PIN0 + 64, 4)
STEADY = frozenset({OUT, ENABLE, IN, STATUS, *PIN_REGISTERS, SIGMA_DELTA, RTC_CALIB_SYNC, RTC_CALIB_VALUE})

PINS = 0xFFFF
INTERRUPT = 4
INT_TYPE_SHIFT = 7  # in a pin register, 3 bits
RISING, FALLING, ANY_EDGE, LOW, HIGH = 1, 2, 3, 4, 5

CALIB_START = 1 << 31
CALIB_PERIODS = 0x3FF
CALIB_READY = 3 << 30  # RDY and RDY_REAL
CALIB_VALUE = 0xFFFFF

# IO_MUX: the pads of GPIO0 to GPIO15
PADS = (0x34, 0x18, 0x38, 0x14, 0x3C, 0x40, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x30, 0x04, 0x08, 0x0C, 0x10)
PAD_PULL_UP = 1 << 7


def straps(boot_mode: int, sdio: int) -> int:
    """Return GPIO_IN's strap fields: boot mode in bits 18:16, the SDIO field in bits 31:29."""
    return (boot_mode & 7) << 16 | (sdio & 7) << 29


def pulled_up(io_mux: RegisterBank) -> int:
    """Return the pins whose pads have the pull-up on, a bit each."""
    return sum(1 << pin for pin, pad in enumerate(PADS) if io_mux.values[pad] & PAD_PULL_UP)


class Gpio:
    """The registers. `straps` is what GPIO_IN's upper half reads.

    Args:
        clock: the board's.
        crystal_hz: of the crystal, which the RTC's slow clock is measured against.
        set_line: drives an interrupt line of the CPU.
        pull_ups: returns the pins that are pulled up, a bit each (`pulled_up`).
    """

    def __init__(
        self,
        clock: Clock,
        crystal_hz: int,
        set_line: Callable[[int, bool], None],
        pull_ups: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._crystal_hz = crystal_hz
        self._set_line = set_line
        self._pull_ups = pull_ups
        self.straps = 0
        self._driven = self._driven_high = 0  # from outside, a bit each
        self._interrupting = False
        self._measuring: Event | None = None
        self.reset()

    def reset(self) -> None:
        """Give every register its value at reset; what is driven from outside stays."""
        if self._measuring is not None:
            self._measuring.cancel()
        self._values = dict.fromkeys(STEADY - {IN}, 0)
        self._values[RTC_CALIB_VALUE] = CALIB_READY
        self._by_type = [0] * 8  # pins by interrupt type, a bit each
        self._levels = self.levels
        self._update()

    @property
    def levels(self) -> int:
        """The levels of the pins, a bit each."""
        enabled = self._values[ENABLE] & PINS
        inputs = self._driven_high | self._pull_ups() & ~self._driven
        return self._values[OUT] & enabled | inputs & ~enabled

    def drive(self, pin: int, high: bool | None) -> None:
        """Drive a pin from outside, or let it go with None. The chip's own output is the stronger one."""
        bit = 1 << pin
        self._driven = self._driven & ~bit if high is None else self._driven | bit
        self._driven_high = self._driven_high | bit if high else self._driven_high & ~bit
        self._update()

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it (set and clear registers too)."""
        if offset == IN:
            return self.straps | self.levels
        return self._values.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the register; GPIO_IN and the measurement keep theirs. False if nothing models it."""
        for base in WITH_SET_AND_CLEAR:
            if offset in (base + SET, base + CLEAR):
                before = self._values[base]
                offset, value = base, before | value if offset == base + SET else before & ~value
                break
        if offset in (IN, RTC_CALIB_VALUE):
            return True
        if offset not in self._values:
            return False
        before = self._values[offset]
        self._values[offset] = value
        if offset == RTC_CALIB_SYNC and value & ~before & CALIB_START:
            self._measure()
        elif offset in PIN_REGISTERS:
            self._set_type(1 << (offset - PIN0) // 4, value >> INT_TYPE_SHIFT & 7)
        self._update()
        return True

    def _set_type(self, bit: int, kind: int) -> None:
        self._by_type = [pins & ~bit for pins in self._by_type]
        self._by_type[kind] |= bit

    def _update(self) -> None:
        """Note what the levels mean for the interrupt."""
        before, levels = self._levels, self.levels
        self._levels = levels
        pins = self._by_type
        found = levels & ~before & (pins[RISING] | pins[ANY_EDGE])
        found |= ~levels & before & (pins[FALLING] | pins[ANY_EDGE])
        self._values[STATUS] |= found | levels & pins[HIGH] | ~levels & pins[LOW]
        interrupting = bool(self._values[STATUS] & PINS)
        if interrupting != self._interrupting:
            self._interrupting = interrupting
            self._set_line(INTERRUPT, interrupting)

    def _measure(self) -> None:
        periods = self._values[RTC_CALIB_SYNC] & CALIB_PERIODS
        self._values[RTC_CALIB_VALUE] = 0
        if self._measuring is not None:
            self._measuring.cancel()
        done = self._clock.now + periods * SECOND // RTC_HZ
        cycles = periods * self._crystal_hz // RTC_HZ & CALIB_VALUE
        self._measuring = self._clock.at(done, lambda: self._measured(cycles))

    def _measured(self, cycles: int) -> None:
        self._values[RTC_CALIB_VALUE] = CALIB_READY | cycles

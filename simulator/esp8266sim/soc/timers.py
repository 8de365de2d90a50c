# SPDX-License-Identifier: Apache-2.0
"""FRC1 and FRC2: the two counters of the timer block.

One rule: nothing runs per tick. What a counter will do is known from when it was last set (a `Course`);
COUNT is worked out when it is read, and only the next interrupt is an event on the clock.

Register layout from the vendor's timer_register.h. FRC1 counts 23 bits down from LOAD and interrupts at 0,
FRC2 counts 32 bits up and interrupts at ALARM. What esp-open-rtos's authors observed: storing LOAD sets
COUNT; without reload FRC1 goes on from its largest value; FRC2 goes on counting whatever its reload bit says
(but stops, they say, at a LOAD of 0 with that bit on, which is not modelled); INT reads as LOAD; with CTRL
bit 0 no further interrupt comes until INT is written.

Unconfirmed on silicon: that a period is LOAD ticks and not one more; that a LOAD of 0 is the longest period;
that FRC2 interrupts when it counts to ALARM, and not at once when ALARM is set to where it stands; the phase
of the prescaler, which here begins when the counter is enabled, loaded, or given another prescaler.
"""

from collections.abc import Callable
from dataclasses import dataclass

from esp8266sim.clock import SECOND, Clock, Event

BASE = 0x60000600
FRC1 = 0x00
FRC2 = 0x20
LOAD = 0x00
COUNT = 0x04
CTRL = 0x08
INT = 0x0C
ALARM = 0x10  # FRC2 only
STEADY = frozenset({FRC1 + LOAD, FRC1 + CTRL, FRC1 + INT, FRC2 + LOAD, FRC2 + CTRL, FRC2 + INT, FRC2 + ALARM})

CTRL_MASK = 0xFF
CTRL_HOLD = 1 << 0  # "level": the status stays, and holds off interrupts, until INT is written
CTRL_PRESCALE_SHIFT = 2
CTRL_RELOAD = 1 << 6
CTRL_ENABLE = 1 << 7
CTRL_STATUS = 1 << 8
PRESCALERS = (1, 16, 256, 256)  # Arduino's esp8266_peri.h has both 2 and 3 as 256

FRC1_INTERRUPT = 9
FRC2_INTERRUPT = 10
FRC1_MASK = (1 << 23) - 1
FRC2_MASK = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Course:
    """What a counter does from here on: counts, interrupts after `first` ticks, and repeats."""

    count: int
    step: int  # 1 or -1
    mask: int
    first: int  # ticks, at least 1
    again: int  # where it stands at an interrupt
    period: int  # ticks from one interrupt to the next

    def after(self, ticks: int) -> int:
        """Return the count after `ticks`."""
        if ticks < self.first:
            return self.count + self.step * ticks & self.mask
        return self.again + self.step * ((ticks - self.first) % self.period) & self.mask


@dataclass(frozen=True, slots=True)
class Setting:
    """What a counter's course depends on."""

    count: int
    load: int
    alarm: int
    reload: bool


def down(setting: Setting) -> Course:
    """Return the course of FRC1."""
    again = setting.load if setting.reload else 0
    longest = FRC1_MASK + 1
    return Course(setting.count, -1, FRC1_MASK, setting.count or longest, again, again or longest)


def up(setting: Setting) -> Course:
    """Return the course of FRC2."""
    round_trip = FRC2_MASK + 1
    first = (setting.alarm - setting.count & FRC2_MASK) or round_trip
    return Course(setting.count, 1, FRC2_MASK, first, setting.alarm, round_trip)


class Counter:
    """One of the two. `plan` is `down` or `up`, `expired` is called at each interrupt."""

    def __init__(
        self,
        clock: Clock,
        apb_hz: int,
        mask: int,
        plan: Callable[[Setting], Course],
        expired: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._hz = apb_hz
        self._mask = mask
        self._plan = plan
        self._expired = expired
        self._event: Event | None = None
        self.reset()

    def reset(self) -> None:
        """Stop, and forget."""
        self.load = self.alarm = self._control = 0
        self._status = False
        self._begin(0)

    def set_clock(self, apb_hz: int) -> None:
        """Count at another frequency from now on; the tick under way begins again."""
        count = self.count
        self._hz = apb_hz
        self._begin(count)

    @property
    def count(self) -> int:
        """The COUNT register."""
        return self._course.after(self._ticks())

    @property
    def control(self) -> int:
        """The CTRL register."""
        return self._control | (CTRL_STATUS if self._status else 0)

    def set_load(self, value: int) -> None:
        """Store LOAD, which sets the count too."""
        self.load = value & self._mask
        self._begin(self.load)

    def set_control(self, value: int) -> None:
        """Store CTRL."""
        count, changed = self.count, (value ^ self._control) & CTRL_MASK
        self._go_to_last_tick()
        self._control = value & CTRL_MASK
        self._status = self._status and bool(value & CTRL_HOLD)
        if changed & ~(CTRL_HOLD | CTRL_RELOAD):
            self._begin(count)
        elif changed:
            self._follow(count)

    def set_alarm(self, value: int) -> None:
        """Store ALARM; what has passed of the present tick is kept, for software that keeps time with it."""
        count = self.count
        self._go_to_last_tick()
        self.alarm = value
        self._follow(count)

    def clear_interrupt(self) -> None:
        """Store INT, whatever the value."""
        self._status = False

    # Instants inside a counter are in picoseconds times hertz, in which ticks are whole numbers.

    @property
    def _tick(self) -> int:
        return PRESCALERS[self._control >> CTRL_PRESCALE_SHIFT & 3] * SECOND

    def _ticks(self) -> int:
        if not self._control & CTRL_ENABLE:
            return 0
        return (self._clock.now * self._hz - self._since) // self._tick

    def _go_to_last_tick(self) -> None:
        self._since += self._ticks() * self._tick

    def _begin(self, count: int) -> None:
        self._since = self._clock.now * self._hz
        self._follow(count)

    def _follow(self, count: int) -> None:
        reload = bool(self._control & CTRL_RELOAD)
        self._course = self._plan(Setting(count, self.load, self.alarm, reload))
        self._ticks_to_expiry = self._course.first
        self._schedule()

    def _schedule(self) -> None:
        if self._event is not None:
            self._event.cancel()
            self._event = None
        if self._control & CTRL_ENABLE:
            due = -(-(self._since + self._ticks_to_expiry * self._tick) // self._hz)
            self._event = self._clock.at(due, self._expire)

    def _expire(self) -> None:
        self._ticks_to_expiry += self._course.period
        self._schedule()
        if not self._status:
            self._status = bool(self._control & CTRL_HOLD)
            self._expired()


class Timers:
    """The registers of both counters. `raise_interrupt` is called with the interrupt's number."""

    def __init__(self, clock: Clock, apb_hz: int, raise_interrupt: Callable[[int], None]) -> None:
        self.frc1 = Counter(clock, apb_hz, FRC1_MASK, down, lambda: raise_interrupt(FRC1_INTERRUPT))
        self.frc2 = Counter(clock, apb_hz, FRC2_MASK, up, lambda: raise_interrupt(FRC2_INTERRUPT))

    def reset(self) -> None:
        """Stop both."""
        self.frc1.reset()
        self.frc2.reset()

    def set_clock(self, apb_hz: int) -> None:
        """Count at another APB frequency from now on."""
        self.frc1.set_clock(apb_hz)
        self.frc2.set_clock(apb_hz)

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""
        counter, register = self._find(offset)
        if register in (LOAD, INT):
            return counter.load
        if register == COUNT:
            return counter.count
        if register == CTRL:
            return counter.control
        if register == ALARM and counter is self.frc2:
            return counter.alarm
        return None

    def store(self, offset: int, value: int) -> bool:
        """Set the register; COUNT keeps its value. False if nothing models it."""
        counter, register = self._find(offset)
        if register == LOAD:
            counter.set_load(value)
        elif register == CTRL:
            counter.set_control(value)
        elif register == INT:
            counter.clear_interrupt()
        elif register == ALARM and counter is self.frc2:
            counter.set_alarm(value)
        else:
            return register == COUNT
        return True

    def _find(self, offset: int) -> tuple[Counter, int]:
        return (self.frc1, offset - FRC1) if offset < FRC2 else (self.frc2, offset - FRC2)

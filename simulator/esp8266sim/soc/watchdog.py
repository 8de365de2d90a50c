# SPDX-License-Identifier: Apache-2.0
"""The hardware watchdog: two stages, the first ends in an interrupt, the second in a reset.

Register names, the feeding value, and that a stage of setting n takes 2**n times 0.8 ms (0xB is 1.6384 s,
0xD 6.5536 s), from the vendor's eagle_soc.h and the SDK's esp_task_wdt.c. The SDK puts the watchdog's time
into OP and that from its interrupt to the reset into OP_ND, hence which of them is the first stage's.

Unconfirmed on silicon: that it is off at reset; that the 0.8 ms (32,000 periods of a 40 MHz crystal) do not
depend on the crystal; that a stage takes the time its register has when the stage begins; what CTL bits 2:1
do. All SDK code leaves these at 0, "interrupt then reset"; with another mode there is no reset here, and the
first stage begins again.
"""

from collections.abc import Callable

from esp8266sim.clock import US, Clock, Event

BASE = 0x60000900
CTL = 0x00
OP = 0x04
OP_ND = 0x08
RST = 0x14
STEADY = frozenset({CTL, OP, OP_ND})

CTL_ENABLE = 1 << 0
CTL_MODE = 3 << 1
OP_MASK = 0xF
FEED = 0x73
UNIT = 800 * US
INTERRUPT = 8


class Watchdog:
    """The registers, and the stage under way.

    `raise_interrupt` is called with the interrupt's number, `expired` when the chip is to be reset.
    """

    def __init__(
        self, clock: Clock, raise_interrupt: Callable[[int], None], expired: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._raise_interrupt = raise_interrupt
        self._expired = expired
        self._event: Event | None = None
        self.reset()

    def reset(self) -> None:
        """Switch off."""
        self._stop()
        self._registers = {CTL: 0, OP: 0, OP_ND: 0}

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""
        return self._registers.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the register. False if nothing models it."""
        if offset == RST:
            if value == FEED and self._event is not None:
                self._begin()
            return True
        if offset not in self._registers:
            return False
        self._registers[offset] = value
        if offset == CTL and bool(value & CTL_ENABLE) != (self._event is not None):
            if value & CTL_ENABLE:
                self._begin()
            else:
                self._stop()
        return True

    def _begin(self) -> None:
        self._run(OP, self._first_over)

    def _run(self, setting: int, over: Callable[[], None]) -> None:
        self._stop()
        time = UNIT << (self._registers[setting] & OP_MASK)
        self._event = self._clock.at(self._clock.now + time, over)

    def _stop(self) -> None:
        if self._event is not None:
            self._event.cancel()
            self._event = None

    def _first_over(self) -> None:
        self._run(OP_ND, self._second_over)
        self._raise_interrupt(INTERRUPT)

    def _second_over(self) -> None:
        self._begin()
        if not self._registers[CTL] & CTL_MODE:
            self._expired()

# SPDX-License-Identifier: Apache-2.0
"""How virtual time follows the wall's while other programs talk to a board.

Both paces have one contract: `run` lets the board live for a short while and says when there is more to
do; `edge` is called before a reset line or the supply changes, since the board must have spent as long in
the state before as the client held it there. Neither waits: that is the server's select.
"""

import time
from collections.abc import Callable
from enum import Enum

from esp8266sim.clock import MS, SECOND, US, Clock

SLICE_S = 0.02  # the longest time without a look at the sockets
LAG_S = 0.25  # a board further behind than this lets the difference go, instead of running after it
# How far code runs between two looks at the wall's clock: a loop over a peripheral's register may take
# hundreds of times as long as on silicon.
STRETCH_PS = 200 * US
NAP_PS = 5 * MS  # no client can have meant to be done with something within so short a wait


class Pace(Enum):
    """Names for the command line."""

    REAL = "real"
    MAX = "max"


class RealTime:
    """Virtual time is the wall's; where the computer is too slow for that, it falls behind."""

    def __init__(self, clock: Clock, wall: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wall = wall
        self.rebase()

    def rebase(self) -> None:
        """Count from now on."""
        self._ahead = self._clock.now - self._wall_ps()  # virtual minus wall

    def run(self) -> float | None:
        """Live up to the present. Return the seconds until the next event, None if none is to come."""
        clock = self._clock
        stop = self._wall_ps() + round(SLICE_S * SECOND)
        while _step(clock, present := self._wall_ps() + self._ahead):
            if self._wall_ps() >= stop:
                self._forgive()
                return 0.0
        clock.advance(present)
        due = clock.next_due()
        return None if due is None else max(0.0, (due - clock.now) / SECOND)

    def edge(self) -> None:
        """The board lives up to the present."""
        self.run()

    def _forgive(self) -> None:
        lag = self._wall_ps() + self._ahead - self._clock.now
        self._ahead -= max(0, lag - round(LAG_S * SECOND))

    def _wall_ps(self) -> int:
        return round(self._wall() * SECOND)


class AsFastAsPossible:
    """Virtual time passes only while something on the board is pending, and then at once.

    But an alarm that a sleeping chip has set may be meant for the client, to be done with something by then:
    while `is_asleep` says so, time is the wall's.
    """

    def __init__(
        self, clock: Clock, is_asleep: Callable[[], bool], wall: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._is_asleep = is_asleep
        self._wall = wall
        self.rebase()

    def rebase(self) -> None:
        """Count from now on."""
        self._edge = (self._wall(), self._clock.now)
        self._asleep_since: tuple[float, int] | None = None

    def run(self) -> float | None:
        """Live on for a slice. Return the seconds until there is more to do, None if that is the client's."""
        clock = self._clock
        stop = self._wall() + SLICE_S
        while (due := clock.next_due()) is not None:
            left = self._left_to_sleep(due)
            if left:
                return left
            _step(clock)
            if self._wall() >= stop:
                return 0.0
        return None

    def _left_to_sleep(self, due: int) -> float:
        """Let a sleeping chip sleep; return the seconds until what is due wakes it, 0 if it is awake."""
        clock = self._clock
        if not self._is_asleep():
            self._asleep_since = None
            return 0.0
        if due - clock.now <= NAP_PS:
            return 0.0
        since = self._asleep_since = self._asleep_since or (self._wall(), clock.now)
        present = self._after(since)
        clock.advance(min(present, due - 1))
        return max(0, due - present) / SECOND

    def edge(self) -> None:
        """Let as much time pass since the last edge as the client has let pass.

        Where the computer takes too long for that, the rest is let go: the client waits for an answer.
        """
        clock = self._clock
        goal, stop = self._after(self._edge), self._wall() + LAG_S
        while _step(clock, goal) and self._wall() < stop:
            pass
        due = clock.next_due()
        if due is None or due > goal:
            clock.advance(goal)
        self.rebase()

    def _after(self, moment: tuple[float, int]) -> int:
        """Return what the board's time would be if it had been the wall's since a moment."""
        wall, virtual = moment
        return virtual + round((self._wall() - wall) * SECOND)


def _step(clock: Clock, until: int | None = None) -> bool:
    """Do what is due next, as `Clock.step` does; but code runs for no longer than a stretch."""
    due = clock.next_due()
    if due is None:
        return False
    stretch = max(due, clock.now) + STRETCH_PS
    return clock.step(stretch if until is None else min(until, stretch))

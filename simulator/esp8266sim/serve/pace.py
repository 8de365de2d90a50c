# SPDX-License-Identifier: Apache-2.0
"""How virtual time follows the wall's while other programs talk to a board.

Both paces have one contract: `run` lets the board live for a short while and says when there is more to
do; `edge` is called before a reset line or the supply changes, since the board must have spent as long in
the state before as the client held it there. Neither waits: that is the server's select.
"""

import time
from collections.abc import Callable
from enum import Enum

from esp8266sim.clock import SECOND, Clock

SLICE_S = 0.02  # the longest time without a look at the sockets
LAG_S = 0.25  # a board further behind than this lets the difference go, instead of running after it


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
        while clock.step(self._wall_ps() + self._ahead):
            if self._wall_ps() >= stop:
                self._forgive()
                return 0.0
        clock.advance(self._wall_ps() + self._ahead)
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
    """Virtual time passes only while something on the board is pending, and then at once."""

    def __init__(self, clock: Clock, wall: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wall = wall
        self.rebase()

    def rebase(self) -> None:
        """Count from now on."""
        self._edge = (self._wall(), self._clock.now)

    def run(self) -> float | None:
        """Live on for a slice. Return 0 if there is more to do, None if the board waits for the client."""
        clock = self._clock
        stop = self._wall() + SLICE_S
        while clock.step():
            if self._wall() >= stop:
                return 0.0
        return None

    def edge(self) -> None:
        """Let as much time pass since the last edge as the client has let pass."""
        wall, virtual = self._edge
        clock = self._clock
        clock.advance(max(clock.now, virtual + round((self._wall() - wall) * SECOND)))
        self._edge = (self._wall(), clock.now)

# SPDX-License-Identifier: Apache-2.0
"""Virtual time: whole picoseconds, and a queue of what happens when.

Nothing here waits. Whoever drives the board advances the clock; actions run in order of time, those
of one instant in the order they were scheduled. A picosecond is fine enough that a CPU cycle or a
bit time, rounded to it, is off by less than one part in ten million.
"""

import heapq
from collections.abc import Callable

US = 10**6
MS = 10**9
SECOND = 10**12


class Event:
    """Something scheduled; `cancel()` makes it not happen."""

    __slots__ = ("action", "at")

    def __init__(self, at: int, action: Callable[[], None]) -> None:
        self.at = at
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Take it back; doing so twice, or too late, does nothing."""
        self.action = None


class Clock:
    """The board's time, `now`, in picoseconds since it was made."""

    def __init__(self) -> None:
        self.now = 0
        self._queue: list[tuple[int, int, Event]] = []
        self._scheduled = 0

    def at(self, when: int, action: Callable[[], None]) -> Event:
        """Schedule `action`; a time that is past means now."""
        event = Event(max(when, self.now), action)
        self._scheduled += 1
        heapq.heappush(self._queue, (event.at, self._scheduled, event))
        return event

    def next_event(self) -> int | None:
        """Return when the next action is due, or None if nothing is scheduled."""
        while self._queue and self._queue[0][2].action is None:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def step(self) -> bool:
        """Advance to the next action and do it. False if there is none."""
        if self.next_event() is None:
            return False
        self.now, _, event = heapq.heappop(self._queue)
        action, event.action = event.action, None
        if action is not None:
            action()
        return True

    def advance(self, to: int) -> None:
        """Do everything that is due up to `to`, and make that the present."""
        while (due := self.next_event()) is not None and due <= to:
            self.step()
        self.now = max(self.now, to)

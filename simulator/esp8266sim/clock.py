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
NOBODY = -1  # a time before all others


class Event:
    """Something scheduled; `cancel()` makes it not happen."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Take it back; doing so twice, or too late, does nothing."""
        self.action = None


class Clock:
    """The board's time, `now`, in picoseconds since it was made.

    A CPU runs ahead of the queue, up to the next action, and moves `now` along with it. It asks to be told,
    by `sooner()`, when something is scheduled before `watched`, and does not go beyond `horizon`, the time
    up to which whoever drives the board wants it to live.
    """

    def __init__(self) -> None:
        self.now = 0
        self.horizon: int | None = None
        self.watched = NOBODY
        self.sooner: Callable[[], None] = lambda: None
        self._queue: list[tuple[int, int, Event]] = []
        self._scheduled = 0

    def at(self, when: int, action: Callable[[], None]) -> Event:
        """Schedule `action`; a time that is past means now."""
        event = Event(action)
        self._scheduled += 1
        if when < self.watched:
            self.sooner()
        heapq.heappush(self._queue, (when if when > self.now else self.now, self._scheduled, event))
        return event

    def step(self, until: int | None = None) -> bool:
        """Advance to the next action and do it. False if there is none, or none up to `until`."""
        queue = self._queue
        while queue:
            due, _, event = queue[0]
            action = event.action
            if action is not None and until is not None and due > until:
                return False
            heapq.heappop(queue)
            if action is not None:
                self.now = max(self.now, due)  # a CPU may have overshot it by an instruction or two
                event.action, self.horizon = None, until
                action()
                return True
        return False

    def next_due(self) -> int | None:
        """Return when the next action is due, None if there is none."""
        queue = self._queue
        while queue and queue[0][2].action is None:
            heapq.heappop(queue)
        return queue[0][0] if queue else None

    def advance(self, to: int) -> None:
        """Do everything that is due up to `to`, and make that the present."""
        while self.step(to):
            pass
        self.now = max(self.now, to)

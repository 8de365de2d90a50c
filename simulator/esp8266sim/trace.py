# SPDX-License-Identifier: Apache-2.0
"""What the board did that somebody may want to know: the events that tests demand, or forbid."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What an event is about."""

    UNMODELLED = "access that nothing models"  # answered with 0, or ignored
    EXCEPTION = "CPU exception"
    ENTERED = "uploaded or booted code is entered"
    RESET = "reset from within"
    HALTED = "the CPU does nothing any more"
    OVERRUN = "bytes lost by a full buffer"


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One event; `at` is virtual time in picoseconds."""

    at: int
    kind: Kind
    detail: str
    address: int | None = None
    cause: int | None = None  # of an exception: EXCCAUSE
    pc: int | None = None  # of the instruction that did it


@dataclass(slots=True)
class Trace:
    """The events of one board since it was made, in order. At most `LIMIT` are kept."""

    LIMIT = 10_000  # a client that reads unmodelled registers for hours must not eat the memory

    events: list[TraceEvent] = field(default_factory=list)
    observers: list[Callable[[TraceEvent], None]] = field(default_factory=list)  # told of every event

    def add(self, event: TraceEvent) -> None:
        """Note `event`."""
        if len(self.events) < self.LIMIT:
            self.events.append(event)
        for observer in self.observers:
            observer(event)

    def of(self, kind: Kind) -> list[TraceEvent]:
        """Return the events of one kind."""
        return [event for event in self.events if event.kind is kind]

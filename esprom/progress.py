# SPDX-License-Identifier: Apache-2.0
"""How far a job is, told to whoever asked; and the place where it may be stopped.

One rule: a job calls `advance` after every piece of work, and nothing else of it knows about callbacks.
Times are the port's clock, hence the board's where the board is virtual.
"""

from collections.abc import Callable
from dataclasses import dataclass

from esprom.errors import Cancelled
from esprom.port import Clock

STEP = 1024  # bytes between two reports; a third of a second at the slowest rate that is usual


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one stage of a job is."""

    stage: str  # "read", "prove", "erase", "write", "verify"
    done: int  # bytes
    total: int  # bytes
    elapsed_s: float  # since the stage began

    @property
    def rate(self) -> float | None:
        """Bytes a second so far; None while nothing is known."""
        return self.done / self.elapsed_s if self.done and self.elapsed_s > 0 else None

    @property
    def remaining_s(self) -> float | None:
        """Seconds that the stage will still take at this rate."""
        return (self.total - self.done) / self.rate if self.rate else None


ProgressCallback = Callable[[Progress], None]
CancelCallback = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told about a job, and who may stop it."""

    clock: Clock
    progress: ProgressCallback | None = None
    cancel: CancelCallback | None = None

    def stage(self, name: str, total: int) -> "Stage":
        """Begin a stage of `total` bytes."""
        return Stage(self, name, total)


class Stage:
    """One stage of a job."""

    def __init__(self, watch: Watch, name: str, total: int) -> None:
        self._watch = watch
        self._name = name
        self._total = total
        self._done = 0
        self._began = watch.clock.now()
        self._next = 0
        self.advance(0)

    def take_back(self, size: int) -> None:
        """Count `size` bytes as not done after all: they are to be done again."""
        self._done -= size
        self._next = self._done

    def advance(self, size: int) -> None:
        """Count `size` bytes as done. Raises Cancelled if the caller wants to stop."""
        self._done += size
        if self._done < self._next and self._done < self._total:
            return
        self._next = self._done + STEP
        watch = self._watch
        if watch.cancel is not None and watch.cancel():
            raise Cancelled(f"stopped in stage {self._name!r}: {self._done} of {self._total} bytes were done")
        if watch.progress is not None:
            elapsed_s = watch.clock.now() - self._began
            watch.progress(Progress(self._name, self._done, self._total, elapsed_s))

# SPDX-License-Identifier: Apache-2.0
"""Shows how far a job is: a bar on a terminal, elsewhere a plain line now and then.

Rate and time left are the library's own, by the board's clock; how often a line is due is the reader's time.
"""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from esprom.cli.output import Output, on_terminal
from esprom.cli.values import amount, duration

if TYPE_CHECKING:
    from rich.progress import TaskID

    from esprom import Progress

LINE_EVERY_S = 5.0  # a log of a half-hour read stays readable
REDRAW_EVERY_S = 0.1


class Display(Protocol):
    """A progress callback that has an end."""

    def __call__(self, progress: "Progress") -> None:
        """Show it."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Hidden:
    """Shows nothing."""

    def __call__(self, progress: "Progress") -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Lines(Hidden):
    """A line when a stage is done, and every `LINE_EVERY_S` on the way there."""

    def __init__(self, output: Output, now: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._now = now
        self._last = now()

    def __call__(self, progress: "Progress") -> None:
        """Print a line if one is due."""
        now = self._now()
        if progress.done < progress.total and now - self._last < LINE_EVERY_S:
            return
        self._last = now
        share = 100 * progress.done // progress.total if progress.total else 100
        self._output.note(f"{progress.stage}: {share} % of {amount(progress.total)}{_pace(progress)}")


class Bar(Hidden):
    """One bar for each stage, redrawn in place."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self._now = now
        self._due = now()
        self._stage: str | None = None
        self._task: TaskID | None = None
        self._rich = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[pace]}"),
            console=Console(stderr=True),
            auto_refresh=False,  # no thread beside the one that talks to the chip
        )

    def __call__(self, progress: "Progress") -> None:
        """Redraw if that is due."""
        if self._task is None or progress.stage != self._stage:
            self._stage = progress.stage
            self._task = self._rich.add_task(progress.stage, total=progress.total, pace="")
        elif progress.done < progress.total and self._now() < self._due:
            return
        self._due = self._now() + REDRAW_EVERY_S
        self._rich.update(
            self._task, completed=progress.done, total=progress.total, pace=_pace(progress).lstrip(", ")
        )
        self._rich.refresh()

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rich.stop()


def _pace(progress: "Progress") -> str:
    """Return rate and time left (or taken), as far as they are known, to follow other words."""
    said = f", {amount(progress.rate)}/s" if progress.rate else ""
    if progress.done >= progress.total:
        return f"{said}, took {duration(progress.elapsed_s)}"
    left = progress.remaining_s
    return said if left is None else f"{said}, {duration(left)} left"


def display(output: Output, *, plain: bool) -> Display:
    """Return what suits the reader. `plain`: other lines go to stderr meanwhile, a bar would tear them."""
    if output.quiet:
        return Hidden()
    if plain or not on_terminal(sys.stderr):
        return Lines(output)
    return Bar()

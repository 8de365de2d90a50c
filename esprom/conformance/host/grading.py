# SPDX-License-Identifier: Apache-2.0
"""The grade of one job in front of one scripted board: a pure function of what it left behind.

One rule: what a tool says of its work is held against the content. Exit code 0 with anything wrong is silent
corruption, whatever was printed.
"""

from dataclasses import dataclass
from enum import Enum

from esprom.conformance.host.jobs import Task, Traces, mistakes
from esprom.conformance.host.scenarios import Good, Scenario

CRASHES = (
    "Traceback (most recent call last)",
    "Segmentation fault",
    "UnhandledPromiseRejection",
    "panicked at",
)


class Outcome(Enum):
    """How it ended; the worst last."""

    RIGHT = "right result"
    CLEAN = "clean failure"  # not zero, and why
    FALSE_ALARM = "false alarm"  # not zero, though all is right
    CRASH = "crash"  # not zero, and no reason told but a program's own
    HANG = "hang"  # had to be killed
    SILENT = "silent corruption"  # zero, and something is wrong


HARMFUL = frozenset({Outcome.SILENT, Outcome.HANG})


@dataclass(frozen=True, slots=True)
class Ended:
    """How the tool's process ended. `code` is None where it had to be killed."""

    code: int | None
    seconds: float
    left_running: bool  # processes that it had started went on without it


@dataclass(frozen=True, slots=True)
class Grade:
    """One cell of the report.

    Attributes:
        reached: whether the script did anything: a tool may not have come to where it would have.
        wrong: in which ways the job is not done, or more was done.
        said: the end of what was printed.
        done: what the script did to frames.
    """

    client: str
    scenario: str
    task: Task
    outcome: Outcome
    good: Good
    reached: bool
    ended: Ended
    wrong: tuple[str, ...]
    said: str
    done: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Whether a good tool does better. To fail where something was wrong errs on the safe side."""
        if self.good is Good.SUCCEEDS:
            return self.outcome is not Outcome.RIGHT
        return self.outcome not in (Outcome.RIGHT, Outcome.CLEAN, Outcome.FALSE_ALARM)


def grade(
    *,
    client: str,
    scenario: Scenario,
    task: Task,
    ended: Ended,
    traces: Traces,
    done: tuple[str, ...],
    reached: bool,
) -> Grade:
    """Return the grade."""
    wrong = tuple(mistakes(task, traces))
    return Grade(
        client=client,
        scenario=scenario.name,
        task=task,
        outcome=_outcome(ended, traces.said, bool(wrong)),
        good=scenario.good,
        reached=reached,
        ended=ended,
        wrong=wrong,
        said=traces.said[-1500:],
        done=done,
    )


def _outcome(ended: Ended, said: str, wrong: bool) -> Outcome:
    if ended.code is None:
        return Outcome.HANG
    if ended.code == 0:
        return Outcome.SILENT if wrong else Outcome.RIGHT
    if not wrong:
        return Outcome.FALSE_ALARM
    told = said.strip() and not any(sign in said for sign in CRASHES)
    return Outcome.CLEAN if told and ended.code > 0 else Outcome.CRASH

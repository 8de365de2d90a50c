# SPDX-License-Identifier: Apache-2.0
"""The scripted boards that a host tool is put in front of: which trouble, in which jobs, what is asked of it.

The troubles themselves are `esp8266sim.troubles`, by name. What is asked is the least that a user may expect:
that the job gets done where nothing is lost, and else at least that the tool says that it is not.
"""

from dataclasses import dataclass
from enum import Enum

from esprom.conformance.host.jobs import Job


class Good(Enum):
    """What a good tool does."""

    SUCCEEDS = "gets the job done"
    TELLS = "gets the job done, or says that it has not"


ALL = tuple(Job)
CONTENT = (Job.READ, Job.WRITE, Job.ERASE)
CHANGES = (Job.WRITE, Job.ERASE)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scripted board. `requirements` are ids of specs/, `name` is the trouble's."""

    name: str
    jobs: tuple[Job, ...]
    good: Good
    requirements: tuple[str, ...]
    paced: bool = False  # the board's time is the wall's, as it counts here how long it takes
    beyond: bool = False  # the job is about addresses that the flash does not have


OK, TELLS = Good

SCENARIOS = (
    Scenario("nothing-wrong", ALL, OK, ("PROTO-1",)),
    Scenario("late-answers", ALL, OK, ("CMD-2",)),
    Scenario("very-late-answer", CONTENT, TELLS, ("CMD-2", "PROTO-1")),
    Scenario("split-answers", ALL, OK, ("SLIP-7",)),
    Scenario("merged-answers", ALL, OK, ("SLIP-7",)),
    Scenario("overtaken-answer", ALL, TELLS, ("PROTO-1",)),
    Scenario("duplicate-answer", ALL, TELLS, ("PROTO-1",)),
    Scenario("duplicate-answers", CONTENT, TELLS, ("PROTO-1",)),
    Scenario("boot-log", ALL, TELLS, ("SLIP-5", "PROTO-7")),
    Scenario("echo", ALL, TELLS, ("PROTO-7",)),
    Scenario("wrong-opcode", ALL, TELLS, ("PROTO-1", "PROTO-4")),
    Scenario("wrong-value", ALL, TELLS, ("PROTO-4",)),
    Scenario("refused", ALL, TELLS, ("STATUS-2",)),
    Scenario("wrong-address", CHANGES, TELLS, ("ERASE-1", "PROTO-5")),
    Scenario("lost-answer", ALL, TELLS, ("PROTO-1",)),
    Scenario("lost-answers", CONTENT, TELLS, ("PROTO-1",)),
    Scenario("lost-request", CONTENT, TELLS, ("PROTO-1",)),
    Scenario("flipped-answer", ALL, TELLS, ("PROTO-7",)),
    Scenario("flipped-answers", CONTENT, TELLS, ("PROTO-7",)),
    Scenario("flipped-request", CONTENT, TELLS, ("PROTO-5",)),
    Scenario("flipped-requests", CONTENT, TELLS, ("PROTO-5",)),
    Scenario("short-answer", ALL, TELLS, ("PROTO-7",)),
    Scenario("short-request", CONTENT, TELLS, ("ROM-4",)),
    Scenario("torn-answer", ALL, TELLS, ("PROTO-7", "SLIP-5")),
    Scenario("reset", CONTENT, TELLS, ("BOOT-2",)),
    Scenario("power-cut", CONTENT, TELLS, ("FLASH-22",)),
    Scenario("silence", ALL, TELLS, ("CMD-2",)),
    Scenario("unplugged", ALL, TELLS, ("CMD-2",)),
    Scenario("nobody", ALL, TELLS, ("CMD-2",)),
    Scenario("weak-supply", CHANGES, TELLS, ("FLASH-22",)),
    Scenario("erase-fails", CHANGES, TELLS, ("FLASH-10",)),
    Scenario("erase-fails-once", CHANGES, TELLS, ("FLASH-10",)),
    Scenario("stuck-at-0", CHANGES, TELLS, ("FLASH-10",)),
    Scenario("stuck-at-1", (Job.WRITE,), TELLS, ("FLASH-7",)),
    Scenario("page-fails-once", (Job.WRITE,), TELLS, ("FLASH-7", "ROM-24")),
    Scenario("misread-once", (Job.READ, Job.WRITE), TELLS, ("FLASH-1",)),
    Scenario("misread", (Job.READ, Job.WRITE), TELLS, ("FLASH-1",)),
    Scenario("protected", CHANGES, TELLS, ("FLASH-19",)),
    Scenario("protection-bits", CHANGES, TELLS, ("FLASH-19",)),
    Scenario("busy-for-ever", CHANGES, TELLS, ("FLASH-12",)),
    Scenario("lying-size", CHANGES, TELLS, ("FLASH-2", "FLASH-3"), beyond=True),
    Scenario("slow-flash", CHANGES, OK, ("FLASH-12", "CMD-2"), paced=True),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

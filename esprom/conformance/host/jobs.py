# SPDX-License-Identifier: Apache-2.0
"""What a host tool is given to do, and what is then right, judged by content alone."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from esprom.flash.geometry import SECTOR

AREA = range(0x20000, 0x20000 + 8 * SECTOR)  # of reads, writes, erases; not where tools edit a header


class Job(Enum):
    """What a tool can be asked to do."""

    IDENTIFY = "identify"  # print the chip's MAC
    READ = "read"  # flash -> file
    WRITE = "write"  # file -> flash
    ERASE = "erase"  # a range of whole sectors


# Words of a command line that tell the job, where nobody has named it.
SIGNS = {
    Job.WRITE: {"write", "flash", "upload", "burn", "program"},
    Job.READ: {"read", "dump", "backup", "download"},
    Job.ERASE: {"erase"},
    Job.IDENTIFY: {"identify", "id", "mac", "info"},
}


@dataclass(frozen=True, slots=True)
class Task:
    """A job with its numbers."""

    job: Job
    area: range = AREA

    @property
    def image(self) -> bytes:
        """What is to be written: bytes that no packing makes shorter."""
        return b"\x5a" + random.Random(self.area.start).randbytes(len(self.area) - 1)

    def beyond(self, size: int) -> "Task":
        """Return the task in a part of the flash that is not there, of a chip with `size` bytes."""
        return replace(self, area=range(self.area.start + size, self.area.stop + size))


@dataclass(frozen=True, slots=True)
class Traces:
    """What a job has left behind.

    Attributes:
        before: the cells before it.
        after: the cells after it.
        file: what it wrote, if it did.
        said: all that was printed.
        mac: the chip's, as octets with colons.
    """

    before: bytes
    after: bytes
    file: bytes | None
    said: str
    mac: str


def mistakes(task: Task, traces: Traces) -> list[str]:
    """Return in which ways the job is not done, or more was done than that; nothing if all is right."""
    match task.job:
        case Job.IDENTIFY:
            wrong = [] if _says(traces.said, traces.mac) else [f"it does not say {traces.mac}"]
            return wrong + _changed("the flash", traces.before, traces.after)
        case Job.READ:
            wrong = _wrong_file(traces.file, traces.before[task.area.start : task.area.stop])
            return wrong + _changed("the flash", traces.before, traces.after)
        case Job.WRITE:
            return _wrong_cells(task, traces, task.image)
        case Job.ERASE:
            return _wrong_cells(task, traces, b"\xff" * len(task.area))


def guessed(words: Iterable[str]) -> Job | None:
    """Return the job that a command line is about, None if that is not plain."""
    said = {part for word in words for part in word.lower().replace("_", "-").split("-")}
    found = [job for job, signs in SIGNS.items() if said & signs]
    exact = [job for job in found if job is not Job.WRITE or said & (SIGNS[job] - {"flash"})]
    choice = exact or found
    return choice[0] if len(choice) == 1 else None


def _says(said: str, mac: str) -> bool:
    spoken = said.lower().replace("-", ":")
    return mac in spoken or mac.replace(":", "") in spoken


def _wrong_file(found: bytes | None, wanted: bytes) -> list[str]:
    if found is None:
        return ["there is no file"]
    if len(found) != len(wanted):
        return [f"the file has {len(found)} bytes, not {len(wanted)}"]
    return _changed("the file", wanted, found)


def _wrong_cells(task: Task, traces: Traces, wanted: bytes) -> list[str]:
    before, after, area = traces.before, traces.after, task.area
    if area.stop > len(before):
        beside = _changed("the flash, which ends before that address,", before, after)
        return [*beside, "nothing can be right there: the flash ends before that address"]
    found = after[area.start : area.stop]
    untouched = before[: area.start] + found + before[area.stop :]
    return [
        *_changed("the range", wanted, found, area.start),
        *_changed("what is beside it", untouched, after),
    ]


def _changed(what: str, wanted: bytes, found: bytes, base: int = 0) -> list[str]:
    if wanted == found:
        return []
    places = [at for at, (one, other) in enumerate(zip(wanted, found, strict=True)) if one != other]
    return [f"{what} is wrong in {len(places)} bytes, the first at {base + places[0]:#x}"]

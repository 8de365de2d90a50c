# SPDX-License-Identifier: Apache-2.0
"""The same arguments for esptool and for esprom, and what came of each; what is compared, and how.

Where a board is needed, each has its own, fresh and equal to the other's. One rule: a row states what is
compared, so what the report says of it follows from the row, and what a run finds otherwise is a failure.
"""

import hashlib
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from esp8266sim.board import Wiring
from esp8266sim.serve.server import OnConnect, Ways
from esp8266sim.serve.sim import open_board
from tests.served import serving
from tests.tools import Esptool

VERSION = "5.6.0"
RUN_S = 120.0
TRIES = 3
# esptool waits by the wall clock, and gives up where the computer is busy: that says nothing about the row.
GAVE_UP = re.compile(
    r"No more data to read|There was no response|Timed out waiting|Failed to connect|No serial data"
)
STEPS = " ; "  # between command lines for the same board
CONTENT = random.Random(6).randbytes(0x8000)  # of the flash, over and over but for what is counted in

FACTS = {
    "MAC": re.compile(r"MAC:\s+([0-9a-f:]{17})"),
    "chip id": re.compile(r"Chip ID: (0x[0-9a-f]+)"),
    "chip": re.compile(r"Chip (?:type:|is)\s+(\S+)"),
    "crystal": re.compile(r"Crystal (?:frequency:|is)\s+(\d+)MHz"),
    "maker": re.compile(r"Manufacturer: (\w+)"),
    "device": re.compile(r"Device: (\w+)"),
    "flash size": re.compile(r"Detected flash size: (\S+)"),
    "status": re.compile(r"(\w+) (?:flash memory |flash )?status:\s+(0x[0-9a-f]+)"),
    "word": re.compile(r"(0x[0-9a-f]{8}) = (0x[0-9a-f]{8})"),
    "words written": re.compile(r"Wrote (0x\w+) with mask (0x\w+) to (0x\w+)"),
    "written": re.compile(r"Wrote (\d+) bytes.* at (0x[0-9a-f]+)"),
    "read": re.compile(r"(?:Read|Dumped) (\d+) bytes (?:from|at) (0x[0-9a-f]+)"),
    "verified": re.compile(r"(Hash of data verified|digest matched|digest mismatch)"),
    "differences": re.compile(r"Verification failed: (\d+) differences, first at (0x[0-9a-f]+)"),
    "header": re.compile(r"Flash parameters set to (0x[0-9a-f]+)"),
    "erased": re.compile(r"(?:erased|rase completed) (successfully)"),
    "SFDP": re.compile(r"SFDP\[\d+..\d+\]: (.*\w)"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A command line, or several for one board, in esptool 5's spelling unless they are to show another's."""

    line: str
    why: str = ""  # ours is meant to be otherwise
    differs: tuple[str, ...] = ()  # in what; as `Comparison.differences` has it
    done: bool = True  # by esptool; else it refuses
    version: str = VERSION
    board: str | None = "esp01"  # None: it is about files alone
    way: str = "tcp"
    keep: bool = False  # what runs on the board when the next client comes; else it is powered anew
    lines: tuple[str, ...] = ()  # that both print, blanks at their ends aside

    @property
    def done_by_ours(self) -> bool:
        """esprom does it; else it refuses."""
        return self.done != ("success" in self.differs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row left behind."""

    done: bool
    said: str = field(repr=False)
    flash: str  # the SHA-256
    files: dict[str, bytes] = field(repr=False)

    @property
    def facts(self) -> dict[str, list[str]]:
        """What is printed of what can be compared."""
        found = {name: known.findall(self.said) for name, known in FACTS.items()}
        return {name: sorted({_plain(value) for value in values}) for name, values in found.items() if values}


def _plain(found: str | tuple[str, ...]) -> str:
    """Return a fact without what says nothing: how many digits a number has."""
    words = (found,) if isinstance(found, str) else found
    return " ".join(
        hex(int(word, 16)) if word.startswith("0x") and " " not in word else word for word in words
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A row's two outcomes."""

    row: Row
    theirs: Outcome
    ours: Outcome

    @property
    def differences(self) -> tuple[str, ...]:
        """In what they differ, in words."""
        ours, theirs = self.ours, self.theirs
        found = [
            name
            for name, same in (
                ("success", ours.done == theirs.done),
                ("flash", ours.flash == theirs.flash),
                ("files", ours.files == theirs.files),
            )
            if not same
        ]
        if theirs.done and ours.done:
            missing = {name for name, values in theirs.facts.items() if ours.facts.get(name) != values}
            found += [f"facts ({', '.join(sorted(missing))})"] if missing else []
        return tuple(found)

    @property
    def wrong(self) -> list[str]:
        """What is not as the row states, and what is right in no row, in words."""
        return list(self._otherwise())

    def _otherwise(self) -> Iterator[str]:
        row, ours, theirs = self.row, self.ours, self.theirs
        if self.differences != row.differs:
            yield f"they differ in {_listed(self.differences)}, and not in {_listed(row.differs)}"
        if theirs.done != row.done:
            yield f"esptool {does(theirs.done)}"
        for name, outcome in (("esptool", theirs), ("esprom", ours)):
            said = [line.rstrip() for line in outcome.said.splitlines()]
            yield from (f"{name} does not print {line!r}" for line in row.lines if line not in said)
        if "Traceback" in ours.said:
            yield "esprom ends with a traceback"
        if not ours.done and ours.files:
            yield f"esprom fails, and leaves {_listed(tuple(ours.files))}"


def does(done: bool) -> str:
    """Return what a tool does, in words."""
    return "does it" if done else "refuses"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


def cells(row: Row) -> list[str]:
    """Return what the report says of a row."""
    of_version = "" if row.version == VERSION else f" ({row.version})"
    where = [] if row.board is None else [f"{row.board}, {row.way}"]
    return [
        f"`{row.line}`",
        *where,
        does(row.done) + of_version,
        does(row.done_by_ours),
        _listed(row.differs),
        row.why,
    ]


def compare(row: Row, files: Mapping[str, bytes], folder: Path) -> Comparison:
    """Run both, each in a folder that has these files. Skips the test where esptool cannot be had."""
    place = Esptool(row.version).place
    start = f"import sys; sys.path.insert(0, {str(place)!r}); import esptool; esptool._main()"
    ours = _outcome([sys.executable, "-m", "esprom"], row, files, folder / "esprom")
    for again in range(TRIES):
        theirs = _outcome([sys.executable, "-c", start], row, files, folder / f"esptool-{again}")
        found = Comparison(row, theirs, ours)
        if not (found.wrong and GAVE_UP.search(theirs.said)):
            break
    return found


def _outcome(command: list[str], row: Row, files: Mapping[str, bytes], folder: Path) -> Outcome:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    words = [*command, "--chip", "esp8266"]
    flash = ""
    if row.board is None:
        done, said = _run(words, row.line, folder)
    else:
        done, said, flash = _run_on_board(words, row, row.board, folder)
    left = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert files.keys() <= left.keys()
    return Outcome(done, said, flash, {name: data for name, data in left.items() if files.get(name) != data})


def _run(command: list[str], line: str, folder: Path) -> tuple[bool, str]:
    ran = subprocess.run(
        [*command, *line.split()], cwd=folder, capture_output=True, text=True, check=False, timeout=RUN_S
    )
    return ran.returncode == 0, ran.stdout + ran.stderr


def _run_on_board(command: list[str], row: Row, name: str, folder: Path) -> tuple[bool, str, str]:
    board = open_board(f"sim://{name}")[0]
    size = len(board.flash.array)
    board.flash.array[:] = b"".join(
        at.to_bytes(4, "little") + CONTENT[4:] for at in range(0, size, len(CONTENT))
    )  # so that no part of it is like another
    ways = {
        "tcp": Ways(tcp=0),
        "rfc2217": Ways(rfc2217=0),
        "pty": Ways(pty=str(folder / "tty")),
    }[row.way]
    wiring = None if row.way == "rfc2217" else Wiring.JUMPER
    on_connect = OnConnect.KEEP if row.keep or row.way == "rfc2217" else OnConnect.POWER_CYCLE
    done, said = True, ""
    with serving(ways, board, wiring=wiring, on_connect=on_connect) as served:
        words = [*command, "--port", next(iter(served.urls.values()))]
        for line in row.line.split(STEPS):
            done, more = _run(words, line, folder)
            said += more
            if not done:
                break
        flash = hashlib.sha256(served.flash).hexdigest()
    (folder / "tty").unlink(missing_ok=True)
    return done, said, flash

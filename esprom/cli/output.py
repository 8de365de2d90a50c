# SPDX-License-Identifier: Apache-2.0
"""Where the lines go: results to stdout, all else to stderr; with `--json` one object and nothing beside it.

Where data goes to stdout (`read-flash 0 all /dev/stdout`), nothing else does. A reader that goes away
(`| head`) does not stop the job: a restore must not end half-way because nobody reads its progress any
more. A stdout that cannot be written to (a full disk) is an error.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import esprom
from esprom.errors import EspromError

if TYPE_CHECKING:
    from pathlib import Path

    from esprom.cli.failures import Failure

Facts = Mapping[str, Any]


class Output:
    """The two streams of one run.

    Attributes:
        command: the command that is run, once it is known; named in every JSON object.
        old: it was spelled with underscores, as esptool 4 does.
        quiet: print results only.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.quiet = False
        self.command: str | None = None
        self.old = False
        self._data_on_stdout = False
        self._noted: set[str] = set()

    def name(self, command: str, *, old: bool = False) -> None:
        """Note which command is run, and whether it was spelled with underscores."""
        self.command, self.old = command, old

    def leave_stdout_to(self, file: "Path") -> None:
        """Print results to stderr from now on, if `file`, which data will go to, is where stdout goes."""
        self._data_on_stdout = esprom.is_stdout(file)

    def result(self, line: str) -> None:
        """Print a line of what was asked for; with `--json` the facts say it instead."""
        if not self.json:
            self._print_result(line)

    def say(self, line: str, old: str | None = None) -> None:
        """Print a line that is esptool's too; `old` is how version 4 has it, where that differs."""
        self.result(old if self.old and old is not None else line)

    def aside(self, line: str) -> None:
        """Print a line that scripts may look for, and that is no result."""
        if not self.quiet:
            self.result(line)

    def note(self, line: str) -> None:
        """Tell what is going on. A stderr that takes nothing is no reason to stop a job half-way."""
        if not self.quiet:
            with suppress(OSError):
                write(sys.stderr, line)

    def note_once(self, line: str) -> None:
        """Tell it, unless a command of the same chain has."""
        if line not in self._noted:
            self._noted.add(line)
            self.note(line)

    def ask(self, line: str) -> None:
        """Ask for something without which nothing goes on, also where only results are wanted."""
        with suppress(OSError):
            write(sys.stderr, line)

    def finish(self, facts: Facts) -> None:
        """Print the JSON object of a command that did what was asked."""
        if self.json:
            self._print_object({"command": self.command, "ok": True, **facts})

    def fail(self, failure: "Failure") -> None:
        """Print the one line, and the JSON object, of a command that did not."""
        self.complain(failure)
        if not self.json:
            return
        with suppress(EspromError):  # stdout may be what failed
            self._print_object({"command": self.command, "ok": False, "error": failure.facts()})

    def complain(self, failure: "Failure") -> None:
        """Print the one line."""
        with suppress(OSError):
            write(sys.stderr, f"esprom: {failure.message}")

    def _print_object(self, found: Facts) -> None:
        import json

        self._print_result(json.dumps(found, indent=2))

    def _print_result(self, line: str) -> None:
        try:
            write(sys.stderr if self._data_on_stdout else sys.stdout, line)
        except OSError as error:
            raise EspromError(f"cannot write to standard output: {error.strerror}") from error


def write(stream: TextIO, line: str) -> None:
    """Print a line at once. Raises OSError, but for a reader that is gone; no line goes anywhere then."""
    try:
        print(line, file=stream, flush=True)
    except OSError as error:
        _silence(stream)
        if not isinstance(error, BrokenPipeError):
            raise


def _silence(stream: TextIO) -> None:
    """Let what is left in the buffer, which Python flushes at its end, and all that follows go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def somebody_is_there() -> bool:
    """Say whether a person can be asked, and see what is asked."""
    return sys.stdin.isatty() and on_terminal(sys.stderr)


def on_terminal(stream: TextIO) -> bool:
    """Say whether a person looks at `stream`, and cursor codes move a cursor there."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def in_colour() -> bool:
    """Say whether results may be coloured: a terminal shows them, and nobody has asked for none."""
    return on_terminal(sys.stdout) and "NO_COLOR" not in os.environ

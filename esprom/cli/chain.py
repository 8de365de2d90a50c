# SPDX-License-Identifier: Apache-2.0
"""`--then`: several commands in one connection. The first that fails is the last.

The options of the connection belong to the first command and hold for all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import click

import esprom
from esprom.cli.output import Facts, Output
from esprom.cli.settings import OPTIONS, Resolved, Scope, Settings
from esprom.cli.verbs import FOREIGN, VERBS

if TYPE_CHECKING:
    from esprom.cli.failures import Failure

THEN = "--then"
LAST = ("run", "load-ram")  # the loader is gone after them
ALONE = ("sim", "wire", "completion", "version")
ABOUT = {"-h", "--help", "--version"}


def split(words: Sequence[str]) -> list[list[str]]:
    """Return the command lines that `--then` separates; what follows a `--` is left together."""
    options = list(takewhile(lambda word: word != "--", words))
    parts: list[list[str]] = [[]]
    for word in options:
        if word == THEN:
            parts.append([])
        else:
            parts[-1].append(word)
    parts[-1] += words[len(options) :]
    return parts


class Chain(Output):
    """The output of all the commands: one JSON object; and the connection that they share.

    Attributes:
        held: the settings of the first command, once they are known, and what is configured for a board.
    """

    def __init__(self, *, json: bool = False) -> None:
        super().__init__(json=json)
        self._left = 0  # commands that follow the one that runs
        self.held: Resolved | None = None
        self._device: esprom.Device | None = None
        self._capture: esprom.WireCapture | None = None
        self._results: list[dict[str, Any]] = []
        self._ok = True

    def begin(self, *, left: int) -> None:
        """Be ready for the next command; `left` follow it."""
        self._left = left
        self.command = None

    def name(self, command: str, *, old: bool = False) -> None:
        """Note which command is run. Raises UsageError for one that cannot stand there.

        Only of the first one this is news: options may stand before it, so `check` does not know it.
        """
        super().name(command, old=old)
        refuse(command, last=not self._left)

    def hold(self, found: Resolved) -> None:
        """Keep the settings of a command for those that follow.

        Of a later one only those of the connection, which are new where none before it had a board.
        """
        if self.held is None:
            self.held = found
            return
        origins = {name: origin for name, origin in found.origins.items() if _of_connection(name)}
        fresh = {name: getattr(found.settings, name) for name in origins}
        self.held = Resolved(replace(self.held.settings, **fresh), {**origins, **self.held.origins})

    def device(self, connect: "Callable[[], esprom.Device]") -> "esprom.Device":
        """Return the device of all the commands; the first that needs it connects."""
        if self._device is None:
            self._device = connect()
        return self._device

    def recording(self, begin: "Callable[[], esprom.WireCapture]") -> "esprom.WireCapture":
        """Return the capture of all the commands; the first begins it."""
        if self._capture is None:
            self._capture = begin()
        return self._capture

    def close(self) -> "esprom.Device | None":
        """Leave the board; return the device if there was one."""
        device, self._device = self._device, None
        try:
            if device is not None:
                device.close()
        finally:
            if self._capture is not None:
                self._capture.close()
        return device

    def finish(self, facts: Facts) -> None:
        """Keep the object of a command that did what was asked."""
        self._results.append({"command": self.command, "ok": True, **facts})

    def fail(self, failure: "Failure") -> None:
        """Print the one line of a command that did not, and keep its object."""
        self._ok = False
        self.complain(failure)
        self._results.append({"command": self.command, "ok": False, "error": failure.facts()})

    def print_object(self) -> None:
        """Print the object of all the commands that ran."""
        if self.json:
            self._print_object({"command": "then", "ok": self._ok, "results": self._results})


def _of_connection(setting: str) -> bool:
    return OPTIONS[setting].scope is not Scope.COMMAND


def refuse_others(said: Mapping[str, Any], held: Settings) -> None:
    """Raise UsageError for settings, said of a later command, that are not those of the connection."""
    for name, value in said.items():
        if _of_connection(name) and value != getattr(held, name):
            raise click.UsageError(
                f"{OPTIONS[name].opts[0]} holds for the whole connection: put it before {THEN}"
            )


def refuse_foreign(word: str) -> None:
    """Raise UsageError for a command of esptool that means nothing here, however it is spelled."""
    reason = FOREIGN.get(word.replace("_", "-"))
    if reason is not None:
        raise click.UsageError(f"{word} {reason}")


def refuse(command: str, *, last: bool) -> None:
    """Raise UsageError for a command that cannot stand there."""
    if command in ALONE:
        raise click.UsageError(f"{command} uses no connection and cannot be combined by {THEN}")
    if not last and command in LAST:
        raise click.UsageError(f"the loader is gone after {command}, so nothing can follow it by {THEN}")


def check(parts: Sequence[Sequence[str]]) -> None:
    """Raise UsageError, before anything is done, for commands that cannot be combined so.

    Their arguments are looked at when their turn comes, since an earlier one may make the files they name.
    """
    if ABOUT & {word for part in parts for word in part}:
        raise click.UsageError(f"help and version are printed alone, without {THEN}")
    if not parts[0]:
        raise click.UsageError(f"a command has to stand before {THEN}")
    for number, part in enumerate(parts[1:], 1):
        verb = part[0].replace("_", "-") if part else ""
        if part:
            refuse_foreign(part[0])
        if verb not in VERBS:
            found = f", not {part[0]}" if part else ""
            raise click.UsageError(f"a command has to follow {THEN}{found}")
        refuse(verb, last=number == len(parts) - 1)

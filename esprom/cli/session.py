# SPDX-License-Identifier: Apache-2.0
"""One run of one command: its settings, its output, and the board it talks to."""

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

import esprom
from esprom.cli import progress
from esprom.cli.output import Output, on_terminal
from esprom.cli.settings import Settings
from esprom.errors import Cancelled, Refused


class Session:
    """What a command's function is given first."""

    def __init__(self, settings: Settings, output: Output) -> None:
        self.settings = settings
        self.output = output

    @contextmanager
    def device(self) -> Iterator["esprom.Device"]:
        """Connect, and leave the board as `--after` says."""
        settings = self.settings
        if settings.port is None:
            raise click.UsageError(
                "no port given: add --port PORT, or set ESPROM_PORT; 'esprom ports' lists what is there"
            )
        self.output.note(f"connecting to {settings.port}")
        with esprom.connect(
            settings.port, baud=settings.baud, before=settings.before, after=settings.after
        ) as device:
            yield device

    def progress(self) -> progress.Display:
        """Return a display for one job."""
        if self.settings.no_progress:
            return progress.Hidden()
        return progress.display(self.output, plain=bool(self.settings.verbose))

    def command(self, *words: str) -> str:
        """Return a command for the user to type, on the port of this one."""
        port = ("--port", self.settings.port) if self.settings.port else ()
        return shlex.join(["esprom", *port, *words])

    def confirm(self, action: str, *, yes: bool) -> None:
        """Say what is about to be done; ask first, where somebody can answer. Raises Refused."""
        if yes or not (sys.stdin.isatty() and on_terminal(sys.stderr)):
            self.output.note(f"about to {action}")
        elif not click.confirm(f"About to {action}. Go on?", err=True):
            raise Refused("not confirmed, nothing was done")

    @contextmanager
    def interrupted(self, meaning: str) -> Iterator[None]:
        """Say what Ctrl-C at this point means for the board."""
        try:
            yield
        except KeyboardInterrupt:
            raise Cancelled(f"interrupted: {meaning}") from None

    @contextmanager
    def logged(self) -> Iterator[None]:
        """Send esprom's log to stderr while the command runs, if that is wanted."""
        if not self.settings.verbose:
            yield
            return
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger = logging.getLogger("esprom")
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if self.settings.verbose == 1 else logging.DEBUG)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

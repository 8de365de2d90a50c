# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and its kin: what they do depends on what runs.

A job that asks its `cancel` callback is stopped by that, where it can be stopped without harm; a second
signal forces. What is served until somebody stops it asks the same way, since an exception anywhere in it
would leave it half done. Where neither runs, a signal is a KeyboardInterrupt at once. Signals that are
ignored when esprom starts (`nohup`, a job in the background of a script) stay ignored.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from types import FrameType

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last one Windows has not


class Running(Enum):
    """What a signal would meet."""

    NOTHING = auto()
    SERVICE = auto()  # what is served until somebody stops it: ends between two steps, and without a word
    JOB = auto()
    RESCUE = auto()  # of bytes that exist nowhere else: nothing stops that


class Interrupts:
    """The signals of one run.

    Attributes:
        asked: a signal came while the job or the service ran; their `cancel` callback returns this.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self.asked = False
        self._note = note
        self._running = Running.NOTHING

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals over for the time of one command."""
        found = {number: signal.getsignal(number) for number in _numbers()}
        taken = {number: before for number, before in found.items() if before not in (signal.SIG_IGN, None)}
        for number in taken:
            signal.signal(number, self._receive)
        try:
            yield
        finally:
            for number, before in taken.items():
                signal.signal(number, before)

    @contextmanager
    def job(self) -> Iterator[None]:
        """Let signals stop what is done here by `asked`."""
        self.asked = False
        with self._while(Running.JOB):
            yield

    @contextmanager
    def service(self) -> Iterator[None]:
        """Let a signal end what is served here by `asked`."""
        self.asked = False
        with self._while(Running.SERVICE):
            yield

    @contextmanager
    def rescue(self) -> Iterator[None]:
        """Let no signal stop what is done here."""
        with self._while(Running.RESCUE):
            yield

    @contextmanager
    def _while(self, running: Running) -> Iterator[None]:
        before, self._running = self._running, running
        try:
            yield
        finally:
            self._running = before

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._running is Running.RESCUE:
            return
        if self._running is Running.NOTHING or self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if self._running is Running.SERVICE:
            return
        with suppress(RuntimeError):  # stderr is in the middle of a line, and cannot be entered twice
            self._note("stopping as soon as that does no harm; once more to stop at once")


def _numbers() -> list[signal.Signals]:
    return [signal.Signals[name] for name in NAMES if name in signal.Signals.__members__]

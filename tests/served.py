# SPDX-License-Identifier: Apache-2.0
"""A served virtual board for tests: in a thread of this process, or as the process that a user starts."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from esp8266sim.board import Board, Wiring
from esp8266sim.serve.background import ServedBoard
from esp8266sim.serve.pace import Pace
from esp8266sim.serve.server import OnConnect, Server, Ways
from esp8266sim.serve.sim import open_board

END_S = 20.0


def serving(
    ways: Ways,
    board: Board | None = None,
    *,
    wiring: Wiring | None = None,
    on_connect: OnConnect = OnConnect.KEEP,
    pace: Pace = Pace.MAX,
) -> ServedBoard:
    """Serve a board from a thread."""
    made = board or open_board("sim://esp01")[0]
    return ServedBoard(Server(made, ways, wiring=wiring, on_connect=on_connect, pace=pace))


@dataclass(frozen=True, slots=True)
class Process:
    """A running `esprom sim serve`."""

    process: "subprocess.Popen[str]"
    urls: dict[str, str]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(END_S)


@contextmanager
def process(*options: object, stderr: IO[str] | None = None) -> Iterator[Process]:
    """Serve a board as a user does; what it notes goes to `stderr`, if given."""
    command = [sys.executable, "-m", "esprom", "sim", "serve", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as child:
        try:
            assert child.stdout is not None
            urls = {}
            for line in child.stdout:
                if line.strip() == "ready":
                    break
                kind, _, url = line.strip().partition(" ")
                urls[kind] = url
            else:
                raise AssertionError(f"the server ended with {child.wait(END_S)}")
            yield Process(child, urls)
        finally:
            if child.poll() is None:
                child.kill()

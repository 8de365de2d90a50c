# SPDX-License-Identifier: Apache-2.0
"""Runs one job of one tool in front of one scripted board. Nothing that the tool has started outlives it."""

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from esprom.conformance.host.clients import BAUD, HostClient
from esprom.conformance.host.grading import Ended, Grade, grade
from esprom.conformance.host.jobs import Job, Task, Traces
from esprom.conformance.host.scenarios import Scenario
from esprom.errors import EspromError

if TYPE_CHECKING:
    from esp8266sim.scripts import Passed, Script
    from esp8266sim.serve.background import ServedBoard

PROFILE = "esp01"
SIZE = 1 << 20  # of its flash
KEPT_DONE = 8  # of what a script did, which may be done to each frame
KEPT_SAID = 1 << 16  # bytes of what a tool prints
# Where the middle of a job is: behind the upload of a stub and the looking at the chip, before the end.
MIDDLE = 28_000  # bytes of what a read brings, or a write sends
QUICK = 0.02  # of the flash's times, where they are not what is tried: computing them costs real seconds
BEGINNING = 20  # bytes of answers: the chip is asked what it is


def content() -> bytes:
    """Return what the flash holds at first: bytes that no packing makes shorter, and no two sectors alike."""
    return random.Random(8266).randbytes(SIZE)


def script(scenario: Scenario, task: Task) -> "Script":
    """Return the script of a scenario, placed into this task."""
    from esp8266sim.troubles import troubles

    found = troubles(_middle(task.job), task.area)[scenario.name]
    return found if scenario.paced or found.faults else replace(found, slower=QUICK)


def _middle(job: Job) -> "Passed":
    from esp8266sim.scripts import Passed, Way

    match job:
        case Job.READ:
            return Passed(Way.FROM_CHIP, MIDDLE)
        case Job.WRITE:
            return Passed(Way.TO_CHIP, MIDDLE)
        case Job.ERASE | Job.IDENTIFY:
            return Passed(Way.FROM_CHIP, BEGINNING)


class Leash:
    """Holds the tools that run, so that all can be ended at once."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def hold(self, process: "subprocess.Popen[bytes]") -> None:
        """Add one; it is killed if all are ended already."""
        self._running.add(process)
        if self._ended:
            kill(process)

    def let_go(self, process: "subprocess.Popen[bytes]") -> None:
        """Forget one that has ended."""
        self._running.discard(process)

    def end_all(self) -> None:
        """Kill what runs, and what will be started."""
        self._ended = True
        for process in tuple(self._running):
            kill(process)


def run(client: HostClient, scenario: Scenario, job: Job, limit_s: float, leash: Leash) -> Grade:
    """Do one job in front of one board.

    Raises:
        EspromError: the tool cannot be started, or the board not be served.
    """
    task = Task(job)
    play = script(scenario, task)
    if scenario.beyond:
        task = task.beyond(SIZE)
    with (
        tempfile.TemporaryDirectory(prefix="esprom-host-") as folder,
        _served(client, scenario, play) as board,
    ):
        before = board.flash
        file = Path(folder, "image.bin")
        if job is Job.WRITE:
            file.write_bytes(task.image)
        words = client.words(job, _values(client, task, board, file))
        ended, said = run_limited(words, client.environment, Path(folder, "said"), limit_s, leash)
        done = tuple(board.misdeeds[:KEPT_DONE])
        traces = Traces(
            before=before,
            after=board.flash,
            file=file.read_bytes() if job is Job.READ and file.exists() else None,
            said=said,
            mac=_mac(),
        )
    return grade(
        client=client.name,
        scenario=scenario,
        task=task,
        ended=ended,
        traces=traces,
        done=done,
        reached=bool(done) or not play.line,
    )


def _served(client: HostClient, scenario: Scenario, play: "Script") -> "ServedBoard":
    from esp8266sim.board import Wiring
    from esp8266sim.profiles import PROFILES
    from esp8266sim.scripts import scripted_board
    from esp8266sim.serve.background import ServedBoard
    from esp8266sim.serve.pace import Pace
    from esp8266sim.serve.server import NoPty, OnConnect, Server, Ways

    ways = {"tcp": Ways(tcp=0), "rfc2217": Ways(rfc2217=0), "pty": Ways(pty="")}[client.way]
    wiring = Wiring.AUTO if client.way == "rfc2217" else Wiring.JUMPER
    board = scripted_board(PROFILES[PROFILE], play, bytearray(content()), wiring)
    try:
        server = Server(
            board,
            ways,
            wiring=wiring,
            on_connect=OnConnect.POWER_CYCLE,
            pace=Pace.REAL if scenario.paced else Pace.MAX,
            script=play,
        )
    except (NoPty, OSError) as exc:
        raise EspromError(f"cannot serve a board by {client.way}: {exc}") from exc
    return ServedBoard(server)


def _values(client: HostClient, task: Task, board: "ServedBoard", file: Path) -> dict[str, object]:
    url = board.urls[client.way]
    parts = urlsplit(url)
    return {
        "port": url,
        "host": parts.hostname,
        "number": parts.port,
        "file": file,
        "offset": f"{task.area.start:#x}",
        "size": f"{len(task.area):#x}",
        "baud": BAUD,
    }


def _mac() -> str:
    from esp8266sim.profiles import PROFILES
    from esprom.chip import mac_address

    return mac_address(PROFILES[PROFILE].efuse)


def run_limited(
    words: list[str], environment: Mapping[str, str], said_to: Path, limit_s: float, leash: Leash
) -> tuple[Ended, str]:
    """Run a command for at most `limit_s`; return how it ended and what it printed.

    Whatever it has started is killed when it has ended, or when the time is over.

    Raises:
        EspromError: it cannot be started.
    """
    began = time.monotonic()
    with said_to.open("w+b") as said:
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "NO_COLOR": "1", **environment},
                start_new_session=True,
            )
        except OSError as exc:
            raise EspromError(f"cannot start {words[0]}: {exc.strerror}; is its path right?") from exc
        leash.hold(process)
        try:
            code: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            left = kill(process)
            leash.let_go(process)
        seconds = time.monotonic() - began
        said.seek(0, os.SEEK_END)
        said.seek(max(0, said.tell() - KEPT_SAID))
        text = said.read().decode(errors="replace")
    return Ended(code, round(seconds, 1), left and code is not None), text


def kill(process: "subprocess.Popen[bytes]") -> bool:
    """Kill a process and the group that it leads; return whether there was anything to kill."""
    if os.name == "nt":
        running = process.poll() is None
        process.kill()
        process.wait()
        return running
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        process.wait()
    return True

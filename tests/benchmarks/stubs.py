# SPDX-License-Identifier: Apache-2.0
"""How long esptool takes through its own stub on a served board, at max pace, and where the time goes."""

import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from esp8266sim.clock import SECOND
from esp8266sim.demo import firmware
from esp8266sim.serve.pace import Pace
from esp8266sim.serve.server import OnConnect, Ways
from tests.served import Process, process, serving
from tests.tools import Esptool

Row = tuple[str, str, str]

MIB = 1 << 20
IDLE_S = 5.0
VERSION = "5.6.0"
OPTIONS = ("--chip", "esp8266", "--before", "no-reset", "--after", "no-reset")
QUARTER = 0x40000


def stubs() -> Iterator[Row]:
    """A whole 4 MiB flash read, 1 MiB written, and a stub that waits."""
    if os.name == "nt":
        yield "esptool with its stub", "not measured", "pseudo terminals are POSIX's"
        return
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        tty, back = Path(folder, "tty"), Path(folder, "back")
        images = {
            "firmware": firmware(MIB, seed=2),
            "half random": b"".join(dice.randbytes(64) + bytes(64) for _ in range(MIB // 128)),
        }
        with process("--profile", "esp12", "--pty", tty, "--pace", "max") as server:
            yield from _timed(server, "4 MiB read", "within 90 s", "read-flash", 0, 4 * MIB, back)
            for kind, image in images.items():
                path = Path(folder, "image")
                path.write_bytes(image)
                yield from _timed(
                    server, f"1 MiB written compressed, {kind}", "within 40 s", "write-flash", 0, path
                )
            began = _cpu_s(server)
            time.sleep(IDLE_S)
            idle = (_cpu_s(server) - began) / IDLE_S
            yield "a stub that waits for its next command", f"{100 * idle:.1f} % of a CPU", "next to nothing"


def pace() -> Iterator[Row]:
    """At real pace over a pty: how long the wall's clock takes for a second of the board's."""
    if os.name == "nt":
        yield "real pace", "not measured", "pseudo terminals are POSIX's"
        return
    with tempfile.TemporaryDirectory() as folder:
        path, back = Path(folder, "image"), Path(folder, "back")
        path.write_bytes(random.Random(3).randbytes(QUARTER))
        for baud in (115200, 921600):
            for what, words in (
                ("read", ("read-flash", 0, QUARTER, back)),
                ("write", ("write-flash", 0, path)),
            ):
                with serving(Ways(pty=""), on_connect=OnConnect.POWER_CYCLE, pace=Pace.REAL) as served:
                    tool = Esptool(VERSION)
                    began, virtual = time.perf_counter(), served.ask(lambda board: board.clock.now)
                    done = tool("--port", served.urls["pty"], *OPTIONS, "--baud", baud, *words)
                    wall = time.perf_counter() - began
                    passed = (served.ask(lambda board: board.clock.now) - virtual) / SECOND
                    if done.returncode:
                        raise subprocess.CalledProcessError(done.returncode, what, done.stdout)
                yield (
                    f"256 KiB {what} at {baud}, real pace",
                    f"{wall:.1f} s",
                    f"board: {passed:.1f} s; within 5 %",
                )


def _timed(server: Process, what: str, target: str, *words: object) -> Iterator[Row]:
    tool = Esptool(VERSION)
    options = (
        "--chip",
        "esp8266",
        "--port",
        server.urls["pty"],
        "--before",
        "no-reset",
        "--after",
        "no-reset",
    )
    began, busy = time.perf_counter(), _cpu_s(server)
    children = os.times()
    done = tool(*options, *words)
    wall, board = time.perf_counter() - began, _cpu_s(server) - busy
    theirs = os.times()
    used = theirs.children_user - children.children_user + theirs.children_system - children.children_system
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, what, done.stdout)
    yield f"{what} by esptool {VERSION}, stub, pty", f"{wall:.1f} s", target
    yield "  of that the board's process", f"{board:.1f} s of CPU", f"esptool {used:.1f} s; they take turns"


def _cpu_s(server: Process) -> float:
    """Return the CPU time of the server's process so far, in seconds."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

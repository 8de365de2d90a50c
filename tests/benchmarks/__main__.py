# SPDX-License-Identifier: Apache-2.0
"""Prints what is fast and what is not: `python -m tests.benchmarks [NAME ...]`.

Nothing here is asserted by a test: machines differ, and a busy one lies. Figures in virtual time are exact.
Ratios are taken in one run, the two commands in turn.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import esprom
from tests.benchmarks import cpu, sessions, stubs
from tests.served import process

MIB = 1 << 20
COMMANDS_A_PIECE = 17  # a WRITE_REG and sixteen READ_REGs for 64 bytes
PIECE = 64
ROUND_TRIPS = 20_000
HELP_RUNS = 9
SERVED_RUNS = 3

Row = tuple[str, str, str]  # what, figure, target or remark


def round_trips() -> Iterator[Row]:
    """READ_REG, one after the other, client and board in one process."""
    with esprom.connect("sim://esp01") as device:
        began = time.perf_counter()
        for _ in range(ROUND_TRIPS):
            device.read_reg(0x40001000)
        rate = ROUND_TRIPS / (time.perf_counter() - began)
    yield "READ_REG round trips, in process", f"{rate:,.0f} a second", "at least 10,000"


def backup() -> Iterator[Row]:
    """A proved backup of 1 MiB without a stub: two passes."""
    with tempfile.TemporaryDirectory() as folder, esprom.connect("sim://esp01") as device:
        said = device.estimate_read(MIB)
        began = time.perf_counter()
        device.backup(Path(folder) / "esp01")
        wall = time.perf_counter() - began
    yield "proved 1 MiB backup, no stub: host", f"{wall:.1f} s", "within 120 s"
    yield "the same, as said before it starts (one pass)", f"{said.seconds / 60:.1f} min", said.reason


def reading() -> Iterator[Row]:
    """What 4 MiB take on the line, in the board's own time."""
    for latency_ms in (16, 1):
        with esprom.connect(f"sim://esp12?latency_ms={latency_ms}") as device:
            estimate = device.estimate_read(4 * MIB)
            waiting = estimate.round_trip_s * COMMANDS_A_PIECE * 4 * MIB / PIECE
        adapter = f"4 MiB at 115200 baud, {latency_ms} ms latency timer"
        yield f"{adapter}: stop and wait", f"{waiting / 3600:.1f} h", "17 round trips for 64 bytes"
        yield f"{adapter}: pipelined", f"{estimate.seconds / 60:.1f} min", "one pass"


def start_up() -> Iterator[Row]:
    """How long a person waits for `version` and `--help`, beside esptool."""
    beside = str(Path(sys.executable).parent)
    ours, theirs = (which(tool, path=beside) for tool in ("esprom", "esptool"))
    for word in ("version", "--help"):
        what = f"esprom {word} against esptool {word}"
        if ours is None or theirs is None:
            yield what, "not measured", f"both have to be in {beside}"
            continue
        times: dict[str, list[float]] = {ours: [], theirs: []}
        for _ in range(HELP_RUNS):
            for tool, taken in times.items():
                began = time.perf_counter()
                subprocess.run([tool, word], stdout=subprocess.DEVNULL, check=True)
                taken.append(time.perf_counter() - began)
        mine, other = map(statistics.median, times.values())
        yield what, f"{mine / other:.2f}", "at most 0.6"
        yield "the same, medians", f"{1000 * mine:.0f} and {1000 * other:.0f} ms", f"{HELP_RUNS} runs in turn"


def served() -> Iterator[Row]:
    """A flash-id over each way to a served board, beside esptool without its stub."""
    theirs = which("esptool", path=str(Path(sys.executable).parent)) or which("esptool")
    with (
        tempfile.TemporaryDirectory() as folder,
        process("--pty", Path(folder) / "tty", "--tcp", 0, "--rfc2217", 0, "--pace", "max") as server,
    ):
        for kind in ("pty", "tcp", "rfc2217"):
            mine = _wall([sys.executable, "-m", "esprom", "--port", server.urls[kind], "flash-id"])
            yield f"flash-id over {kind}", f"{mine:.1f} s", "whole process, max pace"
            if theirs is None:
                yield f"the same by esptool over {kind}", "not measured", "esptool is not installed here"
                continue
            other = _wall([theirs, "--chip", "esp8266", "--port", server.urls[kind], "--no-stub", "flash-id"])
            yield f"the same by esptool over {kind}", f"{other:.1f} s", f"{other / mine:.1f} times as long"


def _wall(command: list[str]) -> float:
    """Return the median of SERVED_RUNS runs, in seconds."""
    times = []
    for _ in range(SERVED_RUNS):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def plugin() -> Iterator[Row]:
    """What the pytest plugin costs each run of pytest, wherever esprom is installed."""
    code = (
        "import time, pytest; began = time.perf_counter(); import esprom.testing;"
        " print(time.perf_counter() - began)"
    )
    took = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(HELP_RUNS)
    ]
    yield "pytest plugin, loading it", f"{statistics.median(took) * 1000:.1f} ms", "under 5 ms"


BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    "round-trips": round_trips,
    "reading": reading,
    "start-up": start_up,
    "plugin": plugin,
    "served": served,
    "backup": backup,
    "sessions": sessions.sessions,
    "slower": sessions.slower,
    "writes": sessions.writes,
    "host": sessions.host,
    "cpu": cpu.loops,
    "stubs": stubs.stubs,
    "pace": stubs.pace,
}


def main(names: list[str]) -> None:
    """Run the benchmarks named, or all, and print a table as they end."""
    for name in names or BENCHMARKS:
        for what, figure, remark in BENCHMARKS[name]():
            print(f"{what:<60} {figure:>16}   {remark}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

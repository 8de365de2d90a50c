# SPDX-License-Identifier: Apache-2.0
"""From connect to a proved file: our stub beside esptool with its own, in the board's own time.

Both speak to the same virtual board (W25Q32, 26 MHz, FT232R), which is reset by the lines. Nothing of the
host counts, so the figures are exact, and the same on every machine.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import esprom
from esp8266sim.demo import firmware
from esprom.port import DEFAULT_BAUD, open_port
from esprom.port.forwarding import ForwardingPort
from tests.tools import Esptool

Row = tuple[str, str, str]

MIB = 1 << 20
BAUDS = (115200, 460800, 921600, 2_000_000)
VERSION = "5.6.0"
RESULT = re.compile(r"virtual seconds: ([\d.]+)")


def contents() -> dict[str, bytes]:
    """Return what is read: a stock-like flash, a dense firmware, noise.

    The firmware is real code for this CPU, as compilers make it: that of the stub loaders which esptool
    brings, again and again, which no window of 4 KiB notices.
    """
    images = sorted((Esptool(VERSION).place / "esptool/targets/stub_flasher").glob("*/esp8266.json"))
    code = b"".join(b64decode(json.loads(path.read_text())["text"]) for path in images)
    dense = (code * (MIB // len(code) + 1))[:MIB]
    return {
        "stock-like 4 MiB": dense[: 4 * MIB // 6].ljust(4 * MIB, b"\xff"),
        "dense 1 MiB": dense,
        "random 1 MiB": random.Random(1).randbytes(MIB),
    }


def sessions() -> Iterator[Row]:
    """Reading and proving, both tools, every rate and latency timer."""
    yield from _sessions([(baud, latency) for baud in BAUDS for latency in (16, 1)], cpi=1.0)


def slower() -> Iterator[Row]:
    """The same at the ends of the table, if the CPU should need 1.5 cycles where we count one."""
    yield from _sessions([(BAUDS[0], 16), (BAUDS[-1], 1)], cpi=1.5)


def _sessions(lines: list[tuple[int, int]], cpi: float) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder, "flash")
        for name, content in contents().items():
            for baud, latency in lines:
                flash.write_bytes(content.ljust(4 * MIB, b"\xff"))
                url = f"sim://esp12?flash={flash}&latency_ms={latency}&cpi={cpi}"
                what = f"{name}, {baud}, {latency} ms" + (f", {cpi} cycles" if cpi != 1 else "")
                yield from _compared(what, url, baud, len(content), folder)


def writes(bauds: tuple[int, ...] = (115200, 921600)) -> Iterator[Row]:
    """Writing 1 MiB over another firmware, and the same again; then the flash is proved equal to the file.

    Twice: a demonstration firmware, which hardly packs, and code that repeats itself within 32 KiB.
    """
    yield from _writes("demonstration", firmware(MIB, seed=3), bauds)
    yield from _writes("repeating", contents()["dense 1 MiB"], bauds)


def _writes(name: str, image: bytes, bauds: tuple[int, ...]) -> Iterator[Row]:
    other = firmware(MIB, seed=7)
    with tempfile.TemporaryDirectory() as folder:
        flash, path = Path(folder, "flash"), Path(folder, "image")
        path.write_bytes(image)
        for baud in bauds:
            url = f"sim://esp12?flash={flash}&latency_ms=16"
            flash.write_bytes(other.ljust(4 * MIB, b"\xff"))
            theirs = _esptool(url, baud, "write-flash", 0, path)
            flash.write_bytes(other.ljust(4 * MIB, b"\xff"))
            for what in (f"1 MiB written, {name}", "the same again"):
                port = open_port(url, baud)
                began = port.clock.now()
                with esprom.connect(port, loader="stub") as device:
                    device.write_flash(0, image)
                    ours = port.clock.now() - began
                yield f"{what}, {baud}, 16 ms", f"{ours:.1f} s", f"esptool, once: {theirs:.1f} s"


def host() -> Iterator[Row]:
    """What a MiB costs the host's CPU, the virtual board not counted."""
    content = contents()["dense 1 MiB"]
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder, "flash")
        flash.write_bytes(content.ljust(4 * MIB, b"\xff"))
        port = Metered(open_port(f"sim://esp12?flash={flash}&latency_ms=1", 2_000_000))
        with esprom.connect(port, loader="stub") as device:
            device.flash()
            port.spent = 0.0
            began = time.process_time()
            device.read_flash_proved(0, MIB)
            used = time.process_time() - began - port.spent
    yield "host CPU for 1 MiB read, the virtual board left out", f"{1000 * used:.0f} ms", "at most 60 ms"


class Metered(ForwardingPort):
    """A port that counts the CPU time spent below it."""

    spent = 0.0  # seconds

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        with self._counted():
            return super().read(timeout_s, at_least)

    def write(self, data: bytes) -> None:
        with self._counted():
            super().write(data)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        began = time.process_time()
        try:
            yield
        finally:
            self.spent += time.process_time() - began


def _compared(what: str, url: str, baud: int, size: int, folder: str) -> Iterator[Row]:
    port = open_port(url, baud)
    began = port.clock.now()
    with esprom.connect(port, loader="stub") as device:
        first = port.clock.now() - began
        device.flash()
        data = device.read_flash_proved(0, size).data
        ours = port.clock.now() - began
    port = open_port(url, baud)
    began = port.clock.now()
    with esprom.connect(port, loader="stub") as device:
        device.verify_flash(0, data)
        again = port.clock.now() - began
    theirs = _esptool(url, baud, "read-flash", 0, size, Path(folder, "back"))
    line = size * 10 / baud
    yield f"{what}: esprom", f"{ours:.1f} s", f"{theirs / ours:.1f} times sooner; line alone {line:.1f} s"
    yield "  esptool", f"{theirs:.1f} s", f"esprom: stub answers after {first:.2f} s; unchanged {again:.1f} s"


def _esptool(url: str, baud: int, *words: object) -> float:
    """Return how long it takes in the board's time."""
    tool = Esptool(VERSION)
    command = [sys.executable, "-m", "tests.benchmarks.virtual_esptool", "--chip", "esp8266", "--port", url]
    done = subprocess.run(
        [*command, "--baud", str(max(baud, DEFAULT_BAUD)), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tool.place}{os.pathsep}{Path.cwd()}", "NO_COLOR": "1"},
    )
    found = RESULT.search(done.stdout)
    if done.returncode or found is None:
        raise subprocess.CalledProcessError(done.returncode, "esptool", done.stdout + done.stderr)
    return float(found[1])

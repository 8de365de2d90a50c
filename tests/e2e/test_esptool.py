# SPDX-License-Identifier: Apache-2.0
"""Real esptool, unmodified, without its stub, against a served board; the flash file is what counts."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import served
from tests.tools import Esptool

MAC = "5c:cf:7f:12:34:56"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals are POSIX's")
VERSIONS = ("5.6.0", pytest.param("4.12.0", marks=pytest.mark.soak))
WAYS = (pytest.param("pty", marks=pytest.mark.soak), "tcp")  # pty: with its stub, in the file beside this


@dataclass(frozen=True, slots=True)
class Bench:
    """esptool on the desk, a board beside it."""

    tool: Esptool
    url: str
    flash: Path
    before: bytes

    def __call__(self, *words: object) -> str:
        """Run a command that must succeed; return what it prints."""
        done = self.tool("--chip", "esp8266", "--port", self.url, "--no-stub", *words)
        assert done.returncode == 0, done.stdout
        return done.stdout


def at_work(way: str, version: str, folder: Path, job: Callable[[Bench], None]) -> None:
    option = ("--pty", folder / "tty") if way == "pty" else (f"--{way}", 0)
    flash = folder / "flash"
    with served.process(*option, "--flash", flash, "--pace", "max") as server:
        job(Bench(Esptool(version), server.urls[way], flash, flash.read_bytes()))


def identify(bench: Bench) -> None:
    said = bench("chip_id")
    assert "ESP8266EX" in said
    assert "26MHz" in said
    assert MAC in bench("read_mac")
    said = bench("flash_id")
    assert "Manufacturer: ef" in said
    assert "Device: 4014" in said
    assert "1MB" in said
    assert bench.flash.read_bytes() == bench.before


def write(bench: Bench) -> None:
    image = bench.flash.with_name("image")
    data = bytes((7 * at + at // 251) & 0xFF for at in range(5000))
    image.write_bytes(data)
    bench("write_flash", "0x40000", image)
    after = bench.flash.read_bytes()
    assert after[0x40000 : 0x40000 + len(data)] == data
    assert after[:0x40000] == bench.before[:0x40000]
    assert after[0x44000:] == bench.before[0x44000:]


def memory(bench: Bench) -> None:
    assert "0xfff0c101" in bench("read_mem", "0x40001000").lower()
    bench("write_mem", "0x3ffe8000", "0x12345678")
    dump = bench.flash.with_name("dump")
    bench("dump_mem", "0x3ffe8000", "16", dump)
    assert dump.read_bytes()[:4] == bytes.fromhex("78563412")


def load_ram(bench: Bench) -> None:
    """An image of one segment, whose entry point is `j .`: here only the upload matters."""
    code = bytes.fromhex("06ffff00") + bytes(12)
    body = bytes.fromhex("e9010000 00801040 00801040") + len(code).to_bytes(4, "little")
    checksum = 0xEF
    for byte in code:
        checksum ^= byte
    image = body + code
    image += bytes(-(len(image) + 1) % 16) + bytes([checksum])
    file = bench.flash.with_name("app")
    file.write_bytes(image)
    bench("load_ram", file)


def status(bench: Bench) -> None:
    assert "0x0000" in bench("read_flash_status", "--bytes", "2")
    said = bench("write_flash_status", "--bytes", "1", "--non-volatile", "0x1c")
    # asked for in the same run: the FLASH_BEGIN with which the next one begins clears it
    assert "0x1c" in said.lower().partition("after flash")[2]


def sfdp(bench: Bench) -> None:
    assert "53" in bench("read_flash_sfdp", "0", "1").partition("SFDP[0..0]:")[2]


JOBS = (identify, write, memory, load_ram, status, sfdp)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", WAYS)
def test_esptool(way: str, version: str, job: Callable[[Bench], None], tmp_path: Path) -> None:
    at_work(way, version, tmp_path, job)


def chip_id(bench: Bench) -> None:
    assert "ESP8266EX" in bench("chip_id")


def read_mac(bench: Bench) -> None:
    assert MAC in bench("read_mac")


def flash_id(bench: Bench) -> None:
    assert "Device: 4014" in bench("flash_id")


def read_mem(bench: Bench) -> None:
    assert "0xfff0c101" in bench("read_mem", "0x40001000").lower()


@pytest.mark.soak
@pytest.mark.parametrize("version", VERSIONS)
def test_esptool_resets_the_board_by_rfc2217(version: str, tmp_path: Path) -> None:
    """Each command takes it up to 20 s, nearly all of it asleep; so they run side by side."""

    def run(job: Callable[[Bench], None]) -> None:
        folder = tmp_path / job.__name__
        folder.mkdir()
        at_work("rfc2217", version, folder, job)

    jobs = (chip_id, read_mac, flash_id, read_mem, write, sfdp)
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(run, job) for job in jobs]:
            done.result()

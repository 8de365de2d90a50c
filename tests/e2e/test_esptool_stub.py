# SPDX-License-Identifier: Apache-2.0
"""Real esptool with its own stub loader, unmodified: the program that it uploads runs on the virtual chip.

Version 5.6.0 has one stub, 4.12.0 and 3.3.3 another. The flash file is what counts, after each command.
"""

import os
import random
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from esprom.image.layout import ImageHeader, Segment, build_image
from tests import served
from tests.tools import Esptool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals are POSIX's")

SECTOR = 0x1000
OFFSET = 0x20000
SIZE = 0x100000
TEXT, CODE = 0x3FFE8000, 0x40100000
PRINTF, DELAY_US = 0x400024CC, 0x40002ECC


@dataclass(slots=True)
class Bench:
    """esptool on the desk, a board beside it."""

    tool: Esptool
    url: str
    flash: Path
    expected: bytearray

    def run(self, *words: object, before: str = "default_reset", after: str = "hard_reset") -> str:
        """Run a command that must succeed, and leave the flash as expected; return what it prints."""
        if self.tool.version < "4" and "://" not in self.url:  # fails on a terminal without modem lines
            before = "no_reset" if before == "default_reset" else before
            after = "no_reset" if after == "hard_reset" else after
        if self.tool.version > "5":
            before, after = before.replace("_", "-"), after.replace("_", "-")
        options = ("--chip", "esp8266", "--port", self.url, "--before", before, "--after", after)
        done = self.tool(*options, *words)
        assert done.returncode == 0, done.stdout
        assert self.flash.read_bytes() == self.expected
        return done.stdout

    def file(self, name: str, data: bytes) -> Path:
        path = self.flash.with_name(name)
        path.write_bytes(data)
        return path


def firmware_like(size: int, seed: int) -> bytes:
    """Return bytes of which half compress well, none to nothing."""
    dice = random.Random(seed)
    return b"".join(dice.randbytes(64) + bytes([dice.randrange(256)]) * 64 for _ in range(size // 128))


def identify(bench: Bench) -> None:
    said = bench.run("flash_id")
    assert re.search("[Ss]tub.* running", said)
    assert "5c:cf:7f:12:34:56" in said
    assert "Manufacturer: ef" in said
    assert "1MB" in said
    assert "0x0000" in bench.run("read_flash_status", "--bytes", "2")


def write_and_read(bench: Bench, *baud: object) -> None:
    data = firmware_like(0x8000 + 0x300, 1)
    bench.expected[OFFSET : OFFSET + len(data)] = data
    end = OFFSET + len(data)
    bench.expected[end : -(-end // SECTOR) * SECTOR] = b"\xff" * (-end % SECTOR)
    assert "verified" in bench.run(*baud, "write_flash", OFFSET, bench.file("image", data))
    back = bench.flash.with_name("back")
    bench.run(*baud, "read_flash", OFFSET, 0x10000, back)
    assert back.read_bytes() == bench.expected[OFFSET : OFFSET + 0x10000]
    bench.run("verify_flash", OFFSET, bench.flash.with_name("image"))


def write_at_460800(bench: Bench) -> None:
    write_and_read(bench, "--baud", 460800)


def write_at_921600(bench: Bench) -> None:
    write_and_read(bench, "--baud", 921600)


def write_uncompressed(bench: Bench) -> None:
    data = firmware_like(0x4000, 2)
    bench.expected[OFFSET : OFFSET + len(data)] = data
    assert "verified" in bench.run("write_flash", "--no-compress", OFFSET, bench.file("image", data))


def erase(bench: Bench) -> None:
    bench.expected[0x1000:0x4000] = b"\xff" * 0x3000
    bench.run("erase_region", "0x1000", "0x3000")
    bench.expected[:] = b"\xff" * SIZE
    bench.run("erase_flash")


def status(bench: Bench) -> None:
    assert "0x1c" in bench.run("write_flash_status", "--bytes", "1", "--non-volatile", "0x1c").lower()


def stay(bench: Bench) -> None:
    """The stub is left running for the next command.

    esptool sees it when it synchronises, which it always does over a socket; else it uploads into it.
    """
    bench.run("flash_id", after="no_reset_stub")
    again = bench.run("flash_id", before="no_reset_no_sync", after="no_reset_stub")
    assert ("Uploading" in again) == (not bench.url.startswith("socket:"))
    assert "1MB" in again


JOBS = (identify, write_and_read, write_at_460800, write_uncompressed, erase, status, stay)
LATEST = "5.6.0"
VERSIONS = (LATEST, *(pytest.param(older, marks=pytest.mark.soak) for older in ("4.12.0", "3.3.3")))


def at_work(way: str, version: str, folder: Path, job: Callable[[Bench], None]) -> None:
    option = ("--pty", folder / "tty") if way == "pty" else (f"--{way}", 0)
    flash = folder / "flash"
    power = "keep" if job is stay or way == "rfc2217" else "power-cycle"
    with served.process(*option, "--flash", flash, "--pace", "max", "--on-connect", power) as server:
        job(Bench(Esptool(version), server.urls[way], flash, bytearray(flash.read_bytes())))


def skip_unknown(version: str, job: Callable[[Bench], None]) -> None:
    if version == "3.3.3" and job is stay:
        pytest.skip(
            "3.3.3's stub does not greet when it is uploaded into itself; what silicon does is unknown"
        )


# The rest is in the long run, which has every version, way and job.
SOAKED = (write_uncompressed, write_at_460800)
USUAL = [(LATEST, "pty" if job is erase else "tcp", job) for job in JOBS if job not in SOAKED]
USUAL += [("4.12.0", "pty", erase), ("4.12.0", "pty", stay)]


def name_of(value: object) -> str:
    return str(getattr(value, "__name__", value))


@pytest.mark.parametrize(("version", "way", "job"), USUAL, ids=name_of)
def test_esptool_with_its_stub(version: str, way: str, job: Callable[[Bench], None], tmp_path: Path) -> None:
    at_work(way, version, tmp_path, job)


def write_only(bench: Bench) -> None:
    data = firmware_like(0x4000, 3)
    bench.expected[OFFSET : OFFSET + len(data)] = data
    said = bench.run("--baud", 921600, "write_flash", OFFSET, bench.file("image", data))
    assert "verified" in said


@pytest.mark.soak
def test_over_rfc2217(tmp_path: Path) -> None:
    """One command: esptool sleeps through most of the 20 s that each takes it."""
    at_work("rfc2217", "5.6.0", tmp_path, write_only)


@pytest.mark.soak
def test_over_rfc2217_at_921600(tmp_path: Path) -> None:
    at_work("rfc2217", LATEST, tmp_path, write_at_921600)


@pytest.mark.soak
@pytest.mark.parametrize("job", [*JOBS, write_at_921600], ids=lambda job: job.__name__)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", ["pty", "tcp"])
def test_every_version_every_way(
    way: str, version: str, job: Callable[[Bench], None], tmp_path: Path
) -> None:
    skip_unknown(version, job)
    at_work(way, version, tmp_path, job)


@pytest.mark.soak
@pytest.mark.parametrize("version", VERSIONS)
def test_a_whole_flash_is_read(version: str, tmp_path: Path) -> None:
    def job(bench: Bench) -> None:
        back = tmp_path / "back"
        bench.run("--baud", 921600, "read_flash", 0, SIZE, back)
        assert back.read_bytes() == bench.expected

    at_work("pty", version, tmp_path, job)


def ram_application() -> bytes:
    """Return an application that prints through the ROM's printf for ever, ten times a second."""
    text = b"hello from RAM, %d\n\0"
    words = struct.pack("<3I", TEXT, PRINTF, DELAY_US)
    code = bytes.fromhex(
        "12c1f0"  # addi a1, a1, -16
        "21fcff"  # again: l32r a2, TEXT
        "2ca3"  # movi.n a3, 42
        "01fcff"  # l32r a0, PRINTF
        "c00000"  # callx0 a0
        "22a7d0"  # movi a2, 2000
        "01faff"  # l32r a0, DELAY_US
        "c00000"  # callx0 a0
        "06faff"  # j again
    )
    segments = (Segment(CODE, padded(words + code)), Segment(TEXT, padded(text)))
    return build_image(ImageHeader(len(segments), 0, 0, CODE + len(words)), segments)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_application_in_ram_prints(version: str, tmp_path: Path) -> None:
    """Uploaded through the stub, which jumps to it; what it prints is there for whoever connects next."""
    flash = tmp_path / "flash"
    with served.process("--tcp", 0, "--flash", flash, "--pace", "max") as server:
        url = server.urls["tcp"]
        bench = Bench(Esptool(version), url, flash, bytearray(flash.read_bytes()))
        bench.run("load_ram", bench.file("app", ram_application()), after="no_reset")
        with serial.serial_for_url(url, timeout=5) as port:
            heard = port.read(120)
    assert b"hello from RAM, 42\r\nhello from RAM, 42\r\n" in heard

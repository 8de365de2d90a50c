# SPDX-License-Identifier: Apache-2.0
"""The well-known tutorial's four commands as spelled there, on served boards with and without reset lines."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import served

MODE_AND_SIZE = {2: 0x02, 3: 0x40}  # what `-fm dio -fs 4MB` sets: byte 2, and the high half of byte 3


@contextmanager
def board(way: str, profile: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve a board; yield the port to name and the flash file."""
    options = ("--pty", folder / "tty", "--wiring", "jumper") if way == "pty" else ("--rfc2217", 0)
    flash = folder / "flash"
    with served.process("--profile", profile, "--flash", flash, "--pace", "max", *options) as server:
        yield server.urls[way], flash


def esprom(port: str, *words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "esprom", "--port", port, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.parametrize("way", ["pty", pytest.param("rfc2217", marks=pytest.mark.soak)])
def test_one_mebibyte(way: str, tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    with board(way, "esp01", tmp_path) as (port, flash):
        before = flash.read_bytes()
        said = esprom(port, "flash_id")
        assert (said.returncode, "Detected flash size: 1MB" in said.stdout) == (0, True), said.stderr
        refused = esprom(port, "read_flash", "0x00000", "0x400000", image)
        assert refused.returncode == 1
        assert "read-flash 0x0 0x100000" in refused.stderr
        assert not image.exists()
        assert esprom(port, "read_flash", "0x00000", "0x8000", image).returncode == 0
        assert image.read_bytes() == before[:0x8000]
        erased = esprom(port, "erase_flash")
        assert erased.returncode == 0, erased.stderr
        assert flash.read_bytes() == b"\xff" * len(before)
        refused = esprom(port, "write_flash", "-fs", "4MB", "-fm", "dio", "0x0", image)
        assert refused.returncode == 1
        assert flash.read_bytes() == b"\xff" * len(before)
        wrote = esprom(port, "write_flash", "-fs", "1MB", "-fm", "dio", "0x0", image)
        assert wrote.returncode == 0, wrote.stderr
        after = flash.read_bytes()
    assert after[0x8000:] == b"\xff" * (len(before) - 0x8000)
    assert after[4:0x8000] == before[4:0x8000]
    assert (after[2], after[3]) == (0x02, 0x20 | before[3] & 0x0F)


@pytest.mark.soak
@pytest.mark.parametrize("way", ["pty"])
def test_four_mebibytes_as_spelled(way: str, tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    with board(way, "esp12", tmp_path) as (port, flash):
        before = flash.read_bytes()
        assert before[0] == 0xE9
        assert esprom(port, "flash_id").returncode == 0
        read = esprom(port, "read_flash", "0x00000", "0x400000", image)
        assert read.returncode == 0, read.stderr
        assert image.read_bytes() == before
        assert esprom(port, "erase_flash").returncode == 0
        assert flash.read_bytes() == b"\xff" * len(before)
        wrote = esprom(port, "write_flash", "-fs", "4MB", "-fm", "dio", "0x0", image)
        assert wrote.returncode == 0, wrote.stderr
        after = flash.read_bytes()
    assert after[4:] == before[4:]
    assert after[:2] == before[:2]
    assert (after[2], after[3]) == (MODE_AND_SIZE[2], MODE_AND_SIZE[3] | before[3] & 0x0F)

# SPDX-License-Identifier: Apache-2.0
"""What esptool leaves in the chip's RAM esprom goes on with, and the other way round; no line resets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import served
from tests.tools import Esptool

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(os.name == "nt", reason="pseudo terminals are POSIX's"),
]
RUN_S = 100.0


class Turns:
    """A board whose loader is never reset by anybody."""

    def __init__(self, url: str, version: str) -> None:
        self._port = ("--chip", "esp8266", "--port", url)
        self._esptool = Esptool(version)

    def esptool(self, *words: str) -> str:
        done = self._esptool(*self._port, *words)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def esprom(self, *words: str) -> str:
        command = [sys.executable, "-m", "esprom", *self._port, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_S)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


@pytest.mark.parametrize(("way", "version"), [("pty", "5.6.0"), ("tcp", "4.12.0")])
def test_each_goes_on_where_the_other_has_stopped(way: str, version: str, tmp_path: Path) -> None:
    option = ("--pty", tmp_path / "tty") if way == "pty" else ("--tcp", 0)
    stays = ["--after", "no_reset_stub"]
    with served.process(*option, "--pace", "max") as server:
        turns = Turns(server.urls[way], version)
        turns.esptool("--before", "no_reset", *stays, "flash_id")
        said = turns.esprom(
            "--before", "no-reset", "--after", "no-reset-stub", "--loader", "stub", "flash-id"
        )
        assert "another tool" in said
        assert "1MB" in turns.esptool("--before", "no_reset", *stays, "flash_id")
        assert "1MB" in turns.esprom("--before", "no-reset", "--after", "no-reset", "flash-id")
        assert "1MB" in turns.esptool("--before", "no_reset", "--after", "no_reset", "flash_id")


@pytest.mark.parametrize("way", ["pty", "tcp"])
def test_the_chip_stays_in_its_roms_loader(way: str, tmp_path: Path) -> None:
    option = ("--pty", tmp_path / "tty") if way == "pty" else ("--tcp", 0)
    with served.process(*option, "--pace", "max") as server:
        turns = Turns(server.urls[way], "5.6.0")
        turns.esprom("--before", "no-reset", "--after", "no-reset", "--loader", "stub", "flash-id")
        said = turns.esptool("--before", "no-reset-no-sync", "--no-stub", "--after", "no-reset", "flash-id")
        assert "already running" not in said
        assert "1MB" in said

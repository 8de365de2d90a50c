# SPDX-License-Identifier: Apache-2.0
"""A served board with a jumper and no reset line: the set-up of a bare module on an FTDI cable."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.served import process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no pseudo terminals")

RUN = "Take GPIO0 off GND and power-cycle to run the firmware"
ESPROM = [sys.executable, "-m", "esprom"]
READ = ("read-flash", 0, "0x2000")
DEADLINE_S = 120


def esprom(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*ESPROM, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def hand(control: str, *, jumper: str) -> str:
    """Return a command line that sets the jumper and powers the board again."""
    actions = (["jumper", jumper], ["power-cycle"])
    return " && ".join(shlex.join([*ESPROM, "sim", *action, "--control", control]) for action in actions)


@pytest.mark.soak
def test_a_power_command_brings_the_board_in_and_one_connection_does_all(tmp_path: Path) -> None:
    flash, copy = tmp_path / "flash.bin", tmp_path / "copy"
    options = ("--profile", "esp01", "--flash", flash, "--wiring", "jumper", "--pty", tmp_path / "tty")
    with process(*options, "--pace", "max") as served:
        assert esprom("sim", "jumper", "off", "--control", served.urls["control"]).returncode == 0
        assert esprom("sim", "power-cycle", "--control", served.urls["control"]).returncode == 0
        shared = ("--port", served.urls["pty"], "--power-command", hand(served.urls["control"], jumper="on"))
        ran = esprom(*shared, "--wait", 60, "--json", "read-mac", "--then", *READ, copy)
        assert ran.returncode == 0, ran.stderr
        assert [each["command"] for each in json.loads(ran.stdout)["results"]] == ["read-mac", "read-flash"]
        assert ran.stderr.count("powering the board again") == 1
        assert ran.stderr.splitlines()[-1] == RUN
        again = esprom("--port", served.urls["pty"], "read-mac")  # the loader still runs
        assert again.returncode == 0, again.stderr
        assert again.stderr.splitlines()[-1] == RUN
    assert copy.read_bytes() == flash.read_bytes()[:0x2000]


@pytest.mark.soak
def test_a_power_command_that_leaves_gpio0_high_is_explained(tmp_path: Path) -> None:
    with process("--wiring", "jumper", "--pty", tmp_path / "tty", "--pace", "max") as served:
        power = hand(served.urls["control"], jumper="off")
        ran = esprom("--port", served.urls["pty"], "--power-command", power, "--wait", 3, "read-mac")
        # the jumper was in place, so a loader ran and nothing had to be asked
        assert ran.returncode == 0
        subprocess.run(power, shell=True, check=True, stdout=subprocess.DEVNULL)
        ran = esprom("--port", served.urls["pty"], "--power-command", power, "--wait", 3, "read-mac")
    assert ran.returncode == 4
    assert "the chip did not answer within 3 s" in ran.stderr
    assert "GPIO0" in ran.stderr

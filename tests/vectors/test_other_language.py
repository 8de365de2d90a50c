# SPDX-License-Identifier: Apache-2.0
"""The example in another language of how to use the vectors runs, passes, and sees a loader that is wrong."""

import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from esp8266sim import Board, Profile
from esp8266sim.chips import W25Q32
from esp8266sim.profiles import PROFILES
from esp8266sim.serve.server import OnConnect, Ways
from tests.served import serving

EXAMPLE = Path(__file__).parents[2] / "specs" / "vectors" / "run.js"
RUN_S = 300.0
RECORDERS = replace(PROFILES["esp01"], flash=W25Q32)  # whose eFuses the recorder had


def run(profile: Profile, *beginnings: str) -> "subprocess.CompletedProcess[str]":
    """Run the example against a virtual board."""
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    board = Board(profile, bytearray(b"\xff" * W25Q32.size))
    with serving(Ways(tcp=0), board, on_connect=OnConnect.POWER_CYCLE) as served:
        port = served.url.rpartition(":")[2]
        return example(port, *beginnings)


def example(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["node", str(EXAMPLE), "127.0.0.1", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_S,
    )


@pytest.mark.soak
def test_example_passes_all() -> None:
    done = run(RECORDERS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("91 run, 0 differ")


def test_example_sees_another_chip() -> None:
    done = run(replace(RECORDERS, efuse=PROFILES["esp12"].efuse), "read/efuse", "sync/one")
    assert done.returncode == 1
    assert "read/efuse: answer 0 is c0010a0200000000ef0000c0" in done.stdout
    assert "2 run, 1 differ" in done.stdout


@pytest.mark.soak
def test_example_sees_a_loader_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esp8266sim.bootrom.download.SYNC_REPLIES", 7)
    done = run(RECORDERS, "sync/one")
    assert done.returncode == 1
    assert "sync/one: answer 0 is " in done.stdout


def test_example_says_that_nobody_is_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        done = example(str(free.getsockname()[1]))
    assert done.returncode == 2
    assert "ECONNREFUSED" in done.stderr

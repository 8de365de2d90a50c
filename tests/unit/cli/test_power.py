# SPDX-License-Identifier: Apache-2.0
"""Boards without reset lines: who is asked, how long is waited, and what is said at the end."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from esprom.cli.power import RUN
from esprom.errors import EspromError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import FakeDevice, Run, SitDown

SENTENCE = "Hold GPIO0 to GND and power the board again now"


def options(device: FakeDevice) -> dict[str, Any]:
    """Return what `connect` was told."""
    return dict(device.log[0][2])


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ([], 0.0),
        (["--wait", "5"], 5.0),
        (["--wait=0.5"], 0.5),
        (["--power-command", "true"], 10.0),
        (["--power-command", "true", "--wait", "0"], 0.0),
    ],
)
def test_how_long_is_waited_without_a_terminal(
    run: Run, device: FakeDevice, words: list[str], wait_s: float
) -> None:
    run("read-mac", *words)
    assert options(device)["wait_s"] == wait_s


@pytest.mark.parametrize(("words", "wait_s"), [([], 60.0), (["--wait", "0"], 0.0)])
def test_in_a_terminal_somebody_may_be_there(
    run: Run, device: FakeDevice, terminal: SitDown, words: list[str], wait_s: float
) -> None:
    terminal()
    run("read-mac", *words)
    assert options(device)["wait_s"] == wait_s


def test_a_zero_after_the_command_counts_more_than_a_number_before_it(run: Run, device: FakeDevice) -> None:
    run("--wait", "9", "read-mac", "--wait", "0")
    assert options(device)["wait_s"] == 0.0


@pytest.mark.parametrize("words", [[], ["--quiet"], ["--json"]])
def test_asking_is_heard_whatever_else_is_not(
    run: Run, device: FakeDevice, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run("read-mac", *words)
    options(device)["ask"](SENTENCE)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", SENTENCE + "\n")


def test_a_power_command_is_run_instead(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    run("read-mac", "--power-command", f"\"{sys.executable}\" -c \"open(r'{mark}', 'w')\"")
    assert not mark.exists()
    options(device)["ask"](SENTENCE)
    assert mark.exists()


def test_a_power_command_that_fails_is_one_line(run: Run, device: FakeDevice) -> None:
    run("read-mac", "--power-command", "exit 3")
    with pytest.raises(EspromError, match="the power command failed with exit code 3: exit 3"):
        options(device)["ask"](SENTENCE)


def test_the_end_says_how_to_run_the_firmware(run: Run, device: FakeDevice) -> None:
    assert RUN not in run("read-mac").err
    device.needs_power_cycle = True
    assert run("read-mac").err.splitlines()[-1] == RUN
    assert json.loads(run("read-mac", "--json").out)["ok"] is True


def test_a_board_without_lines_says_so_through_the_real_library(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from esprom.cli.main import main

    with pytest.raises(SystemExit) as exited:
        main(["--port", "sim://esp01?wiring=jumper", "read-mac"])
    assert exited.value.code == 0
    assert capsys.readouterr().err.splitlines()[-1] == RUN

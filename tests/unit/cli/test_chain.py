# SPDX-License-Identifier: Apache-2.0
"""Several commands in one connection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esprom.cli.chain import split
from esprom.cli.power import RUN
from tests.unit.cli.test_json import validator

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("a", ["a"]),
        ("-p X a --then b 1 --then c", ["-p X a", "b 1", "c"]),
        ("a --then", ["a", ""]),
        ("a -- --then b", ["a -- --then b"]),
    ],
)
def test_splits(words: str, parts: list[str]) -> None:
    assert split(words.split()) == [part.split() for part in parts]


def log_of(device: FakeDevice) -> list[Any]:
    return [entry[0] for entry in device.log]


def test_one_connection_for_all(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    ran = run("flash-id", "--then", "read_flash", "0", "0x1000", tmp_path / "a", "--then", "erase-flash")
    assert ran.code == 0
    assert log_of(device) == ["connect", "read", "erase", "close"]
    assert "Flash part: Winbond W25Q80" in ran.out
    assert "Flash memory erased successfully in " in ran.out
    assert (tmp_path / "a").read_bytes() == (bytes(range(256)) * 16)


def test_options_after_the_first_command_hold_for_all(run: Run, device: FakeDevice) -> None:
    ran = run("read-mac", "-p", "A", "--baud", "9600", "--then", "chip-id", port=False)
    assert ran.code == 0
    assert log_of(device) == ["connect", "close"]
    assert device.log[0][1] == "A"


def test_a_failure_is_the_end(run: Run, device: FakeDevice) -> None:
    ran = run("read-mac", "--then", "erase-region", "1", "2", "--then", "erase-flash", "--json")
    found = json.loads(ran.out)
    validator("then").validate({**found, "results": []})
    assert (ran.code, found["command"], found["ok"]) == (2, "then", False)
    assert [(each["command"], each["ok"]) for each in found["results"]] == [
        ("read-mac", True),
        ("erase-region", False),
    ]
    assert log_of(device) == ["connect", "close"]


@pytest.mark.parametrize(
    "words", [["--json", "read-mac", "--then", "flash-id"], ["read-mac", "--then", "flash-id", "--json"]]
)
def test_json_is_one_object_of_all_the_others(run: Run, words: list[str]) -> None:
    found = json.loads(run(*words).out)
    validator("then").validate({**found, "results": []})
    assert found["ok"] is True
    for each in found["results"]:
        validator(each["command"]).validate(each)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("erase-flash --then", "a command has to follow --then"),
        ("erase-flash --then frobnicate", "a command has to follow --then, not frobnicate"),
        ("run --then read-mac", "the loader is gone after run"),
        ("sim serve --then read-mac", "sim uses no connection"),
        ("erase-flash --then run --then flash-id", "the loader is gone after run"),
        ("flash-id --help --then erase-flash", "help and version are printed alone"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(
    run: Run, device: FakeDevice, words: str, said: str
) -> None:
    ran = run(*words.split())
    assert ran.code == 2
    assert said in ran.err
    assert device.log == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        ran = run("read-mac", "--then", "flash-id", "--json")
        monkeypatch.undo()
    assert ran.code == 1
    assert "esprom: cannot write to standard output" in ran.err


def test_another_port_cannot_come_later(run: Run) -> None:
    ran = run("read-mac", "--then", "flash-id", "--port", "other")
    assert ran.code == 2
    assert "--port holds for the whole connection: put it before --then" in ran.err


def test_the_firmware_may_be_started_last(run: Run, device: FakeDevice) -> None:
    assert run("read-mac", "--then", "run").code == 0
    assert log_of(device) == ["connect", "run", "close"]


def test_the_end_says_once_how_to_run_the_firmware(run: Run, device: FakeDevice) -> None:
    device.needs_power_cycle = True
    assert run("read-mac", "--then", "flash-id").err.count(RUN) == 1


def test_a_virtual_board_is_connected_to_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from esprom.cli.main import main

    file = str(tmp_path / "a.bin")
    words = (
        f"--port sim://esp01 read-flash 0 4KB {file} --then erase-region 0 4KB --then verify-flash 0 {file}"
    )
    with pytest.raises(SystemExit) as exited:
        main(words.split())
    assert exited.value.code != 0  # it was erased
    assert capsys.readouterr().err.count("connecting to") == 1

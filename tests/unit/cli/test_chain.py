# SPDX-License-Identifier: Apache-2.0
"""Several commands in one connection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esprom.cli.chain import split
from esprom.cli.power import RUN
from esprom.cli.settings import OPTIONS
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
        ("erase-flash --then get_security_info", "get_security_info is for other chips"),
        ("read-mac --then read-nand-spare", "read-nand-spare is for NAND flash"),
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


OTHERS = {  # another value for each option of the connection
    "port": "other",
    "baud": "9600",
    "before": "no-reset",
    "after": "no-reset",
    "chip": "auto",
    "port_filter": "vid=1",
    "loader": "stub",
    "chip_size": "1MB",
    "wait": "5",
    "power_command": "relay",
    "capture": "file",
    "trace": None,
    "connect_attempts": "2",
    "open_port_attempts": "0",
    "reset_sequence": "D0",
    "hard_reset_sequence": "R0",
    "reset_delay": "0.5",
}
OF_A_COMMAND = {"json", "quiet", "verbose", "no_progress"}


def test_each_option_is_of_the_connection_or_of_a_command() -> None:
    assert OTHERS.keys() | OF_A_COMMAND | {"capture_payload"} == OPTIONS.keys()  # which needs --capture


@pytest.mark.parametrize("setting", OTHERS)
def test_another_connection_cannot_come_later(run: Run, device: FakeDevice, setting: str) -> None:
    option = "--" + setting.replace("_", "-")
    words = [option] if OTHERS[setting] is None else [option, OTHERS[setting]]
    ran = run("read-mac", "--then", "flash-id", *words)
    assert (ran.code, log_of(device)) == (2, ["connect", "close"])
    assert f"{option} holds for the whole connection: put it before --then" in ran.err


def test_content_cannot_be_captured_from_half_way_on(run: Run, tmp_path: Path) -> None:
    ran = run("--capture", tmp_path / "a", "read-mac", "--then", "flash-id", "--capture-payload")
    assert (ran.code, "--capture-payload holds for the whole" in ran.err) == (2, True)


def test_no_stub_holds_for_the_whole_connection(run: Run, device: FakeDevice) -> None:
    assert run("--no-stub", "flash-id", "--then", "read-mac").code == 0
    assert device.log[0][2]["loader"] == "rom"
    ran = run("--no-stub", "flash-id", "--then", "read-mac", "--loader", "stub")
    assert (ran.code, "--loader holds for the whole connection" in ran.err) == (2, True)


def test_what_one_command_tells_is_its_own_affair(run: Run) -> None:
    assert "esprom.cli: port fake" not in run("read-mac", "--then", "flash-id", "-q").err
    said = run("read-mac", "--then", "flash-id", "-v", "--then", "chip-id")
    assert said.code == 0
    assert said.err.count("esprom.cli: port fake") == 1


@pytest.mark.parametrize("first", [[], ["read-mac", "--then"]], ids=["alone", "behind one with a board"])
def test_a_command_about_files_leaves_the_connection_to_the_others(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: list[str]
) -> None:
    monkeypatch.setenv("ESPTOOL_PORT", "theirs")
    monkeypatch.setenv("ESPTOOL_AFTER", "no-reset")
    monkeypatch.setenv("ESPTOOL_BAUD", "9600")
    (tmp_path / "a").write_bytes(b"content")
    merge = ["merge-bin", "-o", tmp_path / "b", "0", tmp_path / "a"]
    ran = run(*first, *merge, "--then", "write-flash", "0", tmp_path / "b", "--then", *merge, port=False)
    assert ran.code == 0
    assert device.log[0][1] == "theirs"
    assert (device.log[0][2]["baud"], device.log[0][2]["after"]) == (9600, "no-reset")


def test_a_board_is_left_as_it_is_configured_also_where_files_are_last(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ESPTOOL_AFTER", "no-reset")
    left: list[str] = []
    monkeypatch.setattr("esprom.cli.power.say_goodbye", lambda *words: left.append(words[2].after))
    (tmp_path / "a").write_bytes(b"content")
    merge = ["merge-bin", "-o", tmp_path / "b", "0", tmp_path / "a"]
    assert run(*merge, "--then", "read-mac", "--then", *merge).code == 0
    assert left == ["no-reset"]


def test_variables_do_not_count_against_what_was_typed(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPROM_PORT", "exported")
    monkeypatch.setenv("ESPROM_BAUD", "9600")
    assert run("read-mac", "-p", "A", "-b", "300", "--then", "flash-id", port=False).code == 0
    assert (device.log[0][1], device.log[0][2]["baud"]) == ("A", 300)


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

# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and its kin: a job is stopped where that does no harm, and what it means is said."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import esprom
from esp8266sim.serve.server import Lines
from esprom.cli import rescue
from esprom.errors import Cancelled, EdgeLost, EspromError, FlashProtected, NoResponse, Refused
from esprom.wire.serving import Hands

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
STOPPING = "stopping as soon as that does no harm; once more to stop at once\n"
HALF = "the flash may be part old, part new; run the same command again to finish"
SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
REST = bytes(range(256)) * 15


@pytest.fixture(autouse=True)
def _as_in_a_terminal() -> Iterator[None]:
    """Under nohup, the tests themselves ignore a signal."""
    before = {
        name: signal.signal(signal.Signals[name], signal.SIG_DFL) for name in SIGNALS if name != "SIGINT"
    }
    yield
    for name, handler in before.items():
        signal.signal(signal.Signals[name], handler)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"new")
    return tmp_path / "a.bin"


@pytest.fixture
def rescued(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder where the user is, and where nothing is yet."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@POSIX
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_stops_a_job_by_its_callback(run: Run, device: FakeDevice, file: Path, name: str) -> None:
    done: list[str] = []

    def half_way() -> None:
        signal.raise_signal(signal.Signals[name])
        done.append("this piece was not torn")

    device.half_way = half_way
    before = signal.getsignal(signal.Signals[name])
    ran = run("write-flash", "0", file, "--no-progress")
    assert (ran.code, ran.results, len(done)) == (130, "", 1)
    assert ran.err == f"connecting to fake\n{STOPPING}esprom: stopped; {HALF}\n"
    assert device.log[-1] == ("close",)
    assert signal.getsignal(signal.Signals[name]) is before


@POSIX
def test_the_second_signal_forces(run: Run, device: FakeDevice, file: Path) -> None:
    def half_way() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("should have ended before")

    device.half_way = half_way
    ran = run("write-flash", "0", file, "--no-progress", "-q")
    assert (ran.code, ran.err) == (130, f"esprom: interrupted; {HALF}\n")


@POSIX
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize(
    ("words", "lines"),
    [(["sim", "serve"], Lines), (["wire", "proxy", "-o", "OUT"], Hands)],
    ids=["sim", "proxy"],
)
def test_a_signal_ends_what_is_served_between_two_steps(
    *, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], lines: type, name: str
) -> None:
    done: list[str] = []

    def half_way(*_: object, **__: object) -> None:
        signal.raise_signal(signal.Signals[name])
        done.append("this step was not torn")

    monkeypatch.setattr(lines, "settle", half_way)
    words = [str(tmp_path / "a.pcapng") if word == "OUT" else word for word in words]
    ran = run("--port", "sim://esp01", *words, "--tcp", "0", port=False)
    assert (ran.code, len(done)) == (0, 1)
    assert ran.out.endswith("ready\n")
    assert ran.err.startswith("stopped\n")


@POSIX
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_ends_a_capture_and_its_command_and_the_file_is_told_of(
    *, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(Hands, "settle", lambda *_, **__: signal.raise_signal(signal.Signals[name]))
    file = tmp_path / "a.pcapng"
    endless = [sys.executable, "-c", "while True: pass", "{port}"]
    ran = run("--port", "sim://esp01", "wire", "capture", "-o", file, "--", *endless, port=False)
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.startswith(f"recorded: {file} ")
    assert ran.err.endswith("esprom: interrupted\n")
    assert file.exists()


@POSIX
def test_the_second_signal_ends_what_is_served_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def half_way(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("should have ended before")

    monkeypatch.setattr(Lines, "settle", half_way)
    ran = run("sim", "serve", "--tcp", "0", port=False)
    assert (ran.code, ran.err) == (130, "esprom: interrupted\n")


@POSIX
@pytest.mark.parametrize("name", SIGNALS)
def test_where_no_job_runs_the_first_one_ends_it(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(device, "read_reg", lambda address: signal.raise_signal(signal.Signals[name]))
    ran = run("read-mem", "0x3ff00050", "-q")
    assert (ran.code, ran.out, ran.err) == (130, "", "esprom: interrupted\n")


@POSIX
def test_a_signal_that_is_ignored_stays_so(run: Run, device: FakeDevice, file: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    device.half_way = lambda: signal.raise_signal(signal.SIGHUP)
    try:
        assert run("write-flash", "0", file).code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@POSIX
def test_every_job_can_be_stopped(run: Run, device: FakeDevice, file: Path, tmp_path: Path) -> None:
    device.half_way = lambda: signal.raise_signal(signal.SIGINT)
    out = tmp_path / "out"
    for words in (
        ["read-flash", "0", "16", out],
        ["backup", out],
        ["erase-flash"],
        ["erase-region", "0", "0x1000"],
        ["restore", file, "--force", "--no-safety-copy"],
        ["verify-flash", "0", file],
        ["dump-mem", "0x3ff00000", "16", out],
    ):
        ran = run(*words, "--no-progress")
        assert (ran.code, STOPPING in ran.err) == (130, True), words
    assert not out.exists()


@POSIX
def test_ctrl_c_while_the_board_is_left_hides_no_failure(
    run: Run, device: FakeDevice, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.fails = NoResponse("nobody is there", asked="FLASH_DATA", waited_s=1.5)
    monkeypatch.setattr(type(device), "__exit__", lambda *_: signal.raise_signal(signal.SIGINT))
    ran = run("write-flash", "0", file)
    assert ran.code == 4
    assert ran.err.endswith(f"esprom: nobody is there; {HALF}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["write-flash", "0", "FILE"], HALF),
        (["restore", "FILE", "--force", "--no-safety-copy"], HALF),
        (["erase-flash"], "may still be there; run the same command again to finish"),
        (["erase-region", "0", "0x1000"], "may still be there; run the same command again to finish"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
@pytest.mark.parametrize(
    "failure",
    [
        NoResponse("gone", asked="READ_REG", waited_s=1.0),
        FlashProtected("gone", status=4),  # in the middle, after a sector that could be erased
        Cancelled("gone"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_half_way_says_what_it_means(
    *, run: Run, device: FakeDevice, file: Path, words: list[str], said: str, failure: EspromError
) -> None:
    device.fails = type(failure)(*failure.args, **vars(failure))
    device.loader = "esprom"  # by the ROM's loader a restore begins with a look, which changes nothing
    ran = run(*(file if word == "FILE" else word for word in words), "--no-progress")
    assert ran.code == failure.exit_code
    assert "esprom: gone; " in ran.err
    assert ran.err.endswith(f"{said}\n")


@pytest.mark.parametrize(
    "failure", [FlashProtected("no", status=4), Refused("no")], ids=["protected", "refused"]
)
def test_a_refusal_before_the_first_change_does_not(
    run: Run, device: FakeDevice, file: Path, monkeypatch: pytest.MonkeyPatch, failure: EspromError
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(device, "write_pieces", refuse)
    assert run("write-flash", "0", file).err.endswith("esprom: no\n")


def test_a_failed_read_means_nothing_for_the_flash(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.fails = NoResponse("gone", asked="READ_REG", waited_s=1.0)
    assert run("read-flash", "0", "16", tmp_path / "out").err.endswith("esprom: gone\n")


def test_bytes_that_would_be_lost_are_saved_and_the_way_back_is_told(
    run: Run, device: FakeDevice, file: Path, rescued: Path
) -> None:
    device.fails = EdgeLost("what stood beside is lost", kept={0x12000: REST, 0x13F00: b"\x07" * 0x100})
    ran = run("-b", "9600", "write-flash", "0x12f00", file)
    assert ran.code == EdgeLost.exit_code
    names = ["esprom-rescue-5ccf7f001234-0x12000.bin", "esprom-rescue-5ccf7f001234-0x13f00.bin"]
    assert sorted(path.name for path in rescued.iterdir()) == names
    assert (rescued / names[0]).read_bytes() == REST
    assert stat.S_IMODE((rescued / names[0]).stat().st_mode) == 0o600
    message, command = ran.err.splitlines()[-1].split("; this writes it back: ")
    assert HALF in message
    assert f"{rescued / names[0]} and {rescued / names[1]}" in message

    device.fails = None
    assert run(*shlex.split(command)[1:], port=False).code == 0
    assert device.cells[0x12000:0x12F00] == REST
    assert device.cells[0x13F00:0x14000] == b"\x07" * 0x100


def test_json_has_the_bytes_too(run: Run, device: FakeDevice, file: Path, rescued: Path) -> None:
    device.fails = EdgeLost("lost", kept={0x12000: b"\x01\xff"})
    found = json.loads(run("write-flash", "0x12002", file, "--json").out)["error"]
    assert found["facts"] == {"kept": {"0x12000": "01ff"}}
    assert str(rescued) in found["message"]


def test_an_earlier_rescue_is_not_overwritten(rescued: Path) -> None:
    for data in (b"first", b"second"):
        rescue.save({0x1000: data}, "??:??:??:00:12:34")
    assert (rescued / "esprom-rescue-xxxxxx001234-0x1000.bin").read_bytes() == b"first"
    assert (rescued / "esprom-rescue-xxxxxx001234-0x1000-2.bin").read_bytes() == b"second"


def test_a_folder_that_takes_nothing_leads_to_the_next(
    rescued: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    refused = rescued

    def save(path: Path, data: bytes, *, overwrite: bool) -> None:
        if refused in path.parents:
            raise EspromError("the disk is full")
        path.write_bytes(data)

    monkeypatch.setattr(esprom, "save", save)
    assert rescue.save({1: b"a"}, "aa:bb")[1].parent == home


@POSIX
def test_the_folder_may_be_gone(rescued: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    rescued.rmdir()
    assert rescue.save({1: b"a"}, "aa:bb")[1].parent == tmp_path


def test_where_nothing_can_be_saved_that_is_told(
    run: Run, device: FakeDevice, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise EspromError("the disk is full")

    monkeypatch.setattr(esprom, "save", full)
    device.fails = EdgeLost("lost", kept={0x12000: b"\x01\xff"})
    assert "what is lost cannot be saved: the disk is full" in run("write-flash", "0x12002", file).err


@POSIX
def test_no_signal_ends_a_rescue(
    run: Run, device: FakeDevice, file: Path, rescued: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = esprom.save

    def pressed(path: Path, data: bytes, *, overwrite: bool) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        saved(path, data, overwrite=overwrite)

    monkeypatch.setattr(esprom, "save", pressed)
    device.fails = EdgeLost("lost", kept={0x12000: REST})
    assert run("write-flash", "0x12002", file).code == 1
    assert len(list(rescued.iterdir())) == 1

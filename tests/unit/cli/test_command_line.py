# SPDX-License-Identifier: Apache-2.0
"""How a command line may be spelled, and what is said about one that is wrong."""

from __future__ import annotations

import json
import logging
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click
import pytest

import esprom
from esprom.cli.group import LazyGroup, VerbCommand
from esprom.cli.main import esprom_group, main
from esprom.cli.session import PORT_PAUSE_S
from esprom.cli.settings import OPTIONS, Settings, SharedOption
from esprom.cli.verbs import SECTIONS, VERBS, Verb
from esprom.errors import Cancelled, NoResponse, PortError

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run

HEAVY = ("construct", "serial", "rich", "esp8266sim", "hypothesis", "esprom.device", "esprom.wire", "logging")


def commands_of(name: str) -> list[VerbCommand]:
    """Return the command, or those of the group."""
    found = esprom_group.get_command(click.Context(esprom_group), name)
    commands = list(found.commands.values()) if isinstance(found, click.Group) else [found]
    assert commands
    return [command for command in commands if isinstance(command, VerbCommand)]


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_the_table_says_what_the_command_says(verb: Verb) -> None:
    command = esprom_group.get_command(click.Context(esprom_group), verb.name)
    assert command is not None
    assert command.name == verb.name
    assert (command.help or "").splitlines()[0] == verb.summary


def test_no_name_is_used_twice() -> None:
    assert sum(len(verbs) for verbs in SECTIONS.values()) == len(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_no_option_of_a_command_hides_a_shared_one(verb: str) -> None:
    for command in commands_of(verb):
        spelled: list[str] = [s for p in command.params if isinstance(p, click.Option) for s in p.opts]
        assert len(spelled) == len(set(spelled))


def test_help_loads_nothing_that_talks_to_a_board() -> None:
    code = (
        "import sys\nfrom esprom.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "read-flash " in said
    assert said.splitlines()[-1] == "[]"


def test_help_lists_every_command_and_its_line(run: Run) -> None:
    said = run("--help", port=False)
    assert said.code == 0
    for verb in VERBS.values():
        assert f"  {verb.name} " in said.out
        assert verb.summary in said.out


def test_without_words_the_help_is_shown(run: Run) -> None:
    assert run(port=False).out == run("--help", port=False).out


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help(run: Run, verb: str) -> None:
    said = run(verb.replace("-", "_"), "-h")
    assert said.code == 0
    assert said.out.startswith(f"Usage: esprom {verb}")
    assert "For every command:" in said.out or verb in ("sim", "wire")


@pytest.mark.parametrize(
    "words",
    [
        ["read-mac"],
        ["read_mac"],
        ["--no-stub", "read_mac"],
        ["read_mac", "--no_stub"],
        ["--chip", "esp8266", "read-mac"],
        ["read-mac", "--before", "no_reset_no_sync", "--after=soft_reset"],
        ["--no_progress", "read-mac", "-q"],
    ],
    ids=" ".join,
)
def test_names_take_hyphens_or_underscores_without_a_word(run: Run, words: list[str]) -> None:
    said = run(*words)
    assert said.code == 0
    form = "MAC: " if "read_mac" in words else "MAC:                "
    assert said.out.splitlines().count(f"{form}5c:cf:7f:00:12:34") == (1 if "-q" in words else 2)
    assert "deprecated" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "A", "-b", "9600", "--before", "no-reset", "--after", "no-reset", "read-mac"],
        ["read-mac", "-p", "A", "-b", "9600", "--before", "no-reset", "--after", "no-reset"],
        [
            "-p",
            "B",
            "-b",
            "300",
            "read-mac",
            "--port=A",
            "--baud=9600",
            "--before=no_reset",
            "--after=no_reset",
        ],
    ],
    ids=["before", "after", "after wins"],
)
def test_shared_options_stand_before_or_after_the_command(
    run: Run, device: FakeDevice, words: list[str]
) -> None:
    run(*words, port=False)
    _, port, options = device.log[0]
    assert port == "A"
    said = {"baud": 9600, "before": "no-reset", "after": "no-reset", "flash_size": None}
    assert said.items() <= options.items()


@pytest.mark.parametrize("words", [["--chip-size", "1MB", "read-mac"], ["read-mac", "--chip_size=0x100000"]])
def test_the_size_of_the_chip_can_be_told(run: Run, device: FakeDevice, words: list[str]) -> None:
    assert run(*words).code == 0
    assert device.log[0][2]["flash_size"] == 0x100000


def test_a_command_to_type_keeps_the_options(run: Run, tmp_path: Path) -> None:
    options = ["--baud", "9600", "--before", "no-reset", "--after", "soft-reset", "--chip-size", "1048576"]
    options += ["--verbose", "--verbose", "--no-progress"]
    file = str(tmp_path / "a.bin")
    command = shlex.join(["esprom", "--port", "fake", *options, "read-flash", "0x0", "0x100000", file])
    assert f"type: {command}\n" in run(*options, "read-flash", "0", "4MB", file).err
    assert "type: esprom --port fake --quiet erase-region --unprotect 0x1000 0x1000\n" in (
        run("erase-region", "0x1000", "1", "--unprotect", "-q").err
    )
    said = json.loads(run("read-flash", "0", "4MB", file, "--json").out)["error"]["facts"]["command"]
    assert said == f"esprom --port fake --json read-flash 0x0 0x100000 {file}"


def test_the_environment_counts_least(run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESPROM_PORT", "E")
    monkeypatch.setenv("ESPROM_BAUD", "74880")
    run("read-mac", port=False)
    run("read-mac", "-p", "A", "-b", "300", port=False)
    opened = [(entry[1], entry[2]["baud"]) for entry in device.log if entry[0] == "connect"]
    assert opened == [("E", 74880), ("A", 300)]


def test_settings_and_options_have_the_same_names() -> None:
    assert {*Settings.__slots__, "json"} == OPTIONS.keys()
    said = {p.setting for p in esprom_group.params if isinstance(p, SharedOption) and p.expose_value}
    assert said == OPTIONS.keys()


@pytest.mark.parametrize(
    ("words", "loader"),
    [
        (["erase-flash"], "auto"),
        (["--no-stub", "erase-flash"], "rom"),
        (["--no-stub", "erase-flash", "--loader", "stub"], "stub"),
        (["--loader", "stub", "erase-flash", "--no-stub"], "rom"),
        (["--no-stub", "--loader", "rom", "erase-flash"], "rom"),
    ],
    ids=" ".join,
)
def test_no_stub_is_the_loader_of_the_rom(
    run: Run, device: FakeDevice, words: list[str], loader: str
) -> None:
    assert run(*words).code == 0
    assert device.log[0][2]["loader"] == loader


@pytest.mark.parametrize("shared", [["--no-stub", "--loader", "stub"], ["--loader", "stub", "--no-stub"]])
def test_two_loaders_in_one_place_exclude_each_other(run: Run, device: FakeDevice, shared: list[str]) -> None:
    for words in ([*shared, "read-mac"], ["read-mac", *shared]):
        ran = run(*words)
        assert (ran.code, device.log) == (2, [])
        assert ran.err == "esprom: --loader stub and --no-stub exclude each other: give one of them\n"


def test_no_stub_counts_more_than_the_environment(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPROM_LOADER", "stub")
    run("read-mac")
    run("--no-stub", "read-mac")
    run("read-mac", "--no-stub")
    loaders = [entry[2]["loader"] for entry in device.log if entry[0] == "connect"]
    assert loaders == ["stub", "rom", "rom"]


def test_an_empty_port_is_none(run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESPROM_PORT", "E")
    run("read-mac", "--port", "", port=False)
    assert device.log[0][1] == "E"


@pytest.mark.parametrize(
    ("told", "fails", "expected"),
    [
        ([], 1, (3, 0)),
        (["--open-port-attempts", "3"], 2, (0, 2)),
        (["--open-port-attempts", "3"], 3, (3, 2)),
        (["--open-port-attempts", "0"], 50, (0, 50)),
    ],
    ids=["once unless told", "till it is there", "not more often", "for ever"],
)
def test_a_port_that_is_not_there_yet_is_opened_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, told: list[str], fails: int, expected: tuple[int, int]
) -> None:
    connect = esprom.connect
    left, slept = [True] * fails, list[float]()

    def connect_later(port: str, **options: Any) -> Any:
        if left:
            left.pop()
            raise PortError("there is no such port", port=port)
        return connect(port, **options)

    monkeypatch.setattr(esprom, "connect", connect_later)
    monkeypatch.setattr("esprom.cli.session.time", SimpleNamespace(sleep=slept.append))
    code, pauses = expected
    assert run(*told, "read-mac").code == code
    assert slept == [PORT_PAUSE_S] * pauses


@pytest.mark.parametrize("more", [[], ["-q"], ["--json"]], ids=["", "quiet", "json"])
def test_what_goes_over_the_line_is_traced(capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--port", "sim://esp01", "--trace", "read-mac", *more])
    assert exited.value.code == 0
    out, err = capsys.readouterr()
    assert "TRACE" not in out
    lines = [line for line in err.splitlines() if line.startswith("TRACE +")]
    assert any("command op=0x08 data len=36" in line for line in lines)
    assert any("Received full packet: 0108" in line for line in lines)
    assert ("connecting to" in err) == (more != ["-q"])


USAGE = [
    (["read-flush"], "no such command: read-flush, did you mean read-flash?"),
    (["frobnicate"], "no such command: frobnicate;"),
    (["read-flash"], "Missing argument 'ADDRESS'"),
    (["read-mac", "--frob"], "No such option"),
    (["--chip", "esp32", "read-mac"], "esprom is for the ESP8266 alone"),
    (["read-mac", "--before", "jump"], "'jump' is not one of"),
    (["-b", "0", "read-mac"], "'0' is neither a baud rate, as 460800 is, nor auto"),
    (["read-mem", "0x3ff00053"], "not a multiple of 4"),
    (["read-mem", "0x10"], "0x10 is not between 0x20000000 and 0xfffffffc"),
    (["write-mem", "0x10", "0"], "0x10 is not between 0x20000000 and 0xfffffffc"),
    (["write-mem", "0xffffffff", "0"], "is not between"),
    (["dump-mem", "0", "16", "x"], "0 is not between 0x20000000 and 0xffffffff"),
    (["dump-mem", "0xfffffff0", "0x100", "x"], "at most 0x10 bytes lie from 0xfffffff0 on"),
    (["read-mac", "--chip-size", "3MB"], "3MB is not a power of two"),
    (["read-mac", "--chip-size", "32MB"], "32MB is not between"),
    (["read-mem", "pi"], "'pi' is not a number"),
    (["read-mac", "--wait", "nan"], "'nan' is no time from 0 to 3600 seconds"),
    (["--reset-delay", "inf", "read-mac"], "'inf' is no time from 0 to 3600 seconds"),
    (["read-mac", "--reset-sequence", "W99999999999999999999"], "waits for more than 3600 seconds"),
    (["-q"], "Missing command"),
]


def test_where_a_port_is_named_none_is_looked_for(run: Run, device: FakeDevice) -> None:
    ran = run("read-mac", "--port-filter", "vid=1")
    assert (ran.code, device.log[0][1]) == (0, "fake")
    assert "--port names fake: nothing is looked for" in ran.err
    assert run("-q", "read-mac", "--port-filter", "vid=1").err == ""


@pytest.mark.parametrize(("words", "said"), USAGE, ids=lambda value: " ".join(value)[:30])
def test_a_wrong_command_line_is_told_in_one_line(run: Run, words: list[str], said: str) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("esprom: ")
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(("words", "said"), USAGE, ids=lambda value: " ".join(value)[:30])
def test_with_json_it_is_one_object_too(run: Run, words: list[str], said: str) -> None:
    ran = run("--json", *words)
    found = json.loads(ran.out)
    assert (ran.code, found["ok"], found["error"]["exit_code"]) == (2, False, 2)
    assert said in found["error"]["message"]


def test_no_port_says_how_to_find_one(run: Run) -> None:
    ran = run("read-mac", port=False)
    assert ran.code == 2
    assert "--port PORT" in ran.err
    assert "esprom ports" in ran.err


def test_our_errors_are_one_line_with_their_exit_code(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.fails = NoResponse("nobody is there", asked="SYNC", waited_s=1.5, received=b"\x00\xff")
    ran = run("read-flash", 0, 16, tmp_path / "a.bin")
    assert (ran.code, ran.results) == (4, "")
    assert ran.err.endswith("esprom: nobody is there\n")
    assert "Traceback" not in ran.err
    assert not (tmp_path / "a.bin").exists()
    assert device.log[-1] == ("close",)


def test_json_carries_the_facts_of_an_error(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.fails = NoResponse("nobody is there", asked="SYNC", waited_s=1.5, received=b"\x00\xff")
    found = json.loads(run("read-flash", 0, 16, tmp_path / "a.bin", "--json").out)
    assert found == {
        "command": "read-flash",
        "ok": False,
        "error": {
            "type": "NoResponse",
            "message": "nobody is there",
            "exit_code": 4,
            "facts": {"cause": "", "asked": "SYNC", "waited_s": 1.5, "received": "00ff"},
        },
    }


def test_what_is_not_ours_is_a_bug_and_shows_where(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.fails = ZeroDivisionError("division by zero")
    ran = run("read-flash", 0, 16, tmp_path / "a.bin", "--json")
    assert ran.code == 1
    assert "Traceback" in ran.err
    assert "_work" in ran.err
    assert json.loads(ran.out)["error"]["type"] == "InternalError"


@pytest.mark.parametrize(
    ("words", "meaning"),
    [(["read-flash", "0", "16"], "interrupted\n"), (["write-flash", "0"], "part old, part new")],
    ids=["read", "write"],
)
def test_ctrl_c_is_one_line_and_130(
    run: Run, device: FakeDevice, tmp_path: Path, words: list[str], meaning: str
) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"old")
    device.fails = KeyboardInterrupt()
    ran = run(*words, file, "--no-progress", "-q")
    assert (ran.code, ran.out) == (130, "")
    assert meaning in ran.err
    assert ran.err.count("\n") == 1
    assert file.read_bytes() == b"old"
    assert device.log[-1] == ("close",)


def test_cancelled_by_the_library_is_130_too(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    device.fails = Cancelled("stopped")
    assert run("read-flash", 0, 16, tmp_path / "a.bin").code == 130


def test_verbose_shows_the_log_on_stderr_and_only_then(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_reg(address: int) -> int:
        logging.getLogger("esprom.loader").info("reading %#x", address)
        logging.getLogger("esprom.loader").debug("in detail")
        return 7

    monkeypatch.setattr(device, "read_reg", read_reg)
    silent, some, all_of_it = (run("read-mem", "0x3ff00010", *more) for more in ([], ["-v"], ["-vv"]))
    assert "reading" not in silent.err
    assert "esprom.loader: reading 0x3ff00010" in some.err
    assert "in detail" not in some.err
    assert "in detail" in all_of_it.err
    assert silent.out == some.out == all_of_it.out
    assert not any(isinstance(h, logging.StreamHandler) for h in logging.getLogger("esprom").handlers)


@pytest.mark.parametrize(("more", "said"), [([], 1), (["-q"], 0), (["-v"], 1)], ids=["", "quiet", "verbose"])
def test_what_the_library_warns_of_is_shown_once(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, more: list[str], said: int
) -> None:
    def read_reg(address: int) -> int:
        logging.getLogger("esprom.loader").warning("the line is bad at %#x", address)
        return 7

    monkeypatch.setattr(device, "read_reg", read_reg)
    err = run("read-mem", "0x3ff00010", *more).err
    assert err.count("the line is bad at 0x3ff00010\n") == said
    assert err.count("warning: ") == (not more)
    run("read-mac")
    logging.getLogger("esprom.loader").warning("nobody listens any more")
    assert run("version").err == ""


def test_the_group_is_the_one_that_imports_late() -> None:
    assert isinstance(esprom_group, LazyGroup)


def test_version_is_an_option_and_a_command(run: Run) -> None:
    assert (
        run("--version", port=False).out == run("version", port=False).out == f"esprom {esprom.__version__}\n"
    )

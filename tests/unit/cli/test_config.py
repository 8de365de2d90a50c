# SPDX-License-Identifier: Apache-2.0
"""Settings that no option gives, in their order: ESPROM_*, esprom.toml, ESPTOOL_*, esptool's files."""

import codecs
import re
from pathlib import Path

import pytest

import esprom
from esprom.cli.config import KEYS, SETTINGS, VARIABLES
from esprom.cli.settings import OPTIONS
from tests.elves import Section, elf
from tests.unit.cli.conftest import FakeDevice, Run

PAGE = (Path(__file__).parents[3] / "specs" / "configuration.md").read_text(encoding="utf-8")
IMAGE = bytes.fromhex("e901000000001040000010400400000001020304") + bytes(11) + b"\xeb"


def listed(begins: str, ends: str, form: str) -> list[str]:
    """Return the names of that form between two places of the page, in quotes as code is."""
    text = PAGE.partition(begins)[2].partition(ends)[0]
    assert text
    return sorted(re.findall(f"`({form})`", text))


@pytest.mark.spec("CONFIG-1", "CONFIG-2", "CONFIG-3", "CONFIG-4")
def test_the_specification_lists_what_is_read() -> None:
    ours = [str(option.envvar) for option in OPTIONS.values() if option.envvar]
    assert ours == [f"ESPROM_{key.upper()}" for key in KEYS]
    assert listed("Its keys are those of the options:", "Another key", "[a-z-]+") == sorted(
        key.replace("_", "-") for key in KEYS
    )
    assert listed("variables** are taken", ";", r"ESPTOOL_[A-Z_]+") == sorted(VARIABLES.values())
    assert listed("Of the keys", "count.", "[a-z_]+") == sorted(SETTINGS)


@pytest.mark.spec("CONFIG-1")
@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ESPROM_CHIP_SIZE", "bad", ["flash-id"]),
        ("ESPROM_AFTER", "explode", ["flash-id"]),
        ("ESPTOOL_FM", "sideways", ["write-flash", "0", __file__]),
    ],
)
def test_a_variable_whose_value_is_none_is_named(
    variable: str, value: str, words: list[str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    ran = run(*words)
    assert ran.code == 2
    assert ran.err.startswith(f"esprom: {variable}: '{value}' is no")


@pytest.fixture(autouse=True)
def nobody_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "USERPROFILE", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def give(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, value: str) -> None:
    """Set a variable, or write a file."""
    if "." in name:
        (folder / name).write_text(value)
    else:
        monkeypatch.setenv(name, value)


def used(device: FakeDevice) -> tuple[str, int]:
    """Return port and rate of the last connection."""
    _, port, options = [entry for entry in device.log if entry[0] == "connect"][-1]
    return port, options["baud"]


@pytest.mark.spec("CONFIG-1")
def test_what_is_nearer_to_the_user_counts_more(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "esptool.cfg").write_text("[esptool]\nconnect_attempts = 2\n")
    run("read-mac")
    assert device.log[0][2]["resets"].attempts == 2
    for name, value, expected in (
        ("ESPTOOL_BAUD", "1", 1),
        ("esprom.toml", "baud = 2\n", 2),
        ("ESPROM_BAUD", "3", 3),
    ):
        give(monkeypatch, tmp_path, name, value)
        run("read-mac")
        assert used(device)[1] == expected
    run("-b", "4", "read-mac")
    assert used(device)[1] == 4
    run("-b", "4", "read-mac", "-b", "5")
    assert used(device)[1] == 5


@pytest.mark.spec("CONFIG-2")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("afterr = 1", "esprom.toml has afterr, which is no setting, did you mean after?"),
        ("baud = 'fast'", "baud in esprom.toml: 'fast' is neither a baud rate"),
        ("after = 'explode'", "after in esprom.toml: 'explode' is not one of"),
        ("baud = ", "esprom.toml cannot be read: "),
        ("connect-attempts = 'x'", "connect-attempts in esprom.toml: 'x' is no whole number"),
        ("baud = ['460800']", "baud in esprom.toml: ['460800'] is neither a text nor a number"),
        ("wait = [1]", "wait in esprom.toml: [1] is neither"),
        ("connect-attempts = []", "connect-attempts in esprom.toml: [] is neither"),
        ("reset-sequence = ['D0']", "reset-sequence in esprom.toml: ['D0'] is neither"),
        ("port = ['sim://esp01']", "port in esprom.toml: ['sim://esp01'] is neither"),
        ("power-command = ['a', 'b']", "power-command in esprom.toml: ['a', 'b'] is neither"),
        ("power-command = true", "power-command in esprom.toml: True is neither"),
        ("chip-size = {a = 1}", "chip-size in esprom.toml: {'a': 1} is neither"),
        ("port-filter = [['vid=1']]", "port-filter in esprom.toml: ['vid=1'] is neither"),
        ("port = 2026-01-01", "port in esprom.toml: datetime.date(2026, 1, 1) is neither"),
        ("wait = nan", "wait in esprom.toml: 'nan' is no time from 0 to 3600 seconds"),
        ("reset-delay = inf", "reset-delay in esprom.toml: 'inf' is no time from 0 to 3600 seconds"),
    ],
)
def test_a_file_of_ours_that_is_wrong_is_told_of(
    run: Run, device: FakeDevice, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "esprom.toml").write_text(text)
    ran = run("read-mac")
    assert (ran.code, device.log) == (2, [])
    assert said in ran.err


@pytest.mark.spec("CONFIG-2")
def test_a_file_of_ours_is_looked_for_here_and_at_home_and_where_it_is_named(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "esprom.toml").write_text("port = 'at home'\n")
    run("read-mac", port=False)
    assert used(device)[0] == "at home"
    (tmp_path / "esprom.toml").write_text("port = 'here'\nport-filter = ['vid=1', 'name=USB']\n")
    run("read-mac", port=False)
    assert used(device)[0] == "here"
    (tmp_path / "named").write_text("port = 'named'\n")
    monkeypatch.setenv("ESPROM_CONFIG", "named")
    run("read-mac", port=False)
    assert used(device)[0] == "named"
    monkeypatch.setenv("ESPROM_CONFIG", "missing")
    assert "ESPROM_CONFIG names missing, and there is no such file" in run("read-mac").err


@pytest.mark.spec("CONFIG-3")
def test_esptools_variables_count(run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "theirs",
        "BAUD": "460800",
        "BEFORE": "no_reset",
        "AFTER": "soft_reset",
        "CONNECT_ATTEMPTS": "0",
        "CHIP": "esp8266",
    }.items():
        monkeypatch.setenv(f"ESPTOOL_{name}", value)
    ran = run("read-mac", port=False)
    assert "Detecting" not in ran.out
    options = device.log[0][2]
    assert used(device) == ("theirs", 460800)
    assert (options["before"], options["after"], options["resets"].attempts) == ("no-reset", "soft-reset", 0)
    monkeypatch.setenv("ESPTOOL_CHIP", "esp32")
    assert "ESPTOOL_CHIP: esprom is for the ESP8266 alone" in run("read-mac").err


@pytest.mark.spec("CONFIG-3")
def test_those_of_the_header_count_too(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(IMAGE)
    monkeypatch.setenv("ESPTOOL_FM", "dio")
    monkeypatch.setenv("ESPTOOL_FF", "80m")
    assert "Flash parameters set to 0x020f." in run("write-flash", "0", tmp_path / "a").out
    assert "Flash params set to 0x030f" in run("write_flash", "-fm", "dout", "0", tmp_path / "a").out


@pytest.mark.spec("CONFIG-3")
def test_those_of_the_header_are_for_the_commands_that_esptool_has(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(IMAGE)
    monkeypatch.setenv("ESPTOOL_FS", "detect")
    monkeypatch.setenv("ESPTOOL_FM", "dio")
    assert "Flash parameters set to 0x0220." in run("write-flash", "0", tmp_path / "a").out
    assert run("merge-bin", "-o", tmp_path / "b", "0", tmp_path / "a").code == 0
    assert (tmp_path / "b").read_bytes()[2:4] == b"\x02" + IMAGE[3:4]
    (tmp_path / "c").write_bytes(elf([Section(0x40100000, bytes(16))], entry=0x40100000))
    assert run("elf2image", "-o", tmp_path / "c-", tmp_path / "c").code == 0
    assert (tmp_path / "c-0x00000.bin").read_bytes()[2] == 2
    assert run("edit-header", tmp_path / "a", "-ff", "80m").code == 0
    assert (tmp_path / "a").read_bytes()[2:4] == bytes([IMAGE[2], IMAGE[3] | 0xF])
    monkeypatch.setenv("ESPTOOL_FS", "4mb?")
    assert run("merge-bin", "-o", tmp_path / "b", "0", tmp_path / "a").code == 2


@pytest.mark.spec("CONFIG-4")
@pytest.mark.parametrize("name", ["esptool.cfg", "setup.cfg", "tox.ini"])
def test_esptools_files_count(run: Run, device: FakeDevice, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(
        "[esptool]\nconnect_attempts = 9\ntimeout = 4\ntimout = 2\nbits = 2\n"
        "custom_reset_sequence = D0|R1|W0.1|D1|R0\n"
    )
    ran = run("read-mac", "-v")
    assert f"esptool's settings from {name}\n" in ran.err
    assert f"{name} has bits, timout, which esptool does not know: left alone\n" in ran.err
    assert f"connect-attempts 9: from connect_attempts in {name}" in ran.err
    resets = device.log[0][2]["resets"]
    assert resets.attempts == 9
    assert [(step.dtr, step.rts) for step in resets.into_loader[0]] == [
        (False, False),
        (False, True),
        (True, True),
        (True, False),
    ]


@pytest.mark.spec("CONFIG-4")
def test_a_file_of_esptools_that_is_wrong_is_passed_over(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "esptool.cfg").write_text("[other]\nconnect_attempts = 5\n")
    assert "esptool" not in run("read-mac").err
    (tmp_path / "esptool.cfg").write_text("[esptool]\nbits = 1\nbits = 2\n")
    ran = run("read-mac")
    assert ran.code == 0
    assert "esptool.cfg is left alone, it cannot be read: " in ran.err
    (tmp_path / "named").write_text("[esptool]\nreset_delay = 0.5\n")
    monkeypatch.setenv("ESPTOOL_CFGFILE", str(tmp_path / "named"))
    assert f"esptool's settings from {tmp_path / 'named'}\n" in run("read-mac").err
    assert device.log[-2][2]["resets"].into_loader[0][1].wait_s == 0.5
    (tmp_path / "named").write_text("[esptool]\nreset_delay = inf\n")
    ran = run("read-mac")
    assert (ran.code, "'inf' is no time from 0 to 3600 seconds" in ran.err) == (2, True)


@pytest.mark.spec("CONFIG-1")
@pytest.mark.parametrize(
    "given",
    [
        ("ESPROM_PORT", "named"),
        ("ESPTOOL_PORT", "named"),
        ("esprom.toml", "port = 'named'"),
        ("esprom.toml", "port = 'named'\nport-filter = 'vid=2'"),
    ],
    ids=lambda given: given[0],
)
def test_a_filter_that_was_typed_counts_more_than_a_port_that_was_not(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: tuple[str, str]
) -> None:
    found = esprom.PortInfo("/dev/ttyUSB0", "USB Serial", "USB", 1, 1, None, "CH340")
    monkeypatch.setattr(esprom, "ports", lambda: (found,))
    give(monkeypatch, tmp_path, *given)
    assert run("--port-filter", "vid=1", "read-mac", port=False).code == 0
    assert used(device)[0] == found.device
    device.log.clear()
    ran = run("read-mac", "--port-filter", "vid=9", port=False)
    assert (ran.code, device.log) == (2, [])
    assert "no port is as --port-filter says" in ran.err


@pytest.mark.spec("CONFIG-1")
def test_a_filter_in_our_file_counts_more_than_esptools_port_and_less_than_ours(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "esprom.toml").write_text("port-filter = 'vid=9'")
    monkeypatch.setenv("ESPTOOL_PORT", "theirs")
    assert "no port is as --port-filter says" in run("read-mac", port=False).err
    monkeypatch.setenv("ESPROM_PORT", "ours")
    run("read-mac", port=False)
    assert used(device)[0] == "ours"


@pytest.mark.spec("CONFIG-3", "CONFIG-4")
def test_a_command_without_a_board_does_not_look_at_what_is_configured_for_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(IMAGE)
    (tmp_path / "esptool.cfg").write_text("[esptool]\ncustom_reset_sequence = nonsense\n")
    monkeypatch.setenv("ESPTOOL_CHIP", "esp32")
    ran = run("image-info", tmp_path / "a")
    assert (ran.code, ran.err) == (0, "")
    assert run("read-mac").code == 2


@pytest.mark.spec("CONFIG-2", "CONFIG-4", "CONFIG-6")
def test_a_byte_order_mark_is_none_of_the_text(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    for name, text in {
        "esprom.toml": b"baud = 9600\n",
        "esptool.cfg": b"[esptool]\nconnect_attempts = 9\n",
        "words": b"read-mac",
    }.items():
        (tmp_path / name).write_bytes(codecs.BOM_UTF8 + text)
    assert run("@words").code == 0
    assert used(device)[1] == 9600
    assert device.log[0][2]["resets"].attempts == 9


@pytest.mark.spec("CONFIG-5")
def test_where_each_value_is_from_is_logged(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "esprom.toml").write_text("wait = 5\n")
    monkeypatch.setenv("ESPROM_BAUD", "9600")
    monkeypatch.setenv("ESPTOOL_AFTER", "no_reset")
    said = run("-v", "read-mac").err
    for expected in (
        "port fake: from the command line",
        "baud 9600: from ESPROM_BAUD",
        "wait 5.0: from wait in esprom.toml",
        "after no-reset: from ESPTOOL_AFTER",
    ):
        assert expected in said
    assert ": from" not in run("read-mac").err


@pytest.mark.spec("CONFIG-5")
def test_values_are_logged_as_they_are_typed(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(IMAGE)
    monkeypatch.setenv("ESPTOOL_FS", "1MB")
    (tmp_path / "esprom.toml").write_text("port-filter = ['vid=1', 'name=USB']\n")
    said = run("-v", "--no-stub", "--connect-attempts", "-1", "write-flash", "0", tmp_path / "a").err
    for expected in (
        "loader rom: from the command line",
        "connect-attempts 0: from the command line",
        "port-filter vid=1, name=USB: from port-filter in esprom.toml",
        "flash-size 1MB: from ESPTOOL_FS",
    ):
        assert expected in said


@pytest.mark.spec("CONFIG-5")
def test_in_a_chain_too(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "esprom.toml").write_text("wait = 5\n")
    monkeypatch.setenv("ESPTOOL_BAUD", "230400")
    monkeypatch.setenv("ESPROM_AFTER", "no-reset")
    said = run("-v", "read-mac", "--then", "flash-id").err
    for expected in (
        "port fake: from the command line",
        "baud 230400: from ESPTOOL_BAUD",
        "wait 5.0: from wait in esprom.toml",
        "after no-reset: from ESPROM_AFTER",
    ):
        assert said.count(expected) == 2


def test_quiet_is_about_settings_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "esprom.toml").write_text("wait = 5\n")
    (tmp_path / "esptool.cfg").write_text("[esptool]\nbits = 1\n")
    assert len(run("read-mac").err.splitlines()) == 4
    assert run("read-mac", "-q").err == run("-q", "read-mac").err == ""


@pytest.mark.spec("CONFIG-6")
def test_words_may_stand_in_a_file(run: Run, device: FakeDevice, tmp_path: Path) -> None:
    (tmp_path / "words").write_text('read-flash 0 16\n"a file.bin"\n')
    assert run("@words").code == 0
    assert (tmp_path / "a file.bin").stat().st_size == 16
    (tmp_path / "more").write_text("--then read-mac")
    assert run("@words", "@more").code == 0
    assert "@missing: No such file" in run("@missing").err
    (tmp_path / "torn").write_text('"read-mac')
    ran = run("@torn", "--json")
    assert (ran.code, '"ok": false' in ran.out) == (2, True)


@pytest.mark.spec("CONFIG-6")
def test_words_in_a_file_name_no_further_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("@b")
    (tmp_path / "b").write_text("read-mac")
    assert run("@a").code == 2

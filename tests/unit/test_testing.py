# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: it costs who does not use it nothing, and says what is wrong with a marker."""

import subprocess
import sys
from pathlib import Path

LOADED = """
import sys
import pytest

class Look:
    def pytest_sessionfinish(self):
        ours = sorted(name for name in sys.modules if name.split(".")[0] in {heavy})
        print("LOADED", ours, "esprom.testing" in sys.modules)

sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[1]], plugins=[Look()]))
"""
HEAVY = {"esp8266sim", "serial", "construct", "hypothesis", "rich"}


def run(folder: Path, test: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest on a test in a process of its own, where the plugin is found by its entry point."""
    file = folder / "test_it.py"
    file.write_text(test)
    code = LOADED.replace("{heavy}", repr(HEAVY))
    command = [sys.executable, "-c", code, str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=folder)


def test_it_is_found_and_loads_nothing_until_it_is_used(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_nothing(): pass\n")
    ours = done.stdout.partition("LOADED ")[2].splitlines()[0]
    assert done.returncode == 0
    assert ours.endswith("True")
    loaded = ours.removesuffix(" True")
    assert "esp8266sim" not in loaded
    assert "serial" not in loaded
    assert "construct" not in loaded


WRONG = {
    "profile='esp32'": "esp8266: there is no profile 'esp32'; there are d1mini",
    "chip='W25Q1'": "there is no chip 'W25Q1'",
    "faults=['bad']": "there is no fault 'bad'; there are echo",
    "content=bytes(2**21)": "the content has 2097152 bytes, the flash 1048576",
    "script='lost'": "there is no script 'lost'; there are boot-log",
    "script='lost-answer', faults=['echo']": "no chip, faults, flaws or rom beside it",
}


def test_a_wrong_marker_is_explained(tmp_path: Path) -> None:
    tests = (
        f"@pytest.mark.esp8266({marker})\ndef test_{number}(esp8266_board): pass\n"
        for number, marker in enumerate(WRONG)
    )
    done = run(tmp_path, "import pytest\n\n" + "\n".join(tests))
    assert done.returncode != 0
    assert f"{len(WRONG)} errors" in done.stdout
    for said in WRONG.values():
        assert said in done.stdout + done.stderr


def test_the_board_is_asked_in_its_own_thread_and_failures_come_back(tmp_path: Path) -> None:
    test = """
import pytest

def test_it(esp8266_board):
    assert set(esp8266_board.urls) >= {"tcp", "rfc2217", "control"}
    assert esp8266_board.ask(lambda board: board.profile.name) == "esp01"
    esp8266_board.flash = b"content"
    assert esp8266_board.flash == b"content".ljust(0x100000, b"\\xff")
    with pytest.raises(ValueError, match="more than the flash has"):
        esp8266_board.flash = bytes(0x100001)
    assert esp8266_board.jumper
    esp8266_board.power_cycle()
"""
    done = run(tmp_path, test)
    assert done.returncode == 0, done.stdout


def test_scripts_flaws_and_several_boards(tmp_path: Path) -> None:
    test = """
import pytest
import esprom
from esp8266sim.flaws import Stuck

@pytest.mark.esp8266(script="lost-answer", after=40)
def test_an_answer_is_lost(esp8266_board):
    with esprom.connect(esp8266_board.url, before="no-reset", after="no-reset") as device:
        assert device.chip.mac == "5c:cf:7f:12:34:56"
    assert len(esp8266_board.misdeeds) == 1

def test_two_boards(esp8266_make_board):
    good = esp8266_make_board(content=b"good")
    bad = esp8266_make_board(profile="esp12", flaws=(Stuck(range(4), at_zero=0xFF),))
    assert good.url != bad.url
    assert (good.flash[:4], bad.flash[:4]) == (b"good", bytes(4))
"""
    done = run(tmp_path, test)
    assert done.returncode == 0, done.stdout


def test_what_is_said_is_recorded_and_played_back(tmp_path: Path) -> None:
    test = """
import shutil
import pytest
import esprom

KEPT = {}

def look(url, address=0x40001000):
    with esprom.connect(url, before="no-reset", after="no-reset") as device:
        return device.read_reg(address)

def test_record(esp8266_board, esp8266_capture, tmp_path_factory):
    KEPT["value"] = look(esp8266_board.url)
    messages = esp8266_capture.messages()
    assert any("READ_REG" in message.name for message in messages)
    KEPT["path"] = shutil.copy(esp8266_capture.path, tmp_path_factory.mktemp("kept"))

def test_replay(esp8266_replay):
    assert look(esp8266_replay(KEPT["path"])) == KEPT["value"] == 0xFFF0C101

def test_another_client(esp8266_replay):
    look(esp8266_replay(KEPT["path"]), 0x40001004)
"""
    done = run(tmp_path, test)
    assert "2 passed" in done.stdout or "3 passed, 1 error" in done.stdout, done.stdout
    assert "ERROR test_it.py::test_another_client" in done.stdout or "FAILED" in done.stdout
    assert "RecordingDiffers" in done.stdout


def test_all_names_that_it_adds_begin_alike_and_it_adds_no_option(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    shown = {
        with_plugin: subprocess.run(
            [*words, *(() if with_plugin else ("-p", "no:esprom")), *what],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=tmp_path,
        ).stdout
        for with_plugin in (True, False)
        for what in (["--fixtures", "-v"],)
    }
    added = set(shown[True].splitlines()) - set(shown[False].splitlines())
    names = {line.split()[0] for line in added if " -- " in line}
    assert names, shown[True]
    assert all(name.startswith("esp8266_") for name in names), names


def test_what_the_marker_does_not_know_is_not_passed_over(tmp_path: Path) -> None:
    wrong = {
        "'lost-answer'": "esp8266: 'lost-answer' has no name; it is NAME=..., one of profile, content",
        "profil='esp01'": "esp8266: there is no profil; there are profile, content",
    }
    tests = (
        f"@pytest.mark.esp8266({marker})\ndef test_{number}(esp8266_board): pass\n"
        for number, marker in enumerate(wrong)
    )
    done = run(tmp_path, "import pytest\n\n" + "\n".join(tests))
    assert "2 errors" in done.stdout
    for said in wrong.values():
        assert said in done.stdout

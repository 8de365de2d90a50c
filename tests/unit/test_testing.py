# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: it costs who does not use it nothing, and says what is wrong with a marker."""

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("profile='esp32'", "esp8266: there is no profile 'esp32'; there are d1mini"),
        ("chip='W25Q1'", "there is no chip 'W25Q1'"),
        ("faults=['bad']", "there is no fault 'bad'; there are echo"),
        ("content=bytes(2**21)", "the content has 2097152 bytes, the flash 1048576"),
    ],
)
def test_a_wrong_marker_is_explained(marker: str, said: str, tmp_path: Path) -> None:
    test = f"import pytest\n\n@pytest.mark.esp8266({marker})\ndef test_it(esp8266_board): pass\n"
    done = run(tmp_path, test)
    assert done.returncode != 0
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

# SPDX-License-Identifier: Apache-2.0
"""The state diagrams say what the requirements say, and Mermaid draws them."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from specs import diagrams
from tests.tools import npm_packages

DRAW_S = 120.0
DIAGRAMS = {"boot": diagrams.boot_diagram, "flash": diagrams.flash_diagram}


def arrows(text: str) -> dict[tuple[str, str], list[str]]:
    """Return the stimuli that lead from a state to another."""
    names = {short: long for long, short in re.findall(r'state "([^"]+)" as (\w+)', text)} | {"[*]": "start"}
    found = re.findall(r"^    (\S+) --> (\S+): (.*)$", text, re.MULTILINE)
    return {(names[source], names[target]): words.split("<br/>") for source, target, words in found}


def test_flash_states_are_those_of_the_datasheets() -> None:
    changes = ["02 program", "20 52 D8 erase", "C7 erase all", "01 write status"]
    assert arrows(diagrams.flash_diagram()) == {
        ("start", "idle"): ["power"],
        ("idle", "WEL"): ["06 write enable"],
        ("idle", "asleep"): ["B9 power-down"],
        ("WEL", "idle"): ["04 write disable", "loss of supply"],
        ("WEL", "WIP and WEL"): changes,
        ("WEL", "asleep"): ["B9 power-down"],
        ("asleep", "idle"): ["AB release", "loss of supply"],
        ("WIP and WEL", "idle"): ["its time is over", "loss of supply"],
    }


def test_boot_leads_where_the_requirements_say() -> None:
    found = arrows(diagrams.boot_diagram())
    assert found["start", "waiting for autobaud"] == ["cause 1 2 4, mode 1"]  # BOOT-3, BOOT-4
    assert found["waiting for autobaud", "in the download loop"] == ["more than 29 edges on the line"]
    (staying,) = re.findall(r"^    \w+: stays so with<br/>(.*)$", diagrams.boot_diagram(), re.MULTILINE)
    assert {"SYNC", "FLASH_BEGIN", "an opcode that it does not have"} <= set(staying.split("<br/>"))
    assert len(found["in the download loop", "dead (halted in the debug vector)"]) == 2  # ROM-14
    leaving = found["in the download loop", "in user code"]  # ROM-9
    assert all(words.startswith(("MEM_END, stay 0", "FLASH_END")) for words in leaving)


@pytest.mark.soak
@pytest.mark.parametrize("name", DIAGRAMS)
def test_mermaid_draws_it(name: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("not installed: chromium")
    tool = npm_packages("mermaid-11.17.0", "@mermaid-js/mermaid-cli@11.17.0") / ".bin" / "mmdc"
    text = DIAGRAMS[name]().removeprefix("```mermaid\n").removesuffix("```\n")
    (tmp_path / "in.mmd").write_text(text)
    (tmp_path / "browser.json").write_text(json.dumps({"executablePath": browser, "args": ["--no-sandbox"]}))
    done = subprocess.run(
        [tool, "-p", "browser.json", "-i", "in.mmd", "-o", "out.svg"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DRAW_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "out.svg").read_text()
    assert all(state in drawn for pair in arrows(text) for state in pair if state != "start")
    assert "Syntax error" not in drawn

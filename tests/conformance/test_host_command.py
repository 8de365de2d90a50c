# SPDX-License-Identifier: Apache-2.0
"""The command as a user types it: exit code, report, JSON by its schema, and what is said of mistakes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.test_json import validator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fakes end by POSIX's signals")
FAKE = (sys.executable, str(Path(__file__).parent / "fake_client.py"))
RUN_S = 100.0


def esprom(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "esprom", "conformance", "--host", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)


def test_a_tool_that_is_right() -> None:
    done = esprom("--job", "identify", "--only", "nothing-wrong", "--", *FAKE, "right", "{port}")
    assert done.returncode == 0
    assert "nothing-wrong  identify  right" in done.stdout
    assert "nothing-wrong, identify: right result" in done.stderr


def test_a_tool_that_lies_in_json_and_on_a_page(tmp_path: Path) -> None:
    page = tmp_path / "report.md"
    options = ("--json", "--job", "identify", "--only", "nothing-wrong", "--markdown", page)
    done = esprom(*options, "--", *FAKE, "lie", "{port}")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert list(validator("conformance").iter_errors(found)) == []
    assert found["harmful"] == 1
    assert found["grades"][0]["wrong"] == ["it does not say 5c:cf:7f:12:34:56"]
    assert "| nothing-wrong | identify | CORRUPT |" in page.read_text()


def test_several_tools_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "tools.toml"
    quoted = ", ".join(f'"{word}"' for word in FAKE)
    file.write_text(
        f'[client.good]\nidentify = [{quoted}, "right", "{{port}}"]\n'
        f'[client.bad]\nversion = "7"\nidentify = [{quoted}, "lie", "{{port}}"]\n'
    )
    done = esprom("--clients", file, "--only", "nothing-wrong")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].split() == ["scenario", "job", "good", "bad"]
    assert "bad, nothing-wrong, identify: silent corruption" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "there is no command"),
        (("--", "tool", "{port}"), 1, "add --job identify|read|write|erase"),
        (("--only", "what", "--", "tool", "{port}", "id"), 1, "there is no scenario 'what'"),
        (("--clients", "/nowhere.toml"), 2, "does not exist"),
        (("--clients", __file__, "--", "tool", "{port}"), 2, "a command, or --clients FILE; not both"),
        (("--clients", __file__), 1, "is no TOML"),
        (("--job", "identify", "--", "/nowhere", "{port}"), 1, "cannot start /nowhere"),
        (("--limit", "0", "--", "tool"), 2, "--limit"),
    ],
)
def test_a_mistake_is_told_in_a_line(words: tuple[str, ...], code: int, said: str) -> None:
    done = esprom(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1

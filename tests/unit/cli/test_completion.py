# SPDX-License-Identifier: Apache-2.0
"""Tab: what click's protocol answers, and what bash itself makes of it.

zsh and fish get the same answers in their own form; there is no test that types into them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from esprom.cli.completing import VARIABLE
from esprom.cli.main import esprom_group
from esprom.cli.shells import SHELLS
from esprom.cli.verbs import VERBS
from tests.unit.cli.conftest import Run

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash here")


def asked(words: list[str], shell: str = "bash") -> list[str]:
    """Return the answer to Tab behind the last word, a line for each completion or part of one."""
    environment = {
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    with patch.dict(os.environ, environment):
        return SHELLS[shell](esprom_group, {}, "esprom", VARIABLE).complete().splitlines()


def completed(*words: str) -> list[str]:
    """Return what the last word may become."""
    return [line.removeprefix("plain,") for line in asked(["esprom", *words])]


def test_every_command_is_completed_and_nothing_else_is() -> None:
    assert completed("") == list(VERBS)


@pytest.mark.parametrize("word", ["read-flash-s", "read_flash_s"])
def test_a_command_is_completed_in_either_spelling(word: str) -> None:
    assert completed(word) == ["read-flash-status", "read-flash-sfdp"]


def test_options_before_the_command_are_passed_over() -> None:
    assert completed("--port", "sim://esp01", "--before", "no-reset", "flash-i") == ["flash-id"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--before", "no"], ["no-reset", "no-reset-no-sync"]),
        (["flash-id", "--after", "no"], ["no-reset", "no-reset-stub"]),
        (["write-flash", "-fm", "q"], ["qio", "qout"]),
        (["write_flash", "--flash_mode", "d"], ["dio", "dout"]),
        (["write-flash", "-fs", "2"], ["256KB", "2MB", "2MB-c1"]),
        (["merge-bin", "--pad-to-size", "16m"], ["16MB"]),
        (["--baud", "9"], ["921600"]),
        (["--loader", ""], ["auto", "rom", "stub"]),
        (["--port", "sim://d1mini-"], ["sim://d1mini-pro"]),
        (["flash-id", "--after=hard"], ["hard-reset"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["sim", "ser"], ["serve"]),
        (["sim", "serve", "--profile", "node"], ["nodemcu", "nodemcu-v3"]),
        (["sim", "serve", "--chip", "W25Q1"], ["W25Q128"]),
        (["write-flash", "--diff-"], ["--diff-with"]),
        (["flash-id", "--th"], ["--then"]),
    ],
)
def test_what_a_word_may_become(words: list[str], found: list[str]) -> None:
    assert completed(*words)[: len(found)] == found


def test_behind_then_another_command_begins() -> None:
    words = ["--port", "sim://esp01", "flash-id", "--then", "verify"]
    assert completed(*words) == ["verify-flash"]
    assert "--diff-with" in completed(*words, "--then", "write-flash", "--d")


@pytest.mark.parametrize(
    "words",
    [
        ["write-flash", "0x0", "im"],
        ["write-flash", "0x0", "image.bin", "0x1000", "im"],
        ["write-flash", "0x0", "image.bin", "--diff-with", "im"],
        ["verify_flash", "0x0", "im"],
        ["read-flash", "0", "all", "im"],
        ["restore", "im"],
        ["inspect", "im"],
        ["image-info", "im"],
        ["merge-bin", "-o", "im"],
        ["merge-bin", "-o", "all.bin", "0", "im"],
        ["elf2image", "--output", "im"],
        ["make-image", "-f", "im"],
        ["flash-id", "--capture", "im"],
        ["--loader", "im"],
    ],
)
def test_files_are_for_the_shell_to_find(words: list[str]) -> None:
    assert asked(["esprom", *words]) == ["file,im"]


def test_no_command_and_no_setting_spoils_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "esprom.toml").write_text("this is no TOML")
    monkeypatch.chdir(tmp_path)
    assert "--port" in completed("no-such-command", "--p")
    assert completed("flash-i") == ["flash-id"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("shell", "answer"),
    [
        ("zsh", ["plain", "flash-id", VERBS["flash-id"].summary]),
        ("fish", [f"plain,flash-id\t{VERBS['flash-id'].summary.replace(',', ';')}"]),
    ],
)
def test_other_shells_show_what_a_command_does(shell: str, answer: list[str]) -> None:
    assert asked(["esprom", "--then", "flash-i"], shell) == answer


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_as_it_is_answered(shell: str, run: Run) -> None:
    assert f"{VARIABLE}={shell}_complete" in run("completion", shell, port=False).out


@needs_bash
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("esprom flash-i", ["flash-id"]),
        ("esprom --port sim : //d1mini-", ["//d1mini-pro"]),  # as bash takes it apart, and puts it together
        ("esprom --port = sim : //esp8", ["//esp8285"]),
    ],
)
def test_bash_completes(words: str, found: list[str], tmp_path: Path) -> None:
    tool = tmp_path / "esprom"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m esprom "$@"\n')
    tool.chmod(0o755)
    typed = words.split()
    script = f"""
        PATH={tmp_path}:$PATH
        eval "$(esprom completion bash)"
        COMP_WORDS=({" ".join(f"'{word}'" for word in typed)})
        COMP_CWORD={len(typed) - 1}
        _esprom_completion esprom
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert BASH is not None
    done = subprocess.run([BASH, "--norc", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == found

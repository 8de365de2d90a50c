# SPDX-License-Identifier: Apache-2.0
"""The examples of a page of the guide, run as they stand: `console` is typed, `python` executed.

In a console block a line that begins with `$ ` is typed, and what follows is what comes of it. What a python
block prints is what the `text` block directly behind it says; without one it prints nothing. In both `...`
stands for anything. A command fails where it is to say why (`esprom: `, `What is wrong: `), and nowhere else.
The ports of the examples are virtual boards, which keep their flash for the whole page. A
block of another kind is not run.
"""

import contextlib
import doctest
import io
import shlex
import subprocess
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from markdown_it import MarkdownIt

from esprom.cli.main import main

PAGES = Path(__file__).parents[1] / "specs" / "guide"
PORTS = {  # of the examples -> boards
    "COM5": "sim://esp01?flash=com5",
    "/dev/ttyUSB0": "sim://nodemcu?flash=ttyusb0",
}
RUN_S = 60.0
PROMPT = "$ "
REASONS = ("esprom: ", "What is wrong: ")  # that a command which fails gives
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True, slots=True)
class Example:
    """A block. `line` is where it begins in the page, `printed` what a python block is to print."""

    kind: str
    text: str
    line: int
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of a console block, and what the page says comes of it."""

    command: str
    expected: str


def examples(page: Path) -> list[Example]:
    """Return the blocks of a page that are run."""
    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    return [
        Example(
            token.info,
            token.content,
            (token.map or [0])[0] + 1,
            behind.content if behind is not None and (token.info, behind.info) == ("python", "text") else "",
        )
        for token, behind in zip_longest(tokens, tokens[1:])
        if token.type == "fence" and token.info in ("console", "python")
    ]


def typed(text: str) -> Iterator[Typed]:
    """Yield the commands of a console block."""
    command, said = "", ""
    for line in text.splitlines(keepends=True):
        if line.startswith(PROMPT):
            if command:
                yield Typed(command, said)
            command, said = line.removeprefix(PROMPT).strip(), ""
        else:
            said += line
    if command:
        yield Typed(command, said)


def run(page: Path) -> None:
    """Run the examples of a page in the current folder. Raises AssertionError, with what came instead."""
    names: dict[str, object] = {"__name__": "__main__"}
    for example in examples(page):
        where = f"{page.name}, line {example.line}"
        if example.kind == "python":
            _check(example.printed, _execute(example.text, names, where), where)
            continue
        for each in typed(example.text):
            code, said = _type(each.command)
            if each.expected:
                _check(each.expected, said, f"{where}: {each.command}")
            to_fail = any(reason in each.expected for reason in REASONS)
            assert (code != 0) == to_fail, f"{where}: {each.command} ends with {code}\n{said}"


def _check(expected: str, said: str, where: str) -> None:
    if not doctest.OutputChecker().check_output(expected, said, FLAGS):
        raise AssertionError(f"{where}\n{said}")


def _execute(text: str, names: dict[str, object], where: str) -> str:
    """Execute a block; return what it printed."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(_with_boards(text), where, "exec"), names)
    except Exception as error:
        raise AssertionError(f"{where}: {traceback.format_exc()}") from error
    return _with_ports(said.getvalue())


def _type(command: str) -> tuple[int, str]:
    words = shlex.split(_with_boards(command))
    if words[0] != "esprom":
        done = subprocess.run(words, capture_output=True, text=True, timeout=RUN_S, check=False)
        return done.returncode, done.stdout + done.stderr
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main(words[1:])
        except SystemExit as ended:
            return int(ended.code or 0), _with_ports(said.getvalue())
    raise AssertionError("main() has to end the program")


def _with_boards(text: str) -> str:
    for port, board in PORTS.items():
        text = text.replace(port, board)
    return text


def _with_ports(text: str) -> str:
    for port, board in PORTS.items():
        text = text.replace(shlex.quote(board), port).replace(board, port)
    return text

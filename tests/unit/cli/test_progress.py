# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import esprom
from esprom.cli import progress
from esprom.cli.output import Output

if TYPE_CHECKING:
    from tests.unit.cli.conftest import SitDown

KIB = 1024


class Watch:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def step(done: int, elapsed_s: float, *, stage: str = "read", total: int = 1024 * KIB) -> esprom.Progress:
    return esprom.Progress(stage, done, total, elapsed_s)


def test_a_plain_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    show = progress.Lines(Output(), watch)
    for kib in range(1025):
        watch.time = kib / 100  # ten seconds in all
        show(step(kib * KIB, kib * 10 / 1024))
    assert capsys.readouterr().err.splitlines() == [
        "read: 48 % of 1.0 MiB, 102.4 KiB/s, 5 s left",
        "read: 97 % of 1.0 MiB, 102.4 KiB/s, under 1 s left",
        "read: 100 % of 1.0 MiB, 102.4 KiB/s, took 10 s",
    ]


def test_every_stage_ends_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show = progress.Lines(Output(), Watch())
    for stage in ("read", "prove"):
        show(step(0, 0.0, stage=stage))
        show(step(1024 * KIB, 4.0, stage=stage))
    assert [line[:12] for line in capsys.readouterr().err.splitlines()] == ["read: 100 % ", "prove: 100 %"]


def test_nothing_to_do_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    progress.Lines(Output(), Watch())(step(0, 0.0, total=0))
    assert capsys.readouterr().err == "read: 100 % of 0 bytes, took under 1 s\n"


def test_a_terminal_gets_a_bar_with_rate_and_time_left(terminal: SitDown) -> None:
    watch, screen = Watch(), terminal()
    with progress.Bar(watch) as show:
        show(step(0, 0.0))
        watch.time = 1.0
        show(step(256 * KIB, 25.0))
        show(step(300 * KIB, 26.0))  # too soon to be drawn
    assert "25%" in screen.getvalue()
    assert "10.2 KiB/s, 1 min 15 s left" in screen.getvalue()
    assert "29%" not in screen.getvalue()


@pytest.mark.parametrize("no_color", [False, True])
def test_no_color_is_honoured(terminal: SitDown, monkeypatch: pytest.MonkeyPatch, no_color: bool) -> None:
    screen = terminal()
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    with progress.Bar(Watch()) as show:
        show(step(512 * KIB, 25.0))
    colours = any(f"\x1b[{code}" in screen.getvalue() for code in ("3", "1;3", "38"))
    assert colours is not no_color


@pytest.mark.parametrize(
    ("quiet", "plain", "term", "kind"),
    [
        (True, False, "xterm", progress.Hidden),
        (False, True, "xterm", progress.Lines),
        (False, False, "dumb", progress.Lines),
        (False, False, "xterm", progress.Bar),
    ],
)
def test_the_display_suits_the_reader(
    *,
    terminal: SitDown,
    monkeypatch: pytest.MonkeyPatch,
    quiet: bool,
    plain: bool,
    term: str,
    kind: type[progress.Hidden],
) -> None:
    terminal()
    monkeypatch.setenv("TERM", term)
    output = Output()
    output.quiet = quiet
    assert type(progress.display(output, plain=plain)) is kind


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert type(progress.display(Output(), plain=False)) is progress.Lines

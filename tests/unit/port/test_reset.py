# SPDX-License-Identifier: Apache-2.0
import pytest

import esprom
from esprom.errors import NoResponse
from esprom.port import reset
from tests.ports import ScriptedPort, board, on_board


class LinedPort(ScriptedPort):
    has_modem_lines = True


def pins(dtr: bool, rts: bool) -> tuple[bool, bool]:
    """Return (EN, GPIO0), True being high, as the two transistors set them."""
    return not (rts and not dtr), not (dtr and not rts)


@pytest.mark.parametrize("sequence", reset.INTO_LOADER)
def test_into_the_loader_pulls_en_then_gpio0_then_lets_go(sequence: reset.Sequence) -> None:
    port = LinedPort(lambda written: b"")
    reset.play(port, sequence)
    assert [pins(*lines) for lines in port.lines] == [(False, True), (True, False), (True, True)]
    assert port.clock.time == pytest.approx(sum(step.wait_s for step in sequence))


def test_hard_reset_never_touches_gpio0() -> None:
    port = LinedPort(lambda written: b"")
    reset.play(port, reset.HARD_RESET)
    assert [pins(*lines) for lines in port.lines] == [(True, True), (False, True), (True, True)]


def test_without_lines_nothing_happens() -> None:
    port = ScriptedPort(lambda written: b"")
    reset.play(port, reset.CLASSIC)
    assert (port.lines, port.clock.time) == ([], 0.0)


@pytest.mark.parametrize(
    ("sequence", "mode"), [(reset.CLASSIC, b"boot mode:(1,"), (reset.HARD_RESET, b"(3,")]
)
def test_the_chip_boots_as_the_sequence_means(sequence: reset.Sequence, mode: bytes) -> None:
    port = on_board(board())
    port.baud = 74880
    reset.play(port, sequence)
    heard = b""
    while data := port.read(0.1):
        heard += data
    assert mode in heard


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("D0|R1|W0.1|D1|R0|W0.05|D0", "00 0 01 0.1 11 0 10 0.05 00 0"),
        ("R1|W.5|R0", "01 0.5 00 0"),
        ("U1,1|U0,1|W1|W1|U1,0", "11 0 01 2 10 0"),
        ("W1|D1", "00 1 10 0"),
    ],
)
def test_a_sequence_in_esptools_language(text: str, steps: str) -> None:
    words = steps.split()
    expected = tuple(
        reset.Step(lines[0] == "1", lines[1] == "1", float(wait))
        for lines, wait in zip(words[::2], words[1::2], strict=True)
    )
    assert reset.parse_sequence(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [("F0|R1", "step 1, 'F0'"), ("D0|R2", "step 2, 'R2'"), ("D0||", "step 2"), ("W", "step 1")],
)
def test_what_is_no_sequence_is_told_where(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        reset.parse_sequence(text)


def test_a_board_is_reset_as_its_circuit_wants_it() -> None:
    resets = reset.Resets.of(into_loader="D0|R1|W0.1|D1|R0|W0.05|D0", hard="R1|W0.2|R0", attempts=3)
    with esprom.connect(on_board(board()), resets=resets) as device:
        assert device.chip.name == "ESP8266EX"
    assert device.was_reset


def test_a_sequence_that_leads_nowhere_is_tried_as_often_as_is_said() -> None:
    made = board()
    port = on_board(made)
    edges = list[tuple[bool, bool]]()
    made.on_lines = lambda dtr, rts: edges.append((dtr, rts))
    with pytest.raises(NoResponse):
        esprom.connect(port, resets=reset.Resets.of(into_loader="R1|W0.1|R0", attempts=3))
    assert edges.count((False, True)) >= 3

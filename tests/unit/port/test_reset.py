# SPDX-License-Identifier: Apache-2.0
import pytest

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

# SPDX-License-Identifier: Apache-2.0
"""What a script does to frames on their way, and to the board, as a host of raw bytes sees it."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esp8266sim.board import Board, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.clock import SECOND
from esp8266sim.profiles import PROFILES
from esp8266sim.scripts import (
    Act,
    Behind,
    Cutter,
    Echoed,
    Flipped,
    Frames,
    Hand,
    Late,
    Lost,
    Overtaken,
    Passed,
    Pieces,
    Refused,
    Renamed,
    Revalued,
    Script,
    ScriptedLine,
    Shortened,
    Torn,
    Twice,
    Way,
    scripted_board,
)
from esp8266sim.serve import sim
from esp8266sim.troubles import troubles
from esprom.protocol import slip
from esprom.protocol.packets import Command
from tests.bench import MAGIC, MAGIC_REPLY, SYNC, SYNC_ANSWER

FROM, TO = Way.FROM_CHIP, Way.TO_CHIP
QUICK_S, LONG_S = 0.3, 3.0
READS = frozenset({Command.READ_REG})


class Host:
    """A board in its loader that has answered SYNC, with a script from then on."""

    def __init__(self, *line: tuple[Frames, Act]) -> None:
        self.board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
        self.port = sim.Serial(None, board=self.board, timeout=QUICK_S)
        self.port.read(1 << 16)
        self.port.write(SYNC)
        self.port.clock.sleep(0.1)
        self.port.write(SYNC)
        assert self.port.read(1 << 16) == 8 * SYNC_ANSWER
        self.unplugged: list[bool] = []
        self.line = ScriptedLine(
            self.board, Script("test", "", line), unplug=lambda: self.unplugged.append(True)
        )

    def ask(self, data: bytes = MAGIC, timeout: float = QUICK_S) -> bytes:
        self.port.timeout = timeout
        self.port.write(data)
        return self.port.read(1 << 16)


def test_a_line_without_acts_is_left_alone() -> None:
    host = Host()
    assert host.board.bridge.tap is None
    assert host.ask() == MAGIC_REPLY


@pytest.mark.parametrize(
    ("act", "heard"),
    [
        (Lost(), b""),
        (Twice(), MAGIC_REPLY * 2),
        (Behind(b"boot"), b"boot" + MAGIC_REPLY),
        (Torn(b"boot"), MAGIC_REPLY[:6] + b"boot" + MAGIC_REPLY[6:]),
        (Flipped(0x01, 0.0), b"\xc0\x00" + MAGIC_REPLY[2:]),
        (Flipped(0x80, 1.0), MAGIC_REPLY[:-2] + b"\x80\xc0"),
        (Shortened(2), MAGIC_REPLY[:6] + MAGIC_REPLY[8:]),
        (Renamed(Command.SYNC), bytes.fromhex("c00108020001c1f0ff0000c0")),
        (Revalued(0x0100), bytes.fromhex("c0010a020001dbdcf0ff0000c0")),  # 0xC1 becomes 0xC0, escaped
        (Refused(b"\x01\x07"), bytes.fromhex("c0010a020001c1f0ff0107c0")),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bytes) else "",
)
def test_what_becomes_of_the_second_answer(act: Act, heard: bytes) -> None:
    host = Host((Frames(FROM, Passed(FROM, len(MAGIC_REPLY))), act))
    assert host.ask() == MAGIC_REPLY
    assert host.ask() == heard
    assert host.ask() == MAGIC_REPLY
    assert len(host.line.done) == 1


def test_late_is_late_and_what_follows_comes_with_it() -> None:
    host = Host((Frames(FROM), Late(1.0)))
    assert host.ask() == b""
    assert host.ask() == b""
    before = host.board.clock.now
    host.port.timeout = LONG_S
    assert host.port.read(2 * len(MAGIC_REPLY)) == MAGIC_REPLY * 2
    assert 0.2 < (host.board.clock.now - before) / SECOND < 0.6


def test_pieces_have_pauses_between_them() -> None:
    host = Host((Frames(FROM), Pieces(3, 0.5)))
    assert host.ask() == MAGIC_REPLY[:4]
    host.port.timeout = LONG_S
    assert host.port.read(len(MAGIC_REPLY) - 4) == MAGIC_REPLY[4:]


def test_a_frame_that_is_overtaken() -> None:
    other = bytes.fromhex("c0 00 0a 0400 00000000 00000040 c0")
    host = Host((Frames(FROM), Overtaken(1)))
    assert host.ask() == b""
    heard = host.ask(other)
    assert heard.endswith(MAGIC_REPLY)
    assert len(slip.Decoder().feed(heard)) == 2


def test_an_echo_reaches_the_chip_too() -> None:
    host = Host((Frames(TO, times=None), Echoed()))
    assert host.ask() == MAGIC + MAGIC_REPLY
    assert host.ask() == MAGIC + MAGIC_REPLY


def test_a_request_that_is_lost_or_damaged_is_not_what_the_chip_hears() -> None:
    host = Host((Frames(TO), Lost()), (Frames(TO), Flipped(0x02, 1 / 11)))
    assert host.ask() == b""  # the first act is all there is for a frame that is lost
    assert host.ask() == MAGIC_REPLY


@pytest.mark.parametrize(
    ("which", "lost"),
    [
        (Frames(FROM), [0]),
        (Frames(FROM, times=2), [0, 1]),
        (Frames(FROM, times=None), [0, 1, 2, 3, 4]),
        (Frames(FROM, every=2, times=2), [1, 3]),
        (Frames(FROM, since=Passed(TO, 3 * len(MAGIC))), [2]),
        (Frames(FROM, commands=READS), [0]),
        (Frames(FROM, commands=frozenset({Command.SYNC})), []),
    ],
)
def test_which_frames(which: Frames, lost: list[int]) -> None:
    host = Host((which, Lost()))
    answers = [host.ask() for _ in range(5)]
    assert [at for at, answer in enumerate(answers) if not answer] == lost


def test_a_reset_brings_the_loader_back() -> None:
    host = Host((Frames(TO), Hand.RESET))
    heard = host.ask(timeout=LONG_S)  # its boot log, at another rate
    assert heard
    assert MAGIC_REPLY not in heard
    assert host.board.cpu_state is CpuState.AUTOBAUD


def test_a_power_cut_loses_what_was_in_ram() -> None:
    host = Host((Frames(TO), Hand.POWER_CUT))
    host.board.soc.bus.dram[0x8000] = 0x55
    host.ask(timeout=LONG_S)
    assert host.board.soc.bus.dram[0x8000] == 0


@pytest.mark.parametrize("hand", [Hand.SILENCE, Hand.UNPLUGGED])
def test_then_nothing_comes_through(hand: Hand) -> None:
    host = Host((Frames(TO, Passed(TO, len(MAGIC))), hand))
    assert host.ask() == MAGIC_REPLY
    assert [host.ask(), host.ask()] == [b"", b""]
    assert host.unplugged == [True] * (hand is Hand.UNPLUGGED)


def test_text_between_frames_goes_by() -> None:
    host = Host((Frames(FROM), Lost()))
    host.board.bridge.tap = host.line
    host.line.from_chip(b"hello" + MAGIC_REPLY + b"world")
    assert host.board.bridge.delivered == b"helloworld"


def test_a_frame_that_does_not_go_on_is_let_through() -> None:
    host = Host((Frames(FROM), Lost()))
    host.line.from_chip(b"\xc0half")
    assert host.port.read(5) == b""
    host.port.timeout = LONG_S
    assert host.port.read(5) == b"\xc0half"


@given(
    st.lists(st.binary(max_size=4).map(lambda data: data.replace(b"\xc0", b"")), max_size=6),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_cutting_loses_nothing_whatever_the_pieces(insides: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(slip.END + inside + slip.END for inside in insides)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    cutter = Cutter()
    found = [piece for one, two in pairwise(edges) for piece in cutter.feed(stream[one:two])]
    assert b"".join(piece for _, piece in found) + cutter.pending == stream
    if all(insides):
        assert [piece[1:-1] for is_frame, piece in found if is_frame] == insides


def made(name: str) -> Board:
    script = troubles(Passed(FROM, 0), range(0x1000, 0x4000))[name]
    return scripted_board(PROFILES["esp01"], script)


@pytest.mark.parametrize(
    ("name", "look", "expected"),
    [
        ("nothing-wrong", lambda board: board.flash.model is PROFILES["esp01"].flash, True),
        (
            "lying-size",
            lambda board: (board.flash.model.jedec_id, len(board.flash.array)),
            (0xEF4016, 1 << 20),
        ),
        ("protected", lambda board: board.flash.status, 0x1C),
        (
            "slow-flash",
            lambda board: board.flash.model.times.sector,
            8 * PROFILES["esp01"].flash.times.sector,
        ),
        ("stuck-at-0", lambda board: board.flash.array[0x2100], 0xEE),
    ],
)
def test_a_scripted_board_has_that_flash(
    name: str, look: Callable[[Board], object], expected: object
) -> None:
    assert look(made(name)) == expected


def test_names_are_those_of_the_scripts() -> None:
    found = troubles(Passed(FROM, 0), range(0x1000, 0x4000))
    assert all(name == script.name and script.what for name, script in found.items())
    assert len(found) > 30

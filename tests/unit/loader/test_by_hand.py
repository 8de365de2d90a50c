# SPDX-License-Identifier: Apache-2.0
"""Boards whose reset lines lead nowhere, with a scripted hand at the jumper and the supply."""

import pytest

import esprom
from esp8266sim.board import Board, Wiring
from esp8266sim.profiles import PROFILES
from esprom.errors import NoResponse, PortError, ProtocolError
from esprom.loader.by_hand import ASK, LIKELY_BAUDS, Hand
from esprom.loader.connect import ROM_WORD, ROM_WORD_VALUE, reach_rom
from esprom.port.serial_port import SerialPort
from esprom.protocol.packets import Command
from tests.ports import ScriptedPort, loader, on_board, reply


def jumper_board(*, running: bool = False) -> Board:
    """Return a board without reset lines whose firmware runs, or its loader."""
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    if not running:
        board.jumper = False
        board.power_cycle()
    return board


def port_to(board: Board, *, lines: bool) -> SerialPort:
    port = on_board(board)
    port.has_modem_lines = lines
    return port


class Person:
    """Does at the board what is asked, or only half of it."""

    def __init__(self, board: Board, *, jumper: bool = True) -> None:
        self.board = board
        self.jumper = jumper
        self.heard: list[str] = []

    def __call__(self, sentence: str) -> None:
        self.heard.append(sentence)
        self.board.jumper = self.jumper
        self.board.power_cycle()


@pytest.mark.parametrize("lines", [True, False], ids=["lines that lead nowhere", "no lines"])
@pytest.mark.parametrize("before", ["default-reset", "no-reset"])
def test_a_person_is_asked_once_and_the_loader_found(lines: bool, before: str) -> None:
    board = jumper_board()
    person = Person(board)
    hand = Hand(60.0, person)
    assert reach_rom(port_to(board, lines=lines), before, hand).read_reg(ROM_WORD) == ROM_WORD_VALUE
    assert (person.heard, hand.asked) == ([ASK], True)


@pytest.mark.parametrize("lines", [True, False])
def test_nobody_is_asked_while_a_loader_runs(lines: bool) -> None:
    hand = Hand(60.0, Person(jumper_board()))
    assert reach_rom(port_to(jumper_board(running=True), lines=lines), "default-reset", hand)
    assert not hand.asked


@pytest.mark.parametrize("left_at", LIKELY_BAUDS)
@pytest.mark.parametrize("baud", [9600, 115200, 460800])
def test_a_loader_is_found_at_the_rate_that_it_was_left_at(left_at: int, baud: int) -> None:
    board = jumper_board(running=True)
    first = on_board(board)
    first.baud = left_at
    reach_rom(first, "no-reset")
    port = port_to(board, lines=False)
    port.baud = baud
    assert reach_rom(port, "default-reset").read_reg(ROM_WORD) == ROM_WORD_VALUE
    assert port.baud == left_at


def test_the_search_ends_at_the_rate_that_was_asked_for_and_says_what_helps() -> None:
    board = jumper_board()
    port = port_to(board, lines=False)
    with pytest.raises(NoResponse) as caught:
        reach_rom(port, "default-reset")
    assert port.baud == 115200
    assert any("--wait 60" in note for note in caught.value.__notes__)
    assert port.clock.now() < 20.0


def test_who_does_not_come_is_waited_for_no_longer_than_said() -> None:
    port = port_to(jumper_board(), lines=False)
    asked_at: list[float] = []
    with pytest.raises(NoResponse, match="did not answer within 5 s: ") as caught:
        reach_rom(port, "default-reset", Hand(5.0, lambda _: asked_at.append(port.clock.now())))
    assert port.clock.now() - asked_at[0] < 7.0
    assert caught.value.waited_s == 5.0


def test_a_power_cycle_that_comes_late_is_seen() -> None:
    board = jumper_board()
    person = Person(board)
    board.clock.at(board.clock.now + 20 * 10**12, lambda: person("late"))
    assert reach_rom(port_to(board, lines=False), "default-reset", Hand(60.0))


def test_lines_that_lead_nowhere_are_given_up_soon() -> None:
    board = jumper_board()
    board.clock.advance(board.clock.now + 3 * 10**12)  # the boot log is over
    port = port_to(board, lines=True)
    began = port.clock.now()
    asked_at: list[float] = []
    with pytest.raises(NoResponse):
        reach_rom(port, "default-reset", Hand(1.0, lambda _: asked_at.append(port.clock.now())))
    assert asked_at[0] - began < 6.0


def test_a_stub_that_runs_is_got_rid_of_by_a_power_cycle() -> None:
    asked: list[str] = []
    rom = loader({ROM_WORD: ROM_WORD_VALUE})
    port = ScriptedPort(lambda written: rom(written) if asked else reply(Command.SYNC, 0) * 8)
    assert reach_rom(port, "default-reset", Hand(10.0, asked.append))


def test_a_stub_behind_lines_that_lead_nowhere_is_got_rid_of_too() -> None:
    """An FTDI cable has both lines, and nothing hangs on them."""
    asked: list[str] = []
    rom = loader({ROM_WORD: ROM_WORD_VALUE})
    port = ScriptedPort(lambda written: rom(written) if asked else reply(Command.SYNC, 0) * 8)
    port.has_modem_lines = True
    assert reach_rom(port, "default-reset", Hand(10.0, asked.append))
    assert asked == [ASK]


class Unplugged(ScriptedPort):
    """A port that is gone when the board is powered again, and back after some tries."""

    def __init__(self, tries: int) -> None:
        super().__init__(lambda written: self.rom(written) if self.back else b"")
        self.rom = loader({ROM_WORD: ROM_WORD_VALUE})
        self.back = self.gone = False
        self.tries = tries

    def unplug(self, _: str) -> None:
        self.gone = True

    def write(self, data: bytes) -> None:
        if self.gone:
            raise PortError("the port failed", port=self.name)
        super().write(data)

    def reopen(self) -> None:
        self.tries -= 1
        if self.tries > 0:
            raise PortError("there is no such port", port=self.name)
        self.gone, self.back = False, True


def test_an_adapter_that_is_unplugged_with_the_board_is_waited_for() -> None:
    port = Unplugged(tries=20)
    assert reach_rom(port, "default-reset", Hand(60.0, port.unplug))


def test_an_adapter_that_does_not_come_back_is_named() -> None:
    port = Unplugged(tries=100)
    with pytest.raises(PortError, match="no such port"):
        reach_rom(port, "default-reset", Hand(5.0, port.unplug))


def test_a_stub_that_stays_is_named_when_the_time_is_over() -> None:
    port = ScriptedPort(lambda written: reply(Command.SYNC, 0) * 8)
    with pytest.raises(ProtocolError, match="stub loader"):
        reach_rom(port, "default-reset", Hand(3.0))
    assert port.clock.now() < 10.0


def test_a_board_that_was_brought_in_by_hand_has_to_be_powered_again() -> None:
    board = jumper_board()
    with esprom.connect(port_to(board, lines=True), wait_s=60.0, ask=Person(board)) as device:
        assert device.needs_power_cycle
    assert device.needs_power_cycle


@pytest.mark.parametrize(
    ("wiring", "lines", "after", "expected"),
    [
        (Wiring.AUTO, True, "hard-reset", False),
        (Wiring.AUTO, True, "no-reset", False),
        (Wiring.JUMPER, True, "hard-reset", True),  # lines that lead nowhere: no boot log comes
        (Wiring.JUMPER, True, "no-reset", False),
        (Wiring.JUMPER, False, "hard-reset", True),
        (Wiring.JUMPER, False, "soft-reset", False),
    ],
)
def test_after_a_close_it_is_known_whether_the_firmware_runs(
    wiring: Wiring, lines: bool, after: str, expected: bool
) -> None:
    board = Board(PROFILES["esp01"], wiring=wiring)
    with esprom.connect(port_to(board, lines=lines), after=after) as device:
        pass
    assert device.needs_power_cycle is expected

# SPDX-License-Identifier: Apache-2.0
"""What a fault changes at a pin, without any client that would make sense of it."""

import pytest

from esp8266sim.board import Board, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.clock import MS, SECOND
from esp8266sim.faults import BREAKDOWN_PS, ERASES, Fault, WeakSupply, flash_bus
from esp8266sim.profiles import PROFILES
from esp8266sim.serve import sim
from tests.bench import SYNC, SYNC_ANSWER


def talk(*faults: Fault) -> tuple[bytes, Board]:
    """Power a board up in its loader, send it SYNC twice, and return what the host hears."""
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER, faults=faults)
    port = sim.Serial(None, board=board, timeout=0.2)
    port.read(1 << 16)
    port.write(SYNC)
    port.clock.sleep(0.1)
    port.write(SYNC)
    return port.read(1 << 16), board


def test_a_sound_board_answers() -> None:
    heard, board = talk()
    assert heard == 8 * SYNC_ANSWER
    assert board.cpu_state is CpuState.DOWNLOAD


def test_echo_is_all_that_comes_back_where_tx_and_rx_are_joined() -> None:
    heard, board = talk(Fault.ECHO)
    assert heard == SYNC * 2
    assert board.cpu_state is CpuState.AUTOBAUD


def test_a_deaf_chip_measures_nothing() -> None:
    heard, board = talk(Fault.TX_OPEN)
    assert (heard, board.cpu_state) == (b"", CpuState.AUTOBAUD)


def test_a_dumb_one_hears_all_the_same() -> None:
    heard, board = talk(Fault.RX_OPEN)
    assert (heard, board.cpu_state) == (b"", CpuState.DOWNLOAD)


@pytest.mark.parametrize(
    ("fault", "state"),
    [(Fault.GPIO0_OPEN, CpuState.USER_CODE), (Fault.GPIO15_HIGH, CpuState.SDIO)],
)
def test_straps_are_as_they_are_wired(fault: Fault, state: CpuState) -> None:
    sim_flash = sim.Serial(f"sim://esp01?wiring=jumper&fault={fault.value}").board
    sim_flash.clock.advance(SECOND)
    assert sim_flash.cpu_state is state


class Chip:
    """A flash chip that takes every erase, but for those that it is told to refuse."""

    busy_until = 0

    def __init__(self, board: Board, *, refuses: bool = False) -> None:
        self._board = board
        self._refuses = refuses

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        if opcode in ERASES and not self._refuses:
            self.busy_until = self._board.clock.now + 50 * MS
        return b"\x12" * read


@pytest.mark.parametrize(
    ("opcode", "refuses", "breakdowns"),
    [(0x20, False, 1), (0xC7, False, 1), (0x20, True, 0), (0x02, False, 0), (0x9F, False, 0)],
)
def test_a_weak_supply_breaks_down_in_the_middle_of_an_erase(
    opcode: int, refuses: bool, breakdowns: int
) -> None:
    board = Board(PROFILES["esp01"])
    happened: list[int] = []
    chip = WeakSupply(Chip(board, refuses=refuses), board.clock, lambda: happened.append(board.clock.now))
    began = board.clock.now
    assert chip.transfer(opcode, 0, b"", 2) == b"\x12\x12"
    board.clock.advance(began + SECOND)
    assert happened == [began + BREAKDOWN_PS] * breakdowns


@pytest.mark.parametrize(("fault", "level"), [(Fault.MISO_LOW, 0x00), (Fault.MISO_HIGH, 0xFF)])
def test_a_stuck_line_reads_as_its_level(fault: Fault, level: int) -> None:
    board = Board(PROFILES["esp01"])
    bus = flash_bus(frozenset({fault}), Chip(board), board.clock, board.power_cycle)
    assert bus.transfer(0x9F, None, b"", 3) == bytes([level]) * 3


def test_without_a_fault_the_chip_is_where_it_should_be() -> None:
    board = Board(PROFILES["esp01"])
    chip = Chip(board)
    assert flash_bus(frozenset(), chip, board.clock, board.power_cycle) is chip

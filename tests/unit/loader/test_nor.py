# SPDX-License-Identifier: Apache-2.0
"""The flash chip's commands, on virtual boards with chips that differ."""

import logging
from dataclasses import replace

import pytest

from esp8266sim.board import Board
from esp8266sim.chips import CHIPS
from esp8266sim.faults import Fault
from esp8266sim.profiles import PROFILES
from esp8266sim.trace import Kind
from esprom.errors import ProtocolError, Refused
from esprom.loader.connect import reach_rom
from esprom.loader.nor import BLOCK_ERASE, CHIP_ERASE, HALF_BLOCK_ERASE, SECTOR_ERASE, EraseUnit, NorFlash
from tests.ports import board, on_board

OPCODE_POWER_DOWN = 0xB9
WRITE_ENABLE = 0x06


def flash_of(under_test: Board) -> NorFlash:
    nor = NorFlash(reach_rom(on_board(under_test, latency_ms=0), "default-reset"))
    nor.attach()
    return nor


@pytest.fixture(params=sorted(CHIPS))
def any_chip(request: pytest.FixtureRequest) -> Board:
    return Board(PROFILES["esp01"], chip=CHIPS[request.param])


def test_attaching_does_not_change_the_chip(any_chip: Board) -> None:
    operations: list[object] = []
    any_chip.flash.observer = operations.append
    nor = flash_of(any_chip)
    assert nor.jedec_id == any_chip.flash.model.jedec_id
    assert not operations
    assert not any_chip.trace.of(Kind.UNMODELLED)


def test_identity(any_chip: Board) -> None:
    nor = flash_of(any_chip)
    model = any_chip.flash.model
    assert nor.read_unique_id() == (model.unique_id[:8] or None)
    assert nor.read_sfdp(0, 100) == model.sfdp[:100].ljust(100, b"\xff" if model.sfdp else b"\x00")


def test_a_chip_in_power_down_is_woken_up() -> None:
    under_test = board()
    under_test.flash.transfer(OPCODE_POWER_DOWN, None, b"", 0)
    assert flash_of(under_test).jedec_id == under_test.flash.model.jedec_id


class SlowToWake:
    """A chip that does not hear the first `deaf` commands, or none before the first write enable."""

    def __init__(self, under_test: Board, deaf: int) -> None:
        self.opcodes: list[int] = []
        self._deaf = deaf
        self._transfer = under_test.flash.transfer
        under_test.flash.transfer = self.transfer  # type: ignore[method-assign]

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        self.opcodes.append(opcode)
        deaf = len(self.opcodes) <= self._deaf and WRITE_ENABLE not in self.opcodes
        return bytes(read) if deaf else self._transfer(opcode, address, sent, read)


def test_a_chip_that_is_slow_to_answer_keeps_its_protection() -> None:
    under_test = board()
    under_test.flash.status = 0x021C
    SlowToWake(under_test, deaf=10)
    assert flash_of(under_test).jedec_id == under_test.flash.model.jedec_id
    assert under_test.flash.status == 0x021C


def test_what_letting_the_rom_attach_it_clears_is_told(caplog: pytest.LogCaptureFixture) -> None:
    under_test = board()
    under_test.flash.status = 0x021C
    SlowToWake(under_test, deaf=1000)
    with caplog.at_level(logging.WARNING, "esprom.flash"):
        flash_of(under_test)
    assert under_test.flash.status == 0
    assert "clears the chip's block protection and its quad enable bit" in caplog.text


def test_another_chip_after_a_restart_is_an_error() -> None:
    under_test = board()
    nor = flash_of(under_test)
    under_test.flash.model = replace(under_test.flash.model, jedec_id=0xC84014)
    with pytest.raises(ProtocolError, match="was ef4014 and is c84014 now"):
        nor.attach_again()


@pytest.mark.parametrize("fault", [Fault.MISO_LOW, Fault.MISO_HIGH])
def test_no_flash_at_all(fault: Fault) -> None:
    with pytest.raises(ProtocolError, match="no flash chip answers"):
        flash_of(Board(PROFILES["esp01"], faults=[fault]))


@pytest.mark.parametrize("registers", [1, 2])
@pytest.mark.parametrize("volatile", [False, True])
def test_status_is_written_on_every_chip(any_chip: Board, registers: int, volatile: bool) -> None:
    nor = flash_of(any_chip)
    if registers > any_chip.flash.model.status_registers:
        with pytest.raises(Refused, match="has 1 status register"):
            nor.write_status(0x021C, registers, volatile=volatile)
        return
    nor.write_status(0x021C & (1 << 8 * registers) - 1, registers, volatile=volatile)
    if volatile and not any_chip.flash.model.volatile_status:
        assert nor.read_status(registers) == 0
        return
    assert nor.read_status(registers) == 0x021C & any_chip.flash.model.writable & (1 << 8 * registers) - 1
    any_chip.flash.power_cycle()
    assert bool(any_chip.flash.status) is not volatile


def test_one_register_is_written_and_the_second_kept(any_chip: Board) -> None:
    any_chip.flash.status = 0x0200
    kept = any_chip.flash.status
    nor = flash_of(any_chip)
    nor.write_status(0x04, 1, volatile=False)
    assert any_chip.flash.status == kept | 0x04


@pytest.mark.parametrize(
    ("unit", "first", "size"),
    [
        (SECTOR_ERASE, 0x9000, 0x1000),
        (HALF_BLOCK_ERASE, 0x18000, 0x8000),
        (BLOCK_ERASE, 0x20000, 0x10000),
        (CHIP_ERASE, 0, 0x100000),
    ],
)
def test_erase(unit: EraseUnit, first: int, size: int) -> None:
    under_test = board(content=bytes(0x100000))
    assert flash_of(under_test).erase(unit, first)
    expected = bytes(first) + b"\xff" * size + bytes(0x100000 - first - size)
    assert bytes(under_test.flash.array) == expected


def test_an_erase_that_is_not_accepted_is_told_and_leaves_no_write_enable() -> None:
    under_test = board(content=bytes(0x100000))
    under_test.flash.status = 0x1C
    assert not flash_of(under_test).erase(SECTOR_ERASE, 0)
    assert under_test.flash.status == 0x1C
    assert under_test.flash.array[0] == 0


@pytest.mark.parametrize("status", [0x00, 0x021C])
def test_a_register_is_read_until_two_readings_agree(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    under_test = board()
    under_test.flash.status = status
    nor = flash_of(under_test)
    transfer, damage = under_test.flash.transfer, iter([0, 0x40, 0x08])

    def damaged(opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        return bytes(byte ^ next(damage, 0) for byte in transfer(opcode, address, sent, read))

    monkeypatch.setattr(under_test.flash, "transfer", damaged)
    assert nor.read_status(2) == status


def test_registers_that_never_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    under_test = board()
    nor = flash_of(under_test)
    turns = iter(range(100))
    monkeypatch.setattr(under_test.flash, "transfer", lambda *_: bytes([next(turns)]))
    with pytest.raises(ProtocolError, match="differently each time"):
        nor.read_status(1)


def test_a_chip_that_does_not_take_write_enable(monkeypatch: pytest.MonkeyPatch) -> None:
    under_test = board(content=bytes(0x1000))
    nor = flash_of(under_test)
    transfer = under_test.flash.transfer
    monkeypatch.setattr(
        under_test.flash,
        "transfer",
        lambda opcode, *rest: b"" if opcode == WRITE_ENABLE else transfer(opcode, *rest),
    )
    with pytest.raises(ProtocolError, match="write enable"):
        nor.erase(SECTOR_ERASE, 0)
    assert under_test.flash.array[0] == 0


@pytest.mark.parametrize("registers", [0, 4])
def test_number_of_registers(registers: int) -> None:
    nor = flash_of(board())
    with pytest.raises(ValueError, match="1 to 3"):
        nor.read_status(registers)
    with pytest.raises(ValueError, match="1 to 3"):
        nor.write_status(0, registers, volatile=True)


def test_values_that_do_not_fit() -> None:
    nor = flash_of(board())
    with pytest.raises(ValueError, match="does not fit 1"):
        nor.write_status(0x100, 1, volatile=True)
    with pytest.raises(ValueError, match="no range of SFDP"):
        nor.read_sfdp(0xFFFFFF, 2)

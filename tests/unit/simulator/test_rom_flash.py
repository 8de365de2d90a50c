# SPDX-License-Identifier: Apache-2.0
"""The ROM's flash functions, by the commands that the flash chip is given and the time they take.

The erase sizes are the formula's (head sectors are counted twice), worked out by hand for pairs that the
vectors do not have; erases are counted as (sectors, blocks).
"""

from collections.abc import Generator
from typing import Any

import pytest

from esp8266sim.bootrom.activity import CpuState, Halt
from esp8266sim.bootrom.flash import FlashFunctions
from esp8266sim.chips import GD25Q32, RECORDER, W25Q32, W25Q80, ChipModel
from esp8266sim.clock import MS, SECOND, US
from esp8266sim.flashchip import Operation
from esp8266sim.profiles import PROFILES
from esp8266sim.soc import spi
from tests.bench import DIFFERS, FAILED, INVALID, OK, Bench, data, flash_begin, raw, words, write_reg

PARAMETERS = 0x3FFFC718
SECTOR_ERASE, BLOCK_ERASE, PROGRAM, WRITE_STATUS = 0x20, 0xD8, 0x02, 0x01
SLACK = 2 * MS  # for the CPU, the bus and the reply


class Rig:
    """The ROM's functions on a board that waits for commands; the flash's cells are all zero."""

    def __init__(self, chip: ChipModel = RECORDER) -> None:
        self.bench = Bench(chip, bytearray(chip.size)).sync()
        self.flash = FlashFunctions(self.bench.board.soc)
        self.seen: list[Operation] = []
        self.bench.board.flash.observer = self.seen.append

    @property
    def cells(self) -> bytes:
        return bytes(self.bench.board.flash.array)

    def call(self, function: Generator[Any, Any, Any]) -> Any:
        clock = self.bench.clock
        while True:
            try:
                clock.advance(clock.now + next(function))
            except StopIteration as done:
                return done.value

    def write(self, address: int, data: bytes) -> Any:
        return self.call(self.flash.write(address, len(data), lambda at, size: data[at : at + size]))

    def addresses(self, opcode: int) -> list[int | None]:
        return [operation.address for operation in self.seen if operation.opcode == opcode]

    def parameters(self, **changes: int) -> None:
        """Overwrite words of the flash parameters, as a host does."""
        names = ("id", "chip", "block", "sector", "page", "mask")
        for name, value in changes.items():
            assert self.bench.status(write_reg(PARAMETERS + 4 * names.index(name), value)) == OK


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("offset", "size", "end", "erases", "status"),
    [
        (0x0, 0xF000, 0x1E000, (30, 0), OK),
        (0x0, 0x12000, 0x22000, (18, 1), OK),
        (0x0, 0x100000, 0x110000, (32, 15), OK),
        (0x2000, 0x1000, 0x4000, (2, 0), OK),
        (0x5000, 0x5000, 0xF000, (10, 0), OK),
        (0x7000, 0x10001, 0x21000, (10, 1), OK),
        (0xC000, 0x8000, 0x18000, (12, 0), OK),
        (0xF000, 0x11000, 0x21000, (2, 1), OK),
        (0x10000, 0x30000, 0x50000, (32, 2), OK),
        (0x1F000, 0x3000, 0x23000, (4, 0), OK),
        (0x20000, 0x1, 0x22000, (2, 0), OK),
        (0x3F0000, 0x8000, 0x400000, (16, 0), OK),
        (0x3F0000, 0x9000, 0x400000, (16, 0), FAILED),
        (0x300000, 0x100000, 0x400000, (16, 15), FAILED),
        (0x3FF000, 0x1000, 0x400000, (1, 0), FAILED),
        (0x3FF000, 0x1001, 0x3FF000, (0, 0), FAILED),
        (0x400000, 0x0, 0x400000, (0, 0), OK),
        (0x800, 0x800, 0x800, (0, 0), FAILED),
        (0xFFFFF000, 0x1000, 0xFFFFF000, (0, 0), FAILED),
    ],
)
def test_flash_begin_erases_the_head_twice(
    offset: int, size: int, end: int, erases: tuple[int, int], status: bytes
) -> None:
    rig = Rig()
    assert rig.bench.status(flash_begin(offset, size)) == status
    assert (len(rig.addresses(SECTOR_ERASE)), len(rig.addresses(BLOCK_ERASE))) == erases
    erased = end - offset
    assert rig.cells[offset:end] == b"\xff" * erased
    assert rig.cells.count(0xFF) == erased


def test_erases_go_upwards_sectors_blocks_sectors(rig: Rig) -> None:
    rig.bench.send(flash_begin(0xE000, 0x12000))
    order = [(operation.opcode, operation.address) for operation in rig.seen if operation.opcode != 1]
    assert order == [
        (SECTOR_ERASE, 0xE000),
        (SECTOR_ERASE, 0xF000),
        (BLOCK_ERASE, 0x10000),
        (SECTOR_ERASE, 0x20000),
        (SECTOR_ERASE, 0x21000),
    ]


def test_flash_begin_writes_the_status_three_times_with_two_bytes(rig: Rig) -> None:
    rig.bench.send(flash_begin(0, 0))
    assert [operation.sent for operation in rig.seen] == [b"\x02\x00", b"\x02\x00", b"\x00\x00"]
    assert rig.bench.value(spi.BASE + spi.CTRL) == 0x00688313 | spi.CTRL_TWO_BYTE_STATUS


@pytest.mark.spec("ROM-21", "ROM-28")
@pytest.mark.parametrize(
    "refused",
    [raw(0x02, words(0x1000, 1, 0x400, 0), size=20), flash_begin(0, 0x1000, block_size=0x1801)],
    ids=["size", "block size"],
)
def test_a_refused_flash_begin_has_attached_all_the_same(rig: Rig, refused: bytes) -> None:
    assert rig.bench.status(refused) == INVALID
    assert [(operation.opcode, operation.sent) for operation in rig.seen] == [(WRITE_STATUS, b"\x02\x00")]


def test_unlocking_clears_protection_before_the_erase(rig: Rig) -> None:
    rig.bench.board.flash.status = 0x1C
    assert rig.bench.status(flash_begin(0, 0x1000)) == OK
    assert rig.cells[:0x2000] == b"\xff" * 0x2000


# -- odd geometry, as SPI_SET_PARAMS or WRITE_REG may leave it ----------------------------------------


@pytest.mark.spec("ROM-1", "ROM-26")
def test_the_chip_ends_where_the_parameters_say(rig: Rig) -> None:
    rig.parameters(chip=0x10000)
    assert rig.bench.status(flash_begin(0xF000, 0x1000)) == FAILED
    assert rig.addresses(SECTOR_ERASE) == [0xF000]
    assert rig.bench.status(flash_begin(0x10000, 0x1000)) == FAILED
    assert rig.addresses(SECTOR_ERASE) == [0xF000]


def test_a_chip_smaller_than_the_parameters_wraps(rig: Rig) -> None:
    rig = Rig(PROFILES["esp01"].flash)
    assert rig.bench.status(flash_begin(0x100000, 0x1000)) == OK
    assert rig.cells[:0x2000] == b"\xff" * 0x2000


def test_larger_sectors_erase_the_first_4_kib_of_each(rig: Rig) -> None:
    rig.parameters(sector=0x2000)
    assert rig.bench.status(flash_begin(0x2000, 0x2000)) == OK
    assert rig.addresses(SECTOR_ERASE) == [0x2000, 0x4000]
    assert rig.cells.count(0xFF) == 0x2000
    assert rig.bench.status(flash_begin(0x1000, 0x1000)) == FAILED


def test_smaller_blocks_make_a_shorter_head(rig: Rig) -> None:
    rig.parameters(block=0x4000)
    assert rig.bench.status(flash_begin(0x3000, 0x5000)) == OK
    assert rig.addresses(SECTOR_ERASE) == [0x3000, 0x8000]
    assert rig.addresses(BLOCK_ERASE) == [0x4000]


@pytest.mark.parametrize("changes", [{"sector": 0}, {"block": 0}, {"sector": 0, "block": 0}, {"chip": 0}])
def test_no_geometry_hangs_the_board(rig: Rig, changes: dict[str, int]) -> None:
    rig.parameters(**changes)
    rig.bench.send(flash_begin(0, 0x1000))
    assert rig.bench.state() in (CpuState.DOWNLOAD, CpuState.STUCK)


def test_a_block_of_no_sectors_is_erased_for_ever(rig: Rig) -> None:
    rig.parameters(block=0)
    assert rig.bench.send(flash_begin(0, 0x1000)) == b""
    assert rig.bench.state() is CpuState.STUCK


@pytest.mark.parametrize(
    ("page", "pieces"),
    [
        (0x100, [0, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0, 0x100, 0x120]),
        (0x40, [0, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0, 0x100, 0x120]),
        (0x30, [0, 0x20, 0x30, 0x50, 0x60, 0x80, 0x90, 0xB0, 0xC0, 0xE0, 0xF0, 0x110, 0x120]),
    ],
)
def test_programs_do_not_cross_the_page_of_the_parameters(rig: Rig, page: int, pieces: list[int]) -> None:
    rig.parameters(page=page)
    assert rig.write(0, bytes(0x140)) is True
    assert rig.addresses(PROGRAM) == pieces


# -- write and read ----------------------------------------------------------------------------------


def test_a_write_is_split_at_pages_and_32_bytes(rig: Rig) -> None:
    assert rig.write(0xF4, bytes(0x30)) is True
    programmed = [(op.address, len(op.sent)) for op in rig.seen if op.opcode == PROGRAM]
    assert programmed == [(0xF4, 12), (0x100, 32), (0x120, 4)]


def test_a_piece_that_is_no_multiple_of_4_stops_the_write(rig: Rig) -> None:
    assert rig.write(0xF2, bytes(0x30)) is False
    assert rig.addresses(PROGRAM) == []
    assert rig.write(0x02, bytes(0x30)) is True


@pytest.mark.parametrize(("address", "size"), [(0x400000, 4), (0x3FFFFC, 8), (0x3FFFFD, 4), (0x80000000, 4)])
def test_beyond_the_end_nothing_is_written_or_read(rig: Rig, address: int, size: int) -> None:
    assert rig.write(address, bytes(size)) is False
    assert rig.call(rig.flash.read(address, size)) is None
    assert rig.seen == []


def test_the_last_byte_can_be_read(rig: Rig) -> None:
    rig.bench.board.flash.array[0x3FFFFF] = 0xA5
    assert rig.call(rig.flash.read(0x3FFFFF, 1))[:1] == b"\xa5"  # of a whole word
    assert rig.call(rig.flash.read(0x3FFFC0, 64)) == bytes(63) + b"\xa5"


@pytest.mark.spec("ROM-24")
@pytest.mark.parametrize(
    ("offset", "begun", "written"), [(0x400000, OK, OK), (0x3FFFF00, FAILED, b"\x00\x06")]
)
def test_blocks_past_the_end_pass_for_written(rig: Rig, offset: int, begun: bytes, written: bytes) -> None:
    """The block in RAM proves itself, since nothing was read over it."""
    assert rig.bench.status(flash_begin(offset, 0)) == begun
    before = b"\xff" * len(rig.cells)
    rig.bench.board.flash.array[:] = before
    for sequence in range(2):
        assert rig.bench.status(data(0x03, bytes([sequence]) * 64, sequence)) == written
    assert rig.cells == before


def test_a_block_over_programmed_cells_differs_and_does_not_move_on() -> None:
    rig = Rig()
    rig.bench.board.flash.array[:256] = b"\xff" * 256
    rig.bench.send(flash_begin(0, 0, blocks=3))
    assert rig.bench.status(data(0x03, b"\x0f" + bytes(63), 0)) == OK
    rig.bench.board.flash.array[64] = 0
    assert rig.bench.status(data(0x03, b"\x01" + bytes(63), 1)) == DIFFERS
    assert rig.bench.status(data(0x03, b"\x02" + bytes(63), 1)) == b"\x01\x05"
    rig.bench.board.flash.array[64] = 0xFF
    assert rig.bench.status(data(0x03, b"\x02" + bytes(63), 2)) == b"\x00\x05"
    assert rig.cells[64] == 0x02


@pytest.mark.parametrize("stuck", [0x00, 0xFF])
def test_functions_wait_for_ever_for_a_chip_that_is_not_there(stuck: int) -> None:
    rig = Rig()
    rig.bench.board.soc.spi.flash = spi.StuckBus(stuck)
    with pytest.raises(Halt):
        rig.call(rig.flash.unlock())
    assert rig.bench.send(flash_begin(0, 0)) == b""
    assert rig.bench.state() is CpuState.STUCK


def test_a_sleeping_chip_is_waited_for_for_ever(rig: Rig) -> None:
    rig.bench.send(write_reg(spi.BASE + spi.CMD, spi.CMD_POWER_DOWN))
    assert rig.bench.send(flash_begin(0, 0)) == b""
    assert rig.bench.state() is CpuState.STUCK


def test_two_status_bytes_change_nothing_on_a_chip_that_takes_one() -> None:
    rig = Rig(GD25Q32)
    rig.bench.board.flash.status = 0x1C
    assert rig.bench.status(flash_begin(0, 0x1000)) == OK  # the ROM does not look at the outcome
    assert rig.cells[:0x1000] == bytes(0x1000)


# -- time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", [W25Q80, W25Q32])
def test_flash_begin_takes_the_datasheets_time(chip: ChipModel) -> None:
    rig = Rig(chip)
    frame = flash_begin(0xF000, 0x12000)  # one sector, one block, two sectors
    began = rig.bench.clock.now + len(frame) * 10 * SECOND // 115200
    rig.bench.send(frame)
    busy = round((3 * chip.times.status + 3 * chip.times.sector + chip.times.block) * US)
    assert len(rig.addresses(SECTOR_ERASE)) == 3
    assert 0 <= rig.bench.clock.now - began - busy < SLACK


def test_a_program_takes_the_datasheets_time() -> None:
    rig = Rig(W25Q32)
    began = rig.bench.clock.now
    rig.write(0, bytes(1024))
    busy = round(32 * (30 + 31 * 2.5) * US)  # 32 bytes a command
    assert 0 <= rig.bench.clock.now - began - busy < SLACK


def test_a_read_takes_the_bus_time() -> None:
    rig = Rig()
    began = rig.bench.clock.now
    rig.call(rig.flash.read(0, 4096))
    bus = 128 * (32 + 8 * 32) * 4 * SECOND // 52_000_000  # a command of 32 bits for 32 bytes, APB / 4
    assert 0 <= rig.bench.clock.now - began - bus < SLACK


def test_the_loader_waits_for_a_chip_that_is_still_busy() -> None:
    rig = Rig(W25Q32)
    flash = rig.bench.board.flash
    flash.transfer(0x06, None, b"", 0)
    flash.transfer(0xC7, None, b"", 0)
    began = rig.bench.clock.now
    rig.bench.send(flash_begin(0, 0))
    assert rig.bench.clock.now - began >= W25Q32.times.chip * US

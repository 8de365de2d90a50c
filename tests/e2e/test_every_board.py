# SPDX-License-Identifier: Apache-2.0
"""The real client on every virtual board there is: identify, back up, write, protect, restore.

The user's word makes the flash a few sectors large where a whole one would take minutes; the soak does
whole ones of the two chips that are least like the others. What takes long is done by default on the two
boards that are least alike, and on all of them in the soak.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

import esprom
from esp8266sim import PROFILES, Board, Profile, Wiring
from esp8266sim.chips import P25Q80H
from esp8266sim.demo import firmware
from esp8266sim.flashchip import PAGE_PROGRAM, Operation
from esp8266sim.serve.sim import Serial
from esp8266sim.trace import Kind
from esprom.errors import FlashProtected
from esprom.image import flash_header
from tests.firmware import SECTOR, used
from tests.ports import on_board

PATTERN = random.Random(5).randbytes(3 * SECTOR)
PROTECT_ALL = 0x1C
LEAST_ALIKE = ("esp01", "nodemcu")
LONG = pytest.mark.parametrize(
    "board",
    [
        pytest.param(profile, id=name, marks=() if name in LEAST_ALIKE else pytest.mark.soak)
        for name, profile in PROFILES.items()
    ],
    indirect=True,
)
ERASES = {0x20: 0x1000, 0x52: 0x8000, 0xD8: 0x10000, 0xC7: 1 << 24}


@pytest.fixture(params=PROFILES.values(), ids=list(PROFILES))
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    profile: Profile = request.param
    made = Board(profile, bytearray(firmware(profile.flash.size, mode=profile.header_mode)))
    yield made
    assert made.trace.of(Kind.UNMODELLED) == []


def test_what_it_is_is_told(board: Board) -> None:
    profile = board.profile
    with esprom.connect(on_board(board)) as device:
        chip, flash = device.chip, device.flash()
    assert chip.name.startswith("ESP8285" if profile.name == "esp8285" else "ESP8266EX")
    assert chip.crystal_mhz * 1_000_000 == profile.crystal_hz
    assert (flash.part, flash.size) == (profile.flash.name, profile.flash.size)
    assert flash.unique_id == (board.flash.unique_id[:8] or None)
    assert flash.size_source == ("jedec+sfdp" if profile.flash.sfdp else "jedec")


@LONG
def test_backed_up_changed_and_restored(board: Board, tmp_path: Path) -> None:
    before = bytes(board.flash.array)
    with esprom.connect(on_board(board), flash_size=2 * SECTOR) as device:
        saved = device.backup(tmp_path / "board")
        assert saved.image.read_bytes() == before[: 2 * SECTOR]
        assert saved.manifest.header == flash_header(before)
        board.flash.array[: 2 * SECTOR] = PATTERN[: 2 * SECTOR]
        device.restore(tmp_path / "board")
    assert bytes(board.flash.array) == before


@LONG
def test_a_write_lands_at_the_very_end_and_nowhere_else(board: Board) -> None:
    before = bytes(board.flash.array)
    size = len(before)
    first = size - SECTOR - 1234
    with esprom.connect(on_board(board)) as device:
        device.write_flash(first, PATTERN[: size - first])
        assert device.read_flash(first, size - first) == PATTERN[: size - first]
        device.erase_region(size - SECTOR, SECTOR)
    assert bytes(board.flash.array) == before[:first] + PATTERN[:1234] + b"\xff" * SECTOR


def test_the_status_registers_are_read_as_they_are(board: Board) -> None:
    board.flash.status = 0x4418
    with esprom.connect(on_board(board)) as device:
        registers = device.status_registers()
        assert registers == min(2, board.flash.model.status_registers)
        assert device.read_flash_status(registers) == 0x4418 & board.flash.model.writable


@LONG
def test_protection_is_found_and_lifted_when_told(board: Board) -> None:
    board.flash.status = PROTECT_ALL
    with esprom.connect(on_board(board)) as device:
        with pytest.raises(FlashProtected):
            device.write_flash(0x5000, PATTERN[:100])
        device.write_flash(0x5000, PATTERN[:100], unprotect=True)
    assert bytes(board.flash.array[0x5000:0x5064]) == PATTERN[:100]
    assert not board.flash.status & PROTECT_ALL


def test_the_boot_log_is_read_through_the_boards_bridge(board: Board) -> None:
    port = Serial(None, baudrate=74880 if board.profile.crystal_hz == 26_000_000 else 115200, board=board)
    port.timeout = 0.2
    port.rts = True
    port.reset_input_buffer()
    port.rts = False
    assert b"rst cause:2, boot mode:(3,7)" in port.read(200)


class Programs:
    """How often each byte has been programmed since its sector was erased, by the observer's account."""

    def __init__(self) -> None:
        self.times: dict[int, int] = {}
        self.most = 0

    def __call__(self, operation: Operation) -> None:
        if not operation.accepted or operation.address is None:
            return
        if operation.opcode == PAGE_PROGRAM:
            for address in range(operation.address, operation.address + len(operation.sent)):
                self.times[address] = self.times.get(address, 0) + 1
                self.most = max(self.most, self.times[address])
        elif operation.opcode in ERASES:
            first = operation.address // ERASES[operation.opcode] * ERASES[operation.opcode]
            for address in range(first, first + ERASES[operation.opcode]):
                self.times.pop(address, None)


@pytest.mark.spec("FLASH-23")
@pytest.mark.parametrize(
    ("offset", "size"),
    [(0, 1), (0, SECTOR), (1, 255), (0x10FE, 4), (0x1FFF, 2), (0x1080, 2 * SECTOR), (0x3001, 3 * SECTOR - 1)],
)
def test_no_byte_is_programmed_twice_so_a_puya_chip_holds_what_was_written(offset: int, size: int) -> None:
    content = used(P25Q80H.size)
    board = Board(PROFILES["esp01s"], bytearray(content))
    board.flash.observer = programs = Programs()
    with esprom.connect(on_board(board)) as device:
        device.write_flash(offset, PATTERN[:size])
    assert bytes(board.flash.array) == content[:offset] + PATTERN[:size] + content[offset + size :]
    assert programs.most == 1


@pytest.mark.soak
@pytest.mark.parametrize("name", ["esp01s", "esp8285"])
def test_a_whole_board_is_erased_restored_and_backed_up(name: str, tmp_path: Path) -> None:
    content = used(PROFILES[name].flash.size)
    board = Board(PROFILES[name], bytearray(content), wiring=Wiring.JUMPER)
    port = on_board(board)
    port.baud = 460800
    with esprom.connect(port, before="no-reset", loader="stub") as device:
        device.backup(tmp_path / "board")
        device.erase_flash()
        assert set(board.flash.array) == {0xFF}
        device.restore(tmp_path / "board")
    assert bytes(board.flash.array) == content

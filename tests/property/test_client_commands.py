# SPDX-License-Identifier: Apache-2.0
"""The commands that are not about ranges of flash, with any argument, on the virtual board."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import esprom
from esp8266sim import PROFILES, Board
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import W25Q32
from esp8266sim.trace import Kind
from esprom.errors import VerifyFailed
from tests.ports import on_board

SIZE = W25Q32.size
CONTENT = random.Random(8).randbytes(0x3000).ljust(SIZE, b"\xff")
DRAM, DRAM_END = 0x3FFE8000, 0x3FFFA000  # what no loader needs
IRAM = 0x40100000

words = st.one_of(st.sampled_from([0, 1, 0xFF, 0x80000000, 0xFFFFFFFF]), st.integers(0, 0xFFFFFFFF))
offsets = st.one_of(st.sampled_from([0, 1, 0xFFF, 0x1000, 0x2FFF]), st.integers(0, 0x2F00))


def connected() -> tuple[Board, esprom.Device]:
    board = Board(PROFILES["esp12"], bytearray(CONTENT))
    return board, esprom.connect(on_board(board, latency_ms=0))


BOARD, DEVICE = connected()


@given(offset=offsets, length=st.integers(1, 200), hurt=st.sets(st.integers(0, 199), max_size=3))
def test_verify_names_the_first_difference(offset: int, length: int, hurt: set[int]) -> None:
    data = bytearray(CONTENT[offset : offset + length])
    wrong = [at for at in sorted(hurt) if at < length]
    for at in wrong:
        data[at] ^= 0x10
    if not wrong:
        DEVICE.verify_flash(offset, bytes(data))
        return
    with pytest.raises(VerifyFailed) as caught:
        DEVICE.verify_flash(offset, bytes(data))
    assert caught.value.address == offset + wrong[0]


@given(before=words, value=words, mask=words, place=st.integers(0, 63))
def test_write_reg_changes_the_masked_bits(before: int, value: int, mask: int, place: int) -> None:
    address = DRAM + 4 * place
    BOARD.soc.bus.store32(address, before)
    DEVICE.write_reg(address, value, mask)
    assert DEVICE.read_reg(address) == before & ~mask | value & mask
    assert BOARD.soc.bus.load32(address) == before & ~mask | value & mask


@given(offset=st.integers(0, 0x120), size=st.integers(0, 80))
def test_read_sfdp(offset: int, size: int) -> None:
    assert DEVICE.read_sfdp(offset, size) == BOARD.flash.transfer(0x5A, offset, b"", size)


@given(status=st.integers(0, 0xFFFFFF), registers=st.integers(1, 3))
def test_read_status(status: int, registers: int) -> None:
    board, device = connected_for_status
    board.flash.status = status
    assert device.read_flash_status(registers) == board.flash.status & (1 << 8 * registers) - 1


LOCKS = 0x3980  # bits that last for ever, or until power-down


@given(value=st.integers(0, 0xFFFF).map(lambda value: value & ~LOCKS), volatile=st.booleans())
def test_write_status_stays_or_not(value: int, volatile: bool) -> None:
    board, device = connected_for_status
    board.flash.status = 0
    device.write_flash_status(value, 2, volatile=volatile)
    written = board.flash.status
    assert device.read_flash_status(2) == written & 0xFFFF
    assert written & value & 0x7C == value & 0x7C  # the protection bits, which every chip has
    board.flash.power_cycle()
    assert board.flash.status == (0 if volatile else written)


connected_for_status = connected()


@given(
    first=st.integers(DRAM, DRAM_END - 0x2000),
    data=st.binary(min_size=1, max_size=80),
    code=st.binary(min_size=1, max_size=40),
    large=st.booleans(),
)
@settings(max_examples=15)
def test_load_ram_puts_it_there_and_jumps(first: int, data: bytes, code: bytes, large: bool) -> None:
    board, device = connected()
    code = b"\x06\xff\xff" + code  # behind an endless loop, for who knows what it would do
    data = data * 100 if large else data
    device.load_ram([(first, data[: DRAM_END - first]), (IRAM, code)], entry=IRAM)
    assert board.soc.bus.peek(first, len(data)) == data
    assert board.soc.bus.peek(IRAM, len(code)) == code
    (jump,) = board.trace.of(Kind.ENTERED)[-1:]
    assert jump.address == IRAM
    assert board.cpu_state is CpuState.USER_CODE

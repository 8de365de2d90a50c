# SPDX-License-Identifier: Apache-2.0
"""SPI0 by its registers, in front of a flash chip that notes what it is told."""

import pytest

from esp8266sim.clock import SECOND, Clock
from esp8266sim.soc import spi as reg
from esp8266sim.soc.spi import SpiController, StuckBus

APB = 52_000_000
CLOCK = round(4 * SECOND / APB)  # of the bus


class Recorder:
    """A flash that answers with counting bytes."""

    busy_until = 0

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None, bytes, int]] = []

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        self.seen.append((opcode, address, sent, read))
        return bytes(range(0x81, 0x81 + read))


class Rig:
    """A controller and its flash."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.flash = Recorder()
        self.spi = SpiController(self.clock, APB, self.flash)

    def set(self, **registers: int) -> None:
        for name, value in registers.items():
            assert self.spi.store(getattr(reg, name), value)

    def words(self, count: int) -> list[int | None]:
        return [self.spi.load(reg.W0 + 4 * index) for index in range(count)]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize(
    ("command", "expected", "bits"),
    [
        (reg.CMD_WRITE_ENABLE, (0x06, None, b"", 0), 8),
        (reg.CMD_WRITE_DISABLE, (0x04, None, b"", 0), 8),
        (reg.CMD_READ_ID, (0x9F, None, b"", 3), 32),
        (reg.CMD_SECTOR_ERASE, (0x20, 0x123456, b"", 0), 32),
        (reg.CMD_BLOCK_ERASE, (0xD8, 0x123456, b"", 0), 32),
        (reg.CMD_CHIP_ERASE, (0xC7, None, b"", 0), 8),
        (reg.CMD_POWER_DOWN, (0xB9, None, b"", 0), 8),
        (reg.CMD_RELEASE, (0xAB, None, b"", 0), 8),
        (reg.CMD_READ_STATUS, (0x05, None, b"", 1), 16),
        (reg.CMD_READ, (0x03, 0x123456, b"", 0x20), 32 + 256),
        (reg.CMD_PAGE_PROGRAM, (0x02, 0x123456, bytes(0x20), 0), 32 + 256),
        (reg.CMD_WRITE_STATUS, (0x01, None, b"\x00", 0), 16),
    ],
)
def test_a_command_bit_does_its_transaction_and_takes_its_clocks(
    rig: Rig, command: int, expected: tuple[int, int | None, bytes, int], bits: int
) -> None:
    rig.set(ADDR=0x20123456, CMD=command)
    assert rig.flash.seen == [expected]
    assert rig.spi.load(reg.CMD) == command
    rig.clock.advance(bits * CLOCK - 1)
    assert rig.spi.load(reg.CMD) == command
    rig.clock.advance(bits * CLOCK)
    assert rig.spi.load(reg.CMD) == 0


def test_no_bit_is_no_transaction(rig: Rig) -> None:
    rig.set(CMD=0)
    assert rig.flash.seen == []
    assert rig.spi.load(reg.CMD) == 0


def test_read_fills_the_buffer_and_no_more(rig: Rig) -> None:
    rig.set(ADDR=4 << 24)
    rig.spi.store(reg.W0 + 4, 0x12345678)
    rig.set(CMD=reg.CMD_READ)
    assert rig.words(2) == [0x84838281, 0x12345678]


def test_the_buffer_has_64_bytes(rig: Rig) -> None:
    rig.set(ADDR=0xFF << 24, CMD=reg.CMD_READ)
    assert rig.flash.seen[-1][3] == 64
    assert len(rig.spi.buffer) == 64
    assert rig.words(17)[15:] == [0xC0BFBEBD, None]


def test_read_id_arrives_in_the_first_word(rig: Rig) -> None:
    rig.set(CMD=reg.CMD_READ_ID)
    assert rig.words(1) == [0x838281]


def test_status_is_read_into_its_register(rig: Rig) -> None:
    rig.set(CMD=reg.CMD_READ_STATUS)
    assert rig.spi.load(reg.RD_STATUS) == 0x81


def test_status_is_written_with_two_bytes_when_control_says_so(rig: Rig) -> None:
    rig.set(RD_STATUS=0xABCD021C, CTRL=reg.CTRL_TWO_BYTE_STATUS, CMD=reg.CMD_WRITE_STATUS)
    rig.set(CTRL=0, CMD=reg.CMD_WRITE_STATUS)
    assert [seen[2] for seen in rig.flash.seen] == [b"\x1c\x02", b"\x1c"]


def test_page_program_sends_the_buffer(rig: Rig) -> None:
    rig.spi.store(reg.W0, 0x64636261)
    rig.set(ADDR=0x03000100, CMD=reg.CMD_PAGE_PROGRAM)
    assert rig.flash.seen == [(0x02, 0x100, b"abc", 0)]


def user1(address: int = 1, out: int = 1, into: int = 1, dummy: int = 1) -> int:
    """USER1 from lengths in bits."""
    return (address - 1) << 26 | (out - 1) << 17 | (into - 1) << 8 | dummy - 1


def test_user_transaction_reads_the_jedec_id(rig: Rig) -> None:
    rig.set(USER=reg.USER_COMMAND | reg.USER_DATA_IN, USER1=user1(into=24), USER2=7 << 28 | 0x9F)
    rig.set(CMD=reg.CMD_USR)
    assert rig.flash.seen == [(0x9F, None, b"", 3)]
    assert rig.words(1) == [0x838281]
    rig.clock.advance(32 * CLOCK - 1)
    assert rig.spi.load(reg.CMD) == reg.CMD_USR
    rig.clock.advance(32 * CLOCK)
    assert rig.spi.load(reg.CMD) == 0


def test_user_transaction_with_every_phase(rig: Rig) -> None:
    everything = reg.USER_COMMAND | reg.USER_ADDRESS | reg.USER_DUMMY | reg.USER_DATA_IN | reg.USER_DATA_OUT
    rig.spi.store(reg.W0, 0x64636261)
    rig.set(ADDR=0x12345600, USER=everything, USER2=7 << 28 | 0x5A)
    rig.set(USER1=user1(address=24, out=16, into=32, dummy=8), CMD=reg.CMD_USR)
    assert rig.flash.seen == [(0x5A, 0x123456, b"ab", 4)]
    rig.clock.advance((8 + 24 + 8 + 16 + 32) * CLOCK - 1)
    assert rig.spi.load(reg.CMD) == reg.CMD_USR
    rig.clock.advance((8 + 24 + 8 + 16 + 32) * CLOCK)
    assert rig.spi.load(reg.CMD) == 0


def test_bits_that_were_not_read_are_cleared_in_the_last_word(rig: Rig) -> None:
    rig.spi.store(reg.W0, 0xFFFFFFFF)
    rig.set(USER=reg.USER_COMMAND | reg.USER_DATA_IN, USER1=user1(into=12), USER2=7 << 28 | 0x9F)
    rig.set(CMD=reg.CMD_USR)
    assert rig.words(1) == [0x0281]


def test_no_chip_hears_a_transaction_without_an_opcode(rig: Rig) -> None:
    rig.set(USER=reg.USER_DATA_IN, USER1=user1(into=8), CMD=reg.CMD_USR)
    assert rig.flash.seen == []


def test_registers_keep_what_is_stored_and_reset_gives_it_back(rig: Rig) -> None:
    rig.set(USER=0x12345678, CLOCK=9)
    rig.spi.store(reg.W0, 1)
    assert rig.spi.load(reg.USER) == 0x12345678
    rig.spi.reset()
    assert (rig.spi.load(reg.USER), rig.spi.load(reg.CLOCK), rig.spi.load(reg.W0)) == (4, 0, 0)


def test_the_state_machine_is_idle(rig: Rig) -> None:
    assert rig.spi.load(reg.EXT2) == 0


def test_unknown_registers_are_not_modelled(rig: Rig) -> None:
    assert rig.spi.load(0x80) is None
    assert not rig.spi.store(0x80, 1)


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_stuck_bus_reads_its_level(level: int) -> None:
    assert StuckBus(level).transfer(0x9F, None, b"", 3) == bytes([level] * 3)

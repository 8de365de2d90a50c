# SPDX-License-Identifier: Apache-2.0
"""SPI0 by its registers, in front of a flash chip that notes what it is told.

Bits are spelt out here, so that a wrong constant does not agree with itself.
"""

import pytest

from esp8266sim.clock import Clock
from esp8266sim.soc import spi as reg
from esp8266sim.soc.spi import SpiController, StuckBus

APB_HZ = 52_000_000
CLOCK = 76_923  # ps: APB / 4

USR = 1 << 18
COMMAND, ADDRESS, DUMMY, DATA_IN, DATA_OUT = (1 << bit for bit in (31, 30, 29, 28, 27))  # of USER
OPCODE_9F = 7 << 28 | 0x9F  # eight bits

Period = tuple[int, int | None, bytes, int]  # opcode, address, bytes to the chip, bytes from it


class Recorder:
    """A flash that answers with counting bytes."""

    busy_until = 0

    def __init__(self) -> None:
        self.seen: list[Period] = []

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        self.seen.append((opcode, address, sent, read))
        return bytes(range(0x81, 0x81 + read))


class Rig:
    """A controller and its flash."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.flash = Recorder()
        self.spi = SpiController(self.clock, APB_HZ, self.flash)

    def set(self, **registers: int) -> None:
        for name, value in registers.items():
            assert self.spi.store(getattr(reg, name), value)

    def words(self, count: int) -> list[int | None]:
        return [self.spi.load(reg.W0 + 4 * index) for index in range(count)]

    def start(self, command: int, clocks: int) -> None:
        """Store CMD, which reads back what was stored until `clocks` are over."""
        began = self.clock.now
        self.set(CMD=command)
        assert self.spi.load(reg.CMD) == command
        self.clock.advance(began + clocks * CLOCK - 1)
        assert self.spi.load(reg.CMD) == command
        self.clock.advance(began + clocks * CLOCK)
        assert self.spi.load(reg.CMD) == 0


@pytest.fixture
def rig() -> Rig:
    return Rig()


# -- ready-made commands -----------------------------------------------------------------------------


@pytest.mark.spec("REG-10", "REG-11")
@pytest.mark.parametrize(
    ("bit", "expected", "clocks"),
    [
        (31, (0x03, 0x123456, b"", 0x20), 32 + 8 * 0x20),
        (30, (0x06, None, b"", 0), 8),
        (29, (0x04, None, b"", 0), 8),
        (28, (0x9F, None, b"", 3), 32),
        (27, (0x05, None, b"", 1), 16),
        (26, (0x01, None, b"\x1c", 0), 16),
        (25, (0x02, 0x123456, b"\xaa\xbb\xcc\xdd" + bytes(0x1C), 0), 32 + 8 * 0x20),
        (24, (0x20, 0x123456, b"", 0), 32),
        (23, (0xD8, 0x123456, b"", 0), 32),
        (22, (0xC7, None, b"", 0), 8),
        (21, (0xB9, None, b"", 0), 8),
        (20, (0xAB, None, b"", 0), 8),
    ],
)
def test_a_command_bit_does_its_transaction_and_takes_its_clocks(
    rig: Rig, bit: int, expected: Period, clocks: int
) -> None:
    rig.set(W0=0xDDCCBBAA, RD_STATUS=0xABCD021C, ADDR=0x20123456)
    rig.start(1 << bit, clocks)
    assert rig.flash.seen == [expected]


def test_no_bit_is_no_transaction(rig: Rig) -> None:
    rig.set(CMD=0)
    assert rig.flash.seen == []
    assert rig.spi.load(reg.CMD) == 0


def test_read_fills_the_buffer_and_no_more(rig: Rig) -> None:
    rig.spi.store(reg.W0 + 4, 0x12345678)
    rig.set(ADDR=4 << 24, CMD=1 << 31)
    assert rig.words(2) == [0x84838281, 0x12345678]


@pytest.mark.spec("REG-9", "REG-11")
def test_the_buffer_has_64_bytes(rig: Rig) -> None:
    rig.set(ADDR=0xFF << 24, CMD=1 << 31)
    assert rig.flash.seen == [(0x03, 0, b"", 64)]
    assert len(rig.spi.buffer) == 64
    assert rig.words(17)[15:] == [0xC0BFBEBD, None]


def test_read_id_arrives_in_the_first_word(rig: Rig) -> None:
    rig.set(CMD=1 << 28)
    assert rig.words(1) == [0x838281]


@pytest.mark.spec("REG-11")
def test_status_is_read_into_its_register(rig: Rig) -> None:
    rig.set(CMD=1 << 27)
    assert rig.spi.load(0x10) == 0x81


@pytest.mark.spec("REG-11")
def test_status_is_written_with_two_bytes_when_control_says_so(rig: Rig) -> None:
    rig.set(RD_STATUS=0xABCD021C, CTRL=1 << 22)
    rig.start(1 << 26, 8 + 16)
    rig.set(CTRL=0xFFFFFFFF ^ 1 << 22)
    rig.start(1 << 26, 8 + 8)
    assert [seen[2] for seen in rig.flash.seen] == [b"\x1c\x02", b"\x1c"]


def test_page_program_sends_as_much_of_the_buffer_as_the_address_says(rig: Rig) -> None:
    rig.set(W0=0x64636261, ADDR=0x03000100, CMD=1 << 25)
    assert rig.flash.seen == [(0x02, 0x100, b"abc", 0)]


# -- transactions spelt out --------------------------------------------------------------------------


def user1(address: int = 1, out: int = 1, into: int = 1, dummy: int = 1) -> int:
    """USER1 from lengths in bits."""
    return (address - 1) << 26 | (out - 1) << 17 | (into - 1) << 8 | dummy - 1


@pytest.mark.spec("REG-7", "REG-8", "REG-10")
@pytest.mark.parametrize(
    ("phases", "lengths", "expected", "clocks"),
    [
        (COMMAND, 0, (0x9F, None, b"", 0), 8),
        (COMMAND | DATA_IN, 23 << 8, (0x9F, None, b"", 3), 8 + 24),
        (COMMAND | DATA_IN, 511 << 8, (0x9F, None, b"", 64), 8 + 512),
        (COMMAND | DATA_OUT, 15 << 17, (0x9F, None, b"\xaa\xbb", 0), 8 + 16),
        (COMMAND | ADDRESS, 23 << 26, (0x9F, 0x123456, b"", 0), 8 + 24),
        (COMMAND | ADDRESS, 15 << 26, (0x9F, 0x1234, b"", 0), 8 + 16),
        (COMMAND | DUMMY, 7, (0x9F, None, b"", 0), 8 + 8),
        (
            *(COMMAND | ADDRESS | DUMMY | DATA_OUT | DATA_IN, 23 << 26 | 15 << 17 | 31 << 8 | 7),
            *((0x9F, 0x123456, b"\xaa\xbb", 4), 8 + 24 + 8 + 16 + 32),
        ),
    ],
    ids=["opcode", "in", "whole buffer", "out", "address", "short address", "dummy", "all"],
)
def test_a_transaction_has_the_phases_that_user_names_and_takes_their_clocks(
    rig: Rig, phases: int, lengths: int, expected: Period, clocks: int
) -> None:
    rig.set(W0=0xDDCCBBAA, ADDR=0x12345678, USER=phases, USER1=lengths, USER2=OPCODE_9F)
    rig.start(USR, clocks)
    assert rig.flash.seen == [expected]


@pytest.mark.spec("REG-9")
def test_data_lie_in_w0_from_the_low_byte_on(rig: Rig) -> None:
    rig.set(USER=COMMAND | DATA_IN, USER1=user1(into=24), USER2=OPCODE_9F, CMD=USR)
    assert rig.words(1) == [0x838281]
    rig.spi.store(reg.W0 + 4, 0xFFFFFFFF)
    rig.set(USER1=user1(into=48), CMD=USR)
    assert rig.words(3) == [0x84838281, 0x00008685, 0]


@pytest.mark.spec("REG-9")
@pytest.mark.parametrize(("bits", "word"), [(1, 1), (8, 0x81), (10, 0x281), (12, 0x281), (16, 0x8281)])
def test_bits_that_were_not_read_are_cleared_in_the_last_word(rig: Rig, bits: int, word: int) -> None:
    rig.set(W0=0xFFFFFFFF, USER=COMMAND | DATA_IN, USER1=user1(into=bits), USER2=OPCODE_9F, CMD=USR)
    assert rig.words(1) == [word]


@pytest.mark.spec("REG-7")
def test_no_chip_hears_a_transaction_without_an_opcode(rig: Rig) -> None:
    rig.set(USER=DATA_IN, USER1=user1(into=24), USER2=OPCODE_9F, CMD=USR)
    assert rig.flash.seen == []


# -- registers ---------------------------------------------------------------------------------------


def test_registers_keep_what_is_stored_and_reset_gives_it_back(rig: Rig) -> None:
    rig.set(USER=0x12345678, CLOCK=9)
    rig.spi.store(reg.W0, 1)
    assert rig.spi.load(reg.USER) == 0x12345678
    rig.spi.reset()
    assert (rig.spi.load(reg.USER), rig.spi.load(reg.CLOCK), rig.spi.load(reg.W0)) == (4, 0, 0)


def test_the_state_machine_is_idle(rig: Rig) -> None:
    assert rig.spi.load(reg.EXT2) == 0


@pytest.mark.spec("REG-1")
@pytest.mark.parametrize("offset", [0x80, 0xE0])
def test_unknown_registers_are_not_modelled(rig: Rig, offset: int) -> None:
    assert rig.spi.load(offset) is None
    assert not rig.spi.store(offset, 1)


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_stuck_bus_reads_its_level(level: int) -> None:
    assert StuckBus(level).transfer(0x9F, None, b"", 3) == bytes([level] * 3)

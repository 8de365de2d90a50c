# SPDX-License-Identifier: Apache-2.0
"""The SPI controller's registers, and what they make of them on the flash's bus."""

import pytest

from esp8266sim.clock import Clock
from esp8266sim.soc import spi
from esp8266sim.soc.spi import SpiController

APB_HZ = 52_000_000
CLOCK_PS = 76_923  # APB / 4

Period = tuple[int, int | None, bytes, int]  # opcode, address, bytes to the chip, bytes from it


class Listener:
    """A flash chip that notes what it hears and answers 01 02 03 ..."""

    busy_until = 0

    def __init__(self) -> None:
        self.heard: list[Period] = []

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        self.heard.append((opcode, address, sent, read))
        return bytes(range(1, read + 1))


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.flash = Listener()
        self.spi = SpiController(self.clock, APB_HZ, self.flash)

    def do(self, command: int, **registers: int) -> list[Period]:
        """Set the registers by name, store CMD, and return what the chip heard."""
        for name, value in registers.items():
            assert self.spi.store(getattr(spi, name.upper()), value)
        assert self.spi.store(spi.CMD, command)
        return self.flash.heard

    def words(self, count: int) -> list[int | None]:
        return [self.spi.load(spi.W0 + 4 * index) for index in range(count)]


USR = 1 << 18
OPCODE_9F = 7 << 28 | 0x9F  # eight bits


@pytest.mark.spec("REG-7")
@pytest.mark.parametrize(
    ("user", "user1", "heard"),
    [
        (1 << 31, 0, (0x9F, None, b"", 0)),
        (1 << 31 | 1 << 28, 23 << 8, (0x9F, None, b"", 3)),
        (1 << 31 | 1 << 27, 15 << 17, (0x9F, None, b"\xaa\xbb", 0)),
        (1 << 31 | 1 << 30, 23 << 26, (0x9F, 0x123456, b"", 0)),
        (1 << 31 | 1 << 30 | 1 << 29 | 1 << 28, 23 << 26 | 7 | 7 << 8, (0x9F, 0x123456, b"", 1)),
        (1 << 31 | 1 << 28, 63 * 8 + 7 << 8, (0x9F, None, b"", 64)),
    ],
    ids=["opcode", "in", "out", "address", "all but out", "whole buffer"],
)
def test_transaction_has_the_phases_that_user_names(user: int, user1: int, heard: Period) -> None:
    bench = Bench()
    bench.spi.store(spi.W0, 0xDDCCBBAA)
    assert bench.do(USR, user=user, user1=user1, user2=OPCODE_9F, addr=0x12345678) == [heard]


@pytest.mark.spec("REG-8")
def test_address_is_in_the_upper_bits_of_a_spelt_out_transaction() -> None:
    assert Bench().do(
        USR, user=1 << 31 | 1 << 30, user1=23 << 26, user2=7 << 28 | 3, addr=0x00100000 << 8
    ) == [(3, 0x100000, b"", 0)]


@pytest.mark.spec("REG-7")
def test_without_an_opcode_no_chip_hears_anything() -> None:
    assert Bench().do(USR, user=1 << 28, user1=23 << 8) == []


@pytest.mark.spec("REG-9")
def test_data_lie_in_w0_from_the_low_byte_on() -> None:
    bench = Bench()
    bench.spi.store(spi.W0 + 4, 0xFFFFFFFF)
    bench.do(USR, user=1 << 31 | 1 << 28, user1=47 << 8, user2=OPCODE_9F)
    assert bench.words(3) == [0x04030201, 0x00000605, 0]


@pytest.mark.spec("REG-9")
@pytest.mark.parametrize(("bits", "word"), [(1, 1), (8, 1), (12, 0x201), (13, 0x201), (16, 0x201)])
def test_bits_that_were_not_read_are_0(bits: int, word: int) -> None:
    bench = Bench()
    bench.do(USR, user=1 << 31 | 1 << 28, user1=bits - 1 << 8, user2=OPCODE_9F)
    assert bench.words(1) == [word]


@pytest.mark.spec("REG-10")
@pytest.mark.parametrize(
    ("command", "registers", "clocks"),
    [
        (USR, {"user": 1 << 31 | 1 << 28, "user1": 23 << 8, "user2": OPCODE_9F}, 8 + 24),
        (USR, {"user": 1 << 31 | 1 << 30 | 1 << 29, "user1": 23 << 26 | 7, "user2": OPCODE_9F}, 8 + 24 + 8),
        (1 << 31, {"addr": 0x20 << 24}, 32 + 8 * 32),
        (1 << 30, {}, 8),
        (1 << 24, {}, 32),
    ],
)
def test_command_is_finished_when_its_clocks_are_over(
    command: int, registers: dict[str, int], clocks: int
) -> None:
    bench = Bench()
    bench.do(command, **registers)
    assert bench.spi.load(spi.CMD) == command
    bench.clock.advance(clocks * CLOCK_PS - 1)
    assert bench.spi.load(spi.CMD) == command
    bench.clock.advance(clocks * CLOCK_PS)
    assert bench.spi.load(spi.CMD) == 0


@pytest.mark.spec("REG-11")
@pytest.mark.parametrize(
    ("bit", "heard"),
    [
        (31, (0x03, 0x001234, b"", 4)),
        (30, (0x06, None, b"", 0)),
        (29, (0x04, None, b"", 0)),
        (28, (0x9F, None, b"", 3)),
        (27, (0x05, None, b"", 1)),
        (26, (0x01, None, b"\x1c", 0)),
        (25, (0x02, 0x001234, b"\xaa\xbb\xcc\xdd", 0)),
        (24, (0x20, 0x001234, b"", 0)),
        (23, (0xD8, 0x001234, b"", 0)),
        (22, (0xC7, None, b"", 0)),
        (21, (0xB9, None, b"", 0)),
        (20, (0xAB, None, b"", 0)),
    ],
)
def test_ready_made_commands(bit: int, heard: Period) -> None:
    bench = Bench()
    bench.spi.store(spi.W0, 0xDDCCBBAA)
    assert bench.do(1 << bit, addr=4 << 24 | 0x1234, rd_status=0x21C) == [heard]


@pytest.mark.spec("REG-11")
def test_status_is_read_into_rd_status_and_written_from_it() -> None:
    bench = Bench()
    bench.do(1 << 27)
    assert bench.spi.load(spi.RD_STATUS) == 0x01
    assert bench.do(1 << 26, rd_status=0x21C, ctrl=1 << 22)[-1] == (0x01, None, b"\x1c\x02", 0)


@pytest.mark.spec("REG-11")
def test_read_moves_at_most_the_buffer() -> None:
    assert Bench().do(1 << 31, addr=0xFF << 24) == [(0x03, 0, b"", 64)]


@pytest.mark.spec("REG-1")
@pytest.mark.parametrize("offset", [0x80, 0xE0])
def test_register_that_nothing_models_says_so(offset: int) -> None:
    bench = Bench()
    assert bench.spi.load(offset) is None
    assert not bench.spi.store(offset, 1)

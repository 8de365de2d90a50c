# SPDX-License-Identifier: Apache-2.0
"""What native functions do to memory: as compiled code does, with its faults."""

import pytest

from esp8266sim import PROFILES, Board
from esp8266sim.bootrom.rom import Rom
from esp8266sim.soc.bus import CpuException
from esp8266sim.soc.registers import RegisterBank

DRAM, IRAM = 0x3FFE8000, 0x40100000
PERIPHERAL = 0x60001700  # where the chip has nothing


class Rig:
    """The ROM of a board that has booted, so that region 0 is barred."""

    def __init__(self) -> None:
        self.board = Board(PROFILES["esp01"])
        while self.board.clock.step():
            pass
        self.bus = self.board.soc.bus
        self.bus.dram[:] = bytes(len(self.bus.dram))
        self.bus.iram[:] = bytes(len(self.bus.iram))
        self.bank = RegisterBank({0x10: 7})
        self.bus.attach(PERIPHERAL, self.bank)
        self.rom = Rom(self.board.soc)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("size", range(9))
@pytest.mark.parametrize("address", [DRAM, DRAM + 1, DRAM + 0x17FFF - 8])
def test_copying_into_dram_takes_any_address_and_length(rig: Rig, address: int, size: int) -> None:
    rig.rom.write(address, bytes(range(1, size + 1)))
    assert rig.bus.peek(address, 9) == bytes(range(1, size + 1)).ljust(9, b"\0")
    assert len(rig.bus.dram) == 0x18000


def test_copying_words_into_iram(rig: Rig) -> None:
    rig.rom.write(IRAM + 4, b"abcdefgh")
    assert rig.bus.peek(IRAM, 16) == bytes(4) + b"abcdefgh" + bytes(4)


def test_a_length_that_is_no_multiple_of_4_faults_in_iram_after_the_words(rig: Rig) -> None:
    with pytest.raises(CpuException, match="cause 3 at 0x40100008"):
        rig.rom.write(IRAM, b"abcdefghi")
    assert rig.bus.peek(IRAM, 12) == b"abcdefgh" + bytes(4)


def test_an_unaligned_address_faults_in_iram_at_once(rig: Rig) -> None:
    with pytest.raises(CpuException, match="cause 3 at 0x40100002"):
        rig.rom.write(IRAM + 2, b"abcdefgh")
    assert rig.bus.peek(IRAM, 12) == bytes(12)


def test_copying_into_region_0_faults(rig: Rig) -> None:
    with pytest.raises(CpuException, match="cause 29 at 0x00002000"):
        rig.rom.write(0x2000, b"abcd")


def test_copying_words_reaches_peripherals(rig: Rig) -> None:
    rig.rom.write(PERIPHERAL + 0x10, b"\x2a\x00\x00\x00")
    assert rig.bank.load(0x10) == 0x2A


def test_copying_past_the_end_of_dram_reaches_rom_and_leaves_dram_its_size(rig: Rig) -> None:
    rig.rom.write(DRAM + 0x17FFC, b"abcdefgh")
    assert rig.bus.peek(DRAM + 0x17FFC, 4) == b"abcd"
    assert len(rig.bus.dram) == 0x18000


def test_addresses_wrap_at_32_bits(rig: Rig) -> None:
    with pytest.raises(CpuException, match="cause 29 at 0x00000000"):
        rig.rom.write(0xFFFFFFFC, b"abcdefgh")


@pytest.mark.parametrize("address", [DRAM, DRAM + 3, IRAM])
def test_reading_gives_what_was_written(rig: Rig, address: int) -> None:
    rig.rom.write(address, b"abcdefgh")
    assert rig.rom.read(address, 8) == b"abcdefgh"


def test_an_odd_length_cannot_be_read_from_iram(rig: Rig) -> None:
    with pytest.raises(CpuException, match="cause 3 at 0x40100004"):
        rig.rom.read(IRAM, 5)


def test_a_text_ends_at_its_zero_and_faults_where_a_load_does(rig: Rig) -> None:
    rig.rom.write(DRAM, b"text\0more")
    assert rig.rom.text(DRAM) == b"text"
    with pytest.raises(CpuException, match="cause 28 at 0x000000b5"):
        rig.rom.text(0xB5)

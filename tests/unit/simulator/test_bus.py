# SPDX-License-Identifier: Apache-2.0
"""Loads and stores: what answers, what faults and with which cause, what is traced."""

import pytest

from esp8266sim.clock import Clock
from esp8266sim.cpu import Cpu, StopReason
from esp8266sim.soc.bus import Bus, CpuException
from esp8266sim.soc.registers import RegisterBank
from esp8266sim.trace import Kind, Trace

DRAM, IRAM, ROM, WINDOW = 0x3FFE8000, 0x40100000, 0x40000000, 0x40200000
PERIPHERAL = 0x60000300


class Rig:
    """A bus with one peripheral and a flash of counting bytes."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.bus = Bus(Clock(), self.trace, lambda offset, size: bytes(range(offset, offset + size)))
        self.bank = RegisterBank({0x10: 7})
        self.bus.attach(PERIPHERAL, self.bank)

    @property
    def unmodelled(self) -> list[tuple[str, int | None]]:
        return [(event.detail, event.address) for event in self.trace.of(Kind.UNMODELLED)]


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("address", [DRAM, DRAM + 0x17FFC, IRAM, IRAM + 0xFFFC])
def test_ram_is_little_endian_and_keeps_words(rig: Rig, address: int) -> None:
    rig.bus.store32(address, 0x04030201)
    assert rig.bus.peek(address, 4) == b"\x01\x02\x03\x04"
    assert rig.bus.load32(address) == 0x04030201


@pytest.mark.parametrize("address", [IRAM, ROM + 0x80])
def test_bytes_cannot_be_stored_in_iram_and_rom(rig: Rig, address: int) -> None:
    with pytest.raises(CpuException, match="cause 3"):
        rig.bus.store8(address, 1)


def test_bytes_can_be_stored_in_dram(rig: Rig) -> None:
    rig.bus.store8(DRAM + 5, 0xAB)
    assert rig.bus.peek(DRAM + 4, 3) == b"\x00\xab\x00"


def test_known_rom_words_are_facts_and_stores_to_rom_do_nothing(rig: Rig) -> None:
    rig.bus.store32(0x40001000, 0)
    assert rig.bus.load32(0x40001000) == 0xFFF0C101
    assert rig.unmodelled == []


def test_other_rom_words_read_0_and_are_traced(rig: Rig) -> None:
    assert rig.bus.load32(0x40001004) == 0
    assert rig.unmodelled == [("load", 0x40001004)]


def test_the_flash_window_shows_the_flash(rig: Rig) -> None:
    assert rig.bus.load32(WINDOW + 4) == 0x07060504


def test_a_peripheral_is_reached(rig: Rig) -> None:
    rig.bus.store32(PERIPHERAL + 0x10, 9)
    assert rig.bus.load32(PERIPHERAL + 0x10) == 9
    assert rig.unmodelled == []


@pytest.mark.spec("REG-1")
def test_what_a_peripheral_does_not_model_reads_0_and_is_traced(rig: Rig) -> None:
    assert rig.bus.load32(PERIPHERAL + 0x20) == 0
    rig.bus.store32(PERIPHERAL + 0x24, 1)
    assert rig.unmodelled == [("load", PERIPHERAL + 0x20), ("store", PERIPHERAL + 0x24)]


@pytest.mark.spec("REG-1")
@pytest.mark.parametrize("address", [0x20000000, 0x3FFE7FFC, 0x40110000, 0x60000000, 0xFFFFFFFC])
def test_where_nothing_is_reads_0_and_is_traced(rig: Rig, address: int) -> None:
    assert rig.bus.load32(address) == 0
    rig.bus.store32(address, 1)
    rig.bus.store8(address, 1)
    assert rig.unmodelled == [("load", address), ("store", address), ("byte store", address)]


def test_peek_and_poke_are_for_ram_alone(rig: Rig) -> None:
    rig.bus.poke(IRAM + 1, b"xy")
    assert rig.bus.peek(IRAM, 4) == b"\x00xy\x00"
    for address in (0, ROM, DRAM + 0x17FFF, IRAM + 0xFFFF):
        with pytest.raises(ValueError, match="is not RAM"):
            rig.bus.peek(address, 2)
        with pytest.raises(ValueError, match="is not RAM"):
            rig.bus.poke(address, b"ab")


@pytest.mark.parametrize("address", [IRAM, IRAM + 2, ROM + 2, WINDOW])
def test_what_takes_words_only_faults_on_anything_narrower(rig: Rig, address: int) -> None:
    for access in (rig.bus.load8, rig.bus.load16, lambda a: rig.bus.store16(a, 1)):
        with pytest.raises(CpuException) as caught:
            access(address)
        assert (caught.value.cause, caught.value.address) == (3, address)


def test_narrow_accesses_to_dram(rig: Rig) -> None:
    rig.bus.store16(DRAM + 2, 0xBEEF)
    assert rig.bus.load16(DRAM + 2) == 0xBEEF
    assert rig.bus.load8(DRAM + 3) == 0xBE


def test_code_is_fetched_from_iram_and_the_flash_window_alone(rig: Rig) -> None:
    rig.bus.store32(IRAM + 8, 0x12345678)
    assert rig.bus.fetch32(IRAM + 8) == 0x12345678
    rig.bus.set_cache(on=True, base=0, iram_size=0x8000)
    assert rig.bus.fetch32(WINDOW + 4) == 0x07060504
    for address in (DRAM, ROM, 0, PERIPHERAL):
        with pytest.raises(CpuException) as caught:
            rig.bus.fetch32(address)
        assert (caught.value.cause, caught.value.address) == (2, address)


def test_without_the_cache_the_window_holds_no_instructions(rig: Rig) -> None:
    assert rig.bus.fetch32(WINDOW + 4) == 0


def test_the_cache_shows_another_part_of_the_flash_and_takes_iram(rig: Rig) -> None:
    rig.bus.set_cache(on=True, base=0x10, iram_size=0x8000)
    assert rig.bus.load32(WINDOW) == 0x13121110
    rig.bus.store32(IRAM + 0x7FFC, 5)
    rig.bus.store32(IRAM + 0x8000, 5)
    assert rig.bus.load32(IRAM + 0x7FFC) == 5
    assert rig.bus.load32(IRAM + 0x8000) == 0
    assert rig.unmodelled == [("store", IRAM + 0x8000), ("load", IRAM + 0x8000)]
    with pytest.raises(CpuException):
        rig.bus.fetch32(IRAM + 0x8000)


def test_a_dump_of_the_mask_rom_is_read_and_fetched() -> None:
    dump = bytes(range(256)) * 256
    bus = Bus(Clock(), Trace(), lambda offset, size: bytes(size), dump)
    assert bus.fetch32(ROM + 4) == bus.load32(ROM + 4) == 0x07060504
    assert bus.load32(0x40001000) == 0x03020100
    with pytest.raises(ValueError, match="65536 bytes, the dump 3"):
        Bus(Clock(), Trace(), lambda offset, size: bytes(size), b"abc")


def test_only_loads_of_steady_registers_count_as_none(rig: Rig) -> None:
    rig.bus.load32(DRAM)
    rig.bus.load32(PERIPHERAL + 0x10)
    assert rig.bus.effects == 1
    rig.bus.attach(PERIPHERAL, rig.bank, steady=[0x10])
    rig.bus.load32(PERIPHERAL + 0x10)
    assert rig.bus.effects == 1
    rig.bus.load32(PERIPHERAL + 0x14)
    assert rig.bus.effects == 2


def test_the_cpu_runs_on_it_and_idles_on_a_steady_register(rig: Rig) -> None:
    # l: l32i a3, a2, 16; beqz a3, l; waiti 0
    rig.bus.poke(IRAM, bytes.fromhex("322204 1693ff 007000"))
    rig.bus.attach(PERIPHERAL, rig.bank, steady=[0x10])
    rig.bank.store(0x10, 0)
    cpu = Cpu(rig.bus)
    cpu.pc, cpu.registers[2] = IRAM, PERIPHERAL
    assert cpu.run(10**10) is StopReason.IDLE
    assert not cpu.waiting
    rig.bank.store(0x10, 1)
    assert cpu.run(2 * 10**10) is StopReason.IDLE
    assert cpu.waiting
    assert rig.unmodelled == []

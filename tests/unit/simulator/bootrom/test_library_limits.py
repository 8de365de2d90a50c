# SPDX-License-Identifier: Apache-2.0
"""The ROM's C library and printf, called one by one: memory that takes words only, sizes that are wild,
numbers that do not fit, and where characters go.
"""

import inspect
import math
import struct
from collections.abc import Generator
from typing import Any

import pytest

from esp8266sim.bootrom.activity import Call
from esp8266sim.bootrom.functions import arithmetic, printf
from esp8266sim.bootrom.rom import Rom
from esp8266sim.bootrom.symbols import SYMBOLS
from esp8266sim.bootrom.table import FUNCTIONS
from esp8266sim.clock import Clock
from esp8266sim.cpu import Cpu
from esp8266sim.line import Burst
from esp8266sim.soc.bus import Bus, CpuException
from esp8266sim.soc.chip import Soc
from esp8266sim.soc.spi import SpiController, StuckBus
from esp8266sim.soc.uart import FIFO, Uart
from esp8266sim.trace import Trace

RAM, FAR, IRAM, FLASH, STACK = 0x3FFE8000, 0x3FFE9000, 0x40100000, 0x40200000, 0x3FFFF000
TEXT = b"text in flash\0and more\0"
APB_HZ = 52_000_000
BODIES = {function.name: function.body for function in FUNCTIONS}
PROGRAM = 0x40101234  # where a program's function might be


class Rig:
    """Calls one function after the other. `called` is what the program's function was given."""

    def __init__(self) -> None:
        self.clock, trace = Clock(), Trace()
        bus = Bus(self.clock, trace, lambda at, size: TEXT[at : at + size].ljust(size, b"\xff"))
        self.cpu = Cpu(bus)
        self.sent: list[Burst] = []
        self.uart = Uart(self.clock, trace, APB_HZ, self.sent.append)
        spi = SpiController(self.clock, APB_HZ, StuckBus(0xFF))
        self.rom = Rom(Soc(self.clock, trace, bus, self.cpu, self.uart, spi, APB_HZ))
        self.called: list[int] = []
        self.put, self.get = bus.poke, bus.peek
        printf.install_uart(self.rom)
        arithmetic.initialise(self.rom)

    def call(self, name: str, *arguments: int) -> int:
        """Return what is in a2 when the function has returned."""
        registers = self.cpu.registers
        registers[1] = STACK
        for index, value in enumerate(arguments[:6]):
            registers[2 + index] = value
        self.put(STACK, b"".join(value.to_bytes(4, "little") for value in arguments[6:]))
        body = BODIES[name]
        declared = len(inspect.signature(body).parameters) - 1
        result: Any = body(self.rom, *(self.rom.argument(index) for index in range(declared)))
        if isinstance(result, Generator):
            result = self._finish(result)
        if result is not None:
            registers[2] = result & 0xFFFFFFFF
        return registers[2]

    def double(self, name: str, *numbers: float) -> int:
        """Call a function of doubles; return the bits of its double."""
        words = struct.unpack(f"<{2 * len(numbers)}I", struct.pack(f"<{len(numbers)}d", *numbers))
        low = self.call(name, *words)
        return self.cpu.registers[3] << 32 | low

    def _finish(self, activity: Generator[Any, int, Any]) -> Any:
        try:
            event = next(activity)
            while True:
                if isinstance(event, Call):
                    assert event.address == PROGRAM
                    self.called.append(event.arguments[0])
                    self.cpu.registers[2:8] = [0xDEAD] * 6
                else:
                    self.clock.advance(self.clock.now + event)
                event = activity.send(0)
        except StopIteration as stop:
            return stop.value

    @property
    def line(self) -> bytes:
        self.clock.advance(self.clock.now + 10**12)
        return b"".join(burst.data for burst in self.sent)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def signed(value: int) -> int:
    return value - (value >> 31 << 32)


# -- memory ---------------------------------------------------------------------------------------


def test_text_in_flash_is_read_by_words_but_not_from_odd_addresses(rig: Rig) -> None:
    assert rig.call("ets_strlen", FLASH) == 13
    assert rig.call("ets_strcpy", RAM, FLASH) == RAM
    assert rig.get(RAM, 14) == TEXT[:14]
    assert rig.call("ets_strcmp", FLASH, RAM) == 0
    with pytest.raises(CpuException, match="cause 3"):
        rig.call("ets_strlen", FLASH + 1)


def test_words_of_flash_can_be_copied_from_anywhere_but_no_single_bytes(rig: Rig) -> None:
    rig.call("ets_memcpy", RAM, FLASH + 5, 8)
    assert rig.get(RAM, 8) == b"in flash"
    with pytest.raises(CpuException, match=f"cause 3 at 0x{FLASH + 8:08x}"):
        rig.call("memcpy", RAM, FLASH, 9)
    with pytest.raises(CpuException, match=f"cause 3 at 0x{FLASH:08x}"):
        rig.call("memcpy", RAM + 1, FLASH, 8)


def test_iram_takes_the_words_of_a_copy_and_then_faults(rig: Rig) -> None:
    rig.put(RAM, b"123456")
    with pytest.raises(CpuException, match=f"cause 3 at 0x{IRAM + 4:08x}"):
        rig.call("memcpy", IRAM, RAM, 6)
    assert rig.get(IRAM, 8) == b"1234\0\0\0\0"


def test_memmove_within_iram_is_as_if_through_a_buffer(rig: Rig) -> None:
    rig.put(IRAM, b"abcdefghijkl")
    rig.call("memmove", IRAM + 4, IRAM, 8)
    assert rig.get(IRAM, 12) == b"abcdabcdefgh"


def test_memcmp_of_flash_stops_at_the_first_word_that_differs(rig: Rig) -> None:
    rig.put(RAM, b"text or")
    assert signed(rig.call("memcmp", RAM, FLASH, 1001)) == ord("o") - ord("i")


@pytest.mark.parametrize("name", ["memcpy", "memmove", "memset", "memcmp", "strncpy"])
def test_a_wild_size_is_a_fault_and_no_end_of_the_host_s_memory(rig: Rig, name: str) -> None:
    with pytest.raises(CpuException, match="cause 3"):
        rig.call(name, RAM, FAR, 0xFFFFFFFF)


# -- arithmetic -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unsigned", "integer"),
    [
        (1.99, 1, 1),
        (-1.99, 0xFFFFFFFF, 0xFFFFFFFF),
        (2147483648.0, 0x80000000, 0x7FFFFFFF),
        (1e10, 0xFFFFFFFF, 0x7FFFFFFF),
        (-3e9, 0x80000000, 0x80000000),
        (math.inf, 0xFFFFFFFF, 0x7FFFFFFF),
        (-math.inf, 0x80000000, 0x80000000),
        (math.nan, 0xFFFFFFFF, 0x7FFFFFFF),
    ],
)
def test_doubles_and_singles_that_are_no_integer(rig: Rig, value: float, unsigned: int, integer: int) -> None:
    single = int.from_bytes(struct.pack("<f", value), "little")
    assert rig.call("__fixunssfsi", single) == unsigned
    assert rig.double("__fixunsdfsi", value) & 0xFFFFFFFF == unsigned
    assert rig.double("__fixdfsi", value) & 0xFFFFFFFF == integer


@pytest.mark.parametrize(("name", "operand"), [("__subdf3", math.inf), ("__divdf3", 0.0)])
def test_a_new_nan_is_positive_and_quiet_on_any_host(rig: Rig, name: str, operand: float) -> None:
    assert rig.double(name, operand, operand) == 0x7FF8000000000000


def test_rand_is_newlib_s(rig: Rig) -> None:
    first = [rig.call("rand") for _ in range(3)]
    assert first == [1481765933, 1085377743, 1270216262]
    rig.call("srand", 1)
    assert [rig.call("rand") for _ in range(3)] == first


# -- printf ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ets_printf", "ets_uart_printf"])
def test_the_rom_s_own_output_ends_lines_with_two_characters(rig: Rig, name: str) -> None:
    rig.put(RAM, b"%d%%\r\n\0")
    assert rig.call(name, RAM, 5) == 4
    assert rig.line == b"5%\r\n"


def test_a_program_s_output_gets_characters_as_they_are(rig: Rig) -> None:
    rig.call("ets_install_putc1", PROGRAM)
    rig.put(RAM, b"%d %d %d %d %d %d %d\n\0")
    assert rig.call("ets_printf", RAM, *range(1, 8)) == 14
    assert bytes(rig.called) == b"1 2 3 4 5 6 7\n"
    rig.call("ets_uart_printf", RAM, *range(1, 8))
    rig.call("ets_putc", 0x0A)
    assert rig.line == b"1 2 3 4 5 6 7\r\n\n"


def test_both_outputs_are_served_and_none_is_none(rig: Rig) -> None:
    rig.put(RAM, b"ab\0")
    rig.call("ets_install_putc2", PROGRAM)
    rig.call("ets_printf", RAM)
    rig.call("ets_install_putc1", 0)
    rig.call("ets_printf", RAM)
    assert (rig.line, bytes(rig.called)) == (b"ab", b"abab")
    rig.call("ets_install_putc2", 0)
    assert rig.call("ets_printf", RAM) == 2
    assert rig.call("ets_install_uart_printf") == SYMBOLS["_putc1"]
    assert rig.call("_putc1", 0x0A) == 0x0A
    rig.call("ets_write_char", 0x0A)
    assert (rig.line, bytes(rig.called)) == (b"ab\r\n\r\n", b"abab")


@pytest.mark.parametrize("index", [0, 8, 20, 24])
def test_vprintf_takes_a_va_list_apart(rig: Rig, index: int) -> None:
    rig.put(RAM, b"%d %d %d %d\0")
    saved, stack = FAR, FAR + 0x100
    rig.put(saved, struct.pack("<6I", *range(6)))
    rig.put(stack + 32, struct.pack("<6I", *range(6, 12)))
    first = index // 4
    rig.call("ets_vprintf", SYMBOLS["ets_write_char"], RAM, stack, saved, index)
    assert rig.line == b"%d %d %d %d" % tuple(range(first, first + 4))


def test_what_precedes_a_text_that_faults_is_printed(rig: Rig) -> None:
    rig.put(RAM, b"ets_main.c %s \n\0")
    with pytest.raises(CpuException, match="cause 3"):
        rig.call("ets_printf", RAM, IRAM)
    assert rig.line == b"ets_main.c "


def test_a_full_fifo_is_waited_for(rig: Rig) -> None:
    for _ in range(100):
        rig.uart.store(FIFO, 0x2E)
    rig.put(RAM, b"x" * 60 + b"\0")
    rig.call("ets_printf", RAM)
    assert rig.line == b"." * 100 + b"x" * 60

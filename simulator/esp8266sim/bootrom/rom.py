# SPDX-License-Identifier: Apache-2.0
"""Functions of the boot ROM that are modelled in Python, and what they may use.

One rule: a function sees the machine as compiled code does, through registers, memory and peripherals, and
keeps no state but there. Arguments come in a2 to a7 and on the stack, the result goes to a2 (the call0
convention). It says what it costs; time passes, and interrupts are taken, before its caller goes on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from esp8266sim.bootrom.activity import Activity, CpuState
from esp8266sim.bootrom.symbols import SYMBOLS
from esp8266sim.soc.bus import DRAM, DRAM_SIZE
from esp8266sim.soc.chip import Soc

MASK32 = 0xFFFFFFFF
REGISTER_ARGUMENTS = 6  # a2 to a7
TEXT_LIMIT = 0x10000  # bytes without a terminator: no text, but a wild pointer


class Goto(int):
    """Returned by a function that does not return to its caller: where execution goes on."""


Entry = Callable[[int], tuple[int, int]]
Body = Callable[..., "int | Activity[Any] | None"]


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the ROM.

    `body` takes the Rom and its arguments, as many as it declares. It returns what goes to a2, None to leave
    that alone; or it is a generator function, an activity, if it has to wait or to call the program.
    `entry`, if given, makes from the usual entry, which takes the cycles that are left and returns the next
    address and what is then left, one that is quicker where it can be.
    """

    name: str  # in SYMBOLS
    body: Body
    entry: "Callable[[Rom, Entry], Entry] | None" = None

    @property
    def address(self) -> int:
        """Where it is called."""
        return SYMBOLS[self.name]


class Rom:
    """What the functions share: the chip, and ways to its memory that fault as loads and stores do."""

    def __init__(
        self,
        soc: Soc,
        *,
        skip_to: Callable[[int], bool] = lambda time: False,
        cycle_of: Callable[[int], int] = lambda time: 0,
        enter: Callable[[CpuState], None] = lambda state: None,
    ) -> None:
        self.soc = soc
        self.cpu = soc.cpu
        self.spent = 0.0
        self.skip_to = skip_to  # lets time (ps) pass at once; False if something may happen meanwhile
        self.cycle_of = cycle_of  # the first CPU cycle that is not before a time (ps)
        self.on_call: Callable[[int], None] | None = None  # told of each call of a function, by its address
        self.enter = enter  # is told where the CPU is

    def spend(self, cycles: float) -> None:
        """Charge CPU cycles; they pass before the caller goes on."""
        self.spent += cycles

    def unchanged(self) -> None:
        """Say that the call does nothing, nor ever would until an event comes: polling is idleness then."""
        self.soc.bus.effects -= 1

    def argument(self, index: int) -> int:
        """Return an argument of the function that is being called, the first being 0.

        For functions that take any number of them; before anything is yielded.
        """
        if index < REGISTER_ARGUMENTS:
            return self.cpu.registers[2 + index]
        return self.cpu.load32(self.cpu.registers[1] + 4 * (index - REGISTER_ARGUMENTS) & MASK32)

    def arguments(self, first: int) -> Iterator[int]:
        """Yield the arguments from `first` on, as long as they are asked for."""
        index = first
        while True:
            yield self.argument(index)
            index += 1

    def read(self, address: int, size: int) -> bytes:
        """Return bytes of memory, read as words where that is possible. Raises CpuException."""
        offset = address - DRAM
        if 0 <= offset <= DRAM_SIZE - size:
            return bytes(self.soc.bus.dram[offset : offset + size])
        words = size & ~3 if address % 4 == 0 else 0
        found = bytearray()
        for at in range(0, words, 4):
            found += self.cpu.load32(address + at & MASK32).to_bytes(4, "little")
        for at in range(words, size):
            found.append(self.cpu.load8(address + at & MASK32))
        return bytes(found)

    def write(self, address: int, data: bytes) -> None:
        """Store bytes as the ROM's memcpy does: words if the address is aligned, then what is left.

        Raises:
            CpuException: part of `data` may have been stored before it.
        """
        offset = address - DRAM
        if 0 <= offset <= DRAM_SIZE - len(data):
            self.soc.bus.dram[offset : offset + len(data)] = data
            return
        words = len(data) & ~3 if address % 4 == 0 else 0
        for at in range(0, words, 4):
            self.cpu.store32(address + at & MASK32, int.from_bytes(data[at : at + 4], "little"))
        for at in range(words, len(data)):
            self.cpu.store8(address + at & MASK32, data[at])

    def text(self, address: int) -> bytes:
        """Return the bytes at `address` before the first 0. Raises CpuException."""
        offset = address - DRAM
        if 0 <= offset < DRAM_SIZE:
            end = self.soc.bus.dram.find(0, offset)
            if end >= 0:
                return bytes(self.soc.bus.dram[offset:end])
        found = bytearray()
        while len(found) < TEXT_LIMIT and (byte := self.cpu.load8(address + len(found) & MASK32)):
            found.append(byte)
        return bytes(found)

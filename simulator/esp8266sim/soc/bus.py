# SPDX-License-Identifier: Apache-2.0
"""The memory map as loads and stores see it.

One rule: every access goes to RAM, to a word of the mask ROM, or to a peripheral; an access that none
of them knows reads 0, does nothing, and is a traced event. A narrow access to IRAM, ROM or the flash window
faults with cause 3, as the mask ROM's code met it, executed in an interpreter with modelled peripherals;
what depends on alignment and on regions is the CPU's.
"""

from collections.abc import Callable, Collection
from typing import Protocol, runtime_checkable

from esp8266sim.clock import Clock
from esp8266sim.trace import Kind, Trace, TraceEvent

DRAM = 0x3FFE8000
DRAM_SIZE = 0x18000
IRAM = 0x40100000
IRAM_SIZE = 0x10000  # the upper half is the flash cache's while that is on
ROM = 0x40000000
ROM_SIZE = 0x10000
FLASH_WINDOW = 0x40200000
FLASH_WINDOW_SIZE = 0x100000

# Words of the mask ROM that tools and tests read: identification, not code.
ROM_WORDS = {
    0x40000080: 0x00000806,
    0x40000084: 0x00000000,
    0x40000088: 0x40000000,
    0x400000A4: 0xE400000C,
    0x40001000: 0xFFF0C101,
    0x40003B30: 0x81F23251,
    0x4000E000: 0x05698167,
    0x4000FFFC: 0x00000000,
}

FETCH_ERROR = 2
LOAD_STORE_ERROR = 3
NEVER = 1 << 62  # a cycle


def _takes_words_only(address: int) -> bool:
    """Return whether the CPU faults on any but a 32-bit access: IRAM, ROM and the flash window."""
    ranges = ((ROM, ROM_SIZE), (IRAM, IRAM_SIZE), (FLASH_WINDOW, FLASH_WINDOW_SIZE))
    return any(base <= address < base + size for base, size in ranges)


class CpuException(Exception):
    """The CPU took an exception: EXCCAUSE and EXCVADDR."""

    def __init__(self, cause: int, address: int) -> None:
        super().__init__(f"cause {cause} at 0x{address:08x}")
        self.cause = cause
        self.address = address


class NotModelled(CpuException):
    """Code of the boot ROM is to be fetched that the model has not."""


class Peripheral(Protocol):
    """Registers of one 256-byte block; offsets are multiples of 4."""

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""

    def store(self, offset: int, value: int) -> bool:
        """Set the register. False if nothing models it."""


@runtime_checkable
class Pollable(Peripheral, Protocol):
    """A peripheral that can be polled by giving it commands; see `cpu.memory` for rounds."""

    def begin_round(self) -> object:
        """Return what `end_round` is to compare with."""

    def is_harmless(self, offset: int, value: int) -> bool:
        """Return whether a store can be done in every round alike."""

    def end_round(self, before: object) -> int | None:
        """Return the time (ps) until which rounds go alike; None if something was changed."""


def _nothing() -> None:
    """Do nothing."""


class Bus:
    """Loads, stores and fetches of the CPU. `read_flash(offset, size)` serves the flash window.

    `rom` is a dump of the mask ROM, 64 KiB; without it the ROM is a model, of which only a few words can be
    read, and none fetched.
    """

    def __init__(
        self, clock: Clock, trace: Trace, read_flash: Callable[[int, int], bytes], rom: bytes | None = None
    ) -> None:
        if rom is not None and len(rom) != ROM_SIZE:
            raise ValueError(f"the mask ROM has {ROM_SIZE} bytes, the dump {len(rom)}")
        self._clock = clock
        self._trace = trace
        self._read_flash = read_flash
        self._rom = rom
        self.dram = bytearray(DRAM_SIZE)
        self.iram = bytearray(IRAM_SIZE)
        self.ram_base, self.ram = DRAM, self.dram  # what the CPU accesses directly
        self.stays_until = 0  # ps: what a peripheral gave last stays the same by itself, 0 if it does not say
        self.effects = 0  # loads that had an effect, or whose value time alone may change
        self.cycle_of: Callable[[int], int] = lambda time: NEVER  # CPU cycle at a time (ps)
        self._pollable: dict[int, Pollable] = {}
        self._watched: list[tuple[Pollable, object]] = []
        self._round_began = 0  # ps
        self.settle: Callable[[], None] = _nothing  # makes it the CPU's present, before a peripheral looks
        self.code_changed: Callable[[int, int], None] = lambda address, size: None  # by other than the CPU
        self.watch: Callable[[str, int, int], None] | None = None  # told of each access to a peripheral
        self._blocks: dict[int, Peripheral] = {}
        self._steady: set[int] = set()
        self.set_cache(on=False, base=0, iram_size=IRAM_SIZE)

    def attach(self, base: int, peripheral: Peripheral, steady: Collection[int] = ()) -> None:
        """Put a peripheral's 256 bytes at `base`.

        `steady` are the offsets of registers whose load has no effect, and whose value changes only by a
        store or an event on the clock: a loop that polls nothing else is idle until then.
        """
        self._blocks[base] = peripheral
        if isinstance(peripheral, Pollable):
            self._pollable[base] = peripheral
        self._steady.update(base + offset for offset in steady)

    def stays(self, until: int, since: int) -> None:
        """Say, while a peripheral is read, that what it gives stays until a time (ps), because of one before.

        In a watched round that is an effect, unless its cause is part of the round.
        """
        self.stays_until = until
        if since <= self._round_began:
            self.effects += 1

    def begin_round(self) -> None:
        """The CPU watches a round of a loop; see `cpu.memory`."""
        self.settle()
        self._round_began = self._clock.now
        self._watched = [(block, block.begin_round()) for block in self._pollable.values()]

    def is_harmless(self, address: int, value: int) -> bool:
        """Return whether a store in such a round can be done in every round alike."""
        block = self._pollable.get(address & ~0xFF)
        return block is not None and block.is_harmless(address & 0xFF, value)

    def end_round(self) -> int | None:
        """Return the cycle until which rounds go alike; None if a peripheral was changed."""
        self.settle()
        ends = [block.end_round(before) for block, before in self._watched]
        times = [end for end in ends if end is not None]
        if len(times) < len(ends):
            return None
        return self.cycle_of(min(times)) if times else NEVER

    def set_cache(self, *, on: bool, base: int, iram_size: int) -> None:
        """Say which MiB of the flash the window shows, and how much of IRAM the cache leaves.

        While it is off, loads from the window are answered all the same, as the recorder's bus did; code
        cannot be fetched from there.
        """
        self._cached, self._window, self._iram_size = on, base, iram_size
        self.code_changed(FLASH_WINDOW, FLASH_WINDOW_SIZE)
        self.code_changed(IRAM, IRAM_SIZE)

    def fetch32(self, address: int) -> int:
        """Return the word of code at an aligned address. Raises CpuException.

        A fetch from the window while the cache is off gives 0, which is no instruction: boards report cause
        0 for it (common knowledge among their users, not measured here).
        """
        if 0 <= address - IRAM < self._iram_size:
            offset = address - IRAM
            return int.from_bytes(self.iram[offset : offset + 4], "little")
        if 0 <= address - FLASH_WINDOW < FLASH_WINDOW_SIZE:
            return self._load_window(address) if self._cached else 0
        if 0 <= address - ROM < ROM_SIZE:
            if self._rom is None:
                raise NotModelled(FETCH_ERROR, address)
            return int.from_bytes(self._rom[address - ROM : address - ROM + 4], "little")
        raise CpuException(FETCH_ERROR, address)

    def _load_window(self, address: int) -> int:
        return int.from_bytes(self._read_flash(self._window + address - FLASH_WINDOW, 4), "little")

    def load8(self, address: int) -> int:
        """Do a byte load, which only DRAM answers as such. Raises CpuException."""
        return self._load_narrow(address, 1)

    def load16(self, address: int) -> int:
        """Do a 16-bit load, which only DRAM answers as such. Raises CpuException."""
        return self._load_narrow(address, 2)

    def _load_narrow(self, address: int, size: int) -> int:
        offset = address - DRAM
        if 0 <= offset < DRAM_SIZE:
            return int.from_bytes(self.dram[offset : offset + size], "little")
        if _takes_words_only(address):
            raise CpuException(LOAD_STORE_ERROR, address)
        return self._unmodelled("byte load" if size == 1 else "16-bit load", address)

    def load32(self, address: int) -> int:
        """Do a 32-bit load from an aligned address."""
        offset = address - DRAM
        if 0 <= offset < DRAM_SIZE:
            return int.from_bytes(self.dram[offset : offset + 4], "little")
        block = self._blocks.get(address & ~0xFF)
        if block is not None:
            if address not in self._steady:
                self.effects += 1
            self.settle()
            self.stays_until = 0
            value = block.load(address & 0xFF)
            if value is None:
                value = self._unmodelled("load", address)
            if self.watch is not None:
                self.watch("load", address, value)
            return value
        return self._load_elsewhere(address)

    def _load_elsewhere(self, address: int) -> int:
        if 0 <= address - IRAM < self._iram_size:
            offset = address - IRAM
            return int.from_bytes(self.iram[offset : offset + 4], "little")
        if 0 <= address - ROM < ROM_SIZE and self._rom is not None:
            return int.from_bytes(self._rom[address - ROM : address - ROM + 4], "little")
        if address in ROM_WORDS:
            return ROM_WORDS[address]
        if 0 <= address - FLASH_WINDOW < FLASH_WINDOW_SIZE:
            self.settle()
            return self._load_window(address)
        return self._unmodelled("load", address)

    def store32(self, address: int, value: int) -> None:
        """Do a 32-bit store to an aligned address."""
        offset = address - DRAM
        if 0 <= offset < DRAM_SIZE:
            self.dram[offset : offset + 4] = value.to_bytes(4, "little")
            return
        block = self._blocks.get(address & ~0xFF)
        if block is not None:
            self.settle()
            if self.watch is not None:
                self.watch("store", address, value)
            if not block.store(address & 0xFF, value):
                self._unmodelled("store", address)
            return
        if 0 <= address - IRAM < self._iram_size:
            offset = address - IRAM
            self.iram[offset : offset + 4] = value.to_bytes(4, "little")
        elif not 0 <= address - ROM < ROM_SIZE:  # a store to ROM is harmless, the recorder's bus says
            self._unmodelled("store", address)

    def store8(self, address: int, value: int) -> None:
        """Do a byte store, which only DRAM takes as such. Raises CpuException."""
        self._store_narrow(address, value, 1)

    def store16(self, address: int, value: int) -> None:
        """Do a 16-bit store, which only DRAM takes as such. Raises CpuException."""
        self._store_narrow(address, value, 2)

    def _store_narrow(self, address: int, value: int, size: int) -> None:
        offset = address - DRAM
        if 0 <= offset < DRAM_SIZE:
            self.dram[offset : offset + size] = value.to_bytes(size, "little")
        elif _takes_words_only(address):
            raise CpuException(LOAD_STORE_ERROR, address)
        else:
            self._unmodelled("byte store" if size == 1 else "16-bit store", address)

    def peek(self, address: int, size: int) -> bytes:
        """Return RAM without any effect, for tests and tools. Raises ValueError outside RAM."""
        for base, memory in ((DRAM, self.dram), (IRAM, self.iram)):
            if base <= address and address + size <= base + len(memory):
                return bytes(memory[address - base : address - base + size])
        raise ValueError(f"0x{address:08x}+{size} is not RAM")

    def poke(self, address: int, data: bytes) -> None:
        """Set RAM without any effect, for tests and tools. Raises ValueError outside RAM."""
        self.peek(address, len(data))
        base, memory = (DRAM, self.dram) if address < IRAM else (IRAM, self.iram)
        memory[address - base : address - base + len(data)] = data
        self.code_changed(address, len(data))

    def _unmodelled(self, what: str, address: int) -> int:
        self._trace.add(TraceEvent(self._clock.now, Kind.UNMODELLED, what, address))
        return 0

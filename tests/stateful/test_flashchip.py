# SPDX-License-Identifier: Apache-2.0
"""The flash chip beside the dullest model that can be right: one int per byte, one `if` per rule.

Addresses are few, so that they collide: the bounds of page, sector and block, and the chip's end.
"""

from dataclasses import replace
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from esp8266sim.chips import W25Q80, ChipModel, Programming, Times
from esp8266sim.flashchip import FlashChip

PAGE, SECTOR, HALF, BLOCK, SIZE = 0x100, 0x1000, 0x8000, 0x10000, 0x20000
US = 10**6  # ps
WIP, WEL, SRP1 = 0x01, 0x02, 0x100
TIMES = Times(first_byte=10, next_byte=1, page=50, sector=100, half_block=200, block=300, chip=900, status=70)
SMALL = replace(W25Q80, size=SIZE, times=TIMES, software_reset=True)
STORING = replace(SMALL, programming=Programming.STORES, times=replace(TIMES, page_erase=60))
ERASES = {0x20: (SECTOR, 100), 0x52: (HALF, 200), 0xD8: (BLOCK, 300), 0xC7: (SIZE, 900), 0x60: (SIZE, 900)}
PAGE_ERASE = {0x81: (PAGE, 60)}
WRITABLE, LOCK_BITS = 0x7BFC, 0x3800

# What the status registers protect on a chip of two blocks.
PROTECTED = {
    0x0000: (0, 0),
    0x0004: (BLOCK, SIZE),  # BP=1: the upper block
    0x0024: (0, BLOCK),  # and TB: the lower
    0x0008: (0, SIZE),  # BP=2: both
    0x001C: (0, SIZE),
    0x0044: (SIZE - SECTOR, SIZE),  # SEC: the last sector
    0x0064: (0, SECTOR),  # SEC, TB: the first
    0x4004: (0, BLOCK),  # CMP: all but the upper block
    0x4064: (SECTOR, SIZE),  # CMP: all but the first sector
    0x401C: (0, 0),
}

addresses = st.sampled_from(
    [0, 1, PAGE - 1, PAGE, SECTOR - 1, SECTOR, HALF, BLOCK - 1, BLOCK, SIZE - SECTOR, SIZE - 1, SIZE + 1]
)
contents = st.one_of(
    st.binary(min_size=0, max_size=3),
    st.tuples(st.sampled_from([254, 256, 257, 259, 600]), st.integers(0, 255)).map(
        lambda drawn: bytes((i ^ drawn[1]) & 0xFF for i in range(drawn[0]))
    ),
)
ready = st.sampled_from([True, True, True, False])
statuses = st.sampled_from([*PROTECTED, 0x0203, 0x0844, 0x0864, 0x0900 | SRP1])


class FlashAgainstModel(RuleBasedStateMachine):
    """NOR semantics, write enable, busy time, status registers, protection and sleep."""

    model: ChipModel = SMALL
    erases: ClassVar = ERASES  # 0x81 is not known to this chip

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.cells = bytearray(i * 7 + i // PAGE & 0xFF for i in range(PAGE * 256)) * 2
        self.chip = FlashChip(self.model, bytearray(self.cells), now=lambda: self.now)
        self.accepted: bool | None = None
        self.chip.observer = lambda operation: setattr(self, "accepted", operation.accepted)
        self.status = self.kept = 0  # without WIP and WEL
        self.enabled = self.asleep = False
        self.busy_until: int | None = None  # until then, and then WEL falls
        self.previous = 0

    def hears(self, opcode: int) -> bool:
        if self.busy_until is not None:
            return opcode in {0x05, 0x35}
        return not self.asleep or opcode == 0xAB

    def change(self, opcode: int, address: int | None, sent: bytes, *, expected: bool) -> None:
        """Send it to the chip, which must accept it if and only if the model has done so."""
        self.chip.transfer(opcode, address, sent, 0)
        assert self.accepted is expected

    def work(self, microseconds: int) -> None:
        self.busy_until = self.now + microseconds * US

    def touches_protected(self, first: int, size: int) -> bool:
        protected, end = PROTECTED[self.status & 0x407C]
        return any(protected <= address < end for address in range(first, first + size, PAGE))

    @rule(opcode=st.sampled_from([0x06, 0x04, 0x50]))
    def latch(self, opcode: int) -> None:
        self.chip.transfer(opcode, None, b"", 0)
        if self.hears(opcode):
            self.enabled = {0x06: True, 0x04: False}.get(opcode, self.enabled)
            self.previous = opcode

    @rule(microseconds=st.sampled_from([1, 49, 50, 100, 900]))
    def wait(self, microseconds: int) -> None:
        self.now += microseconds * US
        if self.busy_until is not None and self.now >= self.busy_until:
            self.busy_until, self.enabled = None, False

    def prepare(self, *, ready: bool) -> None:
        """Do what a driver does before each change, so that most of them happen."""
        if not ready:
            return
        self.wait(900)
        self.chip.transfer(0xAB, None, b"", 0)
        self.asleep = False
        self.latch(0x06)

    @rule(ready=ready, address=addresses, sent=contents)
    def program(self, ready: bool, address: int, sent: bytes) -> None:
        self.prepare(ready=ready)
        at = address % SIZE
        heard = self.hears(0x02)
        done = (
            heard and self.enabled and len(sent) > 0 and not self.touches_protected(at // PAGE * PAGE, PAGE)
        )
        if done:
            buffer: dict[int, int] = {}  # the chip's page buffer, column by column
            for i, byte in enumerate(sent):
                buffer[(at + i) % PAGE] = byte
            for column, byte in buffer.items():
                self.store(at // PAGE * PAGE + column, byte)
            self.work(min(10 + len(buffer) - 1, 50))
        self.change(0x02, address, sent, expected=done)
        if heard:
            self.previous = 0x02

    def store(self, address: int, byte: int) -> None:
        self.cells[address] &= byte

    @rule(ready=ready, opcode=st.sampled_from(sorted({**ERASES, **PAGE_ERASE})), address=addresses)
    def erase(self, ready: bool, opcode: int, address: int) -> None:
        self.prepare(ready=ready)
        size, microseconds = self.erases.get(opcode, (PAGE, 0))
        first = address % SIZE // size * size
        heard = self.hears(opcode)
        done = heard and opcode in self.erases and self.enabled and not self.touches_protected(first, size)
        if done:
            self.cells[first : first + size] = b"\xff" * size
            self.work(microseconds)
        self.change(opcode, address, b"", expected=done)
        if heard:
            self.previous = opcode

    @rule(ready=ready, value=statuses, size=st.sampled_from([1, 2]))
    def write_status(self, ready: bool, value: int, size: int) -> None:
        self.prepare(ready=ready)
        self._write_status(value, size)

    @rule(value=statuses, before=st.sampled_from([(0x04, 0x50), (0x50,), (0x04, 0x50, 0x04)]))
    def write_volatile_status(self, value: int, before: tuple[int, ...]) -> None:
        """Right after 0x50 and with WEL off; or with WEL left on; or not right after it."""
        self.prepare(ready=True)
        for opcode in before:
            self.latch(opcode)
        self._write_status(value, 2)

    def _write_status(self, value: int, size: int) -> None:
        volatile = self.previous == 0x50 and not self.enabled
        heard = self.hears(0x01)
        done = heard and (self.enabled or volatile) and not self.status & SRP1
        sent = value.to_bytes(2, "little")[:size]
        if done:
            new = int.from_bytes(sent, "little") & WRITABLE  # one byte clears the second register
            if volatile:
                self.status = new & ~LOCK_BITS | self.status & LOCK_BITS
            else:
                self.status = new | self.status & LOCK_BITS
                self.kept = new | self.kept & LOCK_BITS
                self.work(70)
        self.change(0x01, None, sent, expected=done)
        if heard:
            self.previous = 0x01

    @rule()
    def power_down(self) -> None:
        heard = self.hears(0xB9)
        if heard:
            self.asleep, self.previous = True, 0xB9
        self.change(0xB9, None, b"", expected=heard)

    @rule()
    def reset_enabled(self) -> None:
        self.latch(0x66)
        self.reset()

    @rule()
    def reset(self) -> None:
        heard = self.hears(0x99)
        done = heard and self.previous == 0x66
        if done:
            self.status, self.enabled = self.kept, False
        if heard:
            self.previous = 0x99
        self.change(0x99, None, b"", expected=done)

    @rule()
    def power_cycle(self) -> None:
        self.chip.power_cycle()
        self.kept &= ~SRP1  # SRP0 is never written here
        self.status, self.previous = self.kept, 0
        self.enabled = self.asleep = False
        self.busy_until = None

    @rule(address=addresses, count=st.sampled_from([0, 1, 5, SIZE + 3]))
    def read(self, address: int, count: int) -> None:
        answer = self.chip.transfer(0x03, address, b"", count)
        if self.hears(0x03):
            around = bytes(self.cells) * 3
            assert answer == around[address % SIZE :][:count]
            self.previous = 0x03
        else:
            assert answer == bytes(count)

    @rule()
    def read_status(self) -> None:
        answer = self.chip.transfer(0x05, None, b"", 1) + self.chip.transfer(0x35, None, b"", 1)
        if self.hears(0x05):
            assert answer == self.shown_status().to_bytes(2, "little")
            self.previous = 0x35
        else:
            assert answer == b"\x00\x00"

    def shown_status(self) -> int:
        return self.status | (WIP if self.busy_until is not None else 0) | (WEL if self.enabled else 0)

    @invariant()
    def cells_match(self) -> None:
        assert self.chip.array == self.cells

    @invariant()
    def status_matches(self) -> None:
        assert self.chip.status == self.shown_status()
        if self.busy_until is not None:
            assert self.chip.busy_until == self.busy_until


class StoringFlashAgainstModel(FlashAgainstModel):
    """The same of a chip that stores what it is sent, and erases pages (FLASH-23)."""

    model = STORING
    erases: ClassVar = {**ERASES, **PAGE_ERASE}

    def store(self, address: int, byte: int) -> None:
        self.cells[address] = byte


FlashAgainstModel.TestCase.settings = settings(deadline=None, max_examples=100, stateful_step_count=50)
StoringFlashAgainstModel.TestCase.settings = FlashAgainstModel.TestCase.settings
TestFlashAgainstModel = FlashAgainstModel.TestCase
TestStoringFlashAgainstModel = StoringFlashAgainstModel.TestCase

# SPDX-License-Identifier: Apache-2.0
"""An SPI NOR flash chip as a state machine over one buffer of cells. Knows no ESP8266.

Its one rule: `transfer` is one chip-select period, and what a real chip would not do is not done and
is told to the observer. Programming only clears bits, but on chips that are known for the contrary
(FLASH-23); erasing sets them, by whole pages at least.
Source: the datasheets named in `chips.py`, whose parts agree on all of this but for the model's data.

Where the datasheets are silent or the bus level decides, this is the choice:

- A command that is not heard, not known or has no answer reads as 0x00, the idle level of the bus
  that the golden vectors were recorded on.
- Cells change, and registers too, at the start of the busy time; WEL falls at its end.
- A refused command leaves WEL set, as it leaves all else.
- Dual and quad reads answer whether QE is set or not; lines are not modelled.
- The few microseconds of waking up and of a software reset are not modelled.
"""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from esp8266sim.chips import ChipModel, Programming, StatusWrite
from esp8266sim.clock import US
from esprom.flash.geometry import BLOCK, PAGE, SECTOR, round_down

WRITE_STATUS = 0x01
PAGE_PROGRAM = 0x02
READ = 0x03
WRITE_DISABLE = 0x04
READ_STATUS = 0x05
WRITE_ENABLE = 0x06
FAST_READ = 0x0B
WRITE_STATUS_3 = 0x11
READ_STATUS_3 = 0x15
SECTOR_ERASE = 0x20
WRITE_STATUS_2 = 0x31
READ_STATUS_2 = 0x35
DUAL_OUTPUT_READ = 0x3B
READ_UNIQUE_ID = 0x4B
VOLATILE_STATUS_ENABLE = 0x50
HALF_BLOCK_ERASE = 0x52
READ_SFDP = 0x5A
CHIP_ERASE_60 = 0x60
RESET_ENABLE = 0x66
QUAD_OUTPUT_READ = 0x6B
PAGE_ERASE = 0x81
READ_IDS = 0x90
RESET = 0x99
READ_JEDEC_ID = 0x9F
RELEASE = 0xAB
POWER_DOWN = 0xB9
DUAL_IO_READ = 0xBB
CHIP_ERASE = 0xC7
BLOCK_ERASE = 0xD8
QUAD_IO_READ = 0xEB

ARRAY_READS = (READ, FAST_READ, DUAL_OUTPUT_READ, QUAD_OUTPUT_READ, DUAL_IO_READ, QUAD_IO_READ)
STATUS_READS = (READ_STATUS, READ_STATUS_2, READ_STATUS_3)
STATUS_WRITES = (WRITE_STATUS, WRITE_STATUS_2, WRITE_STATUS_3)
ADDRESSED = frozenset(
    {*ARRAY_READS, PAGE_PROGRAM, PAGE_ERASE, SECTOR_ERASE, HALF_BLOCK_ERASE, BLOCK_ERASE, READ_SFDP, READ_IDS}
)
ADDRESS_SIZE = 3  # bytes

WIP = 0x01
WEL = 0x02
SRP0 = 0x80
SRP1 = 0x100

ERASED_SECTOR = b"\xff" * SECTOR


@dataclass(frozen=True, slots=True)
class Operation:
    """A command that changes the chip, or would have: program, erase, status write, power-down, reset.

    Reads are none, nor are the latches (0x06, 0x04, 0x50, 0x66), which change nothing by themselves.
    """

    opcode: int
    address: int | None  # as sent
    sent: bytes
    accepted: bool


class FlashChip:
    """One chip: its cells, its registers, and what it is doing at `now()` picoseconds.

    `array`, if given, holds the cells and is changed in place, at most a sector by one assignment.
    `unique_id` is this very chip's; the model's own unless given.
    """

    def __init__(
        self,
        model: ChipModel,
        array: bytearray | mmap.mmap | None = None,
        now: Callable[[], int] = lambda: 0,
        unique_id: bytes = b"",
    ) -> None:
        self.model = model
        self.unique_id = unique_id or model.unique_id
        self.array = bytearray(b"\xff") * model.size if array is None else array
        if len(self.array) != model.size:
            raise ValueError(f"{model.name} has {model.size} bytes, the array {len(self.array)}")
        self.observer: Callable[[Operation], None] | None = None
        self.changes = 0  # changing commands that it has accepted
        self.busy_until = 0  # ps; when what was begun last is, or was, done
        self._now = now
        self._kept = 0  # status bits as they survive power-down
        self._registers = 0  # status bits in force, without WIP and WEL
        self._protected = model.protected(0)
        self._enabled = False  # WEL
        self._working = False  # a command is not finished, or nobody has looked since it was
        self._asleep = False  # deep power-down
        self._previous = 0  # the last opcode heard: 0x50 and 0x66 work for the very next one
        self._readers = self._known_reads()
        self._latches: dict[int, Callable[[], None]] = {
            WRITE_ENABLE: self._write_enable,
            WRITE_DISABLE: self._write_disable,
        }
        if model.volatile_status:
            self._latches[VOLATILE_STATUS_ENABLE] = self._announce
        if model.software_reset:
            self._latches[RESET_ENABLE] = self._announce
        self._changes = self._known_changes()

    @property
    def status(self) -> int:
        """The status registers, register 1 in the low byte. Setting it sets what power-down keeps too."""
        return (WIP if self._busy() else 0) | (WEL if self._enabled else 0) | self._registers

    @status.setter
    def status(self, value: int) -> None:
        self._kept = value & self.model.writable
        self._load_registers()

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        """Do one chip-select period and return the `read` bytes that the chip answers.

        `address` is the 24-bit address phase, None if there was none: then a command that has an
        address takes it from the first bytes sent, which on the wire are the same. `sent` are the
        bytes to the chip after that. Dummy clocks are left out.
        """
        if address is None and opcode in ADDRESSED and len(sent) >= ADDRESS_SIZE:
            address, sent = int.from_bytes(sent[:ADDRESS_SIZE], "big"), sent[ADDRESS_SIZE:]
        reader = self._readers.get(opcode)
        heard = self._hears(opcode) and (address is not None or opcode not in ADDRESSED)
        answer = bytes(read)
        if reader is not None:
            if heard:
                answer = reader(address or 0, read)
        elif (latch := self._latches.get(opcode)) is not None:
            if heard:
                latch()
        else:
            change = self._changes.get(opcode)
            accepted = heard and change is not None and change(address or 0, sent)
            self.changes += accepted
            self._tell(opcode, address, sent, accepted)
        if heard:
            self._previous = opcode
        return answer

    def power_cycle(self) -> None:
        """Take the supply away and give it back: cells and non-volatile status bits remain."""
        if self.model.lockable and self._kept & (SRP1 | SRP0) == SRP1:
            self._kept &= ~SRP1  # "power supply lock-down" ends with the supply
        self._load_registers()
        self._enabled = self._working = self._asleep = False
        self.busy_until = self._previous = 0

    def _known_reads(self) -> dict[int, Callable[[int, int], bytes]]:
        """Return what answers each read opcode, given address and count."""
        reads: dict[int, Callable[[int, int], bytes]] = dict.fromkeys(ARRAY_READS, self._read)
        for register in range(self.model.status_registers):
            reads[STATUS_READS[register]] = partial(self._read_status, register)
        reads |= {READ_JEDEC_ID: self._read_jedec_id, READ_IDS: self._read_ids, RELEASE: self._release}
        if self.unique_id:
            reads[READ_UNIQUE_ID] = self._read_unique_id
        if self.model.sfdp:
            reads[READ_SFDP] = self._read_sfdp
        return reads

    def _known_changes(self) -> dict[int, Callable[[int, bytes], bool]]:
        """Return what does each changing opcode, given address and bytes; it says whether it did."""
        times = self.model.times
        changes: dict[int, Callable[[int, bytes], bool]] = {
            PAGE_PROGRAM: self._program,
            SECTOR_ERASE: partial(self._erase, SECTOR, times.sector),
            HALF_BLOCK_ERASE: partial(self._erase, BLOCK // 2, times.half_block),
            BLOCK_ERASE: partial(self._erase, BLOCK, times.block),
            CHIP_ERASE: partial(self._erase, self.model.size, times.chip),
            CHIP_ERASE_60: partial(self._erase, self.model.size, times.chip),
            WRITE_STATUS: self._write_first_status,
            POWER_DOWN: self._power_down,
        }
        if times.page_erase is not None:
            changes[PAGE_ERASE] = partial(self._erase, PAGE, times.page_erase)
        if self.model.status_registers == 3:
            changes[WRITE_STATUS_2] = partial(self._write_one_status, 1)
            changes[WRITE_STATUS_3] = partial(self._write_one_status, 2)
        if self.model.software_reset:
            changes[RESET] = self._reset
        return changes

    def _hears(self, opcode: int) -> bool:
        """Return whether the chip listens to `opcode` now."""
        if self._busy():
            return opcode in STATUS_READS
        return not self._asleep or opcode == RELEASE

    def _busy(self) -> bool:
        if self._working and self._now() >= self.busy_until:
            self._working = self._enabled = False
        return self._working

    def _work(self, microseconds: float) -> None:
        self.busy_until = self._now() + round(microseconds * US)
        self._working = True

    def _tell(self, opcode: int, address: int | None, sent: bytes, accepted: bool) -> None:
        if self.observer is not None:
            self.observer(Operation(opcode, address, sent, accepted))

    # Reads

    def _read(self, address: int, count: int) -> bytes:
        size = self.model.size
        first = address % size  # address lines that the chip does not have
        if first + count <= size:
            return bytes(self.array[first : first + count])
        return (bytes(self.array[first:]) + bytes(self.array[:]) * (count // size + 1))[:count]

    def _read_status(self, register: int, _address: int, count: int) -> bytes:
        return bytes([self.status >> 8 * register & 0xFF]) * count

    def _read_jedec_id(self, _address: int, count: int) -> bytes:
        return self.model.jedec_id.to_bytes(3, "big").ljust(count, b"\x00")[:count]

    def _read_ids(self, address: int, count: int) -> bytes:
        ids = bytes([self.model.jedec_id >> 16, self.model.device_id])
        return _over_and_over(ids, address & 1, count)

    def _read_unique_id(self, _address: int, count: int) -> bytes:
        return _over_and_over(self.unique_id, 0, count)

    def _read_sfdp(self, address: int, count: int) -> bytes:
        return self.model.sfdp[address : address + count].ljust(count, b"\xff")

    def _release(self, _address: int, count: int) -> bytes:
        """Wake up; the device id follows, for as long as it is clocked out."""
        if self._asleep:
            self._asleep = False
            self._tell(RELEASE, None, b"", True)
        return bytes([self.model.device_id]) * count

    # Latches

    def _write_enable(self) -> None:
        self._enabled = True

    def _write_disable(self) -> None:
        self._enabled = False

    def _announce(self) -> None:
        """Nothing but having been heard, which the next command looks at."""

    # Changes

    def _program(self, address: int, sent: bytes) -> bool:
        first = address % self.model.size
        if not self._enabled or not sent or first in self._protected:
            return False
        data = sent[-PAGE:]  # the page buffer wraps, so that earlier bytes are overwritten in it
        column = (first + len(sent) - len(data)) % PAGE
        page = round_down(first, PAGE)
        room = PAGE - column
        self._set_cells(page + column, data[:room])
        if len(data) > room:
            self._set_cells(page, data[room:])
        self._work(self.model.program_time(len(data)))
        return True

    def _set_cells(self, first: int, data: bytes) -> None:
        where = slice(first, first + len(data))
        if self.model.programming is Programming.STORES:
            self.array[where] = data
            return
        cells = int.from_bytes(self.array[where], "little") & int.from_bytes(data, "little")
        self.array[where] = cells.to_bytes(len(data), "little")

    def _erase(self, unit: int, microseconds: float, address: int, sent: bytes) -> bool:
        """Erase the `unit` around `address`; bytes after the address make the command void."""
        first = round_down(address % self.model.size, unit)
        if not self._enabled or sent or _overlap(range(first, first + unit), self._protected):
            return False
        step = min(unit, SECTOR)
        for start in range(first, first + unit, step):
            self.array[start : start + step] = ERASED_SECTOR[:step]
        self._work(microseconds)
        return True

    def _write_first_status(self, _address: int, sent: bytes) -> bool:
        """Opcode 0x01: register 1, or registers 1 and 2."""
        policy = self.model.status_write
        if len(sent) == 2 and policy is not StatusWrite.ONE_BYTE:
            return self._set_status(int.from_bytes(sent, "little"), 0xFFFF)
        if len(sent) != 1:
            return False
        return self._set_status(sent[0], 0xFFFF if policy is StatusWrite.CLEARS_SECOND else 0xFF)

    def _write_one_status(self, register: int, _address: int, sent: bytes) -> bool:
        return len(sent) == 1 and self._set_status(sent[0] << 8 * register, 0xFF << 8 * register)

    def _set_status(self, value: int, mask: int) -> bool:
        """Write the bits in `mask`: for good after 0x06, until power-down right after 0x50.

        WEL decides if both were sent (so a WEL left over makes a volatile write non-volatile).
        """
        model = self.model
        announced = model.volatile_status and self._previous == VOLATILE_STATUS_ENABLE
        volatile = announced and not self._enabled
        if not (self._enabled or volatile) or (model.lockable and self._registers & SRP1):
            return False
        mask &= model.writable & (~model.one_time if volatile else -1)
        value = value & mask
        self._registers = self._registers & ~mask | value | self._registers & model.one_time
        if not volatile:
            self._kept = self._kept & ~mask | value | self._kept & model.one_time
            self._work(model.times.status)
        self._protected = model.protected(self._registers)
        return True

    def _power_down(self, _address: int, _sent: bytes) -> bool:
        self._asleep = True
        return True

    def _reset(self, _address: int, _sent: bytes) -> bool:
        if self._previous != RESET_ENABLE:
            return False
        self._load_registers()
        self._enabled = False
        return True

    def _load_registers(self) -> None:
        self._registers = self._kept
        self._protected = self.model.protected(self._registers)


def _overlap(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _over_and_over(data: bytes, first: int, count: int) -> bytes:
    return (data * (count // len(data) + 2))[first : first + count]

# SPDX-License-Identifier: Apache-2.0
"""What can be wrong inside a flash chip, as data; a `Board` takes any of them.

One rule: a flaw changes cells, or what the chip answers, and nothing else. The chip behind it works as ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from esp8266sim.flashchip import (
    ADDRESS_SIZE,
    ADDRESSED,
    ARRAY_READS,
    BLOCK_ERASE,
    CHIP_ERASE,
    CHIP_ERASE_60,
    HALF_BLOCK_ERASE,
    PAGE_ERASE,
    PAGE_PROGRAM,
    SECTOR_ERASE,
    STATUS_READS,
    STATUS_WRITES,
    WEL,
    WIP,
    FlashChip,
)

ERASES = frozenset({SECTOR_ERASE, HALF_BLOCK_ERASE, BLOCK_ERASE, PAGE_ERASE, CHIP_ERASE, CHIP_ERASE_60})
CHANGES = ERASES | {PAGE_PROGRAM}


@dataclass(frozen=True, slots=True)
class KeepsOld:
    """Erasing takes its time, and leaves the cells of `area` as they were."""

    area: range
    times: int | None = None  # how many erases fail; None: every one


@dataclass(frozen=True, slots=True)
class Stuck:
    """Some bits of the cells in `area` cannot change any more."""

    area: range
    at_zero: int = 0x00  # mask
    at_one: int = 0x00  # mask


@dataclass(frozen=True, slots=True)
class Misses:
    """Programming leaves the cell at `address` as it was."""

    address: int
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Misreads:
    """Reading gives the cell at `address` with bits inverted, though it holds what it should."""

    address: int
    flip: int
    times: int | None = 1
    every: int = 1  # of the reads that come by, the first of each so many


@dataclass(frozen=True, slots=True)
class Busy:
    """After so many erases and programs the chip says for ever that it is busy, and does nothing more."""

    after: int = 1


@dataclass(frozen=True, slots=True)
class KeepsStatus:
    """Writes to the status registers are ignored, as with a write-protect pin that is tied low."""


Flaw = KeepsOld | Stuck | Misses | Misreads | Busy | KeepsStatus


@dataclass(slots=True)
class FlawedFlash:
    """A flash chip as it is found on the bus, with what is wrong inside."""

    flash: FlashChip
    flaws: tuple[Flaw, ...]
    _met: dict[Flaw, int] = field(default_factory=dict)  # how often each could have acted
    _changes: int = 0

    def __post_init__(self) -> None:
        for flaw in self.flaws:
            if isinstance(flaw, Stuck):
                self._hold(flaw.area, flaw.at_zero, flaw.at_one)

    @property
    def busy_until(self) -> int:
        """When the chip will be ready, in picoseconds."""
        return self.flash.busy_until

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        """Do one chip-select period."""
        if self._is_dead():
            return bytes([WIP | WEL if opcode == STATUS_READS[0] else 0]) * read
        if opcode in STATUS_WRITES and KeepsStatus() in self.flaws:
            return bytes(read)
        if address is None and opcode in ADDRESSED and len(sent) >= ADDRESS_SIZE:
            address, sent = int.from_bytes(sent[:ADDRESS_SIZE], "big"), sent[ADDRESS_SIZE:]
        if opcode in CHANGES:
            return self._change(opcode, address, sent, read)
        found = self.flash.transfer(opcode, address, sent, read)
        return self._misread(address or 0, found) if opcode in ARRAY_READS else found

    def _is_dead(self) -> bool:
        return any(isinstance(flaw, Busy) and self._changes >= flaw.after for flaw in self.flaws)

    def _change(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        cells = self.flash.array
        accepted = self.flash.changes
        kept = [(area, bytes(cells[area.start : area.stop])) for area in self._areas()]
        found = self.flash.transfer(opcode, address, sent, read)
        self._changes += self.flash.changes != accepted
        old = {at: byte for area, content in kept for at, byte in zip(area, content, strict=True)}
        for flaw in self.flaws:
            self._hurt(flaw, opcode, old)
        return found

    def _areas(self) -> Iterable[range]:
        for flaw in self.flaws:
            match flaw:
                case KeepsOld(area=area):
                    yield area
                case Misses(address=address):
                    yield range(address, address + 1)

    def _hurt(self, flaw: Flaw, opcode: int, old: dict[int, int]) -> None:
        """Undo of the change what this flaw does not let happen; a time counts if there was a change."""
        match flaw:
            case KeepsOld(area, times) if opcode in ERASES:
                self._undo(flaw, area, times, old)
            case Misses(address, times) if opcode == PAGE_PROGRAM:
                self._undo(flaw, range(address, address + 1), times, old)
            case Stuck(area, at_zero, at_one):
                self._hold(area, at_zero, at_one)

    def _hold(self, area: range, at_zero: int, at_one: int) -> None:
        for at in area:
            self.flash.array[at] = self.flash.array[at] & ~at_zero | at_one

    def _undo(self, flaw: Flaw, area: range, times: int | None, old: dict[int, int]) -> None:
        cells = self.flash.array
        changed = [at for at in area if cells[at] != old[at]]
        if not changed or not self._acts(flaw, times):
            return
        for at in changed:
            cells[at] = old[at]

    def _misread(self, address: int, found: bytes) -> bytes:
        first = address % self.flash.model.size
        for flaw in self.flaws:
            match flaw:
                case Misreads(at, flip, times, every) if first <= at < first + len(found):
                    if self._acts(flaw, times, every):
                        hurt = bytearray(found)
                        hurt[at - first] ^= flip
                        found = bytes(hurt)
        return found

    def _acts(self, flaw: Flaw, times: int | None, every: int = 1) -> bool:
        """Tell whether the flaw shows this time, and count."""
        met = self._met[flaw] = self._met.get(flaw, 0) + 1
        return met % every == 1 % every and (times is None or (met - 1) // every < times)

# SPDX-License-Identifier: Apache-2.0
"""What a flaw makes of a flash chip's cells and answers, command by command."""

import pytest

from esp8266sim.chips import RECORDER
from esp8266sim.flashchip import (
    PAGE_PROGRAM,
    READ,
    READ_STATUS,
    SECTOR_ERASE,
    WIP,
    WRITE_ENABLE,
    WRITE_STATUS,
    FlashChip,
)
from esp8266sim.flaws import Busy, Flaw, FlawedFlash, KeepsOld, KeepsStatus, Misreads, Misses, Stuck

SECTOR = 0x1000


class Bench:
    """A chip with flaws, full of 0x5A, that is never busy."""

    def __init__(self, *flaws: Flaw) -> None:
        self.chip = FlashChip(RECORDER, bytearray(b"\x5a" * RECORDER.size))
        self.bus = FlawedFlash(self.chip, flaws)

    def change(self, opcode: int, address: int | None, sent: bytes = b"") -> None:
        self.bus.transfer(WRITE_ENABLE, None, b"", 0)
        self.bus.transfer(opcode, address, sent, 0)
        self.bus.transfer(READ_STATUS, None, b"", 1)

    def erase(self, address: int = SECTOR) -> None:
        self.change(SECTOR_ERASE, address)

    def program(self, address: int, data: bytes) -> None:
        self.change(PAGE_PROGRAM, address, data)

    def read(self, address: int, count: int = 1) -> bytes:
        return self.bus.transfer(READ, address, b"", count)


def test_without_a_flaw_that_applies_it_is_the_chip() -> None:
    bench = Bench(KeepsOld(range(0, SECTOR)))
    bench.erase()
    bench.program(SECTOR, b"\x12")
    assert bench.read(SECTOR - 1, 3) == b"\x5a\x12\xff"


def test_an_address_among_the_bytes_sent_is_an_address_too() -> None:
    bench = Bench(Misreads(SECTOR, 0x01))
    assert bench.bus.transfer(READ, None, SECTOR.to_bytes(3, "big"), 1) == b"\x5b"


def test_a_sector_that_keeps_what_it_had() -> None:
    bench = Bench(KeepsOld(range(SECTOR, 2 * SECTOR)))
    bench.erase()
    bench.erase()
    assert bench.read(SECTOR, SECTOR) == b"\x5a" * SECTOR
    bench.program(SECTOR, b"\x00")
    assert bench.read(SECTOR) == b"\x00"


def test_a_sector_that_keeps_it_once() -> None:
    bench = Bench(KeepsOld(range(SECTOR, 2 * SECTOR), times=1))
    bench.erase(3 * SECTOR)
    bench.erase()
    assert bench.read(SECTOR) == b"\x5a"
    bench.erase()
    assert bench.read(SECTOR) == b"\xff"


def test_bits_that_are_stuck() -> None:
    bench = Bench(Stuck(range(SECTOR, SECTOR + 1), at_zero=0x02, at_one=0x80))
    assert bench.read(SECTOR, 2) == b"\xd8\x5a"
    bench.erase()
    assert bench.read(SECTOR, 2) == b"\xfd\xff"
    bench.program(SECTOR, b"\x00\x00")
    assert bench.read(SECTOR, 2) == b"\x80\x00"


def test_a_cell_that_is_missed_once() -> None:
    bench = Bench(Misses(SECTOR + 1))
    bench.erase()
    bench.program(SECTOR, b"\x01\x02\x03")
    assert bench.read(SECTOR, 3) == b"\x01\xff\x03"
    bench.program(SECTOR, b"\x01\x02\x03")
    assert bench.read(SECTOR, 3) == b"\x01\x02\x03"


@pytest.mark.parametrize(
    ("flaw", "seen"),
    [
        (Misreads(SECTOR, 0x01), [0x5B, 0x5A, 0x5A, 0x5A]),
        (Misreads(SECTOR, 0x01, times=2), [0x5B, 0x5B, 0x5A, 0x5A]),
        (Misreads(SECTOR, 0x01, times=None, every=2), [0x5B, 0x5A, 0x5B, 0x5A]),
        (Misreads(SECTOR, 0x01, times=1, every=3), [0x5B, 0x5A, 0x5A, 0x5A]),
    ],
)
def test_a_cell_that_is_misread(flaw: Misreads, seen: list[int]) -> None:
    bench = Bench(flaw)
    assert [bench.read(SECTOR)[0] for _ in seen] == seen
    assert bench.chip.array[SECTOR] == 0x5A


def test_reads_beside_a_cell_do_not_count() -> None:
    bench = Bench(Misreads(SECTOR, 0x01))
    assert bench.read(SECTOR - 1) + bench.read(SECTOR + 1) == b"\x5a\x5a"
    assert bench.read(SECTOR - 1, 3) == b"\x5a\x5b\x5a"


def test_a_chip_that_stays_busy() -> None:
    bench = Bench(Busy(after=2))
    bench.erase()
    bench.program(SECTOR, b"\x00")
    assert bench.bus.transfer(READ_STATUS, None, b"", 2)[0] & WIP
    bench.erase()
    assert bench.read(SECTOR) == b"\x00"
    assert bench.chip.array[SECTOR] == 0x00


def test_a_change_that_was_refused_does_not_make_it_busy() -> None:
    bench = Bench(Busy(after=1))
    bench.bus.transfer(SECTOR_ERASE, SECTOR, b"", 0)  # not enabled
    assert bench.read(SECTOR) == b"\x5a"


def test_a_status_register_that_keeps_what_it_has() -> None:
    bench = Bench(KeepsStatus())
    bench.change(WRITE_STATUS, None, b"\x1c")
    assert bench.chip.status & 0x1C == 0
    bench.bus.transfer(READ_STATUS, None, b"", 1)
    bench.chip.status = 0x1C
    bench.change(WRITE_STATUS, None, b"\x00")
    assert bench.chip.status & 0x1C == 0x1C

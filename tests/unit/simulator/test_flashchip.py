# SPDX-License-Identifier: Apache-2.0
import mmap
from dataclasses import replace
from pathlib import Path

import pytest

from esp8266sim.chips import (
    CHIPS,
    GD25Q32,
    INSTANT,
    MD25D80,
    P25Q80H,
    RECORDER,
    W25Q32,
    W25Q80,
    ChipModel,
    StatusWrite,
)
from esp8266sim.flashchip import FlashChip, Operation

US, MS = 10**6, 10**9  # ps
WIP, WEL, QE, CMP, SRP0, SRP1, LB1 = 0x01, 0x02, 0x200, 0x4000, 0x80, 0x100, 0x800
PROTECT_ALL = 0x1C
QUICK = replace(W25Q80, times=INSTANT)


class Bench:
    """A chip, its time, and what its observer saw."""

    def __init__(self, model: ChipModel = QUICK, fill: int = 0xFF) -> None:
        self.now = 0
        self.cells = bytearray([fill]) * model.size
        self.chip = FlashChip(model, self.cells, lambda: self.now)
        self.seen: list[Operation] = []
        self.chip.observer = self.seen.append

    def do(self, opcode: int, address: int | None = None, sent: bytes = b"", read: int = 0) -> bytes:
        return self.chip.transfer(opcode, address, sent, read)

    def enabled(self, opcode: int, address: int | None = None, sent: bytes = b"") -> bool:
        """Do it after WREN; return whether it was accepted."""
        self.do(0x06)
        self.do(opcode, address, sent)
        return self.seen[-1].accepted

    def wait(self) -> None:
        self.now = max(self.now, self.chip.busy_until)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_new_chip_is_erased_and_idle() -> None:
    chip = FlashChip(W25Q80)
    assert bytes(chip.array) == b"\xff" * 0x100000
    assert chip.status == 0


def test_array_of_another_size_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="W25Q80 has 1048576 bytes, the array 4096"):
        FlashChip(W25Q80, bytearray(4096))


def test_cells_may_be_a_mapped_file(tmp_path: Path) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"\xff" * W25Q80.size)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as cells:
        chip = FlashChip(QUICK, cells)
        chip.transfer(0x06, None, b"", 0)
        chip.transfer(0x02, 0x1FE, b"abc", 0)
        assert chip.transfer(0x03, 0x1FE, b"", 2) == b"ab"
        cells.flush()
    assert path.read_bytes()[0x100:0x200] == b"c" + b"\xff" * 0xFD + b"ab"


# Reads


@pytest.mark.spec("FLASH-1")
@pytest.mark.parametrize("opcode", [0x03, 0x0B, 0x3B, 0x6B, 0xBB, 0xEB])
def test_reads_answer_the_cells_and_wrap_at_the_end(bench: Bench, opcode: int) -> None:
    bench.cells[0x1234:0x1238] = b"\x01\x02\x03\x04"
    bench.cells[-2:] = b"\xaa\xbb"
    bench.cells[:2] = b"\xcc\xdd"
    assert bench.do(opcode, 0x1234, read=4) == b"\x01\x02\x03\x04"
    assert bench.do(opcode, 0xFFFFE, read=4) == b"\xaa\xbb\xcc\xdd"
    assert bench.do(opcode, 0xFFFFE, read=0) == b""
    assert bench.seen == []


@pytest.mark.spec("FLASH-1")
def test_read_longer_than_the_chip_goes_round(bench: Bench) -> None:
    bench.cells[:2] = b"\xcc\xdd"
    answer = bench.do(0x03, 0x1, read=2 * W25Q80.size)
    assert len(answer) == 2 * W25Q80.size
    assert answer[-2:] == b"\xff\xcc" and answer[W25Q80.size - 1 : W25Q80.size + 1] == b"\xcc\xdd"


@pytest.mark.spec("FLASH-2")
def test_address_lines_that_the_chip_lacks_do_not_count(bench: Bench) -> None:
    bench.cells[0x10] = 0x5A
    assert bench.do(0x03, 0x100010, read=1) == b"\x5a"
    assert bench.enabled(0x02, 0xF00010, b"\x0f")
    assert bench.cells[0x10] == 0x0A


def test_address_may_be_the_first_bytes_sent(bench: Bench) -> None:
    bench.cells[0x12345] = 0x5A
    assert bench.do(0x03, None, b"\x01\x23\x45", 1) == b"\x5a"
    assert bench.enabled(0x02, None, b"\x00\x10\x00\x77\x66")
    assert bench.cells[0x1000:0x1002] == b"\x77\x66"
    assert bench.seen[-1] == Operation(0x02, 0x1000, b"\x77\x66", accepted=True)


@pytest.mark.spec("FLASH-5")
def test_command_cut_off_in_its_address_does_nothing(bench: Bench) -> None:
    assert bench.do(0x03, None, b"\x00\x00", 2) == b"\x00\x00"
    assert not bench.enabled(0x20, None, b"\x00\x00")
    assert bench.do(0x05, read=1)[0] & WEL


@pytest.mark.spec("FLASH-3", "FLASH-4")
@pytest.mark.parametrize(
    ("model", "opcode", "address", "answer"),
    [
        (W25Q80, 0x9F, None, "ef4014"),
        (W25Q32, 0x9F, None, "ef4016"),
        (GD25Q32, 0x9F, None, "c84016"),
        (RECORDER, 0x9F, None, "ef40160000"),
        (W25Q80, 0x90, 0, "ef13ef13"),
        (W25Q80, 0x90, 1, "13ef13"),
        (W25Q80, 0xAB, None, "1313"),
        (GD25Q32, 0xAB, None, "15"),
        (W25Q80, 0x4B, None, W25Q80.unique_id.hex()),
        (W25Q80, 0x5A, 0, "53464450"),
        (W25Q80, 0x5A, 0xFE, "ffffffff"),
        (W25Q80, 0x5A, 0x80, "e520f1ffffff7f00"),
        (W25Q32, 0x5A, 0x84, "ffffff01"),
        (GD25Q32, 0x5A, 0x30, "e520f1ffffffff01"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_chip_says_who_it_is(model: ChipModel, opcode: int, address: int | None, answer: str) -> None:
    bench = Bench(model)
    assert bench.do(opcode, address, read=len(answer) // 2).hex() == answer
    assert bench.seen == []


@pytest.mark.spec("FLASH-5")
@pytest.mark.parametrize(
    ("model", "opcode"),
    [
        *((W25Q80, opcode) for opcode in (0x15, 0x77, 0x32, 0x75, 0x81)),
        *((RECORDER, opcode) for opcode in (0x5A, 0x4B)),
        *((MD25D80, opcode) for opcode in (0x5A, 0x4B, 0x35, 0x15, 0x31, 0x50)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_unknown_command_reads_as_the_idle_bus_and_is_told(model: ChipModel, opcode: int) -> None:
    bench = Bench(model)
    assert bench.do(opcode, 0x10, b"\x01", 3) == b"\x00\x00\x00"
    assert bench.seen == [Operation(opcode, 0x10, b"\x01", accepted=False)]


# Write enable


@pytest.mark.spec("FLASH-6")
def test_wel_is_set_by_06_and_reset_by_04(bench: Bench) -> None:
    bench.do(0x06)
    assert bench.do(0x05, read=2) == bytes([WEL, WEL])
    bench.do(0x04)
    assert bench.do(0x05, read=1) == b"\x00"
    assert bench.seen == []


@pytest.mark.spec("FLASH-6")
@pytest.mark.parametrize(
    ("opcode", "address", "sent"),
    [
        (0x02, 0, b"\x00"),
        (0x20, 0, b""),
        (0x52, 0, b""),
        (0xD8, 0, b""),
        (0xC7, None, b""),
        (0x60, None, b""),
        (0x01, None, b"\x1c"),
        (0x31, None, b"\x02"),
        (0x11, None, b"\x20"),
    ],
    ids=lambda value: hex(value) if isinstance(value, int) else None,
)
def test_every_change_needs_wel_and_uses_it_up(opcode: int, address: int | None, sent: bytes) -> None:
    bench = Bench(replace(W25Q32, times=INSTANT), fill=0x55)
    before = (bytes(bench.cells), bench.chip.status)
    bench.do(opcode, address, sent)
    assert (bytes(bench.cells), bench.chip.status) == before
    assert bench.seen == [Operation(opcode, address, sent, accepted=False)]
    assert bench.enabled(opcode, address, sent)
    assert not bench.chip.status & (WEL | WIP)
    assert (bytes(bench.cells), bench.chip.status) != before
    bench.do(opcode, address, sent)
    assert not bench.seen[-1].accepted


# Program


@pytest.mark.spec("FLASH-7")
def test_programming_only_clears_bits(bench: Bench) -> None:
    bench.enabled(0x02, 0x100, b"\xf0\x0f")
    bench.enabled(0x02, 0x100, b"\x3c\xff")
    assert bench.cells[0xFF:0x103] == b"\xff\x30\x0f\xff"


@pytest.mark.spec("FLASH-8")
def test_programming_wraps_inside_the_page(bench: Bench) -> None:
    bench.enabled(0x02, 0x2FE, b"\x01\x02\x03\x04")
    assert bench.cells[0x2FE:0x301] == b"\x01\x02\xff"
    assert bench.cells[0x1FF:0x203] == b"\xff\x03\x04\xff"


@pytest.mark.spec("FLASH-9")
def test_only_the_last_256_bytes_count(bench: Bench) -> None:
    sent = bytes([0x00] * 3) + bytes(range(256))
    bench.enabled(0x02, 0x4FF, sent)  # three bytes on: column 2
    assert bench.cells[0x402:0x500] == bytes(range(254))
    assert bench.cells[0x400:0x402] == b"\xfe\xff"
    assert bench.cells[0x3FF] == bench.cells[0x500] == 0xFF


@pytest.mark.spec("FLASH-11")
def test_program_without_data_is_void(bench: Bench) -> None:
    assert not bench.enabled(0x02, 0x100, b"")
    assert bench.chip.status & WEL


# Erase


@pytest.mark.spec("FLASH-10")
@pytest.mark.parametrize(
    ("opcode", "address", "first", "size"),
    [
        (0x20, 0x12FFF, 0x12000, 0x1000),
        (0x52, 0x1FFFF, 0x18000, 0x8000),
        (0xD8, 0x1FFFF, 0x10000, 0x10000),
        (0xC7, None, 0, 0x100000),
        (0x60, None, 0, 0x100000),
    ],
)
def test_erase_reaches_its_unit_and_no_further(
    opcode: int, address: int | None, first: int, size: int
) -> None:
    bench = Bench(fill=0x00)
    assert bench.enabled(opcode, address)
    assert bench.cells[first : first + size] == b"\xff" * size
    assert bench.cells.count(0x00) == W25Q80.size - size


@pytest.mark.spec("FLASH-11")
@pytest.mark.parametrize("opcode", [0x20, 0x52, 0xD8, 0xC7, 0x60])
def test_erase_with_bytes_too_many_is_void(opcode: int) -> None:
    bench = Bench(fill=0x00)
    assert not bench.enabled(opcode, 0, b"\x00")
    assert not any(bench.cells)


# Time


@pytest.mark.spec("FLASH-12")
@pytest.mark.parametrize("model", [W25Q80, W25Q32, GD25Q32], ids=lambda model: model.name)
@pytest.mark.parametrize(
    ("opcode", "sent", "time"),
    [
        (0x02, bytes(256), "page"),
        (0x20, b"", "sector"),
        (0x52, b"", "half_block"),
        (0xD8, b"", "block"),
        (0xC7, b"", "chip"),
        (0x01, b"\x00", "status"),
    ],
)
def test_chip_is_busy_for_the_datasheets_time(model: ChipModel, opcode: int, sent: bytes, time: str) -> None:
    bench = Bench(model)
    bench.now = 7 * MS
    assert bench.enabled(opcode, 0, sent)
    expected = model.program_time(256) if time == "page" else getattr(model.times, time)
    assert bench.chip.busy_until == 7 * MS + expected * US
    bench.now = bench.chip.busy_until - 1
    assert bench.do(0x05, read=1) == bytes([WIP | WEL])
    bench.now += 1
    assert bench.do(0x05, read=1) == b"\x00"


@pytest.mark.spec("FLASH-12", "FLASH-5")
def test_busy_chip_answers_status_reads_only() -> None:
    bench = Bench(W25Q32)
    bench.chip.status = QE
    bench.enabled(0x20, 0)
    bench.seen.clear()
    assert bench.do(0x03, 0, read=2) == b"\x00\x00"
    assert bench.do(0x9F, read=3) == b"\x00\x00\x00"
    assert bench.do(0xAB, read=1) == b"\x00"
    assert bench.do(0x35, read=1) == b"\x02"
    assert bench.do(0x15, read=1) == b"\x00"
    bench.do(0x04)
    bench.do(0x02, 0x100, b"\x00")
    bench.do(0xB9)
    assert bench.do(0x05, read=1) == bytes([WIP | WEL])
    assert bench.seen == [
        Operation(0x02, 0x100, b"\x00", accepted=False),
        Operation(0xB9, None, b"", accepted=False),
    ]
    bench.wait()
    assert bench.do(0x9F, read=3) == b"\xef\x40\x16"
    assert bench.cells[0x100] == 0xFF


def test_write_enable_right_after_the_busy_time_holds() -> None:
    bench = Bench(W25Q80)
    bench.enabled(0x20, 0)
    bench.wait()
    bench.do(0x06)  # nobody has looked at the status in between
    assert bench.do(0x05, read=1) == bytes([WEL])


# Status registers


@pytest.mark.spec("FLASH-13")
def test_wip_and_wel_cannot_be_set_by_a_status_write() -> None:
    bench = Bench(RECORDER)
    assert bench.enabled(0x01, None, b"\x03\x00")
    assert bench.chip.status == 0


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [(0x0000, "0200", 0x0000), (0x001C, "0200", 0x0000), (0, "1c", 0x001C), (0, "0002", 0x0200)],
)
def test_recorder_writes_its_status_as_in_the_vectors(before: int, sent: str, after: int) -> None:
    bench = Bench(RECORDER)
    bench.chip.status = before
    assert bench.enabled(0x01, None, bytes.fromhex(sent))
    assert bench.chip.status == after


@pytest.mark.spec("FLASH-14", "FLASH-11")
@pytest.mark.parametrize(
    ("model", "policy", "sent", "accepted", "after"),
    [
        (W25Q80, StatusWrite.CLEARS_SECOND, "04", True, 0x0804),  # the lock bit stays
        (W25Q32, StatusWrite.KEEPS_SECOND, "04", True, 0x4A04),
        (GD25Q32, StatusWrite.ONE_BYTE, "04", True, 0x4A04),
        (W25Q80, StatusWrite.CLEARS_SECOND, "0402", True, 0x0A04),
        (W25Q32, StatusWrite.KEEPS_SECOND, "0402", True, 0x0A04),
        (GD25Q32, StatusWrite.ONE_BYTE, "0402", False, 0x4A00 | WEL),
        (W25Q80, StatusWrite.CLEARS_SECOND, "", False, 0x4A00 | WEL),
        (W25Q80, StatusWrite.CLEARS_SECOND, "040200", False, 0x4A00 | WEL),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_opcode_01_takes_differs_between_chips(
    model: ChipModel, policy: StatusWrite, sent: str, accepted: bool, after: int
) -> None:
    assert model.status_write is policy
    bench = Bench(replace(model, times=INSTANT))
    bench.chip.status = CMP | QE | LB1
    assert bench.enabled(0x01, None, bytes.fromhex(sent)) is accepted
    assert bench.chip.status == after


@pytest.mark.spec("FLASH-15", "FLASH-13")
def test_registers_2_and_3_have_their_own_writes() -> None:
    bench = Bench(replace(W25Q32, times=INSTANT))
    assert bench.enabled(0x31, None, b"\x02")
    assert bench.enabled(0x11, None, b"\xff")
    assert bench.chip.status == 0xE00200
    assert bench.do(0x15, read=1) == b"\xe0"
    assert not bench.enabled(0x31, None, b"\x00\x00")


@pytest.mark.spec("FLASH-17")
def test_security_register_lock_bits_stay(bench: Bench) -> None:
    bench.enabled(0x01, None, b"\x00\x08")
    bench.enabled(0x01, None, b"\x00\x00")
    assert bench.chip.status == LB1


@pytest.mark.spec("FLASH-16", "FLASH-22")
def test_non_volatile_status_survives_power_down_volatile_does_not(bench: Bench) -> None:
    bench.enabled(0x01, None, b"\x04\x00")
    bench.do(0x50)
    bench.do(0x01, None, b"\x1c\x02")
    assert bench.seen[-1].accepted
    assert bench.chip.status == 0x021C
    bench.chip.power_cycle()
    assert bench.chip.status == 0x0004


@pytest.mark.spec("FLASH-16")
def test_volatile_status_write_takes_no_time() -> None:
    bench = Bench(W25Q80)
    bench.do(0x50)
    bench.do(0x01, None, b"\x1c")
    assert bench.chip.status == 0x1C
    assert not bench.enabled(0x20, 0)


@pytest.mark.spec("FLASH-16")
def test_volatile_status_write_follows_its_enable_at_once(bench: Bench) -> None:
    bench.do(0x50)
    bench.do(0x05, read=1)
    bench.do(0x01, None, b"\x1c")
    assert bench.seen == [Operation(0x01, None, b"\x1c", accepted=False)]


@pytest.mark.spec("FLASH-16")
def test_wel_left_over_makes_a_volatile_write_non_volatile(bench: Bench) -> None:
    bench.do(0x06)
    bench.do(0x50)
    bench.do(0x01, None, b"\x04\x00")
    bench.chip.power_cycle()
    assert bench.chip.status == 0x04


@pytest.mark.spec("FLASH-17")
def test_volatile_write_cannot_burn_one_time_bits(bench: Bench) -> None:
    bench.do(0x50)
    bench.do(0x01, None, b"\x00\x0a")
    assert bench.chip.status == QE


@pytest.mark.spec("FLASH-18")
@pytest.mark.parametrize(("srp0", "after"), [(0, 0x1C), (SRP0, SRP1 | SRP0)])
def test_srp1_bars_status_writes_until_power_down_or_for_ever(srp0: int, after: int) -> None:
    bench = Bench()
    bench.enabled(0x01, None, (SRP1 | srp0).to_bytes(2, "little"))
    assert not bench.enabled(0x01, None, b"\x1c\x00")
    bench.chip.power_cycle()
    bench.enabled(0x01, None, b"\x1c\x00")
    assert bench.chip.status & ~WEL == after


@pytest.mark.spec("FLASH-22")
def test_power_cycle_ends_everything_else() -> None:
    bench = Bench(W25Q80)
    bench.enabled(0x20, 0)
    bench.chip.power_cycle()
    assert bench.chip.status == 0
    bench.do(0x06)
    bench.do(0xB9)
    bench.chip.power_cycle()
    assert bench.do(0x05, read=1) == b"\x00"


# Protection


@pytest.mark.spec("FLASH-19")
@pytest.mark.parametrize(
    ("opcode", "address", "sent", "accepted"),
    [
        (0x02, 0x0EFFFF, b"\x00", True),
        (0x02, 0x0F0000, b"\x00", False),
        (0x02, 0x0FFFFF, b"\x00", False),
        (0x20, 0x0EF000, b"", True),
        (0x20, 0x0F0000, b"", False),
        (0x52, 0x0F8000, b"", False),
        (0xD8, 0x0E0000, b"", True),
        (0xD8, 0x0F0000, b"", False),
        (0xC7, None, b"", False),
        (0x60, None, b"", False),
    ],
)
def test_protected_block_is_left_alone(opcode: int, address: int | None, sent: bytes, accepted: bool) -> None:
    bench = Bench(fill=0x55)
    bench.chip.status = 0x04  # the uppermost 64 KiB
    assert bench.enabled(opcode, address, sent) is accepted
    assert bench.cells[0xF0000:] == b"\x55" * 0x10000
    assert bool(bench.chip.status & WEL) is not accepted


@pytest.mark.spec("FLASH-19")
def test_erase_that_touches_a_protected_sector_is_refused_whole() -> None:
    bench = Bench(fill=0x55)
    bench.chip.status = 0x44  # SEC: the uppermost sector
    assert not bench.enabled(0x52, 0xF8000)
    assert not bench.enabled(0xD8, 0xF0000)
    assert bench.enabled(0x20, 0xFE000)
    assert bench.cells.count(0x55) == W25Q80.size - 0x1000


def test_protection_lifted_is_lifted_at_once(bench: Bench) -> None:
    bench.enabled(0x01, None, bytes([PROTECT_ALL]))
    assert not bench.enabled(0x02, 0, b"\x00")
    bench.enabled(0x01, None, b"\x00")
    assert bench.enabled(0x02, 0, b"\x00")


# Power-down and reset


@pytest.mark.spec("FLASH-20", "FLASH-5")
def test_sleeping_chip_hears_only_its_release(bench: Bench) -> None:
    bench.do(0xB9)
    assert bench.do(0x9F, read=3) == b"\x00\x00\x00"
    assert bench.do(0x05, read=1) == b"\x00"
    assert not bench.enabled(0x02, 0, b"\x00")
    assert bench.do(0xAB, read=1) == b"\x13"
    assert bench.do(0x9F, read=3) == b"\xef\x40\x14"
    assert not bench.chip.status & WEL
    assert bench.seen == [
        Operation(0xB9, None, b"", accepted=True),
        Operation(0x02, 0, b"\x00", accepted=False),
        Operation(0xAB, None, b"", accepted=True),
    ]


@pytest.mark.spec("FLASH-21")
def test_reset_undoes_what_was_volatile() -> None:
    bench = Bench(W25Q32)
    bench.do(0x50)
    bench.do(0x01, None, bytes([PROTECT_ALL]))
    bench.do(0x06)
    bench.do(0x66)
    bench.do(0x99)
    assert bench.seen[-1] == Operation(0x99, None, b"", accepted=True)
    assert bench.chip.status == 0
    assert bench.enabled(0x20, 0)


@pytest.mark.spec("FLASH-21")
def test_reset_follows_its_enable_at_once() -> None:
    bench = Bench(W25Q32)
    bench.do(0x06)
    bench.do(0x66)
    bench.do(0x05, read=1)
    bench.do(0x99)
    assert not bench.seen[-1].accepted
    assert bench.chip.status == WEL


@pytest.mark.spec("FLASH-21")
def test_chip_without_reset_does_not_know_it(bench: Bench) -> None:
    bench.do(0x66)
    bench.do(0x99)
    assert [operation.accepted for operation in bench.seen] == [False, False]


@pytest.mark.spec("FLASH-10")
def test_a_page_can_be_erased_where_the_chip_knows_how() -> None:
    bench = Bench(P25Q80H, fill=0x00)
    assert bench.enabled(0x81, 0x1234)
    assert bytes(bench.cells[0x1100:0x1400]) == bytes(0x100) + b"\xff" * 0x100 + bytes(0x100)
    assert bench.chip.busy_until == 8 * MS


@pytest.mark.spec("FLASH-23")
@pytest.mark.parametrize(
    ("old", "sent", "found"),
    [
        # words as igrr wrote and read them on an ESP-01, esp8266/Arduino#4061
        ("fffffffe", "fffffffd", "fffffffd"),
        ("ffffff7f", "fffffeff", "fffffeff"),
        ("aa", "55", "55"),  # esp8266/Arduino#7514
        ("00", "ff", "ff"),
    ],
)
def test_a_second_program_stores_on_a_puya_chip(old: str, sent: str, found: str) -> None:
    bench = Bench(replace(P25Q80H, times=INSTANT))
    assert bench.enabled(0x02, 0x90000, bytes.fromhex(old))
    assert bench.enabled(0x02, 0x90000, bytes.fromhex(sent))
    assert bench.do(0x03, 0x90000, read=len(found) // 2).hex() == found
    assert bench.do(0x03, 0x90000 + len(found) // 2, read=4) == b"\xff" * 4


@pytest.mark.spec("FLASH-7", "FLASH-23")
@pytest.mark.parametrize("model", [W25Q80, P25Q80H], ids=lambda model: model.name)
def test_a_page_programmed_in_two_padded_halves_survives_on_ordinary_chips_only(model: ChipModel) -> None:
    bench = Bench(replace(model, times=INSTANT))
    page = bytes(range(256))
    bench.enabled(0x02, 0x100, page[:128] + b"\xff" * 128)
    bench.enabled(0x02, 0x100, b"\xff" * 128 + page[128:])
    assert (bench.do(0x03, 0x100, read=256) == page) is (model is W25Q80)


@pytest.mark.spec("FLASH-16")
def test_a_chip_that_does_not_know_0x50_takes_no_volatile_status() -> None:
    bench = Bench(MD25D80)
    bench.do(0x50)
    bench.do(0x01, None, b"\x1c")
    assert bench.chip.status == 0


def test_a_chip_may_have_a_unique_id_of_its_own() -> None:
    assert FlashChip(W25Q80, unique_id=b"12345678").transfer(0x4B, None, b"", 9) == b"123456781"


def test_every_chip_of_the_list_can_be_made() -> None:
    for model in CHIPS.values():
        assert len(FlashChip(model).array) == model.size

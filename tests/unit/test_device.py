# SPDX-License-Identifier: Apache-2.0
"""The public face, on virtual boards."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

import esprom
from esp8266sim.board import Board, Wiring
from esp8266sim.chips import GD25Q32, W25Q32, W25Q80
from esp8266sim.clock import MS
from esp8266sim.flashchip import Operation
from esp8266sim.line import Burst
from esp8266sim.profiles import PROFILES
from esp8266sim.trace import Kind
from esprom.device import Device
from esprom.errors import (
    Cancelled,
    FlashProtected,
    NoResponse,
    PortError,
    ProtocolError,
    Refused,
    VerifyFailed,
)
from esprom.loader import spi
from esprom.loader.gather import RETRIES
from esprom.port.serial_port import SerialPort
from esprom.protocol.packets import Command
from tests.ports import HurtPort, PacketBuffer, board, on_board, requests

SIZE = W25Q80.size
PATTERN = random.Random(3).randbytes(0x20000)
ERASES = {0x20: 0x1000, 0x52: 0x8000, 0xD8: 0x10000, 0xC7: SIZE}


@pytest.fixture
def under_test() -> Iterator[Board]:
    made = board(content=PATTERN)
    yield made
    assert not made.trace.of(Kind.UNMODELLED)


@pytest.fixture
def device(under_test: Board) -> Device:
    return esprom.connect(on_board(under_test, latency_ms=0), after="no-reset")


def test_connects_by_url_and_closes() -> None:
    with esprom.connect("sim://esp12") as device:
        assert device.port_name == "sim://esp12"
        assert (device.baud, device.loader) == (115200, "rom")
        assert device.chip.name == "ESP8266EX"
        assert device.flash().part == "W25Q32"
    device.close()


def test_options_are_checked_before_the_port_is_touched() -> None:
    with pytest.raises(ValueError, match="before is one of default-reset"):
        esprom.connect("/dev/none", before="usb-reset")
    with pytest.raises(ValueError, match="after is one of hard-reset"):
        esprom.connect("/dev/none", after="watchdog-reset")
    for baud in ("fast", 1.5, 0, -9600):
        with pytest.raises(ValueError, match="baud is a positive whole number or 'auto'"):
            esprom.connect("/dev/none", baud=baud)  # type: ignore[arg-type]
    with pytest.raises(PortError):
        esprom.connect("/dev/there-is-none")


class Tap:
    """Hears the chip's own words, at the rate at which it says them, beside the USB bridge."""

    def __init__(self, board: Board) -> None:
        self.heard = b""
        self._bridge = board.bridge
        board.attach(self)

    def receive(self, burst: Burst) -> None:
        self.heard += burst.data
        self._bridge.receive(burst)

    def cut(self, now: int) -> None:
        self._bridge.cut(now)


def heard_after(under_test: Board, leave: Callable[[Device], object]) -> bytes:
    """Return what the board says in `leave` and after it."""
    port = on_board(under_test)
    device = esprom.connect(port)
    tap = Tap(under_test)
    leave(device)
    port.clock.sleep(2.0)
    return tap.heard


def test_closing_resets_into_the_firmware() -> None:
    assert b"rst cause:2, boot mode:(3," in heard_after(board(), lambda device: device.close())


def test_reset_does_so_at_once_and_only_once() -> None:
    def reset_and_close(device: Device) -> None:
        device.reset()
        device.close()

    heard = heard_after(board(), reset_and_close)
    assert heard.count(b"boot mode") == 1


def test_run_boots_without_a_reset_and_keeps_the_status_register() -> None:
    under_test = board()
    under_test.flash.status = 0x0200 | 0x1C
    heard = heard_after(under_test, lambda device: device.run())
    assert b"boot mode" not in heard
    assert b"ets_main.c" in heard  # the flash is blank
    assert under_test.flash.status == 0x021C


def test_a_board_without_reset_line_says_so() -> None:
    port = on_board(Board(PROFILES["esp01"], wiring=Wiring.JUMPER))
    port.has_modem_lines = False
    with esprom.connect(port) as device, pytest.raises(Refused, match="by hand"):
        device.reset()


def test_flash_info(device: Device) -> None:
    info = device.flash()
    assert (info.jedec_id, info.manufacturer, info.part) == (0xEF4014, "Winbond", "W25Q80")
    assert (info.size, info.size_source) == (SIZE, "jedec+sfdp")
    assert info.unique_id == W25Q80.unique_id
    assert device.flash() is info


@pytest.mark.parametrize(
    ("jedec_id", "sfdp", "given", "size", "source"),
    [
        (0xEF4014, W25Q80.sfdp, None, SIZE, "jedec+sfdp"),
        (0xEF4014, b"", None, SIZE, "jedec"),
        (0xEF4016, W25Q80.sfdp, None, SIZE, "sfdp"),
        (0xEF40FE, W25Q80.sfdp, None, SIZE, "sfdp"),
        (0xEF40FE, b"", 0x80000, 0x80000, "user"),
    ],
)
def test_size_and_its_source(jedec_id: int, sfdp: bytes, given: int | None, size: int, source: str) -> None:
    chip = replace(W25Q80, jedec_id=jedec_id, sfdp=sfdp)
    port = on_board(Board(PROFILES["esp01"], chip=chip))
    info = esprom.connect(port, flash_size=given).flash()
    assert (info.size, info.size_source) == (size, source)


def test_a_flash_that_does_not_tell_its_size() -> None:
    chip = replace(W25Q80, jedec_id=0xEF40FE, sfdp=b"")
    device = esprom.connect(on_board(Board(PROFILES["esp01"], chip=chip)))
    with pytest.raises(ProtocolError, match="--chip-size"):
        device.flash()


@pytest.mark.parametrize(
    ("offset", "size"), [(0, 0), (0, 1), (3, 5), (0x7F, 0x82), (0x1000, 0x1000), (SIZE - 1, 1), (SIZE, 0)]
)
def test_read_flash_is_exact(device: Device, under_test: Board, offset: int, size: int) -> None:
    assert device.read_flash(offset, size) == bytes(under_test.flash.array[offset : offset + size])
    proved = device.read_flash_proved(offset, size)
    assert proved.data == bytes(under_test.flash.array[offset : offset + size])
    assert proved.reread_sectors == ()
    assert "descending" in proved.proof


def test_reading_changes_nothing(device: Device, under_test: Board) -> None:
    told: list[Operation] = []
    under_test.flash.observer = told.append
    device.flash()
    device.read_flash(0, 0x100)
    device.close()
    assert told == []


@pytest.mark.parametrize(("offset", "size"), [(0, SIZE + 1), (SIZE, 1), (1 << 30, 1)])
def test_past_the_end_is_refused_with_the_real_size(device: Device, offset: int, size: int) -> None:
    for job in (
        lambda: device.read_flash(offset, size),
        lambda: device.read_flash_proved(offset, size),
        lambda: device.write_flash(offset, bytes(size)),
        lambda: device.verify_flash(offset, bytes(size)),
    ):
        with pytest.raises(Refused, match="the flash has 1MB"):
            job()


def test_a_negative_range_is_a_mistake(device: Device) -> None:
    with pytest.raises(ValueError, match="negative"):
        device.read_flash(-1, 4)


def test_sectors_that_differ_are_read_again(under_test: Board) -> None:
    port = HurtPort(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.hurt_from_here(received={at: 0x10 for at in (500, 2000, 12000)})
    proved = device.read_flash_proved(0xA00, 0xC00)
    assert proved.data == PATTERN[0xA00:0x1600]
    assert proved.reread_sectors
    assert "read again" in proved.proof


class Unsteady(HurtPort):
    """Flips a bit of every hundredth byte or so."""

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        data = bytearray(super().read(timeout_s, at_least))
        if self.spoils and len(data) > 20 and self.random.random() < 0.3:
            data[7] ^= 1  # in the value of the first answer
        return bytes(data)

    spoils = False
    random = random.Random(1)


def test_a_sector_that_never_reads_the_same_fails(under_test: Board) -> None:
    port = Unsteady(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.spoils = True
    with pytest.raises(VerifyFailed, match="reads differently each time") as caught:
        device.read_flash_proved(0x1000, 0x400)
    assert caught.value.address == 0x1000


class Recorder(HurtPort):
    """Keeps the flash addresses that were asked for."""

    def __init__(self, port: SerialPort) -> None:
        super().__init__(port)
        self.addresses: list[int] = []
        self._buffer = PacketBuffer()

    def write(self, data: bytes) -> None:
        for request in self._buffer.requests(data):
            body = request.body
            if request.command is Command.WRITE_REG and body[:4] == spi.ADDR.to_bytes(4, "little"):
                self.addresses.append(int.from_bytes(body[4:8], "little") >> 8)
        super().write(data)


def test_the_second_reading_goes_downwards(under_test: Board) -> None:
    port = Recorder(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.addresses.clear()
    device.read_flash_proved(0x20, 0x180)
    upwards = list(range(0x20, 0x1A0, 0x40))
    assert port.addresses == upwards + upwards[::-1]


@pytest.mark.parametrize("after_ms", [1, 2.5, 7, 40, 111])
def test_a_restart_in_mid_reading_costs_time_only(after_ms: float) -> None:
    """A weak supply: the chip starts anew, into its loader, while requests are on their way to it."""
    under_test = Board(PROFILES["esp01"], bytearray(PATTERN.ljust(SIZE, b"\xff")), wiring=Wiring.JUMPER)
    device = esprom.connect(on_board(under_test, latency_ms=0))
    device.flash()
    under_test.clock.at(under_test.clock.now + round(after_ms * MS), under_test.press_reset)
    assert device.read_flash(0, 0x400) == PATTERN[:0x400]


def test_a_restart_between_two_readings_costs_time_only() -> None:
    """The chip comes back into its loader, where all registers and the pins are as after power-on."""
    under_test = Board(PROFILES["esp01"], bytearray(PATTERN.ljust(SIZE, b"\xff")), wiring=Wiring.JUMPER)
    device = esprom.connect(on_board(under_test, latency_ms=0))
    assert device.read_flash(0, 0x100) == PATTERN[:0x100]
    under_test.press_reset()
    assert device.read_flash(0x100, 0x100) == PATTERN[0x100:0x200]
    assert device.read_reg(spi.PINS[0]) & spi.FUNCTION_MASK == spi.FUNCTION_SPI


class LosesAnswers(HurtPort):
    """Loses the answers to those FLASH_DATA whose running numbers are in `lost`."""

    lost: frozenset[int] = frozenset()
    count = 0
    deaf = False

    def write(self, data: bytes) -> None:
        sent = [request.command for request in requests(data)]
        if sent == [Command.FLASH_DATA]:
            self.deaf = self.count in self.lost
            self.count += 1
        elif sent:
            self.deaf = False
        super().write(data)

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        data = super().read(timeout_s, at_least)
        return b"" if self.deaf else data


@pytest.mark.parametrize(
    "lost",
    [
        {0},
        {0, 1, 2, 3, 4},
        *(pytest.param(lost, marks=pytest.mark.soak) for lost in ({1}, {3}, {1, 3, 5, 7, 9, 11, 13})),
    ],
    ids=str,
)
def test_a_write_goes_on_after_lost_answers_and_programs_nothing_twice(
    under_test: Board, lost: set[int]
) -> None:
    port = LosesAnswers(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.lost = frozenset(lost)
    programmed: set[int] = set()

    def watch(told: Operation) -> None:
        address = told.address or 0
        if told.opcode in ERASES:
            size = ERASES[told.opcode]
            programmed.difference_update(range(address, address + size))
        elif told.opcode == 0x02:
            cells = range(address, address + len(told.sent))
            assert programmed.isdisjoint(cells), f"0x{address:x} is programmed twice"
            programmed.update(cells)

    under_test.flash.observer = watch
    device.write_flash(0x8000, PATTERN[:0xA000])
    assert bytes(under_test.flash.array[:0x20000]) == PATTERN[:0x8000] + PATTERN[:0xA000] + PATTERN[0x12000:]
    assert port.count > max(lost)


def test_a_write_gives_up_when_no_block_is_answered(under_test: Board) -> None:
    port = LosesAnswers(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.lost = frozenset(range(100))
    with pytest.raises(NoResponse, match="FLASH_DATA"):
        device.write_flash(0x8000, PATTERN[:0x1000])
    assert port.count == RETRIES + 1


LARGE_CONTENT = random.Random(6).randbytes(0x1000000)
WRITES = [
    ("inside a sector", 0x1234, 0x100),
    ("over a border", 0x1FFF, 2),
    ("one sector", 0x3000, 0x1000),
    ("unaligned over three", 0x3801, 0x2003),
    ("no multiple of 4 at the end", SIZE - 3, 3),
    ("nothing", 0x1234, 0),
]


@pytest.mark.parametrize(("offset", "size"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
def test_write_is_exact(device: Device, under_test: Board, offset: int, size: int) -> None:
    before = bytes(under_test.flash.array)
    data = random.Random(size).randbytes(size)
    device.write_flash(offset, data)
    assert bytes(under_test.flash.array) == before[:offset] + data + before[offset + size :]


def test_write_erases_exactly_and_skips_blank_sectors(device: Device, under_test: Board) -> None:
    data = PATTERN[:0x1000] + b"\xff" * 0x2000 + PATTERN[:0x1000]
    told: list[Operation] = []
    device.flash()
    under_test.flash.observer = told.append
    device.write_flash(0x8000, data)
    erased = sorted(o.address or 0 for o in told if o.opcode in ERASES)
    programmed = {(o.address or 0) >> 12 for o in told if o.opcode == 0x02}
    assert erased == [0x8000, 0x9000, 0xA000, 0xB000]
    assert programmed == {0x8, 0xB}


def test_writing_what_is_there_leaves_a_partly_covered_sector_alone(
    device: Device, under_test: Board
) -> None:
    told: list[Operation] = []
    device.flash()
    under_test.flash.observer = told.append
    device.write_flash(0x1010, PATTERN[0x1010:0x1020])
    assert told == []


def test_progress_tells_every_stage(device: Device) -> None:
    seen: list[esprom.Progress] = []
    device.write_flash(0x4000, PATTERN[:0x2000], progress=seen.append)
    assert list(dict.fromkeys(progress.stage for progress in seen)) == ["write", "verify"]
    assert all(0 <= progress.done <= progress.total == 0x2000 for progress in seen)
    last = seen[-1]
    assert last.done == last.total
    assert last.rate is not None
    assert last.remaining_s == 0


def test_cancel_stops_reading_and_the_device_goes_on(device: Device) -> None:
    calls = iter(range(100))
    with pytest.raises(Cancelled, match="stopped in stage 'read'"):
        device.read_flash(0, 0x4000, cancel=lambda: next(calls) >= 3)
    assert device.read_flash(0, 0x40) == PATTERN[:0x40]


def test_a_cancelled_write_keeps_its_neighbours(device: Device, under_test: Board) -> None:
    before = bytes(under_test.flash.array)
    calls = iter(range(100))
    with pytest.raises(Cancelled):
        device.write_flash(0x3800, bytes(0x4000), cancel=lambda: next(calls) >= 1)
    after = bytes(under_test.flash.array)
    assert after[:0x3800] == before[:0x3800]
    assert after[0x7800:] == before[0x7800:]


@pytest.mark.parametrize(
    ("offset", "size", "units"),
    [
        (0x1000, 0x1000, [0x20]),
        (0x8000, 0x8000, [0x52]),
        (0xF000, 0x22000, [0x20, 0xD8, 0xD8, 0x20]),
        (0x7000, 0xA000, [0x20, 0x52, 0x20]),
        (0, SIZE, [0xC7]),
        (0x2000, 0, []),
    ],
)
def test_erase_is_exact_and_uses_the_largest_unit(
    device: Device, under_test: Board, offset: int, size: int, units: list[int]
) -> None:
    told: list[Operation] = []
    device.flash()
    under_test.flash.observer = told.append
    before = bytes(under_test.flash.array)
    device.erase_region(offset, size)
    assert bytes(under_test.flash.array) == before[:offset] + b"\xff" * size + before[offset + size :]
    assert [operation.opcode for operation in told] == units


def test_erase_flash_is_the_chip_erase(device: Device, under_test: Board) -> None:
    device.erase_flash()
    assert set(under_test.flash.array) == {0xFF}


def test_erase_names_the_aligned_command(device: Device) -> None:
    with pytest.raises(ValueError, match="erase-region 0x1000 0x2000"):
        device.erase_region(0x1800, 0x1000)


@pytest.mark.parametrize("chip", [W25Q80, W25Q32, GD25Q32], ids=lambda chip: str(chip.name))
@pytest.mark.parametrize("status", [0x04, 0x1C, 0x4000])
def test_protection_is_respected_and_lifted_when_told(chip: object, status: int) -> None:
    under_test = Board(PROFILES["esp01"], chip=chip)  # type: ignore[arg-type]
    under_test.flash.status = status
    if not under_test.flash.status:
        pytest.skip("the chip has no such bit")
    device = esprom.connect(on_board(under_test, latency_ms=0))
    told: list[Operation] = []
    under_test.flash.observer = told.append
    jobs: tuple[Callable[[], None], ...] = (
        lambda: device.write_flash(0, b"abc"),
        device.erase_flash,
        lambda: device.erase_region(0, 4096),
    )
    for job in jobs:
        with pytest.raises(FlashProtected) as caught:
            job()
        assert caught.value.status == under_test.flash.status
    assert told == []
    device.write_flash(0, b"abc", unprotect=True)
    assert under_test.flash.array[:3] == b"abc"
    assert under_test.flash.status == 0


def test_the_rom_does_not_clear_quad_enable(device: Device, under_test: Board) -> None:
    under_test.flash.status = 0x0200
    device.write_flash(0x1000, PATTERN[:0x1000])
    assert under_test.flash.status == 0x0200
    under_test.flash.power_cycle()
    assert under_test.flash.status == 0x0200


def test_beyond_what_the_rom_believes(under_test: Board) -> None:
    large = Board(PROFILES["esp12"], chip=replace(W25Q32, jedec_id=0xEF4017, size=0x800000, sfdp=b""))
    device = esprom.connect(on_board(large, latency_ms=0))
    device.write_flash(0x700000, b"far away")
    assert large.flash.array[0x700000:0x700008] == b"far away"
    assert large.flash.array[0x300000:0x300008] == b"\xff" * 8


LARGE_BORDERS = [
    ("over 4 MiB", 0x3FF800, 0x1000),
    ("from 4 MiB on", 0x400000, 0x1000),
    ("over 8 MiB", 0x7FFFF0, 0x20),
    ("the last bytes", 0xFFFFF9, 7),
    ("the last sectors", 0xFFE000, 0x2000),
]


@pytest.fixture
def of_16_mib() -> Board:
    return Board(PROFILES["d1mini-pro"], bytearray(LARGE_CONTENT))


@pytest.mark.parametrize(
    ("offset", "size"), [case[1:] for case in LARGE_BORDERS], ids=[case[0] for case in LARGE_BORDERS]
)
def test_write_is_exact_beyond_what_the_rom_believes(of_16_mib: Board, offset: int, size: int) -> None:
    device = esprom.connect(on_board(of_16_mib, latency_ms=0))
    data = random.Random(size).randbytes(size)
    device.write_flash(offset, data)
    assert bytes(of_16_mib.flash.array) == LARGE_CONTENT[:offset] + data + LARGE_CONTENT[offset + size :]
    device.verify_flash(offset, data)
    assert device.read_flash(offset, size) == data
    of_16_mib.flash.array[offset + size - 1] ^= 1
    with pytest.raises(VerifyFailed) as caught:
        device.verify_flash(offset, data)
    assert caught.value.address == offset + size - 1
    with pytest.raises(Refused):
        device.write_flash(0x1000000 - size, data + b"1")


@pytest.mark.parametrize(("offset", "size"), [(0x3FF000, 0x2000), (0x7F0000, 0x20000), (0xFFF000, 0x1000)])
def test_erase_is_exact_beyond_what_the_rom_believes(of_16_mib: Board, offset: int, size: int) -> None:
    esprom.connect(on_board(of_16_mib, latency_ms=0)).erase_region(offset, size)
    blank = b"\xff" * size
    assert bytes(of_16_mib.flash.array) == LARGE_CONTENT[:offset] + blank + LARGE_CONTENT[offset + size :]


def test_verify_names_the_first_difference(device: Device, under_test: Board) -> None:
    device.verify_flash(0x1234, PATTERN[0x1234:0x1300])
    under_test.flash.array[0x1250] ^= 1
    with pytest.raises(VerifyFailed, match="0x1250") as caught:
        device.verify_flash(0x1234, PATTERN[0x1234:0x1300])
    assert caught.value.address == 0x1250


@pytest.mark.parametrize("chip", [W25Q80, GD25Q32], ids=lambda chip: str(chip.name))
def test_status_registers(chip: object) -> None:
    under_test = Board(PROFILES["esp01"], chip=chip)  # type: ignore[arg-type]
    device = esprom.connect(on_board(under_test, latency_ms=0))
    device.write_flash_status(0x0218, 2, volatile=False)
    assert (device.read_flash_status(), device.read_flash_status(1)) == (0x0218, 0x18)


def test_sfdp(device: Device) -> None:
    assert device.read_sfdp(0, 256) == W25Q80.sfdp.ljust(256, b"\xff")
    assert device.read_sfdp(1, 3) == W25Q80.sfdp[1:4]


@pytest.mark.parametrize(
    ("address", "size"), [(0x3FFE8000, 0), (0x3FFE8001, 2), (0x3FFE8003, 70), (0x3FFE8000, 64)]
)
def test_memory_of_any_alignment(device: Device, address: int, size: int) -> None:
    for index in range(24):
        device.write_reg(0x3FFE8000 + 4 * index, 0x03020100 + 0x04040404 * index)
    first = address - 0x3FFE8000
    assert device.read_memory(address, size) == bytes(range(first, first + size))


@pytest.mark.parametrize(("address", "size"), [(0, 4), (0x1FFFFFFF, 4), (0xFFFFFFFF, 2), (0x3FFE8000, -1)])
def test_memory_that_is_none(device: Device, address: int, size: int) -> None:
    with pytest.raises(ValueError, match="not within"):
        device.read_memory(address, size)


def test_registers(device: Device) -> None:
    device.write_reg(0x3FFE8000, 0x12345678)
    device.write_reg(0x3FFE8000, 0xFFFF, mask=0xFF, delay_us=10)
    assert device.read_reg(0x3FFE8000) == 0x123456FF


def test_load_ram_stores_whole_words(under_test: Board) -> None:
    device = esprom.connect(on_board(under_test, latency_ms=0))
    device.load_ram([(0x3FFE8000, b"12345"), (0x40100000, PATTERN[:0x1901])], 0)  # entry 0: boots the flash
    assert bytes(under_test.soc.bus.dram[:8]) == b"12345\x00\x00\x00"
    assert bytes(under_test.soc.bus.iram[:0x1904]) == PATTERN[:0x1901] + bytes(3)


@pytest.mark.parametrize(
    ("latency_ms", "reason"),
    [(0, "the line at 115200 baud"), (1, "the line at 115200 baud"), (16, "16 ms latency timer")],
)
def test_the_estimate_is_near_the_truth_and_gives_the_reason(
    under_test: Board, latency_ms: float, reason: str
) -> None:
    port = on_board(under_test, latency_ms)
    device = esprom.connect(port)
    device.flash()
    estimate = device.estimate_read(0x4000)
    began = port.clock.now()
    device.read_flash(0, 0x4000)
    assert estimate.seconds == pytest.approx(port.clock.now() - began, rel=0.05)
    assert reason in estimate.reason
    assert 2500 < estimate.bytes_per_s < 3500


class Unplugged(HurtPort):
    gone = False

    def write(self, data: bytes) -> None:
        if self.gone:
            raise PortError("gone", port=self.name)
        super().write(data)


def test_an_unplugged_adapter_is_an_error_of_ours(under_test: Board) -> None:
    port = Unplugged(on_board(under_test))
    device = esprom.connect(port)
    port.gone = True
    for job in (device.flash, lambda: device.read_reg(0x60000000), lambda: device.write_reg(0x60000000, 1)):
        with pytest.raises(PortError):
            job()
    device.close()

# SPDX-License-Identifier: Apache-2.0
"""Reading a flash through a line, and from a chip, that are not to be trusted; on virtual boards."""

import logging
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.chips import W25Q80
from esp8266sim.flashchip import POWER_DOWN, Operation
from esp8266sim.profiles import PROFILES
from esprom.device import Device
from esprom.errors import ProtocolError, VerifyFailed
from esprom.loader import spi
from esprom.protocol import slip
from esprom.protocol.packets import Command
from tests.ports import HurtPort, PacketBuffer, board, on_board

PATTERN = random.Random(12).randbytes(0x12000)
STRETCH = 0x10000
READ_REG_SIZE = 12  # bytes of a whole request, unescaped


class Meddled(HurtPort):
    """Counts the pieces that are asked for, and lets somebody meddle with the board meanwhile."""

    def __init__(self, under_test: Board) -> None:
        super().__init__(on_board(under_test, latency_ms=0))
        self.pieces = 0
        self.meddle: Callable[[int], None] = lambda pieces: None
        self._buffer = PacketBuffer()

    def write(self, data: bytes) -> None:
        for request in self._buffer.requests(data):
            if request.command is Command.WRITE_REG and request.body[:4] == spi.ADDR.to_bytes(4, "little"):
                self.pieces += 1
                self.meddle(self.pieces)
        super().write(data)


class Meddler:
    """A device whose flash goes to sleep when certain pieces are asked for; counted from 1."""

    def __init__(self, at: set[int], content: bytes = PATTERN) -> None:
        self.board = board(content=content)
        self.port = Meddled(self.board)
        self.device = esprom.connect(self.port, after="no-reset")
        self.device.flash()
        self.port.pieces = 0
        self.port.meddle = lambda pieces: self.sleep() if pieces in at or -1 in at else None

    def sleep(self) -> None:
        self.board.flash.transfer(POWER_DOWN, None, b"", 0)


@pytest.mark.parametrize("at", [{3}, {8}, {9}, {16}, {2, 6, 14}, {17}], ids=str)
def test_a_flash_that_goes_to_sleep_is_woken_and_read_again(at: set[int]) -> None:
    """Asleep it reads as zeros or ones, and so does it the second time."""
    found = Meddler(at).device.read_flash_proved(0x100, 0x200)
    assert found.data == PATTERN[0x100:0x300]


def test_a_flash_that_goes_to_sleep_in_a_single_reading() -> None:
    meddler = Meddler({5})
    seen: list[esprom.Progress] = []
    assert meddler.device.read_flash(0x100, 0x800, progress=seen.append) == PATTERN[0x100:0x900]
    assert max(progress.done for progress in seen) == 0x800
    assert seen[-1].done == 0x800


@pytest.mark.soak
def test_only_the_stretch_in_which_it_went_is_read_again() -> None:
    meddler = Meddler({STRETCH // spi.BUFFER + 8})
    assert meddler.device.read_flash(0, STRETCH + 0x400) == PATTERN[: STRETCH + 0x400]
    assert meddler.port.pieces == (STRETCH + 2 * 0x400) // spi.BUFFER


def test_a_flash_that_sleeps_while_a_sector_is_read_again() -> None:
    meddler = Meddler({18})
    meddler.port.hurt_from_here(received={3 * 17 * 12: 0x10})  # one word of the first reading
    found = meddler.device.read_flash_proved(0, 0x200)
    assert found.data == PATTERN[:0x200]


def test_a_flash_that_goes_away_each_time_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="goes away while it is read"):
        Meddler({-1}).device.read_flash_proved(0, 0x200)


def test_what_a_sleeping_flash_gives_is_not_verified() -> None:
    under_test = board(content=PATTERN)
    under_test.flash.transfer(POWER_DOWN, None, b"", 0)
    asleep = under_test.flash.transfer(0x03, 0, b"", 0x200)
    with pytest.raises(VerifyFailed):
        Meddler({1}).device.verify_flash(0, asleep)


@pytest.mark.parametrize("lost", [400, 500, 700])
def test_an_answer_about_the_id_may_get_lost(lost: int) -> None:
    meddler = Meddler(set())
    size = 0x80
    plan: dict[int, int | None] = {lost: None}
    meddler.port.hurt_from_here(received=plan)
    assert meddler.device.read_flash(0, size) == PATTERN[:size]


@pytest.mark.parametrize(
    ("content", "size", "warned"), [(b"", 0x2000, True), (b"", 0x1000, False), (b"a", 0x2000, False)]
)
def test_a_flash_without_content_is_mentioned(
    caplog: pytest.LogCaptureFixture, content: bytes, size: int, warned: bool
) -> None:
    device = esprom.connect(on_board(board(content=content), latency_ms=0))
    with caplog.at_level(logging.WARNING, "esprom"):
        device.read_flash_proved(0, size)
    assert ("all that was read is 0xff" in caplog.text) == warned


class Frames(HurtPort):
    """Keeps the address of each READ_REG, and the size of its frame as sent."""

    def __init__(self, under_test: Board) -> None:
        super().__init__(on_board(under_test, latency_ms=0))
        self.reads: list[tuple[int, int]] = []
        self._buffer = PacketBuffer()

    def write(self, data: bytes) -> None:
        frames = slip.Decoder().feed(data)
        for frame, request in zip(frames, self._buffer.requests(data), strict=True):
            if request.command is Command.READ_REG:
                self.reads.append((int.from_bytes(request.body[:4], "little"), len(frame)))
        super().write(data)


WORDS = list(range(spi.W0, spi.W0 + spi.BUFFER, spi.WORD))


@pytest.mark.spec("PROTO-8")
def test_the_two_readings_of_a_proof_differ_in_form_and_order() -> None:
    port = Frames(board(content=PATTERN))
    device = esprom.connect(port)
    device.flash()
    port.reads.clear()
    device.read_flash_proved(0, 0x80)
    addresses, sizes = zip(*(read for read in port.reads if read[0] >= spi.W0), strict=True)
    first, look, second = slice(0, 32), slice(32, 33), slice(33, 65)
    assert addresses[first] == (*WORDS, *WORDS)
    assert addresses[look] == (spi.W0,)  # the id
    assert addresses[second] == (*WORDS[::-1], *WORDS[::-1])
    assert min(sizes[first]) < READ_REG_SIZE
    assert set(sizes[second]) == {READ_REG_SIZE}


JOBS: list[Callable[[Device], object]] = [
    lambda device: device.read_flash(0, 0x100),
    lambda device: device.verify_flash(0, PATTERN[:0x100]),
    lambda device: device.read_memory(0x3FFE8000, 0x100),
    lambda device: device.estimate_read(0x100),
]


@pytest.mark.spec("PROTO-8")
@pytest.mark.parametrize("job", JOBS, ids=["read", "verify", "memory", "estimate"])
def test_a_single_reading_is_made_of_whole_requests(job: Callable[[Device], object]) -> None:
    port = Frames(board(content=PATTERN))
    device = esprom.connect(port)
    device.flash()
    port.reads.clear()
    job(device)
    assert {size for _, size in port.reads} == {READ_REG_SIZE}


@pytest.mark.parametrize("at", range(0, 900, 60))
def test_noise_is_not_taken_for_a_wrong_flash(at: int) -> None:
    port = HurtPort(on_board(board(content=PATTERN), latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.hurt_from_here(received={300 + at: 0x04})
    device.verify_flash(0, PATTERN[:0x100])


@pytest.mark.parametrize("at", [0, 0x8F, 0xFFF, 0x1000, 0x11FF])
def test_a_wrong_flash_is_told_from_noise(at: int) -> None:
    under_test = board(content=PATTERN)
    port = HurtPort(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    under_test.flash.array[0x100 + at] ^= 0x80
    port.hurt_from_here(received={400: 0x04})
    with pytest.raises(VerifyFailed, match=f"0x{0x100 + at:x}: 0x") as caught:
        device.verify_flash(0x100, PATTERN[0x100:0x1300])
    assert caught.value.address == 0x100 + at


def with_density(size: int) -> bytes:
    """Return the W25Q80's table with another size in it."""
    said = (W25Q80.size * 8 - 1).to_bytes(4, "little")
    assert W25Q80.sfdp.count(said) == 1
    return W25Q80.sfdp.replace(said, (size * 8 - 1).to_bytes(4, "little"))


@pytest.mark.parametrize("size", [0x180000, 0x100001, 0x8000, 0x2000000])
def test_a_size_that_no_flash_has_does_not_win(size: int) -> None:
    device = esprom.connect(on_board(Board(PROFILES["esp01"], chip=replace(W25Q80, sfdp=with_density(size)))))
    info = device.flash()
    assert (info.size, info.size_source) == (W25Q80.size, "jedec")


def test_a_size_that_a_flash_may_have_does() -> None:
    device = esprom.connect(
        on_board(Board(PROFILES["esp01"], chip=replace(W25Q80, sfdp=with_density(0x80000))))
    )
    assert device.flash().size_source == "sfdp"


@pytest.mark.parametrize("answer", range(60))
def test_one_flipped_bit_does_not_change_what_the_flash_is(answer: int) -> None:
    port = HurtPort(on_board(board(), latency_ms=0))
    device = esprom.connect(port)
    port.hurt_from_here(received={12 * answer + 5: 0x01})  # the lowest byte of its value
    try:
        info = device.flash()
    except esprom.errors.EspromError:
        return
    assert (info.jedec_id, info.size) == (W25Q80.jedec_id, W25Q80.size)
    assert info.unique_id == W25Q80.unique_id


@pytest.mark.parametrize("latency_ms", [0, 16])
@pytest.mark.parametrize("size", [0x4000, pytest.param(0x11000, marks=pytest.mark.soak)])
def test_what_is_announced_is_never_too_short(latency_ms: float, size: int) -> None:
    port = on_board(board(content=PATTERN), latency_ms)
    device = esprom.connect(port)
    device.flash()
    estimate = device.estimate_read(size)
    began = port.clock.now()
    device.read_flash(0, size)
    assert 0.95 * estimate.seconds < port.clock.now() - began <= estimate.seconds


def test_reading_a_flash_that_went_away_changes_nothing() -> None:
    meddler = Meddler({3})
    told: list[Operation] = []
    meddler.board.flash.status = 0x021C
    meddler.device.read_flash_proved(0, 0x200)
    meddler.board.flash.observer = told.append
    assert meddler.board.flash.status == 0x021C


def test_warnings_are_not_printed_by_python() -> None:
    program = "import esprom.device, logging; logging.getLogger('esprom.operations').warning('heard')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""

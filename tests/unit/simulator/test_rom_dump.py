# SPDX-License-Identifier: Apache-2.0
"""A dump of a boot ROM is executed from the reset vector on, and nothing of the ROM is modelled.

The dump is of a ROM of our own (tests/own_rom). Of the golden vectors it answers those that ask for the
protocol; it has not the mask ROM's data, nor its functions for programs, nor its way to boot a flash.
"""

from pathlib import Path

import pytest

import esprom
from esp8266sim import PROFILES, Board, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.clock import MS, SECOND
from esp8266sim.line import Burst
from esp8266sim.serve.sim import open_board
from esp8266sim.trace import Kind
from tests import own_rom
from tests.bench import BAUD, MAGIC, SYNC, SYNC_ANSWER, read_reg
from tests.ports import on_board
from tests.vectors.runner import DEFAULT_VECTORS, Run, Tap, Vector, load

QUIET = 20 * MS  # after a chunk: longer than any answer takes
GROUPS = ("sync", "read", "write", "mem", "unknown", "error", "slip")
NOT_OURS = {
    "its data in RAM": {"read/flashchip", "read/romdata", "read/rx-buffer", "write/response-buffer"},
    "its other code": {"read/rom"},
    "its functions for programs": {
        *("mem/end-run", "mem/end-run-returns", "mem/end-flag-0x100", "mem/end-short-payload-entry"),
        *("mem/end-bad-code", "mem/end-entry-dram"),
    },
    "booting a flash": {"mem/end-entry-0"},
    "memcpy by bytes": {"mem/odd-length-iram", "mem/odd-length-dram"},
    "an answer to what runs over its buffer": {"slip/very-long-frame"},
}
VECTORS = [
    vector
    for vector in load(DEFAULT_VECTORS[0])
    if vector.name.split("/")[0] in GROUPS and not any(vector.name in names for names in NOT_OURS.values())
]


class Patient(Run):
    """Waits for a while where the model can be waited for: this ROM's timer never rests."""

    def _settle(self) -> None:
        self.board.clock.advance(self.board.clock.now + QUIET)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=() if at % 3 == 0 else pytest.mark.soak)
        for at, case in enumerate(VECTORS)
    ],
)
def test_golden_case(case: Vector) -> None:
    run = Patient(case, rom=own_rom.built())
    run.run()
    assert run.received == list(case.received)
    assert run.board.trace.of(Kind.UNMODELLED) == []


def test_most_vectors_of_these_groups_are_run() -> None:
    assert len(VECTORS) > 75


class Rig:
    """A board with the dump, in download mode, and what it says."""

    def __init__(self, boot_mode: int = 1) -> None:
        self.board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER, rom=own_rom.built())
        self.tap = Tap()
        self.board.attach(self.tap)
        self.board.reset(2, boot_mode=boot_mode)

    def run(self, time: int = QUIET) -> bytes:
        self.board.clock.advance(self.board.clock.now + time)
        return self.tap.take()

    def send(self, data: bytes) -> bytes:
        self.board.receive(Burst(self.board.clock.now, round(SECOND / BAUD), data))
        return self.run()


def test_from_reset_to_the_first_answer() -> None:
    rig = Rig()
    assert rig.run() == b"\r\nown rom, cause 2, mode 1\r\n"
    assert rig.board.cpu_state is CpuState.RUNNING
    assert rig.send(SYNC) == b""  # its autobaud loses what it measures
    assert rig.board.soc.uart.divisor == 451
    assert rig.send(SYNC) == 8 * SYNC_ANSWER
    assert rig.board.trace.of(Kind.UNMODELLED) == []


def test_it_sleeps_between_bytes_and_its_timer_goes_on() -> None:
    rig = Rig()
    rig.run()
    rig.send(SYNC)
    rig.send(SYNC)
    assert rig.board.cpu_state is CpuState.IDLE
    before, cycle = rig.board.clock.now, rig.board.soc.cpu.ccount
    rig.run(SECOND)
    assert rig.board.clock.now - before == pytest.approx(SECOND, rel=1e-6)
    assert rig.board.soc.cpu.ccount - cycle == pytest.approx(52_000_000, rel=1e-3)


@pytest.mark.parametrize(("address", "cause"), [(2, 9), (0, 28)])
def test_what_it_dies_of_ends_in_its_debug_vector(address: int, cause: int) -> None:
    rig = Rig()
    rig.run()
    rig.send(SYNC)
    assert rig.send(read_reg(address)) == b""
    assert [event.cause for event in rig.board.trace.of(Kind.EXCEPTION)] == [cause]
    assert rig.board.cpu_state is CpuState.DEAD
    assert rig.send(MAGIC) == b""


@pytest.mark.soak
def test_our_client_reads_writes_and_verifies_through_it() -> None:
    board = Board(PROFILES["esp01"], rom=own_rom.built())
    device = esprom.connect(on_board(board, latency_ms=0))
    assert device.chip.mac == "5c:cf:7f:12:34:56"
    assert device.flash().jedec_id == PROFILES["esp01"].flash.jedec_id
    data = bytes((7 * at + at // 251) & 0xFF for at in range(3000))
    device.write_flash(0x10000, data)
    device.verify_flash(0x10000, data)
    assert bytes(board.flash.array[0x10000 : 0x10000 + len(data)]) == data


def test_a_board_is_made_with_a_dump_by_its_url(tmp_path: Path) -> None:
    file = tmp_path / "rom.bin"
    file.write_bytes(own_rom.built())
    board, _ = open_board(f"sim://esp01?rom={file}")
    board.clock.advance(QUIET)
    assert board.cpu_state is not CpuState.BOOTING
    file.write_bytes(bytes(100))
    with pytest.raises(ValueError, match="the mask ROM has 65536 bytes, the dump 100"):
        open_board(f"sim://esp01?rom={file}")

# SPDX-License-Identifier: Apache-2.0
"""A board in memory, and `run`, which types a command line at it."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import pytest

import esprom
from esprom.backup import backup, plan_restore, restore
from esprom.cli.esptool_lines import AFTER, RESET, preamble
from esprom.cli.main import main
from esprom.errors import Cancelled, EspromError, FlashProtected, VerifyFailed
from esprom.progress import Watch
from esprom.writing import write_parts

ERASED = 0xFF
SECTOR = 0x1000


JOB_S = 2.0  # that every job of the board takes, by its clock


class BoardClock:
    """Time that passes where a job is done, and nowhere else."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class FakeDevice:
    """As much of `esprom.Device` as the command line uses, without a wire."""

    cells: bytearray = field(default_factory=lambda: bytearray(range(256)) * 0x1000)
    words: dict[int, int] = field(default_factory=dict)
    status: int = 0
    registers: int = 2
    protected: bool = False
    fails: BaseException | None = None
    half_way: Callable[[], None] = lambda: None  # called in the middle of every job
    log: list[tuple[Any, ...]] = field(default_factory=list)
    baud: int = 115200
    loader: str = "rom"
    needs_power_cycle: bool = False
    was_reset: bool = True
    port_name: str = "fake"
    mac: str = "5c:cf:7f:00:12:34"
    clock: BoardClock = field(default_factory=BoardClock)

    @property
    def chip(self) -> esprom.ChipInfo:
        return esprom.ChipInfo("ESP8266EX", self.mac, 0x001234, 26, ("Wi-Fi",), (1, 2, 3, 4))

    def flash(self) -> esprom.FlashInfo:
        return esprom.FlashInfo(0xEF4014, "Winbond", "W25Q80", len(self.cells), "jedec+sfdp", b"\x01\x02")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.log.append(("close",))

    def estimate_read(self, size: int) -> esprom.Estimate:
        return esprom.Estimate(size / 11000, 0.001, 11000, "the line at 115200 baud")

    def read_flash(self, offset: int, size: int, *, progress: Any = None, cancel: Any = None) -> bytes:
        self._work("read", size, progress, cancel)
        return bytes(self.cells[offset : offset + size])

    def read_flash_proved(
        self,
        offset: int,
        size: int,
        *,
        reread: bool = False,
        guess: Any = None,
        keep: Any = None,
        progress: Any = None,
        cancel: Any = None,
    ) -> esprom.ProvedRead:
        data = self.read_flash(offset, size, progress=progress, cancel=cancel)
        return esprom.ProvedRead(data, "reread", "read twice", (0x3000,))

    def write_flash(
        self, offset: int, data: bytes, *, unprotect: bool = False, progress: Any = None, cancel: Any = None
    ) -> None:
        pieces = [esprom.Segment(offset, data)]
        self.write_pieces(pieces, unprotect=unprotect, progress=progress, cancel=cancel)

    def write_pieces(
        self, pieces: Any, *, unprotect: bool = False, progress: Any = None, cancel: Any = None
    ) -> frozenset[int]:
        if self.protected and not unprotect:
            raise FlashProtected("the flash is protected; add --unprotect", status=self.status)
        self._work("write", sum(len(piece.data) for piece in pieces), progress, cancel)
        before = bytes(self.cells)
        for piece in pieces:
            self.cells[piece.address : piece.end] = piece.data
        touched = {
            at for piece in pieces for at in range(piece.address // SECTOR * SECTOR, piece.end, SECTOR)
        }
        return frozenset(
            at
            for at in touched
            if self.loader == "rom" or self.cells[at : at + SECTOR] != before[at : at + SECTOR]
        )

    def write_sectors(
        self, sectors: Any, *, unprotect: bool = False, progress: Any = None, cancel: Any = None
    ) -> None:
        self._work("write", sum(map(len, sectors.values())), progress, cancel)
        for offset, data in sectors.items():
            self.cells[offset : offset + len(data)] = data

    def write_parts(self, parts: Any, *, progress: Any = None, cancel: Any = None, **options: Any) -> Any:
        return write_parts(self, parts, Watch(self.clock, progress, cancel), **options)

    def check_size(self, end: int) -> None:
        self.log.append(("check size", end))

    def check_protection(self) -> None:
        if self.protected:
            raise FlashProtected("the flash is protected; add --unprotect", status=self.status)

    def differing_sectors(
        self, offset: int, data: bytes, *, progress: Any = None, cancel: Any = None
    ) -> dict[int, bytes]:
        self._work("compare", len(data), progress, cancel)
        found = {
            offset + at: bytes(self.cells[offset + at : offset + at + 0x1000])
            for at in range(0, len(data), 0x1000)
        }
        return {
            at: sector for at, sector in found.items() if sector != data[at - offset : at - offset + 0x1000]
        }

    def erase_flash(self, *, unprotect: bool = False, progress: Any = None, cancel: Any = None) -> None:
        self.erase_region(0, len(self.cells), unprotect=unprotect, progress=progress, cancel=cancel)

    def erase_region(
        self, offset: int, size: int, *, unprotect: bool = False, progress: Any = None, cancel: Any = None
    ) -> None:
        self._work("erase", size, progress, cancel)
        self.cells[offset : offset + size] = bytes([ERASED]) * size

    def verify_flash(self, offset: int, data: bytes, *, progress: Any = None, cancel: Any = None) -> None:
        self._work("verify", len(data), progress, cancel)
        for address, byte in enumerate(data, offset):
            if self.cells[address] != byte:
                raise VerifyFailed(f"the flash differs at {address:#x}", address=address)

    def status_registers(self) -> int:
        return self.registers

    def read_flash_status(self, registers: int = 2) -> int:
        return self.status & ((1 << 8 * registers) - 1)

    def write_flash_status(self, value: int, registers: int = 2, *, volatile: bool) -> None:
        self.log.append(("write_flash_status", value, registers, volatile))
        self.status = value

    def read_sfdp(self, offset: int, size: int) -> bytes:
        return b"SFDP"[offset : offset + size]

    def read_reg(self, address: int) -> int:
        return self.words.get(address, 0)

    def write_reg(self, address: int, value: int, mask: int = 0xFFFFFFFF) -> None:
        self.words[address] = (self.read_reg(address) & ~mask) | (value & mask)

    def read_memory(self, address: int, size: int, *, progress: Any = None, cancel: Any = None) -> bytes:
        self._work("read", size, progress, cancel)
        return bytes(at & 0xFF for at in range(address, address + size))

    def load_ram(self, segments: list[tuple[int, bytes]], entry: int) -> None:
        self.log.append(("load_ram", segments, entry))

    def run(self) -> None:
        self.log.append(("run",))

    def backup(
        self,
        path: Any,
        **options: Any,
    ) -> esprom.BackupResult:
        return backup(self, path, **options)

    def plan_restore(self, path: Any, **options: Any) -> esprom.RestorePlan:
        return plan_restore(self, path, **options)

    def restore(self, source: Any, **options: Any) -> esprom.RestoreResult:
        return restore(self, source, **options)

    def _work(self, stage: str, size: int, progress: Any, cancel: Any) -> None:
        self.log.append((stage, size))
        if progress is not None:
            progress(esprom.Progress(stage, 0, size, 0.0))
        if self.fails is not None:
            raise self.fails
        self.half_way()
        self.clock.sleep(JOB_S)
        if cancel is not None and cancel():
            raise Cancelled("stopped")
        if progress is not None:
            progress(esprom.Progress(stage, size, size, JOB_S))


ABOUT_THE_BOARD = [  # the longest first
    "".join(f"{line}\n" for line in preamble(cast(esprom.Device, FakeDevice()), old=old, detected=detected))
    for detected in (True, False)
    for old in (True, False)
]
PARTINGS = [f"{line}\n" for line in (RESET, *AFTER.values())]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> str:
        """What went to stdout, without what is said of the board whatever the command is."""
        found = self.out
        for said in ABOUT_THE_BOARD:
            found = found.removeprefix(said)
        for said in PARTINGS:
            found = found.removesuffix(said)
        return found


Run = Callable[..., Ran]
SitDown = Callable[..., "Terminal"]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    """The board that every port leads to. Its log begins with the arguments of `connect`."""
    fake = FakeDevice()

    def connect(port: str, **options: Any) -> FakeDevice:
        if port == "/dev/nothing":
            raise EspromError("there is no port /dev/nothing")
        fake.log.append(("connect", port, options))
        return fake

    monkeypatch.setattr(esprom, "connect", connect)
    return fake


@pytest.fixture
def run(
    device: FakeDevice, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Run a command line; a --port is put before it unless `port=False`."""
    monkeypatch.chdir(tmp_path)  # where files without a folder appear
    for variable in list(os.environ):
        if variable.startswith(("ESPROM_", "ESPTOOL_")):
            monkeypatch.delenv(variable)
    monkeypatch.setattr(esprom, "ports", lambda: ())  # not those of the computer that runs the tests
    monkeypatch.setattr(esprom, "driverless_adapters", lambda: ())

    def typed(*words: object, port: bool = True) -> Ran:
        before = ["--port", "fake"] if port else []
        with pytest.raises(SystemExit) as exited:
            main([*before, *map(str, words)])
        assert isinstance(exited.value.code, int)
        return Ran(exited.value.code, *capsys.readouterr())

    return typed


class Terminal(io.StringIO):
    """A screen, or a keyboard."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> SitDown:
    """Make stderr a screen, which is returned, and stdin a keyboard on which `typed` is typed.

    Called by the test itself: pytest's own capture takes the streams back between fixtures and test.
    """

    def sit_down(typed: str = "") -> Terminal:
        screen = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        return screen

    return sit_down

# SPDX-License-Identifier: Apache-2.0
"""A board for the tests of backup and restore: a flash in a bytearray, and what is wrong with it today."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from esprom.device import CancelCallback, ChipInfo, FlashInfo, Progress, ProgressCallback, ProvedRead
from esprom.errors import Cancelled, FlashProtected, VerifyFailed
from esprom.flash.geometry import whole_sectors
from esprom.operations import Keep
from esprom.proving import Guess

CHIP = ChipInfo("ESP8266EX", "5c:cf:7f:00:12:34", 0x00001234, 26, ("WiFi",), (0, 0, 0, 0))
HALF_WAY = 0x8000  # bytes after which things happen


@dataclass
class FakeBoard:
    """Meets `esprom.connected.ConnectedBoard`; `log` holds the names of the jobs that were done."""

    content: bytearray
    chip: ChipInfo = CHIP
    baud: int = 115200
    loader: str = "rom"
    half_way: Callable[[], None] = lambda: None  # called in the middle of every job
    reread: tuple[int, ...] = ()
    protected: bool = False
    stuck_at: int | None = None  # an address whose cell cannot be programmed
    log: list[str] = field(default_factory=list)

    def flash(self) -> FlashInfo:
        return FlashInfo(0xEF4014, "Winbond", "W25Q80", len(self.content), "jedec+sfdp", b"\x01\x02")

    def read_flash_proved(
        self,
        offset: int,
        size: int,
        *,
        reread: bool = False,
        guess: Guess | None = None,
        keep: Keep = lambda at, data: None,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> ProvedRead:
        self.log.append("read")
        self._work("read", size, progress, cancel)
        content = bytes(self.content[offset : offset + size])
        return ProvedRead(content, "reread", "two readings are equal", self.reread)

    def write_flash(
        self,
        offset: int,
        data: bytes,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        self.log.append("write unprotected" if unprotect else "write")
        self._work("write", len(data), progress, cancel)
        self.content[offset : offset + len(data)] = data
        if self.stuck_at is not None:
            raise VerifyFailed(f"0x{self.stuck_at:x} differs", address=self.stuck_at)

    def write_sectors(
        self,
        sectors: Mapping[int, bytes],
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        self.log.append("write unprotected" if unprotect else "write")
        self._work("write", sum(map(len, sectors.values())), progress, cancel)
        for address, data in sectors.items():
            self.content[address : address + len(data)] = data

    def verify_flash(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        self.log.append("verify")
        self._work("verify", len(data), progress, cancel)
        if self.stuck_at is not None:
            raise VerifyFailed(f"0x{self.stuck_at:x} differs", address=self.stuck_at)
        assert self.content[offset : offset + len(data)] == data

    def differing_sectors(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> dict[int, bytes]:
        now = bytes(self.content[offset : offset + len(data)])
        return {
            at: have for at, have in whole_sectors(now, offset).items() if have != data[at : at + len(have)]
        }

    def check_protection(self) -> None:
        if self.protected:
            raise FlashProtected("the flash is protected", status=0x1C)

    def _work(
        self, stage: str, size: int, progress: ProgressCallback | None, cancel: CancelCallback | None
    ) -> None:
        self.half_way()
        if cancel is not None and cancel():
            raise Cancelled("stopped")
        if progress is not None:
            progress(Progress(stage, size, size, 1.0))

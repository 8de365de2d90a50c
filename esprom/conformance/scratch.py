# SPDX-License-Identifier: Apache-2.0
"""The stretch of flash that destructive cases change: found or named, saved before, put back after (CONF-4).

What is saved lies in a file too until it is back and was compared, so that nothing is lost if the host dies.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from esprom.device import Device, connect
from esprom.errors import EspromError, Refused, VerifyFailed
from esprom.files import save
from esprom.flash.geometry import BLOCK, SECTOR
from esprom.loader.nor import BLOCK_ERASE, NorFlash
from esprom.loader.rom import RomLoader
from esprom.loader.session import WINDOW, Session
from esprom.port import Port
from esprom.port.forwarding import ForwardingPort

BLANK = b"\xff"
MARK = b"\xa5\x5a\x00\xff"  # its xor is 0, and none of its bytes is kept by programming 5A over it
SECTORS = BLOCK // SECTOR
PIECE = 64  # bytes read at once
WORKING = 0x03  # bits of the status register that say what the chip is doing
EDGE = 8  # bytes at each end of a sector that are looked at


class KeptOpen(ForwardingPort):
    """A port that stays open when a device on it is closed."""

    def close(self) -> None:
        """Leave it open."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """64 KiB of flash, and what they held."""

    offset: int
    content: bytes
    status: int  # of the chip's first status register
    kept: Path | None  # the file that has it; None where there was nothing to keep

    def put_back(self, port: Port, *, loader: str) -> None:
        """Write what was there, and see that it is; then remove the file.

        Raises:
            EspromError: it is not; the file stays, and the message says what brings it back.
        """
        try:
            self._write(port, loader)
        except EspromError as exc:
            exc.add_note(f"the scratch area is not put back: {self.by_hand}")
            raise
        if self.kept is not None:
            self.kept.unlink()

    @property
    def by_hand(self) -> str:
        """What to type to put it back."""
        if self.kept is None:
            return f"it was blank; esprom erase-region 0x{self.offset:x} 0x{BLOCK:x} makes it so"
        return f"esprom write-flash --unprotect 0x{self.offset:x} {self.kept} does that"

    def _write(self, port: Port, loader: str) -> None:
        with _device(port, loader) as device:
            device.write_flash(self.offset, self.content, unprotect=True)
            device.verify_flash(self.offset, self.content)
            if (device.read_flash_status(1) ^ self.status) & ~WORKING:
                device.write_flash_status(self.status & ~WORKING, 1, volatile=False)


def take(port: Port, offset: int | None, folder: Path, *, loader: str) -> Scratch:
    """Read the 64 KiB at `offset`, or find such that are blank, and keep what they hold in `folder`.

    Raises:
        Refused: the offset is no block of this flash, no block is blank, or a run before has not put it back.
        EspromError: it cannot be read, or the file not be written.
    """
    with _device(port, loader) as device:
        size = device.flash().size
        if offset is None:
            offset = _blank_block(device, size)
        if offset % BLOCK or not 0 <= offset <= size - BLOCK:
            raise Refused(f"0x{offset:x} is not where one of the flash's blocks of 64 KiB begins")
        content, status = device.read_flash(offset, BLOCK), device.read_flash_status(1)
    file = folder / f"esprom-scratch-0x{offset:x}.bin"
    area = Scratch(offset, content, status, file)
    if file.exists():  # also where the area is blank now: that run may have erased it
        raise Refused(
            f"{file} is what 0x{offset:x} held before a run that did not end, and has not put it back:"
            f" {area.by_hand}; then remove the file"
        )
    if content == BLANK * BLOCK:
        return replace(area, kept=None)
    save(file, content, overwrite=False)
    return area


def _device(port: Port, loader: str) -> Device:
    return connect(KeptOpen(port), loader=loader, after="no-reset")


def _blank_block(device: Device, flash_size: int) -> int:
    for offset in reversed(range(0, flash_size, BLOCK)):
        sizes = (SECTOR, BLOCK)  # the first tells most of the time
        if all(device.read_flash(offset, size) == BLANK * size for size in sizes):
            return offset
    raise Refused("no 64 KiB of the flash are blank; name some with --scratch, they are saved and put back")


class ScratchFlash:
    """Looks at the scratch area, and prepares it, through the registers of whichever loader runs."""

    def __init__(self, port: Port, offset: int) -> None:
        self._port = port
        self._offset = offset
        self.one_by_one = False  # whether the loader takes no request before it has answered the last

    def mark(self) -> None:
        """Make each sector begin with the mark, and be blank behind it."""
        nor = self._attached()
        status = nor.read_status(1)
        if status & nor.form.protect:  # as the ROM's FLASH_END leaves it
            nor.write_status(status & ~nor.form.protect, 1, volatile=False)
        nor.erase(BLOCK_ERASE, self._offset)
        for sector in range(SECTORS):
            nor.program(self._offset + sector * SECTOR, MARK)
        nor.give_back()
        if self.differing(kept=tuple(range(SECTORS)), blank=()):
            raise VerifyFailed("the scratch area does not take what is programmed", address=self._offset)

    def holds(self, at: int, size: int) -> bytes:
        """Return `size` bytes from `at` on, counted from the beginning of the area."""
        first, end = self._offset + at, self._offset + at + size
        nor = self._attached()
        pieces = (range(at, min(at + PIECE, end)) for at in range(first, end, PIECE))
        found = b"".join(nor.read_piece(piece.start, len(piece)) for piece in pieces)
        nor.give_back()
        return found

    def differing(self, *, kept: tuple[int, ...], blank: tuple[int, ...]) -> list[int]:
        """Return those of `kept` that are not as `mark` makes them, and of `blank` that are not blank."""
        sectors = (*kept, *blank)
        pieces = [edge for sector in sectors for edge in self._edges(sector)]
        nor = self._attached()
        found = [nor.read_piece(piece.start, len(piece)) for piece in pieces]
        nor.give_back()
        wrong = []
        for index, sector in enumerate(sectors):
            head = MARK if index < len(kept) else BLANK * len(MARK)
            wanted = (head.ljust(EDGE, BLANK), BLANK * EDGE)
            if tuple(found[2 * index : 2 * index + 2]) != wanted:
                wrong.append(sector)
        return sorted(wrong)

    def _edges(self, sector: int) -> tuple[range, range]:
        first = self._offset + sector * SECTOR
        return range(first, first + EDGE), range(first + SECTOR - EDGE, first + SECTOR)

    def _attached(self) -> NorFlash:
        nor = NorFlash(RomLoader(Session(self._port, 0 if self.one_by_one else WINDOW)))
        nor.attach()
        return nor

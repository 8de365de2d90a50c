# SPDX-License-Identifier: Apache-2.0
"""The public face: `connect()` gives a `Device`, its methods do a user's jobs and return typed results.

It holds a conversation open and decides nothing: the jobs are in `operations`, the commands in `loader`.
One device is one conversation: use it from one thread at a time. Nothing here prints; every failure is
an `EspromError`, and a caller's own mistake a `ValueError`.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from esprom import leaving, operations, protection, proving, rewriting, writing
from esprom.backup import BackupResult, RestorePlan, RestoreResult, backup, plan_restore, restore
from esprom.chip import ChipInfo
from esprom.errors import EspromError
from esprom.image import Segment
from esprom.loader import connect as connecting
from esprom.loader import guard, starting
from esprom.loader.by_hand import AskCallback, Hand
from esprom.loader.guard import Distrusted
from esprom.loader.nor import NorFlash
from esprom.loader.restart import restart
from esprom.loader.rom import RomLoader
from esprom.loader.stub import StubLoader
from esprom.operations import Estimate, FlashInfo, Keep
from esprom.port import DEFAULT_BAUD, Clock, Port, open_port
from esprom.port.reset import USUAL, Resets
from esprom.progress import CancelCallback, Progress, ProgressCallback, Watch
from esprom.proving import Guess, ProvedRead
from esprom.writing import WrittenPart

__all__ = [
    "AskCallback",
    "CancelCallback",
    "ChipInfo",
    "Device",
    "Estimate",
    "FlashInfo",
    "Progress",
    "ProgressCallback",
    "ProvedRead",
    "Resets",
    "WrittenPart",
    "connect",
]

BEFORE = ("default-reset", "no-reset", "no-reset-no-sync")
AFTER = ("hard-reset", "soft-reset", "no-reset", "no-reset-stub")

# Without a handler of the caller's, Python would print our warnings.
logging.getLogger("esprom").addHandler(logging.NullHandler())
log = logging.getLogger("esprom.device")


def connect(
    port: str | Port,
    *,
    baud: int | Literal["auto"] = DEFAULT_BAUD,
    before: str = "default-reset",
    after: str = "hard-reset",
    flash_size: int | None = None,
    wait_s: float = 0.0,
    ask: AskCallback | None = None,
    loader: str = "rom",
    resets: Resets = USUAL,
) -> "Device":
    """Bring the chip into its boot ROM's loader and find out which chip it is.

    Args:
        port: a device such as /dev/ttyUSB0 or COM3, a pyserial URL, `sim://esp01`, or an open Port.
        baud: rate of the line; the loader measures it and adapts. An open Port keeps its own. "auto": our
            stub goes to the highest rate at which everything comes through; the ROM's loader stays at
            115200, where the line is the least of what it waits for.
        before: "default-reset" resets the chip by DTR and RTS where they exist; "no-reset" expects it in
            the loader already; "no-reset-no-sync" also expects the baud rate to be known to it.
        after: what happens when the device is closed: "hard-reset" by the lines, "soft-reset" boots the
            flash by a command, "no-reset" leaves the ROM's loader running, "no-reset-stub" the one that runs.
        flash_size: size in bytes, for a flash chip that tells none.
        wait_s: how long to wait for somebody who powers the board again with GPIO0 at ground, where reset
            lines bring nothing and no loader runs. A loader that runs is found without, also at another
            rate than `baud`.
        ask: is given the sentence that asks for that, once; or it switches a relay itself.
        loader: who does the work: "rom" alone; "stub", ours, which is put into RAM and has to show that it
            works; "auto", that one if it does, else the ROM (with a warning); or the path of an image that
            `esprom.stub.build` has made.
        resets: how DTR and RTS reset the board, and how often that is tried.

    Raises:
        PortError: the port cannot be opened.
        NoResponse: no loader answers; the message says what came instead and what that means.
        ProtocolError: something answers that is not the ESP8266's boot ROM.
    """
    if before not in BEFORE:
        raise ValueError(f"before is one of {', '.join(BEFORE)}, not {before!r}")
    if after not in AFTER:
        raise ValueError(f"after is one of {', '.join(AFTER)}, not {after!r}")
    if baud != "auto" and (not isinstance(baud, int) or baud <= 0):
        raise ValueError(f"baud is a positive whole number or 'auto', not {baud!r}")
    highest = baud == "auto"
    opened = open_port(port, DEFAULT_BAUD if baud == "auto" else baud) if isinstance(port, str) else port
    try:
        hand = Hand(wait_s, ask)
        rom, stub = starting.reach(opened, before, hand, loader, highest=highest, resets=resets)
        chip = connecting.identify(rom)
        device = Device(rom, chip, after=after, flash_size=flash_size, stub=stub, resets=resets)
        if loader == starting.AUTO:
            device._without_stub = lambda: connecting.reach_rom(opened, before, hand, resets=resets)
        device.needs_power_cycle = hand.asked or not opened.has_modem_lines
        return device
    except BaseException:
        if isinstance(port, str):
            opened.close()
        raise


class Device:
    """A chip whose loader answers. Close it, or use it as a context manager, to let the firmware run.

    Attributes:
        chip: which chip.
        needs_power_cycle: whether no line resets the chip, so that after a close with "hard-reset" somebody
            has to take GPIO0 off ground and power the board again. Surely known when it is closed.
        was_reset: whether the close has reset it by its lines, and it was heard to start.
    """

    def __init__(
        self,
        rom: RomLoader,
        chip: ChipInfo,
        *,
        after: str,
        flash_size: int | None = None,
        stub: StubLoader | None = None,
        resets: Resets = USUAL,
    ) -> None:
        self.chip = chip
        self.needs_power_cycle = False
        self.was_reset = False
        self._rom = rom
        self._after = after
        self._nor = NorFlash(rom)
        self._nor.stub = stub
        self._without_stub: Callable[[], RomLoader] | None = None  # where it may be given up
        self._checked = stub is None
        self._given_size = flash_size
        self._flash: FlashInfo | None = None
        self._open = True
        self._resets = resets

    @property
    def port_name(self) -> str:
        """The port, as the user named it."""
        return self._rom.session.port.name

    @property
    def baud(self) -> int:
        """The rate of the line now: where it is bad, our stub goes to a lower one."""
        return self._rom.session.port.baud

    @property
    def clock(self) -> Clock:
        """The time that the board lives in; where it is virtual, that is not the wall's."""
        return self._rom.session.port.clock

    @property
    def loader(self) -> str:
        """Who answers: "rom", the loader in the chip's mask ROM, or "esprom", our stub."""
        return starting.ROM if self._nor.stub is None else "esprom"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Do what `after` says, as far as the board still allows it, and close the port."""
        if self._open:
            self._open = False
            left = leaving.leave(self._rom, self._nor, self._after, self._resets)
            self.was_reset = self._after == "hard-reset" and left
            self.needs_power_cycle = self._after == "hard-reset" and (self.needs_power_cycle or not left)
            self._rom.session.port.close()

    def reset(self) -> None:
        """Reset the chip by its EN line, so that it boots its flash. The loader is gone after that."""
        self._after = "no-reset-stub"  # nothing is left to be done
        leaving.hard_reset(self._rom.session.port, self._resets)

    def flash(self) -> FlashInfo:
        """Find out which flash chip it has, and its size; asked once, then remembered.

        Raises:
            ProtocolError: no flash chip answers, or none that tells its size.
        """
        self._check_stub()
        if self._flash is None:
            self._flash = operations.identify_flash(self._nor, self._given_size)
        return self._flash

    def _check_stub(self) -> None:
        """Before the stub is relied on: see that it reads the flash as the registers do."""
        stub = self._nor.stub
        if self._checked or stub is None:
            return
        self._nor.attach()
        try:
            guard.check_flash(stub, self._nor)
        except Distrusted as exc:
            if self._without_stub is None:
                raise
            log.warning("%s; going on with the ROM's loader, which is slower", exc)
            self._go_back_to_rom(self._without_stub)
        self._checked = True

    def _go_back_to_rom(self, reach: Callable[[], RomLoader]) -> None:
        with suppress(EspromError):  # not every board has lines that reset it
            restart(self._rom.session)
        self._rom = reach()
        self._nor = NorFlash(self._rom)

    def read_reg(self, address: int) -> int:
        """Return the 32-bit word at `address`, which is a multiple of 4."""
        return self._rom.read_reg(address)

    def write_reg(self, address: int, value: int, mask: int = 0xFFFFFFFF, delay_us: int = 0) -> None:
        """Wait `delay_us` (at most 0xFFFF), then set the bits of `mask` in the word at `address`."""
        self._rom.write_reg(address, value, mask, delay_us)

    def read_memory(
        self,
        address: int,
        size: int,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> bytes:
        """Return `size` bytes of the memory map from `address`, neither of which needs any alignment."""
        return operations.read_memory(self._rom, address, size, self._watch(progress, cancel))

    def read_flash(
        self,
        offset: int,
        size: int,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> bytes:
        """Read a part of the flash, once.

        Raises:
            Refused: it reaches past the end of the flash; nothing was read.
        """
        operations.check_range(self.flash(), offset, size)
        return operations.read(self._nor, offset, size, self._watch(progress, cancel))

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
        """Read a part of the flash, and make sure that it is what is there.

        With the ROM's loader: twice, in two orders, and what differs until it agrees. With our stub: once,
        with the chip's digests; and with `reread` again, by the chip alone.

        `guess` maps addresses of whole sectors to what they probably hold: that is not read again where the
        chip agrees. `keep` is given sectors as they come, not proved yet.

        Raises:
            Refused: it reaches past the end of the flash; nothing was read.
            VerifyFailed: a sector never reads the same twice in a row.
        """
        operations.check_range(self.flash(), offset, size)
        watch = self._watch(progress, cancel)
        return proving.read_proved(self._nor, offset, size, watch, reread=reread, guess=guess, keep=keep)

    def write_flash(
        self,
        offset: int,
        data: bytes,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Write `data`, exactly: what lies beside it in the same sectors is kept. Then read it back.

        Args:
            offset: any address in the flash.
            data: of any length.
            unprotect: lift the chip's block protection if it is on; it stays lifted.
            progress: told how far it is; stages "write", which erases as it goes, and "verify".
            cancel: asked now and then; the range that is being written is then left unfinished.

        Raises:
            Refused: it reaches past the end of the flash, or the flash seems smaller than its id says;
                nothing was touched.
            FlashProtected: the protection is on; nothing was touched.
            VerifyFailed: the flash does not hold what was written.
            EdgeLost: what lies beside it was erased and could not be put back; `kept` has it.
        """
        self.write_pieces([Segment(offset, data)], unprotect=unprotect, progress=progress, cancel=cancel)

    def write_pieces(
        self,
        pieces: Sequence[Segment],
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> frozenset[int]:
        """Write pieces together, as `write_flash` does one; a sector that they share is erased once.

        Raises:
            Refused: two pieces overlap; nothing was touched.
            EspromError: as `write_flash`.

        Returns:
            The addresses of the sectors that were rewritten: not those that were seen to hold it already,
            which our stub sees of all, the ROM's loader of those that are written in part.
        """
        writing.check_parts(pieces, self.flash())
        watch = self._watch(progress, cancel)
        return rewriting.write(self._nor, self.flash(), pieces, unprotect=unprotect, watch=watch)

    def write_parts(
        self,
        parts: Sequence[Segment],
        *,
        erase_all: bool = False,
        skip_present: bool = False,
        believed: Mapping[int, bytes] | None = None,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> tuple[WrittenPart, ...]:
        """Write several pieces as `write_flash` does; nothing is touched before all are looked at.

        They are written by their addresses, those that share sectors together. What ends it early leaves
        those before written and verified, and those behind untouched.

        Args:
            parts: addresses and bytes, in any order; what is beside them stays.
            erase_all: erase the whole flash first.
            skip_present: compare each piece first, and leave it alone where the flash holds it.
            believed: by the address of a piece, what the flash is thought to hold there. With the ROM's
                loader only the sectors that differ from that are written, and all are verified; where it was
                not so, the whole piece is written. Our stub needs no such hint.
            unprotect: as of `write_flash`.
            progress: the same; with `skip_present` there is a stage "verify" before each "write" too.
            cancel: the same.

        Returns:
            What became of each, in the order of their addresses.

        Raises:
            Refused: two pieces overlap, one reaches past the end of the flash, or the flash seems smaller
                than its id says; nothing was touched.
            EspromError: as `write_flash`.
        """
        return writing.write_parts(
            self,
            parts,
            self._watch(progress, cancel),
            erase_all=erase_all,
            skip_present=skip_present,
            believed=believed,
            unprotect=unprotect,
        )

    def write_sectors(
        self,
        sectors: Mapping[int, bytes],
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Write whole sectors, by their address, in this order. `verify_flash` proves what became of it.

        Raises:
            ValueError: an address or a length is not that of a sector.
            Refused, FlashProtected: as `write_flash`; nothing was touched.
        """
        watch = self._watch(progress, cancel)
        rewriting.replace_sectors(self._nor, self.flash(), sectors, unprotect=unprotect, watch=watch)

    def check_size(self, end: int) -> None:
        """Raise Refused if the flash seems to end before `end`, although it claims to be larger."""
        rewriting.check_size(self._nor, self.flash(), end)

    def check_protection(self) -> None:
        """Raise FlashProtected if the flash chip's block protection is on."""
        self.flash()
        protection.check_protection(self._nor)

    def differing_sectors(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> dict[int, bytes]:
        """Return what the flash holds, by address, in the sectors that do not hold their part of `data`.

        With our stub they alone are read; with the ROM's loader everything is.

        Raises:
            ValueError: `offset` is not a multiple of the 4 KiB sector.
            Refused: it reaches past the end of the flash.
        """
        operations.check_range(self.flash(), offset, len(data))
        return proving.differing_sectors(self._nor, offset, data, self._watch(progress, cancel))

    def erase_flash(
        self,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Erase the whole chip."""
        self.erase_region(0, self.flash().size, unprotect=unprotect, progress=progress, cancel=cancel)

    def erase_region(
        self,
        offset: int,
        size: int,
        *,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Erase exactly these sectors.

        Raises:
            ValueError: `offset` or `size` is not a multiple of the 4 KiB sector.
            Refused: it reaches past the end of the flash.
            FlashProtected: the protection is on; nothing was touched.
            VerifyFailed: a sector is not blank after it was erased. The ROM's loader looks at the beginning
                of each sector only, and logs it, if there are more than 16.
        """
        watch = self._watch(progress, cancel)
        rewriting.erase(self._nor, self.flash(), offset, size, unprotect=unprotect, watch=watch)

    def verify_flash(
        self,
        offset: int,
        data: bytes,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> None:
        """Read the flash and compare. Raises VerifyFailed with the address of the first difference."""
        operations.check_range(self.flash(), offset, len(data))
        operations.verify(self._nor, offset, data, self._watch(progress, cancel))

    def status_registers(self) -> int:
        """Return how many of the flash chip's status registers there is something to see in: 1 or 2."""
        self._nor.attach()
        return self._nor.form.significant

    def read_flash_status(self, registers: int = 2) -> int:
        """Return the chip's first 1 to 3 status registers, the first in the low byte."""
        self._nor.attach()
        return self._nor.read_status(registers)

    def write_flash_status(self, value: int, registers: int = 2, *, volatile: bool) -> None:
        """Set the first 1 to 3 status registers. `volatile`: until power is lost, where the chip can."""
        self._nor.attach()
        self._nor.write_status(value, registers, volatile=volatile)

    def read_sfdp(self, offset: int, size: int) -> bytes:
        """Read the chip's table of parameters (SFDP)."""
        self._nor.attach()
        return self._nor.read_sfdp(offset, size)

    def load_ram(self, segments: Sequence[tuple[int, bytes]], entry: int) -> None:
        """Store `segments` of (address, bytes) in RAM and jump to `entry`. The loader is gone after that."""
        self._after = "no-reset-stub"  # nothing is left to be done
        if self._nor.stub is not None and self._without_stub is not None:
            self._go_back_to_rom(self._without_stub)  # the stub lies where applications go
        operations.load_ram(self._rom, segments, entry)

    def run(self) -> None:
        """Leave the loader and boot the flash. The loader is gone after that."""
        self._after = "no-reset-stub"  # nothing is left to be done
        leaving.boot_flash(self._rom, self._nor)

    def estimate_read(self, size: int) -> Estimate:
        """Measure the line for a moment; return how long one pass over `size` bytes takes, and why."""
        self._nor.attach()
        return operations.estimate_read(self._nor, size)

    def backup(
        self,
        path: "str | os.PathLike[str] | None" = None,
        *,
        since: "str | os.PathLike[str] | None" = None,
        reread: bool = False,
        force: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> BackupResult:
        """Read the whole flash, prove it, and write `path` and its manifest; see `esprom.backup.backup`."""
        return backup(self, path, since=since, reread=reread, force=force, progress=progress, cancel=cancel)

    def plan_restore(self, path: "str | os.PathLike[str]", *, keep_calibration: bool = False) -> RestorePlan:
        """Find out what a restore would do, and what stands against it; see `esprom.backup.plan_restore`."""
        return plan_restore(self, path, keep_calibration=keep_calibration)

    def restore(
        self,
        source: "RestorePlan | str | os.PathLike[str]",
        *,
        safety_copy: "str | os.PathLike[str] | None" = None,
        other_board: bool = False,
        force: bool = False,
        unprotect: bool = False,
        progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
    ) -> RestoreResult:
        """Write a backup back, or what was planned of one, bit for bit; see `esprom.backup.restore`."""
        return restore(
            self,
            source,
            safety_copy=safety_copy,
            other_board=other_board,
            force=force,
            unprotect=unprotect,
            progress=progress,
            cancel=cancel,
        )

    def _watch(self, progress: ProgressCallback | None, cancel: CancelCallback | None) -> Watch:
        return Watch(self.clock, progress, cancel)

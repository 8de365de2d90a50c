# SPDX-License-Identifier: Apache-2.0
"""Write a backup into a board, bit for bit, and read it back (RESTORE-1 to RESTORE-11).

First a plan is made, which reads the file and asks the board what it is, but changes nothing: it says
what will happen, and what stands against it. Then the plan is carried out: what the board holds is saved, the
sectors that differ are written, the first of the flash last, and everything is compared. Not one bit of the
image is ever edited here; whoever wants other header settings has `write-flash`.
"""

import os
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from esprom.backup.attempt import Attempt
from esprom.backup.manifest import Manifest
from esprom.backup.matching import matching_manifest
from esprom.backup.mirror import once
from esprom.backup.naming import BackupFiles, files_to_read
from esprom.chip import ChipInfo
from esprom.connected import ConnectedBoard
from esprom.errors import FileError, Refused
from esprom.files import load
from esprom.flash.geometry import SECTOR, round_down, whole_sectors
from esprom.flash.header_words import size_in_bytes
from esprom.flash.partitions import kept_by_table
from esprom.flash.regions import Region, identity, outside
from esprom.image.header import flash_header, stated_sizes
from esprom.image.program import images, is_arduino, programs
from esprom.operations import FlashInfo
from esprom.progress import CancelCallback, ProgressCallback
from esprom.sizes import size_name


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason not to restore, and the option by which the user says that it is meant."""

    reason: str
    option: str  # OTHER_BOARD or FORCE


OTHER_BOARD = "--other-board"
FORCE = "--force"


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore is about to do.

    Attributes:
        image: the file.
        manifest: what the NAME.json beside it says; None where there is none.
        data: what will be written from address 0 on: the file, or the first part of a repeating one.
        chip: of the board that is connected.
        flash: of that board.
        notes: what the user should know, one sentence each.
        obstacles: what stands against it; empty where nothing does.
        identity: where the image has what belongs to one board.
        kept: parts of the flash that are left alone.
    """

    image: Path
    manifest: Manifest | None
    data: bytes = field(repr=False)
    chip: ChipInfo
    flash: FlashInfo
    notes: tuple[str, ...]
    obstacles: tuple[Obstacle, ...]
    identity: tuple[Region, ...] = ()
    kept: tuple[Region, ...] = ()

    @property
    def action(self) -> str:
        """What will be done, in a sentence."""
        left = self.flash.size - len(self.data)
        rest = f"the last {size_name(left)} stay as they are" if left else "all that it holds now is replaced"
        return (
            f"write {size_name(len(self.data))} of {self.image} from address 0 into the "
            f"{size_name(self.flash.size)} flash of {self.chip.name} {self.chip.mac}, "
            f"then read it back and compare; {rest}{self._but}"
        )

    @property
    def _but(self) -> str:
        if not self.kept:
            return ""
        return ", but for " + " and ".join(f"{region.name} at 0x{region.offset:x}" for region in self.kept)

    def sectors(self) -> dict[int, bytes]:
        """Return what is to be written, by address: all whole sectors, the first of the flash last."""
        sectors = {at: data for at, data in whole_sectors(self.data).items() if not self._is_kept(at)}
        if 0 in sectors:
            sectors[0] = sectors.pop(0)
        return sectors

    def parts(self) -> list[range]:
        """Return the addresses that are written, as few ranges as possible."""
        found, begin = [], 0
        for region in self.kept:
            found.append(range(begin, min(region.offset, len(self.data))))
            begin = region.end
        return [part for part in (*found, range(begin, len(self.data))) if part]

    def _is_kept(self, address: int) -> bool:
        return any(region.offset <= address < region.end for region in self.kept)


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """A restore that was made, and verified by reading back.

    Attributes:
        image: the file that was restored.
        size: bytes that the flash now holds as the file does, from address 0 on, but for what was kept.
        written: bytes that had to be written for that, where it is known.
        safety_copy: NAME.bin of what the flash held before; None where that was not saved.
        manifest: what the NAME.json beside the file says; None where there is none.
        notes: what the user should know, one sentence each.
    """

    image: Path
    size: int
    manifest: Manifest | None
    notes: tuple[str, ...]
    written: int | None = None
    safety_copy: Path | None = None


def check_restore(path: str | os.PathLike[str]) -> None:
    """Raise what `plan_restore` would for the file, as far as that is known without a board."""
    files = files_to_read(path)
    matching_manifest(files, _image(files))


def plan_restore(
    board: ConnectedBoard, path: str | os.PathLike[str], *, keep_calibration: bool = False
) -> RestorePlan:
    """Find out what a restore would do, and what stands against it. Changes nothing.

    Args:
        board: an `esprom.Device`.
        path: a backup NAME, its NAME.bin or NAME.json, or the dump of another tool.
        keep_calibration: leave alone what the board has where radio calibration lies.

    Raises:
        ImageError: the file cannot be read, is empty, or is not the one its manifest was made for.
        Refused: the file is larger than the flash, and not the same part over and over.
    """
    files = files_to_read(path)
    whole = _image(files)
    manifest, remark = matching_manifest(files, whole)
    flash = board.flash()
    data = _fitted(files.image, whole, flash.size)
    regions = _regions(data, flash.size, stated_sizes(data)) or _regions(data, flash.size, {None})
    return RestorePlan(
        image=files.image,
        manifest=manifest,
        data=data,
        chip=board.chip,
        flash=flash,
        notes=tuple(_notes(whole, data, flash.size, remark)),
        obstacles=tuple(_obstacles(files.image, data, board.chip, flash.size, manifest)),
        identity=regions,
        kept=_kept(board, data, flash.size) if keep_calibration else (),
    )


def restore(
    board: ConnectedBoard,
    source: RestorePlan | str | os.PathLike[str],
    *,
    safety_copy: str | os.PathLike[str] | None = None,
    other_board: bool = False,
    force: bool = False,
    unprotect: bool = False,
    progress: ProgressCallback | None = None,
    cancel: CancelCallback | None = None,
) -> RestoreResult:
    """Write a backup, and read it back.

    Args:
        board: an `esprom.Device`.
        source: a file as `plan_restore` takes it, or the plan that was made of it for this board.
        safety_copy: a folder, or NAME: where what the flash holds is saved before anything is written. A
            restore that was interrupted is taken up again, and has its copy already.
        other_board: the backup is from another board, and that is meant.
        force: the file is smaller than the flash, and that is meant.
        unprotect: clear the flash chip's block protection if it is on.
        progress: called as the work goes on.
        cancel: asked as the work goes on; True ends it, and leaves the flash half written. The same again
            finishes it: what is written already is found written.

    Raises:
        ImageError: as `plan_restore`.
        Refused: as `plan_restore`, or something stands against it that the caller did not allow; in both
            cases nothing was written.
        FlashProtected: the flash is protected, and `unprotect` is False. Nothing was written.
        VerifyFailed: the flash does not hold what was written.
        Unfinished: `cancel` said so after something was written; with a safety copy.
        Cancelled: `cancel` said so.
        ValueError: the plan was made for another board.
    """
    plan = source if isinstance(source, RestorePlan) else plan_restore(board, source)
    if board.chip != plan.chip:
        raise ValueError(f"the plan was made for {plan.chip.mac}, and this board is {board.chip.mac}")
    allowed = {OTHER_BOARD: other_board, FORCE: force}
    for obstacle in plan.obstacles:
        if not allowed[obstacle.option]:
            raise Refused(f"{obstacle.reason}; if this is meant, give {obstacle.option}")
    if not unprotect:
        board.check_protection()
    sectors, copy = plan.sectors(), None
    attempt = Attempt(Path(safety_copy), plan) if safety_copy is not None else None
    if attempt is not None:
        copy, present = attempt.saved(board, progress, cancel)
        sectors = {at: data for at, data in sectors.items() if present[at : at + SECTOR] != data}
    elif board.loader == "rom":  # our stub finds out for itself
        differing = board.differing_sectors(0, plan.data, progress=progress, cancel=cancel)
        sectors = {at: data for at, data in sectors.items() if at in differing}
    with attempt.going_on(copy) if attempt is not None and copy is not None else nullcontext():
        _write(board, plan, sectors, unprotect=unprotect, progress=progress, cancel=cancel)
    known = attempt is not None or board.loader == "rom"
    written = sum(map(len, sectors.values())) + len(plan.data) % SECTOR if known else None
    return RestoreResult(plan.image, len(plan.data), plan.manifest, plan.notes, written, copy)


def _write(
    board: ConnectedBoard,
    plan: RestorePlan,
    sectors: dict[int, bytes],
    *,
    unprotect: bool,
    progress: ProgressCallback | None,
    cancel: CancelCallback | None,
) -> None:
    end = round_down(len(plan.data), SECTOR)
    if end < len(plan.data):
        board.write_flash(end, plan.data[end:], unprotect=unprotect, progress=progress, cancel=cancel)
    board.write_sectors(sectors, unprotect=unprotect, progress=progress, cancel=cancel)
    for part in plan.parts():
        board.verify_flash(part.start, plan.data[part.start : part.stop], progress=progress, cancel=cancel)


def _regions(data: bytes, flash_size: int, stated: Iterable[int | None]) -> tuple[Region, ...]:
    """Return what belongs to one board within `data`, where firmware believes in a `stated` size.

    Where the program of `data` lies is nothing of the board's: it believes in another size then.
    """
    if by_table := kept_by_table(data):
        return by_table
    sizes = {size if size is not None and size <= flash_size else flash_size for size in stated}
    arduino, code = is_arduino(tuple(images(data))), programs(data)
    found = {region for size in sizes for region in outside(identity(size, arduino=arduino), code)}
    inside = (region for region in found if 0 <= region.offset < region.end <= len(data))
    return tuple(sorted(inside, key=lambda region: region.offset))


def _kept(board: ConnectedBoard, data: bytes, flash_size: int) -> tuple[Region, ...]:
    """Return where calibration lies: by the image's header, by that of the board, and at the flash's end."""
    present = board.read_flash_proved(0, SECTOR).data
    regions = _regions(data, flash_size, {*stated_sizes(data), *stated_sizes(present), None})
    return tuple(region for region in regions if region.calibration)


def _image(files: BackupFiles) -> bytes:
    data = load(files.image)
    if not data:
        raise FileError(f"{files.image} is empty: there is nothing to restore")
    return data


def _fitted(image: Path, whole: bytes, flash_size: int) -> bytes:
    """Return what of the file goes into the flash."""
    if len(whole) <= flash_size:
        return whole
    part = once(whole)
    if len(part) <= flash_size:
        return whole[:flash_size]  # where the part is smaller still, so was what the flash showed
    raise Refused(
        f"{image} has {len(whole)} bytes and the flash {flash_size} (0x{flash_size:x}): it does not fit, "
        "and cut short it would not be the firmware that was backed up; a board with a larger flash is needed"
    )


def _notes(whole: bytes, data: bytes, flash_size: int, remark: list[str]) -> list[str]:
    notes = []
    part = once(whole)
    if len(data) < len(whole):
        notes.append(
            f"the file holds the same {size_name(len(part))} {len(whole) // len(part)} times over, as a dump "
            f"does that was read with a wrong flash size: the first {size_name(len(data))} are used"
        )
    elif len(part) < len(whole):
        notes.append(
            f"the file holds the same {size_name(len(part))} {len(whole) // len(part)} times over: it may "
            "have been read from a smaller flash, with a wrong size"
        )
    notes += remark
    header = flash_header(data)
    if header is None:
        notes.append("the file does not begin with a firmware image: the board will not start from it")
    elif (stated := size_in_bytes(header.size)) is not None and stated > flash_size:
        notes.append(
            f"the image header says {header.size} and the flash has {size_name(flash_size)}: "
            "it is written as it is"
        )
    return notes


def _obstacles(
    image: Path, data: bytes, chip: ChipInfo, flash_size: int, manifest: Manifest | None
) -> list[Obstacle]:
    obstacles = []
    if manifest is not None and manifest.chip.mac != chip.mac.lower():
        obstacles.append(
            Obstacle(
                f"{image} was read from the board {manifest.chip.mac}, and this one is {chip.mac}: it would "
                "get the other's radio calibration and settings (its own MAC stays)",
                OTHER_BOARD,
            )
        )
    if len(data) < flash_size:
        obstacles.append(
            Obstacle(
                f"{image} has {len(data)} bytes and the flash {flash_size}: the rest would stay as it is, so "
                "the board would not be as it was when the file was made",
                FORCE,
            )
        )
    return obstacles

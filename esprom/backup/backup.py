# SPDX-License-Identifier: Apache-2.0
"""Read the whole flash of a board into a file that has been proved equal to it (BACKUP-1 to BACKUP-9).

The order is the promise: everything that could refuse the files is asked first; then the flash is read
and proved; only then do the files appear, the manifest last. Whatever ends it early leaves nothing.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from esprom.backup.connected import ConnectedBoard
from esprom.backup.manifest import ChipRecord, Digests, FlashRecord, Manifest, Proof, now
from esprom.backup.naming import BackupFiles, default_path, files_to_write
from esprom.chip import ChipInfo
from esprom.files import check_targets, save_together
from esprom.image.header import flash_header
from esprom.operations import FlashInfo
from esprom.progress import CancelCallback, ProgressCallback
from esprom.proving import ProvedRead

UNKNOWN_NAME = "esp8266"  # stands for one that is made of chip, MAC and size
MANIFEST_ROOM = 64 * 1024  # bytes; more than the manifest of a 16 MiB flash takes


@dataclass(frozen=True, slots=True)
class BackupResult:
    """A backup that was made.

    Attributes:
        image: NAME.bin, the content of the flash.
        manifest_file: NAME.json.
        manifest: what NAME.json says.
    """

    image: Path
    manifest_file: Path
    manifest: Manifest


def backup(
    board: ConnectedBoard,
    path: str | os.PathLike[str] | None = None,
    *,
    reread: bool = False,
    force: bool = False,
    progress: ProgressCallback | None = None,
    cancel: CancelCallback | None = None,
) -> BackupResult:
    """Save the whole flash as NAME.bin and NAME.json, or nothing at all.

    Args:
        board: an `esprom.Device`.
        path: NAME, NAME.bin, or a folder; without it (or in a folder) the name is made of chip, MAC and size.
        reread: let a second reading prove the first, also where the chip's digests have.
        force: replace files that exist.
        progress: called as the reading goes on.
        cancel: asked as the reading goes on; True ends it.

    Raises:
        Refused: one of the files exists. Nothing has been read then.
        Cancelled: `cancel` said so.
        EspromError: see `esprom.errors`; the files do not exist then.
    """
    files = planned_files(board, path, force=force)
    flash = board.flash()
    check_targets(
        [files.image, files.manifest], overwrite=force, size=flash.size + MANIFEST_ROOM
    )  # before the minutes that reading takes
    read = board.read_flash_proved(0, flash.size, reread=reread, progress=progress, cancel=cancel)
    manifest = _manifest(board, flash, read)
    save_together([(files.image, read.data), (files.manifest, manifest.to_json())], overwrite=force)
    return BackupResult(files.image, files.manifest, manifest)


def check_backup(path: str | os.PathLike[str] | None = None, *, force: bool = False) -> None:
    """Raise what `backup` would for its files, as far as that is known without a board."""
    chosen = Path(path) if path is not None else Path()
    files = files_to_write(chosen / UNKNOWN_NAME if chosen.is_dir() else chosen)
    check_targets([files.image, files.manifest], overwrite=force or chosen.is_dir())


def planned_files(
    board: ConnectedBoard, path: str | os.PathLike[str] | None = None, *, force: bool = False
) -> BackupFiles:
    """Return the files that `backup` would write, to say so before it starts."""
    chosen = Path(path) if path is not None else Path()
    if chosen.is_dir():
        chosen = default_path(
            chosen, board.chip.name, board.chip.mac, board.flash().size, now=now(), overwrite=force
        )
    return files_to_write(chosen)


def _manifest(board: ConnectedBoard, flash: FlashInfo, read: ProvedRead) -> Manifest:
    return Manifest(
        chip=_chip_record(board.chip),
        flash=FlashRecord(
            jedec_id=flash.jedec_id,
            size=flash.size,
            size_source=flash.size_source,
            unique_id=flash.unique_id.hex() if flash.unique_id is not None else None,
        ),
        header=flash_header(read.data),
        digests=Digests.of(read.data),
        proof=Proof(read.method, read.proof, read.reread_sectors),
        baud=board.baud,
        loader=board.loader,
        time=now(),
    )


def _chip_record(chip: ChipInfo) -> ChipRecord:
    return ChipRecord(chip.name, chip.mac.lower(), chip.chip_id)

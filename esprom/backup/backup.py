# SPDX-License-Identifier: Apache-2.0
"""Read the whole flash of a board into a file that has been proved equal to it (BACKUP-1 to BACKUP-9).

The order is the promise: everything that could refuse the files is asked first; then the flash is read
and proved; only then do the files appear, the manifest last. Whatever ends it early leaves neither, but a
journal of what was read, and the next one goes on from there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from esprom.backup.at_hand import complete_backup
from esprom.backup.journal import Journal, Origin
from esprom.backup.manifest import MANIFEST_ROOM, Manifest, now
from esprom.backup.matching import load_backup
from esprom.backup.naming import (
    MANIFEST_ENDING,
    PARTIAL_ENDING,
    BackupFiles,
    default_path,
    files_to_write,
)
from esprom.backup.saving import save_backup
from esprom.connected import ConnectedBoard
from esprom.errors import Cancelled, EspromError, Unfinished
from esprom.files import check_targets
from esprom.flash.geometry import whole_sectors
from esprom.progress import CancelCallback, ProgressCallback

UNKNOWN_NAME = "esp8266"  # stands for one that is made of chip, MAC and size


@dataclass(frozen=True, slots=True)
class BackupResult:
    """A backup that was made.

    Attributes:
        image: NAME.bin, the content of the flash.
        manifest_file: NAME.json.
        manifest: what NAME.json says.
        known_sectors: how many did not have to be read: they are as an earlier reading has them.
    """

    image: Path
    manifest_file: Path
    manifest: Manifest
    known_sectors: int = 0


def backup(
    board: ConnectedBoard,
    path: str | os.PathLike[str] | None = None,
    *,
    since: str | os.PathLike[str] | None = None,
    reread: bool = False,
    force: bool = False,
    progress: ProgressCallback | None = None,
    cancel: CancelCallback | None = None,
) -> BackupResult:
    """Save the whole flash as NAME.bin and NAME.json, or neither.

    What an interrupted backup of that name has left (NAME.partial) is not read again, where the chip still
    holds it.

    Args:
        board: an `esprom.Device`.
        path: NAME, NAME.bin, or a folder; without it (or in a folder) the name is made of chip, MAC and size.
        since: an older backup: what the flash still holds as it is there is not read.
        reread: let a second reading prove the first, also where the chip's digests have.
        force: replace files that exist, and the journal of another board.
        progress: called as the reading goes on.
        cancel: asked as the reading goes on; True ends it.

    Raises:
        Refused: one of the files exists, or NAME.partial is of another flash. Nothing has been read then.
        ImageError: `since` cannot be read, or is not what its manifest was made for.
        Unfinished: `cancel` said so; what was read is kept.
        EspromError: see `esprom.errors`; the files do not exist then.
    """
    files = planned_files(board, path, force=force)
    flash = board.flash()
    overwrite = force or files.left_by_a_kill
    check_targets(
        [files.image, files.manifest], overwrite=overwrite, size=2 * flash.size + MANIFEST_ROOM
    )  # before the minutes that reading takes; the journal takes as much as the image
    for finished in _finished_journals(files):
        finished.unlink(missing_ok=True)
    guess = _sectors_of(since, flash.size) if since is not None else {}
    unique_id = flash.unique_id.hex() if flash.unique_id is not None else None
    origin = Origin(board.chip.mac.lower(), flash.jedec_id, flash.size, unique_id)
    journal = Journal.open(files.partial, origin, force=force)
    with _kept(journal):
        read = board.read_flash_proved(
            0,
            flash.size,
            reread=reread,
            guess=guess | journal.sectors,
            keep=journal.add,
            progress=progress,
            cancel=cancel,
        )
        manifest = save_backup(board, files, read, overwrite=overwrite)
    journal.remove()
    return BackupResult(files.image, files.manifest, manifest, read.known_sectors)


def _finished_journals(files: BackupFiles) -> Iterator[Path]:
    """Yield journals of others whose backup is there: of a run that was killed between the two.

    One that is newer than the backup of its name is of a run that is to replace it.
    """
    for partial in files.partial.parent.glob(f"*{PARTIAL_ENDING}"):
        manifest = partial.with_suffix(MANIFEST_ENDING)
        finished = partial != files.partial and complete_backup(manifest) is not None
        if finished and partial.stat().st_mtime_ns <= manifest.stat().st_mtime_ns:
            yield partial


@contextmanager
def _kept(journal: Journal) -> Iterator[None]:
    """Whatever ends what is done here, the journal stays, and the error says so."""
    try:
        yield
    except BaseException as exc:
        journal.close()
        if not journal.path.exists() or not isinstance(exc, EspromError):
            raise
        kept = f"what was read is kept in {journal.path}, and the same command goes on from there"
        if isinstance(exc, Cancelled):
            raise Unfinished(f"{exc}; {kept}", kept=str(journal.path)) from exc
        exc.add_note(kept)
        raise


def _sectors_of(path: str | os.PathLike[str], flash_size: int) -> dict[int, bytes]:
    """Return the sectors of an older backup, or of another tool's dump."""
    return whole_sectors(load_backup(path)[:flash_size])


def check_backup(
    path: str | os.PathLike[str] | None = None,
    *,
    since: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> None:
    """Raise what `backup` would for its files, as far as that is known without a board."""
    if since is not None:
        _sectors_of(since, 0)
    chosen = Path(path) if path is not None else Path()
    files = files_to_write(chosen / UNKNOWN_NAME if chosen.is_dir() else chosen)
    check_targets([files.image, files.manifest], overwrite=force or chosen.is_dir() or files.left_by_a_kill)


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

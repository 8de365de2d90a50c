# SPDX-License-Identifier: Apache-2.0
"""Which backups of one board a folder holds: what somebody wants to know before the flash is erased.

Only what could be restored counts: a manifest of ours with the board's MAC, and beside it the very image
that it was made for. Anything else in the folder is passed over.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from esprom.backup.manifest import MANIFEST_ROOM, Manifest
from esprom.backup.naming import MANIFEST_ENDING, files_to_write
from esprom.errors import EspromError


@dataclass(frozen=True, slots=True)
class BackupAtHand:
    """A backup that is complete and undamaged."""

    image: Path
    manifest: Manifest


def backups_at_hand(folder: str | os.PathLike[str], mac: str) -> tuple[BackupAtHand, ...]:
    """Return the proven backups of the board with this MAC in `folder` itself, the newest first."""
    found = _of_board(Path(folder), mac.lower())
    return tuple(sorted(found, key=lambda backup: backup.manifest.time, reverse=True))


def _of_board(folder: Path, mac: str) -> Iterator[BackupAtHand]:
    with suppress(OSError):  # a folder that cannot be read holds none for us
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() == MANIFEST_ENDING:
                backup = complete_backup(file)
                if backup is not None and backup.manifest.chip.mac == mac:
                    yield backup


def complete_backup(file: Path) -> BackupAtHand | None:
    """Return the backup whose manifest is in `file`, if that it is."""
    image = files_to_write(file).image
    with suppress(OSError, EspromError):
        if not file.is_file() or file.stat().st_size > MANIFEST_ROOM:
            return None
        manifest = Manifest.from_json(file.read_bytes())
        if not image.is_file() or image.stat().st_size != manifest.flash.size:
            return None
        if manifest.digests.first_difference(image.read_bytes()) is None:
            return BackupAtHand(image, manifest)
    return None

# SPDX-License-Identifier: Apache-2.0
"""A restore that may be interrupted: what the flash held is saved once, however often it is begun.

(RESTORE-9.) Beside the safety copy NAME lies NAME.restoring as long as the flash is in between. Who begins
again and finds it takes no new copy: what is in the flash then is neither the old content nor the new.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from esprom.backup.at_hand import complete_backup
from esprom.backup.connected import ConnectedBoard
from esprom.backup.manifest import now
from esprom.backup.naming import BackupFiles, default_name, files_to_write
from esprom.backup.saving import save_backup
from esprom.errors import Cancelled, EspromError, Unfinished
from esprom.files import check_targets, save
from esprom.flash.geometry import SECTOR
from esprom.progress import CancelCallback, ProgressCallback

FORMAT = "esprom-restoring"
VERSION = 1
ENDING = ".restoring"


class Planned(Protocol):
    """What an attempt has to know of the plan."""

    @property
    def data(self) -> bytes:
        """What will be written."""


class Attempt:
    """One run of a restore with a safety copy in `place`: a folder, or NAME."""

    def __init__(self, place: Path, plan: Planned) -> None:
        self._place = place
        self._data = plan.data
        self._marker: Path | None = None

    def saved(
        self, board: ConnectedBoard, progress: ProgressCallback | None, cancel: CancelCallback | None
    ) -> tuple[Path | None, bytes | None]:
        """Save what the flash holds; return the copy, and what it holds, if it was read.

        Nothing is read where an unfinished restore of this board has left its copy. There is no copy where
        nothing is to be written.
        """
        stem = self._stem(board)
        for marker in self._markers(stem):
            files = files_to_write(marker.with_suffix(".bin"))
            backup = complete_backup(files.manifest)
            if backup is not None and backup.manifest.chip.mac == board.chip.mac.lower():
                self._marker = marker
                return files.image, None
        files = self._free(stem)
        check_targets([files.image, files.manifest], overwrite=False)
        flash = board.flash()
        guess = {at: self._data[at : at + SECTOR] for at in range(0, len(self._data) - SECTOR + 1, SECTOR)}
        read = board.read_flash_proved(0, flash.size, guess=guess, progress=progress, cancel=cancel)
        if read.data[: len(self._data)] == self._data:
            return None, read.data
        save_backup(board, files, read, overwrite=False)
        self._marker = files.manifest.with_suffix(ENDING)
        return files.image, read.data

    @contextmanager
    def going_on(self, copy: Path) -> Iterator[None]:
        """From the first byte that is written to the last, the marker is there."""
        assert self._marker is not None  # `saved` has set it
        facts = {"format": FORMAT, "version": VERSION, "sha256": hashlib.sha256(self._data).hexdigest()}
        save(self._marker, (json.dumps(facts) + "\n").encode(), overwrite=True)
        held = f"what the flash held before is in {copy}; the same command finishes what was begun"
        try:
            yield
        except Cancelled as exc:
            raise Unfinished(f"{exc}; {held}", kept=str(copy)) from exc
        except EspromError as exc:
            exc.add_note(held)
            raise

    def done(self) -> None:
        """All is written, and proved."""
        if self._marker is not None:
            with suppress(OSError):
                self._marker.unlink()

    def _stem(self, board: ConnectedBoard) -> Path:
        if not self._place.is_dir():
            return files_to_write(self._place).manifest.with_suffix("")
        name = default_name(board.chip.name, board.chip.mac, board.flash().size)
        return self._place / f"{Path(name).stem}-before-restore"

    def _markers(self, stem: Path) -> list[Path]:
        """Return the markers of this board, the newest first."""
        return sorted(stem.parent.glob(f"{stem.name}*{ENDING}"), reverse=True)

    def _free(self, stem: Path) -> BackupFiles:
        files = files_to_write(stem)
        if not self._place.is_dir():
            return files
        dated, number = f"{stem.name}-{now():%Y%m%d-%H%M%S}", 1
        while files.image.exists() or files.manifest.exists():
            files = files_to_write(stem.with_name(dated if number == 1 else f"{dated}-{number}"))
            number += 1
        return files

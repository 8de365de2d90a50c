# SPDX-License-Identifier: Apache-2.0
"""A restore that may be interrupted: what the flash held is saved once, however often it is begun.

(RESTORE-9.) Beside the safety copy NAME lies NAME.restoring as long as the flash is in between. Who begins
the same restore again, and finds each sector as the copy or the image has it, makes no other copy. One block
may be neither: the one that was being erased or written. Anything else in the flash gets a copy of its own.
"""

import glob
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from esprom.backup.at_hand import complete_backup
from esprom.backup.manifest import MANIFEST_ROOM, now
from esprom.backup.naming import BackupFiles, default_name, files_to_write
from esprom.backup.saving import save_backup
from esprom.connected import ConnectedBoard
from esprom.errors import Cancelled, EspromError, ImageError, Refused, Unfinished
from esprom.files import check_targets, load, save
from esprom.flash.geometry import BLOCK, SECTOR, round_down, whole_sectors
from esprom.progress import CancelCallback, ProgressCallback
from esprom.proving import ProvedRead

FORMAT = "esprom-restoring"
VERSION = 1
ENDING = ".restoring"


class Planned(Protocol):
    """What an attempt has to know of the plan."""

    @property
    def data(self) -> bytes:
        """The image."""

    def parts(self) -> list[range]:
        """Return the addresses that are to hold what the image has there."""


class Attempt:
    """One run of a restore with a safety copy in `place`: a folder, or NAME."""

    def __init__(self, place: Path, plan: Planned) -> None:
        self._place = place
        self._plan = plan
        self._sha256 = hashlib.sha256(plan.data).hexdigest()
        self._marker: Path | None = None

    def saved(
        self, board: ConnectedBoard, progress: ProgressCallback | None, cancel: CancelCallback | None
    ) -> tuple[Path | None, bytes]:
        """Save what the flash holds; return the copy, and what it holds.

        No copy if nothing is to be written, but for that of a run before, which was stopped at its very end.

        Raises:
            Refused: the copy's files exist, and are not of this.
            ImageError: a marker that is there is of a later version.
        """
        size, stem = board.flash().size, self._stem(board)
        markers = self._markers(stem)  # what cannot be understood is told of before minutes of reading
        files = self._files(stem)
        if not self._place.is_dir() and not files.manifest.exists():
            check_targets([files.image, files.manifest], overwrite=False, size=size + MANIFEST_ROOM)
        guess = whole_sectors(self._plan.data)
        read = board.read_flash_proved(0, size, guess=guess, progress=progress, cancel=cancel)
        begun = self._begun(markers)
        done = all(read.data[part.start : part.stop] == self._cut(part) for part in self._plan.parts())
        copy = self._copy_at_hand(board, begun if done else [files, *begun], begun, read.data)
        if copy is None:
            if done:
                return None, read.data
            copy = self._save(board, stem, files, read)
        self._marker = copy.manifest.with_suffix(ENDING)
        return copy.image, read.data

    @contextmanager
    def going_on(self, copy: Path) -> Iterator[None]:
        """From the first byte that is written to the last, the marker is there."""
        assert self._marker is not None  # `saved` has set it
        facts = {"format": FORMAT, "version": VERSION, "sha256": self._sha256}
        save(self._marker, (json.dumps(facts) + "\n").encode(), overwrite=True)
        held = f"what the flash held before is in {copy}; the same command finishes what was begun"
        try:
            yield
        except Cancelled as exc:
            raise Unfinished(f"{exc}; {held}", kept=str(copy)) from exc
        except EspromError as exc:
            exc.add_note(held)
            raise
        with suppress(OSError):  # one that stays is looked at, and found to be over
            self._marker.unlink()

    def _cut(self, part: range) -> bytes:
        return self._plan.data[part.start : part.stop]

    def _begun(self, markers: dict[Path, str]) -> list[BackupFiles]:
        """Return the copies of those runs, of the same image, that have not come to their end."""
        ours = (marker for marker, sha256 in markers.items() if sha256 == self._sha256)
        return [files_to_write(marker.with_suffix("")) for marker in ours]

    def _copy_at_hand(
        self, board: ConnectedBoard, candidates: list[BackupFiles], begun: list[BackupFiles], present: bytes
    ) -> BackupFiles | None:
        """Return a copy that there is already: of just this content, or that of a run before, in `begun`."""
        for candidate in candidates:
            backup = complete_backup(candidate.manifest)
            if backup is None or backup.manifest.chip.mac != board.chip.mac.lower():
                continue
            held = load(backup.image)
            if held == present or (candidate in begun and self._in_between(held, present)):
                return candidate
        return None

    def _in_between(self, held: bytes, present: bytes) -> bool:
        """Tell whether each sector is as it was or as it is to be, but for those of one block."""
        if len(held) != len(present):
            return False
        wanted = whole_sectors(self._plan.data)
        torn = {
            round_down(at, BLOCK)
            for at, now_there in whole_sectors(present).items()
            if now_there not in (held[at : at + SECTOR], wanted.get(at))
        }
        return len(torn) <= 1

    def _save(self, board: ConnectedBoard, stem: Path, files: BackupFiles, read: ProvedRead) -> BackupFiles:
        if self._place.is_dir():
            dated, number = f"{stem.name}-{now():%Y%m%d-%H%M%S}", 1
            while files.taken:
                files = files_to_write(stem.with_name(dated if number == 1 else f"{dated}-{number}"))
                number += 1
        elif files.taken:
            raise Refused(
                f"{files.image} or its manifest exists already, and is not what the flash holds now: give the"
                " safety copy another name"
            )
        save_backup(board, files, read, overwrite=False)
        return files

    def _stem(self, board: ConnectedBoard) -> Path:
        if not self._place.is_dir():
            return files_to_write(self._place).manifest.with_suffix("")
        name = default_name(board.chip.name, board.chip.mac, board.flash().size)
        return self._place / f"{Path(name).stem}-before-restore"

    def _files(self, stem: Path) -> BackupFiles:
        return files_to_write(stem.with_name(stem.name + ".bin"))

    def _markers(self, stem: Path) -> dict[Path, str]:
        """Return the markers of this board's restores into the place, and of which image each is."""
        pattern = f"{glob.escape(stem.name)}*{ENDING}" if self._place.is_dir() else stem.name + ENDING
        found = stem.parent.glob(pattern) if self._place.is_dir() else [stem.with_name(pattern)]
        return {marker: _image_of(marker) for marker in sorted(found) if marker.exists()}


def _image_of(marker: Path) -> str:
    """Return the SHA-256 of the image that a marker names; nothing where it is torn, as a crash leaves it."""
    try:
        facts = json.loads(load(marker))
    except ValueError:
        return ""
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise ImageError(f"{marker} is there, and not of a restore: move it away")
    if facts.get("version") != VERSION:
        version = facts.get("version")
        raise ImageError(f"{marker} is of a later esprom (version {version}): use that, or move it away")
    return str(facts.get("sha256", ""))

# SPDX-License-Identifier: Apache-2.0
"""What the two files of a backup are called (BACKUP-3, BACKUP-4).

A backup NAME is the image NAME.bin and the manifest NAME.json beside it. Users may name it by any of
the three. Only these two endings are taken off: a name like `kitchen-v1.2` keeps its dot.
"""

import glob
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from esprom.sizes import size_name

IMAGE_ENDING = ".bin"
MANIFEST_ENDING = ".json"
PARTIAL_ENDING = ".partial"


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """Where the parts of one backup are."""

    image: Path
    manifest: Path

    @property
    def partial(self) -> Path:
        """What an interrupted backup leaves."""
        return self.manifest.with_suffix(PARTIAL_ENDING)

    @property
    def taken(self) -> bool:
        """Whether one of the two that a backup ends with is there."""
        return self.image.exists() or self.manifest.exists()

    @property
    def left_by_a_kill(self) -> bool:
        """Whether a backup was killed before its manifest had its name: it goes on under this one.

        A journal of a name is only begun where no image is.
        """
        return self.image.exists() and self.partial.exists() and not self.manifest.exists()


def files_to_write(path: str | os.PathLike[str]) -> BackupFiles:
    """Return the files of the backup that the user calls `path`."""
    path = Path(path)
    if path.suffix.lower() in (IMAGE_ENDING, MANIFEST_ENDING):
        path = path.with_suffix("")
    return BackupFiles(_with(path, IMAGE_ENDING), _with(path, MANIFEST_ENDING))


def files_to_read(path: str | os.PathLike[str]) -> BackupFiles:
    """Return the files of a backup that exists, or the dump of another tool, whatever its ending."""
    path = Path(path)
    if path.suffix.lower() != MANIFEST_ENDING and path.is_file():
        return BackupFiles(path, files_to_write(path).manifest)
    return files_to_write(path)


def default_name(chip: str, mac: str, size: int) -> str:
    """Return a name like `esp8266-5ccf7f001234-1MB.bin`: which board, and how much of it."""
    family = re.match(r"esp\d+", chip.lower())
    board = mac.replace(":", "").replace("?", "x").lower()  # Windows takes neither in a name
    return f"{family.group() if family else 'esp8266'}-{board}-{size_name(size)}{IMAGE_ENDING}"


def default_path(folder: Path, chip: str, mac: str, size: int, *, now: datetime, overwrite: bool) -> Path:
    """Return where a backup goes that was given no name: a second one gets the date and time.

    One that was interrupted goes on under the name that it had. A flash that is read in less than a
    second, as a small one of a virtual board, is dated by the next second that no backup has.
    """
    path = folder / default_name(chip, mac, size)
    files = files_to_write(path)
    if overwrite or not files.taken or files.left_by_a_kill:
        return path
    dated = f"{glob.escape(path.stem)}-{8 * '[0-9]'}-{6 * '[0-9]'}{PARTIAL_ENDING}"
    unfinished = [
        partial for partial in sorted(folder.glob(dated)) if not partial.with_suffix(MANIFEST_ENDING).exists()
    ]
    if unfinished:
        return unfinished[-1].with_suffix(IMAGE_ENDING)
    while files.taken:
        files = files_to_write(path.with_name(f"{path.stem}-{now:%Y%m%d-%H%M%S}{IMAGE_ENDING}"))
        now += timedelta(seconds=1)
    return files.image


def _with(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)

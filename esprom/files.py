# SPDX-License-Identifier: Apache-2.0
"""Output files appear whole or not at all (BACKUP-1, BACKUP-2, BACKUP-5).

The bytes are written to a hidden file beside the target, pushed to the disk, and only then given the
name; so a crash, a full disk or Ctrl-C at any moment leaves either no file or the old one. The files
can be read by their owner only (mode 0600), since a firmware may hold Wi-Fi passwords; but for those that are
made of other files, and no more secret than they are.
"""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from esprom.errors import EspromError, FileError, Refused

STDOUT = 1  # file descriptor
SHARED = 0o666  # what a file may be at most that holds nothing to be executed
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
MOST_OF_A_STREAM = 1 << 24  # bytes, 16 MiB: the largest flash that the chip can address


def save(path: str | os.PathLike[str], data: bytes, *, overwrite: bool) -> None:
    """Write `data` to `path`, whole or not at all.

    Where `path` is a link, the file that it leads to is replaced. Where it is a pipe or a device, or the
    file that standard output goes to, it is written to and not replaced.

    Raises:
        Refused: there is such a file, and `overwrite` is False.
        EspromError: the system does not let us.
    """
    target = Path(path)
    if overwrite and is_stdout(target):
        _pour(STDOUT, target, data)
    elif overwrite and target.exists() and not target.is_file() and not target.is_dir():
        _pour(target, target, data)
    else:
        save_together([(target, data)], overwrite=overwrite)


def save_made(
    path: str | os.PathLike[str], data: bytes, sources: Sequence[str | os.PathLike[str]], *, overwrite: bool
) -> None:
    """Write `data`, made of the files `sources`: who may read or write all of them may do so with it.

    The owner may write to it in any case: sources that must not be changed can be made of again.

    Raises what `save` raises.
    """
    mode = SHARED
    for source in sources:
        mode &= stat.S_IMODE(os.stat(source).st_mode)
    save(path, data, overwrite=overwrite)
    target = _real(Path(path))
    if target.is_file() and not is_stdout(target):
        target.chmod(mode | stat.S_IWUSR)


def save_together(files: Sequence[tuple[str | os.PathLike[str], bytes]], *, overwrite: bool) -> None:
    """Write several files as one promise: the last one appears only when the others are in place.

    All bytes are on the disk before the first file gets its name. If a name cannot be given, new files
    that already have theirs are taken away again. What is replaced under `overwrite` stays replaced.

    Raises:
        Refused: one of them exists, and `overwrite` is False.
        EspromError: the system does not let us.
    """
    targets = [Path(path) for path, _ in files]
    check_targets(targets, overwrite=overwrite)
    targets = [_real(target) for target in targets]
    staged: list[_Staged] = []
    try:
        for target, (_, data) in zip(targets, files, strict=True):
            staged.append(_stage(target))
            staged[-1].fill(data)
        for item in staged:
            item.publish(overwrite=overwrite)
    except BaseException as exc:  # Ctrl-C too must leave nothing behind
        for item in staged:
            item.withdraw()
        if isinstance(exc, OSError):
            raise EspromError(f"cannot write {exc.filename or targets[0]}: {exc.strerror or exc}") from exc
        raise
    for folder in {target.parent for target in targets}:
        _push_names_to_disk(folder)


def check_targets(paths: Sequence[Path], *, overwrite: bool, size: int = 0) -> None:
    """Find out what would keep the files from being saved, before the work that makes them.

    Args:
        paths: the files that are to be written.
        overwrite: whether they may exist.
        size: bytes that they need together, if that is known.

    Raises:
        Refused: one of them exists, and `overwrite` is False.
        FileError: it or its folder must not be written to, or there is no such folder.
        EspromError: the disk is full.
    """
    for path in paths:
        if path.is_dir():
            raise FileError(f"cannot write {path}: it is a folder")
        if not overwrite and os.path.lexists(path):
            raise Refused(_exists(path))
        folder = _real(path).parent
        if not folder.is_dir():
            raise FileError(f"cannot write {path}: there is no folder {folder}")
        if path.exists() and _is_protected(path):
            raise FileError(f"cannot write {path}: it must not be written to")
        if not os.access(folder, os.W_OK):
            raise FileError(f"cannot write {path}: the folder {folder} must not be written to")
        free = shutil.disk_usage(folder).free
        if free < size:
            raise EspromError(f"cannot write {path}: {size} bytes are needed, the disk has {free} left")


def check_apart(targets: Sequence[str | os.PathLike[str]], sources: Sequence[str | os.PathLike[str]]) -> None:
    """Raise FileError where one of the targets is one of the sources, by whatever name: it would be lost."""
    for target in targets:
        for source in sources:
            if Path(target).is_file() and os.path.samefile(target, source):
                raise FileError(
                    f"cannot write {target}: it is read too, and would be lost; choose another name"
                )


def load(path: str | os.PathLike[str]) -> bytes:
    """Return what the file holds; what is no file but a pipe or a device, up to its end.

    Raises FileError where it cannot be read, or such a stream holds more than the largest flash.
    """
    try:
        with open(path, "rb") as stream:
            if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return stream.read()
            data = stream.read(MOST_OF_A_STREAM + 1)
    except OSError as exc:
        raise FileError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if len(data) > MOST_OF_A_STREAM:
        raise FileError(
            f"cannot read {path}: it is no file, and does not end within {MOST_OF_A_STREAM:#x} bytes, which"
            " are the largest flash"
        )
    return data


def is_stdout(path: str | os.PathLike[str]) -> bool:
    """Say whether `path` leads to where standard output goes, as /dev/stdout does."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(STDOUT))
    except OSError:  # there is no such file, or no standard output
        return False


def _pour(into: Path | int, target: Path, data: bytes) -> None:
    try:
        with open(into, "wb", closefd=not isinstance(into, int)) as stream:
            stream.write(data)
    except OSError as exc:
        raise EspromError(f"cannot write {target}: {exc.strerror or exc}") from exc


@dataclass(slots=True)
class _Staged:
    """A file on its way: hidden beside its target, until it is given the name."""

    target: Path
    hidden: Path
    handle: int  # file descriptor, -1 when closed
    created: bool = False  # the target is there, and is ours to take away

    def fill(self, data: bytes) -> None:
        with os.fdopen(self.handle, "wb") as stream:
            self.handle = -1
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())

    def publish(self, *, overwrite: bool) -> None:
        if overwrite:
            os.replace(self.hidden, self.target)
            return
        try:
            _rename_to_new_name(self.hidden, self.target)
        except FileExistsError:  # it appeared since we looked
            raise Refused(_exists(self.target)) from None
        self.created = True

    def withdraw(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
        with contextlib.suppress(OSError):
            self.hidden.unlink(missing_ok=True)
        if self.created:
            with contextlib.suppress(OSError):
                self.target.unlink()


def _stage(target: Path) -> _Staged:
    handle, hidden = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
    return _Staged(target, Path(hidden), handle)


def _rename_to_new_name(hidden: Path, target: Path) -> None:
    """Rename, but never onto a file that is there. Raises FileExistsError."""
    if os.name == "nt":
        os.rename(hidden, target)  # does not replace on Windows
        return
    try:
        os.link(hidden, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: the look before must do
        os.replace(hidden, target)
        return
    hidden.unlink()


def _push_names_to_disk(folder: Path) -> None:
    """Make the new names outlast a power cut. Windows neither offers nor needs this."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # some network file systems refuse; the data itself is safe
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _real(path: Path) -> Path:
    """Return the file that a link leads to, any other path as it is."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _is_protected(path: Path) -> bool:
    """Say whether a file must not be written to: we may not, or nobody may, which the system lets root do."""
    return not os.access(path, os.W_OK) or not stat.S_IMODE(path.stat().st_mode) & WRITABLE


def _exists(path: Path) -> str:
    return f"{path} exists already: choose another name, or give --force to replace it"

# SPDX-License-Identifier: Apache-2.0
"""A flash chip's cells that are kept in a file, so that a board remembers when its process is gone.

One rule: each change goes to the file by one write that lies in one sector. The kernel finishes such a
write even for a process that is killed meanwhile, so each page in the file is the old or the new one.
"""

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends into something else


class FlashFile(bytearray):
    """Cells that are written through to `path`.

    Args:
        path: a file of `size` bytes.
        size: the flash chip's, in bytes.
        fresh: makes the content of a file that does not exist yet.

    Raises:
        ValueError: the file is not `size` bytes long.
        OSError: it cannot be opened or made.
    """

    def __init__(self, path: Path, size: int, fresh: Callable[[], bytes]) -> None:
        if not path.exists():
            _create(path, fresh())
        self._number: int | None = os.open(path, os.O_RDWR | BINARY)
        try:
            found = os.fstat(self._number).st_size
            if found != size:
                raise ValueError(f"{path} is {found} bytes long, the flash chip {size}")
            with open(self._number, "rb", closefd=False) as file:
                super().__init__(file.read())
        except BaseException:
            self.close()
            raise

    def __setitem__(self, where: Any, data: Any) -> None:
        """Change cells, here and in the file. Raises OSError if the file takes nothing (a full disk)."""
        super().__setitem__(where, data)
        if self._number is None:
            return
        first, last, _ = where.indices(len(self)) if isinstance(where, slice) else (where, where + 1, 1)
        changed = self[first:last]
        if hasattr(os, "pwrite"):
            written = os.pwrite(self._number, changed, first)
        else:  # Windows
            os.lseek(self._number, first, os.SEEK_SET)
            written = os.write(self._number, changed)
        if written != len(changed):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Bring all of it to the disk and let go of the file; the cells stay. Twice does nothing."""
        if self._number is not None:
            number, self._number = self._number, None
            try:
                os.fsync(number)
            finally:
                os.close(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _create(path: Path, content: bytes) -> None:
    """Make the file whole or not at all."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as exc:  # of a name that nobody has asked for
        raise OSError(exc.errno, exc.strerror, str(path)) from exc
    beside = Path(name)
    try:
        with open(number, "wb") as file:
            file.write(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

# SPDX-License-Identifier: Apache-2.0
"""Bytes that an unlucky write has left nowhere but in our memory go into files, whatever it takes.

One file for each address, with mode 0600; in the folder where the user is, else at home, else where
temporary files go. Nothing is overwritten.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import esprom
from esprom.errors import EspromError, Refused

Saved = dict[int, Path]  # address of the first byte -> file


def save(kept: Mapping[int, bytes], mac: str) -> Saved:
    """Save the bytes, by their addresses. Raises EspromError where no folder takes them."""
    board = mac.replace(":", "").replace("?", "x")
    return {address: _save_one(f"esprom-rescue-{board}-{address:#x}", data) for address, data in kept.items()}


def _save_one(name: str, data: bytes) -> Path:
    reasons = []
    for folder in _folders():
        try:
            return _save_in(folder, name, data)
        except (EspromError, OSError) as error:
            reasons.append(str(error))
    raise EspromError("; ".join(reasons) or "there is no folder for it")


def _save_in(folder: Path, name: str, data: bytes) -> Path:
    for number in count(1):
        path = folder / (f"{name}.bin" if number == 1 else f"{name}-{number}.bin")
        try:
            esprom.save(path, data, overwrite=False)
        except Refused:  # of an earlier misfortune
            continue
        return path
    raise AssertionError("count() has no end")


def _folders() -> Iterator[Path]:
    import tempfile  # here, since every command pays for what stands above

    for find in (Path.cwd, Path.home, tempfile.gettempdir):
        try:
            folder = Path(find())
        except (OSError, RuntimeError):  # it has been deleted, or nothing tells where it is
            continue
        yield folder

# SPDX-License-Identifier: Apache-2.0
"""Whether a manifest was made for the image beside it (RESTORE-1)."""

import os

from esprom.backup.manifest import ForeignManifest, Manifest
from esprom.backup.naming import BackupFiles, files_to_read
from esprom.errors import FileError, ImageError
from esprom.files import load

UNVOUCHED = "nothing tells from which board the image is or proves it whole"
MOVE_AWAY = "to use the image all the same, as a file that nothing vouches for, move the .json away"


def matching_manifest(files: BackupFiles, data: bytes) -> tuple[Manifest | None, list[str]]:
    """Return the manifest, or why there is none. Raises ImageError where it is that of another image."""
    if not files.manifest.exists():
        return None, [f"there is no NAME.json beside the file: {UNVOUCHED}"]
    try:
        manifest = Manifest.from_json(load(files.manifest))
    except ForeignManifest:
        return None, [f"{files.manifest} is not the manifest of a backup, and is passed over: {UNVOUCHED}"]
    except ImageError as exc:
        raise ImageError(f"{files.manifest}: {exc}; {MOVE_AWAY}") from exc
    if len(data) != manifest.flash.size:
        found = f"has {len(data)} bytes and not {manifest.flash.size}"
    elif (offset := manifest.digests.first_difference(data)) is not None:
        found = f"differs in the {manifest.digests.block_size} bytes from 0x{offset:x} on"
    else:
        return manifest, []
    raise ImageError(
        f"{files.image} is not the file that {files.manifest} was made for: it {found}; it was changed or "
        f"damaged; {MOVE_AWAY}"
    )


def load_backup(path: str | os.PathLike[str]) -> bytes:
    """Return the image of a backup, or of another tool's dump; one that is what its manifest says.

    Raises:
        ImageError: it cannot be read, is empty, or is not the one that the manifest beside it was made for.
    """
    files = files_to_read(path)
    data = load(files.image)
    if not data:
        raise FileError(f"{files.image} is empty")
    matching_manifest(files, data)
    return data

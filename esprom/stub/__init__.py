# SPDX-License-Identifier: Apache-2.0
"""Our own stub loader: `src/` is what it is made of, `build.py` makes the image, which is committed."""

import json
from base64 import b64decode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from esprom.errors import FileError, ImageError

IMAGE = "image.json"


@dataclass(frozen=True, slots=True)
class Image:
    """A program for RAM: code alone, the rest begins as zeros."""

    address: int
    entry: int
    code: bytes
    sha256: str  # of the code
    memory: tuple[int, int]  # addresses of the memory that it takes besides, from and to


@cache
def image() -> Image:
    """Return the committed image."""
    return _parsed(files(__package__).joinpath(IMAGE).read_text("ascii"))


def load(path: Path) -> Image:
    """Return an image that `python -m esprom.stub.build` has written elsewhere. Raises ImageError."""
    try:
        return _parsed(path.read_text("ascii"))
    except OSError as exc:
        raise FileError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise ImageError(f"{path} is no image of a stub loader: {exc}") from exc


def _parsed(text: str) -> Image:
    found = json.loads(text)
    code = b64decode(found["code"], validate=True)
    if sha256(code).hexdigest() != found["sha256"]:
        raise ValueError("its code does not have the SHA-256 that it states")
    return Image(found["address"], found["entry"], code, found["sha256"], tuple(found["memory"]))

# SPDX-License-Identifier: Apache-2.0
"""What is in a file that the command line names: what is wrong with it is told with its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import esprom
from esprom.errors import FileError, ImageError

CONTAINERS = {  # by what they begin with: what is no image, and what to do with it
    b"\x7fELF": "an ELF file, of which elf2image makes an image",
    b"UF2\n": "UF2, which a boot loader with a USB drive takes apart; merge-bin makes files for the flash",
}


def container(data: bytes) -> str | None:
    """Return what holds a program in a form that is not the flash's, in words; None where it is none."""
    return next((words for begin, words in CONTAINERS.items() if data.startswith(begin)), None)


def loaded(file: Path) -> bytes:
    """Return what a file holds. Raises FileError where it is empty."""
    data = esprom.load(file)
    if not data:
        raise FileError(f"{file} is empty")
    return data


@contextmanager
def named(file: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with its content."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{file}: {error}") from error

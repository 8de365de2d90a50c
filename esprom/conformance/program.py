# SPDX-License-Identifier: Apache-2.0
"""A stub loader that is to be checked: ours, or an image from a file, in our form or in that of other tools.

Theirs is JSON with `text` and `data` in base64, `text_start`, `data_start` and `entry` (observed).
"""

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

from esprom import stub
from esprom.errors import FileError, ImageError
from esprom.loader.rom import LARGEST_BLOCK, RomLoader
from esprom.protocol.packets import GREETING

GREETING_S = 3.0


@dataclass(frozen=True, slots=True)
class Program:
    """What is stored, where, and where it begins."""

    name: str
    segments: tuple[tuple[int, bytes], ...]  # address, content
    entry: int
    ours: bool  # whether it has our own commands

    def start(self, rom: RomLoader) -> None:
        """Store it and jump to it.

        Raises:
            EspromError: it cannot be stored, or does not greet.
        """
        for address, content in self.segments:
            padded = content + bytes(-len(content) % 4)
            blocks = [padded[at : at + LARGEST_BLOCK] for at in range(0, len(padded), LARGEST_BLOCK)]
            rom.mem_begin(len(padded), len(blocks), LARGEST_BLOCK, address)
            for number, block in enumerate(blocks):
                rom.mem_data(number, block)
        rom.mem_end(stay=0, entry=self.entry)
        rom.session.await_greeting(GREETING, GREETING_S)


def our_program() -> Program:
    """Return our stub."""
    return _ours(stub.image(), "our stub")


def load_program(path: Path) -> Program:
    """Return the stub in a file. Raises ImageError."""
    try:
        return _ours(stub.load(path), path.name)
    except FileError:
        raise
    except ImageError:
        return _other(path)


def _ours(image: stub.Image, name: str) -> Program:
    return Program(name, ((image.address, image.code),), image.entry, ours=True)


def _other(path: Path) -> Program:
    try:
        found = json.loads(path.read_text("ascii"))
        segments = [(int(found["text_start"]), b64decode(found["text"], validate=True))]
        if found.get("data"):
            segments.append((int(found["data_start"]), b64decode(found["data"], validate=True)))
        return Program(path.name, tuple(segments), int(found["entry"]), ours=False)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ImageError(f"{path} is no image of a stub loader that is known here: {exc}") from exc

# SPDX-License-Identifier: Apache-2.0
"""ADDRESS FILE ..., and -fs, -fm, -ff: what is to be in the flash, looked at before it is touched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

import esprom
from esprom.cli import completing
from esprom.cli.contents import container
from esprom.cli.failures import BeyondFlash
from esprom.cli.headers import DETECT, KEEP, edited, header_options
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import ADDRESS, INPUT_FILE
from esprom.errors import EspromError, Refused

DECORATORS = (
    click.argument("placed", metavar="ADDRESS FILE...", nargs=-1, shell_complete=completing.files),
    header_options(sizes=(DETECT, *esprom.HEADER_SIZES)),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or a piece of an Intel HEX file, and where it goes. `data` has the header as it is wanted."""

    offset: int
    file: Path
    data: bytes
    pair: int  # of ADDRESS FILE, counted from 0 as they were typed
    edited: bool = False

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.offset + len(self.data)

    @property
    def name(self) -> str:
        """What the part is called in messages."""
        return f"{self.file} at {self.offset:#x}"

    @property
    def segment(self) -> "esprom.Segment":
        """The part as the library takes it."""
        return esprom.Segment(self.offset, self.data)

    def facts(self) -> Facts:
        """Return the part as JSON says it."""
        import hashlib  # --help needs no digest, and OpenSSL takes its time to load

        return {
            "offset": self.offset,
            "size": len(self.data),
            "file": str(self.file),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "header_edited": self.edited,
        }


@dataclass(frozen=True, slots=True)
class Placed:
    """What ADDRESS FILE ... says: what goes where, by address, and how many pairs were typed."""

    parts: tuple[Part, ...]
    pairs: int


@dataclass(frozen=True, slots=True)
class HeaderEdit:
    """What -fs, -fm and -ff say; `keep` leaves what the file has."""

    size: str
    mode: str
    frequency: str

    def resolved(self, flash: "esprom.FlashInfo") -> "HeaderEdit":
        """Return the edit with `detect` replaced by the size that the flash has."""
        if self.size != DETECT:
            return self
        found = esprom.size_name(flash.size)
        if found not in esprom.HEADER_SIZES:
            raise Refused(f"an image header has no word for a flash of {found}; choose another -fs, or keep")
        return replace(self, size=found)

    def apply(self, part: Part) -> Part:
        """Return the part with the header edited: the one at offset 0, if it begins with an image."""
        if part.offset != 0:
            return part
        data = edited(part.data, str(part.file), size=self.size, mode=self.mode, frequency=self.frequency)
        return replace(part, data=data, edited=data != part.data)

    @property
    def asks(self) -> bool:
        """Whether anything is to be edited."""
        return (self.size, self.mode, self.frequency) != (KEEP,) * 3

    @property
    def limit(self) -> int | None:
        """The size of the flash that -fs states, in bytes."""
        return esprom.size_in_bytes(self.size)


def part_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ADDRESS FILE ..., -fs, -fm, -ff to a command; its function gets `placed` and `edit`."""

    @wraps(function)  # the options that are declared below ours come along
    def gather(
        session: Session,
        *,
        placed: tuple[str, ...],
        size: str,
        mode: str,
        frequency: str,
        **rest: Any,
    ) -> Any:
        found = Placed(_parts(session, placed), len(placed) // 2)
        return function(session, placed=found, edit=HeaderEdit(size, mode, frequency), **rest)

    found: Callable[..., Any] = gather
    for decorate in reversed(DECORATORS):
        found = decorate(found)
    return found


def in_pairs(words: Sequence[str], example: str) -> list[tuple[int, Path]]:
    """Return the pairs that ADDRESS FILE ... are. Raises UsageError, with an example, if they are none."""
    if not words or len(words) % 2:
        raise click.UsageError(f"give pairs of an address and a file: {example}")
    return [
        (ADDRESS.convert(word, None, None), Path(INPUT_FILE.convert(name, None, None)))
        for word, name in zip(words[::2], words[1::2], strict=True)
    ]


def _parts(session: Session, words: tuple[str, ...]) -> tuple[Part, ...]:
    """Read the files of ADDRESS FILE ... in the order of their addresses. Raises if they overlap."""
    parts = []
    for pair, (offset, file) in enumerate(in_pairs(words, "0x0 image.bin")):
        data = esprom.load(file)
        if data:
            pieces = pieces_of(session, offset, file, data)
            parts += [Part(piece.address, file, piece.data, pair) for piece in pieces]
        else:
            session.output.note(f"warning: '{file}' is empty, it is left out")
    if not parts:
        raise click.UsageError("the file is empty" if len(words) == 2 else "all the files are empty")
    parts.sort(key=lambda part: part.offset)
    for first, second in pairwise(parts):
        if second.offset < first.end:
            raise click.UsageError(
                f"Detected overlap at address: {second.offset:#x} : {first.name} ends at {first.end:#x},"
                f" in {second.name}"
            )
    return tuple(parts)


def pieces_of(session: Session, offset: int, file: Path, data: bytes) -> "Sequence[esprom.Segment]":
    """Return what a file puts where. Intel HEX goes by its own addresses, whatever ADDRESS says.

    Raises UsageError where there is nothing in it, or the HEX is damaged.
    """
    note_raw(session, file, data)
    try:
        pieces = esprom.file_pieces(offset, data)
    except EspromError as error:
        raise click.UsageError(f"{file}: {error}") from error
    first = pieces[0].address
    if offset not in (0, first):
        session.output.note(
            f"warning: {file} is Intel HEX, which has its own addresses: it goes to {first:#x},"
            f" not {offset:#x}"
        )
    return pieces


def note_raw(session: Session, file: Path, data: bytes) -> None:
    """Tell of a file that is a container and no content of a flash, or may be one that is damaged."""
    if found := container(data):
        session.output.note(f"warning: {file} is {found}: its bytes are taken as they are")
    if data.startswith(b":") and not esprom.is_hex(data):
        session.output.note(
            f"warning: {file} begins with ':', as Intel HEX does, but its first line is no record of that:"
            " its bytes are taken as they are"
        )


def prepared(
    session: Session, parts: Sequence[Part], edit: HeaderEdit, flash: "esprom.FlashInfo", *, force: bool
) -> list[Part]:
    """Return what is to be in the flash. Raises before anything is touched if that cannot be."""
    for part in parts:
        if part.end > flash.size:
            raise _beyond(part, flash.size, f"the flash is {_sized(flash.size)}")
        if edit.limit is not None and part.end > edit.limit and not force:
            raise _beyond(part, edit.limit, f"-fs says {_sized(edit.limit)}, and --force was not given")
    edit = edit.resolved(flash)
    if edit.limit is not None and edit.limit > flash.size and not force:
        raise Refused(
            f"-fs {edit.size} is more than the flash has ({esprom.size_name(flash.size)}): the firmware "
            "would look for its data beyond the end; choose -fs detect, or add --force if you mean it"
        )
    ready = [edit.apply(part) for part in parts]
    if edit.asks and not any(part.offset == 0 for part in parts):
        session.output.note("warning: -fs, -fm and -ff edit a file for 0x0, and there is none")
    for part in ready:
        if part.edited:
            session.output.note(f"{part.name}: the header is edited as -fs, -fm and -ff say")
            settings = f"0x{part.data[2]:02x}{part.data[3]:02x}"
            session.output.say(f"Flash parameters set to {settings}.", old=f"Flash params set to {settings}")
    return ready


def _beyond(part: Part, size: int, reason: str) -> BeyondFlash:
    return BeyondFlash(
        f"File '{part.file}' (length {len(part.data)}) at offset {part.offset:#010x} will not fit in {size}"
        f" bytes of flash: it would end at {part.end:#x}, and {reason}",
        end=part.end,
        flash_size=size,
    )


def _sized(size: int) -> str:
    return f"{esprom.size_name(size)} ({size:#x} bytes)"

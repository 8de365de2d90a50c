# SPDX-License-Identifier: Apache-2.0
"""Files and the flash: write-flash, verify-flash. All files are checked before the flash is touched."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

import esprom
from esprom.cli.commands.erase import unprotect_option
from esprom.cli.failures import BeyondFlash
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import ADDRESS, INPUT_FILE, number
from esprom.errors import ImageError, Refused

HALF_WRITTEN = "the flash may be part old, part new; run the same command again to finish"


@dataclass(frozen=True, slots=True)
class Part:
    """A file and where it goes. `data` is the file's, with the header edited if that was asked for."""

    offset: int
    file: Path
    data: bytes
    edited: bool = False

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.offset + len(self.data)

    @property
    def name(self) -> str:
        """What the part is called in messages."""
        return f"{self.file} at {self.offset:#x}"

    def facts(self) -> Facts:
        """Return the part as JSON says it."""
        return {
            "offset": self.offset,
            "size": len(self.data),
            "file": str(self.file),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "header_edited": self.edited,
        }


@dataclass(frozen=True, slots=True)
class HeaderEdit:
    """What -fs, -fm and -ff say; `keep` leaves what the file has."""

    size: str
    mode: str
    frequency: str

    def resolved(self, flash: "esprom.FlashInfo") -> "HeaderEdit":
        """Return the edit with `detect` replaced by the size that the flash has."""
        if self.size != "detect":
            return self
        found = esprom.size_name(flash.size)
        if found not in esprom.HEADER_SIZES:
            raise Refused(f"an image header has no word for a flash of {found}; choose another -fs, or keep")
        return replace(self, size=found)

    def apply(self, part: Part) -> Part:
        """Return the part with the header edited: the one at offset 0, if it begins with an image."""
        if part.offset != 0:
            return part
        data = esprom.edit_header(part.data, size=self.size, mode=self.mode, frequency=self.frequency)
        return replace(part, data=data, edited=data != part.data)

    def asks(self) -> bool:
        """Say whether anything is to be edited."""
        return (self.size, self.mode, self.frequency) != ("keep", "keep", "keep")


def _in_pairs(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> tuple[Part, ...]:
    """Read the files of ADDRESS FILE ... in the order of their addresses. Raises if they overlap."""
    if not words or len(words) % 2:
        raise click.BadParameter("give pairs of an address and a file: 0x0 image.bin", ctx, param)
    offsets = [ADDRESS.convert(word, param, ctx) for word in words[::2]]
    files = [_existing(word, param, ctx) for word in words[1::2]]
    parts = [Part(offset, file, file.read_bytes()) for offset, file in zip(offsets, files, strict=True)]
    parts.sort(key=lambda part: part.offset)
    for part in parts:
        if not part.data:
            raise click.BadParameter(f"{part.file} is empty", ctx, param)
    for first, second in pairwise(parts):
        if second.offset < first.end:
            raise click.BadParameter(f"{first.name} ends at {first.end:#x}, in {second.name}", ctx, param)
    return tuple(parts)


def _existing(word: str, param: click.Parameter, ctx: click.Context) -> Path:
    path = INPUT_FILE.convert(word, param, ctx)
    assert isinstance(path, Path)
    return path


def _part_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ADDRESS FILE ..., -fs, -fm, -ff to a command; its function gets `parts` and `edit`."""

    @wraps(function)  # the options that are declared below ours come along
    def gather(*args: Any, size: str, mode: str, frequency: str, **kwargs: Any) -> Any:
        return function(*args, edit=HeaderEdit(size, mode, frequency), **kwargs)

    decorators = (
        click.argument("parts", metavar="ADDRESS FILE...", nargs=-1, callback=_in_pairs),
        _header_option("--flash-size", "-fs", "size", ("keep", "detect", *esprom.HEADER_SIZES)),
        _header_option("--flash-mode", "-fm", "mode", ("keep", *esprom.HEADER_MODES)),
        _header_option("--flash-freq", "-ff", "frequency", ("keep", *esprom.HEADER_FREQUENCIES)),
    )
    for decorate in reversed(decorators):
        gather = decorate(gather)
    return gather


def _header_option(
    long: str, short: str, name: str, words: Sequence[str]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        long,
        short,
        name,
        type=click.Choice(words, case_sensitive=False),
        default="keep",
        metavar="WORD",
        help=f"Flash {name} in the image header: {', '.join(words)}.",
    )


@command("write-flash")
@_part_arguments
@click.option("--force", is_flag=True, help="Write -fs even if it is more than the flash has.")
@click.option("--erase-all", "-e", is_flag=True, help="Erase the whole flash first.")
@unprotect_option
@click.option("--compress", "-z", is_flag=True, hidden=True, expose_value=False)
@click.option("--no-compress", "-u", is_flag=True, hidden=True, expose_value=False)
@click.option("--verify", is_flag=True, hidden=True, expose_value=False)
def write_flash(
    session: Session,
    parts: tuple[Part, ...],
    edit: HeaderEdit,
    *,
    force: bool,
    erase_all: bool,
    unprotect: bool,
) -> Facts:
    """Write files to the flash, and verify them.

    Exactly the bytes of each FILE are written at its ADDRESS: what is beside them in the same sector
    stays. -fs, -fm and -ff edit the header of an image for 0x0, as esptool does.
    """
    for part in parts:
        if part.offset == 0 and (harm := _harm(part.data)):
            session.output.note(f"warning: {part.file} begins like firmware, but {harm}; written as it is")
    with session.device() as device:
        ready = _prepare(session, parts, edit, device.flash(), force=force)
        with session.change(device, HALF_WRITTEN) as job:
            if erase_all:
                device.erase_flash(unprotect=unprotect, progress=job.progress, cancel=job.cancel)
            for part in ready:
                device.write_flash(
                    part.offset,
                    part.data,
                    unprotect=unprotect,
                    progress=job.progress,
                    cancel=job.cancel,
                )
    for part in ready:
        session.output.result(f"Wrote {len(part.data)} bytes at {part.offset:#010x} and verified them")
    return {"written": [part.facts() for part in ready], "erased_all": erase_all, "verified": True}


@command("verify-flash")
@_part_arguments
def verify_flash(session: Session, parts: tuple[Part, ...], edit: HeaderEdit) -> Facts:
    """Compare the flash with files.

    Give the -fs, -fm and -ff that the files were written with: they edit the header that is compared.
    """
    with session.device() as device:
        ready = _prepare(session, parts, edit, device.flash(), force=True)
        with session.job() as job:
            for part in ready:
                device.verify_flash(part.offset, part.data, progress=job.progress, cancel=job.cancel)
    for part in ready:
        session.output.result(f"Verified {len(part.data)} bytes at {part.offset:#010x}: equal to {part.file}")
    return {"verified": [part.facts() for part in ready]}


def _harm(data: bytes) -> str | None:
    """Return why the chip will not start what begins like an image; None where it will, or it is none."""
    if data[0] not in esprom.MAGICS:
        return None
    try:
        image = esprom.parse_image(data)
    except ImageError as exc:
        return str(exc)
    return None if image.checksum_good else "its checksum is wrong"


def _prepare(
    session: Session, parts: Sequence[Part], edit: HeaderEdit, flash: "esprom.FlashInfo", *, force: bool
) -> list[Part]:
    """Return what is to be in the flash. Raises before anything is touched if it cannot be."""
    for part in parts:
        if part.end > flash.size:
            raise BeyondFlash(
                f"{part.name} would end at {part.end:#x}, and the flash is {esprom.size_name(flash.size)} "
                f"({flash.size:#x} bytes)",
                end=part.end,
                flash_size=flash.size,
            )
    edit = edit.resolved(flash)
    if edit.size != "keep" and not force and number(edit.size.removesuffix("-c1")) > flash.size:
        raise Refused(
            f"-fs {edit.size} is more than the flash has ({esprom.size_name(flash.size)}): the firmware "
            "would look for its data beyond the end; choose -fs detect, or add --force if you mean it"
        )
    ready = [edit.apply(part) for part in parts]
    if edit.asks() and not any(part.offset == 0 for part in parts):
        session.output.note("warning: -fs, -fm and -ff edit a file for 0x0, and there is none")
    for part in ready:
        if part.edited:
            session.output.note(f"{part.name}: the header is edited as -fs, -fm and -ff say")
    return ready

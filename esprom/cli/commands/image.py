# SPDX-License-Identifier: Apache-2.0
"""Image files as they are: image-info, edit-header."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import click

import esprom
from esprom.cli.contents import container, loaded, named
from esprom.cli.group import VerbCommand, command
from esprom.cli.headers import KEEP, header_options
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.settings import OFFLINE
from esprom.cli.values import INPUT_FILE, OUTPUT_FILE
from esprom.errors import ImageError

LEGACY, EXTENDED = "1", "2"
OLD_FORM = (("-v", LEGACY), ("-v", EXTENDED))
TABLE = (
    "Segment   Length   Load addr   File offs  Memory types",
    "-------  -------  ----------  ----------  ------------",
)
PLAIN_WORDS = "by the numbers of the other forms, as esptool reads it"


@dataclass(frozen=True, slots=True)
class Looked:
    """An image that was looked at: where its piece of the file is for, and what it is."""

    offset: int
    size: int
    details: "esprom.ImageDetails"
    found: tuple["esprom.Found", ...]

    def facts(self) -> Facts:
        """Return it as JSON says it."""
        details, trailer = self.details, self.details.trailer
        return {
            "offset": self.offset,
            "size": self.size,
            "form": details.form,
            "entry": details.entry,
            "settings": asdict(details.settings),
            "segments": [asdict(segment) for segment in details.segments],
            "image_size": details.size,
            "checksum": details.checksum,
            "calculated": details.expected,
            "checksum_good": details.checksum_good,
            "trailer": trailer
            and {"kind": trailer.kind, "stated": trailer.stated.hex(), "good": trailer.good},
            "following": details.following,
            "found": [asdict(mark) for mark in self.found],
        }


class InfoCommand(VerbCommand):
    """image-info: `-v 1` and `-v 2` are esptool 4's for `--version`; any other `-v` is `--verbose`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse."""
        pairs = pairwise([*args, ""])
        return super().parse_args(ctx, ["--version" if pair in OLD_FORM else pair[0] for pair in pairs])


@command("image-info", shared=OFFLINE, cls=InfoCommand)
@click.argument("file", type=INPUT_FILE)
@click.option(
    "--version",
    "form",
    type=click.Choice([LEGACY, EXTENDED]),
    help="How it is printed: 1 or 2; unless told 2, and 1 for image_info, as esptool 4 has it.",
)
def image_info(session: Session, file: Path, *, form: str | None) -> Facts:
    """Tell what a firmware image is.

    Shows its header, segments and checksum, and what names and versions are in it. FILE is an image of any
    form, or Intel HEX or UF2, of which each piece is looked at. A wrong checksum is told, and is no failure;
    a file that is no image, or one for another chip, is.
    """
    output, data = session.output, loaded(file)
    form = form or (LEGACY if output.old else EXTENDED)
    pieces = _pieces(file, data)
    with named(file):
        looked = [piece for piece in (_look(piece, alone=len(pieces) == 1) for piece in pieces) if piece]
    if not looked:
        raise ImageError(f"{file} has {len(pieces)} pieces, and none of them is a firmware image")
    legacy_size = output.old or form == LEGACY
    output.result(f"File size: {len(data)} (bytes)" if legacy_size else f"Image size: {len(data)} bytes")
    if session.settings.chip != "esp8266":
        output.result("Detected image type: ESP8266")
    for piece in looked:
        if len(pieces) > 1:
            output.result(f"\nPiece at 0x{piece.offset:x}, {piece.size} bytes")
        lines = _legacy(piece.details) if form == LEGACY else _extended(piece.details, old=output.old)
        for line in (*lines, *_hints(piece)):
            output.result(line)
    return {"file": str(file), "size": len(data), "images": [piece.facts() for piece in looked]}


def _pieces(file: Path, data: bytes) -> "Sequence[esprom.Segment]":
    """Return what a file puts where. Raises UsageError for Intel HEX and UF2 that are damaged."""
    try:
        return esprom.parse_uf2(data) if esprom.is_uf2(data) else esprom.file_pieces(0, data)
    except ImageError as error:
        raise click.UsageError(f"{file}: {error}") from error


def _look(piece: "esprom.Segment", *, alone: bool) -> Looked | None:
    """Return what a piece of a file is; None where it is no image, and the others may be."""
    try:
        details = esprom.image_details(piece.data)
    except ImageError as error:
        if not alone:
            return None
        if piece.data[0] in esprom.MAGICS:
            raise
        found = container(piece.data)
        hint = (
            f"it is {found}" if found else "what stays in the flash of version 1, for 0x10000, has no header"
        )
        raise ImageError(f"{error}; {hint}") from error
    return Looked(piece.address, len(piece.data), details, esprom.inspect(piece.data).found)


def _extended(details: "esprom.ImageDetails", *, old: bool) -> list[str]:
    version = 2 if details.form == 2 else 1
    lines = ["", *_title("ESP8266 Image Header", old=old), f"Image version: {version}"]
    if details.form == 3:
        lines.append("Form: the RTOS SDK's")
    lines += [f"Entry point: {details.entry:#010x}", f"Segments: {len(details.segments)}"]
    lines += _settings(details)
    lines += ["", *_title("Segments Information", old=old), *TABLE]
    for number, segment in enumerate(details.segments):
        lines.append(
            f"{number:>7}  0x{segment.size:05x}  0x{segment.address:08x}  0x{segment.offset:08x}"
            f"  {segment.memory}"
        )
    return [
        *lines,
        "",
        *_title("ESP8266 Image Footer", old=old),
        f"Checksum: {_checksum(details, '#04x')}",
        *_trailer(details),
    ]


def _settings(details: "esprom.ImageDetails") -> list[str]:
    """Return the settings; of the RTOS SDK's form both readings of the size: other tools know one."""
    size = details.settings.size
    if details.form == 3:
        size = f"{size} ({details.plain_size} {PLAIN_WORDS})"
    mode = details.settings.mode
    mode = mode.upper() if mode in esprom.HEADER_MODES else mode
    return [f"Flash size: {size}", f"Flash freq: {details.settings.frequency}", f"Flash mode: {mode}"]


def _legacy(details: "esprom.ImageDetails") -> list[str]:
    lines = [f"Image version: {2 if details.form == 2 else 1}", f"Entry point: {details.entry:08x}"]
    lines += [f"{len(details.segments)} segments", ""]
    for number, segment in enumerate(details.segments, 1):
        lines.append(
            f"Segment {number}: len 0x{segment.size:05x} load 0x{segment.address:08x}"
            f" file_offs 0x{segment.offset:08x} [{segment.memory}]"
        )
    return [*lines, f"Checksum: {_checksum(details, '02x')}", *_trailer(details)]


def _checksum(details: "esprom.ImageDetails", form: str) -> str:
    good = "valid" if details.checksum_good else f"invalid - calculated {details.expected:{form}}"
    return f"{details.checksum:{form}} ({good})"


def _trailer(details: "esprom.ImageDetails") -> list[str]:
    if details.trailer is None:
        return []
    name = {"crc32": "CRC-32", "sha256": "SHA-256"}[details.trailer.kind]
    return [f"{name}: {details.trailer.stated.hex()} ({'valid' if details.trailer.good else 'invalid'})"]


def _hints(piece: Looked) -> list[str]:
    lines = [
        f"Warning: 0x{segment.address:08x} is no memory that a boot loader fills"
        for segment in piece.details.segments
        if not segment.memory
    ]
    if piece.details.following:
        lines.append(f"Behind the image: {piece.details.following} bytes")
    if piece.found:
        lines += ["", *_title("Names And Versions"), *(_named(mark) for mark in piece.found)]
    return lines


def _named(mark: "esprom.Found") -> str:
    return f"{mark.kind}: {mark.name}" + (f" {mark.version}" if mark.version else "")


def _title(text: str, *, old: bool = False) -> tuple[str, str]:
    """Return a title and the line below it; esptool 4 has no capitals but the first."""
    if old:
        first, *others = text.split()
        text = " ".join([first, *(word.lower() for word in others)])
    return text, "=" * len(text)


@command("edit-header", shared=OFFLINE)
@click.argument("file", type=INPUT_FILE)
@click.option("--output", "-o", type=OUTPUT_FILE, help="Write the new image there, and leave FILE as it is.")
@header_options(sizes=dict.fromkeys((*esprom.HEADER_SIZES, *esprom.RTOS_SIZES)), environment=False)
@click.option("--force", is_flag=True, help="Replace the output if it exists.")
def edit_header(
    session: Session, file: Path, *, output: Path | None, size: str, mode: str, frequency: str, force: bool
) -> Facts:
    """Change the flash settings in an image's header.

    FILE is an image of any form; nothing else in it changes. Where the image is proved by a CRC or a digest,
    that is made anew. Without -o the file itself is replaced, whole or not at all.
    """
    if (size, mode, frequency) == (KEEP,) * 3:
        raise click.UsageError("nothing is to be changed: give -fs, -fm or -ff")
    data = loaded(file)
    with named(file):
        before = esprom.image_details(data)
    if not before.checksum_good:
        session.output.note(f"warning: the checksum of {file} is wrong, and stays so: it may be damaged")
    try:
        made = esprom.edit_image(data, size=size, mode=mode, frequency=frequency)
    except ValueError as error:
        raise click.UsageError(f"{file} has no such setting in its form: {error}") from error
    after = esprom.image_details(made)
    target = output or file
    session.output.leave_stdout_to(target)
    if output is not None:
        replace = force or not output.is_file() or esprom.is_stdout(output)
        esprom.save_made(output, made, [file], overwrite=replace)
    elif made != data:
        esprom.save_made(file, made, [file], overwrite=True)
    changes = _changes(before.settings, after.settings)
    for change in changes:
        session.output.result(f"Flash {change['setting']}: {change['before']} -> {change['after']}")
    if not changes:
        session.output.result("The header says so already: nothing is changed")
    if after.trailer and after.trailer.good and made != data:
        session.output.result(f"Made anew: {after.trailer.kind}")
    return {"file": str(file), "output": str(target), "changes": changes, "settings": asdict(after.settings)}


def _changes(before: "esprom.FlashHeader", after: "esprom.FlashHeader") -> list[dict[str, str]]:
    old, new = asdict(before), asdict(after)
    return [
        {"setting": name, "before": old[name], "after": new[name]} for name in old if old[name] != new[name]
    ]

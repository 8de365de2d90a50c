# SPDX-License-Identifier: Apache-2.0
"""inspect: what is inside a flash, as text with a map, as JSON, and as a page; and a copy without secrets."""

import re
from collections import Counter
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

import click

import esprom
from esprom.cli import completing
from esprom.cli.group import command
from esprom.cli.output import Facts, in_colour
from esprom.cli.session import Session
from esprom.cli.values import amount, count
from esprom.errors import FileError

PORT = re.compile(r"[a-z0-9]+://|/dev/|COM\d+$", re.IGNORECASE)
ROW = 64  # characters of the map in a line
LETTERS = {
    "boot loader": ("B", "red"),
    "firmware": ("#", "blue"),
    "file system": ("F", "green"),
    "calibration": ("C", "magenta"),
    "settings": ("S", "yellow"),
    "data": ("d", "white"),
    "blank": (".", "bright_black"),
}


@command("inspect")
@click.argument("file", required=False, shell_complete=completing.files)
@click.option("--html", type=click.Path(path_type=Path), help="Write it as one HTML page with a picture.")
@click.option("--redact", type=click.Path(path_type=Path), help="Write a copy without the secrets.")
@click.option("--reveal", is_flag=True, help="Show passwords.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def inspect(
    session: Session, file: str | None, *, html: Path | None, redact: Path | None, reveal: bool, force: bool
) -> Facts:
    """Tell what is inside a flash.

    FILE is a backup, or any dump that begins at address 0. Where it is a port, or none is given, the flash of
    the board is read. Shows a map, the firmware images, file systems, settings, what names and versions were
    found, and where names of networks and passwords are.
    """
    targets = [path for path in (html, redact) if path is not None]
    esprom.check_targets(targets, overwrite=force)
    _check_apart([esprom.files_to_read(file).image, *targets] if file is not None else targets)
    name, data = _content(session, file)
    found = esprom.inspect(data)
    for line in _text(found, reveal=reveal):
        session.output.result(line)
    if html is not None:
        page = esprom.inspection_page(found, f"Flash of {name}", reveal=reveal)
        esprom.save(html, page.encode(), overwrite=force)
        session.output.result(f"Page: {html}")
    if redact is not None:
        clean, gone = esprom.redact(data, found)
        esprom.save(redact, clean, overwrite=force)
        session.output.result(
            f"Redacted copy: {redact}, without the {len(gone)} names and passwords and places for settings;"
            " what hides in a form that esprom does not know is still in it"
        )
    return _facts(found, name, html=html, redact=redact, reveal=reveal)


def _content(session: Session, file: str | None) -> tuple[str, bytes]:
    if file is not None and PORT.match(file) and not Path(file).is_file():
        session.settings = replace(session.settings, port=file)
    elif file is not None:
        image = esprom.files_to_read(file).image
        data = esprom.load(image)
        if not data:
            raise FileError(f"{image} is empty: there is nothing to inspect")
        return str(image), data
    with session.device() as device:
        size = device.flash().size
        with session.job() as job:
            return device.chip.mac, device.read_flash(0, size, progress=job.progress, cancel=job.cancel)


def _check_apart(paths: list[Path]) -> None:
    """Raise FileError where two are the same file: what is written would replace what was read."""
    real = [path.resolve() for path in paths]
    for path in real:
        if real.count(path) > 1:
            raise FileError(f"{path} is named twice: what is written needs a file of its own")


def _text(found: "esprom.Inspection", *, reveal: bool) -> list[str]:
    lines = ["Map:", *_map(found), ""]
    for area in found.areas:
        name = area.kind.value if area.name == area.kind.value else f"{area.kind.value}: {area.name}"
        lines.append(f"  0x{area.offset:06x} to 0x{area.end - 1:06x}  {amount(area.size):>10}  {name}")
    lines += ["", "Images:" if found.images else "Images: none"]
    for image in found.images:
        settings = f"flash {image.settings.size}, {image.settings.mode}, {image.settings.frequency}"
        wrong = "WRONG: it does not start" if image.offset == 0 else "WRONG: it is damaged"
        checksum = "good" if image.checksum_good else wrong
        lines.append(
            f"  0x{image.offset:06x}  {image.role}, version {image.version}, {amount(image.size)},"
            f" {count(len(image.segments), 'segment')}, {settings}, entry 0x{image.entry:08x},"
            f" checksum {checksum}"
        )
    if found.found:
        lines += ["", "Names and versions:"]
        lines += [f"  0x{mark.offset:06x}  {_named(mark)}" for mark in found.found]
    return lines + _secret_lines(found, reveal=reveal)


def _secret_lines(found: "esprom.Inspection", *, reveal: bool) -> list[str]:
    if not found.secrets:
        return ["", "Names of networks and passwords: none in a form that esprom knows, outside of programs"]
    lines = ["", "Names of networks and passwords are in it; who gets the file gets them too:"]
    for secret in found.secrets:
        shown = secret.text if reveal or secret.kind == "name" else count(secret.size, "character")
        lines.append(f"  0x{secret.offset:06x}  {secret.kind}: {shown}")
    return lines


def _named(mark: "esprom.Found") -> str:
    return f"{mark.name} {mark.version} ({mark.kind})" if mark.version else f"{mark.name} ({mark.kind})"


def _map(found: "esprom.Inspection") -> list[str]:
    """Return the flash as letters, one a sector; of large flashes one for several, for the rarest of them."""
    per_cell = max(1, found.size // esprom.SECTOR // (ROW * 16))
    sectors = [area.kind.value for area in found.areas for _ in range(-(-area.size // esprom.SECTOR))]
    often = Counter(sectors)
    kinds = [
        min(sectors[at : at + per_cell], key=often.__getitem__) for at in range(0, len(sectors), per_cell)
    ]
    rows = [kinds[at : at + ROW] for at in range(0, len(kinds), ROW)]
    lines = [
        f"  0x{number * ROW * per_cell * esprom.SECTOR:06x}  "
        + "".join(_letters(kind, len(list(run))) for kind, run in groupby(row))
        for number, row in enumerate(rows)
    ]
    key = ", ".join(f"{_letters(kind, 1)} {kind}" for kind in LETTERS if kind in kinds)
    return [*lines, f"  {key}; a letter is {amount(per_cell * esprom.SECTOR)}"]


def _letters(kind: str, times: int) -> str:
    letter, colour = LETTERS[kind]
    return click.style(letter * times, fg=colour) if in_colour() else letter * times


def _facts(
    found: "esprom.Inspection", name: str, *, html: Path | None, redact: Path | None, reveal: bool
) -> Facts:
    secrets = found.secrets
    if not reveal:
        secrets = tuple(
            replace(secret, text="") if secret.kind == "password" else secret for secret in secrets
        )
    return {
        "name": name,
        "size": found.size,
        "areas": [asdict(area) | {"kind": area.kind.value} for area in found.areas],
        "images": [
            asdict(image)
            | {"segments": [{"address": address, "size": size} for address, size in image.segments]}
            for image in found.images
        ],
        "found": [asdict(mark) for mark in found.found],
        "secrets": [asdict(secret) for secret in secrets],
        "entropy": [round(bits, 2) for bits in found.entropy],
        "html": str(html) if html is not None else None,
        "redacted": str(redact) if redact is not None else None,
    }

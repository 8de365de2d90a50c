# SPDX-License-Identifier: Apache-2.0
"""An inspection as one HTML page that needs nothing else: a picture of the flash, and all that was found."""

from collections.abc import Iterable
from html import escape

from esprom.flash.geometry import SECTOR
from esprom.inspection import Area, ImageFound, Inspection, Kind
from esprom.sizes import size_name

COLUMNS = 64  # cells in a row
CELL = 14  # pixels

# Told apart by those who do not see all colours too (Okabe and Ito's set).
COLOURS = {
    Kind.BOOT: "#D55E00",
    Kind.IMAGE: "#0072B2",
    Kind.FILES: "#009E73",
    Kind.CALIBRATION: "#CC79A7",
    Kind.SETTINGS: "#E69F00",
    Kind.DATA: "#7F8C8D",
    Kind.BLANK: "#F2F2F2",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; }
h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; }
td, th { padding: .25em .9em .25em 0; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #999; }
td { border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
td:first-child, th:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
svg { max-width: 100%; height: auto; }
.key span { display: inline-block; margin-right: 1.2em; }
.key i { display: inline-block; width: .9em; height: .9em; margin-right: .4em; border: 1px solid #888; }
.warning { border-left: 5px solid #D55E00; background: #fdf1ea; padding: .6em 1em; }
"""


def inspection_page(found: Inspection, title: str, *, reveal: bool = False) -> str:
    """Return the page. Passwords are in it only if `reveal` says so."""
    parts = [
        f"<h1>{escape(title)}</h1><p>{size_name(found.size)} of flash, {len(found.areas)} areas.</p>",
        _warning(found),
        "<h2>Map</h2>",
        _picture(found),
        _key(found.areas),
        "<h2>Areas</h2>",
        _table(
            ("from", "to", "size", "what", ""),
            (
                (
                    f"0x{area.offset:06x}",
                    f"0x{area.end - 1:06x}",
                    _size(area.size),
                    area.kind.value,
                    _name(area),
                )
                for area in found.areas
            ),
        ),
        "<h2>Firmware images</h2>",
        _table(
            ("at", "role", "size", "flash settings", "starts at", "checksum", "in memory"),
            (_image_row(image) for image in found.images),
        ),
        "<h2>Names and versions</h2>",
        _table(
            ("at", "what", "version", "kind"),
            ((f"0x{mark.offset:06x}", mark.name, mark.version or "", mark.kind) for mark in found.found),
        ),
        _secrets(found, reveal=reveal),
        "<h2>Entropy</h2>",
        "<p>Bits a byte of each sector: near 8 is packed or encrypted, near 6 is code, near 0 is blank.</p>",
        _entropy_picture(found.entropy),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _warning(found: Inspection) -> str:
    passwords = sum(secret.kind == "password" for secret in found.secrets)
    if not found.secrets:
        return ""
    return (
        f'<p class="warning">Names of networks ({len(found.secrets) - passwords}) and passwords ({passwords})'
        " are in this flash. Who gets the file gets them too.</p>"
    )


def _picture(found: Inspection) -> str:
    """Return the flash as a grid of sectors; of larger flashes a cell is several."""
    sectors = -(-found.size // SECTOR)
    per_cell = max(1, sectors // (COLUMNS * 64))
    kinds = [area for area in found.areas for _ in range(-(-area.size // SECTOR))][::per_cell]
    rows = -(-len(kinds) // COLUMNS)
    cells = []
    for number, area in enumerate(kinds):
        x, y = number % COLUMNS * CELL + 70, number // COLUMNS * CELL
        address = number * per_cell * SECTOR
        cells.append(
            f'<rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="{COLOURS[area.kind]}">'
            f"<title>0x{address:06x}: {area.kind.value} {escape(_name(area))}</title></rect>"
        )
    labels = [
        f'<text x="0" y="{row * CELL + CELL - 3}" font-size="11" font-family="monospace">'
        f"0x{row * COLUMNS * per_cell * SECTOR:06x}</text>"
        for row in range(0, rows, 4 if rows > 8 else 1)
    ]
    width, height = COLUMNS * CELL + 70, rows * CELL
    return (
        f'<svg id="map" role="img" aria-label="map of the flash" viewBox="0 0 {width} {height}"'
        f' width="{width}">'
        f"{''.join(labels)}{''.join(cells)}</svg>"
    )


def _key(areas: Iterable[Area]) -> str:
    used = {area.kind for area in areas}
    spans = (
        f'<span><i style="background:{COLOURS[kind]}"></i>{kind.value}</span>'
        for kind in Kind
        if kind in used
    )
    return f'<p class="key">{"".join(spans)}</p>'


def _image_row(image: ImageFound) -> tuple[str, ...]:
    settings = f"{image.settings.size}, {image.settings.mode}, {image.settings.frequency}"
    memory = ", ".join(f"{size} to 0x{address:08x}" for address, size in image.segments)
    stays = f"; {_size(image.in_flash)} stay in flash" if image.in_flash else ""
    return (
        f"0x{image.offset:06x}",
        f"{image.role} (version {image.version})",
        _size(image.size),
        settings,
        f"0x{image.entry:08x}",
        "good" if image.checksum_good else "WRONG",
        memory + stays,
    )


def _secrets(found: Inspection, *, reveal: bool) -> str:
    if not found.secrets:
        return "<h2>Networks and passwords</h2><p>None in a form that esprom knows, outside of programs.</p>"
    rows = (
        (
            f"0x{secret.offset:06x}",
            secret.kind,
            secret.text if reveal or secret.kind == "name" else f"{secret.size} characters",
        )
        for secret in found.secrets
    )
    return "<h2>Networks and passwords</h2>" + _table(("at", "what", ""), rows)


def _entropy_picture(entropy: tuple[float, ...]) -> str:
    width, height = 960, 120
    step = width / max(1, len(entropy))
    points = " ".join(
        f"{index * step:.1f},{height - bits / 8 * height:.1f}" for index, bits in enumerate(entropy)
    )
    return (
        f'<svg id="entropy" role="img" aria-label="entropy of each sector" viewBox="0 0 {width} {height}" '
        f'width="{width}"><rect width="{width}" height="{height}" fill="#fafafa" stroke="#ccc"/>'
        f'<polyline fill="none" stroke="#0072B2" points="{points}"/></svg>'
    )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return "<p>None was found.</p>"
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>"


def _name(area: Area) -> str:
    """Return what an area is called beside its kind."""
    return "" if area.name == area.kind.value else area.name


def _size(size: int) -> str:
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"

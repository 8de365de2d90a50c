# SPDX-License-Identifier: Apache-2.0
"""The packets as the code declares them, read out of their construct definitions for the exports.

Three kinds of field are enough to say all of them: a number, bytes, and a repetition. What construct
has around them (renaming, defaults, adapters) is looked through. Nothing here knows a packet.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from construct import (
    Array,
    Bytes,
    Const,
    Construct,
    ConstructError,
    FormatField,
    GreedyBytes,
    GreedyRange,
    Subconstruct,
)

from esprom.protocol import packets
from esprom.protocol.commands import CommandSpec
from esprom.protocol.packets import Command, OpenIntEnum
from esprom.protocol.record import Overlay, Record
from specs.make_tables import PACKETS

FOLDER = Path(__file__).parent
ID = r"[A-Z]+-[A-Z0-9]+(?:-[A-Z0-9]+)*"
PROBE = bytes(64)  # what an adapter makes of it tells what it adapts to


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned number, little-endian."""

    name: str
    size: int  # bytes
    constant: int | None = None
    names: type[OpenIntEnum] | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes: so many, or as many as the number of that name says, or (None) the rest."""

    name: str
    size: int | str | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A number, bytes or a packet's part, so often, or (None) up to the end."""

    name: str
    of: "Number | Data | str"  # the last: the name of a record
    count: int | None


Field = Number | Data | Repeated


RECORDS = PACKETS
HEADER_SIZE = Overlay(*packets.REQUEST.layout).size  # bytes, of a request as of a response


def fields_of(record: Record[Any]) -> tuple[Field, ...]:
    """Return the fields of a record, in order. Raises TypeError for a construct that is not known here."""
    return tuple(_field(field) for field in record.layout)


def name_of(record: Record[Any]) -> str:
    """Return the name that a record has in the code."""
    return next(name for name, known in RECORDS.items() if known is record)


def parts() -> frozenset[str]:
    """Return the names of the records that stand within others, any number of times."""
    fields = (field for record in RECORDS.values() for field in fields_of(record))
    return frozenset(
        field.of for field in fields if isinstance(field, Repeated) and isinstance(field.of, str)
    )


def enumerations() -> tuple[type[OpenIntEnum], ...]:
    """Return the enumerations that fields have, each once."""
    found = (field.names for record in RECORDS.values() for field in fields_of(record) if _is_named(field))
    return tuple(dict.fromkeys(found))


def has_status(spec: CommandSpec) -> bool:
    """Return whether the body of the command's answers ends in the status bytes (STATUS-1, STUB-9)."""
    return spec.command is not Command.STREAM_FRAME


def doc(record: Record[Any]) -> str:
    """Return the first paragraph of what the code says that the packet is, without requirement ids."""
    first = (record.kind.__doc__ or "").split("\n\n")[0]
    return re.sub(rf"\s*\({ID}(?:(?:,| to) {ID})*\)", "", " ".join(first.split()))


def requirements(name: str) -> tuple[str, ...]:
    """Return the paragraphs of these pages that a record is of: those with its table, and those it names."""
    named = re.findall(ID, RECORDS[name].kind.__doc__ or "")
    inside = [field.of for field in fields_of(RECORDS[name]) if isinstance(field, Repeated)]
    tables = [of for of in (name, *inside) if isinstance(of, str)]
    known = _paragraphs()
    found = [
        key for key, text in known.items() if any(f"<!-- table: {table} -->" in text for table in tables)
    ]
    return tuple(dict.fromkeys([*found, *(key for key in named if key in known)]))


def page_of(requirement: str) -> str:
    """Return the name of the page that has the requirement."""
    start = f"**{requirement}."
    return next(page.name for page in _pages() if start in page.read_text(encoding="utf-8"))


def _field(field: "Construct[Any, Any]") -> Field:
    constant, bare = None, field
    while isinstance(bare, Subconstruct) and not isinstance(bare, Array | GreedyRange):
        constant = bare.value if isinstance(bare, Const) else constant
        bare = bare.subcon
    name = field.name or ""
    match bare:
        case FormatField():
            return Number(name, bare.sizeof(), constant, _names(field, bare.sizeof()))
        case Bytes():
            return Data(name, _length(bare))
        case Array():
            return Repeated(name, Number(name, bare.subcon.sizeof()), int(bare.count))
        case GreedyRange():
            return Repeated(name, _part(bare.subcon), None)
    if bare is GreedyBytes:
        pieces = field.parse(PROBE)
        rest = Data(name, None)
        return rest if isinstance(pieces, bytes) else Repeated(name, Data(name, len(pieces[0])), None)
    raise TypeError(f"{name} is a {type(bare).__name__}, which the exports do not know")


def _names(field: "Construct[Any, Any]", size: int) -> type[OpenIntEnum] | None:
    try:
        value = field.parse(PROBE[:size])
    except ConstructError:
        return None  # a constant other than 0, or a number that is worked out of what follows
    return type(value) if isinstance(value, OpenIntEnum) else None


def _length(field: Any) -> int | str:
    expression = re.fullmatch(r"this\['(\w+)'\]", repr(field.length))
    return expression[1] if expression else int(field.length)


def _part(struct: Any) -> str:
    fields = tuple(struct.subcons)
    return next(name for name, record in RECORDS.items() if record.layout == fields)


def _is_named(field: Field) -> bool:
    return isinstance(field, Number) and field.names is not None


@cache
def _paragraphs() -> dict[str, str]:
    texts = (page.read_text(encoding="utf-8") for page in _pages())
    return dict(piece for text in texts for piece in _requirements(text))


def _requirements(text: str) -> Iterator[tuple[str, str]]:
    for piece in re.split(rf"^(?=\*\*{ID}\.|#)", text, flags=re.MULTILINE):
        if found := re.match(rf"\*\*({ID})\.", piece):
            yield found[1], piece


def _pages() -> list[Path]:
    return sorted(FOLDER.glob("*.md"))

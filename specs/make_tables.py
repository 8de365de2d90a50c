# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of these documents from the code: `python -m specs.make_tables`.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; what is there is replaced. Byte tables come
from the construct definitions, the command and status tables from theirs, the erased areas from the golden
vectors, state diagrams from trying what the virtual chip does. A test fails where a document and the code
have drifted apart.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

from construct import Const, Construct, ConstructError

from esp8266sim.bridges import BRIDGES, BridgeModel
from esp8266sim.chips import CHIPS
from esp8266sim.clock import MS
from esp8266sim.profiles import PROFILES
from esprom.conformance.case import Relation
from esprom.flash.header_words import (
    HEADER_FREQUENCIES,
    HEADER_MODES,
    HEADER_SIZES,
    RTOS_SIZES,
    size_in_bytes,
)
from esprom.flash.regions import identity
from esprom.image import layout, uf2
from esprom.protocol import own, packets
from esprom.protocol.commands import COMMANDS, MIB, Loader
from esprom.protocol.record import Record
from esprom.protocol.status import MEANING, STATUS, RomError, StubError
from esprom.sizes import size_name
from specs import diagrams

FOLDER = Path(__file__).parent
VECTORS = FOLDER / "vectors" / "boot-rom.jsonl"
PLACE = re.compile(r"(<!-- table: (?P<name>[A-Z0-9_]+) -->\n).*?(<!-- end -->)", re.DOTALL)
KIB = 1024


def records(*modules: Any) -> dict[str, Record[Any]]:
    """Return the records of modules that have fields, by name."""
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Record) and value.layout
    }


PACKETS: dict[str, Record[Any]] = records(packets, own) | {"STATUS": STATUS}
RECORDS = PACKETS | records(layout, uf2)

# What the column of the time allowed is worked out for: 1 MiB, or a data block of 16 KiB.
SAMPLES: dict[type, object] = {
    packets.FlashBegin: packets.FlashBegin(erase_size=MIB, blocks=1, block_size=0x4000, offset=0),
    packets.DataBlock: packets.DataBlock(sequence=0, data=bytes(16 * KIB)),
    packets.FlashMd5: packets.FlashMd5(offset=0, size=MIB),
    packets.FlashRegion: packets.FlashRegion(offset=0, size=MIB),
    packets.WriteReg: packets.WriteReg(writes=()),
    own.Digests: own.Digests(offset=0, size=MIB, unit=0x10000),
}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    cells = [list(head)]
    cells.append(["---"] * len(cells[0]))
    cells += [[str(cell) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def byte_table(record: Record[Any]) -> str:
    """Return where each field of a packet lies."""
    return table(("offset", "bytes", "field", "value"), _fields(record))


def _fields(record: Record[Any]) -> Iterator[tuple[object, ...]]:
    offset: int | None = 0
    for field in record.layout:
        where = "" if offset is None else offset
        size = _size(field)
        yield where, _length(field), f"`{field.name}`", _value(field)
        offset = None if offset is None or size is None else offset + size


def _size(field: "Construct[Any, Any]") -> int | None:
    try:
        return field.sizeof()
    except ConstructError:
        return None


def _length(field: "Construct[Any, Any]") -> str:
    size = _size(field)
    if size is not None:
        return str(size)
    inner = _within(field)
    expression = re.fullmatch(r"this\['(\w+)'\]", repr(getattr(inner, "length", "")))
    if expression:
        return f"`{expression[1]}`"
    whole = _size(_within(inner))
    return "the rest" if whole is None else f"n x {whole}"


def _within(field: Any) -> Any:
    """Return the innermost thing that a field's name, adapter or repetition stands around."""
    while hasattr(field, "subcon"):
        field = field.subcon
    return field


def _value(field: Any) -> str:
    while hasattr(field, "subcon"):
        if isinstance(field, Const):
            return f"0x{field.value:02x}"
        field = field.subcon
    return ""


def command_table() -> str:
    """Return the command table."""
    rows = (
        (
            f"0x{spec.command:02x}",
            f"`{spec.command.name}`",
            f"`{spec.request.kind.__name__}`",
            "" if spec.answer is packets.EMPTY else f"`{spec.answer.kind.__name__}`",
            "yes" if Loader.ROM in spec.loaders else "",
            "yes" if Loader.STUB in spec.loaders else "ours" if Loader.OURS in spec.loaders else "",
            spec.covered.value,
            f"{spec.timeout_s(SAMPLES.get(spec.request.kind)):g}",
        )
        for spec in COMMANDS.values()
    )
    head = ("opcode", "name", "body", "answer", "ROM", "stub", "checksum", "seconds")
    return table(head, rows)


def code_table(codes: type[IntEnum]) -> str:
    """Return what the codes of a loader mean."""
    return table(
        ("code", "name", "meaning"),
        ((f"0x{code:02x}", f"`{code.name}`", MEANING[code]) for code in codes),  # type: ignore[index]
    )


def erased_table() -> str:
    """Return what FLASH_BEGIN was seen to erase."""
    rows = []
    for line in VECTORS.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if case["name"].startswith("erase/"):
            offset, size = case["name"].removeprefix("erase/").split("+")
            rows.append((f"0x{offset}", f"0x{size}", *_erased(case["state"])))
    return table(("offset", "size", "erased from", "to", "sector erases", "block erases"), rows)


def _erased(state: dict[str, Any]) -> tuple[object, ...]:
    (change,) = state["flash_changed"]
    first, end = change["offset"], change["offset"] + change["length"]
    opcodes = [operation[0] for operation in state["flash_ops"]]
    return f"0x{first:x}", f"0x{end:x}", opcodes.count("se"), opcodes.count("be")


def word_table(words: dict[str, int]) -> str:
    """Return the words for the numbers of a setting in an image header, by number."""
    rows = sorted((number, word) for word, number in words.items())
    return table(("number", "word"), ((f"0x{number:x}", f"`{word}`") for number, word in rows))


def size_table() -> str:
    """Return the sizes of a flash that an image header can state, by number."""
    rows = sorted((number, word) for word, number in HEADER_SIZES.items())
    return table(
        ("number", "word", "bytes"),
        ((f"0x{number:x}", f"`{word}`", f"0x{size_in_bytes(word) or 0:x}") for number, word in rows),
    )


def region_table() -> str:
    """Return where the SDKs keep what is theirs, for each size of flash."""
    sizes = sorted({size for word in HEADER_SIZES if (size := size_in_bytes(word)) and size >= 512 * KIB})
    columns = [[f"0x{region.offset:x}" for region in identity(size)] for size in sizes]
    rows = (
        (region.name, f"0x{region.size:x}", *(column[at] for column in columns))
        for at, region in enumerate(identity(sizes[0]))
    )
    return table(("what", "bytes", *(size_name(size) for size in sizes)), rows)


def chip_table() -> str:
    """Return the virtual flash chips."""
    head = ("chip", "id", "size", "status bits", "page", "sector", "32 KiB", "block", "chip, ms", "source")
    rows = (
        (
            model.name,
            f"0x{model.jedec_id:06x}",
            f"{model.size // KIB} KiB",
            f"0x{model.writable:0{2 * model.status_registers}x}",
            *(
                f"{getattr(model.times, name) / 1000:g}"
                for name in ("page", "sector", "half_block", "block", "chip")
            ),
            model.source,
        )
        for model in CHIPS.values()
    )
    return table(head, rows)


def board_table() -> str:
    """Return the virtual boards."""
    rows = (
        (
            f"`{profile.name}`",
            profile.description,
            profile.flash.name,
            profile.bridge.name,
            f"{profile.crystal_hz // 1_000_000} MHz",
        )
        for profile in PROFILES.values()
    )
    return table(("name", "board", "flash chip", "bridge", "crystal"), rows)


def bridge_table() -> str:
    """Return the virtual USB bridges."""
    head = ("option", "bridge", "packet", "sends what waits", "115200 is", "74880 is", "source")
    rows = (
        (
            f"`{name}`",
            model.name,
            f"{model.payload} bytes",
            _patience(model),
            *(f"{model.rates.actual(baud):.0f}" if model.rates else baud for baud in (115200, 74880)),
            model.source,
        )
        for name, model in BRIDGES.items()
    )
    return table(head, rows)


def _patience(model: BridgeModel) -> str:
    if model.latency_ps is not None:
        return f"{model.latency_ps / MS:g} ms after the first byte"
    return f"after {model.idle_bits} bit times of silence"


def tables() -> dict[str, str]:
    """Return every table that a document may hold, by name."""
    return {name: byte_table(record) for name, record in RECORDS.items()} | {
        "COMMANDS": command_table(),
        "ROM_ERRORS": code_table(RomError),
        "STUB_ERRORS": code_table(StubError),
        "ERASED": erased_table(),
        "RELATIONS": table(("relation", "what is true"), ((f"`{r.name}`", r.value) for r in Relation)),
        "IMAGE_MODES": word_table(HEADER_MODES),
        "IMAGE_FREQUENCIES": word_table(HEADER_FREQUENCIES),
        "IMAGE_SIZES": size_table(),
        "IMAGE_RTOS_SIZES": word_table(RTOS_SIZES),
        "SDK_REGIONS": region_table(),
        "BOOT_STATES": diagrams.boot_diagram(),
        "FLASH_STATES": diagrams.flash_diagram(),
        "CHIPS": chip_table(),
        "BOARDS": board_table(),
        "BRIDGES": bridge_table(),
    }


def updated(text: str) -> str:
    """Return a document with its tables as the code has them. Raises KeyError for a table unknown."""
    known = tables()
    return PLACE.sub(lambda place: place[1] + known[place["name"]] + place[3], text)


def main() -> int:
    """Rewrite the documents; return how many have changed."""
    changed = 0
    for page in sorted(FOLDER.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (new := updated(text)) != text:
            page.write_text(new, encoding="utf-8")
            changed += 1
            print(f"{page.name}: tables written", file=sys.stderr)
    return changed


if __name__ == "__main__":
    main()

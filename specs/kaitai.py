# SPDX-License-Identifier: Apache-2.0
"""The packets as a Kaitai Struct definition, made from the code's own (`python -m specs.make_exports`).

A packet's header never fails because of its body: that, and the answer, are instances, which are read when
they are asked for. As the code's records do, each type takes all of its bytes (PROTO-7).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from esprom.protocol.commands import COMMANDS
from esprom.protocol.packets import EMPTY, Command, OpenIntEnum
from esprom.protocol.status import MEANING, STATUS_SIZE, RomError, StubError
from specs import declared
from specs.declared import HEADER_SIZE, RECORDS, Data, Field, Number, Repeated, has_status

NAME = "esp8266_serial"
PLAIN = re.compile(
    r"[a-z_]\w*(?:::\w+)?|0x[0-9a-f]+"
)  # what YAML takes for a word or a number without quotes
PREFACE = """\
# SPDX-License-Identifier: Apache-2.0
# Made from the code of esprom by `python -m specs.make_exports`: not to be edited.
"""
DOC = (
    "One packet of the serial boot loader of the ESP8266, of its mask ROM or of a stub loader: what a SLIP "
    "frame holds when its C0 at both ends are taken off and its escapes undone. The frames of a READ_FLASH "
    "have no packet header: bare bytes from the chip, `read_flash_ack` from the host."
)
REST: dict[str, Any] = {"size-eos": True}


def text() -> str:
    """Return the definition."""
    return PREFACE + "\n".join(_lines(_definition())) + "\n"


def _definition() -> dict[str, Any]:
    cases = {packet.layout[0].subcon.value: _type(packet) for packet in _packets()}
    return {
        "meta": {
            "id": NAME,
            "title": "Serial boot loader protocol of the ESP8266",
            "license": "Apache-2.0",
            "ks-version": "0.10",
            "endian": "le",
        },
        "doc": DOC,
        "doc-ref": [f"specs/{page}" for page in ("protocol.md", "stub.md")],
        "seq": [{"id": "packet", "type": {"switch-on": "direction", "cases": cases}}, _end()],
        "instances": {"direction": {"pos": 0, "type": "u1"}},
        "types": {name.lower(): _described(name) for name in RECORDS},
        "enums": {_enum(kind): _members(kind) for kind in (*declared.enumerations(), RomError, StubError)},
    }


def _packets() -> tuple[Any, ...]:
    return RECORDS["REQUEST"], RECORDS["RESPONSE"]


def _described(name: str) -> dict[str, Any]:
    record = RECORDS[name]
    fields = declared.fields_of(record)
    seq = [_entry(field) for field in fields]
    takes_the_rest = isinstance(fields[-1], Data | Repeated) and "eos" in str(seq[-1])
    if record not in _packets() and name not in declared.parts() and not takes_the_rest:
        seq.append(_end(*(spec.spare for spec in COMMANDS.values() if spec.request is record)))
    references = [f"specs/{declared.page_of(key)}, {key}" for key in declared.requirements(name)]
    instances = INSTANCES.get(name, dict)()
    return {
        "doc": declared.doc(record),
        "doc-ref": references,
        "seq": seq,
    } | ({"instances": instances} if instances else {})


def _end(*spare: int) -> dict[str, Any]:
    """Return the entry behind the last: nothing, or so many bytes that mean nothing."""
    sizes = " or ".join(f"_.length == {size}" for size in sorted({0, *spare}))
    return {"id": "surplus", **REST, "valid": {"expr": sizes}}


def _entry(field: Field) -> dict[str, Any]:
    match field:
        case Number(name, size, constant, names):
            extra = {"valid": constant} if constant is not None else {"enum": _enum(names)} if names else {}
            return {"id": name, "type": f"u{size}", **extra}
        case Data(name, None):
            return {"id": name, **REST}
        case Data(name, size):
            return {"id": name, "size": size}
        case Repeated(name, of, count):
            one = {"type": of.lower()} if isinstance(of, str) else _entry(of)
            often = {"repeat": "eos"} if count is None else {"repeat": "expr", "repeat-expr": count}
            return {**one, "id": name, **often}


def _request_instances() -> dict[str, Any]:
    cases = {
        _case(spec.command): _type(spec.request) for spec in COMMANDS.values() if spec.request is not EMPTY
    }
    body = {"pos": HEADER_SIZE, "size": "size", "type": {"switch-on": "command", "cases": cases}}
    return {"fields": {"doc": "The body by its command. Fails where the body is not the command's.", **body}}


def _response_instances() -> dict[str, Any]:
    ended = [spec for spec in COMMANDS.values() if spec.answer is not EMPTY and has_status(spec)]
    answer = {_case(spec.command): _type(spec.answer) for spec in ended}
    bare = [spec for spec in COMMANDS.values() if not has_status(spec)]
    without = " and ".join(f"command != {_case(spec.command)}" for spec in bare)
    ended_if = f"size >= {STATUS_SIZE} and {without}"
    status = {"pos": f"{HEADER_SIZE} + size - {STATUS_SIZE}", "size": STATUS_SIZE, "type": "status"}
    fields = {"pos": HEADER_SIZE, "size": f"size - {STATUS_SIZE}"}
    return {
        "status": {"doc": "The end of the body.", "if": ended_if, **status},
        "fields": {
            "doc": "What the body holds before the status, by its command, where that is success.",
            "if": f"{ended_if} and status.status == 0",
            **fields,
            "type": {"switch-on": "command", "cases": answer},
        },
    } | {
        spec.command.name.lower(): {
            "doc": "A body without status bytes.",
            "if": f"command == {_case(spec.command)}",
            "pos": HEADER_SIZE,
            "size": "size",
            "type": _type(spec.answer),
        }
        for spec in bare
    }


def _status_instances() -> dict[str, Any]:
    return {
        "rom_error": {"value": "error", "enum": _enum(RomError), "if": "status == 1"},
        "stub_error": {"value": "status", "enum": _enum(StubError), "if": "status > 1"},
    }


INSTANCES = {
    "REQUEST": _request_instances,
    "RESPONSE": _response_instances,
    "STATUS": _status_instances,
}


def _case(command: Command) -> str:
    return f"{_enum(Command)}::{command.name.lower()}"


def _type(record: Any) -> str:
    return declared.name_of(record).lower()


def _enum(kind: type[OpenIntEnum] | None) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() if kind else ""


def _members(kind: type[OpenIntEnum]) -> dict[str, Any]:
    return {
        f"0x{member:02x}": {"id": member.name.lower(), "doc": MEANING[member]}
        if member in MEANING and kind in (RomError, StubError)
        else member.name.lower()
        for member in kind
    }


def _lines(node: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Yield YAML in block style: mappings, lists of mappings or words, and scalars. No key needs quotes."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:"
            yield from _items(value, indent + "  ")
        else:
            yield f"{indent}{key}: {_scalar(value)}"


def _items(values: list[Any], indent: str) -> Iterator[str]:
    for value in values:
        if isinstance(value, dict):
            first, *others = _lines(value)
            yield f"{indent}- {first}"
            yield from (f"{indent}  {line}" for line in others)
        else:
            yield f"{indent}- {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or PLAIN.fullmatch(str(value)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)

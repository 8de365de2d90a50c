# SPDX-License-Identifier: Apache-2.0
"""The packets as a dissector for Wireshark, made from the code's own (`python -m specs.make_exports`).

What packets there are, and what their codes mean, is made here; `dissector.lua` shows it and knows no layout.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from esprom.loader.stub import GREETING
from esprom.protocol import slip
from esprom.protocol.checksum import SEED
from esprom.protocol.commands import COMMANDS, CommandSpec
from esprom.protocol.packets import EMPTY, REQUEST, Command, OpenIntEnum
from esprom.protocol.record import Overlay
from esprom.protocol.status import MEANING, STATUS_SIZE, RomError, StubError
from specs import declared
from specs.declared import HEADER_SIZE, RECORDS, Data, Field, Number, Repeated, has_status

CODE = Path(__file__).parent / "dissector.lua"
PREFACE = """\
-- SPDX-License-Identifier: Apache-2.0
-- Wireshark dissector for the serial boot loader of the ESP8266: captures of link type RTAC Serial, one SLIP
-- frame, or what lies between frames, a record. To use it: `tshark -X lua_script:esp8266_serial.lua -r FILE`,
-- or put it into Wireshark's folder for personal Lua plugins. Filters are esp8266.command and the like.
-- Made from the code of esprom by `python -m specs.make_exports`: not to be edited.
"""
UNANSWERED = (Command.RUN_USER_CODE, Command.STREAM_CONTROL)  # PROTO-1, STUB-10


def text() -> str:
    """Return the dissector."""
    return PREFACE + "\n" + "".join(f"{line}\n" for line in _tables()) + CODE.read_text(encoding="utf-8")


def _tables() -> Iterator[str]:
    yield f"local HEADER_SIZE, STATUS_SIZE = {HEADER_SIZE}, {STATUS_SIZE} -- bytes"
    yield f"local CHECKSUM_AT = {Overlay(*REQUEST.layout).offset('checksum')}"
    yield f"local CHECKSUM_SEED = 0x{SEED:02x}"
    yield f"local SLIP_END, SLIP_ESC = {_text(slip.END)}, {_text(slip.ESC)}"
    escaped = {slip.ESC_END[1:]: slip.END, slip.ESC_ESC[1:]: slip.ESC}
    pairs = ", ".join(f"[{_text(code)}] = {_text(meant)}" for code, meant in escaped.items())
    yield f"local SLIP_ESCAPED = {{ {pairs} }}"
    yield f"local GREETING = {_text(GREETING)}"
    yield "local ENUMS = {"
    for kind in declared.enumerations():
        yield from _table(f"    {kind.__name__}", ((member, member.name) for member in kind), "    ")
    yield "}"
    for name, errors in (("ROM_ERRORS", RomError), ("STUB_ERRORS", StubError)):
        yield from _table(f"local {name}", ((code, MEANING[code]) for code in errors))
    yield "local RECORDS = {"
    for name in RECORDS:
        yield from _record(name, declared.fields_of(RECORDS[name]))
    for name in ("REQUEST", "RESPONSE"):
        *header, _ = declared.fields_of(RECORDS[name])
        yield from _record(f"{name}_HEADER", header, key=name)
    yield "}"
    yield "local COMMANDS = {"
    yield from (f"    [0x{spec.command:02x}] = {_command(spec)}," for spec in COMMANDS.values())
    yield "}"


def _table(name: str, rows: Iterable[tuple[OpenIntEnum, str]], indent: str = "") -> Iterator[str]:
    yield f"{name} = {{"
    yield from (f'{indent}    [0x{code:02x}] = "{words}",' for code, words in rows)
    yield f"{indent}}}{',' if indent else ''}"


def _record(name: str, fields: Iterable[Field], key: str = "") -> Iterator[str]:
    known = RECORDS.get(key or name)
    size = Overlay(*known.layout).size if known else 0
    yield f'    {name} = {{ key = "{(key or name).lower()}", size = {size}, fields = {{'
    yield from (f"        {_field(field)}," for field in fields)
    yield "    } },"


def _field(field: Field) -> str:
    match field:
        case Number(name, size, _, names):
            named = f', names = "{names.__name__}"' if names else ""
            return f'{{ kind = "number", name = "{name}", size = {size}{named} }}'
        case Data(name, size):
            known = {int: f", size = {size}", str: f', length = "{size}"'}.get(type(size), "")
            return f'{{ kind = "bytes", name = "{name}"{known} }}'
        case Repeated(name, str(of), _):
            return f'{{ kind = "records", name = "{name}", of = "{of}" }}'
        case Repeated(name, Number() | Data() as of, count):
            kind = "numbers" if isinstance(of, Number) else "pieces"
            often = f", count = {count}" if count else ""
            return f'{{ kind = "{kind}", name = "{name}", size = {of.size}{often} }}'
    raise TypeError(field)


def _command(spec: CommandSpec) -> str:
    facts = {"name": spec.command.name, "covered": spec.covered.value}
    for key, record in (("request", spec.request), ("answer", spec.answer)):
        if record is not EMPTY:
            facts[key] = declared.name_of(record)
    words = [f'{key} = "{value}"' for key, value in facts.items()]
    words += [f"spare = {spec.spare}"] if spec.spare else []
    words += ["unanswered = true"] if spec.command in UNANSWERED else []
    words += [] if has_status(spec) else ["bare = true"]
    return f"{{ {', '.join(words)} }}"


def _text(data: bytes) -> str:
    return '"' + "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in data) + '"'

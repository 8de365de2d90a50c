# SPDX-License-Identifier: Apache-2.0
"""The Kaitai Struct definition gives the fields that the code's own records give, and refuses what they do.

It is compiled by Kaitai's compiler, to Python for its Python runtime, which reads every packet of the golden
vectors and packets that hypothesis builds.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esprom.errors import MalformedPacket
from esprom.protocol import COMMANDS, Command, Request, Response, slip
from esprom.protocol.commands import CommandSpec
from esprom.protocol.packets import REQUEST, RESPONSE
from esprom.protocol.record import Record
from esprom.protocol.status import STATUS, Status
from specs import declared, kaitai
from specs.declared import RECORDS, Data, Field, Number, Repeated
from tests.tools import npm_packages, package
from tests.vectors.runner import DEFAULT_VECTORS, load

HERE = Path(__file__).parent
NODE_S = 60.0
LANGUAGES = ("javascript", "java", "go", "rust", "cpp_stl", "csharp", "ruby", "lua", "perl", "php")


@cache
def compiled(*languages: str) -> dict[str, dict[str, str]]:
    """Return the files that Kaitai's compiler makes of the definition, for each language."""
    modules = npm_packages("kaitai-0.11.0", "kaitai-struct-compiler@0.11.0", "js-yaml@4.1.0")
    done = subprocess.run(
        ["node", str(HERE / "compile.js"), *languages],
        input=kaitai.text(),
        capture_output=True,
        text=True,
        timeout=NODE_S,
        check=False,
        env={**os.environ, "NODE_PATH": str(modules)},
    )
    assert done.returncode == 0, done.stderr
    files: dict[str, dict[str, str]] = json.loads(done.stdout)
    return files


@cache
def reader() -> Any:
    """Return the class that reads a packet, and has the classes of all its parts."""
    runtime = str(package("kaitaistruct", "0.11"))
    (text,) = compiled("python")["python"].values()
    namespace: dict[str, Any] = {}
    sys.path.insert(0, runtime)
    try:
        exec(compile(text, "esp8266_serial.py", "exec"), namespace)
    finally:
        sys.path.remove(runtime)
    return namespace["Esp8266Serial"]


def refusal() -> type[Exception]:
    """Return what the runtime raises, the end of the data excepted, which is EOFError."""
    import importlib

    error: type[Exception] = importlib.import_module("kaitaistruct").KaitaiStructError
    return error


def part(record: Record[Any]) -> Any:
    """Return the class that reads what the record does."""
    name = declared.name_of(record)
    return getattr(reader(), "".join(word.capitalize() for word in name.split("_")))


def seen(found: Any, record: Record[Any]) -> Any:
    """Return the value that the record would give, taken from what Kaitai has read."""
    return record.kind(**{field.name: _value(getattr(found, field.name), field) for field in _meant(record)})


def _meant(record: Record[Any]) -> list[Field]:
    names = {field.name for field in fields(record.kind)}
    return [field for field in declared.fields_of(record) if field.name in names]


def _value(found: Any, field: Field) -> Any:
    if isinstance(field, Number):
        return field.names(int(found)) if field.names else int(found)
    if isinstance(field, Repeated):
        of = field.of
        return tuple(seen(one, RECORDS[of]) if isinstance(of, str) else one for one in found)
    return found


def values(record: Record[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for what a record can hold."""
    return st.builds(record.kind, **{field.name: _drawn(field) for field in _meant(record)})


def _drawn(field: Field) -> st.SearchStrategy[Any]:
    match field:
        case Number(_, size, _, names):
            number = st.integers(0, 256**size - 1)
            return number.map(names) if names else number
        case Data(_, int(size)):
            return st.binary(min_size=size, max_size=size)
        case Data():
            return st.binary(max_size=80)
        case Repeated(_, str(of), _):
            return st.lists(values(RECORDS[of]), max_size=4).map(tuple)
        case Repeated(_, of, count):
            assert not isinstance(of, str)
            one = _drawn(of)
            return st.lists(one, min_size=count or 0, max_size=count or 4).map(tuple)


def check_body(found: Any, record: Record[Any], parse: Callable[[bytes], Any], body: bytes) -> None:
    """Compare a body where it is the command's, and else see that Kaitai refuses it too."""
    try:
        expected = parse(body)
    except MalformedPacket:
        with pytest.raises((refusal(), EOFError)):
            _ = found.fields
        return
    assert (seen(found.fields, record) if record.layout else found.fields) == (
        expected if record.layout else body
    )


def check_request(packet: bytes) -> None:
    """Compare all that Kaitai reads in a request with what the records read."""
    expected = REQUEST.parse(packet)
    found = reader().from_bytes(packet).packet
    assert (int(found.command), found.checksum, found.body) == (
        expected.command,
        expected.checksum,
        expected.body,
    )
    spec = COMMANDS.get(expected.command)
    if spec and spec.request.layout:
        check_body(found, spec.request, spec.asked, expected.body)
    else:
        assert found.fields == expected.body


def check_response(packet: bytes) -> None:
    """Compare all that Kaitai reads in a response with what the records read."""
    expected = RESPONSE.parse(packet)
    found = reader().from_bytes(packet).packet
    assert (int(found.command), found.value, found.body) == (expected.command, expected.value, expected.body)
    if len(expected.body) < 2 or expected.command is Command.STREAM_FRAME:
        assert found.status is None
        return
    status = STATUS.parse(expected.body[-2:])
    assert seen(found.status, STATUS) == status
    spec = COMMANDS.get(expected.command)
    if status.status:
        assert found.fields is None
    elif spec and spec.answer.layout:
        check_body(found, spec.answer, spec.answer.parse, expected.body[:-2])
    else:
        assert found.fields == expected.body[:-2]


def packets_of_the_vectors() -> Iterator[tuple[str, bytes]]:
    """Yield each well-formed packet of the golden vectors once, and which way it goes."""
    both: dict[str, Record[Any]] = {"request": REQUEST, "response": RESPONSE}
    found = set()
    for vector in (vector for file in DEFAULT_VECTORS for vector in load(file)):
        for way, chunks in (("request", vector.sent), ("response", vector.received)):
            for frame in slip.Decoder().feed(b"".join(chunks)):
                try:
                    both[way].parse(frame)
                except MalformedPacket:
                    continue
                found.add((way, frame))
    yield from sorted(found)


def test_reads_the_packets_of_the_golden_vectors() -> None:
    ways = []
    for way, packet in packets_of_the_vectors():
        ways.append(way)
        check_request(packet) if way == "request" else check_response(packet)
    assert ways.count("request") > 200
    assert ways.count("response") > 50


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=lambda spec: spec.command.name)
def test_reads_built_requests(spec: CommandSpec) -> None:
    @given(
        body=values(spec.request),
        checksum=st.integers(0, 2**32 - 1),
        more=st.sampled_from([b"", b"\0", bytes(4)]),
    )
    def check(body: Any, checksum: int, more: bytes) -> None:
        built = spec.request.build(body)
        check_request(REQUEST.build(Request(spec.command, checksum, built + more)))
        check_request(REQUEST.build(Request(spec.command, checksum, built[:-1])))

    check()


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=lambda spec: spec.command.name)
def test_reads_built_answers(spec: CommandSpec) -> None:
    @given(body=values(spec.answer), value=st.integers(0, 2**32 - 1), status=values(STATUS))
    def check(body: Any, value: int, status: Status) -> None:
        for end in (Status(0, status.error), status):
            answer = spec.answer.build(body) + STATUS.build(end)
            check_response(RESPONSE.build(Response(spec.command, value, answer)))

    check()


def test_reads_the_frames_of_a_stream() -> None:
    record = RECORDS["STREAM_FRAME"]

    @given(frame=values(record))
    def check(frame: Any) -> None:
        packet = RESPONSE.build(Response(Command.STREAM_FRAME, 0, record.build(frame)))
        found = reader().from_bytes(packet).packet
        assert seen(found.stream_frame, record) == record.parse(record.build(frame))
        assert found.status is None

    check()


@pytest.mark.parametrize("name", RECORDS)
def test_each_part_reads_what_its_record_does(name: str) -> None:
    record = RECORDS[name]

    @given(value=values(record))
    def check(value: Any) -> None:
        built = record.build(value)
        assert seen(part(record).from_bytes(built), record) == record.parse(built)

    check()


NEARLY = st.builds(
    lambda way, size, rest: bytes([way, Command.SYNC, size, 0]) + rest,
    st.integers(0, 2),
    st.integers(0, 9),
    st.binary(max_size=16),
)


@given(packet=st.one_of(st.binary(max_size=24), NEARLY))
def test_refuses_what_is_no_packet(packet: bytes) -> None:
    def reads(record: Record[Any]) -> bool:
        try:
            record.parse(packet)
        except MalformedPacket:
            return False
        return True

    def kaitai_reads() -> bool:
        try:
            reader().from_bytes(packet)
        except (refusal(), EOFError):
            return False
        return True

    assert kaitai_reads() is (reads(REQUEST) or reads(RESPONSE))


def test_says_errors_in_words() -> None:
    failed = RESPONSE.build(Response(Command.MEM_DATA, 0, STATUS.build(Status(1, 7))))
    assert reader().from_bytes(failed).packet.status.rom_error.name == "bad_checksum"
    failed = RESPONSE.build(Response(Command.MEM_DATA, 0, STATUS.build(Status(0xC1, 0))))
    assert reader().from_bytes(failed).packet.status.stub_error.name == "bad_data_checksum"


def test_compiles_for_other_languages() -> None:
    for language, files in compiled(*LANGUAGES).items():
        assert any(len(text) > 1000 for text in files.values()), language


def test_every_part_names_a_requirement() -> None:
    for name in RECORDS:
        assert declared.requirements(name), name

# SPDX-License-Identifier: Apache-2.0
"""Wireshark with the exported dissector shows what was on the line, whatever was on the line.

The captures are written as `esprom wire` writes them.
"""

import csv
import io
import os
import random
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from esprom.loader import connect
from esprom.loader.stub import upload
from esprom.port.recorded import RecordedPort
from esprom.protocol import Command, checksum, own, packet, packets, slip
from esprom.protocol.commands import COMMANDS
from esprom.protocol.packets import REQUEST, RESPONSE, Request, Response
from esprom.protocol.status import MEANING, STATUS, RomError, Status, StubError
from esprom.stub import image
from esprom.wire import pcapng
from esprom.wire.capture import Track
from esprom.wire.events import Event, EventType
from specs import declared, make_exports
from tests import wire
from tests.ports import board, on_board

DISSECTOR = make_exports.FOLDER / "esp8266_serial.lua"
TSHARK_S = 120.0
TO_CHIP, FROM_CHIP = EventType.TO_CHIP, EventType.FROM_CHIP
PATTERN = random.Random(6).randbytes(0x3000)

RECORD_HEADER = pcapng.RTAC.build(
    {"seconds": 0, "microseconds": 0, "event": 1, "lines": 0, "footer": 0, "payload": b""}
)


@dataclass(slots=True)
class Recording:
    """What was on a line, in order, as a file of `esprom wire`; but records in it may be cut."""

    blocks: list[bytes] = field(
        default_factory=lambda: [pcapng.section("tests", payload=True), pcapng.interface("line")]
    )

    def add(
        self, kind: EventType, data: bytes, captured: int | None = None, at_us: int | None = None
    ) -> None:
        """Add bytes; only the first `captured` of them where that is given."""
        at = 1000 * len(self.blocks) if at_us is None else at_us
        record = pcapng.record(0, Event(at, kind, data))
        self.blocks.append(record if captured is None else cut(record, len(RECORD_HEADER) + captured))


def cut(record: bytes, size: int) -> bytes:
    """Return a record of which only so many bytes were captured, as programs with a snap length write it."""
    form = pcapng.WRITTEN
    block = form.block.parse(record)
    packet = form.packet.parse(block.body)
    packet.data = packet.data[:size]
    body = form.packet.build(packet)
    length = len(body) + pcapng.BLOCK_OVERHEAD
    return form.block.build({"type": block.type, "size": length, "body": body, "again": length})


@dataclass(frozen=True, slots=True)
class Tshark:
    """Runs tshark with nothing but the dissector."""

    folder: Path

    def __call__(self, capture: Recording, *options: str) -> str:
        """Return what it prints of a capture. No error of the dissector's may be among it."""
        file = self.folder / "line.pcapng"
        file.write_bytes(b"".join(capture.blocks))
        done = subprocess.run(
            ["tshark", "-r", str(file), "-X", f"lua_script:{DISSECTOR}", *options],
            capture_output=True,
            text=True,
            timeout=TSHARK_S,
            check=False,
            env={**os.environ, "WIRESHARK_CONFIG_DIR": str(self.folder), "TZ": "UTC"},
        )
        assert done.returncode == 0, done.stderr
        assert "Lua" not in done.stderr, done.stderr
        assert [line for line in done.stdout.splitlines() if "Lua Error" in line] == []
        return done.stdout

    def rows(self, capture: Recording, *names: str) -> list[dict[str, str]]:
        """Return those fields of each record, read in two passes as the program with windows does."""
        options = [word for name in names for word in ("-e", name)]
        form = ("-T", "fields", "-E", "header=y", "-E", "separator=,", "-E", "quote=d", "-E", "aggregator=;")
        return list(csv.DictReader(io.StringIO(self(capture, "-2", *form, *options))))

    def told(self, capture: Recording) -> list[str]:
        """Return the column that tells each record in one line."""
        return [row["_ws.col.Info"] for row in self.rows(capture, "_ws.col.Info")]


@pytest.fixture
def tshark(tmp_path: Path) -> Tshark:
    if shutil.which("tshark") is None:
        pytest.skip("not installed: tshark")
    return Tshark(tmp_path)


def asked(command: Command, body: object) -> bytes:
    return slip.encode(packet(command, body))


def answer(command: Command, body: bytes = b"\0\0", value: int = 0) -> bytes:
    return slip.encode(RESPONSE.build(Response(command, value, body)))


def of(*records: tuple[EventType, bytes]) -> Recording:
    capture = Recording()
    for event, data in records:
        capture.add(event, data)
    return capture


@cache
def session() -> tuple[Event, ...]:
    """Return a conversation with a virtual board: the ROM, our stub, and a READ_FLASH."""
    events: list[Event] = []
    port = RecordedPort(on_board(board(content=PATTERN), latency_ms=0), Track(events.append, payload=True))
    port.baud = 460800
    stub = upload(connect.reach_rom(port, "default-reset"), image())
    stub.info()
    stub.session.command(Command.SPI_FLASH_MD5, packets.FlashMd5(0, 0x1000))
    stub.session.command(Command.READ_FLASH, packets.ReadFlash(0x1000, 0x1800, 0x1000, 1))
    for received in (0x1000, 0x1800):
        before = len(events)
        while len(events) == before:
            assert port.read(1.0)
        port.write(slip.encode(packets.READ_FLASH_ACK.build(packets.ReadFlashAck(received))))
    before = len(events)
    while len(events) == before:
        assert port.read(1.0)
    return tuple(events)


def recorded_session() -> Recording:
    recording = Recording()
    recording.blocks += [pcapng.record(0, event) for event in session()]
    return recording


# -- one packet -----------------------------------------------------------------------------------


def test_tells_each_packet_in_one_line(tshark: Tshark) -> None:
    lines = {
        (TO_CHIP, asked(Command.READ_REG, packets.ReadReg(0x60000240))): "READ_REG 0x60000240",
        (FROM_CHIP, answer(Command.READ_REG, value=0x1640EF)): "READ_REG = 0x001640ef",
        (
            TO_CHIP,
            asked(Command.WRITE_REG, packets.WriteReg((packets.RegisterWrite(0x60000200, 1),))),
        ): "WRITE_REG 0x60000200=0x1",
        (
            TO_CHIP,
            asked(Command.MEM_BEGIN, packets.MemBegin(0x10, 1, 0x1800, 0x40100000)),
        ): "MEM_BEGIN size=0x10 blocks=0x1 block_size=0x1800 address=0x40100000",
        (FROM_CHIP, answer(Command.MEM_BEGIN)): "MEM_BEGIN ok",
        (TO_CHIP, asked(Command.ERASE_FLASH, packets.Empty())): "ERASE_FLASH",
        (FROM_CHIP, answer(Command.ERASE_FLASH, b"\xc4\0")): (
            f"ERASE_FLASH failed c400: {MEANING[StubError.FAILED_SPI_OPERATION]}"
        ),
        (FROM_CHIP, slip.encode(b"OHAI")): "greeting of a stub loader",
        (FROM_CHIP, b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,6)\r\n\r\n"): (
            "text:  ets Jan  8 2013,rst cause:2, boot mode:(1,6)"
        ),
        (FROM_CHIP, b"\x02\x9f\xc1"): "no packet: 3 bytes",
    }
    assert tshark.told(of(*lines)) == list(lines.values())


def test_names_the_fields_of_every_request(tshark: Tshark) -> None:
    capture = of(*((TO_CHIP, request.frame) for request in wire.REQUESTS))
    numbers = [
        (record, named)
        for record in declared.RECORDS.values()
        for named in declared.fields_of(record)
        if isinstance(named, declared.Number)
    ]
    names = {
        (id(record), named.name): f"esp8266.{declared.name_of(record).lower()}.{named.name}"
        for record, named in numbers
    }
    rows = tshark.rows(capture, "esp8266.command", "esp8266.checksum.status", *names.values())
    assert len(rows) == len(wire.REQUESTS)
    for row, request in zip(rows, wire.REQUESTS, strict=True):
        spec = COMMANDS[request.command]
        assert row["esp8266.command"] == request.command.name
        assert row["esp8266.checksum.status"] == ("1" if spec.covered.value else "")
        for (record, name), column in names.items():
            if record == id(spec.request) and hasattr(request.body, name):
                assert int(row[column], 0) == getattr(request.body, name), column


def test_says_the_reason_of_every_failure_in_words(tshark: Tshark) -> None:
    pairs = [Status(1, error) for error in RomError] + [Status(error, 0) for error in StubError]
    capture = of(*((FROM_CHIP, answer(Command.MEM_DATA, STATUS.build(status))) for status in pairs))
    rows = tshark.rows(capture, "esp8266.meaning", "esp8266.succeeded")
    reasons = [MEANING[error] for error in (*RomError, *StubError)]
    assert [row["esp8266.meaning"] for row in rows] == reasons
    assert {row["esp8266.succeeded"] for row in rows} == {"0"}


def test_checksums_are_looked_at(tshark: Tshark) -> None:
    data = bytes(range(200, 241))
    block = packets.DATA_BLOCK.build(packets.DataBlock(3, data))
    blank = packets.DATA_BLOCK.build(packets.DataBlock(3, bytes(41)))
    echo = own.PATTERN.build(own.Pattern(data))
    requests = [
        (Request(Command.MEM_DATA, checksum(data), block), "1"),
        (Request(Command.MEM_DATA, checksum(data) ^ 4, block), "0"),
        (Request(Command.FLASH_DATA, checksum(data), blank), "2"),
        (Request(Command.ECHO, zlib.crc32(echo), echo), "1"),
        (Request(Command.ECHO, zlib.crc32(echo) ^ 1, echo), "0"),
        (Request(Command.MEM_END, 5, packets.MEM_END.build(packets.MemEnd(0, 0))), ""),
    ]
    capture = of(*((TO_CHIP, slip.encode(REQUEST.build(request))) for request, _ in requests))
    rows = tshark.rows(capture, "esp8266.checksum.status", "_ws.expert.message")
    assert [row["esp8266.checksum.status"] for row in rows] == [status for _, status in requests]
    assert ["Checksum is wrong" in row["_ws.expert.message"] for row in rows] == [
        status == "0" for _, status in requests
    ]
    assert "left out of the capture" in rows[2]["_ws.expert.message"]


def test_answers_of_our_stub_are_checked_with_their_requests(tshark: Tshark) -> None:
    echo = own.PATTERN.build(own.Pattern(b"abc"))
    asked_with = zlib.crc32(echo)
    body = echo + b"\0\0"
    right = zlib.crc32(asked_with.to_bytes(4, "little") + body)
    request = (TO_CHIP, asked(Command.ECHO, own.Pattern(b"abc")))
    capture = of(
        request,
        (FROM_CHIP, answer(Command.ECHO, body, right)),
        request,
        (FROM_CHIP, answer(Command.ECHO, body, right ^ 0x100)),
        (FROM_CHIP, answer(Command.ECHO, body, right)),
    )
    rows = tshark.rows(capture, "esp8266.checksum.status")
    assert [row["esp8266.checksum.status"] for row in rows] == ["1", "1", "1", "0", "2"]


@pytest.mark.parametrize(
    ("record", "finding"),
    [
        ((TO_CHIP, bytes.fromhex("c0000a0400000000004002db60c0")), "DB is followed by neither DC nor DD"),
        ((TO_CHIP, bytes.fromhex("c0000a0400000000004002")), "The frame does not end"),
        ((FROM_CHIP, asked(Command.READ_REG, packets.ReadReg(0))), "Comes from the wrong side"),
        ((TO_CHIP, answer(Command.READ_REG)), "Comes from the wrong side"),
        ((FROM_CHIP, answer(Command.READ_REG)), "Answers no request"),
        ((TO_CHIP, bytes.fromhex("c0007702000000000001 02c0")), "No command has this opcode"),
        ((TO_CHIP, bytes.fromhex("c0000a0500000000000102030405c0")), "The body is not what the command has"),
        ((TO_CHIP, bytes.fromhex("c0000a020000000000 0102c0")), "The body is not what the command has"),
        ((FROM_CHIP, answer(Command.SPI_FLASH_MD5, b"12345\0\0")), "The body is not what the command has"),
        ((FROM_CHIP, answer(Command.READ_REG, b"")), "The body is not what the command has"),
        ((FROM_CHIP, answer(Command.MEM_DATA, b"\x01\x07")), f"refused: {MEANING[RomError.BAD_CHECKSUM]}"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1].hex(),
)
def test_finds_what_is_wrong(tshark: Tshark, record: tuple[EventType, bytes], finding: str) -> None:
    (row,) = tshark.rows(of(record), "_ws.expert.message")
    assert finding in row["_ws.expert.message"]


def test_a_fifth_word_behind_a_begin_is_nothing_wrong(tshark: Tshark) -> None:
    """What esptool writes begins so (BODY-FLASH-BEGIN); two words more are."""
    body = packets.FLASH_BEGIN.build(packets.FlashBegin(0x1000, 1, 0x400, 0))
    frames = [
        slip.encode(REQUEST.build(Request(Command.FLASH_DEFL_BEGIN, 0, body + bytes(more))))
        for more in (4, 8)
    ]
    rows = tshark.rows(of(*((TO_CHIP, frame) for frame in frames)), "esp8266.command", "_ws.expert.message")
    assert ["The body is not what" in row["_ws.expert.message"] for row in rows] == [False, True]


def test_several_frames_and_text_in_one_record(tshark: Tshark) -> None:
    frame = answer(Command.SYNC)
    capture = of((FROM_CHIP, b"boot\r\n" + frame + b"\xc0" + frame))
    assert tshark.told(capture) == ["text: boot; SYNC ok; SYNC ok"]


# -- conversations --------------------------------------------------------------------------------


def test_pairs_requests_and_answers(tshark: Tshark) -> None:
    capture = of(
        (TO_CHIP, asked(Command.SYNC, packets.Sync())),
        *[(FROM_CHIP, answer(Command.SYNC))] * 8,
        (TO_CHIP, asked(Command.READ_REG, packets.ReadReg(4))),
        (TO_CHIP, asked(Command.READ_REG, packets.ReadReg(8))),
        (TO_CHIP, asked(Command.MEM_END, packets.MemEnd(1, 0))),
        (FROM_CHIP, answer(Command.READ_REG)),
        (FROM_CHIP, answer(Command.READ_REG)),
        (FROM_CHIP, answer(Command.MEM_END)),
    )
    rows = tshark.rows(capture, "esp8266.request_in", "esp8266.answer_in", "esp8266.time")
    assert [row["esp8266.request_in"] for row in rows] == ["", *["1"] * 8, "", "", "", "10", "11", "12"]
    assert [row["esp8266.answer_in"] for row in rows] == ["2", *[""] * 8, "13", "14", "15", "", "", ""]
    assert [float(row["esp8266.time"]) for row in rows[12:]] == pytest.approx([0.003] * 3)


def test_a_conversation_with_a_board(tshark: Tshark) -> None:
    rows = tshark.rows(
        recorded_session(),
        *("_ws.col.Info", "esp8266.kind", "esp8266.command", "esp8266.checksum.status"),
        *("esp8266.request_in", "esp8266.answer_in", "esp8266.time", "esp8266.read_flash_ack.received"),
        *("esp8266.read.address", "esp8266.read.received", "esp8266.md5_digest.digest", "_ws.expert.message"),
    )
    first = next(at for at, row in enumerate(rows) if row["esp8266.command"] == "MEM_BEGIN")
    rows = rows[first:]  # before it there is the boot's output too, at another rate
    kinds = {row["esp8266.kind"] for row in rows}
    assert kinds == {"request", "response", "greeting", "data", "acknowledgement", "digest"}
    unanswered = [row for row in rows if row["esp8266.kind"] == "request" and not row["esp8266.answer_in"]]
    assert unanswered == []
    answers = [row for row in rows if row["esp8266.kind"] == "response"]
    assert all(row["esp8266.request_in"] and float(row["esp8266.time"]) >= 0 for row in answers)
    assert {row["esp8266.checksum.status"] for row in rows} == {"", "1"}
    assert {row["_ws.expert.message"] for row in rows} == {""}


def test_names_the_frames_of_a_reading(tshark: Tshark) -> None:
    said = tshark.told(recorded_session())[-7:]
    assert said[0] == "READ_FLASH offset=0x1000 size=0x1800 block_size=0x1000 in_flight=0x1"
    assert said[1:] == [
        "READ_FLASH ok",
        "READ_FLASH data: 0x1000 bytes from 0x1000, 0x1000 of 0x1800 so far",
        "READ_FLASH acknowledgement: 4096 bytes so far",
        "READ_FLASH data: 0x800 bytes from 0x2000, 0x1800 of 0x1800 so far",
        "READ_FLASH acknowledgement: 6144 bytes so far",
        "READ_FLASH digest",
    ]


def test_a_reading_ends_where_the_next_request_comes(tshark: Tshark) -> None:
    capture = of(
        (TO_CHIP, asked(Command.READ_FLASH, packets.ReadFlash(0, 0x100, 0x40, 1))),
        (FROM_CHIP, answer(Command.READ_FLASH)),
        (FROM_CHIP, slip.encode(bytes(range(0x40)))),
        (TO_CHIP, asked(Command.READ_REG, packets.ReadReg(4))),
        (FROM_CHIP, answer(Command.READ_REG)),
    )
    assert tshark.told(capture)[2:] == [
        "READ_FLASH data: 0x40 bytes from 0x0, 0x40 of 0x100 so far",
        "READ_REG 0x00000004",
        "READ_REG = 0x00000000",
    ]


def test_can_be_filtered(tshark: Tshark) -> None:
    found = tshark(recorded_session(), "-Y", 'esp8266.command == "INFO" && esp8266.info.flash_id == 0x1440ef')
    assert found.count("\n") == 1


# -- captures that are not whole ------------------------------------------------------------------


def frames() -> Iterator[tuple[EventType, bytes]]:
    yield from ((TO_CHIP, request.frame) for request in wire.REQUESTS)
    yield from ((FROM_CHIP, response.frame) for response in wire.RESPONSES)
    yield FROM_CHIP, slip.encode(b"OHAI")
    yield FROM_CHIP, answer(Command.INFO, bytes(range(44)) + b"\0\0")
    yield FROM_CHIP, answer(Command.DIGESTS, bytes(range(48)) + b"\0\0")
    frame = own.StreamFrame(0x1000, 0x1000, own.Kind.REPEAT, b"\xff")
    yield FROM_CHIP, answer(Command.STREAM_FRAME, own.STREAM_FRAME.build(frame))


def test_frames_that_are_cut_anywhere(tshark: Tshark) -> None:
    capture = Recording()
    for event, data in frames():
        for size in range(len(data)):
            capture.add(event, data, captured=size)
    told = tshark.told(capture)
    assert told.count("left out of the capture") == len(list(frames()))
    assert sum(line.endswith("(cut short)") for line in told) == len(told) - len(list(frames()))
    assert "The capture has only the beginning" in tshark(capture, "-V")


def test_records_without_their_header(tshark: Tshark) -> None:
    capture = Recording()
    record = pcapng.record(0, Event(0, TO_CHIP, bytes(28)))
    capture.blocks += [cut(record, size) for size in range(len(RECORD_HEADER))]
    assert len(tshark.told(capture)) == len(RECORD_HEADER)


def test_a_reading_of_cut_frames(tshark: Tshark) -> None:
    capture = Recording()
    for event in session():
        capture.add(event.type, event.data, 9, event.at_us)
    said = tshark.told(capture)
    assert "MEM_BEGIN (cut short)" in said or any("cut short" in line for line in said)


def test_noise_and_damage(tshark: Tshark) -> None:
    dice = random.Random(7)
    capture = Recording()
    good = [data for _, data in frames()]
    for _ in range(3000):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.choice([0x00, 0x01, 0xC0, 0xDB, 0xDC, 0xFF, 0xD2, 0xE4])
        captured = dice.choice([None, None, dice.randrange(len(data) + 1)])
        capture.add(EventType(dice.choice([1, 2, 2, 3, 5])), bytes(data), captured)
    for size in range(200):
        capture.add(FROM_CHIP, dice.randbytes(size))
    assert len(tshark.told(capture)) == 3200
    tshark(capture, "-V")

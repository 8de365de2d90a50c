# SPDX-License-Identifier: Apache-2.0
import struct

import pytest

from esprom.errors import ImageError
from esprom.wire import pcapng
from esprom.wire.events import Event, EventType
from esprom.wire.loading import wire_log

AT = 1_800_000_000_123_456
EVENTS = (
    Event(AT, EventType.STATUS_CHANGE, dtr=True, baud=460800),
    Event(AT + 1, EventType.STATUS_CHANGE, rts=True),
    Event(AT + 2, EventType.TO_CHIP, b"\xc0\x00\xc0", rts=True, left_out=((4, 4), (24, 1024)), sound=False),
    Event(
        AT + 3, EventType.FROM_CHIP, b"abcde", note="boot log; with: a colon", left_out=((0, 5),), sound=True
    ),
    Event(AT + 3, EventType.FROM_CHIP, b""),
)


def file_of(*events: Event, payload: bool = True) -> bytes:
    blocks = (pcapng.record(0, event) for event in events)
    return pcapng.section("a test", payload=payload) + pcapng.interface("a port") + b"".join(blocks)


@pytest.mark.spec("WIRE-4", "WIRE-1")
def test_what_is_written_is_what_is_read() -> None:
    log = pcapng.parse(file_of(*EVENTS))
    assert (log.source, log.payload, log.truncated) == ("capture", True, False)
    assert [(stream.name, stream.events) for stream in log.streams] == [("a port", EVENTS)]
    assert not pcapng.parse(file_of(payload=False)).payload


@pytest.mark.spec("WIRE-1")
def test_records_are_read_in_the_order_of_time() -> None:
    late, early, same = (
        Event(AT + at, EventType.TO_CHIP, data) for at, data in ((5, b"a"), (3, b"b"), (5, b"c"))
    )
    assert pcapng.parse(file_of(late, early, same)).streams[0].events == (early, late, same)


@pytest.mark.spec("WIRE-3")
def test_a_record_byte_by_byte() -> None:
    """Against the layout as others have written it down, not against our own."""
    event = Event(0x11223344 * 1_000_000 + 0x55667, EventType.FROM_CHIP, b"\xc0a", dtr=True, rts=True)
    assert bytes.fromhex("11223344 00055667 02 18 0000 c061") in pcapng.record(0, event)


@pytest.mark.spec("WIRE-4")
def test_a_file_byte_by_byte() -> None:
    found = file_of(Event(1, EventType.TO_CHIP, b"ab"))
    assert found[:4] == bytes.fromhex("0a0d0d0a")
    assert found[8:24] == bytes.fromhex("4d3c2b1a 0100 0000 ffffffffffffffff")
    size = struct.unpack_from("<I", found, 4)[0]
    kind, _, link, _, snap = struct.unpack_from("<IIHHI", found, size)
    assert (kind, link, snap) == (1, 250, 0)
    assert found[-4:] == struct.pack(
        "<I", 48
    )  # the record: 12 around, 20 of its own, 14 of data and 2 to fill


@pytest.mark.spec("WIRE-4")
@pytest.mark.parametrize("cut", [*range(1, 44), *range(45, 60)])  # the last record has 44
def test_a_file_that_is_cut_short_is_read_up_to_there(cut: int) -> None:
    whole = file_of(*EVENTS)
    log = pcapng.parse(whole[:-cut])
    assert log.truncated
    assert log.streams[0].events == EVENTS[: len(log.streams[0].events)]
    assert len(log.streams[0].events) < len(EVENTS)


@pytest.mark.spec("WIRE-4")
def test_what_is_not_known_is_passed_over() -> None:
    strange = struct.pack("<III", 0x0BAD, 16, 0x12345678) + struct.pack("<I", 16)
    option = pcapng.interface("a port")
    found = pcapng.section("a test", payload=True) + strange + option + strange + pcapng.record(0, EVENTS[0])
    assert pcapng.parse(found).streams[0].events == EVENTS[:1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no capture"),
        (b"MZ\x90\x00 something else", "no capture"),
        (pcapng.section("x", payload=True) + pcapng.record(0, EVENTS[0]), "does not name"),
        (file_of(*EVENTS)[:-4] + b"\1\2\3\4", "two sizes differ"),
        (file_of().replace(b"\xfa\x00", b"\x01\x00"), "link type 1;"),
        (file_of().replace(b"esprom wire 1;", b"esprom wire 7;"), "version 7"),
        (file_of(EVENTS[2]).replace(b"24+1024", b"24+many"), "'many' stands where a number should"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1), "link type 1;"),
        (struct.pack("<IHH", 0xA1B2C3D4, 2, 4), "own header"),
    ],
)
def test_what_is_none_is_said_to_be(data: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        pcapng.parse(data)


def rtac(event: int, lines: int, data: bytes) -> bytes:
    return struct.pack(">IIBBH", 0, 0, event, lines, 0) + data


@pytest.mark.spec("WIRE-12")
@pytest.mark.parametrize(("magic", "parts"), [(0xA1B2C3D4, 10**6), (0xA1B23C4D, 10**9)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_an_old_pcap_of_somebody_else(order: str, magic: int, parts: int) -> None:
    found = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 250)
    pieces = [
        (1, rtac(1, 0, b"\xc0a")),
        (2, rtac(3, 0, b"b\xc0")),
        (3, rtac(0, 0x08, b"")),
        (4, rtac(5, 0x08, b"")),
    ]
    for at, data in pieces:
        found += struct.pack(f"{order}IIII", 100, at * parts // 1000, len(data), len(data)) + data
    log = wire_log(found + b"\0\0")
    assert (log.source, log.truncated) == ("pcap", True)
    ms = 100_000_000
    assert log.streams[0].events == (
        Event(ms + 2000, EventType.TO_CHIP, b"\xc0ab\xc0"),
        Event(ms + 3000, EventType.STATUS_CHANGE, rts=True),
        Event(ms + 4000, EventType.DATA_LOST, rts=True),
    )


@pytest.mark.spec("WIRE-12")
def test_a_pcapng_of_somebody_else_with_another_order_and_resolution() -> None:
    def block(kind: int, body: bytes) -> bytes:
        return struct.pack(">II", kind, len(body) + 12) + body + struct.pack(">I", len(body) + 12)

    data = rtac(2, 0, b"\xc0ab\xc0")
    found = block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    found += block(1, struct.pack(">HHI", 250, 0, 0) + struct.pack(">HHB3xHH", 9, 1, 9, 0, 0))
    found += block(6, struct.pack(">IIIII", 0, 0, 5_000_000, len(data), len(data)) + data)
    log = wire_log(found)
    assert (log.source, log.payload) == ("pcapng", True)
    assert log.streams[0].events == (Event(5000, EventType.FROM_CHIP, b"\xc0ab\xc0"),)


@pytest.mark.spec("WIRE-12")
def test_what_was_recorded_beside_a_serial_line_is_passed_over() -> None:
    other = bytearray(pcapng.interface("eth0"))
    other[8:10] = struct.pack("<H", 1)  # its link type: Ethernet
    serial = pcapng.interface("ttyUSB0") + pcapng.record(0, EVENTS[0]) + pcapng.record(1, EVENTS[0])
    (stream,) = pcapng.parse(pcapng.section("x", payload=True) + bytes(other) + serial).streams
    assert stream.name == "ttyUSB0"
    assert len(stream.events) == 1

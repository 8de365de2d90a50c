# SPDX-License-Identifier: Apache-2.0
"""Whatever goes over the wire, and in whatever pieces: nothing is lost, and nothing private is kept."""

import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esprom.errors import EspromError
from esprom.port.recorded import Way
from esprom.protocol import own, packets, slip
from esprom.protocol.commands import packet
from esprom.protocol.packets import REQUEST, RESPONSE, Command, Request, Response
from esprom.wire import pcapng
from esprom.wire.capture import Capture
from esprom.wire.decode import WireMessage, wire_messages
from esprom.wire.events import Event, EventType, WireLog
from esprom.wire.folding import WireFold, wire_folded
from esprom.wire.loading import wire_log

WALL = 1_800_000_000.0
OK = b"\0\0"
wire_bytes = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd", b"\x01\x0a\x02\x00", b"a"]), max_size=30
).map(b"".join)
talk = st.lists(st.tuples(st.sampled_from(Way), wire_bytes), max_size=12)


def recorded(said: list[tuple[Way, bytes]], *, payload: bool, step_s: float = 0.001) -> bytes:
    file = bytearray()
    capture = Capture(file.extend, lambda: WALL, payload=payload)
    track = capture.track("a port", 0.0, 115200)
    for index, (way, data) in enumerate(said):
        track.hear(index * step_s, way, data)
    capture.close()
    return bytes(file)


def bytes_of(log: WireLog, kind: EventType) -> bytes:
    return b"".join(event.data for event in log.streams[0].events if event.type is kind)


@pytest.mark.spec("WIRE-2")
@given(talk, st.sampled_from([0.0, 0.001, 0.2, 3.0]))
def test_a_capture_loses_nothing(said: list[tuple[Way, bytes]], step_s: float) -> None:
    log = wire_log(recorded(said, payload=True, step_s=step_s))
    for way, kind in ((Way.TO_CHIP, EventType.TO_CHIP), (Way.FROM_CHIP, EventType.FROM_CHIP)):
        assert bytes_of(log, kind) == b"".join(data for whose, data in said if whose is way)


@pytest.mark.spec("WIRE-2")
@given(wire_bytes, st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_a_stream_in_any_pieces_gives_the_same_records(data: bytes, cuts: list[int], payload: bool) -> None:
    edges = [0, *sorted(cuts), len(data)]
    pieces = [(Way.FROM_CHIP, data[first:end]) for first, end in pairwise(edges)]
    whole = recorded([(Way.FROM_CHIP, data)], payload=payload, step_s=0.0)
    assert recorded(pieces, payload=payload, step_s=0.0) == whole


@pytest.mark.spec("WIRE-10", "WIRE-11")
@given(talk, st.booleans())
def test_every_record_is_a_message_and_folding_loses_none(
    said: list[tuple[Way, bytes]], payload: bool
) -> None:
    (stream,) = wire_log(recorded(said, payload=payload)).streams
    found = list(wire_messages(stream))
    assert len([message for message in found if message.name != "gap"]) == len(stream.events)
    unfolded: list[WireMessage] = []
    for item in wire_folded(found):
        unfolded += item.messages if isinstance(item, WireFold) else [item]
    assert unfolded == found


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda data: bytes.fromhex("0a0d0d0a") + data))
def test_junk_raises_only_ours(data: bytes) -> None:
    try:
        log = wire_log(data)
    except EspromError:
        return
    for stream in log.streams:
        list(wire_messages(stream))


# -- what is private ----------------------------------------------------------------------------------

# Content that cannot be in a file by chance: every 5 bytes of it are looked for.
PART = 5
content = st.binary(min_size=16, max_size=80).filter(
    lambda data: all(len(set(data[at : at + PART])) > 2 for at in range(len(data) - PART + 1))
)


def answer(command: Command, value: int, body: bytes = b"") -> tuple[Way, bytes]:
    return Way.FROM_CHIP, slip.encode(RESPONSE.build(Response(command, value, body + OK)))


def asked(command: Command, body: object) -> tuple[Way, bytes]:
    return Way.TO_CHIP, slip.encode(packet(command, body))


def conversations(secret: bytes) -> Iterator[tuple[str, list[tuple[Way, bytes]]]]:
    """Yield what carries the secret, by every way there is."""
    block = packets.DataBlock(3, secret)
    for command in (Command.FLASH_DATA, Command.MEM_DATA, Command.FLASH_DEFL_DATA):
        yield command.name, [asked(command, block), answer(command, 0)]
    yield "PUT", [asked(Command.PUT, own.Put(0x1000, own.Kind.RAW, secret))]
    yield "ECHO", [asked(Command.ECHO, own.Pattern(secret)), answer(Command.ECHO, 0, secret)]
    head = own.STREAM_FRAME.build(own.StreamFrame(0, len(secret), own.Kind.RAW, secret))
    frame = RESPONSE.build(Response(Command.STREAM_FRAME, zlib.crc32(head), head))
    yield "STREAM_FRAME", [(Way.FROM_CHIP, slip.encode(frame))]
    words = [int.from_bytes(secret[at : at + 4], "little") for at in range(0, 16, 4)]
    read = [
        pair
        for word in words
        for pair in (asked(Command.READ_REG, packets.ReadReg(0x3FF00050)), answer(Command.READ_REG, word))
    ]
    yield "READ_REG", read
    yield "sticky value", [*read, *(answer(Command.WRITE_REG, word) for word in words)]
    writes = tuple(packets.RegisterWrite(0x60000240 + 4 * at, word) for at, word in enumerate(words))
    yield "WRITE_REG", [asked(Command.WRITE_REG, packets.WriteReg(writes))]
    yield (
        "MD5",
        [asked(Command.SPI_FLASH_MD5, packets.FlashMd5(0, 4)), answer(Command.SPI_FLASH_MD5, 0, secret[:16])],
    )
    yield "DIGESTS", [answer(Command.DIGESTS, 0, secret)]
    info = own.INFO.build(own.Info(1, 2, 3, 4, 5, (words[0], words[1], words[2], words[3]), 6, 7))
    yield "INFO", [answer(Command.INFO, 0, info)]
    yield "text", [(Way.FROM_CHIP, secret), (Way.TO_CHIP, secret)]
    yield "damaged", [(Way.FROM_CHIP, b"\xc0" + secret.replace(b"\xc0", b"") + b"\xdb\x00\xc0")]
    yield "unknown command", [(Way.TO_CHIP, slip.encode(REQUEST.build(Request(Command(0x77), 1, secret))))]
    yield "cut short", [(Way.TO_CHIP, slip.encode(packet(Command.FLASH_DATA, block))[:-9])]
    yield from reading_flash(secret)


def reading_flash(secret: bytes) -> Iterator[tuple[str, list[tuple[Way, bytes]]]]:
    begun = [
        asked(Command.READ_FLASH, packets.ReadFlash(0, 2 * len(secret), len(secret), 1)),
        answer(Command.READ_FLASH, 0),
    ]
    ack = (Way.TO_CHIP, slip.encode(packets.READ_FLASH_ACK.build(packets.ReadFlashAck(len(secret)))))
    data = (Way.FROM_CHIP, slip.encode(secret))
    yield "READ_FLASH", [*begun, data, ack, data, ack, (Way.FROM_CHIP, slip.encode(secret[:16]))]
    looks = RESPONSE.build(Response(Command.TRY_BAUDRATE, 0x20120707, secret))
    yield "flash that looks like an answer", [*begun, (Way.FROM_CHIP, slip.encode(looks[: 2 * len(secret)]))]
    yield "its answer is lost", [begun[0], data]


def parts(secret: bytes) -> set[bytes]:
    """Return all short stretches of the secret, and of it as it is on the wire."""
    forms = (secret, slip.encode(secret)[1:-1], secret.hex().encode())
    return {form[at : at + PART] for form in forms for at in range(len(form) - PART + 1)}


@pytest.mark.spec("WIRE-5", "WIRE-6", "WIRE-7", "WIRE-8")
@settings(max_examples=40)  # of some twenty conversations each
@given(content)
def test_nothing_private_is_in_a_capture_without_payload(secret: bytes) -> None:
    words = b"".join(secret[at : at + 4][::-1] for at in range(0, 16, 4))
    private = parts(secret) | parts(words)
    for (name, said), (_, blank) in zip(
        conversations(secret), conversations(bytes(len(secret))), strict=True
    ):
        file, empty = (recorded(talked, payload=False) for talked in (said, blank))
        assert not [part for part in private if part in file and part not in empty], name


# Without END and ESC, on which the shape of a capture depends.
plain = st.integers(1, 0xBF)


@pytest.mark.spec("WIRE-5", "WIRE-6", "WIRE-7", "WIRE-8")
@settings(max_examples=40)  # of some twenty conversations each
@given(st.lists(st.tuples(plain, plain), min_size=16, max_size=60))
def test_a_capture_without_payload_does_not_depend_on_content(pairs: list[tuple[int, int]]) -> None:
    """Two contents of one length make the same file, bit by bit."""
    one, other = (bytes(side) for side in zip(*pairs, strict=True))
    for (name, first), (_, second) in zip(conversations(one), conversations(other), strict=True):
        if [len(data) for _, data in first] != [len(data) for _, data in second]:
            continue  # a checksum of one of them has to be escaped
        assert recorded(first, payload=False) == recorded(second, payload=False), name


@pytest.mark.spec("WIRE-5")
@settings(max_examples=40)  # of some twenty conversations each
@given(content)
def test_sizes_and_times_stay_without_payload(secret: bytes) -> None:
    def shape(event: Event) -> tuple[int, EventType, int]:
        frames = slip.Decoder().feed(event.data)
        return event.at_us, event.type, len(frames[0]) if frames else len(event.data)

    for name, said in conversations(secret):
        (kept,) = wire_log(recorded(said, payload=False)).streams
        (whole,) = wire_log(recorded(said, payload=True)).streams
        if name != "damaged":
            assert list(map(shape, kept.events)) == list(map(shape, whole.events)), name
        hidden = sum(size for event in kept.events for _, size in event.left_out)
        assert hidden >= PART, name


def test_the_private_can_be_found_where_payload_is_kept() -> None:
    """Else the tests above would find nothing whatever is in the file."""
    secret = bytes(range(100, 132))
    for name, said in conversations(secret):
        file = recorded(said, payload=True)
        assert any(part in file for part in parts(secret) if len(part) == PART) or name in (
            "READ_REG",
            "sticky value",
            "WRITE_REG",
            "INFO",
        ), name
    assert pcapng.is_capture(file)

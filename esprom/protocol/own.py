# SPDX-License-Identifier: Apache-2.0
"""Packets of our own stub loader (STUB-*): what no other loader has.

As in `packets`: a dataclass is what a packet means, the `Record` in capitals how it is laid out. Data
travels in one of four kinds, each with the address it is for, so that any of it can be asked for again.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from construct import Array, Construct, ExprAdapter, GreedyBytes, Int8ul, Int32ul

from esprom.errors import MalformedPacket
from esprom.protocol.packets import RESPONSE, Command, OpenIntEnum
from esprom.protocol.record import Overlay, Record

VERSION = 1  # of these packets, and of what the stub does with them
RAW_DEFLATE = -zlib.MAX_WBITS
DIGEST_SIZE = 16  # bytes: MD5
MOST_DIGESTS = 64  # in one answer
FINISHED = 0xFFFFFFFF
SECTOR = 0x1000  # bytes


class Kind(OpenIntEnum):
    """How data is written down."""

    RAW = 0
    REPEAT = 1  # one byte, so many times
    PACKED = 2  # raw deflate
    DIGEST = 3  # no data, but the MD5 of all of it
    PACKED_AFTER = 4  # raw deflate that refers to what the flash holds before it; in PUT alone


KindField: "Construct[Kind, Kind]" = ExprAdapter(
    Int8ul, decoder=lambda value, _: Kind(value), encoder=lambda member, _: int(member)
)


@dataclass(frozen=True, slots=True)
class AskInfo:
    """INFO. Without a body one damaged byte could make it ERASE_FLASH (STUB-5)."""

    version: int = VERSION  # the host's


ASK_INFO = Record(AskInfo, "version" / Int32ul)


@dataclass(frozen=True, slots=True)
class Info:
    """What INFO answers: what the stub is, and what it sits on (STUB-5)."""

    version: int
    body_size: int  # bytes, at most, of a request's body
    receive_size: int  # bytes that it can keep while it is at work
    flash_id: int  # manufacturer in the low byte
    flash_status: int  # the first status register
    efuse: tuple[int, int, int, int]
    divisor: int  # of the UART
    overflows: int  # how often something received was lost


EfuseField: "Construct[Any, Any]" = ExprAdapter(
    Array(4, Int32ul), decoder=lambda words, _: tuple(words), encoder=lambda words, _: list(words)
)
INFO = Record(
    Info,
    "version" / Int32ul,
    "body_size" / Int32ul,
    "receive_size" / Int32ul,
    "flash_id" / Int32ul,
    "flash_status" / Int32ul,
    "efuse" / EfuseField,
    "divisor" / Int32ul,
    "overflows" / Int32ul,
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """ECHO: comes back as it was sent (STUB-6)."""

    data: bytes


PATTERN = Record(Pattern, "data" / GreedyBytes)


@dataclass(frozen=True, slots=True)
class Digests:
    """DIGESTS: one digest for each `unit` of a range; all three whole sectors (STUB-7)."""

    offset: int
    size: int
    unit: int


DIGESTS = Record(Digests, "offset" / Int32ul, "size" / Int32ul, "unit" / Int32ul)


@dataclass(frozen=True, slots=True)
class DigestList:
    """What DIGESTS answers."""

    digests: tuple[bytes, ...]


DIGEST_LIST = Record(
    DigestList,
    "digests"
    / ExprAdapter(
        GreedyBytes,
        decoder=lambda data, _: tuple(data[at : at + DIGEST_SIZE] for at in range(0, len(data), DIGEST_SIZE)),
        encoder=lambda digests, _: b"".join(digests),
    ),
)


@dataclass(frozen=True, slots=True)
class Stream:
    """STREAM: send a range, unasked (STUB-8)."""

    offset: int
    size: int
    window: int  # bytes of flash that may be sent and not confirmed
    effort: int  # 0: do not pack; else with how many earlier places each string is compared


STREAM = Record(Stream, "offset" / Int32ul, "size" / Int32ul, "window" / Int32ul, "effort" / Int32ul)


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """A piece of a stream; the header's value is a CRC-32 of what it means (STUB-9)."""

    offset: int
    size: int  # bytes of flash
    kind: Kind
    payload: bytes


STREAM_FRAME = Record(
    StreamFrame, "offset" / Int32ul, "size" / Int32ul, "kind" / KindField, "payload" / GreedyBytes
)


_HEADER, _HEAD = Overlay(*RESPONSE.layout), Overlay(*STREAM_FRAME.layout)


def stream_frame(packet: bytes) -> tuple[StreamFrame, int] | None:
    """Return the frame of a stream that a packet is, and its CRC; None for any other packet.

    What RESPONSE and STREAM_FRAME would make of it, in a tenth of the time: there are 256 in a MiB.

    Raises:
        MalformedPacket: it is cut short, or longer than it says.
    """
    whole = memoryview(packet)
    if len(packet) <= _HEADER.size or _HEADER.read(whole, 0, "command") != Command.STREAM_FRAME:
        return None
    body = _HEADER.size
    if _HEADER.read(whole, 0, "size") != len(packet) - body or len(packet) - body < _HEAD.size:
        raise MalformedPacket("a frame of a stream is not as long as it says")
    if _HEADER.read(whole, 0, "direction") != 1:
        raise MalformedPacket("a frame of a stream comes from the wrong side")
    offset, size, kind = (_HEAD.read(whole, body, name) for name in ("offset", "size", "kind"))
    frame = StreamFrame(offset, size, Kind(kind), packet[body + _HEAD.size :])
    return frame, _HEADER.read(whole, 0, "value")


@dataclass(frozen=True, slots=True)
class StreamControl:
    """STREAM_CONTROL: what the host has, and what it misses; there is no answer (STUB-10)."""

    confirmed: int  # address up to which all is there; FINISHED ends the stream
    offset: int = 0
    size: int = 0


STREAM_CONTROL = Record(StreamControl, "confirmed" / Int32ul, "offset" / Int32ul, "size" / Int32ul)


@dataclass(frozen=True, slots=True)
class Put:
    """PUT: make a sector hold this, whatever it holds now (STUB-11)."""

    offset: int
    kind: Kind
    payload: bytes


PUT = Record(Put, "offset" / Int32ul, "kind" / KindField, "payload" / GreedyBytes)


class Done(OpenIntEnum):
    """What PUT had to do."""

    NOTHING = 0
    PROGRAMMED = 1
    ERASED = 2  # and programmed


@dataclass(frozen=True, slots=True)
class PutDone:
    """What PUT answers."""

    offset: int
    done: Done


PUT_DONE = Record(
    PutDone,
    "offset" / Int32ul,
    "done" / ExprAdapter(Int8ul, decoder=lambda value, _: Done(value), encoder=lambda member, _: int(member)),
)


@dataclass(frozen=True, slots=True)
class EraseDone:
    """What ERASE answers."""

    offset: int


ERASE_DONE = Record(EraseDone, "offset" / Int32ul)


@dataclass(frozen=True, slots=True)
class TryBaudrate:
    """TRY_BAUDRATE: change the rate, for good or on trial (STUB-15)."""

    baud: int
    old: int  # as the host calls the one in use
    trial_ms: int  # at most 10000; 0 is for good


TRY_BAUDRATE = Record(TryBaudrate, "baud" / Int32ul, "old" / Int32ul, "trial_ms" / Int32ul)


@dataclass(frozen=True, slots=True)
class After:
    """The payload of PACKED_AFTER (STUB-11)."""

    sectors: int  # before the one that is put, at most 7: what `packed` may refer to
    crc: int  # of the sector
    packed: bytes


AFTER = Record(After, "sectors" / Int8ul, "crc" / Int32ul, "packed" / GreedyBytes)
MOST_AFTER = 7  # sectors


def pack(data: bytes, before: bytes = b"") -> tuple[Kind, bytes]:
    """Return how to write a sector down in the fewest bytes.

    `before` is what the flash will hold before it by then: whole sectors, of which the last 7 count.
    """
    if data and data.count(data[0]) == len(data):
        return Kind.REPEAT, data[:1]
    best = min((Kind.RAW, data), (Kind.PACKED, _deflated(data, b"")), key=_length)
    before = before[-MOST_AFTER * SECTOR :]
    if before:
        after = After(len(before) // SECTOR, zlib.crc32(data), _deflated(data, before))
        best = min(best, (Kind.PACKED_AFTER, AFTER.build(after)), key=_length)
    return best


def _length(written: tuple[Kind, bytes]) -> int:
    return len(written[1])


def _deflated(data: bytes, before: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE, zdict=before)
    return packer.compress(data) + packer.flush()


def unpack(kind: Kind, payload: bytes, size: int) -> bytes:
    """Return the `size` bytes that `payload` means. Raises MalformedPacket."""
    if kind is Kind.REPEAT and len(payload) == 1:
        return payload * size
    data = payload
    if kind is Kind.PACKED:
        unpacker = zlib.decompressobj(RAW_DEFLATE)
        try:
            data = unpacker.decompress(payload, size + 1)
        except zlib.error as exc:
            raise MalformedPacket(f"a frame cannot be unpacked: {exc}") from exc
        if not unpacker.eof or unpacker.unused_data:
            raise MalformedPacket("a frame is packed wrongly")
    if len(data) != size:
        raise MalformedPacket(f"a frame of {size} bytes holds {len(data)}")
    return data

# SPDX-License-Identifier: Apache-2.0
"""The file of a capture: pcapng blocks around records of LINKTYPE_RTAC_SERIAL (WIRE-3, WIRE-4).

The only file that knows how it is laid out. Sources: the pcapng draft of the IETF's OPSAWG, the list of link
types of tcpdump.org. Files of others are read as far as they have this link type, and old pcap files too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any

from construct import (
    Aligned,
    Bytes,
    Construct,
    ConstructError,
    Default,
    GreedyBytes,
    GreedyRange,
    Int8ub,
    Int16ub,
    Int16ul,
    Int32ub,
    Int32ul,
    Int64ul,
    Rebuild,
    Struct,
    len_,
    this,
)

from esprom.errors import ImageError
from esprom.wire.events import IN, OUT, SECOND, Event, EventType, Span, WireLog, WireStream

VERSION = 1  # of what the comments say
LINK_TYPE = 250  # LINKTYPE_RTAC_SERIAL
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6  # block types
BYTE_ORDER = 0x1A2B3C4D
PCAP = {0xA1B2C3D4: SECOND, 0xA1B23C4D: 1000 * SECOND}  # magic -> parts of a second
NO_OPTION, COMMENT, NAME, APPLICATION, RESOLUTION = 0, 1, 2, 4, 9  # option codes
MICROSECONDS = b"\x06"  # as a power of ten
UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF
RTS, DTR = 0x08, 0x10  # of the control lines
OURS = "esprom wire"  # begins the comment by which a file of ours is known
LEFT_OUT, SOUND, NOTE, BAUD = "left out: ", "checksum: ", "note: ", "baud: "  # begin comments of a packet
KEYS = (LEFT_OUT, SOUND, NOTE, BAUD)
GOOD, BAD = "good", "bad"
OTHER_LINK = f"the capture has link type {{}}; only {LINK_TYPE} is a serial line"
WITH_PAYLOAD = "payload is in it"
WITHOUT_PAYLOAD = "payload is left out: what is not known to be harmless is 0"

RTAC = Struct(
    "seconds" / Int32ub,
    "microseconds" / Int32ub,
    "event" / Int8ub,
    "lines" / Int8ub,
    "footer" / Int16ub,
    "payload" / GreedyBytes,
)


@dataclass(frozen=True, slots=True)
class Layouts:
    """The blocks in one byte order."""

    option: "Construct[Any, Any]"
    block: "Construct[Any, Any]"
    section: "Construct[Any, Any]"
    interface: "Construct[Any, Any]"
    packet: "Construct[Any, Any]"
    pcap: "Construct[Any, Any]"
    pcap_record: "Construct[Any, Any]"


@cache
def layouts(*, little: bool) -> Layouts:
    """Return the layouts; who writes a file chooses the byte order."""
    word: Construct[Any, Any] = Int32ul if little else Int32ub
    half: Construct[Any, Any] = Int16ul if little else Int16ub
    option = Aligned(
        4, Struct("code" / half, "size" / Rebuild(half, len_(this.data)), "data" / Bytes(this.size))
    )
    options = "options" / GreedyRange(option)
    return Layouts(
        option=option,
        block=Struct("type" / word, "size" / word, "body" / Bytes(this.size - 12), "again" / word),
        section=Struct("order" / word, "major" / half, "minor" / half, "length" / Int64ul, options),
        interface=Struct("link_type" / half, "reserved" / half, "snap_length" / word, options),
        packet=Struct(
            "interface" / word,
            "high" / word,
            "low" / word,
            "captured" / Rebuild(word, len_(this.data)),
            "original" / Default(word, len_(this.data)),
            "data" / Aligned(4, Bytes(this.captured)),
            options,
        ),
        pcap=Struct(
            "magic" / word,
            "major" / half,
            "minor" / half,
            "zone" / word,
            "digits" / word,
            "snap_length" / word,
            "link_type" / word,
        ),
        pcap_record=Struct(
            "seconds" / word, "parts" / word, "size" / word, "original" / word, "data" / Bytes(this.size)
        ),
    )


WRITTEN = layouts(little=True)
BLOCK_OVERHEAD = 12  # bytes around a body


# -- writing ------------------------------------------------------------------------------------------


def section(application: str, *, payload: bool) -> bytes:
    """Return how a file begins."""
    said = WITH_PAYLOAD if payload else WITHOUT_PAYLOAD
    comment = f"{OURS} {VERSION}; {said}"
    options = _options((COMMENT, comment.encode()), (APPLICATION, application.encode()))
    head = {"order": BYTE_ORDER, "major": 1, "minor": 0, "length": UNKNOWN_LENGTH, "options": options}
    return _block(SECTION, WRITTEN.section.build(head))


def interface(name: str) -> bytes:
    """Return what comes before the first record of a port. The first has number 0."""
    options = _options((NAME, name.encode()), (RESOLUTION, MICROSECONDS))
    head = {"link_type": LINK_TYPE, "reserved": 0, "snap_length": 0, "options": options}
    return _block(INTERFACE, WRITTEN.interface.build(head))


def record(number: int, event: Event) -> bytes:
    """Return the record of an event on the port with this number."""
    seconds, microseconds = divmod(event.at_us, SECOND)
    data = RTAC.build(
        {
            "seconds": seconds,
            "microseconds": microseconds,
            "event": int(event.type),
            "lines": event.rts * RTS | event.dtr * DTR,
            "footer": 0,
            "payload": event.data,
        }
    )
    comments = [(COMMENT, text.encode()) for text in _comments(event)]
    return _block(
        PACKET,
        WRITTEN.packet.build(
            {
                "interface": number,
                "high": event.at_us >> 32,
                "low": event.at_us & 0xFFFFFFFF,
                "data": data,
                "options": _options(*comments) if comments else [],
            }
        ),
    )


def _comments(event: Event) -> Iterator[str]:
    if event.left_out:
        yield LEFT_OUT + " ".join(f"{at}+{size}" for at, size in event.left_out)
    if event.sound is not None:
        yield SOUND + (GOOD if event.sound else BAD)
    if event.baud:
        yield f"{BAUD}{event.baud}"
    if event.note:
        yield NOTE + event.note


def _options(*options: tuple[int, bytes]) -> list[dict[str, Any]]:
    return [{"code": code, "data": data} for code, data in (*options, (NO_OPTION, b""))]


def _block(kind: int, body: bytes) -> bytes:
    size = len(body) + BLOCK_OVERHEAD
    return WRITTEN.block.build({"type": kind, "size": size, "body": body, "again": size})


# -- reading ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Port:
    """An interface while its file is read."""

    name: str
    link_type: int = LINK_TYPE
    parts: int = SECOND  # of a second, in which its records count
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    """A file while it is read."""

    ports: list[_Port] = field(default_factory=list)  # of all sections
    first: int = 0  # of this section
    little: bool = True
    ours: bool = False
    payload: bool = True
    truncated: bool = False

    def log(self) -> WireLog:
        """Return what was on serial lines. Raises ImageError where the file is of other things alone."""
        serial = [port for port in self.ports if port.link_type == LINK_TYPE]
        if self.ports and not serial:
            raise ImageError(OTHER_LINK.format(self.ports[0].link_type))
        return WireLog(
            "capture" if self.ours else "pcapng",
            self.payload,
            tuple(
                WireStream(port.name, tuple(sorted(port.events, key=lambda event: event.at_us)))
                for port in serial
            ),
            self.truncated,
        )


def is_capture(data: bytes) -> bool:
    """Say whether a file begins as a capture does, pcapng or pcap."""
    return data[:4] in {magic.to_bytes(4, order) for magic in (SECTION, *PCAP) for order in ("little", "big")}


def parse(data: bytes) -> WireLog:
    """Return what a file says; one that ends in the middle of a record up to there.

    Raises:
        ImageError: it is no capture of this kind.
    """
    if not is_capture(data):
        raise ImageError("this is no capture: it does not begin as pcapng or pcap do")
    if int.from_bytes(data[:4], "little") != SECTION:
        return _parse_pcap(data)
    reading = _Reading()
    at = 0
    while at < len(data):
        size = _take_block(reading, data, at)
        if not size:
            reading.truncated = True
            break
        at += size
    return reading.log()


def _take_block(reading: _Reading, data: bytes, at: int) -> int:
    """Read the block at `at`; return its size, 0 where it is cut short. Raises ImageError."""
    if data[at : at + 4] == SECTION.to_bytes(4, "little"):
        reading.little = data[at + 8 : at + 12] == BYTE_ORDER.to_bytes(4, "little")
    form = layouts(little=reading.little)
    size = int.from_bytes(data[at + 4 : at + 8], "little" if reading.little else "big")
    if len(data) < at + max(size, BLOCK_OVERHEAD):
        return 0
    try:
        block = form.block.parse(data[at : at + size])
        if block.again != size or size % 4:
            raise ImageError(f"the capture is damaged at byte {at}: a block's two sizes differ")
        _take(reading, form, block)
    except ConstructError as exc:
        raise ImageError(f"the capture is damaged at byte {at}: {' '.join(str(exc).split())}") from exc
    return size


def _take(reading: _Reading, form: Layouts, block: Any) -> None:
    if block.type == SECTION:
        comments = _texts(form.section.parse(block.body).options, COMMENT)
        reading.first = len(reading.ports)
        reading.ours = any(text.startswith(OURS) for text in comments)
        if reading.ours:
            _check_version(comments)
            reading.payload = not any(WITHOUT_PAYLOAD in text for text in comments)
    elif block.type == INTERFACE:
        reading.ports.append(_port(form.interface.parse(block.body), len(reading.ports)))
    elif block.type == PACKET:
        _take_packet(reading, form.packet.parse(block.body))


def _check_version(comments: list[str]) -> None:
    number = next(text for text in comments if text.startswith(OURS))[len(OURS) :].partition(";")[0].strip()
    if number != str(VERSION):
        raise ImageError(
            f"the capture is of version {number}, of which this esprom knows nothing: take a newer one"
        )


def _port(block: Any, number: int) -> _Port:
    names = _texts(block.options, NAME)
    port = _Port(names[0] if names else f"port {number}", block.link_type)
    for option in block.options:
        if option.code == RESOLUTION and len(option.data) == 1:
            power = option.data[0]
            port.parts = 1 << (power & 0x7F) if power & 0x80 else 10**power
    return port


def _take_packet(reading: _Reading, block: Any) -> None:
    number = reading.first + block.interface
    if number >= len(reading.ports):
        raise ImageError(
            f"the capture is damaged: a record is of port {block.interface}, which it does not name"
        )
    port = reading.ports[number]
    if port.link_type != LINK_TYPE:
        return  # of a network, say, that was recorded at the same time
    at_us = (block.high << 32 | block.low) * SECOND // port.parts
    comments = _texts(block.options, COMMENT) if reading.ours else []
    port.events.append(_event(at_us, block.data, comments))


def _event(at_us: int, data: bytes, comments: list[str]) -> Event:
    found = RTAC.parse(data)
    kind = EventType(found.event)
    told = {key: text[len(key) :] for text in comments for key in KEYS if text.startswith(key)}
    return Event(
        at_us,
        EventType.TO_CHIP if kind in OUT else EventType.FROM_CHIP if kind in IN else kind,
        found.payload,
        dtr=bool(found.lines & DTR),
        rts=bool(found.lines & RTS),
        left_out=_spans(told.get(LEFT_OUT, "")),
        sound=told[SOUND] == GOOD if SOUND in told else None,
        note=told.get(NOTE, ""),
        baud=_number(told.get(BAUD, "0")),
    )


def _spans(text: str) -> tuple[Span, ...]:
    pairs = (word.partition("+") for word in text.split())
    return tuple((_number(at), _number(size)) for at, _, size in pairs)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ImageError(f"the capture is damaged: {text!r} stands where a number should") from None


def _texts(options: Any, code: int) -> list[str]:
    return [option.data.decode("utf-8", "replace") for option in options if option.code == code]


def _parse_pcap(data: bytes) -> WireLog:
    form = layouts(little=int.from_bytes(data[:4], "little") in PCAP)
    stream = BytesIO(data)
    try:
        head = form.pcap.parse_stream(stream)
    except ConstructError as exc:
        raise ImageError("the capture ends in its own header") from exc
    port, truncated = _port_of_pcap(head.link_type), False
    while stream.tell() < len(data):
        try:
            found = form.pcap_record.parse_stream(stream)
            part_us = found.parts * SECOND // PCAP[head.magic]
            port.events.append(_event(found.seconds * SECOND + part_us, found.data, []))
        except ConstructError:
            truncated = True
            break
    return WireLog("pcap", True, (WireStream(port.name, tuple(port.events)),), truncated)


def _port_of_pcap(link_type: int) -> _Port:
    if link_type & 0xFFFF != LINK_TYPE:
        raise ImageError(OTHER_LINK.format(link_type))
    return _Port("port 0")

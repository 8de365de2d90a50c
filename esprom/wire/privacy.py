# SPDX-License-Identifier: Apache-2.0
"""What of the wire is private, and how it is left out: the one place that knows (WIRE-5 to WIRE-8).

One rule: what is not known to be harmless is left out. Flash content holds passwords, registers hold the MAC,
and a checksum, CRC or digest of content tells it where it is short. Harmless are headers, numbers at fixed
places of a request, status bytes, sizes, and the banner of the mask ROM.
"""

import re
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from esprom.port import DEFAULT_BAUD, bootlog
from esprom.port.recorded import Way
from esprom.protocol import slip
from esprom.protocol.commands import COMMANDS, Covered
from esprom.protocol.packets import (
    GREETING,
    REGISTER_WRITE,
    SYNC_MAGIC,
    Command,
    Request,
    Response,
)
from esprom.protocol.record import Overlay
from esprom.protocol.status import STATUS_SIZE
from esprom.wire.dialogue import NO_STATUS, REQUEST_HEAD, RESPONSE_HEAD, Dialogue, Kind, Seen, body_of
from esprom.wire.events import Span
from esprom.wire.splitting import packet_of, with_packet

BANNER = re.compile(rb"ets Jan  8 2013,rst cause:\d{1,3}, boot mode:\(\d{1,3},\d{1,3}\)")
MOST_KNOWN = 64  # words of SYNC
CHECK_SIZE = 4  # bytes: the word in a header that is a checksum, or a value
# Registers that steer: what is stored there is no content. (SPI_W0 to W15, behind them, hold that.)
STEERING = frozenset({*range(0x60000200, 0x60000240, 4), 0x60000014})


@dataclass(frozen=True, slots=True)
class Kept:
    """What may be kept of a run."""

    data: bytes
    left_out: tuple[Span, ...] = ()
    sound: bool | None = None
    note: str = ""


class Privacy:
    """Follows one port, and leaves out what is private."""

    def __init__(self) -> None:
        self.baud = DEFAULT_BAUD  # at which the boot log may be garbled in a way that is known
        self._dialogue = Dialogue()
        self._known = deque((0, SYNC_MAGIC), maxlen=MOST_KNOWN)  # values that tell nothing

    def kept(self, way: Way, run: bytes) -> Kept:
        """Take the next run; return what may be kept of it."""
        packet = packet_of(run)
        if packet is None:
            return self._outside(way, run)
        seen = self._dialogue.see(way, packet)
        if seen.kind is Kind.OTHER and way is Way.FROM_CHIP and not self._dialogue.reading:
            return self._outside(way, run)
        if isinstance(seen.header, Request) and seen.header.command is Command.SYNC:
            self._note_word(seen.header)
        spans = private_in(seen, self._known)
        return Kept(with_packet(run, blanked(packet, spans)), spans, seen.sound if spans else None)

    def _note_word(self, sync: Request) -> None:
        """Note the word that comes back as the value of the answer (BODY-SYNC)."""
        body = body_of(sync)
        if body is not None:
            self._known.append(body.magic)

    def _outside(self, way: Way, run: bytes) -> Kept:
        """Keep of bytes that are no packet the ROM's banner, and where it is garbled, what it said."""
        text = run.strip(slip.END)
        if text == GREETING:
            return Kept(run)
        shift = run.find(text)
        may_speak = way is Way.FROM_CHIP and not self._dialogue.reading
        banners = [found.span() for found in BANNER.finditer(text)] if may_speak else []
        spans = _between(banners, len(text))
        found = bootlog.find(text, self.baud) if may_speak and not banners else None
        data = run[:shift] + blanked(text, spans) + run[shift + len(text) :]
        moved = tuple((shift + at, size) for at, size in spans)
        return Kept(data, moved, note=str(found) if found is not None else "")


def private_in(seen: Seen, known: Collection[int]) -> tuple[Span, ...]:
    """Return where a packet is private; `known` are values of answers that tell nothing."""
    match seen.kind, seen.header:
        case Kind.REQUEST, Request() as request:
            return _in_request(request)
        case Kind.ANSWER, Response() as response:
            return _in_answer(response, harmless=_harmless(response, known, sound=seen.sound))
        case Kind.FLASH_ACK, _:
            return ()
        case _:
            return ((0, len(seen.packet)),)


def blanked(data: bytes, spans: tuple[Span, ...]) -> bytes:
    """Return the bytes with 0 where the spans are."""
    found = bytearray(data)
    for at, size in spans:
        found[at : at + size] = bytes(size)
    return bytes(found)


def _in_request(request: Request) -> tuple[Span, ...]:
    head = REQUEST_HEAD.size
    spec = COMMANDS.get(request.command)
    if request.command is Command.WRITE_REG:
        body = _in_register_writes(request.body)
    else:
        body = _from(0 if spec is None else Overlay(*spec.request.layout).size, len(request.body))
    spans = [(head + at, length) for at, length in body]
    if spans and (spec is None or spec.covered is not Covered.NOTHING):
        spans.insert(0, (REQUEST_HEAD.offset("checksum"), CHECK_SIZE))
    return tuple(spans)


def _in_register_writes(body: bytes) -> list[Span]:
    one = Overlay(*REGISTER_WRITE.layout)
    spans = []
    whole = len(body) - len(body) % one.size
    for at in range(0, whole, one.size):
        if one.read(bytearray(body), at, "address") not in STEERING:
            spans.append((at + one.offset("value"), CHECK_SIZE))
    return spans + _from(whole, len(body))


def _in_answer(response: Response, *, harmless: bool) -> tuple[Span, ...]:
    size = len(response.body)
    tail = 0 if response.command in NO_STATUS or size < STATUS_SIZE else STATUS_SIZE
    spans = [(RESPONSE_HEAD.size + at, length) for at, length in _in_told(response.command, size - tail)]
    if spans or not harmless:
        spans.insert(0, (RESPONSE_HEAD.offset("value"), CHECK_SIZE))
    return tuple(spans)


def _in_told(command: Command, size: int) -> list[Span]:
    """Return where the body of an answer, its status bytes not counted, is private."""
    spec = COMMANDS.get(command)
    if spec is None or command is Command.SPI_FLASH_MD5:
        return _from(0, size)
    places = Overlay(*spec.answer.layout)
    spans = _from(places.size, size)
    if command is Command.INFO and size >= places.size:
        at = places.offset("efuse")
        spans.insert(0, (at, places.offset("divisor") - at))
    return spans


def _harmless(response: Response, known: Collection[int], *, sound: bool | None) -> bool:
    """Say whether the value tells nothing. The ROM's keeps what READ_REG has read before (ROM-8)."""
    if response.command is Command.READ_REG:
        return False
    return response.value in known or bool(sound)


def _from(first: int, size: int) -> list[Span]:
    return [(first, size - first)] if first < size else []


def _between(kept: list[tuple[int, int]], size: int) -> tuple[Span, ...]:
    """Return the spans around what is kept, given as (first, end)."""
    edges = [0, *(edge for pair in kept for edge in pair), size]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple((first, end - first) for first, end in pairs if first < end)

# SPDX-License-Identifier: Apache-2.0
"""Follows host and chip, packet by packet, and says what each packet is and whether its checksum holds.

One rule: while a READ_FLASH is under way, what comes from the chip is content, whatever it looks like. No
I/O and no clock; what is private and what is shown both stand on it.
"""

import hashlib
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any
from zlib import crc32

from esprom.errors import EspromError, MalformedPacket
from esprom.port.recorded import Way
from esprom.protocol import own
from esprom.protocol.checksum import checksum
from esprom.protocol.commands import COMMANDS, Covered
from esprom.protocol.packets import (
    MD5_DIGEST,
    READ_FLASH,
    READ_FLASH_ACK,
    REQUEST,
    RESPONSE,
    Command,
    Request,
    Response,
)
from esprom.protocol.record import Overlay
from esprom.protocol.status import STATUS, STATUS_SIZE

REQUEST_HEAD, RESPONSE_HEAD = Overlay(*REQUEST.layout), Overlay(*RESPONSE.layout)
CHECK = slice(REQUEST_HEAD.offset("checksum"), REQUEST_HEAD.size)
NO_STATUS = frozenset({Command.STREAM_FRAME})  # answers that end without status bytes
MOST_OUTSTANDING = 256  # requests, of which an answer may be


class Kind(Enum):
    """What a packet is."""

    REQUEST = auto()
    ANSWER = auto()
    FLASH_ACK = auto()  # of the host, during READ_FLASH
    FLASH_DATA = auto()  # of the chip
    FLASH_DIGEST = auto()
    OTHER = auto()  # no packet of this protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet, and what can be said of it alone and of what went before."""

    kind: Kind
    packet: bytes
    header: Request | Response | None = None
    sound: bool | None = None  # None: it has no checksum, or that cannot be told


class Dialogue:
    """One port.

    An answer of our stub has a CRC of its body that goes on from one of its request's CRC (STUB-4).
    """

    def __init__(self) -> None:
        self._crcs: deque[tuple[Command, int]] = deque(maxlen=MOST_OUTSTANDING)
        self._asked: int | None = None  # bytes of a READ_FLASH that has no answer yet
        self._left: int | None = None  # bytes of one under way that are still to come
        self._digest = hashlib.md5()

    @property
    def reading(self) -> bool:
        """Whether what comes next from the chip may be content of the flash."""
        return self._asked is not None or self._left is not None

    def see(self, way: Way, packet: bytes) -> Seen:
        """Take the next packet."""
        return self._request(packet) if way is Way.TO_CHIP else self._answer(packet)

    def _request(self, packet: bytes) -> Seen:
        if self.reading and len(packet) == Overlay(*READ_FLASH_ACK.layout).size:
            return Seen(Kind.FLASH_ACK, packet)
        try:
            request = REQUEST.parse(packet)
        except MalformedPacket:
            return Seen(Kind.OTHER, packet)
        self._asked = self._left = None
        if request.command is Command.READ_FLASH:
            self._asked = _size_to_read(request.body)
        sound = _sound(request)
        if _covered(request.command) is Covered.BODY:
            self._crcs.append((request.command, crc32(packet[CHECK])))
        return Seen(Kind.REQUEST, packet, request, sound)

    def _answer(self, packet: bytes) -> Seen:
        if self._left is not None:
            return self._content(packet)
        try:
            response = RESPONSE.parse(packet)
        except MalformedPacket:
            return Seen(Kind.OTHER, packet)
        if self._asked is not None:
            if response.command is not Command.READ_FLASH:
                return Seen(Kind.OTHER, packet)
            self._begin(response)
        return Seen(Kind.ANSWER, packet, response, self._sound_answer(packet, response))

    def _begin(self, response: Response) -> None:
        if refused(response):
            self._asked = None
            return
        self._left, self._asked = self._asked, None
        self._digest = hashlib.md5()

    def _content(self, packet: bytes) -> Seen:
        if self._left:
            self._left = max(0, self._left - len(packet))
            self._digest.update(packet)
            return Seen(Kind.FLASH_DATA, packet)
        self._left = None
        size = Overlay(*MD5_DIGEST.layout).size
        sound = packet == self._digest.digest() if len(packet) == size else None
        return Seen(Kind.FLASH_DIGEST, packet, sound=sound)

    def _sound_answer(self, packet: bytes, response: Response) -> bool | None:
        if response.command is Command.STREAM_FRAME:
            return _sound_frame(packet)
        if _covered(response.command) is not Covered.BODY:
            return None
        asked = [crc for command, crc in self._crcs if command is response.command]
        if any(crc32(response.body, crc) == response.value for crc in asked):
            return True
        return None if refused(response) or not asked else False  # who does not know it makes no CRC of it


def body_of(request: Request) -> Any:
    """Return what a request's body means; None where it is not as its command wants it."""
    spec = COMMANDS.get(request.command)
    if spec is None:
        return None
    try:
        return spec.asked(request.body)
    except MalformedPacket:
        return None


def told_by(response: Response) -> Any:
    """Return what a response says before its status bytes; None where that is not as it should be."""
    spec = COMMANDS.get(response.command)
    if spec is None:
        return None
    size = len(response.body) if response.command in NO_STATUS else len(response.body) - STATUS_SIZE
    try:
        return spec.answer.parse(response.body[: max(0, size)])
    except MalformedPacket:
        return None


def refused(response: Response) -> bool:
    """Say whether an answer that ends in status bytes, or should, is no success."""
    return _no_success(response.body[-STATUS_SIZE:])


@cache  # thousands of answers end alike
def _no_success(tail: bytes) -> bool:
    return len(tail) < STATUS_SIZE or STATUS.parse(tail).status != 0


def _covered(command: Command) -> Covered:
    spec = COMMANDS.get(command)
    return Covered.NOTHING if spec is None else spec.covered


def _size_to_read(body: bytes) -> int | None:
    try:
        return READ_FLASH.parse(body).size
    except MalformedPacket:
        return None


def _sound(request: Request) -> bool | None:
    match _covered(request.command):
        case Covered.BODY:
            return crc32(request.body) == request.checksum
        case Covered.DATA:
            body = body_of(request)
            return None if body is None else checksum(body.data) == request.checksum
        case _:
            return None


def _sound_frame(packet: bytes) -> bool:
    """Check the CRC of a stream's frame, which is of what it means (STUB-9)."""
    try:
        told = own.stream_frame(packet)
        if told is None:
            return False
        frame, crc = told
        as_it_is = frame.kind in (own.Kind.REPEAT, own.Kind.DIGEST)
        meant = frame.payload if as_it_is else own.unpack(frame.kind, frame.payload, frame.size)
    except EspromError:
        return False
    head = packet[RESPONSE_HEAD.size : len(packet) - len(frame.payload)]
    return crc32(meant, crc32(head)) == crc

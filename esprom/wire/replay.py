# SPDX-License-Identifier: Apache-2.0
"""A recorded board, served back: what a client says is compared with what was said then (WIRE-15, WIRE-16).

One rule: what the chip said comes when that came before it, which is all that a client can rely on. So bytes
may be split in any way and times may be others. Left out of the comparison is what was left out of the
recording; a SYNC more or less, and confirmations in a stream, of which there are as many as time makes.
"""

import time
from collections import deque
from dataclasses import dataclass, fields
from typing import Any

from esprom.errors import MalformedPacket, RecordingDiffers
from esprom.port import DEFAULT_BAUD
from esprom.protocol import own, slip
from esprom.protocol.packets import REQUEST, Command, Request
from esprom.wire import words
from esprom.wire.dialogue import body_of
from esprom.wire.events import SECOND, Event, EventType, Span, WireStream
from esprom.wire.privacy import blanked
from esprom.wire.serving import LONGEST_S
from esprom.wire.splitting import Splitter, packet_of


@dataclass(frozen=True, slots=True)
class _Said:
    """Something that the client has to say."""

    data: bytes  # a packet, or bytes that are none
    left_out: tuple[Span, ...]
    is_packet: bool


class Replay:
    """The board of a recording, behind the doors.

    Args:
        stream: what was recorded.
        paced: whether answers take as long as they did; else they come at once.

    Attributes:
        matched: messages of the client that were as recorded.
        to_match: how many there are.
    """

    def __init__(self, stream: WireStream, *, paced: bool = False) -> None:
        self._events = deque(stream.events)
        self._paced = paced
        self._splitter = Splitter()
        self._ready: deque[tuple[float, bytes]] = deque()  # when, and what the chip says then
        self._lines = False
        self._baud = DEFAULT_BAUD
        self._since_us = self._events[0].at_us if self._events else 0  # of what the client did last
        self.matched = 0
        self.to_match = sum(_counts(event) for event in self._events)
        self.began = False

    @property
    def finished(self) -> bool:
        """Whether the client has said all that it should."""
        return self.matched == self.to_match

    def check_finished(self) -> None:
        """Raise RecordingDiffers where the client has left before it has said everything."""
        self._take_rest()
        if not self.finished:
            expected = next(event for event in self._events if _counts(event))
            raise self._differs(f"the client left; recorded is {_described(_said(expected))} next")

    # -- what is behind the doors ---------------------------------------------------------------

    def arrived(self, *, lines: bool) -> None:
        """Begin, or go on with the next client where the one before has stopped."""
        self.began = True
        self._lines = lines
        self._release()

    def left(self) -> None:
        """The next one goes on from here."""
        self._take_rest()
        self._ready.clear()

    def write(self, data: bytes) -> None:
        """Compare what the client says. Raises RecordingDiffers."""
        for run in self._splitter.feed(0, data):
            self._compare(run.data)
        self._release()

    def read(self) -> bytes:
        """Return what the chip says by now."""
        said = bytearray()
        while self._ready and self._ready[0][0] <= time.monotonic():
            said += self._ready.popleft()[1]
        return bytes(said)

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Go on where the recording has the lines so."""
        if self._events and _is_lines(self._events[0]):
            event = self._events[0]
            if (event.dtr, event.rts) == (dtr, rts):
                self._events.popleft()
                self._since_us = event.at_us
        self._release()

    def set_baud(self, baud: int) -> None:
        """Take any rate."""
        self._baud = baud

    def baud(self) -> int:
        """Return it."""
        return self._baud

    def discard(self) -> None:
        """Forget what the client has not read. In time, not in order: what is not there yet will come."""
        while self._ready and self._ready[0][0] <= time.monotonic() and self._ready_is_noise():
            self._ready.popleft()

    def descriptor(self) -> int | None:
        """Nothing is to be waited for."""
        return None

    def wait_s(self) -> float:
        """Return how soon the chip speaks."""
        return max(0.0, self._ready[0][0] - time.monotonic()) if self._ready else LONGEST_S

    # -- comparing ------------------------------------------------------------------------------

    def _ready_is_noise(self) -> bool:
        """Say whether what comes next is no answer: boot log, surplus answers to SYNC."""
        packet = packet_of(self._ready[0][1])
        return packet is None or packet[:2] == bytes((1, Command.SYNC))

    def _take_rest(self) -> None:
        for run in self._splitter.rest():
            if run.data.strip(slip.END):
                self._compare(run.data)

    def _compare(self, run: bytes) -> None:
        packet = packet_of(run)
        heard = _Said(run.strip(slip.END) if packet is None else packet, (), packet is not None)
        if _is_confirmation(heard):
            return
        self._skip_to_said()
        is_sync = _command(heard) is Command.SYNC
        if is_sync and not (self._events and _command(_said(self._events[0])) is Command.SYNC):
            return  # one more than then
        while not is_sync and self._events and _command(_said(self._events[0])) is Command.SYNC:
            self._match()  # one less
            self._release()
            self._skip_to_said()
        if not self._events:
            raise self._over(heard)
        expected = _said(self._events[0])
        if not _alike(expected, heard):
            both = f"recorded is {_described(expected)}, and {_described(heard)} came"
            raise self._differs(f"{both}: {_difference(expected, heard)}")
        self._match()

    def _match(self) -> None:
        self._since_us = self._events.popleft().at_us
        self.matched += 1

    def _skip_to_said(self) -> None:
        """Go to the next message of the client's; what the chip says before that is said."""
        while self._events and not _counts(self._events[0]):
            event = self._events.popleft()
            if event.type is EventType.FROM_CHIP:
                self._say(event)

    def _release(self) -> None:
        """Say what the chip says next, up to where the client has to do something."""
        while self._events:
            event = self._events[0]
            if _counts(event) or (_is_lines(event) and self._lines):
                return
            self._events.popleft()
            if event.type is EventType.FROM_CHIP:
                self._say(event)

    def _say(self, event: Event) -> None:
        wait_s = (event.at_us - self._since_us) / SECOND if self._paced else 0.0
        at = max(time.monotonic() + wait_s, self._ready[-1][0] if self._ready else 0.0)
        self._ready.append((at, event.data))

    def _over(self, heard: _Said) -> RecordingDiffers:
        how = f"the recording of {self.to_match} messages is over, and {_described(heard)} came"
        return RecordingDiffers(how, message=self.matched + 1)

    def _differs(self, how: str) -> RecordingDiffers:
        number = self.matched + 1
        return RecordingDiffers(f"message {number} of {self.to_match} differs: {how}", message=number)


def _is_lines(event: Event) -> bool:
    return event.type is EventType.STATUS_CHANGE and not event.baud and not event.note


def _counts(event: Event) -> bool:
    """Say whether the client has to say this."""
    return (
        event.type is EventType.TO_CHIP
        and bool(event.data.strip(slip.END))
        and not _is_confirmation(_said(event))
    )


def _said(event: Event) -> _Said:
    packet = packet_of(event.data)
    data = event.data.strip(slip.END) if packet is None else packet
    return _Said(data, event.left_out, packet is not None)


def _request(said: _Said) -> Request | None:
    if not said.is_packet:
        return None
    try:
        return REQUEST.parse(said.data)
    except MalformedPacket:
        return None


def _command(said: _Said) -> Command | None:
    request = _request(said)
    return None if request is None else request.command


def _is_confirmation(said: _Said) -> bool:
    """Say whether this only tells how far a stream has come (STUB-10)."""
    request = _request(said)
    if request is None or request.command is not Command.STREAM_CONTROL:
        return False
    body = body_of(request)
    return body is not None and not body.size and body.confirmed != own.FINISHED


def _alike(expected: _Said, heard: _Said) -> bool:
    return len(expected.data) == len(heard.data) and blanked(heard.data, expected.left_out) == blanked(
        expected.data, expected.left_out
    )


def _described(said: _Said) -> str:
    request = _request(said)
    if request is None:
        what = "a frame" if said.is_packet else "something outside of frames"
        return f"{what} of {len(said.data)} bytes"
    return f"{request.command.name} {words.request(request, said.left_out)}".rstrip()


def _difference(expected: _Said, heard: _Said) -> str:
    """Say where two messages differ: in which fields, else from which byte on."""
    mine, theirs = _request(expected), _request(heard)
    if mine is None or theirs is None or mine.command is not theirs.command:
        return "another message"
    if len(expected.data) != len(heard.data):
        return f"{len(heard.data)} bytes instead of {len(expected.data)}"
    named = _fields_that_differ(body_of(mine), body_of(theirs))
    if named:
        return named
    pairs = zip(
        blanked(expected.data, expected.left_out), blanked(heard.data, expected.left_out), strict=True
    )
    first = next(at for at, (one, other) in enumerate(pairs) if one != other)
    return f"byte {first} of the packet is 0x{heard.data[first]:02x}, recorded 0x{expected.data[first]:02x}"


def _fields_that_differ(mine: Any, theirs: Any) -> str:
    if mine is None or theirs is None:
        return ""
    return ", ".join(
        f"{field.name.replace('_', ' ')} is {_shown(field.name, theirs)}, recorded {_shown(field.name, mine)}"
        for field in fields(mine)
        if isinstance(getattr(mine, field.name), int)
        and getattr(mine, field.name) != getattr(theirs, field.name)
    )


def _shown(name: str, body: Any) -> str:
    value = getattr(body, name)
    return f"0x{value:x}" if name in words.HEX else str(value)

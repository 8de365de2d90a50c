# SPDX-License-Identifier: Apache-2.0
"""The host's half of a conversation: bytes in, events out; no I/O and no clock (PROTO-1).

A loader answers in the order it was asked. Several requests may be on their way at once, up to the
ROM's 255 bytes (PROTO-6); the caller counts those, this file pairs the answers. A response that is
not the next one awaited is a `Stray`: a surplus SYNC response, a line of boot log, or the sign that
an answer was lost. The caller, who owns the clock, decides which, and calls `abandon()` to give up.
"""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

from esprom.errors import MalformedPacket
from esprom.protocol import slip
from esprom.protocol.packets import RESPONSE, Command, Response


@dataclass(frozen=True, slots=True)
class Stray:
    """A frame that nobody asked for, unescaped."""

    frame: bytes


class Exchange:
    """Pairs responses with the requests that are outstanding."""

    def __init__(self) -> None:
        self.awaiting: deque[Command] = deque()
        self._decoder = slip.Decoder()

    def send(self, command: Command, packet: bytes) -> bytes:
        """Note that `command` is asked; return the bytes to write."""
        self.awaiting.append(command)
        return slip.encode(packet)

    def expect(self, command: Command) -> None:
        """Note that `command` is asked by a frame that the caller has already built."""
        self.awaiting.append(command)

    def receive(self, data: bytes) -> list[Response | Stray]:
        """Take bytes from the line in any pieces; return what they complete, in order."""
        return [self._classify(frame) for frame in self._decoder.feed(data)]

    def abandon(self) -> bytes:
        """Stop waiting for anything; return the unfinished frame, which is forgotten too."""
        rest = self._decoder.pending()
        self.awaiting.clear()
        self._decoder.reset()
        return rest

    def _classify(self, frame: bytes) -> Response | Stray:
        if isinstance(frame, slip.Damaged):
            return Stray(frame)
        try:
            response = _parse(frame)
        except MalformedPacket:
            return Stray(frame)
        if not self.awaiting or response.command != self.awaiting[0]:
            return Stray(frame)
        self.awaiting.popleft()
        return response


@lru_cache(maxsize=1024)  # the same few words make up much of what is read: blank flash, polled registers
def _parse(frame: bytes) -> Response:
    return RESPONSE.parse(frame)

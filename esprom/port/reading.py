# SPDX-License-Identifier: Apache-2.0
"""Two ways to read a pyserial-like handle without ever setting its `timeout` again.

With RFC2217 every change of the timeout renegotiates the whole port (0.1 s each), and `socket://` says of
`in_waiting` only whether there is any, so that a reader who believes it reads byte by byte. So a handle with
a descriptor that can be waited for (POSIX devices, sockets) never blocks, and is asked for much at once; any
other has a small timeout of its own, and tells truly how much waits.
"""

import select
from typing import Any, Protocol

from esprom.port import Clock

POLL_S = 0.02  # the longest pause for which a hint of `at_least` costs time
CHUNK = 1 << 14  # bytes asked for at once; few enough that deadlines are kept in a flood
DISCARD_LIMIT = 1 << 20  # bytes; a peer that never stops sending must not keep us here


class Reader(Protocol):
    """How to get at what has arrived. Errors of the line come out as the handle raises them."""

    def read(self, timeout_s: float, at_least: int) -> bytes:
        """Do as `Port.read` says."""


class PolledReader:
    """For a handle whose own timeout is POLL_S."""

    def __init__(self, handle: Any, clock: Clock) -> None:
        self._handle = handle
        self._clock = clock

    def read(self, timeout_s: float, at_least: int) -> bytes:
        """Return what has arrived, waiting up to `timeout_s` for the first byte."""
        handle = self._handle
        deadline: float | None = None
        while True:
            waiting: int = handle.in_waiting
            if not waiting and timeout_s <= 0:
                return b""
            data: bytes = handle.read(max(waiting, at_least))
            if data:
                return data
            now = self._clock.now()
            if deadline is None:
                deadline = now + timeout_s - POLL_S  # the first round has taken POLL_S
            if now >= deadline:
                return b""


class SelectReader:
    """For a handle with a descriptor, whose own timeout is 0: it returns at once with what is there."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def read(self, timeout_s: float, at_least: int) -> bytes:
        """Return what has arrived, waiting up to `timeout_s` for the first byte."""
        data = self._next(timeout_s)
        while data and len(data) < at_least:
            more = self._next(POLL_S)
            if not more:
                break
            data += more
        return data

    def _next(self, timeout_s: float) -> bytes:
        ready, _, _ = select.select([self._handle], [], [], max(0.0, timeout_s))
        return bytes(self._handle.read(CHUNK)) if ready else b""


def drain(reader: Reader) -> None:
    """Forget what has arrived, with no word to the other end."""
    dropped = 0
    while dropped < DISCARD_LIMIT and (data := reader.read(0.0, 1)):
        dropped += len(data)

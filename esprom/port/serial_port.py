# SPDX-License-Identifier: Apache-2.0
"""A Port over anything that behaves like pyserial's `Serial`.

One rule: every error of the line leaves here as PortError and nothing else. How a handle is read is in
`reading`. pyserial is not imported: its exceptions are OSErrors.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from esprom.errors import PortError
from esprom.port import Clock
from esprom.port.reading import PolledReader, Reader, SelectReader, drain

try:
    import fcntl
    import struct
    import termios
except ImportError:  # Windows
    _EXTRA: tuple[type[Exception], ...] = ()
    BOTH_AT_ONCE = False
else:
    _EXTRA = (termios.error,)  # not an OSError, and pyserial lets it through
    BOTH_AT_ONCE = hasattr(termios, "TIOCMSET")
LINE_ERRORS: tuple[type[Exception], ...] = (OSError, *_EXTRA)
REFUSED: tuple[type[Exception], ...] = (ValueError, *LINE_ERRORS)  # pyserial's words for "cannot do that"

log = logging.getLogger("esprom.port")


class WallClock:
    """The time of real boards."""

    def now(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Link:
    """An open handle, the way to read it, and the time that its other end lives in."""

    handle: Any
    reader: Reader
    clock: Clock

    @classmethod
    def polled(cls, handle: Any, clock: Clock) -> "Link":
        """Return the link to a handle whose timeout is POLL_S."""
        return cls(handle, PolledReader(handle, clock), clock)


class SerialPort:
    """A pyserial-like handle as a Port.

    Args:
        link: the open handle.
        name: as the user named it.
        has_modem_lines: whether DTR and RTS reach somewhere.
        purge: whether the handle empties its input for nothing; else it is read until it is empty.
        again: opens it anew at a rate.
    """

    def __init__(
        self,
        link: Link,
        name: str,
        *,
        has_modem_lines: bool = True,
        purge: bool = True,
        again: Callable[[int], Link] | None = None,
    ) -> None:
        self.name = name
        self.clock = link.clock
        self.has_modem_lines = has_modem_lines
        self._handle = link.handle
        self._reader = link.reader
        self._baud = int(link.handle.baudrate)
        self._purge = purge
        self._again = again

    @property
    def baud(self) -> int:
        """The rate of the line."""
        return self._baud

    @baud.setter
    def baud(self, baud: int) -> None:
        try:
            self._handle.baudrate = baud
        except REFUSED as exc:
            raise PortError(f"{self.name} cannot do {baud} baud: {exc}", port=self.name) from exc
        self._baud = baud

    @property
    def descriptor(self) -> int | None:
        """What to wait for with `select`; None where reading has to be tried."""
        return self._handle.fileno() if isinstance(self._reader, SelectReader) else None

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        """Return what has arrived, waiting up to `timeout_s` for the first byte."""
        try:
            return self._reader.read(timeout_s, at_least)
        except LINE_ERRORS as exc:
            raise self._vanished(exc) from exc

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._handle.write(data)
        except LINE_ERRORS as exc:
            raise self._vanished(exc) from exc

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set both lines; on a port that has none, do nothing."""
        if not self.has_modem_lines:
            return
        try:
            if not self._set_both(dtr, rts):
                self._handle.dtr = dtr
                self._handle.rts = rts
        except LINE_ERRORS as exc:
            raise self._vanished(exc) from exc

    def discard_input(self) -> None:
        """Forget what has arrived."""
        try:
            if self._purge:
                self._handle.reset_input_buffer()
            else:
                drain(self._reader)
        except LINE_ERRORS as exc:
            raise self._vanished(exc) from exc

    def close(self) -> None:
        """Close the handle."""
        try:
            self._handle.close()
        except LINE_ERRORS as exc:
            log.info("%s: closing it failed: %s", self.name, exc)

    def reopen(self) -> None:
        """Open the device anew, at the same rate."""
        self.close()
        if self._again is None:
            raise PortError(f"{self.name} cannot be opened again", port=self.name)
        link = self._again(self._baud)
        self._handle, self._reader, self.clock = link.handle, link.reader, link.clock

    def _set_both(self, dtr: bool, rts: bool) -> bool:
        """Set both lines of a POSIX device in one call. False if this is none.

        Between two calls both can be asserted or released for a moment, in which slow drivers let the
        chip out of reset with GPIO0 at the wrong level.
        """
        number = getattr(self._handle, "fd", None)
        if not BOTH_AT_ONCE or not isinstance(number, int):
            return False
        (lines,) = struct.unpack("I", fcntl.ioctl(number, termios.TIOCMGET, struct.pack("I", 0)))
        for bit, asserted in ((termios.TIOCM_DTR, dtr), (termios.TIOCM_RTS, rts)):
            lines = lines | bit if asserted else lines & ~bit
        fcntl.ioctl(number, termios.TIOCMSET, struct.pack("I", lines))
        return True

    def _vanished(self, exc: Exception) -> PortError:
        return PortError(
            f"the port {self.name} failed: {exc}; was the adapter unplugged, or the server stopped?",
            port=self.name,
        )

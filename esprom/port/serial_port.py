# SPDX-License-Identifier: Apache-2.0
"""A Port over anything that behaves like pyserial's `Serial`.

Two rules. The handle's `timeout` is set once and waiting is a loop against the clock, because with
RFC2217 every change of it renegotiates the whole port (0.1 s each). And every error of the line leaves
here as PortError and nothing else. pyserial is not imported: its exceptions are OSErrors.
"""

import logging
import time
from typing import Any

from esprom.errors import PortError
from esprom.port import Clock

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

POLL_S = 0.02  # the handle's own timeout: the longest pause for which a hint of `at_least` costs time

log = logging.getLogger("esprom.port")


class WallClock:
    """The time of real boards."""

    def now(self) -> float:
        """Return the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class SerialPort:
    """A pyserial-like handle as a Port. The handle's `timeout` must be POLL_S already."""

    def __init__(self, handle: Any, name: str, clock: Clock, *, has_modem_lines: bool = True) -> None:
        self.name = name
        self.clock = clock
        self.has_modem_lines = has_modem_lines
        self._handle = handle

    @property
    def baud(self) -> int:
        """The rate of the line."""
        return int(self._handle.baudrate)

    @baud.setter
    def baud(self, baud: int) -> None:
        try:
            self._handle.baudrate = baud
        except REFUSED as exc:
            raise PortError(f"{self.name} cannot do {baud} baud: {exc}", port=self.name) from exc

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        """Return what has arrived, waiting up to `timeout_s` for the first byte."""
        handle = self._handle
        deadline: float | None = None
        try:
            while True:
                waiting: int = handle.in_waiting
                if not waiting and timeout_s <= 0:
                    return b""
                data: bytes = handle.read(max(waiting, at_least))
                if data:
                    return data
                now = self.clock.now()
                if deadline is None:
                    deadline = now + timeout_s - POLL_S  # the first round has taken POLL_S
                if now >= deadline:
                    return b""
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
            self._handle.reset_input_buffer()
        except LINE_ERRORS as exc:
            raise self._vanished(exc) from exc

    def close(self) -> None:
        """Close the handle."""
        try:
            self._handle.close()
        except LINE_ERRORS as exc:
            log.info("%s: closing it failed: %s", self.name, exc)

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

# SPDX-License-Identifier: Apache-2.0
"""A pseudo terminal as a way in, where the system has them. It carries no modem lines, but its baud rate.

A client is there while somebody has the terminal open. The master's side learns of that by asking only, so
the server asks now and then. On Linux the master can be asked for the true rate, odd ones included; elsewhere
bytes run at the chip's own.
"""

import contextlib
import os
import select
import struct
import sys
import termios
import tty
from fcntl import ioctl
from pathlib import Path

from esp8266sim.serve.client import CHUNK, Gone, Line, Outbox

TCGETS2 = 0x802C542A  # Linux: struct termios2, 44 bytes, the output speed its last word
TERMIOS2_SIZE = 44
KNOWS_BAUD = sys.platform == "linux"


class Pty:
    """The terminal; `path` is a link to it, made by us and taken away by `close`.

    Raises:
        OSError: there is something else at `path`, or no terminal is to be had.
    """

    def __init__(self, path: Path | None) -> None:
        self.number, terminal = os.openpty()
        try:
            tty.setraw(terminal)  # else what the board sends is echoed back to it
            modes = termios.tcgetattr(terminal)
            modes[4] = modes[5] = termios.B115200
            termios.tcsetattr(terminal, termios.TCSANOW, modes)
            os.set_blocking(self.number, False)
            self.device = os.ttyname(terminal)
            self._link = path
            if path is not None:
                self._name(path)
        except BaseException:
            os.close(self.number)
            raise
        finally:
            os.close(terminal)

    @property
    def address(self) -> str:
        """What a client opens."""
        return self.device if self._link is None else str(self._link)

    def opened(self) -> bool:
        """Say whether a client has it open."""
        poll = select.poll()
        poll.register(self.number, select.POLLIN)
        return not any(events & select.POLLHUP for _, events in poll.poll(0))

    def close(self) -> None:
        """Give the terminal back and take the link away, if it is still ours."""
        os.close(self.number)
        if self._link is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == self.device:
                    os.unlink(self._link)

    def _name(self, path: Path) -> None:
        """Make the link; one of a server that was killed leads nowhere, or to our own terminal."""
        if path.is_symlink() and (not path.exists() or os.readlink(path) == self.device):
            path.unlink()
        path.symlink_to(self.device)


class PtyClient:
    """Whoever has the terminal open."""

    def __init__(self, pty: Pty, line: Line) -> None:
        self._pty = pty
        self._line = line
        self.outbox = Outbox(lambda data: os.write(pty.number, data))

    def fileno(self) -> int:
        """Return the master's descriptor."""
        return self._pty.number

    def receive(self) -> None:
        """Put what has arrived on the line."""
        try:
            data = os.read(self._pty.number, CHUNK)
        except BlockingIOError:
            return
        except OSError as exc:  # EIO: nobody has it open
            raise Gone from exc
        if not data:  # so do macOS and the BSDs say it
            raise Gone
        self.adopt_baud()
        self._line.write(data)

    def adopt_baud(self) -> None:
        """Take over the rate that the terminal is set to."""
        if KNOWS_BAUD:
            modes = ioctl(self._pty.number, TCGETS2, bytes(TERMIOS2_SIZE))
            (baud,) = struct.unpack_from("I", modes, TERMIOS2_SIZE - 4)
            if baud:  # 0 means hang up
                self._line.set_baud(baud)

    def send(self, data: bytes) -> None:
        """Send, or keep what does not go out."""
        self.outbox.add(data)
        self.outbox.flush()

    def close(self) -> None:
        """Drop what was not sent; the terminal stays for the next client."""
        self.outbox.clear()

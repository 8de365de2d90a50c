# SPDX-License-Identifier: Apache-2.0
"""Who talks to a served board: the sockets' side. `serve.pty` has the pseudo terminal's.

A client gives what it has received as actions on a `Line`, and takes bytes to send. Nothing here blocks: what
does not go out at once is kept, and the server stops the board's time while too much is.
"""

import socket
import struct
from collections.abc import Callable, Iterable
from typing import Protocol

from serial import rfc2217

CHUNK = 1 << 16
SUBOPTION_LIMIT = 1 << 12  # bytes; the longest real one has a few


class Line(Protocol):
    """What a client can do to the board."""

    def write(self, data: bytes) -> None:
        """Put bytes on the line to the chip."""

    def set_baud(self, baud: int) -> None:
        """Set the rate of the client's side. Raises ValueError if no adapter can do it."""

    def baud(self) -> int:
        """Return the rate of the client's side."""

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the modem lines; True is asserted."""

    def send_break(self) -> None:
        """Hold the line low for a while."""

    def discard(self) -> None:
        """Forget what the board has sent and the client has not got."""


class Gone(Exception):
    """The client is not there any more, or breaks the protocol."""


class Client(Protocol):
    """One connection. `outbox` has what has not gone out yet."""

    outbox: "Outbox"

    def fileno(self) -> int:
        """Return the descriptor to wait on."""

    def receive(self) -> None:
        """Do to the board what has arrived. Raises Gone."""

    def send(self, data: bytes) -> None:
        """Send what the board sends, as far as there is room now. Raises Gone."""

    def close(self) -> None:
        """Let go of it."""


class Outbox:
    """Bytes on their way to a client, behind a `write` that takes what there is room for."""

    def __init__(self, write: Callable[[bytearray], int]) -> None:
        self._write = write
        self._unsent = bytearray()

    def __len__(self) -> int:
        return len(self._unsent)

    def add(self, data: bytes) -> None:
        """Keep bytes to be sent as they are."""
        self._unsent += data

    def flush(self) -> None:
        """Send what there is room for. Raises Gone."""
        try:
            while self._unsent:
                del self._unsent[: self._write(self._unsent)]
        except BlockingIOError:
            return
        except OSError as exc:
            raise Gone from exc

    def clear(self) -> None:
        """Drop what was not sent."""
        self._unsent.clear()


class TcpClient:
    """A bare socket: bytes and nothing else."""

    def __init__(self, connection: socket.socket, line: Line) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connection = connection
        self._line = line
        self.outbox = Outbox(connection.send)

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._connection.fileno()

    def receive(self) -> None:
        """Put what has arrived on the line."""
        self._take(self._received())

    def send(self, data: bytes) -> None:
        """Send, or keep what does not go out."""
        self.outbox.add(data)
        self.outbox.flush()

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()

    def _take(self, data: bytes) -> None:
        self._line.write(data)

    def _received(self) -> bytes:
        try:
            data = self._connection.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError as exc:
            raise Gone from exc
        if not data:
            raise Gone
        return data


class ModemSettings:
    """What pyserial's PortManager sets and asks, as a port's attributes. `before` is called ahead of each.

    Data bits, parity, stop bits and flow control are remembered and not modelled: the line is 8N1.
    """

    bytesize = 8
    parity = "N"
    stopbits = 1
    rtscts = xonxoff = dsrdtr = False
    cts = dsr = ri = cd = False  # inputs of the adapter that are connected to nothing

    def __init__(self, line: Line, before: Callable[[], None]) -> None:
        self._line = line
        self._before = before
        self._dtr = self._rts = self._break = False

    @property
    def baudrate(self) -> int:
        """The client's rate."""
        return self._line.baud()

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._before()
        self._line.set_baud(baud)

    @property
    def dtr(self) -> bool:
        """Whether DTR is asserted."""
        return self._dtr

    @dtr.setter
    def dtr(self, asserted: bool) -> None:
        self._before()
        self._dtr = asserted
        self._line.set_lines(dtr=self._dtr, rts=self._rts)

    @property
    def rts(self) -> bool:
        """Whether RTS is asserted."""
        return self._rts

    @rts.setter
    def rts(self, asserted: bool) -> None:
        self._before()
        self._rts = asserted
        self._line.set_lines(dtr=self._dtr, rts=self._rts)

    @property
    def break_condition(self) -> bool:
        """Whether the line is held low."""
        return self._break

    @break_condition.setter
    def break_condition(self, on: bool) -> None:
        self._before()
        if on and not self._break:
            self._line.send_break()
        self._break = on

    def reset_input_buffer(self) -> None:
        """Forget what the client has not got."""
        self._before()
        self._line.discard()

    def reset_output_buffer(self) -> None:
        """Nothing waits here: what the client wrote is on its way."""


class Rfc2217Client(TcpClient):
    """Telnet with the COM port option: baud rate, modem lines and break come through too."""

    def __init__(self, connection: socket.socket, line: Line) -> None:
        super().__init__(connection, line)
        self._data = bytearray()
        self._manager = rfc2217.PortManager(
            ModemSettings(line, self._put_on_line),  # type: ignore[arg-type]  # of a Serial it asks no more
            self,  # type: ignore[arg-type]  # it calls `write`
        )
        self.outbox.flush()

    def write(self, data: bytes) -> None:
        """Keep an answer of PortManager's, to be sent as it is."""
        self.outbox.add(data)

    def send(self, data: bytes) -> None:
        """Send, with the telnet byte IAC doubled."""
        super().send(data.replace(rfc2217.IAC, rfc2217.IAC_DOUBLED))

    def _take(self, data: bytes) -> None:
        try:
            self._filter(self._manager.filter(data))
        except (ValueError, LookupError, TypeError, struct.error) as exc:
            raise Gone from exc  # PortManager's ways to say that this is no RFC 2217
        self._put_on_line()
        if len(self._manager.suboption or b"") > SUBOPTION_LIMIT:
            raise Gone
        self.outbox.flush()

    def _filter(self, payload: Iterable[bytes]) -> None:
        for byte in payload:
            self._data += byte

    def _put_on_line(self) -> None:
        """Write what came before a setting, ahead of that setting."""
        if self._data:
            data = bytes(self._data)
            self._data.clear()
            self._line.write(data)

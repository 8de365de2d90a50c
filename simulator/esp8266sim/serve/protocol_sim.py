# SPDX-License-Identifier: Apache-2.0
"""`sim://` for every program that opens its port with pyserial's `serial_for_url`.

    serial.protocol_handler_packages.append("esp8266sim.serve")
    port = serial.serial_for_url("sim://esp01")

The one module of the simulator that imports `serial`. A program that does not know of virtual time sleeps
by the wall clock, and holds reset that long; so each call first lets the board live through the time that
has passed since the call before. Reading takes no wall time: it runs the board up to the timeout. Where
pyserial would wait for ever (no timeout), it returns when the board has nothing more to do.
"""

import errno
import io
import time

import serial

from esp8266sim.serve import sim
from esp8266sim.trace import Kind, TraceEvent


class Serial(serial.SerialBase):
    """A virtual board as a pyserial port. `board` is the board while the port is open."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._link: sim.Serial | None = None
        self._seen = 0.0  # wall-clock seconds at the last call
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def link(self) -> sim.Serial:
        """The port beneath, with `board` and `clock`. Raises PortNotOpenError."""
        if self._link is None:
            raise serial.PortNotOpenError
        return self._link

    def open(self) -> None:
        """Make the board that the URL describes. Raises SerialException."""
        if self.port is None:
            raise serial.SerialException("Port must be configured before it can be used.")
        if self.is_open:
            raise serial.SerialException("Port is already open.")
        try:
            self._link = sim.Serial(self.port, baudrate=self.baudrate)
        except (ValueError, OSError) as exc:
            raise serial.SerialException(f"could not open port {self.port}: {exc}") from exc
        self._seen = time.monotonic()
        self.is_open = True
        self._reconfigure_port()
        self._update_dtr_state()
        self._update_rts_state()

    def close(self) -> None:
        """Let go of the board; closing twice does nothing."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self.is_open = False

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""
        return self._present().in_waiting

    @property
    def out_waiting(self) -> int:
        """How many bytes wait to be sent: none, they are on their way at once."""
        self._present()
        return 0

    def read(self, size: int = 1) -> bytes:
        """Return `size` bytes, or what has come when the timeout is over."""
        link = self._present()
        link.timeout = self.timeout
        return link.read(size)

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Put `data` on the line; there is always room, so that no write timeout ends it."""
        return self._present().write(bytes(data))

    def flush(self) -> None:
        """Run the board until everything written has left."""
        self._present().flush()

    def reset_input_buffer(self) -> None:
        """Forget what was received and not read."""
        self._present().reset_input_buffer()

    def reset_output_buffer(self) -> None:
        """Nothing waits on the host's side: what was written is on its way."""
        self._present().reset_output_buffer()

    def fileno(self) -> int:
        """Raise UnsupportedOperation: there is no descriptor.

        Its errno is the one by which tools that set the modem lines with an ioctl know to do without.
        """
        raise io.UnsupportedOperation(errno.ENOTTY, "a virtual board has no file descriptor")

    def cancel_read(self) -> None:
        """No read waits."""

    def cancel_write(self) -> None:
        """No write waits."""

    # The modem inputs of the adapter are not connected on these boards.

    @property
    def cts(self) -> bool:
        """Clear to send."""
        return self._unconnected()

    @property
    def dsr(self) -> bool:
        """Data set ready."""
        return self._unconnected()

    @property
    def ri(self) -> bool:
        """Ring indicator."""
        return self._unconnected()

    @property
    def cd(self) -> bool:
        """Carrier detect."""
        return self._unconnected()

    # -- what SerialBase calls ------------------------------------------------------------------

    def _reconfigure_port(self, force_update: bool = False) -> None:
        self._present().baudrate = self.baudrate

    def _update_dtr_state(self) -> None:
        self._present().dtr = self.dtr

    def _update_rts_state(self) -> None:
        self._present().rts = self.rts

    def _update_break_state(self) -> None:
        board = self._present().board
        board.trace.add(TraceEvent(board.clock.now, Kind.UNMODELLED, "break condition on the line"))

    def _unconnected(self) -> bool:
        self._present()
        return False

    def _present(self) -> sim.Serial:
        """Return the port beneath, after the board has caught up with the wall clock."""
        now = time.monotonic()
        self.link.clock.sleep(now - self._seen)
        self._seen = now
        return self.link

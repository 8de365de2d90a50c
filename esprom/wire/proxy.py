# SPDX-License-Identifier: Apache-2.0
"""Between any tool and a board: passes everything on, both ways, and lets it be recorded (WIRE-14).

One rule: it changes nothing. Modem lines and rate pass where the way in has them; where it has no modem
lines, the board is put into its loader when a client comes, if that is wanted.
"""

import time
from collections.abc import Callable

from esprom.errors import PortError
from esprom.port import Port
from esprom.port.recorded import RecordedPort
from esprom.port.reset import CLASSIC, play
from esprom.port.serial_port import SerialPort
from esprom.wire.serving import LONGEST_S

LOOK_S = 0.001  # at a port that cannot be waited for


class PassedOn:
    """A port as what is behind the doors.

    Args:
        port: the board's.
        enter_loader: whether a client without modem lines finds the board in its loader.
    """

    def __init__(self, port: Port, *, enter_loader: bool) -> None:
        self._port = port
        self._enter_loader = enter_loader
        self._began = time.monotonic(), port.clock.now()

    def record(self, recorded: Callable[[Port], Port]) -> None:
        """From here on, use the port that this makes of it."""
        self._port = recorded(self._port)

    def close(self) -> None:
        """Close it."""
        self._port.close()

    def arrived(self, *, lines: bool) -> None:
        """Put the board into its loader for a client that cannot."""
        if self._enter_loader and not lines:
            play(self._port, CLASSIC)

    def left(self) -> None:
        """Go on with the next."""

    def write(self, data: bytes) -> None:
        """Send it to the board."""
        if data:
            self._port.write(data)

    def read(self) -> bytes:
        """Return what has come from the board. The time of a virtual one follows the wall's."""
        return self._port.read(self._behind_s())

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the board's lines."""
        self._behind_catch_up()
        self._port.set_lines(dtr=dtr, rts=rts)

    def set_baud(self, baud: int) -> None:
        """Set the port's rate."""
        try:
            self._port.baud = baud
        except PortError as error:
            raise ValueError(str(error)) from error

    def baud(self) -> int:
        """Return the port's rate."""
        return self._port.baud

    def discard(self) -> None:
        """Forget what has come."""
        self._port.discard_input()

    def descriptor(self) -> int | None:
        """Return the port's, where it can be waited for."""
        port = self._port.beneath if isinstance(self._port, RecordedPort) else self._port
        return port.descriptor if isinstance(port, SerialPort) else None

    def wait_s(self) -> float:
        """Return how soon to look."""
        return LOOK_S if self.descriptor() is None else LONGEST_S

    def _behind_s(self) -> float:
        """Return how far the port's time is behind the wall's; 0 where it is that."""
        wall, port = self._began
        return max(0.0, (time.monotonic() - wall) - (self._port.clock.now() - port))

    def _behind_catch_up(self) -> None:
        self._port.clock.sleep(self._behind_s())

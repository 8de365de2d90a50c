# SPDX-License-Identifier: Apache-2.0
"""A port that passes everything on to another: what stands between the two overrides what it is there for."""

from esprom.port import Clock, Port


class ForwardingPort:
    """Does what `port` does."""

    def __init__(self, port: Port) -> None:
        self._port = port

    @property
    def name(self) -> str:
        """That of the port."""
        return self._port.name

    @property
    def clock(self) -> Clock:
        """That of the port."""
        return self._port.clock

    @property
    def has_modem_lines(self) -> bool:
        """Whether the port has them."""
        return self._port.has_modem_lines

    @property
    def baud(self) -> int:
        """That of the port."""
        return self._port.baud

    @baud.setter
    def baud(self, baud: int) -> None:
        self._port.baud = baud

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        """Read from the port."""
        return self._port.read(timeout_s, at_least)

    def write(self, data: bytes) -> None:
        """Write to the port."""
        self._port.write(data)

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the port's."""
        self._port.set_lines(dtr=dtr, rts=rts)

    def discard_input(self) -> None:
        """Forget what the port has."""
        self._port.discard_input()

    def reopen(self) -> None:
        """Open the port anew."""
        self._port.reopen()

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()

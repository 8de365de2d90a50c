# SPDX-License-Identifier: Apache-2.0
"""A port with somebody who is told of every byte that goes through it."""

from collections.abc import Callable
from enum import Enum

from esprom.port import Clock, Port


class Way(Enum):
    """Where bytes go."""

    TO_CHIP = ">"
    FROM_CHIP = "<"


Listener = Callable[[float, Way, bytes], None]  # the port's time in seconds, when written or read


class RecordedPort:
    """Does what `port` does; `told` hears of it."""

    def __init__(self, port: Port, told: Listener) -> None:
        self._port = port
        self._told = told

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
        """Read, and tell of it."""
        data = self._port.read(timeout_s, at_least)
        if data:
            self._told(self._port.clock.now(), Way.FROM_CHIP, data)
        return data

    def write(self, data: bytes) -> None:
        """Tell of it, and write."""
        self._told(self._port.clock.now(), Way.TO_CHIP, data)
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

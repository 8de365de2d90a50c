# SPDX-License-Identifier: Apache-2.0
"""A port with somebody who is told of every byte that goes through it, and of all else that is done to it."""

from enum import Enum
from typing import Protocol

from esprom.port import Port
from esprom.port.forwarding import ForwardingPort


class Way(Enum):
    """Where bytes go."""

    TO_CHIP = ">"
    FROM_CHIP = "<"


class Listener(Protocol):
    """Who is told. `when` is the port's time in seconds."""

    def hear(self, when: float, way: Way, data: bytes) -> None:
        """Bytes were written, or read."""

    def hear_lines(self, when: float, *, dtr: bool, rts: bool) -> None:
        """The modem lines are set so now."""

    def hear_baud(self, when: float, baud: int) -> None:
        """The rate is this now."""

    def hear_note(self, when: float, note: str) -> None:
        """Something else has happened."""


class RecordedPort(ForwardingPort):
    """Does what `port` does; `told` hears of it."""

    def __init__(self, port: Port, told: Listener) -> None:
        super().__init__(port)
        self._told = told

    @property
    def beneath(self) -> Port:
        """The port that is recorded."""
        return self._port

    @property
    def baud(self) -> int:
        """That of the port."""
        return self._port.baud

    @baud.setter
    def baud(self, baud: int) -> None:
        self._port.baud = baud
        self._told.hear_baud(self.clock.now(), baud)

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        """Read, and tell of it."""
        data = super().read(timeout_s, at_least)
        if data:
            self._told.hear(self.clock.now(), Way.FROM_CHIP, data)
        return data

    def write(self, data: bytes) -> None:
        """Tell of it, and write."""
        self._told.hear(self.clock.now(), Way.TO_CHIP, data)
        super().write(data)

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the port's, and tell of it where there are any."""
        super().set_lines(dtr=dtr, rts=rts)
        if self.has_modem_lines:
            self._told.hear_lines(self.clock.now(), dtr=dtr, rts=rts)

    def reopen(self) -> None:
        """Open the port anew, and tell of it."""
        super().reopen()
        self._told.hear_note(self.clock.now(), "the port was opened anew")

    def discard_input(self) -> None:
        """Tell of what has arrived, and forget it."""
        self.read(0.0)
        super().discard_input()

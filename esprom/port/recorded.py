# SPDX-License-Identifier: Apache-2.0
"""A port with somebody who is told of every byte that goes through it."""

from collections.abc import Callable
from enum import Enum

from esprom.port import Port
from esprom.port.forwarding import ForwardingPort


class Way(Enum):
    """Where bytes go."""

    TO_CHIP = ">"
    FROM_CHIP = "<"


Listener = Callable[[float, Way, bytes], None]  # the port's time in seconds, when written or read


class RecordedPort(ForwardingPort):
    """Does what `port` does; `told` hears of it."""

    def __init__(self, port: Port, told: Listener) -> None:
        super().__init__(port)
        self._told = told

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        """Read, and tell of it."""
        data = super().read(timeout_s, at_least)
        if data:
            self._told(self.clock.now(), Way.FROM_CHIP, data)
        return data

    def write(self, data: bytes) -> None:
        """Tell of it, and write."""
        self._told(self.clock.now(), Way.TO_CHIP, data)
        super().write(data)

# SPDX-License-Identifier: Apache-2.0
"""The parts of the chip that code running on it can reach, in one place to pass around."""

from dataclasses import dataclass

from esp8266sim.clock import SECOND, Clock
from esp8266sim.cpu import Cpu
from esp8266sim.soc.bus import Bus
from esp8266sim.soc.spi import SpiController
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Trace


@dataclass(slots=True)
class Soc:
    """One ESP8266."""

    clock: Clock
    trace: Trace
    bus: Bus
    cpu: Cpu
    uart: Uart
    spi: SpiController
    cpu_hz: int

    def cycles(self, count: float) -> int:
        """Return how long `count` CPU cycles take, in picoseconds."""
        return round(count * SECOND / self.cpu_hz)

# SPDX-License-Identifier: Apache-2.0
"""The parts of the chip that code running on it can reach, in one place to pass around."""

from dataclasses import dataclass

from esp8266sim.clock import Clock
from esp8266sim.soc.bus import Bus
from esp8266sim.soc.spi import SpiController
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Trace


@dataclass(frozen=True, slots=True)
class Soc:
    """One ESP8266 without its CPU."""

    clock: Clock
    trace: Trace
    bus: Bus
    uart: Uart
    spi: SpiController
    cycle_ps: float  # of the CPU

    def cycles(self, count: float) -> int:
        """Return how long `count` CPU cycles take, in picoseconds."""
        return round(count * self.cycle_ps)

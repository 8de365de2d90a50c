# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a board's wires and supply, as data; a `Board` takes any of them.

One rule: a fault changes what reaches a pin, and nothing else. What the chip makes of it is the chip's.
"""

from collections.abc import Callable
from enum import Enum

from esp8266sim.clock import MS, US, Clock
from esp8266sim.line import Burst
from esp8266sim.soc.spi import Flash, StuckBus

ERASES = (0x20, 0x52, 0xD8, 0xC7, 0x60)  # commands of the flash chip that take the most current
BREAKDOWN_PS = 5 * MS  # into an erase
SHORTEST_PS = 1 * US  # what gets through long wires


class Fault(Enum):
    """One thing that is wrong."""

    ECHO = "echo"  # the adapter's TX and RX are joined to each other, and not to the chip
    TX_OPEN = "tx-open"  # what the host sends reaches nobody
    RX_OPEN = "rx-open"  # what the chip sends reaches nobody
    GPIO0_OPEN = "gpio0-open"  # GPIO0 is never low
    GPIO15_HIGH = "gpio15-high"  # lacks its resistor to ground
    MISO_LOW = "miso-low"  # the flash chip's output is stuck at ground
    MISO_HIGH = "miso-high"  # and at the supply
    WEAK_SUPPLY = "weak-supply"  # breaks down in the middle of an erase
    LONG_WIRES = "long-wires"  # above 1 Mbaud a bit between two of the other level gets lost


DEAF = frozenset({Fault.ECHO, Fault.TX_OPEN})  # the chip hears nothing
DUMB = frozenset({Fault.ECHO, Fault.RX_OPEN})  # nobody hears the chip
STUCK = {Fault.MISO_LOW: 0x00, Fault.MISO_HIGH: 0xFF}


def _without_lone_bits(byte: int) -> int:
    """Return what is heard of a byte whose lone bits are too short; its start and stop are heard."""
    wave = 1 << 9 | byte << 1
    lone = ~(wave ^ wave >> 2) & (wave ^ wave >> 1)  # a bit lower: equal neighbours, and not equal to them
    return byte ^ (lone & 0xFF)


WITHOUT_LONE_BITS = bytes(map(_without_lone_bits, range(256)))


def carried(faults: frozenset[Fault], burst: Burst) -> Burst:
    """Return what the wires make of a burst."""
    if Fault.LONG_WIRES in faults and burst.bit < SHORTEST_PS:
        return Burst(burst.start, burst.bit, burst.data.translate(WITHOUT_LONE_BITS))
    return burst


class WeakSupply:
    """A flash chip whose erasing takes more current than the supply has; `breakdown` is what follows."""

    def __init__(self, flash: Flash, clock: Clock, breakdown: Callable[[], None]) -> None:
        self._flash = flash
        self._clock = clock
        self._breakdown = breakdown

    @property
    def busy_until(self) -> int:
        """When the chip will be ready, in picoseconds."""
        return self._flash.busy_until

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        """Do one chip-select period."""
        found = self._flash.transfer(opcode, address, sent, read)
        if opcode in ERASES and self.busy_until > self._clock.now:
            self._clock.at(self._clock.now + BREAKDOWN_PS, self._breakdown)
        return found


def flash_bus(faults: frozenset[Fault], flash: Flash, clock: Clock, breakdown: Callable[[], None]) -> Flash:
    """Return what the SPI controller finds where `flash` should be."""
    for fault, level in STUCK.items():
        if fault in faults:
            return StuckBus(level)
    return WeakSupply(flash, clock, breakdown) if Fault.WEAK_SUPPLY in faults else flash

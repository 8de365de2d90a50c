# SPDX-License-Identifier: Apache-2.0
"""What the download loader remembers between commands: a struct and an error word on the ROM's stack.

The order of the fields is the ROM's; where on the stack they lie was not recorded, so STATE is a choice,
above the stack pointer of the idle loop (0x3FFFFF50). MEM and FLASH commands share the struct.
"""

from construct import Int32ul

from esp8266sim.soc.bus import DRAM, Bus
from esprom.protocol.record import Overlay

STATE = 0x3FFFFF60 - DRAM
LAYOUT = Overlay(
    "size" / Int32ul,
    "blocks" / Int32ul,
    "block_size" / Int32ul,
    "sequence" / Int32ul,  # of the next block
    "received" / Int32ul,
    "address" / Int32ul,
    "run" / Int32ul,
    "error" / Int32ul,
)
LEAVE = 2  # value of `run` that ends the loop
ERROR = STATE + LAYOUT.offset("error")
RUN = STATE + LAYOUT.offset("run")
NO_SEQUENCE = 0xFFFFFFFF
MASK32 = 0xFFFFFFFF


class DownloadState:
    """The struct, in RAM. What the boot left there refuses data and is no finished write."""

    def __init__(self, bus: Bus) -> None:
        self._dram = bus.dram
        self.write(
            size=0, blocks=0, block_size=0, sequence=NO_SEQUENCE, received=0, address=0, run=0, error=0
        )

    def read(self, name: str) -> int:
        """Return a field."""
        return LAYOUT.read(self._dram, STATE, name)

    def write(self, **fields: int) -> None:
        """Set fields, each modulo 2**32."""
        for name, value in fields.items():
            LAYOUT.write(self._dram, STATE, name, value & MASK32)

    def begin(self, size: int, blocks: int, block_size: int, address: int) -> None:
        """Start anew: what a FLASH_BEGIN or MEM_BEGIN announces."""
        self.write(size=size, blocks=blocks, block_size=block_size, address=address, sequence=0, received=0)

    def advance(self, **by: int) -> None:
        """Add to fields."""
        self.write(**{name: self.read(name) + amount for name, amount in by.items()})

    def complete(self) -> bool:
        """Tell whether as much has come as was announced."""
        return self.read("blocks") == self.read("sequence") and self.read("size") == self.read("received")

# SPDX-License-Identifier: Apache-2.0
"""The ring between the UART's interrupt handler and the loader, in RAM where the ROM has it.

One rule: size, start and both pointers are read from RAM each time, for a host can overwrite them. The
handler does not look whether the ring is full: what laps the unread bytes makes them vanish. Pointers that
do not lie in a ring in DRAM send the ROM's code through memory at random; that is not modelled, and the
CPU then answers nothing any more. Source: the mask ROM's code, executed in an interpreter with modelled
peripherals.
"""

import struct

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import CpuState, Halt
from esp8266sim.soc.bus import DRAM, DRAM_SIZE
from esp8266sim.soc.chip import Soc
from esp8266sim.trace import Kind, TraceEvent

FIELDS = struct.Struct("<4I")  # size, start, write pointer, read pointer
AT = memory.RING_SIZE_FIELD - DRAM


class Ring:
    """The receive ring of the ROM's UART device."""

    def __init__(self, soc: Soc) -> None:
        self._soc = soc
        self._bus = soc.bus

    def put(self, received: bytes) -> None:
        """Store what the interrupt handler took from the FIFO."""
        if not received:
            return
        size, start, write, _ = self._fields()
        first, dram = start - DRAM, self._bus.dram
        at = write - start
        end = at + len(received)
        if end < size:
            dram[first + at : first + end] = received
        else:
            last = received[-size:]  # those before them are overwritten
            for index, byte in enumerate(last, start=end - len(last)):
                dram[first + index % size] = byte
        memory.set_word(self._bus, memory.RING_WRITE_FIELD, start + end % size)

    def unread(self) -> bytes:
        """Return what has been put and not been taken."""
        size, start, write, read = self._fields()
        dram = self._bus.dram
        if read <= write:
            return bytes(dram[read - DRAM : write - DRAM])
        end = start + size
        return bytes(dram[read - DRAM : end - DRAM] + dram[start - DRAM : write - DRAM])

    def take(self, count: int) -> None:
        """Move the read pointer behind the first `count` unread bytes."""
        size, start, _, read = self._fields()
        memory.set_word(self._bus, memory.RING_READ_FIELD, start + (read - start + count) % size)

    def _fields(self) -> tuple[int, int, int, int]:
        size, start, write, read = FIELDS.unpack_from(self._bus.dram, AT)
        end = start + size
        if not (DRAM <= start <= write < end <= DRAM + DRAM_SIZE and start <= read < end):
            what = "receive ring with a pointer out of it"
            self._soc.trace.add(TraceEvent(self._soc.clock.now, Kind.UNMODELLED, what, memory.UART_DEVICE))
            raise Halt(CpuState.STUCK)
        return size, start, write, read

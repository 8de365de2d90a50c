# SPDX-License-Identifier: Apache-2.0
"""recv_packet: how the ROM unescapes SLIP frames (SLIP-8 to SLIP-12).

Source: the mask ROM's code, executed in an interpreter with modelled peripherals.
"""

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Wait
from esp8266sim.bootrom.ring import Ring
from esp8266sim.bootrom.rom import Rom
from esprom.protocol import slip

END, ESC = slip.END[0], slip.ESC[0]
POLL_CYCLES = 256  # between two looks at the ring while a handler is to fill it; the ROM looks more often
UNESCAPED = {slip.ESC_END[1]: slip.END, slip.ESC_ESC[1]: slip.ESC}  # any other byte stands for itself


class Receiver:
    """Takes one frame at a time from the ring in RAM, into `size` bytes of memory at `to`."""

    def __init__(self, rom: Rom, to: int, size: int) -> None:
        self._rom = rom
        self._uart = rom.soc.uart
        self._ring = Ring(rom.soc)
        self._to, self._size = to, size
        self._inside = False
        self._escaped = False
        self.stored = 0  # bytes of the frame, with those that had no room

    def frame(self) -> Activity[None]:
        """Receive one frame. Returns when it is complete in memory."""
        self._inside = self._escaped = False
        self.stored = 0
        self.interrupts()
        while not self._scan():
            while not self._poll():
                yield self._waits_for()
                if not self._uart.drained:  # the interrupt may come later than the byte
                    yield self._rom.soc.cycles(POLL_CYCLES)

    def pending(self) -> bool:
        """Tell whether anything is in the ring."""
        return bool(self._ring.unread())

    def _waits_for(self) -> Wait:
        if not self._uart.drained:
            return Wait.BYTE  # for which the interrupt handler will run
        return Wait.REST_OF_FRAME if self._inside else Wait.FRAME

    def interrupts(self) -> None:
        """What arrived while the loader was busy: the handler put it into the ring, lapping it."""
        self._ring.put(self._uart.drain())

    def _poll(self) -> bool:
        """What arrives while the loader is waiting is taken from the ring at once, so it never laps."""
        if not self._uart.drained:
            return self.pending()
        received = self._uart.drain(memory.RING_SIZE - 1)
        self._ring.put(received)
        return bool(received)

    def _scan(self) -> bool:
        """Take unread bytes up to the end of a frame. True if one is complete."""
        unread = self._ring.unread()
        if not unread:
            return False
        complete, taken = self._take(unread)
        self._ring.take(taken)
        return complete

    def _take(self, data: bytes) -> tuple[bool, int]:
        """Unescape from `data`; return whether the frame is complete, and how many bytes it took."""
        at = 0
        while at < len(data):
            if self._escaped:
                self._store(UNESCAPED.get(data[at], data[at : at + 1]))
                self._escaped = False
                at += 1
                continue
            end = data.find(END, at)
            stop = len(data) if end < 0 else end
            if self._inside:
                escape = data.find(ESC, at, stop)
                if escape >= 0:
                    self._store(data[at:escape])
                    self._escaped = True
                    at = escape + 1
                    continue
                self._store(data[at:stop])
            at = stop + 1
            if end >= 0:
                if self._inside and self.stored:
                    return True, at
                self._inside = True
        return False, len(data)

    def _store(self, plain: bytes) -> None:
        """Append to what is stored; what is beyond its size is dropped."""
        room = plain[: max(0, self._size - self.stored)]
        self._rom.write(self._to + self.stored, room)
        self.stored += len(plain)

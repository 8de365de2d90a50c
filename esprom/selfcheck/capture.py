# SPDX-License-Identifier: Apache-2.0
"""What went over the wire, as far as it says nothing private: when, which way, which command, how long.

The whole packet is there for commands that carry neither identity nor content. No answer to READ_REG is: the
registers have the MAC, and words of the flash.
"""

from dataclasses import dataclass

from esprom.errors import MalformedPacket
from esprom.port.recorded import Way
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST, RESPONSE, Command

MOST_FRAMES = 1000  # enough for the beginning, each change of rate, and the first streams
SHOWN = {
    Way.TO_CHIP: frozenset(
        {
            *(Command.SYNC, Command.READ_REG, Command.MEM_BEGIN, Command.MEM_END, Command.CHANGE_BAUDRATE),
            *(Command.INFO, Command.TRY_BAUDRATE, Command.DIGESTS, Command.STREAM, Command.STREAM_CONTROL),
        }
    ),
    Way.FROM_CHIP: frozenset(
        {Command.SYNC, Command.MEM_BEGIN, Command.MEM_DATA, Command.MEM_END, Command.TRY_BAUDRATE}
    ),
}


@dataclass(frozen=True, slots=True)
class WireFrame:
    """A frame that was written, or read."""

    ms: float  # since the first
    way: str  # ">" to the chip, "<" from it
    command: str  # "" for what is no packet
    size: int  # bytes, unframed
    hex: str  # the packet, "" for what may be private


@dataclass(frozen=True, slots=True)
class Recording:
    """The frames of one connection."""

    loader: str
    frames: tuple[WireFrame, ...]
    left_out: int  # that came after them


class Capture:
    """Listens to a port."""

    def __init__(self) -> None:
        self.frames: list[WireFrame] = []
        self.left_out = 0  # frames after MOST_FRAMES
        self._began: float | None = None
        self._decoders = {way: slip.Decoder() for way in Way}

    def hear(self, when: float, way: Way, data: bytes) -> None:
        """Take bytes."""
        self._began = when if self._began is None else self._began
        for frame in self._decoders[way].feed(data):
            if len(self.frames) == MOST_FRAMES:
                self.left_out += 1
            else:
                self.frames.append(_told(round((when - self._began) * 1000, 2), way, frame))


def _told(ms: float, way: Way, frame: bytes) -> WireFrame:
    record = REQUEST if way is Way.TO_CHIP else RESPONSE
    try:
        command = record.parse(frame).command
    except MalformedPacket:
        return WireFrame(ms, way.value, "", len(frame), "")
    return WireFrame(ms, way.value, command.name, len(frame), frame.hex() if command in SHOWN[way] else "")

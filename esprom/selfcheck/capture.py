# SPDX-License-Identifier: Apache-2.0
"""What went over the wire, as far as it says nothing private: when, which way, which command, how long.

The whole packet is there where nothing has to be left out of it; what that is `esprom.wire.privacy` says.
"""

from dataclasses import dataclass

from esprom.errors import MalformedPacket
from esprom.port.recorded import Way
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST, RESPONSE
from esprom.wire.capture import Track
from esprom.wire.events import Event, EventType
from esprom.wire.splitting import packet_of

MOST_FRAMES = 1000  # enough for the beginning, each change of rate, and the first streams
WAYS = {EventType.TO_CHIP: Way.TO_CHIP, EventType.FROM_CHIP: Way.FROM_CHIP}


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
    """Keeps the first frames of a port; `track` is what listens to it."""

    def __init__(self) -> None:
        self.frames: list[WireFrame] = []
        self.left_out = 0  # frames after MOST_FRAMES
        self._began_us: int | None = None
        self.track = Track(self._take, payload=False)

    def _take(self, event: Event) -> None:
        if event.type not in WAYS:
            return
        self._began_us = event.at_us if self._began_us is None else self._began_us
        if len(self.frames) == MOST_FRAMES:
            self.left_out += 1
        else:
            self.frames.append(_told((event.at_us - self._began_us) / 1000, WAYS[event.type], event))


def _told(ms: float, way: Way, event: Event) -> WireFrame:
    packet = packet_of(event.data)
    record = REQUEST if way is Way.TO_CHIP else RESPONSE
    try:
        command = record.parse(packet or b"").command
    except MalformedPacket:
        return WireFrame(ms, way.value, "", len(packet or event.data.strip(slip.END)), "")
    assert packet is not None
    return WireFrame(ms, way.value, command.name, len(packet), "" if event.left_out else packet.hex())

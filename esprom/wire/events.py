# SPDX-License-Identifier: Apache-2.0
"""What a capture is made of: something that happened on the line, and when (WIRE-1).

One rule: times are whole microseconds since 1970, so that what is written is what is read again.
"""

from dataclasses import dataclass

from esprom.protocol.packets import OpenIntEnum

SECOND = 1_000_000  # us


class EventType(OpenIntEnum):
    """The event types of LINKTYPE_RTAC_SERIAL; the host is the one that transmits (WIRE-3)."""

    STATUS_CHANGE = 0
    TO_CHIP = 1
    FROM_CHIP = 2
    TO_CHIP_END = 3  # written by others; it may carry bytes too
    FROM_CHIP_END = 4
    DATA_LOST = 5
    COMPLETE = 6
    FRAMING_ERROR = 7
    PARITY_ERROR = 8
    BREAK = 9
    OVERFLOW = 10


OUT = frozenset({EventType.TO_CHIP, EventType.TO_CHIP_END})
IN = frozenset({EventType.FROM_CHIP, EventType.FROM_CHIP_END})

Span = tuple[int, int]  # offset, size: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One record of a capture.

    Attributes:
        data: one SLIP frame with its ENDs, or bytes outside frames, as they were on the line; what is left
            out is 0.
        left_out: where, counted in the packet that the frame carries, else in the bytes.
        sound: what the packet's checksum, CRC or digest said before something was left out.
        note: more about it, in words.
        baud: the rate from here on, 0 where it does not change.
    """

    at_us: int
    type: EventType
    data: bytes = b""
    dtr: bool = False  # asserted: electrically low
    rts: bool = False
    left_out: tuple[Span, ...] = ()
    sound: bool | None = None
    note: str = ""
    baud: int = 0


@dataclass(frozen=True, slots=True)
class WireStream:
    """All that happened on one port, in order."""

    name: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class WireLog:
    """What a file says.

    Attributes:
        source: which kind of file it is.
        payload: whether content is in it: False where it was left out when it was recorded.
        truncated: the file ends in the middle of a record.
    """

    source: str
    payload: bool
    streams: tuple[WireStream, ...]
    truncated: bool = False

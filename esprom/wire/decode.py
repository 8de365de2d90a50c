# SPDX-License-Identifier: Apache-2.0
"""A capture as a sequence of messages that can be read (WIRE-10).

One rule: every record is a message, or is in one; nothing is passed over because it is not
understood. No I/O.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from esprom.port import DEFAULT_BAUD, bootlog
from esprom.port.recorded import Way
from esprom.protocol import slip
from esprom.protocol.packets import GREETING, READ_FLASH_ACK, Command, Request, Response
from esprom.protocol.status import STATUS, STATUS_SIZE, RomError, Status
from esprom.wire import words
from esprom.wire.dialogue import Dialogue, Kind, Seen, body_of, told_by
from esprom.wire.events import SECOND, Event, EventType, WireStream
from esprom.wire.splitting import packet_of

INVALID = STATUS.build(Status(1, RomError.INVALID))
GAP_S = 0.5  # without anything: worth a line
RETRY_US = 50_000  # the same request so long after is no pipelining, but a retry
SURPLUS = "surplus: "  # begins the group of answers to SYNC beyond the first
SHOWN = 200  # characters of text
BULK = frozenset(
    {Command.FLASH_DATA, Command.FLASH_DEFL_DATA, Command.MEM_DATA, Command.PUT, Command.DIGESTS}
)
REGISTERS = frozenset({Command.READ_REG, Command.WRITE_REG})
STREAMING = frozenset({Command.STREAM_FRAME, Command.STREAM_CONTROL})
HAPPENED = {
    EventType.DATA_LOST: "bytes were lost here",
    EventType.COMPLETE: "end of the capture",
    EventType.FRAMING_ERROR: "a byte without its stop bit",
    EventType.PARITY_ERROR: "a byte with the wrong parity",
    EventType.BREAK: "the line was held low",
    EventType.OVERFLOW: "the receiver could not keep up",
}


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One line of a sequence.

    Attributes:
        at_s: seconds since the first event of the stream.
        way: ">" to the chip, "<" from it, "" neither.
        name: the command, or what else it is.
        text: the rest, in words.
        size: bytes of the packet, or on the line where it is none.
        content: bytes of flash or RAM that it is about.
        left_out: bytes of them that the capture does not have.
        problems: what is wrong with it.
        took_ms: an answer: since its request was out.
        group: messages of one group that follow each other may be folded; "" for those that never are.
        number: of a block.
    """

    at_s: float
    way: str
    name: str
    text: str
    size: int = 0
    content: int = 0
    left_out: int = 0
    problems: tuple[str, ...] = ()
    took_ms: float | None = None
    group: str = ""
    number: int | None = None

    @property
    def whole_text(self) -> str:
        """The words, with what is wrong and how long it took."""
        took = f"{self.took_ms:.1f} ms" if self.took_ms is not None else ""
        return "; ".join(part for part in (self.text, *self.problems, took) if part)


@dataclass(slots=True)
class _Asked:
    """A request that may still be answered."""

    at_us: int
    request: Request


class Decoder:
    """Follows one stream."""

    def __init__(self, first_us: int) -> None:
        self._first_us = first_us
        self._dialogue = Dialogue()
        self._open: deque[_Asked] = deque(maxlen=1024)
        self._sent_us: dict[bytes, int] = {}  # when each packet was sent that has no answer so far
        self._synced = False
        self._baud = DEFAULT_BAUD
        self._dtr = self._rts = False

    def decode(self, event: Event) -> WireMessage:
        """Return the message of the next event."""
        match event.type:
            case EventType.TO_CHIP:
                return self._data(Way.TO_CHIP, event)
            case EventType.FROM_CHIP:
                return self._data(Way.FROM_CHIP, event)
            case EventType.STATUS_CHANGE:
                return self._status(event)
        what = HAPPENED.get(event.type, f"event {event.type:d}, which is not known")
        return WireMessage(self._at(event), "", "line", what, problems=("data may be missing",))

    def _status(self, event: Event) -> WireMessage:
        if event.baud:
            self._baud = event.baud
            return WireMessage(self._at(event), "", "rate", f"{event.baud} baud")
        if event.note:
            return WireMessage(self._at(event), "", "note", event.note)
        before, self._dtr, self._rts = (self._dtr, self._rts), event.dtr, event.rts
        text = words.lines(dtr=event.dtr, rts=event.rts)
        if before == (False, True) and (event.dtr, event.rts) != before:
            text += "; it should start " + ("the loader" if event.dtr else "the flash")
        return WireMessage(self._at(event), "", "lines", text)

    def _data(self, way: Way, event: Event) -> WireMessage:
        packet = packet_of(event.data)
        if packet is None:
            return self._outside(way, event, event.data)
        seen = self._dialogue.see(way, packet)
        match seen.header:
            case Request() as request:
                return self._request(event, seen, request)
            case Response() as response:
                return self._answer(event, seen, response)
        if seen.kind is Kind.OTHER:
            return self._outside(way, event, event.data.strip(slip.END))
        return self._of_reading(way, event, seen)

    def _request(self, event: Event, seen: Seen, request: Request) -> WireMessage:
        before_us, self._sent_us[seen.packet] = self._sent_us.get(seen.packet), event.at_us
        again = before_us is not None and event.at_us - before_us >= RETRY_US
        self._open.append(_Asked(event.at_us, request))
        problems = list(_unsound(event, seen))
        if again and request.command is not Command.SYNC and not event.left_out:
            problems.append("again, no answer so far")
        body = body_of(request)
        return WireMessage(
            self._at(event),
            Way.TO_CHIP.value,
            request.command.name,
            words.request(request, event.left_out) + _good(event, seen),
            len(seen.packet),
            words.content(body),
            words.hidden_size(event.left_out),
            tuple(problems),
            group="" if problems else _group(request.command),
            number=getattr(body, "sequence", None),
        )

    def _answer(self, event: Event, seen: Seen, response: Response) -> WireMessage:
        asked = self._asked(response.command) or self._refused(response)
        problems = list(_unsound(event, seen))
        surplus = asked is None and response.command is not Command.STREAM_FRAME
        text = words.answer(response, asked.request if asked else None, event.left_out) + _good(event, seen)
        group = _group(response.command)
        if asked is not None and asked.request.command is not response.command:
            text += f", to {asked.request.command.name}, under the opcode of an earlier command"
        if surplus and response.command is Command.SYNC and self._synced:  # the ROM answers eight times
            text = f"{text}, surplus"
            group = SURPLUS + text
        elif surplus:
            problems.append("nobody asked")
        elif words.failed(response):
            problems.append("refused")
        group = "" if problems else group
        self._synced = self._synced or response.command is Command.SYNC
        return WireMessage(
            self._at(event),
            Way.FROM_CHIP.value,
            response.command.name,
            text,
            len(seen.packet),
            words.content(told_by(response)),
            words.hidden_size(event.left_out),
            tuple(problems),
            took_ms=(event.at_us - asked.at_us) / 1000 if asked else None,
            group=group,
        )

    def _asked(self, command: Command) -> _Asked | None:
        """Return the oldest request that this may answer; what was asked before it got none."""
        found = [index for index, asked in enumerate(self._open) if asked.request.command is command]
        if not found:
            return None
        index = found[-1] if command is Command.SYNC else found[0]  # of SYNCs the chip hears the last
        asked = self._open[index]
        for _ in range(index + 1):
            self._open.popleft()
        self._sent_us.clear()
        return asked

    def _refused(self, response: Response) -> _Asked | None:
        """Return which request the ROM refuses by an answer with another's opcode (ROM-6)."""
        if not self._open or response.body[-STATUS_SIZE:] != INVALID:
            return None
        self._sent_us.clear()
        return self._open.popleft()

    def _of_reading(self, way: Way, event: Event, seen: Seen) -> WireMessage:
        name = seen.kind.name
        hidden = words.hidden_size(event.left_out) + sum(size for at, size in event.left_out if at < 8)
        left = f" ({hidden} bytes left out)" if hidden else ""
        problems = _unsound(event, seen)
        match seen.kind:
            case Kind.FLASH_ACK:
                text = f"{READ_FLASH_ACK.parse(seen.packet).received} bytes so far"
            case Kind.FLASH_DIGEST:
                text = f"MD5 {'left out' if hidden else seen.packet.hex()}"
                text += ", which is that of what came" if _verdict(event, seen) else ""
            case _:
                text = words.sized(len(seen.packet)) + left
        size = len(seen.packet) if seen.kind is Kind.FLASH_DATA else 0
        group = "" if seen.kind is Kind.FLASH_DIGEST or problems else "READ_FLASH"
        return WireMessage(
            self._at(event), way.value, name, text, len(seen.packet), size, hidden, problems, group=group
        )

    def _outside(self, way: Way, event: Event, data: bytes) -> WireMessage:
        hidden = sum(size for _, size in event.left_out)
        found = bootlog.find(data, self._baud) if way is Way.FROM_CHIP else None
        note = str(found) if found is not None else event.note
        if data == GREETING:
            return WireMessage(
                self._at(event), way.value, "greeting", "the stub loader has started", len(data)
            )
        if note:
            text = f"{note}, {words.sized(len(data))}" + (
                f" ({hidden} left out)" if hidden else f": {shown(data)}"
            )
            return WireMessage(self._at(event), way.value, "boot log", text, len(data), left_out=hidden)
        text = words.sized(len(data)) + (f", {hidden} left out" if hidden else f": {shown(data)}")
        problems = ("no packet of the protocol",) if event.data.startswith(slip.END) else ()
        return WireMessage(self._at(event), way.value, "bytes", text, len(data), 0, hidden, problems)

    def _at(self, event: Event) -> float:
        return (event.at_us - self._first_us) / SECOND


def wire_messages(stream: WireStream) -> Iterator[WireMessage]:
    """Yield the messages of a stream, in order, and a line for each gap."""
    if not stream.events:
        return
    decoder = Decoder(stream.events[0].at_us)
    last_s = 0.0
    for event in stream.events:
        message = decoder.decode(event)
        if message.at_s - last_s >= GAP_S:
            yield WireMessage(last_s, "", "gap", f"{message.at_s - last_s:.3f} s without anything")
        last_s = message.at_s
        yield message


def shown(data: bytes) -> str:
    """Return bytes as text if they are that, else in hex."""
    text = data.decode("latin-1")
    if sum(char.isprintable() or char in "\r\n\t" for char in text) >= 0.9 * len(text):
        printed = ascii(text)[1:-1]
        return printed[:SHOWN] + ("..." if len(printed) > SHOWN else "")
    most = SHOWN // 4
    return data[:most].hex(" ") + (" ..." if len(data) > most else "")


def _group(command: Command) -> str:
    if command in BULK:
        return command.name
    if command in REGISTERS:
        return "registers"
    if command in STREAMING:
        return "STREAM"
    return "SYNC" if command is Command.SYNC else ""


def _verdict(event: Event, seen: Seen) -> bool | None:
    """Return what the checksum says: now, or before something was left out."""
    return event.sound if event.left_out else seen.sound


def _good(event: Event, seen: Seen) -> str:
    return ", checksum good" if _verdict(event, seen) else ""


def _unsound(event: Event, seen: Seen) -> tuple[str, ...]:
    verdict = _verdict(event, seen)
    if verdict is not False:
        return ()
    return ("MD5 is not that of what came",) if seen.kind is Kind.FLASH_DIGEST else ("checksum is WRONG",)

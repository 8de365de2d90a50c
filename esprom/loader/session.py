# SPDX-License-Identifier: Apache-2.0
"""A conversation with a loader: the protocol's `Exchange` over a `Port`, with the timeouts.

Two rules. First, at most WINDOW request bytes are unanswered at any time (PROTO-6): while the mask ROM is
busy, received bytes pile up in a ring of 256 that does not notice when it is lapped. Second, after
anything went wrong nobody trusts the order of the answers any more: the next command first makes both
ends agree again, by a SYNC whose magic word is new. The mask ROM echoes that word, whatever it is, and
answers in order; so nothing that comes after the echo is an answer to an earlier question.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from zlib import crc32

from esprom.errors import CommandFailed, MalformedPacket, NoResponse, ProtocolError
from esprom.port import Port, silence
from esprom.protocol import slip
from esprom.protocol.commands import COMMANDS, Covered, packet
from esprom.protocol.exchange import Exchange, Stray
from esprom.protocol.packets import REQUEST, RESPONSE, SYNC_MAGIC, Command, Response, Sync
from esprom.protocol.record import Overlay
from esprom.protocol.status import STATUS_SIZE, answer

WINDOW = 255  # bytes of requests on the wire
ANSWER_SIZE = len(slip.encode(RESPONSE.build(Response(Command.READ_REG, 0, bytes(STATUS_SIZE)))))
CHECK = slice(CHECK_AT := Overlay(*REQUEST.layout).offset("checksum"), CHECK_AT + 4)
BATCH = 4  # answers worth waking up for: the window stays three quarters full
BITS_PER_BYTE = 10  # on the wire: start, eight, stop
KEPT = 2048  # bytes of what arrived unasked, for the explanation
SYNC_ATTEMPTS = 5
ENDING_S = 0.1  # until a loader that was told to end is silent

log = logging.getLogger("esprom.loader")


class OutOfStep(ProtocolError):
    """Answers came that do not belong to what was asked: one was lost or damaged."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request, ready for the wire. Those that never change are built once."""

    command: Command
    packet: bytes
    frame: bytes  # that carries it, or its beginning
    timeout_s: float  # what the device may take; the line's time comes on top
    crc: int | None = None  # that of its answer begins with this; None: answers to it have none


def prepare(command: Command, body: object) -> Prepared:
    """Build the request. Raises ValueError if `body` does not fit."""
    whole = packet(command, body)
    spec = COMMANDS[command]
    crc = crc32(whole[CHECK]) if spec.covered is Covered.BODY else None
    return Prepared(command, whole, slip.encode(whole), spec.timeout_s(body), crc)


def check(request: Prepared, response: Response) -> None:
    """See that the answer is good news.

    Raises:
        MalformedPacket: it is damaged, or the answer to another request, as far as its CRC tells (STUB-4).
        CommandFailed: the device says no.
    """
    if request.crc is not None and crc32(response.body, request.crc) != response.value:
        raise MalformedPacket(f"the answer to {response.command.name} is damaged, or to another request")
    answer(response)


@lru_cache(maxsize=1024)
def shortened(request: Prepared, before: bytes) -> Prepared:
    """Return `request` without the end that the mask ROM has already, when it follows the packet `before`.

    The ROM looks at no frame's length and never clears its packet buffer, so a frame may stop where the
    rest is the same as in the one before (ROM-4). No stub loader takes such a frame.
    """
    whole = request.packet
    length = len(whole)
    while 1 < length <= len(before) and whole[length - 1] == before[length - 1]:
        length -= 1
    return replace(request, frame=slip.encode(whole[:length]))


class Session:
    """One conversation. Not for more than one thread, and not to be used while a pipeline runs."""

    def __init__(self, port: Port, window: int = WINDOW) -> None:
        self.port = port
        self._window = window  # bytes; some stub loaders lose what comes before they have answered: 0
        self._exchange = Exchange()
        self._in_step = True
        self._strays = bytearray()  # what arrived unasked since the last question, newest last
        self._partial = 0  # bytes of a frame that has begun to arrive
        self._syncs = 0  # sent so far
        self._spoken = False  # whether the loader has ever answered
        self._restarted = False  # whether the chip has sent its boot log since
        self.with_stub = False  # whether a stub has answered SYNC last, and not the ROM
        self.may_shorten = True  # whether READ_REGs may be sent without their end: until something fails

    def command(self, command: Command, body: object) -> Response:
        """Ask, and wait for the answer.

        Raises:
            NoResponse: none came in time.
            MalformedPacket: it is damaged.
            CommandFailed: the device said no.
        """
        return self.ask(prepare(command, body))

    def ask(self, request: Prepared) -> Response:
        """Do as `command` does, with a request that is already built."""
        self._begin()
        self._exchange.expect(request.command)
        self.port.write(request.frame)
        deadline = self._deadline(request, len(request.frame))
        while True:
            for event in self._listen(request, deadline, 1):
                if isinstance(event, Response):
                    self._spoken = True
                    check(request, event)
                    self._in_step = not self._strays
                    return event

    def pipeline(self, requests: Iterable[Prepared], window: int | None = None) -> Iterator[Response]:
        """Ask all of `requests` without waiting for each answer; yield the answers in order.

        At most `window` bytes are unanswered; unless told, the session's, which is for requests that do not
        keep the loader busy. A request that is longer goes out alone. If the caller stops early or an error
        is raised, the answers that are still to come are dropped later on.

        Raises:
            NoResponse: an answer did not come in time.
            OutOfStep: an answer was lost or damaged.
            CommandFailed: the device said no, which after damage on the wire may mean any request.
        """
        self._begin()
        window = self._window if window is None else window
        coming = iter(requests)
        request = next(coming, None)
        asked: deque[Prepared] = deque()
        in_flight = 0  # bytes
        deadline = 0.0
        renewed = True  # by an answer: whatever else trickles in must not put the deadline off
        while request is not None or asked:
            burst: list[bytes] = []
            while request is not None and (not asked or in_flight + len(request.frame) <= window):
                asked.append(request)
                burst.append(request.frame)
                in_flight += len(request.frame)
                self._exchange.expect(request.command)
                request = next(coming, None)
            if burst:
                self.port.write(b"".join(burst))
            if renewed:
                deadline = self._deadline(asked[0], in_flight)
            renewed = False
            for event in self._listen(asked[0], deadline, min(len(asked), BATCH)):
                if isinstance(event, Stray):  # what follows it may answer something else than it seems to
                    raise OutOfStep(f"not the answer that was due: {self.explain(bytes(self._strays))[1]}")
                renewed = self._spoken = True
                check(asked[0], event)
                in_flight -= len(asked.popleft().frame)
                self._in_step = request is None and not asked and not self._strays
                yield event

    def tell(self, request: Prepared) -> None:
        """Send a request that ends the loader, so that nobody answers it. The next one begins with SYNC."""
        self.port.write(request.frame)
        deadline = self.port.clock.now() + ENDING_S
        while (left := deadline - self.port.clock.now()) > 0:
            self.port.read(left)  # answers that were on their way, and a boot log
        self._exchange.abandon()
        self._strays.clear()
        self._spoken = self._in_step = False  # nothing has been heard of who is next

    def await_greeting(self, greeting: bytes, timeout_s: float) -> None:
        """Wait for a frame that nobody asked for; it may have come right behind the last answer.

        Raises:
            NoResponse: it does not come.
        """
        deadline = self.port.clock.now() + timeout_s
        while slip.END + greeting + slip.END not in self._strays:
            left = deadline - self.port.clock.now()
            if left <= 0:
                raise self._silent(f"what should answer with {greeting!r}", timeout_s)
            for event in self._exchange.receive(self.port.read(left)):
                assert isinstance(event, Stray)  # nothing is awaited
                self._keep(event.frame)
        self._strays.clear()
        self._in_step = True

    @contextmanager
    def lent(self) -> Iterator[Port]:
        """Give the port to a conversation of another form, which leaves nothing unread if it ends well."""
        self._begin()
        yield self.port
        self._spoken = self._in_step = True

    def synchronise(self, attempts: int = SYNC_ATTEMPTS) -> int:
        """Make both ends agree; return the value of the loader's answer to SYNC.

        The first SYNC after a reset is never answered: the boot ROM's autobaud consumes it.

        Raises:
            NoResponse: no answer to any of `attempts`.
        """
        began = self.port.clock.now()
        self._strays += self._exchange.abandon()
        self._forget_strays()
        self._partial = 0
        magics: set[int] = set()
        for _ in range(attempts):
            magic = (SYNC_MAGIC + self._syncs) & 0xFFFFFFFF
            self._syncs += 1
            magics.add(magic)
            request = prepare(Command.SYNC, Sync(magic))
            self.port.write(request.frame)
            value = self._hear_sync(magics, self._deadline(request, len(request.frame) + 8 * ANSWER_SIZE))
            if value is not None:
                self._forget_strays()
                self._in_step = self._spoken = True
                self.with_stub = value == 0
                self.may_shorten = self.may_shorten and not self.with_stub
                return value
        raise self._silent("SYNC", self.port.clock.now() - began)

    def line_time(self, size: int) -> float:
        """Return the seconds that `size` bytes take on the line."""
        return size * BITS_PER_BYTE / self.port.baud

    def _hear_sync(self, magics: set[int], deadline: float) -> int | None:
        """Wait for a successful answer to SYNC: our word, or the 0 that stub loaders give."""
        while (left := deadline - self.port.clock.now()) > 0:
            for event in self._exchange.receive(self.port.read(left)):
                assert isinstance(event, Stray)  # nothing is awaited
                value = _sync_value(event.frame)
                if value is not None and (value in magics or value == 0):
                    return value
                self._keep(event.frame)
        return None

    def _begin(self) -> None:
        if not self._in_step:
            log.info("out of step with the loader, synchronising")
            self.synchronise()
        self._in_step = False  # until the answers have come
        self._forget_strays()

    def _listen(self, request: Prepared, deadline: float, answers: int) -> list[Response | Stray]:
        """Read once; return what came. Strays are remembered; surplus answers to SYNC are left out."""
        left = deadline - self.port.clock.now()
        data = self.port.read(left, max(1, ANSWER_SIZE * answers - self._partial)) if left > 0 else b""
        if not data and deadline <= self.port.clock.now():
            raise self._silent(request.command.name, request.timeout_s)
        self._note_partial(data)
        events = []
        for event in self._exchange.receive(data):
            if isinstance(event, Stray):
                if _sync_value(event.frame) is not None:
                    continue
                self._keep(event.frame)
            events.append(event)
        return events

    def _note_partial(self, data: bytes) -> None:
        """Count the bytes after the last whole frame, so that no read waits for more than must come."""
        last = data.rfind(slip.END)
        if last < 0:
            self._partial += len(data)
        elif last == len(data) - 1:
            self._partial = 1 if data.endswith(slip.END * 2) else 0
        else:
            self._partial = len(data) - last

    def _deadline(self, request: Prepared, in_flight: int) -> float:
        line_s = self.line_time(in_flight + WINDOW)  # the answers are no longer than that
        return self.port.clock.now() + request.timeout_s + line_s

    def _keep(self, frame: bytes) -> None:
        self._strays += slip.END + frame + slip.END
        del self._strays[:-KEPT]

    def _forget_strays(self) -> None:
        """Forget what came unasked, but not that a restart was among it."""
        if self._strays and self._spoken and not self._restarted:
            self._restarted = silence.restarted(bytes(self._strays), self.port.baud)
        self._strays.clear()

    def explain(self, received: bytes) -> tuple[silence.Cause, str]:
        """Return what it means that only `received` came of what was asked for, as cause and in words."""
        if self._restarted:
            return silence.Cause.RESTARTED, str(silence.MEANINGS[silence.Cause.RESTARTED])
        baud, spoken = self.port.baud, self._spoken
        return silence.judge(received, baud, spoken=spoken), silence.explain(received, baud, spoken=spoken)

    def _silent(self, asked: str, waited_s: float) -> NoResponse:
        """Return the error for an answer that did not come; nobody knows the order of answers now."""
        self._strays += self._exchange.abandon()
        self._in_step = False
        received = bytes(self._strays[-KEPT:])
        cause, meaning = self.explain(received)
        return NoResponse(
            f"no answer to {asked} within {waited_s:.1f} s: {meaning}",
            asked=asked,
            waited_s=waited_s,
            received=received,
            cause=cause.value,
        )


def _sync_value(frame: bytes) -> int | None:
    """Return the value of a successful answer to SYNC; None for anything else."""
    try:
        response = RESPONSE.parse(frame)
        return response.value if response.command is Command.SYNC and not answer(response) else None
    except (MalformedPacket, CommandFailed):
        return None

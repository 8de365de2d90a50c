# SPDX-License-Identifier: Apache-2.0
"""The host's half of a streaming read (STUB-8 to STUB-10).

`Received` keeps account, without I/O: what is there, up to where, what is missing. `stream` feeds it from the
port, confirms, and asks for what is missing while the rest flows. Nothing counts but frames whose CRC is
that of what they mean.
"""

import hashlib
import logging
from collections.abc import Callable
from itertools import islice
from zlib import crc32

from esprom.errors import CommandFailed, MalformedPacket, NoResponse, ProtocolError
from esprom.loader.session import KEPT, Session, check, prepare
from esprom.protocol import own, slip
from esprom.protocol.own import Kind, StreamControl, StreamFrame
from esprom.protocol.packets import RESPONSE, Command
from esprom.protocol.record import Overlay
from esprom.protocol.status import StubError

HEADER_SIZE = Overlay(*RESPONSE.layout).size
WINDOW = 0x40000  # bytes of flash: at 2 Mbaud 100 ms of blank sectors, at least 1 s of others
CONFIRMATIONS = 8  # in a window
FRAME_SIZE = 4500  # bytes on the wire, of the longest but rare ones
BLANK_S = 0.1  # a run of blank sectors is told of after 64 KiB, which the bus takes 43 ms for
BRIDGE_S = 0.4  # that a USB bridge and a busy host may hold data back
AT_ONCE = 2048  # bytes worth waking up for; fewer come where there is a pause
SENT_AHEAD = 0x2000  # bytes that the stub has ready for the line, at most
PATIENCE = 5  # times that nothing comes; then whoever asked begins anew with what is missing
SMALL = 512  # bytes of flash: what does not get through whole is asked for in such pieces
SMALL_ONES = 16  # pieces, at once: as many as the stub remembers
MANY_DAMAGED = 16  # frames
WORTH_IT = 4  # good frames for a damaged one: where fewer come, half the rate is not slower

log = logging.getLogger("esprom.loader")


class Noisy(ProtocolError):
    """So much comes damaged that a lower rate is not slower."""


class Received:
    """What has come of the range from `offset`."""

    def __init__(self, offset: int, size: int) -> None:
        self.offset = offset
        self.end = offset + size
        self.data = bytearray(size)
        self.count = 0  # bytes that are there
        self.front = offset  # all that was sent first lies before it, or is missing
        self.missing: list[range] = []  # in ascending order
        self.digest: bytes | None = None
        self.damaged = 0  # frames

    @property
    def confirmed(self) -> int:
        """The address up to which nothing is missing."""
        return self.missing[0].start if self.missing else self.front

    @property
    def complete(self) -> bool:
        """Whether all is there, with its digest."""
        return self.confirmed == self.end and self.digest is not None

    def take(self, packet: bytes, frame: StreamFrame, crc: int) -> int:
        """Take the frame that a packet is; return how many bytes are new.

        Raises:
            MalformedPacket: it is not to be believed.
        """
        if not self.offset <= frame.offset <= frame.offset + frame.size <= self.end:
            raise MalformedPacket(f"a frame for 0x{frame.offset:x}, which was not asked for")
        data = b"" if frame.kind is Kind.DIGEST else own.unpack(frame.kind, frame.payload, frame.size)
        meant = frame.payload if frame.kind in (Kind.REPEAT, Kind.DIGEST) else data
        if crc32(meant, crc32(packet[HEADER_SIZE : len(packet) - len(frame.payload)])) != crc:
            raise MalformedPacket("a frame's CRC is wrong")
        if frame.kind is Kind.DIGEST:
            self.digest = frame.payload
            self._advance(self.end)
            return 0
        return self._store(frame.offset, data)

    def _store(self, first: int, data: bytes) -> int:
        end = first + len(data)
        self._advance(first)
        new = max(0, end - max(first, self.front))
        self.front = max(self.front, end)
        left = []
        for gap in self.missing:
            new += max(0, min(gap.stop, end) - max(gap.start, first))
            left += [range(gap.start, min(gap.stop, first)), range(max(gap.start, end), gap.stop)]
        self.missing = [gap for gap in left if gap]
        self.data[first - self.offset : end - self.offset] = data
        self.count += new
        return new

    def _advance(self, address: int) -> None:
        """What lies before `address` and has not come is missing."""
        if address > self.front:
            self.missing.append(range(self.front, address))
            self.front = address


def stream(
    session: Session,
    received: Received,
    *,
    effort: int,
    advance: Callable[[int], None] = lambda count: None,
    window: int = WINDOW,
    patient: bool = True,
) -> None:
    """Read a range of the flash once, and see that the chip's own MD5, made of the same pass, agrees.

    Args:
        session: a conversation with our stub.
        received: the range, of which nothing has come. Its ends are multiples of 64. What has come when
            this fails is there, each frame of it good by its CRC, and no more than that.
        effort: how hard the chip tries to pack, 0 for not at all.
        advance: told how many bytes have come, each time; what it raises ends the stream.
        window: in bytes of flash.
        patient: go on however bad the line is, as long as anything comes.

    Raises:
        CommandFailed: the stub cannot send that.
        NoResponse: nothing came any more, several times.
        Noisy: more came damaged than is worth it.
        ProtocolError: all frames were good, and yet the digest is another.
    """
    conversation = Conversation(session, received, window)
    with session.lent() as port:
        conversation.begin(effort)
        try:
            while not received.complete:
                advance(conversation.listen())
                if not patient and conversation.noisy:
                    raise Noisy(f"{received.damaged} frames of a stream came damaged")
        except BaseException:
            conversation.break_off()
            raise
        port.write(control(own.FINISHED))
    if hashlib.md5(received.data).digest() != received.digest:
        raise ProtocolError("what was read is not what the chip has hashed while it sent it")


def control(confirmed: int, again: range = range(0)) -> bytes:
    """Return the frame of STREAM_CONTROL."""
    return prepare(Command.STREAM_CONTROL, StreamControl(confirmed, again.start, len(again))).frame


class Conversation:
    """What is said during one stream."""

    def __init__(self, session: Session, received: Received, window: int) -> None:
        self._session = session
        self._port = session.port
        self._received = received
        self._window = window
        self._decoder = slip.Decoder()
        self._confirmed = received.offset
        self._asked: set[range] = set()  # for again
        self._silences = 0
        self._good = 0  # frames
        self._heard = bytearray()  # since the last good frame: a boot log, if the supply broke down
        self._piecemeal = False  # ask for small pieces: whole sectors do not get through
        self._due = 0  # of those, that may still come
        self._damaged_before = 0  # frames, when they were asked for

    @property
    def noisy(self) -> bool:
        """Whether so many frames come damaged that the rate is too high."""
        damaged = self._received.damaged
        return damaged >= MANY_DAMAGED and damaged * WORTH_IT > self._good

    def begin(self, effort: int) -> None:
        """Ask for the stream."""
        received = self._received
        self._request = prepare(
            Command.STREAM,
            own.Stream(received.offset, received.end - received.offset, self._window, effort),
        )
        self._began = False
        self._port.write(self._request.frame)
        self._renew()

    def listen(self) -> int:
        """Read once from the port, reply; return how many new bytes have come."""
        left = self._deadline - self._port.clock.now()
        data = self._port.read(left, AT_ONCE) if left > 0 else b""
        self._heard += data[: KEPT - len(self._heard)]
        new = good = 0
        for frame in self._decoder.feed(data):
            try:
                count = self._take(frame)
                new += count or 0
                good += count is not None
            except MalformedPacket as exc:
                self._received.damaged += 1
                log.info("in a stream: %s", exc)
            self._due -= 1
        self._good += good
        if good and self._began:
            self._silences = 0
            self._heard[:] = self._decoder.pending()
            self._renew()
        elif self._port.clock.now() >= self._deadline:
            self._break_silence()
        self._reply()
        return new

    def break_off(self) -> None:
        """End a stream that is still coming, and let what is on its way pass by."""
        self._port.write(control(own.FINISHED))
        deadline = self._port.clock.now() + self._quiet_s + self._session.line_time(SENT_AHEAD)
        while self._port.read(BRIDGE_S) and self._port.clock.now() < deadline:
            pass

    def _take(self, frame: bytes) -> int | None:
        """Return how many bytes are new; None for what is not of the stream.

        A chip that was reset in the middle is such a one: its ROM refuses whatever is said to the stub.
        """
        found = own.stream_frame(frame)
        if found is not None:
            new = self._received.take(frame, *found)
            self._began = True
            return new
        response = RESPONSE.parse(frame)
        if response.command is not Command.STREAM:
            return None
        try:
            check(self._request, response)
        except CommandFailed as exc:
            if exc.status != StubError.BAD_DATA_CHECKSUM:
                raise
            self._deadline = 0.0  # the request was damaged: as if it had not been heard
            return None
        self._began = True
        return 0

    def _reply(self) -> None:
        received = self._received
        if self._piecemeal and self._due <= 0:
            self._piecemeal = self._received.damaged > self._damaged_before
            if self._piecemeal and received.missing:
                self._ask_for(received.missing)
        if self._piecemeal:
            return
        for gap in received.missing:
            if gap not in self._asked:
                self._asked.add(gap)
                self._port.write(control(received.confirmed, gap))
        if received.confirmed - self._confirmed >= self._window // CONFIRMATIONS:
            self._confirmed = received.confirmed
            self._port.write(control(self._confirmed))

    def _break_silence(self) -> None:
        """Say again what may have got lost."""
        received = self._received
        self._silences += 1
        if self._silences > PATIENCE:
            heard = bytes(self._heard)
            cause, meaning = self._session.explain(heard)
            raise NoResponse(
                f"the stream of flash data ended at 0x{received.confirmed:x}: {meaning}",
                asked="STREAM",
                waited_s=PATIENCE * self._quiet_s,
                received=heard,
                cause=cause.value,
            )
        log.info("nothing comes in a stream at 0x%x", received.confirmed)
        self._decoder.reset()
        self._asked.clear()
        self._confirmed = received.confirmed
        if not self._began:
            self._port.write(self._request.frame)
        elif self._silences == 1 and received.confirmed < received.end:
            self._port.write(control(self._confirmed))  # perhaps the stub only waits for that
        else:
            self._piecemeal = True
            self._ask_for([*received.missing, range(received.front, received.end)])
        self._renew()

    def _ask_for(self, gaps: list[range]) -> None:
        """Ask for the first pieces of what is not there; for the digest, by an empty range, if all is."""
        received = self._received
        pieces = (
            range(first, min(first + SMALL, gap.stop))
            for gap in gaps
            for first in range(gap.start, gap.stop, SMALL)
        )
        asked = list(islice(pieces, SMALL_ONES)) or [range(received.end, received.end)]
        self._confirmed = received.confirmed
        self._port.write(b"".join(control(self._confirmed, piece) for piece in asked))
        self._due = len(asked)
        self._damaged_before = received.damaged

    @property
    def _quiet_s(self) -> float:
        """The longest time without a frame while all is well."""
        return self._session.line_time(2 * FRAME_SIZE) + BLANK_S + BRIDGE_S

    def _renew(self) -> None:
        self._deadline = self._port.clock.now() + self._quiet_s

# SPDX-License-Identifier: Apache-2.0
"""Our own stub loader: into the chip's RAM, and one verb per command of its own (specs/stub.md).

The commands that it shares with the ROM are `RomLoader`'s: both are used over the same `Session`.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto
from typing import Any, TypeVar

from esprom.errors import CommandFailed, EspromError, NoResponse, ProtocolError
from esprom.flash.geometry import SECTOR, round_down, round_up
from esprom.loader import rates
from esprom.loader.once import ask_once, parse_answer
from esprom.loader.rom import LARGEST_BLOCK, RomLoader, send_blocks
from esprom.loader.session import Prepared, Session, check, prepare
from esprom.loader.stream import Noisy, Received, stream
from esprom.protocol import own, packets
from esprom.protocol.packets import GREETING, Command
from esprom.protocol.status import StubError, answer
from esprom.stub import Image

GREETING_S = 0.5
QUICK_S = 0.3  # INFO takes less than a millisecond
PIECE = 64  # bytes: what a stream begins and ends at
ATTEMPTS = 4
MARGIN = 1024  # bytes of what the stub can keep while it is at work, that are left free
FRESH_STARTS = 2  # of a stream that ended in silence, before the rate is to blame
BAD_CHECKSUM = StubError.BAD_DATA_CHECKSUM
SLOW_BAUD = 1_000_000
EFFORT_SLOW, EFFORT_FAST = 24, 4
ROM_FAILURE = 1  # the first status byte of all its failures (STATUS-3)

T = TypeVar("T")

log = logging.getLogger("esprom.loader")


def upload(rom: RomLoader, image: Image) -> "StubLoader":
    """Put the stub into RAM by way of the ROM, and start it.

    Raises:
        NoResponse: it does not greet.
    """
    blocks = -(-len(image.code) // LARGEST_BLOCK)
    rom.mem_begin(len(image.code), blocks, LARGEST_BLOCK, image.address)
    for _ in send_blocks(image.code, rom.mem_data):
        pass
    rom.mem_end(stay=0, entry=image.entry)
    rom.session.with_stub, rom.session.may_shorten = True, False
    rom.session.await_greeting(GREETING, GREETING_S)
    return StubLoader(rom.session, rom.session.port.baud)


class Answering(Enum):
    """Who answers."""

    OURS = auto()  # our stub
    OTHER = auto()  # a stub loader of another tool
    ROM = auto()  # the ROM's loader, as far as that can be told without SYNC


def who_answers(session: Session) -> Answering:
    """Ask for INFO, which our stub alone has. Others refuse it, each in the form that it has."""
    request = replace(prepare(Command.INFO, own.AskInfo()), timeout_s=QUICK_S)
    try:
        response = session.ask(replace(request, crc=None))  # no refusal of another's has one
        check(request, response)
        parse_answer(response)
    except CommandFailed as error:
        return Answering.ROM if error.status == ROM_FAILURE else Answering.OTHER
    except (NoResponse, ProtocolError):
        return Answering.ROM
    return Answering.OURS


class StubLoader:
    """A stub that runs."""

    def __init__(self, session: Session, upload_baud: int = 0) -> None:
        self.session = session
        self._room: int | None = None  # bytes of requests that may be on their way
        self.upload_baud = upload_baud  # at which a whole image has come through; 0 if that is not known

    def ask(self, command: Command, body: object) -> Any:
        """Do one command of our own; return the record that it answers.

        Asked again where the line has failed, at last at a lower rate: what was done is found done.

        Raises:
            CommandFailed: the stub says no.
            NoResponse, ProtocolError: no good answer came at any rate.
        """
        return self._persist(lambda: ask_once(self.session, command, body))

    def info(self) -> own.Info:
        """INFO."""
        found: own.Info = self.ask(Command.INFO, own.AskInfo())
        return found

    def echo(self, data: bytes) -> bytes:
        """ECHO."""
        found: own.Pattern = self.ask(Command.ECHO, own.Pattern(data))
        return found.data

    @property
    def room(self) -> int:
        """How many bytes of requests may be on their way while it is at work."""
        if self._room is None:
            self._room = self.info().receive_size - MARGIN
        return self._room

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Do something at the rate at which the stub was uploaded, if that is higher than the one in use."""
        used = self.session.port.baud
        if self.upload_baud <= used or not rates.change(self.session, self.upload_baud):
            yield
            return
        try:
            yield
        finally:
            rates.go_back(self.session, used)

    def digests(self, offset: int, size: int, unit: int) -> Iterator[bytes]:
        """DIGESTS: yield one for each `unit` of a range of whole sectors."""
        step = own.MOST_DIGESTS * unit
        for first in range(offset, offset + size, step):
            asked = own.Digests(first, min(step, offset + size - first), unit)
            found: own.DigestList = self.ask(Command.DIGESTS, asked)
            yield from found.digests

    def read(
        self,
        offset: int,
        size: int,
        advance: Callable[[int], None] = lambda count: None,
        keep: Callable[[int, bytes], None] = lambda at, data: None,
    ) -> bytearray:
        """STREAM: read a range whose ends are multiples of PIECE.

        On a bad line: at a lower rate from where it was, if the chip hashes what had come to the same.

        `advance` is told how many bytes have come, each time; less than none where they are to come again.
        `keep` is given sectors that have come whole, in order, with their address: each frame of them is
        good by its CRC, all of them together are not proved yet.

        Raises:
            CommandFailed: the stub cannot send that.
            NoResponse, ProtocolError: it does not come at any rate.
        """
        data = bytearray()
        end = offset + size
        fresh = FRESH_STARTS
        while True:
            received = Received(offset + len(data), end - offset - len(data))
            effort = EFFORT_SLOW if self.session.port.baud < SLOW_BAUD else EFFORT_FAST
            patient = self.session.port.baud <= rates.RATES[-1]
            keeping = _Keeping(received, advance, keep)
            try:
                stream(self.session, received, effort=effort, advance=keeping.advance, patient=patient)
                return data + received.data
            except Noisy:
                if not self.slow_down():
                    raise
            except NoResponse:
                fresh = FRESH_STARTS if received.confirmed > received.offset else fresh - 1
                if not fresh and not self.slow_down():
                    raise
            good = received.data[: received.confirmed - received.offset]
            if good and self.md5(received.offset, len(good)) != hashlib.md5(good).digest():
                good.clear()
            advance(len(good) - received.count)
            data += good

    def md5(self, offset: int, size: int) -> bytes:
        """SPI_FLASH_MD5: the digest of any range, which the chip reads. Asked again as `ask` does."""
        request = packets.FlashMd5(offset, size)

        def asked() -> bytes:
            response = self.session.command(Command.SPI_FLASH_MD5, request)
            found: packets.Md5Digest = packets.MD5_DIGEST.parse(answer(response))
            return found.digest

        return self._persist(asked)

    def slow_down(self) -> bool:
        """Go to a lower rate. False: there is none that works."""
        self.upload_baud = 0  # which may not be good either, after all
        return rates.lower(self.session)

    def _persist(self, asking: Callable[[], T]) -> T:
        """Ask, again where the line has failed, at last at a lower rate."""
        failures = 0
        while True:
            try:
                return asking()
            except (CommandFailed, NoResponse, ProtocolError) as exc:
                failures = self._count(exc, failures)

    def _count(self, exc: EspromError, failures: int) -> int:
        """Return how many failures in a row there are with this one. Raises it if that is the end."""
        refused = isinstance(exc, CommandFailed) and exc.status != BAD_CHECKSUM
        if refused:
            raise exc
        log.info("asking again: %s", exc)
        if failures + 1 < ATTEMPTS:
            return failures + 1
        if not self.slow_down():
            raise exc
        return 0

    def carry_out(self, jobs: Iterable[own.Put | packets.FlashRegion]) -> Iterator[Any]:
        """PUT and ERASE: do `jobs` in order; yield what each answers.

        The next ones travel while one is done. What was not answered is sent again: what it asks for may be
        done already, and is found done.

        Raises:
            CommandFailed: the chip does not take it.
            NoResponse, ProtocolError: nothing was answered, at any rate.
        """
        coming = (prepare(Command.PUT if isinstance(job, own.Put) else Command.ERASE, job) for job in jobs)
        waiting: deque[Prepared] = deque()
        failures = 0
        while True:
            try:
                for response in self.session.pipeline(_waiting_and(coming, waiting), self.room):
                    found = parse_answer(response)
                    waiting.popleft()
                    failures = 0
                    yield found
                return
            except (CommandFailed, NoResponse, ProtocolError) as exc:
                failures = self._count(exc, failures)

    def erase(self, offset: int, size: int) -> None:
        """ERASE: whole sectors."""
        self.ask(Command.ERASE, packets.FlashRegion(offset, size))


class _Keeping:
    """Hands on the sectors of a stream that have come whole."""

    def __init__(
        self, received: Received, advance: Callable[[int], None], keep: Callable[[int, bytes], None]
    ) -> None:
        self._received = received
        self._advance = advance
        self._keep = keep
        self._kept = round_up(received.offset, SECTOR)  # up to where

    def advance(self, count: int) -> None:
        """So many bytes have come."""
        received = self._received
        upto = round_down(received.confirmed, SECTOR)
        if upto > self._kept:
            first, self._kept = self._kept, upto
            self._keep(first, bytes(received.data[first - received.offset : upto - received.offset]))
        self._advance(count)


def _waiting_and(coming: Iterator[Prepared], waiting: deque[Prepared]) -> Iterator[Prepared]:
    """Yield what is not answered yet, then what comes, which is then not answered either."""
    yield from list(waiting)
    for request in coming:
        waiting.append(request)
        yield request

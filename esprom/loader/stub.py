# SPDX-License-Identifier: Apache-2.0
"""Our own stub loader: into the chip's RAM, and one verb per command of its own (specs/stub.md).

The commands that it shares with the ROM are `RomLoader`'s: both are used over the same `Session`.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from zlib import crc32

from esprom.errors import CommandFailed, MalformedPacket, NoResponse, ProtocolError
from esprom.loader.rom import LARGEST_BLOCK, RomLoader, send_blocks
from esprom.loader.session import Prepared, Session, prepare
from esprom.loader.stream import stream
from esprom.protocol import own, packets
from esprom.protocol.commands import COMMANDS
from esprom.protocol.packets import Command, Response
from esprom.protocol.record import Overlay
from esprom.protocol.status import StubError, answer
from esprom.stub import Image

GREETING = b"OHAI"
GREETING_S = 0.5
QUICK_S = 0.3  # INFO takes less than a millisecond
PIECE = 64  # bytes: what a stream begins and ends at
CHECK = slice(CHECK_AT := Overlay(*packets.REQUEST.layout).offset("checksum"), CHECK_AT + 4)
ATTEMPTS = 4
ROOM = 0x4000 - 1024  # bytes of requests that it keeps while it is at work; the rest is margin
SETTLE_S = 0.005  # that the stub takes to change its rate, after its answer has left
BAD_CHECKSUM = StubError.BAD_DATA_CHECKSUM
SLOW_BAUD = 1_000_000
EFFORT_SLOW, EFFORT_FAST = 24, 4

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


def runs(session: Session) -> bool:
    """Tell whether what answers is our stub. Others refuse INFO, or take it for nothing."""
    request = replace(prepare(Command.INFO, own.AskInfo()), timeout_s=QUICK_S)
    try:
        read_answer(request, session.ask(request))
    except (NoResponse, ProtocolError, CommandFailed):
        return False
    return True


class StubLoader:
    """A stub that runs."""

    def __init__(self, session: Session, upload_baud: int = 0) -> None:
        self.session = session
        self.upload_baud = upload_baud  # at which a whole image has come through; 0 if that is not known

    def ask(self, command: Command, body: object) -> Any:
        """Do one command of our own; return the record that it answers.

        Asked again where the line has failed: what was done already is found done.

        Raises:
            CommandFailed: the stub says no.
            NoResponse, ProtocolError: ATTEMPTS times no good answer came.
        """
        for attempt in range(ATTEMPTS):
            try:
                request = prepare(command, body)
                return read_answer(request, self.session.ask(request))
            except CommandFailed as exc:
                if exc.status != BAD_CHECKSUM or attempt == ATTEMPTS - 1:
                    raise
            except (NoResponse, ProtocolError) as exc:
                if attempt == ATTEMPTS - 1:
                    raise
                log.info("%s again: %s", command.name, exc)
        raise AssertionError("unreachable")

    def info(self) -> own.Info:
        """INFO."""
        found: own.Info = self.ask(Command.INFO, own.AskInfo())
        return found

    def echo(self, data: bytes) -> bytes:
        """ECHO."""
        found: own.Pattern = self.ask(Command.ECHO, own.Pattern(data))
        return found.data

    def change_baud(self, baud: int) -> None:
        """CHANGE_BAUDRATE, and the port after it."""
        port = self.session.port
        self.session.command(Command.CHANGE_BAUDRATE, packets.ChangeBaudrate(baud, port.baud))
        port.baud = baud
        port.clock.sleep(SETTLE_S)

    @contextmanager
    def quickly(self) -> Iterator[None]:
        """Do something at the rate at which the stub was uploaded, if that is higher than the one in use."""
        used = self.session.port.baud
        if self.upload_baud <= used:
            yield
            return
        self.change_baud(self.upload_baud)
        yield
        self.change_baud(used)

    def digests(self, offset: int, size: int, unit: int) -> Iterator[bytes]:
        """DIGESTS: yield one for each `unit` of a range of whole sectors."""
        step = own.MOST_DIGESTS * unit
        for first in range(offset, offset + size, step):
            asked = own.Digests(first, min(step, offset + size - first), unit)
            found: own.DigestList = self.ask(Command.DIGESTS, asked)
            yield from found.digests

    def read(self, offset: int, size: int, advance: Callable[[int], None] = lambda count: None) -> bytearray:
        """STREAM: read a range whose ends are multiples of PIECE."""
        effort = EFFORT_SLOW if self.session.port.baud < SLOW_BAUD else EFFORT_FAST
        return stream(self.session, offset, size, effort=effort, advance=advance)

    def carry_out(self, jobs: Iterable[own.Put | packets.FlashRegion]) -> Iterator[Any]:
        """PUT and ERASE: do `jobs` in order; yield what each answers.

        The next ones travel while one is done. What was not answered is sent again: what it asks for may be
        done already, and is found done.

        Raises:
            CommandFailed: the chip does not take it.
            NoResponse, ProtocolError: ATTEMPTS times in a row nothing was answered.
        """
        coming = (prepare(Command.PUT if isinstance(job, own.Put) else Command.ERASE, job) for job in jobs)
        waiting: deque[Prepared] = deque()
        failures = 0
        while True:
            try:
                for response in self.session.pipeline(_waiting_and(coming, waiting), ROOM):
                    found = read_answer(waiting[0], response)
                    waiting.popleft()
                    failures = 0
                    yield found
                return
            except (CommandFailed, NoResponse, ProtocolError) as exc:
                failures += 1
                refused = isinstance(exc, CommandFailed) and exc.status != BAD_CHECKSUM
                if refused or failures == ATTEMPTS:
                    raise
                log.info("again from what was not answered: %s", exc)

    def erase(self, offset: int, size: int) -> None:
        """ERASE: whole sectors."""
        self.ask(Command.ERASE, packets.FlashRegion(offset, size))


def read_answer(request: Prepared, response: Response) -> Any:
    """Return the record that a command of our own answers.

    Raises:
        CommandFailed: the status is not success.
        MalformedPacket: it is damaged, or the answer to another request.
    """
    data = answer(response)
    if crc32(data, crc32(request.packet[CHECK])) != response.value:
        raise MalformedPacket(f"the answer to {response.command.name} is damaged, or to another request")
    return COMMANDS[response.command].answer.parse(data)


def _waiting_and(coming: Iterator[Prepared], waiting: deque[Prepared]) -> Iterator[Prepared]:
    """Yield what is not answered yet, then what comes, which is then not answered either."""
    yield from list(waiting)
    for request in coming:
        waiting.append(request)
        yield request

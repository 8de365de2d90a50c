# SPDX-License-Identifier: Apache-2.0
"""The SPI0 controller, driven through READ_REG and WRITE_REG: any command to the flash chip, no stub.

One rule: a transaction is spelt out in USER, USER1 and USER2 and started by CMD.USR; the other, built-in
commands of the controller are the ROM's. Register layout: the vendor's public register headers.

Nothing on the line protects a WRITE_REG's body from damage that its checksum does not see (it has none).
So what changes the chip, and what describes a whole reading, is read back from the registers before CMD
is written, and CMD always with a mask that leaves nothing but USR to start.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from esprom.errors import ProtocolError
from esprom.loader.gather import gather
from esprom.loader.rom import RomLoader, read_request, write_request
from esprom.loader.session import Prepared
from esprom.protocol.packets import RegisterWrite

BASE = 0x60000200
CMD = BASE
ADDR = BASE + 0x04
USER = BASE + 0x1C
USER1 = BASE + 0x20
USER2 = BASE + 0x24
W0 = BASE + 0x40
BUFFER = 64  # bytes, W0 to W15
WORD = 4

CMD_USR = 1 << 18
USER_COMMAND = 1 << 31
USER_ADDRESS = 1 << 30
USER_DUMMY = 1 << 29
USER_IN = 1 << 28
USER_OUT = 1 << 27
ADDRESS_BITS = 24
OPCODE_BITS = 8

# USER, USER1, USER2 for the ROM where nobody knows what it had: no phase but the opcode's, lengths as usual.
NEUTRAL = (USER_COMMAND, (ADDRESS_BITS - 1) << 26, (OPCODE_BITS - 1) << 28)

# Before the next transaction of a request is set up. Those that are not a request's last are an opcode alone:
# 8 clocks, 8 us at 1 MHz, slower than any divider that the ROM sets.
GAP_US = 50
BUSY_POLLS = 10  # a transaction takes less than one poll on any line; the rest is for polls that go wrong
ATTEMPTS = 4  # at setting the registers up until they read back as they were written

READ = 0x03
READ_CMD = read_request(CMD)
READ_WORDS = tuple(read_request(W0 + WORD * index) for index in range(BUFFER // WORD))

# The flash's six pins to the SPI controller: function 1 in the IO_MUX register of each pin.
PINS = tuple(0x60000800 + offset for offset in (0x1C, 0x20, 0x24, 0x28, 0x2C, 0x30))
FUNCTION_MASK = 0x130
FUNCTION_SPI = 0x010

log = logging.getLogger("esprom.loader")


@dataclass(frozen=True, slots=True)
class Transaction:
    """One chip-select period of the flash chip."""

    opcode: int
    address: int | None = None
    dummy: int = 0  # clocks
    sent: bytes = b""
    read: int = 0  # bytes, at most BUFFER

    def set_up(self) -> tuple[RegisterWrite, ...]:
        """Return the writes that describe its form."""
        user, user1 = USER_COMMAND, 0
        if self.address is not None:
            user, user1 = user | USER_ADDRESS, user1 | (ADDRESS_BITS - 1) << 26
        if self.dummy:
            user, user1 = user | USER_DUMMY, user1 | self.dummy - 1
        if self.sent:
            user, user1 = user | USER_OUT, user1 | (8 * len(self.sent) - 1) << 17
        if self.read:
            user, user1 = user | USER_IN, user1 | (8 * self.read - 1) << 8
        return (
            RegisterWrite(USER, user),
            RegisterWrite(USER1, user1),
            RegisterWrite(USER2, self.opcode | (OPCODE_BITS - 1) << 28),
        )

    def fill_in(self) -> tuple[RegisterWrite, ...]:
        """Return the writes that fill in address and data."""
        padded = self.sent + bytes(-len(self.sent) % WORD)
        words = (padded[first : first + WORD] for first in range(0, len(padded), WORD))
        buffer = (
            RegisterWrite(W0 + WORD * index, int.from_bytes(word, "little"))
            for index, word in enumerate(words)
        )
        if self.address is None:
            return tuple(buffer)
        return (RegisterWrite(ADDR, self.address << (32 - ADDRESS_BITS)), *buffer)

    def writes(self) -> tuple[RegisterWrite, ...]:
        """Return all the writes that do it."""
        return (*self.set_up(), *self.fill_in(), GO)


GO = RegisterWrite(CMD, CMD_USR, mask=CMD_USR)
READ_PIECE = Transaction(READ, address=0, read=BUFFER)


class SpiController:
    """Sends transactions; remembers what the ROM had in the registers that it changes."""

    def __init__(self, rom: RomLoader) -> None:
        self._rom = rom
        self._found: tuple[RegisterWrite, ...] = ()  # what the ROM had there, while it is ours

    def route_pins(self) -> None:
        """Connect the flash's pins to the controller; they are inputs until somebody does."""
        self._rom.write_regs(tuple(RegisterWrite(pin, FUNCTION_SPI, FUNCTION_MASK) for pin in PINS))

    def give_back(self) -> None:
        """Put the registers back as the ROM had them; its own flash commands rest on them."""
        if self._found:
            self._rom.write_regs(self._found)
            self._found = ()

    def transfer(self, *transactions: Transaction, delay_us: int = 0) -> bytes:
        """Do them one after the other in one request; return what the last one read.

        `delay_us` is waited before the first. Not for what changes the chip: see `change`.
        """
        self._take()
        writes: list[RegisterWrite] = []
        for transaction in transactions:
            first, *rest = transaction.writes()
            writes.append(replace(first, delay_us=delay_us))
            writes += rest
            delay_us = GAP_US
        count = transactions[-1].read
        return _joined(self._finished(write_request(tuple(writes)), count), count)

    def change(self, transaction: Transaction) -> None:
        """Do what changes the chip, when the registers are known to say just that.

        Raises:
            ProtocolError: they do not take what is written to them.
        """
        self._take()
        self._write_and_check((*transaction.set_up(), *transaction.fill_in()))
        self._finished(write_request((GO,)), 0)

    def read(
        self, pieces: Sequence[range], *, descending: bool = False, short: bool = False
    ) -> Iterator[bytes]:
        """Yield the flash's bytes at `pieces`, each at most BUFFER long, in the order given, pipelined.

        Nobody asks whether a transaction is over before its words are asked for. What gives it time is that
        the ROM sends the answer to the WRITE_REG before it looks at the next request, and then takes that
        apart byte by byte. The 544 clocks of opcode, address and 64 bytes take 0.04 ms at 13 MHz. (Not
        measured on silicon; a word that is loaded too early differs between two readings in two orders.)

        Args:
            pieces: ranges of addresses.
            descending: ask for each piece's words from the last to the first. They are given in the order
                of addresses all the same.
            short: send shortened frames as long as nothing goes wrong; see `esprom.loader.gather`.
        """
        order = slice(None, None, -1 if descending else 1)

        def fetch(piece: range) -> tuple[Prepared, ...]:
            return (_start(piece), *READ_WORDS[: _words(len(piece))][order])

        found = gather(self._rom.session, pieces, fetch, self._ready_to_read, short=short)
        for piece, words in zip(pieces, found, strict=True):
            yield _joined(words[order], len(piece))

    def _ready_to_read(self) -> None:
        """Routed again each time: after a restart of the chip in mid-work the pins are inputs again."""
        self._take()
        self.route_pins()
        self._write_and_check(READ_PIECE.set_up())

    def _write_and_check(self, writes: tuple[RegisterWrite, ...]) -> None:
        """Write, until it reads back."""
        reads = [read_request(write.address) for write in writes]
        for _ in range(ATTEMPTS):
            _, *found = self._pipelined(write_request(writes), *reads)
            if found == [write.value for write in writes]:
                return
            log.info("the registers of the SPI controller do not hold what was written; writing again")
        raise ProtocolError(
            "the registers of the SPI controller do not hold what was written; try a lower --baud"
        )

    def _finished(self, write: Prepared, count: int) -> list[int]:
        """Do what starts a transaction; return the words of `count` bytes when the controller is idle."""
        reads = (READ_CMD, *READ_WORDS[: _words(count)])  # in this order: words count after an idle CMD
        _, busy, *words = self._pipelined(write, *reads)
        for _ in range(BUSY_POLLS):
            if not busy & CMD_USR:
                return words
            busy, *words = self._pipelined(*reads)
        raise ProtocolError("the SPI controller does not finish; reset the chip and try again")

    def _pipelined(self, *requests: Prepared) -> list[int]:
        return [response.value for response in self._rom.session.pipeline(requests)]

    def _take(self) -> None:
        if not self._found:
            found = [self._rom.read_reg(address) for address in (USER, USER1, USER2)]
            if _are_ours(*found):  # a session before this one ended without giving them back
                found = list(NEUTRAL)
            self._found = tuple(map(RegisterWrite, (USER, USER1, USER2), found))


def _start(piece: range) -> Prepared:
    return write_request((RegisterWrite(ADDR, piece.start << (32 - ADDRESS_BITS)), GO))


def _are_ours(user: int, user1: int, user2: int) -> bool:
    """Return whether a `Transaction` of ours left this, which the ROM never does: it names no opcode here."""
    form = USER_COMMAND | USER_ADDRESS | USER_DUMMY | USER_IN | USER_OUT
    return bool(user & USER_COMMAND and not user & ~form and user2 & 0xFF and user2 >> 28 == OPCODE_BITS - 1)


def _words(count: int) -> int:
    return -(-count // WORD)


def _joined(words: list[int], count: int) -> bytes:
    return b"".join(word.to_bytes(WORD, "little") for word in words)[:count]

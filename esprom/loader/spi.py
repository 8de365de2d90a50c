# SPDX-License-Identifier: Apache-2.0
"""The SPI0 controller, driven through READ_REG and WRITE_REG: any command to the flash chip, no stub.

One rule: a transaction is spelt out in USER, USER1 and USER2 and started by CMD.USR; the other, built-in
commands of the controller are the ROM's. Register layout: the vendor's public register headers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from esprom.errors import ProtocolError
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

# A chip-select period without data from the chip, 40 bits or so, is over after this time even at 1 MHz.
GAP_US = 50
BUSY_POLLS = 10

READ = 0x03
READ_WORDS = tuple(read_request(W0 + WORD * index) for index in range(BUFFER // WORD))

# The flash's six pins to the SPI controller: function 1 in the IO_MUX register of each pin.
PINS = tuple(0x60000800 + offset for offset in (0x1C, 0x20, 0x24, 0x28, 0x2C, 0x30))
FUNCTION_MASK = 0x130
FUNCTION_SPI = 0x010


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

    def start(self) -> tuple[RegisterWrite, ...]:
        """Return the writes that fill in address and data, and start it."""
        padded = self.sent + bytes(-len(self.sent) % WORD)
        words = (padded[first : first + WORD] for first in range(0, len(padded), WORD))
        buffer = (
            RegisterWrite(W0 + WORD * index, int.from_bytes(word, "little"))
            for index, word in enumerate(words)
        )
        go = RegisterWrite(CMD, CMD_USR)
        if self.address is None:
            return (*buffer, go)
        return (RegisterWrite(ADDR, self.address << (32 - ADDRESS_BITS)), *buffer, go)


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

        `delay_us` is waited before the first.
        """
        self._take()
        writes: list[RegisterWrite] = []
        for transaction in transactions:
            first, *rest = (*transaction.set_up(), *transaction.start())
            writes.append(RegisterWrite(first.address, first.value, delay_us=delay_us))
            writes += rest
            delay_us = GAP_US
        self._rom.write_regs(tuple(writes))
        self._await_idle()
        count = transactions[-1].read
        words = [self._rom.session.ask(request).value for request in READ_WORDS[: _words(count)]]
        return _joined(words, count)

    def read(self, pieces: Sequence[range]) -> Iterator[bytes]:
        """Yield the flash's bytes at `pieces`, each at most BUFFER long, in the order given, pipelined.

        Nobody waits for the transaction to be over before its words are asked for: the 14 bytes of the
        first READ_REG take longer on any line that the ROM can follow than 67 bytes on the SPI bus.
        """
        found = self._rom.gather(pieces, self._fetch, self._ready_to_read)
        for piece, words in zip(pieces, found, strict=True):
            yield _joined(words, len(piece))

    def _fetch(self, piece: range) -> tuple[Prepared, ...]:
        write = write_request(
            (RegisterWrite(ADDR, piece.start << (32 - ADDRESS_BITS)), RegisterWrite(CMD, CMD_USR))
        )
        return (write, *READ_WORDS[: _words(len(piece))])

    def _ready_to_read(self) -> None:
        """Routed again each time: after a restart of the chip in mid-work the pins are inputs again."""
        self._take()
        self.route_pins()
        self._rom.write_regs(READ_PIECE.set_up())

    def _take(self) -> None:
        if not self._found:
            self._found = tuple(
                RegisterWrite(address, self._rom.read_reg(address)) for address in (USER, USER1, USER2)
            )

    def _await_idle(self) -> None:
        for _ in range(BUSY_POLLS):
            if not self._rom.read_reg(CMD) & CMD_USR:
                return
        raise ProtocolError("the SPI controller does not finish; reset the chip and try again")


def _words(count: int) -> int:
    return -(-count // WORD)


def _joined(words: list[int], count: int) -> bytes:
    return b"".join(word.to_bytes(WORD, "little") for word in words)[:count]

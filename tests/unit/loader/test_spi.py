# SPDX-License-Identifier: Apache-2.0
"""The controller's registers, seen by the virtual board's flash chip."""

import random

import pytest

from esp8266sim.soc import spi as device_side
from esprom.errors import ProtocolError
from esprom.loader import spi
from esprom.loader.rom import RomLoader
from esprom.loader.session import Session
from esprom.loader.spi import SpiController, Transaction
from esprom.protocol.packets import Command
from tests.ports import ScriptedPort, loader, reply, requests

CONTENT = random.Random(8).randbytes(0x3000)


class Bus:
    """A flash chip that remembers what it was told."""

    busy_until = 0

    def __init__(self) -> None:
        self.heard: list[tuple[int, int | None, bytes, int]] = []

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        self.heard.append((opcode, address, sent, read))
        return bytes(range(1, read + 1))


class Registers:
    """The virtual board's controller behind a loader that takes what `transaction` writes."""

    def __init__(self) -> None:
        from esp8266sim.clock import Clock

        self.bus = Bus()
        self.controller = device_side.SpiController(Clock(), 52_000_000, self.bus)

    def do(self, transaction: Transaction) -> None:
        for write in transaction.writes():
            assert self.controller.store(write.address - spi.BASE, write.value)


TRANSACTIONS = [
    (Transaction(0x06), (0x06, None, b"", 0)),
    (Transaction(0x9F, read=3), (0x9F, None, b"", 3)),
    (Transaction(0x20, 0xABC123), (0x20, 0xABC123, b"", 0)),
    (Transaction(0x01, sent=b"\x1c\x02"), (0x01, None, b"\x1c\x02", 0)),
    (Transaction(0x02, 0x10, sent=bytes(range(64))), (0x02, 0x10, bytes(range(64)), 0)),
    (Transaction(0x5A, 0xFF, dummy=8, read=64), (0x5A, 0xFF, b"", 64)),
    (Transaction(0x4B, dummy=32, read=8), (0x4B, None, b"", 8)),
]


@pytest.mark.parametrize(
    ("transaction", "heard"), TRANSACTIONS, ids=[f"{t.opcode:02x}" for t, _ in TRANSACTIONS]
)
def test_the_chip_hears_what_is_meant(
    transaction: Transaction, heard: tuple[int, int | None, bytes, int]
) -> None:
    registers = Registers()
    registers.do(transaction)
    assert registers.bus.heard == [heard]


def test_a_controller_that_never_finishes_is_reported() -> None:
    rom = RomLoader(Session(ScriptedPort(loader({spi.CMD: spi.CMD_USR}))))
    with pytest.raises(ProtocolError, match="does not finish"):
        SpiController(rom).transfer(Transaction(0x9F, read=3))


def test_give_back_restores_what_was_found() -> None:
    found = {spi.USER: 0x80000004, spi.USER1: 0x5C000000, spi.USER2: 0x70000000}
    port = ScriptedPort(loader(found))
    controller = SpiController(RomLoader(Session(port)))
    controller.give_back()
    assert not port.written, "nothing was taken yet"
    controller.transfer(Transaction(0x06))
    port.written.clear()
    controller.give_back()
    expected = b"".join(
        address.to_bytes(4, "little") + value.to_bytes(4, "little") + b"\xff" * 4 + bytes(4)
        for address, value in found.items()
    )
    assert port.written == [b"\xc0\x00\x09\x30\x00" + bytes(4) + expected + b"\xc0"]


def test_leftovers_of_our_own_are_not_taken_for_the_roms() -> None:
    """A session that ended without giving back; what it left is a read, and nothing of the ROM's."""
    left = {write.address: write.value for write in spi.READ_PIECE.set_up()}
    port = ScriptedPort(loader(left))
    controller = SpiController(RomLoader(Session(port)))
    controller.transfer(Transaction(0x06))
    port.written.clear()
    controller.give_back()
    (given,) = requests(port.written[0])
    words = [int.from_bytes(given.body[at : at + 4], "little") for at in range(4, len(given.body), 16)]
    assert words == list(spi.NEUTRAL)


class Stubborn:
    """A loader whose registers hold what is written, but for the first `damaged` writes of USER1."""

    def __init__(self, damaged: int) -> None:
        self.registers: dict[int, int] = {}
        self.starts: list[dict[int, int]] = []
        self._damaged = damaged

    def __call__(self, written: bytes) -> bytes:
        out = b""
        for request in requests(written):
            value = 0
            if request.command is Command.WRITE_REG:
                self._store(request.body)
            else:
                value = self.registers.get(int.from_bytes(request.body[:4], "little"), 0)
            out += reply(request.command, value)
        return out

    def _store(self, records: bytes) -> None:
        for at in range(0, len(records) - 15, 16):
            address, value, mask = (
                int.from_bytes(records[at + field : at + field + 4], "little") for field in (0, 4, 8)
            )
            if address == spi.CMD:
                assert (value, mask) == (spi.CMD_USR, spi.CMD_USR)
                self.starts.append(dict(self.registers))
                continue
            if address == spi.USER1 and self._damaged:
                self._damaged -= 1
                value ^= 0x10
            self.registers[address] = value


ERASE = Transaction(0x20, 0xABC000)


def test_what_changes_the_chip_is_started_when_the_registers_are_right() -> None:
    device = Stubborn(damaged=2)
    SpiController(RomLoader(Session(ScriptedPort(device)))).change(ERASE)
    wanted = {write.address: write.value for write in (*ERASE.set_up(), *ERASE.fill_in())}
    (started,) = device.starts
    assert wanted.items() <= started.items()


def test_what_changes_the_chip_is_not_started_otherwise() -> None:
    device = Stubborn(damaged=100)
    with pytest.raises(ProtocolError, match="do not hold what was written"):
        SpiController(RomLoader(Session(ScriptedPort(device)))).change(ERASE)
    assert device.starts == []


def test_reading_begins_when_its_form_is_right() -> None:
    device = Stubborn(damaged=2)
    list(SpiController(RomLoader(Session(ScriptedPort(device)))).read([range(0, 64)]))
    form = {write.address: write.value for write in spi.READ_PIECE.set_up()}
    (started,) = device.starts
    assert form.items() <= started.items()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [64, 61, 1])
def test_words_come_in_the_order_of_addresses_whichever_way_they_are_asked(
    size: int, descending: bool
) -> None:
    content = bytes(range(64))
    asked: list[int] = []
    values = {spi.W0 + at: int.from_bytes(content[at : at + 4], "little") for at in range(0, 64, 4)} | {
        write.address: write.value for write in spi.READ_PIECE.set_up()
    }
    answer = loader(values)

    def listening(written: bytes) -> bytes:
        for request in requests(written):
            if request.command is Command.READ_REG:
                asked.append(int.from_bytes(request.body[:4], "little"))
        return answer(written)

    controller = SpiController(RomLoader(Session(ScriptedPort(listening))))
    (found,) = controller.read([range(0x100, 0x100 + size)], descending=descending)
    assert found == content[:size]
    words = [address for address in asked if address >= spi.W0]
    assert words == sorted(words, reverse=descending)

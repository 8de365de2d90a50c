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
from tests.ports import ScriptedPort, loader

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
        for write in (*transaction.set_up(), *transaction.start()):
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

# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest

from esprom.errors import CommandFailed
from esprom.loader.rom import LARGEST_BLOCK, RomLoader, send_blocks
from esprom.loader.session import Session
from esprom.protocol.packets import Command, RegisterWrite
from tests.ports import PacketBuffer, ScriptedPort, loader, reply, requests

VERBS: list[tuple[Command, Callable[[RomLoader], object], str]] = [
    (Command.READ_REG, lambda rom: rom.read_reg(0x3FF00050), "5000f03f"),
    (
        Command.WRITE_REG,
        lambda rom: rom.write_reg(0x60000304, 1, 2, 3),
        "04030060 01000000 02000000 03000000",
    ),
    (
        Command.MEM_BEGIN,
        lambda rom: rom.mem_begin(5, 1, 0x1800, 0x40100000),
        "05000000 01000000 00180000 00001040",
    ),
    (Command.MEM_DATA, lambda rom: rom.mem_data(2, b"\x01\x02"), "02000000 02000000" + "00" * 8 + "0102"),
    (Command.MEM_END, lambda rom: rom.mem_end(stay=1, entry=0x40100004), "01000000 04001040"),
    (
        Command.FLASH_BEGIN,
        lambda rom: rom.flash_begin(0, 3, 0x1800, 0x2000),
        "00000000 03000000 00180000 00200000",
    ),
    (Command.FLASH_DATA, lambda rom: rom.flash_data(1, b"\xff"), "01000000 01000000" + "00" * 8 + "ff"),
    (
        Command.SPI_SET_PARAMS,
        lambda rom: rom.spi_set_params(0xEF4018, 0x1000000),
        "1840ef00 00000001 00000100 00100000 00010000 ffff0000",
    ),
]


@pytest.mark.parametrize(("command", "verb", "body"), VERBS, ids=[verb[0].name for verb in VERBS])
def test_a_verb_sends_its_command(command: Command, verb: Callable[[RomLoader], object], body: str) -> None:
    port = ScriptedPort(lambda written: reply(command))
    verb(RomLoader(Session(port)))
    (request,) = requests(port.written[0])
    assert (request.command, request.body) == (command, bytes.fromhex(body))


@pytest.mark.parametrize("address", [0, 0x1FFFFFFC, 0x40000001, 0x60000002, 0x100000000, -4])
def test_an_address_that_kills_the_chip_is_never_sent(address: int) -> None:
    port = ScriptedPort(lambda written: b"")
    rom = RomLoader(Session(port))
    with pytest.raises(ValueError, match="until reset"):
        rom.read_reg(address)
    with pytest.raises(ValueError, match="until reset"):
        rom.write_reg(address, 0)
    with pytest.raises(ValueError, match="until reset"):
        list(rom.read_words(address, 1))
    assert not port.written


@pytest.mark.parametrize(
    "write", [RegisterWrite(0x60000000, 1 << 32), RegisterWrite(0x60000000, 0, delay_us=0x10000)]
)
def test_a_write_that_does_not_fit_is_a_mistake(write: RegisterWrite) -> None:
    with pytest.raises(ValueError, match=r"delay|WriteReg"):
        RomLoader(Session(ScriptedPort(lambda written: b""))).write_regs((write,))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40])
def test_words_come_in_groups_that_a_mark_separates(count: int) -> None:
    base = 0x40000000
    port = ScriptedPort(loader({base + 4 * index: index for index in range(count)}))
    groups = list(RomLoader(Session(port)).read_words(base, count))
    assert [word for group in groups for word in group] == list(range(count))
    buffer = PacketBuffer()
    commands = [request.command for written in port.written for request in buffer.requests(written)]
    assert commands.count(Command.WRITE_REG) == -(-count // 16) + bool(count)  # and one behind the last


class Blocks:
    """Takes blocks as the ROM does; those of the numbers in `damaged` arrive so."""

    def __init__(self, damaged: set[int], error: int = 7) -> None:
        self.expected = 0
        self.stored = b""
        self.damaged = damaged
        self.error = error

    def __call__(self, sequence: int, data: bytes) -> None:
        assert sequence == self.expected, "the ROM refuses a number that is not the next"
        self.expected += 1
        if sequence in self.damaged:
            raise CommandFailed("damaged", command="MEM_DATA", status=1, error=self.error)
        self.stored += data


@pytest.mark.parametrize("damaged", [set(), {0}, {1, 2, 3}, {0, 2, 3, 5}])
def test_a_damaged_block_is_sent_again_under_the_next_number(damaged: set[int]) -> None:
    data = bytes(range(256)) * 60
    blocks = Blocks(damaged)
    sizes = list(send_blocks(data, blocks))
    assert blocks.stored == data
    assert sizes == [LARGEST_BLOCK, LARGEST_BLOCK, len(data) - 2 * LARGEST_BLOCK]


@pytest.mark.parametrize(("damaged", "error"), [({0, 1, 2, 3}, 7), ({0}, 5), ({0}, 8)])
def test_other_failures_and_too_many_are_raised(damaged: set[int], error: int) -> None:
    with pytest.raises(CommandFailed) as caught:
        list(send_blocks(b"abcd", Blocks(damaged, error)))
    assert caught.value.error == error

# SPDX-License-Identifier: Apache-2.0
"""What the golden vectors leave open: other reset causes, an image's messages, the ends of the flash."""

import pytest

from esp8266sim import Board, Profile
from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import RECORDER
from esp8266sim.soc import registers
from esp8266sim.trace import Kind
from esprom.protocol import Command, packet, slip
from esprom.protocol.packets import (
    DataBlock,
    FlashBegin,
    FlashEnd,
    MemBegin,
    ReadReg,
    RegisterWrite,
    WriteReg,
)
from tests.vectors.runner import DEFAULT_VECTORS, Run, Vector, load

VECTORS = {vector.name: vector for file in DEFAULT_VECTORS for vector in load(file)}
SYNCED = VECTORS["sync/one"]


class Loader(Run):
    """A board in the download loop, synchronised as for the vectors."""

    def __init__(self, **changed: object) -> None:
        super().__init__(Vector("here", {**SYNCED.setup, **changed}, (), (), {}, ""))
        self.run()

    def ask(self, command: Command, body: object) -> bytes:
        """Send a request; return all that comes, unframed."""
        return b"".join(slip.Decoder().feed(self.send(packet(command, body))))

    def send(self, packet: bytes) -> bytes:
        """Send a packet as it is; return the frame that comes."""
        self._feed(slip.encode(packet))
        return self.tap.take()

    def read_reg(self, address: int) -> int:
        return int.from_bytes(self.ask(Command.READ_REG, ReadReg(address))[4:8], "little")

    def write_reg(self, address: int, value: int) -> None:
        assert self.ask(Command.WRITE_REG, WriteReg((RegisterWrite(address, value),)))[-2] == 0


def booted(cause: int, mode: int = 1, **changed: object) -> tuple[Board, bytes]:
    """Return a board after a reset with that cause, and what it has printed."""
    setup = {**SYNCED.setup, "start": "reset", "reset_cause": cause, "strap": [mode, 7], **changed}
    run = Run(Vector("boot", setup, (), (), {}, ""))
    run.run()
    return run.board, run.received[0]


def banner(cause: int, mode: int = 1) -> bytes:
    return b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,7)\r\n\r\n" % (cause, mode)


# Boot


@pytest.mark.spec("BOOT-3")
def test_watchdog_reset_says_so_and_goes_on_by_boot_mode() -> None:
    board, text = booted(4)
    assert text == banner(4) + b"wdt reset\r\n"
    assert board.cpu_state is CpuState.AUTOBAUD


@pytest.mark.spec("BOOT-3", "BOOT-6")
def test_a_cause_that_the_rom_does_not_know_kills_it() -> None:
    board, text = booted(7)
    assert text == banner(7) + b"unknown reset\r\nets_main.c "
    assert [(e.cause, e.address) for e in board.trace.of(Kind.EXCEPTION)] == [(28, 0xBB)]


@pytest.mark.spec("BOOT-3")
@pytest.mark.parametrize(("detail", "shown"), [(1, 6), (8, 5), (0, 0), (2, 0)])
def test_cause_5_is_looked_at_again(detail: int, shown: int) -> None:
    board = Board(Profile("x", "x", RECORDER, (0, 0, 0, 0)))
    board.bridge.baud = 74880
    board.clock.advance(10**12)
    board.bridge.discard()
    board.reset(5, boot_mode=1)
    board.rtc.values[registers.RESET_CAUSE + 4] = detail << 8
    board.clock.advance(2 * 10**12)
    ending = b"ets_main.c " if shown else b"unknown reset\r\nets_main.c "
    assert bytes(board.bridge.delivered) == banner(shown) + ending


@pytest.mark.spec("BOOT-5", "BOOT-12")
def test_image_is_loaded_with_the_roms_messages() -> None:
    vector = VECTORS["flash/end-boots-image"]  # its last two bytes are printed by the image
    run = Run(vector)
    run.run()
    assert b"".join(run.received) == vector.received[0][:-2]
    assert [event.address for event in run.board.trace.of(Kind.NOT_EXECUTED)] == [0x40100004]
    assert run.board.soc.bus.peek(0x40100000, 24) == bytes.fromhex(vector.setup["flash_put"][0][1])[16:40]


@pytest.mark.spec("BOOT-5", "BOOT-6")
def test_wrong_sum_is_told_and_kills() -> None:
    image = VECTORS["flash/end-boots-image"].setup["flash_put"][0][1]
    board, text = booted(2, mode=3, flash_put=[[0, image[:-2] + "6c"]])
    assert text.endswith(b"csum 0x6b\r\ncsum err\r\nets_main.c ")
    assert board.cpu_state is CpuState.DEAD


# The loader


@pytest.mark.spec("ROM-1", "ROM-26")
def test_geometry_in_ram_is_believed() -> None:
    loader = Loader()
    loader.write_reg(memory.FLASH_PARAMETERS + 4, 0x2000)
    reply = loader.ask(Command.FLASH_BEGIN, FlashBegin(0x1000, 1, 0x400, 0x2000))
    assert reply[-2:] == b"\x01\x06"


@pytest.mark.spec("ROM-1", "ROM-4")
def test_packet_buffer_can_be_read_and_holds_the_reading_request() -> None:
    loader = Loader()
    assert loader.read_reg(memory.PACKET) == 0x00040A00
    assert loader.read_reg(memory.PACKET + 8) == memory.PACKET + 8


@pytest.mark.spec("ROM-1", "BOOT-12")
def test_entry_is_where_it_is_said_to_be() -> None:
    loader = Loader()
    loader.write_reg(memory.USER_START, 0x40100000)
    assert loader.read_reg(memory.USER_START) == 0x40100000


@pytest.mark.spec("ROM-1", "ROM-6")
def test_commands_go_where_the_table_in_ram_sends_them() -> None:
    loader = Loader()
    table = 0x3FFFCBA0
    loader.write_reg(table + 4 * 0x01, loader.read_reg(table + 4 * 0x0A))
    reply = loader.send(bytes.fromhex("00 01 0400 00000000 80000040"))
    assert reply == bytes.fromhex("c0 01 0a 0200 06080000 00 00 c0")


@pytest.mark.spec("ROM-24")
def test_past_the_end_of_the_chip_every_block_is_a_success() -> None:
    loader = Loader()
    before = bytes(loader.board.flash.array)
    assert loader.ask(Command.FLASH_BEGIN, FlashBegin(0x1000, 2, 0x100, 0x3FFFF00))[-2:] == b"\x01\x06"
    for number in range(2):
        reply = loader.ask(Command.FLASH_DATA, DataBlock(number, bytes([number]) * 0x100))
        assert reply[-2] == 0
    assert bytes(loader.board.flash.array) == before


@pytest.mark.spec("ROM-21", "ROM-28")
def test_even_a_bad_flash_begin_attaches_the_flash() -> None:
    loader = Loader()
    reply = loader.ask(Command.FLASH_BEGIN, FlashBegin(0, 0, 0x1801, 0))
    assert reply[-2:] == b"\x01\x05"
    assert loader.operations == [["wrsr", 2, 2]]


@pytest.mark.spec("ROM-25", "ROM-9")
def test_complete_write_ends_locked() -> None:
    loader = Loader()
    loader.ask(Command.FLASH_BEGIN, FlashBegin(0x100, 1, 0x100, 0))
    loader.ask(Command.FLASH_DATA, DataBlock(0, bytes(0x100)))
    reply = loader.ask(Command.FLASH_END, FlashEnd(1))
    assert reply[8:10] == b"\0\0"
    assert loader.board.flash.status & 0x1C == 0x1C


@pytest.mark.spec("ROM-15")
def test_refused_mem_begin_changes_nothing() -> None:
    loader = Loader()
    address = 0x3FFE8000
    assert loader.ask(Command.MEM_BEGIN, MemBegin(8, 2, 4, address))[-2] == 0
    assert loader.ask(Command.MEM_BEGIN, MemBegin(8, 2, 0x1801, address + 0x100))[-2:] == b"\x01\x05"
    assert loader.ask(Command.MEM_DATA, DataBlock(0, b"here"))[-2] == 0
    assert loader.board.soc.bus.peek(address, 4) == b"here"


@pytest.mark.spec("ROM-14")
def test_store_to_the_barred_region_kills() -> None:
    loader = Loader()
    loader.ask(Command.MEM_BEGIN, MemBegin(4, 1, 4, 0x1000))
    assert loader.ask(Command.MEM_DATA, DataBlock(0, b"oops")) == b""
    assert loader.board.cpu_state is CpuState.DEAD
    assert [(e.cause, e.address) for e in loader.board.trace.of(Kind.EXCEPTION)] == [(29, 0x1000)]


# Registers that hosts read


@pytest.mark.spec("REG-2")
def test_two_words_say_which_chip_it_is() -> None:
    loader = Loader()
    assert loader.read_reg(0x60000078) == 0x00062000
    assert loader.read_reg(0x40001000) == 0xFFF0C101


@pytest.mark.spec("REG-3")
def test_efuse_words_are_read_only() -> None:
    loader = Loader()
    loader.write_reg(0x3FF00050, 0)
    assert loader.read_reg(0x3FF00050) == int(SYNCED.setup["efuse"][0], 16)


@pytest.mark.spec("REG-12")
@pytest.mark.parametrize("base", [0x60000300, 0x6000030C])
def test_gpio_bits_are_set_and_cleared(base: int) -> None:
    loader = Loader()
    loader.write_reg(base, 0x0F)
    loader.write_reg(base + 4, 0x30)
    loader.write_reg(base + 8, 0x03)
    assert loader.read_reg(base) == 0x3C
    loader.write_reg(0x60000318, 0)
    assert loader.read_reg(0x60000318) == 0xE0010000


@pytest.mark.spec("REG-1")
def test_what_nothing_models_reads_0_and_is_told() -> None:
    loader = Loader()
    assert loader.board.trace.of(Kind.UNMODELLED) == []
    assert loader.read_reg(0x60000F1C) == 0
    loader.write_reg(0x60000F1C, 1)
    assert [(e.detail, e.address) for e in loader.board.trace.of(Kind.UNMODELLED)] == [
        ("load", 0x60000F1C),
        ("load", 0x60000F1C),
        ("store", 0x60000F1C),
    ]

# SPDX-License-Identifier: Apache-2.0
"""The download loader's commands and replies: what the vectors do not have, and what the ROM's code decides.

Frames are built by hand (`tests.bench`), answers are given as bytes or as what they mean.
"""

from itertools import pairwise

import pytest

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.bootrom.state import LAYOUT, LEAVE, RUN, STATE
from esp8266sim.clock import SECOND
from esp8266sim.line import Burst
from esp8266sim.soc.bus import DRAM
from esp8266sim.trace import Kind
from esprom.protocol import Command, checksum
from tests.bench import (
    BAD_CHECKSUM,
    FAILED,
    INVALID,
    IRAM,
    MAGIC,
    OK,
    RAM,
    SYNC,
    Bench,
    data,
    flash_begin,
    mem_begin,
    raw,
    read_reg,
    words,
    write_reg,
)

REPLY, ENTRY = 0x3FFFDE00, 0x3FFFDCD0
BLOCK = bytes(range(64))


@pytest.fixture
def bench() -> Bench:
    return Bench().sync()


# -- dispatch and reply ------------------------------------------------------------------------------


@pytest.mark.parametrize("op", [0x00, 0x01, 0x0C, 0x0D, 0x14, 0x7F, 0x80, 0xD0, 0xFF])
def test_an_unknown_opcode_is_refused_in_the_name_of_the_command_before(bench: Bench, op: int) -> None:
    bench.send(MAGIC)
    (response,) = bench.ask(raw(op))
    assert (response.command, response.value, response.body) == (0x0A, 0xFFF0C101, INVALID)


@pytest.mark.parametrize("direction", [1, 2, 0x80, 0xFF])
def test_any_direction_but_zero_is_refused(bench: Bench, direction: int) -> None:
    bench.send(MAGIC)
    assert bench.status(raw(Command.READ_REG, words(RAM), direction=direction)) == INVALID


@pytest.mark.spec("ROM-1", "ROM-6")
def test_the_command_table_is_in_ram(bench: Bench) -> None:
    assert bench.value(0x3FFFCBA0 + 4 * Command.READ_REG) == 0x40003468
    bench.send(write_reg(0x3FFFCBA0, 0x40003468))
    (response,) = bench.ask(raw(0x00, words(0x40001000)))
    assert (response.command, response.value) == (Command.READ_REG, 0xFFF0C101)
    bench.send(write_reg(0x3FFFCBA0 + 4 * Command.SYNC, 0x40003435))
    assert bench.ask(SYNC)[0].body == INVALID


def test_a_command_can_be_sent_elsewhere(bench: Bench) -> None:
    """To code that returns an error of its own."""
    bench.bus.poke(IRAM, bytes.fromhex("0c32 0df0"))  # movi.n a2, 3; ret.n
    bench.send(write_reg(0x3FFFCBA0 + 4 * Command.SYNC, IRAM))
    assert bench.ask(SYNC)[0].body == b"\x01\x03"


def test_an_error_code_sticks_until_a_command_that_clears_it(bench: Bench) -> None:
    bench.send(mem_begin(RAM, block_size=64))
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0, check=1)) == BAD_CHECKSUM
    assert bench.status(mem_begin(RAM)) == b"\x00\x07"
    assert bench.status(raw(Command.MEM_END, words(1, 0))) == b"\x00\x07"
    assert bench.status(raw(0x0B, words(0, 0x400000, 0x10000, 0x1000, 0x100, 0xFFFF))) == b"\x00\x07"
    assert bench.status(flash_begin(0, 0)) == b"\x00\x07"
    assert bench.status(flash_begin(1, 0)) == FAILED
    assert bench.status(mem_begin(RAM)) == b"\x00\x06"


@pytest.mark.parametrize("clears", [MAGIC, SYNC, write_reg(RAM, 0), raw(Command.WRITE_REG)])
def test_what_clears_the_error_code(bench: Bench, clears: bytes) -> None:
    bench.send(raw(0x7F))
    assert bench.ask(clears)[0].body == OK
    assert bench.status(mem_begin(RAM)) == OK


def test_the_value_of_a_reply_is_the_last_one_read(bench: Bench) -> None:
    bench.send(MAGIC)
    (response,) = bench.ask(mem_begin(RAM))
    assert response.value == 0xFFF0C101


def test_the_reply_buffer_is_in_ram(bench: Bench) -> None:
    assert bench.value(REPLY) == 0x00020A01
    assert bench.value(REPLY + 4) == 0x00020A01  # the value before this one
    bench.send(raw(0x7F))
    assert bench.value(REPLY + 8) & 0xFFFF == 0x0501


def test_eight_replies_go_to_whoever_makes_the_opcode_8(bench: Bench) -> None:
    responses = bench.ask(write_reg(REPLY, 0x00000800, 0x0000FF00))
    assert [response.command for response in responses] == [8] * 8


def test_a_reply_is_escaped(bench: Bench) -> None:
    bench.bus.poke(RAM, b"\xc0\xdb\xdc\xdd")
    assert bench.send(read_reg(RAM)) == bytes.fromhex("c0010a0200dbdcdbdddcdd0000c0")


# -- registers and memory ----------------------------------------------------------------------------


def test_records_before_one_that_faults_are_done(bench: Bench) -> None:
    records = words(RAM, 0x11, 0xFFFFFFFF, 0, RAM + 2, 0x22, 0xFFFFFFFF, 0, RAM + 4, 0x33, 0xFFFFFFFF, 0)
    assert bench.send(raw(Command.WRITE_REG, records)) == b""
    assert bench.bus.peek(RAM, 8) == words(0x11, 0)
    assert (bench.state(), bench.faults()) == (CpuState.DEAD, [(9, RAM + 2)])
    assert not bench.answers()


def test_write_reg_reads_even_if_no_bit_is_written(bench: Bench) -> None:
    assert bench.send(write_reg(0x1000, 0, mask=0)) == b""
    assert bench.faults() == [(28, 0x1000)]


@pytest.mark.spec("REG-1")
def test_what_nothing_models_is_told_and_the_loader_itself_needs_none_of_it(bench: Bench) -> None:
    def told() -> list[tuple[str, int | None]]:
        return [(event.detail, event.address) for event in bench.board.trace.of(Kind.UNMODELLED)]

    assert told() == []
    nowhere = 0x60000E1C
    assert bench.value(nowhere) == 0
    assert bench.status(write_reg(nowhere, 1)) == OK
    assert told() == [("load", nowhere), ("load", nowhere), ("store", nowhere)]


def test_the_delay_is_counted_in_cycles_that_ram_says(bench: Bench) -> None:
    """ets_delay_us counts 80 cycles a microsecond; the CPU runs at 52 MHz."""

    def takes(delay_us: int) -> int:
        began = bench.clock.now
        bench.send(write_reg(RAM, 0, delay_us=delay_us))
        return bench.clock.now - began

    quick = takes(0)
    few = 4 * SECOND / 52e6  # cycles, for roundings
    assert takes(10_000) - quick == pytest.approx(10_000 * 80 * SECOND / 52e6, abs=few)
    assert takes(0x10000) == pytest.approx(quick, abs=few)  # only the low half of the word counts
    assert takes(0x10000 + 500) == pytest.approx(takes(500), abs=few)
    bench.bus.poke(memory.CYCLES_PER_US, words(40))
    assert takes(10_000) - quick == pytest.approx(10_000 * 40 * SECOND / 52e6, abs=few)


def test_a_reply_comes_when_the_work_is_done() -> None:
    bench = Bench().sync()
    replies: list[Burst] = []

    class Ear:
        def receive(self, burst: Burst) -> None:
            replies.append(burst)

        def cut(self, now: int) -> None:
            """Nothing is reset."""

    bench.board.attach(Ear())
    began = bench.clock.now
    bench.board.receive(Burst(began, round(SECOND / 115200), MAGIC))
    bench.settle()
    work = bench.board.soc.cycles(memory.COST_READ_REG)
    done = began + 14 * 10 * round(SECOND / 115200) + work
    few = 4 * SECOND / 52e6  # cycles, for roundings
    assert replies[0].start == pytest.approx(done, abs=few)
    assert replies[0].bit == round(451 * SECOND / 52_000_000)
    still_going_out = 2 * 10 * replies[0].bit  # when the CPU is done
    assert bench.clock.now == pytest.approx(replies[0].end - still_going_out, abs=few)
    replies.clear()
    bench.board.receive(Burst(bench.clock.now, round(SECOND / 115200), SYNC))
    bench.settle()
    assert [later.start - before.end for before, later in pairwise(replies)] == [0] * 7


@pytest.mark.parametrize("size", [0, 4, 15, 17, 20, 0xFFFF])
def test_begin_wants_its_exact_size(bench: Bench, size: int) -> None:
    for op in (Command.MEM_BEGIN, Command.FLASH_BEGIN):
        assert bench.status(raw(op, words(0, 0, 0, 0), size=size)) == INVALID


@pytest.mark.parametrize("op", [Command.MEM_DATA, Command.FLASH_DATA])
@pytest.mark.parametrize("block", [b"", bytes(4)])
def test_data_without_a_begin_is_refused(bench: Bench, op: int, block: bytes) -> None:
    assert bench.status(data(op, block, 0)) == INVALID


@pytest.mark.spec("ROM-15")
def test_a_refused_begin_leaves_what_the_one_before_said(bench: Bench) -> None:
    bench.send(mem_begin(RAM, block_size=64))
    assert bench.status(mem_begin(RAM + 0x100, block_size=0x1801)) == INVALID
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0)) == b"\x00\x05"
    assert bench.bus.peek(RAM, 64) == BLOCK


def test_a_block_with_a_wrong_checksum_counts_but_takes_no_room(bench: Bench) -> None:
    bench.send(mem_begin(RAM, block_size=64))
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0, check=0x1FF)) == BAD_CHECKSUM
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0)) == INVALID
    assert bench.status(data(Command.MEM_DATA, BLOCK, 1)) == b"\x00\x05"
    assert bench.bus.peek(RAM, 128) == BLOCK + bytes(64)


def test_only_the_low_byte_of_the_checksum_counts(bench: Bench) -> None:
    bench.send(mem_begin(RAM, block_size=64))
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0, check=0xABCD00 | checksum(BLOCK))) == OK


def test_a_size_field_too_large_does_not_count(bench: Bench) -> None:
    bench.send(mem_begin(RAM, block_size=64))
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0, size=0x1811)) == INVALID
    assert bench.status(data(Command.MEM_DATA, BLOCK, 0, size=0x1810)) == b"\x00\x05"


def test_blocks_follow_each_other_in_iram(bench: Bench) -> None:
    bench.send(mem_begin(IRAM, block_size=64))
    for sequence in range(2):
        assert bench.status(data(Command.MEM_DATA, BLOCK, sequence)) == OK
    assert bench.bus.peek(IRAM, 128) == BLOCK * 2


@pytest.mark.spec("ROM-14")
@pytest.mark.parametrize(
    ("address", "length", "cause", "at"),
    [
        (IRAM, 6, 3, IRAM + 4),
        (IRAM + 1, 8, 3, IRAM + 1),
        (IRAM, 3, 3, IRAM),
        (0x2000, 4, 29, 0x2000),
        (0x2001, 4, 29, 0x2001),
        (0xFFFFFFFC, 8, 29, 0),
    ],
)
def test_storing_where_it_cannot_be_is_the_end(
    bench: Bench, address: int, length: int, cause: int, at: int
) -> None:
    bench.send(mem_begin(address, block_size=64))
    assert bench.send(data(Command.MEM_DATA, BLOCK[:length], 0)) == b""
    assert (bench.state(), bench.faults()) == (CpuState.DEAD, [(cause, at)])


def test_data_after_flash_begin_goes_to_the_flash_offset_as_an_address(bench: Bench) -> None:
    bench.send(flash_begin(0x1000, 0x1000))
    assert bench.send(data(Command.MEM_DATA, BLOCK, 0)) == b""
    assert bench.faults() == [(29, 0x1000)]


def test_data_can_be_stored_in_peripherals(bench: Bench) -> None:
    bench.send(mem_begin(0x60000300, block_size=64))
    assert bench.status(data(Command.MEM_DATA, words(0x1234), 0)) == OK
    assert bench.value(0x60000300) == 0x1234


def test_data_stored_in_the_reply_buffer_is_the_reply(bench: Bench) -> None:
    bench.send(mem_begin(REPLY, block_size=64))
    assert bench.send(data(Command.MEM_DATA, b"\x07\x0a\x05\x00\x0d\xf0\xad\xba", 0)) == bytes.fromhex(
        "c0070a05000df0adba0000c0"
    )


def test_mem_end_stores_the_entry_even_if_it_stays(bench: Bench) -> None:
    assert bench.status(raw(Command.MEM_END, words(1, 0x40101234))) == OK
    assert bench.bus.load32(ENTRY) == 0x40101234


@pytest.mark.parametrize(("flag", "stays"), [(0, False), (0x100, False), (0x80, True), (0xFF, True)])
def test_the_low_byte_of_the_flag_says_whether_to_stay(bench: Bench, flag: int, stays: bool) -> None:
    assert bench.status(raw(Command.MEM_END, words(flag, IRAM))) == OK
    assert (bench.state() is CpuState.DOWNLOAD) is stays


def test_mem_end_refuses_more_than_its_size(bench: Bench) -> None:
    assert bench.status(raw(Command.MEM_END, words(0, IRAM), size=9)) == INVALID
    assert bench.state() is CpuState.DOWNLOAD


def test_flash_parameters_are_written_where_the_pointer_says(bench: Bench) -> None:
    values = (1, 2, 3, 4, 5, 6)
    bench.send(write_reg(0x3FFFC714, RAM))
    assert bench.status(raw(0x0B, words(*values))) == OK
    assert bench.bus.peek(RAM, 24) == words(*values)
    assert bench.bus.load32(0x3FFFC718) == 0x1640EF


@pytest.mark.parametrize("size", [0, 20, 23, 25, 28])
def test_flash_parameters_want_their_exact_size(bench: Bench, size: int) -> None:
    assert bench.status(raw(0x0B, words(1, 2, 3, 4, 5, 6), size=size)) == INVALID
    assert bench.bus.load32(0x3FFFC718) == 0x1640EF


# -- leaving -----------------------------------------------------------------------------------------


@pytest.mark.spec("ROM-9", "ROM-25")
@pytest.mark.parametrize(("size", "blocks", "status"), [(64, 1, OK), (64, 2, FAILED), (65, 1, FAILED)])
@pytest.mark.parametrize("to_flash", [False, True])
def test_flash_end_compares_the_totals_and_leaves_in_any_case(
    bench: Bench, size: int, blocks: int, status: bytes, to_flash: bool
) -> None:
    if to_flash:
        assert bench.status(flash_begin(0x1000, size, blocks, 64)) == OK
        assert bench.status(data(Command.FLASH_DATA, BLOCK, 0)) == OK
    else:
        assert bench.status(mem_begin(RAM, size, blocks, 64)) == OK
        assert bench.status(data(Command.MEM_DATA, BLOCK, 0)) == OK
    answer = bench.send(raw(Command.FLASH_END, words(1)))
    assert answer == b"\xc0\x01\x04\x02\x00\x07\x07\x12\x20" + status + b"\xc0ets_main.c "
    assert (bench.board.flash.status == 0x1C) is (status == OK)


def test_flash_end_without_a_begin_fails_and_leaves(bench: Bench) -> None:
    assert b"\x01\x06\xc0ets_main.c " in bench.send(raw(Command.FLASH_END, words(0)))


def test_flash_end_forgets_the_entry_that_was_stored(bench: Bench) -> None:
    bench.send(raw(Command.MEM_END, words(1, IRAM)))
    assert b"ets_main.c " in bench.send(raw(Command.FLASH_END, words(1)))
    assert bench.board.trace.of(Kind.ENTERED) == []


# -- the state struct --------------------------------------------------------------------------------


@pytest.mark.spec("ROM-27")
def test_the_state_is_in_ram_and_can_be_changed_there(bench: Bench) -> None:
    """Where on the stack it lies is the model's choice; that it lies there is the ROM's."""
    state = DRAM + STATE
    assert bench.send(mem_begin(RAM, size=0x80, blocks=2, block_size=0x40)).endswith(OK + b"\xc0")
    assert bench.board.soc.bus.peek(state, 24) == words(0x80, 2, 0x40, 0, 0, RAM)
    bench.send(write_reg(state + LAYOUT.offset("sequence"), 7))
    bench.send(write_reg(state + LAYOUT.offset("address"), RAM + 0x100))
    assert bench.send(data(Command.MEM_DATA, BLOCK, 7)).endswith(OK + b"\xc0")
    assert bench.board.soc.bus.peek(RAM + 0x100, 64) == BLOCK
    assert bench.board.soc.bus.peek(state, 24) == words(0x80, 2, 0x40, 8, 64, RAM + 0x140)


def test_the_run_flag_in_ram_leaves_the_loop(bench: Bench) -> None:
    bench.send(write_reg(DRAM + RUN, LEAVE))
    assert bench.state() is CpuState.DEAD  # it went on to boot a blank flash


@pytest.mark.spec("ROM-1", "BOOT-12")
def test_the_entry_in_ram_is_where_the_loop_leads(bench: Bench) -> None:
    bench.send(write_reg(ENTRY, IRAM + 0x40))
    assert bench.value(ENTRY) == IRAM + 0x40
    bench.send(write_reg(DRAM + RUN, LEAVE))
    assert [event.address for event in bench.board.trace.of(Kind.ENTERED)] == [IRAM + 0x40]

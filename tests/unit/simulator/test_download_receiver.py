# SPDX-License-Identifier: Apache-2.0
"""What the download loader takes for a frame, and the ring in RAM through which the bytes come."""

import pytest

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.clock import SECOND
from esp8266sim.soc import uart
from esp8266sim.trace import Kind
from esprom.protocol import Command
from tests.bench import MAGIC, MAGIC_REPLY, OK, RAM, Bench, raw, read_reg, words, write_reg

PACKET, RING, UART_DEVICE = 0x3FFFA000, 0x3FFFDE60, 0x3FFFDE10


@pytest.fixture
def bench() -> Bench:
    return Bench().sync()


# -- frames ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"noise" + MAGIC,
        b"\xdb\xdb\xdb" + MAGIC,  # outside a frame an escape is noise too
        b"\xc0\xc0\xc0" + MAGIC + b"\xc0\xc0",
        MAGIC[:9] + b"\xdb" + MAGIC[9:],  # an escape is dropped, the byte behind it kept
    ],
)
def test_what_is_not_part_of_the_packet_does_not_matter(bench: Bench, sent: bytes) -> None:
    assert bench.send(sent) == MAGIC_REPLY


@pytest.mark.parametrize("escaped", [b"\xdb\xdc", b"\xdb\xc0"])
def test_an_escaped_end_is_stored_and_does_not_end_the_frame(bench: Bench, escaped: bytes) -> None:
    assert bench.send(b"\xc0\x00\x77" + escaped) == b""
    bench.send(b"\x01\xc0")
    assert bench.bus.peek(PACKET, 4) == b"\x00\x77\xc0\x01"


def test_a_frame_may_take_for_ever(bench: Bench) -> None:
    for byte in MAGIC[:-1]:
        assert bench.send(bytes([byte])) == b""
        bench.clock.advance(bench.clock.now + 60 * SECOND)
    assert bench.send(MAGIC[-1:]) == MAGIC_REPLY


def test_an_empty_packet_repeats_the_last_command(bench: Bench) -> None:
    bench.send(MAGIC)
    assert bench.send(b"\xc0\x00\xc0") == MAGIC_REPLY


@pytest.mark.spec("ROM-1", "ROM-4")
def test_the_packet_buffer_holds_the_request_that_reads_it(bench: Bench) -> None:
    assert bench.value(PACKET) == 0x00040A00
    assert bench.value(PACKET + 8) == PACKET + 8


def test_a_frame_of_the_whole_buffer_and_a_longer_one(bench: Bench) -> None:
    for beyond in (0, 1, 0x4000):
        assert bench.send(MAGIC[:-1] + b"\xa5" * (0x2000 - 12 + beyond) + b"\xc0") == MAGIC_REPLY
        assert bench.bus.peek(PACKET + 0x1FFF, 1) == b"\xa5"
        assert bench.bus.load32(PACKET + 0x2000) == 0x4000DC44  # the exception table behind it is whole


def test_an_escape_beyond_the_buffer_is_still_an_escape(bench: Bench) -> None:
    assert bench.send(MAGIC[:-1] + bytes(0x2100) + b"\xdb\xc0\xdb\xdc\xc0") == MAGIC_REPLY


# -- the ring ----------------------------------------------------------------------------------------


def while_busy(bench: Bench, sent: bytes) -> bytes:
    """Send while a WRITE_REG waits for 65535 us; return what comes after its reply."""
    answer = bench.send(write_reg(RAM, 1, delay_us=0xFFFF) + sent)
    assert answer.startswith(b"\xc0\x01\x09\x02")
    return answer[answer.index(b"\xc0", 1) + 1 :]


@pytest.mark.parametrize(
    ("count", "answer"),
    [
        (14, MAGIC_REPLY),
        (255, MAGIC_REPLY),
        (256, b""),  # lapped once: looks like none
        (269, b""),  # 13 bytes of the frame are left, its first is not
        (270, MAGIC_REPLY),
        (511, MAGIC_REPLY),
        (512, b""),
        (526, MAGIC_REPLY),
    ],
)
def test_what_comes_while_the_loader_is_busy_laps_the_ring(bench: Bench, count: int, answer: bytes) -> None:
    assert while_busy(bench, MAGIC.rjust(count, b"\0")) == answer


def test_requests_in_flight_are_answered_in_order(bench: Bench) -> None:
    addresses = (0x40001000, 0x3FF00050, 0x3FFFC714, 0x40000080)
    responses = bench.ask(b"".join(map(read_reg, addresses)))
    assert [response.value for response in responses] == [0xFFF0C101, 0x56000000, 0x3FFFC718, 0x00000806]


def test_the_fifo_is_empty_for_who_reads_its_registers(bench: Bench) -> None:
    """The interrupt handler has put what was received into the ring, however much it is."""
    status = uart.BASE + uart.STATUS
    sent = write_reg(status, 0, 0, delay_us=0xFFFF) + read_reg(RAM) * 15
    assert len(bench.ask(sent)) == 16
    assert bench.board.trace.of(Kind.OVERRUN) == []
    assert bench.value(status) & 0xFF == 0


def test_not_even_the_byte_that_comes_during_the_command_is_in_the_fifo() -> None:
    baud = 2_000_000  # at which two bytes take as long as a READ_REG
    bench = Bench().sync(baud)
    answer = bench.send(read_reg(uart.BASE + uart.STATUS) + MAGIC, baud)
    assert answer == bytes.fromhex("c0010a0200000000000000c0") + MAGIC_REPLY


def test_the_ring_holds_what_was_received(bench: Bench) -> None:
    start = memory.word(bench.bus, UART_DEVICE + 32)
    bench.send(MAGIC)
    ring = bench.bus.peek(RING, 256)
    assert (ring[start - RING :] + ring)[: len(MAGIC)] == MAGIC


def test_the_ring_goes_where_ram_says(bench: Bench) -> None:
    """Four records in one command move it: size, start, and both pointers."""
    fields = words(*(x for at, v in ((24, 64), (28, RAM), (32, RAM), (36, RAM)) for x in at_field(at, v)))
    assert bench.status(raw(Command.WRITE_REG, fields)) == OK
    assert bench.send(MAGIC) == MAGIC_REPLY
    assert bench.bus.peek(RAM, len(MAGIC)) == MAGIC
    for _ in range(5):
        assert bench.send(MAGIC) == MAGIC_REPLY
    assert bench.bus.peek(RAM + 64, 64) == bytes(64)


def at_field(offset: int, value: int) -> tuple[int, int, int, int]:
    return UART_DEVICE + offset, value, 0xFFFFFFFF, 0


@pytest.mark.parametrize("offset", [24, 28, 32, 36])
@pytest.mark.parametrize("value", [0, 0x20000000, 0x3FFFFFFF, 0xFFFFFFFF])
def test_a_ring_with_wild_pointers_is_the_end(bench: Bench, offset: int, value: int) -> None:
    assert bench.send(write_reg(UART_DEVICE + offset, value))
    assert bench.send(MAGIC) == b""
    assert bench.state() is CpuState.STUCK
    assert len(bench.bus.dram) == 0x18000


def test_without_its_interrupt_the_loader_is_deaf(bench: Bench) -> None:
    assert bench.send(write_reg(uart.BASE + uart.INT_ENA, 0))
    assert not bench.answers()

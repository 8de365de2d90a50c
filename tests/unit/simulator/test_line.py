# SPDX-License-Identifier: Apache-2.0
"""Bytes as bit times, the bridge, and the wires between host and board."""

from collections.abc import Callable

import pytest

from esp8266sim import Board
from esp8266sim.board import Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.clock import MS, SECOND, US, Clock
from esp8266sim.line import FTDI, Bridge, Burst, heard, levels, pulses, same_rate
from esp8266sim.profiles import PROFILES
from esp8266sim.soc import uart as serial
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Kind, Trace
from esprom.protocol import Command, packet, slip
from esprom.protocol.packets import Sync

BIT = 8_680_556  # ps at 115200 baud
BYTE = 10 * BIT
BANNER = b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,7)\r\n\r\n"


def sounds(burst: Burst, bit: int) -> bytes:
    return b"".join(piece.data for piece in heard(burst, bit))


# The line


@pytest.mark.spec("LINE-1")
def test_byte_is_start_bit_eight_from_the_lowest_and_stop_bit() -> None:
    assert levels(b"\x01\xf0") == "0" + "10000000" + "1" + "0" + "00001111" + "1"


@pytest.mark.spec("LINE-1")
def test_byte_is_there_when_its_stop_bit_is_over() -> None:
    burst = Burst(1000, BIT, b"abc")
    assert burst.end == 1000 + 3 * BYTE
    assert [burst.arrived(1000 + at) for at in (0, BYTE - 1, BYTE, 2 * BYTE, 9 * BYTE)] == [0, 0, 1, 2, 3]
    assert burst.when(1) == 1000 + 2 * BYTE
    assert burst.split(1) == (Burst(1000, BIT, b"a"), Burst(1000 + BYTE, BIT, b"bc"))


EVERY_BYTE = bytes(range(256))


@pytest.mark.spec("LINE-3")
@pytest.mark.parametrize("percent", [-5.2, -3, 0, 3, 5.2])
def test_within_tolerance_bytes_arrive_as_sent(percent: float) -> None:
    burst = Burst(0, BIT, EVERY_BYTE)
    assert same_rate(BIT, round(BIT * (1 + percent / 100)))
    assert heard(burst, round(BIT * (1 + percent / 100))) == [burst]


@pytest.mark.spec("LINE-3", "LINE-4")
@pytest.mark.parametrize("percent", [-6, 5.4])  # a fast receiver first misses but the stop bit
def test_beyond_tolerance_they_do_not(percent: float) -> None:
    bit = round(BIT * (1 + percent / 100))
    assert not same_rate(BIT, bit)
    assert sounds(Burst(0, BIT, EVERY_BYTE), bit) != EVERY_BYTE


@pytest.mark.spec("LINE-4")
@pytest.mark.parametrize(
    ("sent", "factor", "found"),
    [
        (b"\xff", 2, "ff"),  # the start bit, then high
        (b"\x0f", 2, "f9"),  # each second bit behind the start bit: 1 0 0 1, and then the idle line
        (b"\x55", 2, "ff"),  # each second bit is high
        (b"\xff\xff", 4, "fd"),  # the second start bit is the second sample
        (b"\xff", 0.5, "fe"),  # a start bit of two
        (b"\x00", 0.5, "00"),  # nine low bits outlast the receiver's ten: a framing error
    ],
)
def test_other_rates_sample_the_waveform(sent: bytes, factor: float, found: str) -> None:
    assert sounds(Burst(0, BIT, sent), round(BIT * factor)) == bytes.fromhex(found)


@pytest.mark.spec("LINE-5")
def test_after_a_framing_error_the_receiver_waits_for_the_line_to_go_high() -> None:
    pieces = heard(Burst(0, BIT, b"\x00\xff"), BIT // 2)
    assert [piece.data for piece in pieces] == [b"\x00", b"\xfe"]
    assert pieces[1].start > 9 * BIT  # when the stop bit has come


@pytest.mark.spec("LINE-10")
def test_each_end_hears_the_other_at_its_own_rate() -> None:
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    board.bridge.baud = 115200
    board.clock.advance(100 * MS)
    wrong = bytes(board.bridge.delivered)
    assert wrong and b"ets" not in wrong
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    board.bridge.baud = 74880
    board.clock.advance(100 * MS)
    assert bytes(board.bridge.delivered) == BANNER % (1, 1)


@pytest.mark.spec("LINE-2", "REG-6")
@pytest.mark.parametrize(
    ("divisor", "apb_hz", "bit_ps"), [(451, 52_000_000, 8_673_077), (694, 80_000_000, 8_675_000)]
)
def test_bit_time_is_the_divisor_over_the_clock(divisor: int, apb_hz: int, bit_ps: int) -> None:
    uart = Uart(Clock(), Trace(), apb_hz, send=lambda burst: None)
    assert uart.store(serial.CLKDIV, divisor)
    assert uart.bit == bit_ps
    assert uart.load(serial.CLKDIV) == divisor


@pytest.mark.spec("BOOT-8", "BOOT-9")
def test_pulses_are_the_shortest_and_edges_are_counted() -> None:
    sync = Burst(0, BIT, b"\xc0\x00\x55")
    assert pulses([sync], 0, sync.end).edges == 2 + 2 + 10
    assert (pulses([sync], 0, sync.end).low, pulses([sync], 0, sync.end).high) == (BIT, BIT)
    slow = Burst(0, BIT, b"\x0f")  # start, four high, four low, stop
    assert pulses([slow], 0, slow.end) == type(pulses([], 0, 0))(edges=4, low=BIT, high=4 * BIT)
    assert pulses([sync], sync.end, 2 * sync.end).edges == 0


# The chip's FIFO


@pytest.mark.spec("LINE-6")
def test_fifo_holds_128_bytes_and_loses_the_rest() -> None:
    clock, trace = Clock(), Trace()
    uart = Uart(clock, trace, 52_000_000, send=lambda burst: None)
    uart.receive(Burst(0, uart.bit, bytes(range(130))))
    clock.advance(SECOND)
    status = uart.load(serial.STATUS)
    assert status is not None and status & 0xFF == 128
    assert [uart.load(serial.FIFO) for _ in range(129)] == [*range(128), 0]
    assert [event.detail for event in trace.of(Kind.OVERRUN)] == ["UART FIFO: 2 bytes lost"]


# The bridge


class Bench:
    """A bridge, what it hands to the host and when, and what it puts on the wire."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sent: list[Burst] = []
        self.bridge = Bridge(self.clock, FTDI, self.sent.append)
        self.bit = self.bridge.bit

    def delivered_at(self, now: int) -> int:
        self.clock.advance(now)
        return len(self.bridge.delivered)


@pytest.mark.spec("LINE-7")
def test_few_bytes_wait_for_the_latency_timer() -> None:
    bench = Bench()
    bench.bridge.receive(Burst(0, bench.bit, b"abc"))
    first = 10 * bench.bit
    assert bench.delivered_at(first + 16 * MS - 1) == 0
    assert bench.delivered_at(first + 16 * MS) == 3


@pytest.mark.spec("LINE-7")
def test_full_packet_does_not_wait() -> None:
    bench = Bench()
    bench.bridge.receive(Burst(0, bench.bit, bytes(100)))
    assert bench.delivered_at(62 * 10 * bench.bit - 1) == 0
    assert bench.delivered_at(62 * 10 * bench.bit) == 62
    rest = 63 * 10 * bench.bit  # the timer starts with the first byte that waits
    assert bench.delivered_at(rest + 16 * MS - 1) == 62
    assert bench.delivered_at(rest + 16 * MS) == 100


@pytest.mark.spec("LINE-8")
def test_low_latency_is_one_millisecond() -> None:
    bench = Bench()
    assert not bench.bridge.low_latency
    bench.bridge.low_latency = True
    bench.bridge.receive(Burst(0, bench.bit, b"a"))
    assert bench.delivered_at(10 * bench.bit + MS - 1) == 0
    assert bench.delivered_at(10 * bench.bit + MS) == 1
    bench.bridge.low_latency = False
    assert bench.bridge.latency_ps == 16 * MS


@pytest.mark.spec("LINE-9")
def test_written_bytes_follow_each_other_on_the_wire() -> None:
    bench = Bench()
    bench.bridge.write(b"ab")
    bench.bridge.write(b"c")
    bench.bridge.write(b"")
    assert [(burst.start, burst.data) for burst in bench.sent] == [
        (125 * US, b"ab"),
        (125 * US + 20 * bench.bit, b"c"),
    ]
    assert bench.bridge.flushed_at() == 125 * US + 30 * bench.bit


def test_discard_forgets_what_has_come_and_not_what_will() -> None:
    bench = Bench()
    bench.bridge.receive(Burst(0, bench.bit, b"old"))
    bench.clock.advance(30 * bench.bit)
    bench.bridge.receive(Burst(bench.clock.now, bench.bit, b"new"))
    bench.bridge.discard()
    bench.clock.advance(SECOND)
    assert bench.bridge.delivered == b"new"


# Reset by the modem lines


def boards_banner(lines: Callable[[Board], None], wiring: Wiring = Wiring.AUTO) -> bytes:
    """Return what is printed after the lines did something on a board that had booted."""
    board = Board(PROFILES["esp01"], wiring=wiring)
    board.bridge.baud = 74880
    board.clock.advance(100 * MS)
    board.bridge.discard()
    lines(board)
    board.clock.advance(board.clock.now + 100 * MS)
    return bytes(board.bridge.delivered).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def classic(board: Board) -> None:
    """Reset held, then GPIO0 low as it is let go, one line after the other."""
    board.set_lines(dtr=False, rts=True)
    board.clock.advance(board.clock.now + 100 * MS)
    board.set_lines(dtr=True, rts=True)
    board.set_lines(dtr=True, rts=False)


def plain(board: Board) -> None:
    board.set_lines(dtr=False, rts=True)
    board.clock.advance(board.clock.now + 100 * MS)
    board.set_lines(dtr=False, rts=False)


def neither(board: Board) -> None:
    board.set_lines(dtr=True, rts=True)
    board.set_lines(dtr=False, rts=False)
    board.set_lines(dtr=True, rts=False)


@pytest.mark.spec("LINE-11")
def test_modem_lines_reset_into_flash_boot() -> None:
    assert boards_banner(plain) == BANNER % (2, 3)


@pytest.mark.spec("LINE-11", "LINE-12")
def test_modem_lines_reset_into_download_mode_one_line_at_a_time() -> None:
    assert boards_banner(classic) == BANNER % (2, 1)


def let_go_by_asserting_both(board: Board) -> None:
    board.set_lines(dtr=False, rts=True)
    board.set_lines(dtr=True, rts=True)


@pytest.mark.spec("LINE-11")
def test_both_lines_asserted_pull_neither_pin() -> None:
    assert boards_banner(let_go_by_asserting_both) == BANNER % (2, 3)


@pytest.mark.spec("LINE-11")
def test_both_lines_or_none_or_dtr_alone_reset_nothing() -> None:
    assert boards_banner(neither) == b"\r\n\r\n"


@pytest.mark.spec("LINE-12")
def test_reset_ends_a_millisecond_after_the_lines_let_it_go() -> None:
    board = Board(PROFILES["esp01"])
    board.set_lines(dtr=False, rts=True)
    board.set_lines(dtr=False, rts=False)
    found = []
    for now in (MS - 1, MS):
        board.clock.advance(now)
        found.append(board.cpu_state)
    assert found == [CpuState.RESET, CpuState.BOOTING]


@pytest.mark.spec("LINE-13")
def test_reset_cuts_off_what_was_not_yet_sent() -> None:
    board = Board(PROFILES["esp01"])
    board.bridge.baud = 74880
    board.clock.advance(5 * MS)  # in the middle of the banner
    board.set_lines(dtr=False, rts=True)
    board.clock.advance(board.clock.now + SECOND)
    banner = BANNER % (1, 3)
    heard_before = bytes(board.bridge.delivered)
    assert 0 < len(heard_before) < len(banner)
    assert banner.startswith(heard_before)


@pytest.mark.spec("LINE-14")
def test_jumper_ignores_the_modem_lines() -> None:
    assert boards_banner(classic, Wiring.JUMPER) == b"\r\n\r\n"
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    board.bridge.baud = 74880
    board.clock.advance(100 * MS)
    board.bridge.discard()
    board.press_reset()
    board.clock.advance(board.clock.now + 100 * MS)
    assert bytes(board.bridge.delivered) == BANNER % (2, 1)


@pytest.mark.spec("LINE-2", "BOOT-9")
def test_sync_travels_both_ways_at_a_divisor_that_no_baud_hits() -> None:
    board = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    board.clock.advance(100 * MS)
    board.bridge.discard()
    frame = slip.encode(packet(Command.SYNC, Sync()))
    for _ in range(2):
        board.bridge.write(frame)
        board.clock.advance(board.clock.now + 100 * MS)
    assert board.soc.uart.divisor == 451
    assert bytes(board.bridge.delivered).count(b"\xc0\x01\x08") == 8

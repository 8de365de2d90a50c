# SPDX-License-Identifier: Apache-2.0
"""The virtual board under anything at all: splits, junk, writes anywhere, any rates. BOARD properties.

Values are drawn from few that collide: the places that the ROM keeps in RAM, and their neighbours.
"""

from dataclasses import replace
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from esp8266sim import PROFILES, Board, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.bridges import BRIDGES
from esp8266sim.chips import RECORDER
from esp8266sim.clock import SECOND, Clock
from esp8266sim.line import TOLERANCE, Bridge, Burst, heard, resample
from esprom.protocol import Command
from tests.bench import BAUD, RAM, SYNC, Bench, data, flash_begin, mem_begin, raw, read_reg, words, write_reg
from tests.vectors.runner import Tap

MOST_EVENTS = 100_000
ENOUGH_EVENTS = 1_000  # of a program
SMALL = replace(RECORDER, size=0x20000)
BIT = round(SECOND / BAUD)
PLACES = (
    *(0, 0x1000, RAM, RAM + 1, 0x3FFFA000, 0x3FFFA018, 0x3FFFBFFC, 0x3FFFC000, 0x3FFFC704, 0x3FFFC714),
    *(0x3FFFC718, 0x3FFFC71C, 0x3FFFC720, 0x3FFFC724, 0x3FFFC728, 0x3FFFCBC0, 0x3FFFDCD0, 0x3FFFDE00),
    *(0x3FFFDE28, 0x3FFFDE2C, 0x3FFFDE30, 0x3FFFDE34, 0x3FFFDE60, 0x3FFFFFFC, 0x40000000, 0x40100000),
    *(0x40200000, 0x60000000, 0x6000000C, 0x60000014, 0x60000018, 0x60000020, 0x60000200, 0x60000204),
    *(0x6000021C, 0x60000240, 0x60000300, 0xFFFFFFFC),
)
places = st.sampled_from(PLACES)
numbers = st.sampled_from([0, 1, 2, 3, 4, 0x40, 0x100, 0x1000, 0x1800, 0x80000000, 0xFFFFFFFF, *PLACES])
sizes = st.sampled_from([0, 1, 4, 64, 0x1000, 0x2000])
blocks = st.binary(max_size=40)
junk = st.lists(
    st.sampled_from([*b"\xc0\xc0\xc0\xdb\xdc\xdd\x00\x00\x08\x0a\x09\x01\xff\x55"]), max_size=60
).map(bytes)
quick_requests = st.one_of(
    st.just(SYNC),
    st.sampled_from([0x40001000, RAM, 0x3FFFA000, 0x3FF00050]).map(read_reg),
    st.builds(write_reg, st.just(RAM), numbers),
    st.just(mem_begin(RAM)),
    st.builds(data, st.just(Command.MEM_DATA), blocks, st.integers(0, 2)),
    st.builds(raw, st.integers(0, 255), blocks),
    junk,
)
wild_requests = st.one_of(
    quick_requests,
    st.builds(read_reg, places),
    st.builds(write_reg, places, numbers),
    st.builds(write_reg, places, numbers, delay_us=st.sampled_from([0, 1, 0xFFFF])),
    st.builds(flash_begin, numbers, sizes),
    st.builds(mem_begin, places),
    st.builds(data, st.sampled_from([3, 7]), blocks, st.integers(0, 2)),
    st.builds(lambda *values: raw(0x0B, words(*values)), *[numbers] * 6),
    st.builds(lambda flag, entry: raw(0x06, words(flag, entry)), st.sampled_from([0, 1]), places),
    st.just(raw(0x04, words(1))),
    st.builds(raw, st.integers(2, 11), blocks, size=st.sampled_from([0, 16, 24, 0x1810, 0xFFFF])),
)


def settle(board: Board) -> None:
    """Let it come to rest; uploaded code need not: what it dies of is printed without end."""
    for event in range(MOST_EVENTS):
        if not board.clock.step() or (event > ENOUGH_EVENTS and board.cpu_state is CpuState.USER_CODE):
            return
    raise AssertionError("the board does not come to rest")


def tell(board: Board, pieces: list[bytes], bit: int = BIT, gap: int = 0) -> bytes:
    """Send pieces as a bridge would, `gap` picoseconds apart; return what the board says."""
    tap = Tap()
    board.attach(tap)
    at = board.clock.now
    for piece in pieces:
        burst = Burst(at, bit, piece)
        board.receive(burst)
        if gap:
            board.clock.advance(burst.end)
        at = burst.end + gap
    board.clock.advance(at)
    settle(board)
    return tap.take()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[first:end] for first, end in pairwise(ends)]


def ready() -> Board:
    return Bench(SMALL).sync().board


@given(st.lists(quick_requests, max_size=6), st.lists(st.integers(0, 400), max_size=12))
def test_any_split_of_the_stream_gives_the_same_answers_at_the_same_time(
    requests: list[bytes], places: list[int]
) -> None:
    stream = b"".join(requests)
    whole, split, slow = ready(), ready(), ready()
    answer = tell(whole, [stream])
    assert tell(split, cut(stream, places)) == answer
    assert split.clock.now == whole.clock.now
    assert split.soc.bus.dram == whole.soc.bus.dram
    assert tell(slow, cut(stream, places), gap=SECOND // 10) == answer


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.sampled_from([0x00, 0x55, 0xF0, 0xC0]))
def test_any_split_trains_the_autobaud_alike(places: list[int], byte: int) -> None:
    stream = bytes([byte]) * 60 + SYNC
    one, many = (Bench(SMALL).board for _ in range(2))
    assert tell(one, [stream]) == tell(many, cut(stream, places))
    assert one.soc.uart.divisor == many.soc.uart.divisor
    assert one.clock.now == many.clock.now


@given(st.lists(wild_requests, max_size=8), st.sampled_from([BIT, BIT // 2, BIT * 3, BIT * 8]))
@example([write_reg(0x3FFFDE30, 0), SYNC], BIT)
@example([write_reg(0x60000014, 1), SYNC, SYNC], BIT)
@example([write_reg(0x3FFFC714, RAM), flash_begin(0, 0x1000)], BIT)
def test_nothing_raises_nothing_hangs_and_a_reset_heals(requests: list[bytes], bit: int) -> None:
    board = ready()
    tell(board, requests, bit)
    assert len(board.soc.bus.dram) == 0x18000
    assert len(board.soc.bus.iram) == 0x10000
    board.press_reset()
    settle(board)
    assert board.cpu_state is CpuState.AUTOBAUD
    assert tell(board, [SYNC]) == b""
    assert tell(board, [SYNC]).startswith(b"\xc0\x01\x08\x02\x00\x07\x07\x12\x20\x00\x00\xc0")


@given(st.lists(wild_requests, max_size=6), st.lists(st.sampled_from([74880, 115200, 9600]), max_size=3))
def test_two_runs_are_the_same(requests: list[bytes], bauds: list[int]) -> None:
    def life() -> tuple[int, bytes, bytes, int]:
        board = Board(replace(PROFILES["esp01"], flash=SMALL), wiring=Wiring.JUMPER)
        for baud in [115200, *bauds]:
            board.bridge.baud = baud
            for request in (SYNC, SYNC, *requests):
                board.bridge.write(request)
            settle(board)
        heard = bytes(board.bridge.delivered)
        return board.clock.now, heard, bytes(board.soc.bus.dram), len(board.trace.events)

    assert life() == life()


# -- flash commands beside a plain model --------------------------------------------------------------


class Nor:
    """What the ROM's commands do to cells, as dull as can be."""

    def __init__(self, size: int) -> None:
        self.cells = [0x5A] * size
        self.at = 0

    def begin(self, offset: int, size: int) -> bytes:
        self.at = offset
        if offset + size > len(self.cells) or offset % 0x1000:
            return b"\x01\x06"
        wanted = -(-size // 0x1000)
        head = min(wanted, 16 - offset // 0x1000 % 16)
        for sector in range(offset // 0x1000, offset // 0x1000 + head + wanted):
            if sector * 0x1000 >= len(self.cells):
                return b"\x01\x06"
            self.cells[sector * 0x1000 : (sector + 1) * 0x1000] = [0xFF] * 0x1000
        return b"\x00\x00"

    def write(self, block: bytes) -> bytes:
        """Return the status; where cells do not take the data, the XOR may tell or not."""
        where = range(self.at, self.at + len(block))
        if where.stop <= len(self.cells):
            for index, byte in zip(where, block, strict=True):
                self.cells[index] &= byte
            folded = 0
            for index, byte in zip(where, block, strict=True):
                folded ^= self.cells[index] ^ byte
            if folded:
                return b"\x01\x08"
        self.at += len(block)
        return b"\x00\x00"


offsets = st.sampled_from([0, 4, 0xFC, 0x100, 0x1000, 0xF000, 0x10000, 0x1E000, 0x1F000, 0x1FFF8, 0x20000])
erased_sizes = st.sampled_from([0, 1, 0xFFF, 0x1000, 0x1001, 0x2000, 0x10000, 0x11000, 0x20000])
written = st.binary(min_size=1, max_size=8).map(lambda word: word * 4) | st.just(bytes(range(256)) * 3)


@given(st.lists(st.tuples(offsets, erased_sizes, st.lists(written, max_size=3)), min_size=1, max_size=3))
def test_flash_commands_end_as_the_model_says(
    writes: list[tuple[int, int, list[bytes]]],
) -> None:
    bench, nor = Bench(SMALL, bytearray([0x5A]) * SMALL.size).sync(), Nor(SMALL.size)
    bench.send(raw(0x0B, words(0, SMALL.size, 0x10000, 0x1000, 0x100, 0xFFFF)))
    for offset, size, blocks in writes:
        assert bench.status(flash_begin(offset, size, block_size=0x1800))[:1] == nor.begin(offset, size)[:1]
        for sequence, block in enumerate(blocks):
            assert bench.status(data(0x03, block, sequence))[:1] == nor.write(block)[:1]
    assert bytes(bench.board.flash.array) == bytes(nor.cells)


# -- the line -----------------------------------------------------------------------------------------

bits = st.integers(1, 3000) | st.sampled_from([BIT, BIT // 2, BIT * 2, 10**9])


@given(st.binary(max_size=40), bits, bits)
def test_any_pair_of_rates_gives_the_bytes_or_garbage_in_order(sent: bytes, bit: int, heard_bit: int) -> None:
    pieces = heard(Burst(0, bit, sent), heard_bit)
    ends = [piece.end for piece in pieces]
    assert ends == sorted(ends)
    assert sum(len(piece.data) for piece in pieces) <= 5 * len(sent)  # a byte has five low pulses at most


@given(st.binary(max_size=40), st.integers(1000, 3000), st.floats(-0.9, 0.9))
def test_sampling_within_tolerance_gives_the_bytes_as_sent(sent: bytes, bit: int, share: float) -> None:
    heard_bit = round(bit * (1 + share * TOLERANCE))
    assert bytes(byte for _, byte, _ in resample(Burst(0, bit, sent), heard_bit)) == sent


@given(st.sampled_from(sorted(BRIDGES)), st.integers(1, 10**8))
def test_no_rate_is_too_odd_for_a_bridge_and_nearby_ones_are_close(name: str, asked: int) -> None:
    rates = BRIDGES[name].rates
    assert rates is not None
    made = rates.actual(asked)
    assert 11 <= made <= 6_000_000
    if 300 <= asked <= 460800:  # the CP2102's menu has wide steps at its lower end
        assert abs(made - asked) <= asked * (1.0 if rates.menu else 0.02)


@given(
    st.sampled_from(sorted(BRIDGES)),
    st.lists(st.binary(min_size=1, max_size=80), max_size=5),
    st.none() | st.integers(0, 40),
    st.integers(1, 200),
)
def test_the_bridge_loses_nothing_and_keeps_the_order(
    name: str, bursts: list[bytes], latency_ms: int | None, gap_us: int
) -> None:
    clock = Clock()
    bridge = Bridge(clock, BRIDGES[name], lambda burst: None)
    if latency_ms is not None:
        bridge.latency_ps = latency_ms * 10**9
    at = 0
    for burst in bursts:
        bridge.receive(Burst(at, BIT, burst))
        at += len(burst) * 10 * BIT + gap_us * 10**6
    clock.advance(at + 10**12)
    assert bytes(bridge.delivered) == b"".join(bursts)

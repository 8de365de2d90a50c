# SPDX-License-Identifier: Apache-2.0
"""Any offset and any length, exactly, on the virtual board."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

import esprom
from esp8266sim.board import Board
from tests.ports import board, on_board

SIZE = 0x100000
BORDERS = [0, 1, 63, 64, 65, 0xFFF, 0x1000, 0x1001, SIZE - 1, SIZE]  # few, so that they collide
CONTENT = random.Random(6).randbytes(SIZE)

borders = st.one_of(st.sampled_from(BORDERS), st.integers(0, SIZE))
lengths = st.one_of(st.sampled_from([0, 1, 3, 4, 63, 64, 65, 128]), st.integers(0, 300))


def connected(latency_ms: float = 0) -> tuple[Board, esprom.Device]:
    made = board(content=CONTENT)
    return made, esprom.connect(on_board(made, latency_ms))


READ_ONLY, READER = connected()


@given(offset=borders, length=lengths)
def test_read_flash(offset: int, length: int) -> None:
    length = min(length, SIZE - offset)
    assert READER.read_flash(offset, length) == CONTENT[offset : offset + length]


@given(first=st.integers(0x3FFE8000, 0x3FFE8100), length=lengths)
def test_read_memory(first: int, length: int) -> None:
    READ_ONLY.soc.bus.dram[:0x300] = CONTENT[:0x300]
    assert READER.read_memory(first, length) == CONTENT[first - 0x3FFE8000 :][:length]


@given(writes=st.lists(st.tuples(borders, st.binary(max_size=20)), min_size=1, max_size=2))
@settings(max_examples=4)
def test_write_flash(writes: list[tuple[int, bytes]]) -> None:
    made, device = connected()
    expected = bytearray(CONTENT)
    for offset, drawn in writes:
        data = drawn[: SIZE - offset]
        device.write_flash(offset, data)
        expected[offset : offset + len(data)] = data
    assert bytes(made.flash.array) == expected


@given(start=st.integers(0, 255), count=st.integers(0, 40))
@settings(max_examples=8)  # each takes a second, and most of them say what the others do
def test_erase_region(start: int, count: int) -> None:
    made, device = connected()
    count = min(count, 256 - start)
    device.erase_region(start << 12, count << 12)
    first, end = start << 12, start + count << 12
    assert bytes(made.flash.array) == CONTENT[:first] + b"\xff" * (end - first) + CONTENT[end:]

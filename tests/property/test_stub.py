# SPDX-License-Identifier: Apache-2.0
"""Our stub on the virtual chip: whatever the flash holds and whatever the line does.

The data is right, or the error is one of ours; in bounded virtual time. One stub serves many examples, as
one does many commands.
"""

import os
import random
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import esprom
from esp8266sim.board import Board
from esp8266sim.chips import W25Q80
from esprom.device import Device
from esprom.errors import EspromError
from esprom.loader.stream import Received, stream
from esprom.loader.stub import StubLoader
from esprom.protocol import own, packets
from esprom.protocol.packets import Command
from tests.ports import HurtPort, board, on_board

SECTOR = 0x1000
# An example takes half a second: what fails is shown as it is found, not for minutes made smaller.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
EXAMPLES = 5 if os.environ.get("HYPOTHESIS_PROFILE") != "ci" else 40
LONGEST_S = 120.0  # virtual, of a job on a line that damages a few bytes


Recipe = tuple[int, list[str]]
recipes: st.SearchStrategy[Recipe] = st.tuples(
    st.integers(0, 1 << 32),
    st.lists(st.sampled_from(["run", "noise", "again", "text"]), min_size=1, max_size=4),
)


def content_of(recipe: Recipe, size: int = SECTOR) -> bytes:
    """Return bytes as flashes have them: runs, repeated strings near and far, noise."""
    seed, kinds = recipe
    dice = random.Random(seed)
    pieces: list[bytes] = [b"the same words, again; "]
    while sum(map(len, pieces)) < size:
        match dice.choice(kinds):
            case "run":
                piece = bytes([dice.choice([0, 0xFF, 0xC0, 0xDB, 7])]) * dice.randrange(1, 700)
            case "noise":
                piece = dice.randbytes(dice.randrange(1, 900))
            case "again":
                piece = dice.choice(pieces)[: dice.randrange(1, 400)]
            case _:
                piece = pieces[0] * dice.randrange(1, 30)
        pieces.append(piece)
    return b"".join(pieces[1:])[-size:].rjust(size, b"\xff")


class Desk:
    """A board whose stub runs, on a line that can be hurt."""

    def __init__(self) -> None:
        self.board: Board = board()
        self.port = HurtPort(on_board(self.board, latency_ms=0))
        self.port.baud = 460800
        self.device: Device = esprom.connect(self.port, loader="stub", after="no-reset-stub")
        self.device.flash()
        stub = self.device._nor.stub
        assert stub is not None
        self.stub: StubLoader = stub

    @property
    def now(self) -> float:
        return self.port.clock.now()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    assert not made.stub.info().overflows


@given(recipe=recipes, effort=st.sampled_from([0, 1, 4, 24]))
@settings(phases=PHASES, max_examples=EXAMPLES)
def test_what_is_packed_on_the_chip_is_what_it_holds(desk: Desk, recipe: Recipe, effort: int) -> None:
    content = content_of(recipe)
    desk.board.flash.array[:SECTOR] = content
    received = Received(0, SECTOR)
    stream(desk.stub.session, received, effort=effort)
    assert received.data == content


@given(first=recipes, second=recipes, before=st.integers(0, 9))
@settings(phases=PHASES, max_examples=EXAMPLES)
def test_put_makes_it_so(desk: Desk, first: Recipe, second: Recipe, before: int) -> None:
    """Whatever lies before it, and is referred to."""
    held, wanted = content_of(first, (before + 1) * SECTOR), content_of(second)
    wanted = (held[:700] + wanted)[:SECTOR] if before else wanted
    at = before * SECTOR
    desk.board.flash.array[: len(held)] = held
    (done,) = desk.stub.carry_out([own.Put(at, *own.pack(wanted, held[:at]))])
    assert desk.board.flash.array[: at + SECTOR] == held[:at] + wanted
    assert done.offset == at


@given(recipe=recipes, level=st.sampled_from([0, 1, 6, 9]), cuts=st.sets(st.integers(1, 0x2FFF), max_size=6))
@settings(phases=PHASES, max_examples=EXAMPLES)
def test_a_zlib_stream_in_any_pieces(desk: Desk, recipe: Recipe, level: int, cuts: set[int]) -> None:
    content = content_of(recipe, 0x1800)
    packed = zlib.compress(content, level)
    borders = [0, *sorted(cut for cut in cuts if cut < len(packed)), len(packed)]
    ask = desk.stub.session.command
    ask(Command.FLASH_DEFL_BEGIN, packets.FlashBegin(len(content), len(borders) - 1, 0x4000, 0x8000))
    for sequence, (first, end) in enumerate(pairwise(borders)):
        ask(Command.FLASH_DEFL_DATA, packets.DataBlock(sequence, packed[first:end]))
    ask(Command.FLASH_DEFL_END, packets.FlashEnd(1))
    assert desk.board.flash.array[0x8000 : 0x8000 + len(content)] == content


@given(offset=st.integers(0, W25Q80.size - 0x2100), size=st.integers(1, 0x2100), recipe=recipes)
@settings(phases=PHASES, max_examples=EXAMPLES)
def test_any_range_is_read(desk: Desk, offset: int, size: int, recipe: Recipe) -> None:
    content = content_of(recipe, 0x2100)
    desk.board.flash.array[offset : offset + len(content)] = content
    assert desk.device.read_flash(offset, size) == bytes(desk.board.flash.array[offset : offset + size])


@given(offset=st.integers(0, 0x8000), recipe=recipes, size=st.integers(1, 0x1800))
@settings(phases=PHASES, max_examples=EXAMPLES)
def test_any_range_is_written_and_nothing_beside_it(
    desk: Desk, offset: int, recipe: Recipe, size: int
) -> None:
    content = content_of(recipe, 0x1800)
    before = bytes(desk.board.flash.array)
    desk.device.write_flash(offset, content[:size])
    assert bytes(desk.board.flash.array) == before[:offset] + content[:size] + before[offset + size :]


flips = st.one_of(st.none(), st.integers(1, 255))  # None: the byte is lost
plans = st.dictionaries(st.integers(0, 0x3800), flips, max_size=6)


@given(received=plans, sent=st.dictionaries(st.integers(0, 200), flips, max_size=3), recipe=recipes)
@settings(phases=PHASES, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
def test_a_read_on_a_bad_line_is_right_or_fails(
    desk: Desk, received: dict[int, int | None], sent: dict[int, int | None], recipe: Recipe
) -> None:
    content = content_of(recipe, 0x5000)
    desk.board.flash.array[: len(content)] = content
    began = desk.now
    desk.port.hurt_from_here(received, sent)
    try:
        assert desk.stub.read(0, len(content)) == content
    except EspromError:
        pass
    finally:
        desk.port.hurt_from_here()
    assert desk.now - began < LONGEST_S
    assert desk.stub.read(0, 0x40) == content[:0x40]


@given(received=plans, sent=plans, recipe=recipes)
@settings(phases=PHASES, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
def test_a_write_on_a_bad_line_is_exact_or_fails(
    desk: Desk, received: dict[int, int | None], sent: dict[int, int | None], recipe: Recipe
) -> None:
    """What the sectors around it hold stays, whatever becomes of it: the commands are protected by CRCs."""
    content = content_of(recipe, 0x3000)
    around = bytes(desk.board.flash.array[0x23000:0x24000])
    began = desk.now
    desk.port.hurt_from_here(received, sent)
    try:
        for _ in desk.stub.carry_out(
            [
                own.Put(0x20000 + at, *own.pack(content[at : at + SECTOR]))
                for at in range(0, len(content), SECTOR)
            ]
        ):
            pass
        assert desk.board.flash.array[0x20000:0x23000] == content
    except EspromError:
        pass
    finally:
        desk.port.hurt_from_here()
    assert desk.now - began < LONGEST_S
    assert desk.board.flash.array[0x23000:0x24000] == around

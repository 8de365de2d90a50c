# SPDX-License-Identifier: Apache-2.0
"""Several pieces in one go: all looked at first, only what differs written, all verified."""

import random

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.flashchip import Operation
from esp8266sim.profiles import PROFILES
from esprom import Segment
from esprom.errors import Refused
from esprom.writing import differing
from tests.ports import on_board

CONTENT = random.Random(1).randbytes(0x100000)
OLD = CONTENT[0x11000:0x14800]
ERASES = {0x20, 0x52, 0xD8}
WHOLE = {0x11000, 0x12000, 0x13000}  # of what is covered in part, that is left alone which is as it was
NEW = OLD[:0x1234] + b"changed" + OLD[0x123B:]


@pytest.fixture
def board() -> Board:
    return Board(PROFILES["esp01"], bytearray(CONTENT))


def device(board: Board, loader: str = "rom") -> esprom.Device:
    return esprom.connect(on_board(board, latency_ms=0), loader=loader, after="no-reset-stub")


def erased(board: Board) -> list[int]:
    """Return, from now on, the addresses of the erases that the flash chip was asked for."""
    found: list[int] = []

    def note(operation: Operation) -> None:
        if operation.opcode in ERASES and operation.address is not None:
            found.append(operation.address)

    board.flash.observer = note
    return found


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_an_empty_piece_overlaps_nothing(board: Board, loader: str) -> None:
    with device(board, loader) as dev:
        written = dev.write_parts([Segment(5, b"abc"), Segment(5, b""), Segment(6, b"")])
        assert [(part.offset, part.size) for part in written] == [(5, 3), (5, 0), (6, 0)]
        with pytest.raises(Refused, match="0x5 reaches into what is for 0x6"):
            dev.write_parts([Segment(6, b"x"), Segment(5, b"abc"), Segment(5, b"")])
        with pytest.raises(ValueError, match="must not be negative"):
            dev.write_parts([Segment(-1, b"x")])
    assert board.flash.array[4:9] == CONTENT[4:5] + b"abc" + CONTENT[8:9]


@pytest.mark.parametrize(
    ("at", "held", "expected"),
    [
        (0x1000, bytes(0x3000), []),
        (0x1000, b"\1" + bytes(0x2FFF), [(0x1000, 0x1000)]),
        (0x1000, bytes(0x1000) + b"\1" * 0x2000, [(0x2000, 0x2000)]),
        (0x1800, bytes(0x7FF) + b"\1" + bytes(0x2800), [(0x1800, 0x800)]),
        (0x1000, bytes(0x1000), [(0x2000, 0x2000)]),
        (0x1000, bytes(0x2FFF) + b"\1", [(0x3000, 0x1000)]),
    ],
    ids=["the same", "first", "rest", "unaligned", "shorter", "last byte"],
)
def test_what_differs_is_told_in_sectors(at: int, held: bytes, expected: list[tuple[int, int]]) -> None:
    found = list(differing(Segment(at, bytes(0x3000)), held))
    assert [(piece.address, len(piece.data)) for piece in found] == expected
    assert all(piece.data == bytes(len(piece.data)) for piece in found)


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_all_pieces_are_written_and_told_of(board: Board, loader: str) -> None:
    pieces = [Segment(0x40003, b"second"), Segment(0x10, b"first")]
    done = device(board, loader).write_parts(pieces)
    assert [(part.offset, part.size, part.present) for part in done] == [
        (0x10, 5, False),
        (0x40003, 6, False),
    ]
    assert all(part.elapsed_s > 0 for part in done)
    expected = bytearray(CONTENT)
    expected[0x10:0x15], expected[0x40003:0x40009] = b"first", b"second"
    assert board.flash.array == expected


@pytest.mark.parametrize(
    "pieces",
    [[Segment(0, b"1234"), Segment(3, b"5")], [Segment(0, b"1"), Segment(0xFFFFF, b"12")]],
    ids=["overlap", "beyond the end"],
)
def test_nothing_is_touched_where_one_piece_cannot_be(board: Board, pieces: list[Segment]) -> None:
    with pytest.raises(Refused):
        device(board).write_parts(pieces, erase_all=True)
    assert bytes(board.flash.array) == CONTENT


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_what_is_there_is_left_alone(board: Board, loader: str) -> None:
    (there, other) = device(board, loader).write_parts(
        [Segment(0x11000, OLD), Segment(0x20000, b"x")], skip_present=True
    )
    assert (there.present, other.present) == (True, False)


@pytest.mark.parametrize(
    ("believed", "expected"),
    [
        (OLD, {0x12000}),
        (CONTENT[: len(OLD)], WHOLE),
        (
            NEW[:-1] + bytes([NEW[-1] ^ 1]),
            WHOLE,
        ),  # first the last sector alone
    ],
    ids=["as it is", "quite otherwise", "as it is not"],
)
def test_by_the_rom_only_what_differs_from_what_is_believed_is_written(
    board: Board, believed: bytes, expected: set[int]
) -> None:
    addresses = erased(board)
    (done,) = device(board).write_parts([Segment(0x11000, NEW)], believed={0x11000: believed})
    assert set(addresses) == expected
    assert not done.present
    assert bytes(board.flash.array) == CONTENT[:0x11000] + NEW + CONTENT[0x11000 + len(NEW) :]


@pytest.mark.soak
def test_an_erase_of_all_comes_first(board: Board) -> None:
    (done,) = device(board, "stub").write_parts(
        [Segment(0x11000, OLD)], erase_all=True, skip_present=True, believed={0x11000: OLD}
    )
    assert not done.present
    assert bytes(board.flash.array) == b"\xff" * 0x11000 + OLD + b"\xff" * (0x100000 - 0x11000 - len(OLD))

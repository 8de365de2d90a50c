# SPDX-License-Identifier: Apache-2.0
"""Several pieces in one go: all looked at first, only what differs written, all verified."""

import random
from dataclasses import replace

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.chips import W25Q80
from esp8266sim.flashchip import Operation
from esp8266sim.flaws import Stuck
from esp8266sim.profiles import PROFILES
from esprom import Segment
from esprom.errors import Cancelled, Refused, VerifyFailed
from esprom.flash.geometry import round_down
from esprom.writing import differing, sharing_sectors
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


def test_pieces_in_one_sector_take_one_read_and_one_erase(board: Board) -> None:
    addresses = erased(board)
    under_test = device(board)
    (alone,) = under_test.write_parts([Segment(0x11010, b"alone")])
    pieces = [Segment(0x12000 + at, b"abcd") for at in range(0, 0x1000, 0x40)]
    began = under_test.clock.now()
    done = under_test.write_parts(pieces)
    took_s = under_test.clock.now() - began
    assert addresses == [0x11000, 0x12000]
    assert sum(part.elapsed_s for part in done) == pytest.approx(took_s, rel=0.05)
    assert took_s < 1.5 * alone.elapsed_s
    assert bytes(board.flash.array[0x12000:0x13000]) == b"".join(
        b"abcd" + CONTENT[at + 4 : at + 0x40] for at in range(0x12000, 0x13000, 0x40)
    )


NEIGHBOURS = [  # of whom each shares a sector with the next, or touches it
    (0x10FF8, 0x10),
    (0x11010, 4),
    (0x11800, 0x1808),
    (0x13008, 4),
]


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_neighbours_are_exact_and_no_sector_is_erased_twice(board: Board, loader: str) -> None:
    under_test = device(board, loader)
    addresses = erased(board)
    draw = random.Random(3)
    pieces = [Segment(at, draw.randbytes(size)) for at, size in NEIGHBOURS]
    done = under_test.write_parts(draw.sample(pieces, len(pieces)))
    assert [(part.offset, part.size) for part in done] == NEIGHBOURS
    expected = bytearray(CONTENT)
    for piece in pieces:
        expected[piece.address : piece.end] = piece.data
    assert board.flash.array == expected
    assert sorted(addresses) == [0x10000, 0x11000, 0x12000, 0x13000]


def test_only_what_shares_a_sector_is_written_together() -> None:
    empty = Segment(0x2800, b"")
    parts = [
        Segment(0x1FFF, b"12"),
        Segment(0x3000, b"3"),
        Segment(0x2FFF, b"4"),
        empty,
        Segment(0x5000, b"5"),
    ]
    found = [[part.data for part in together] for together in sharing_sectors(parts)]
    assert found == [[b"12", b"", b"4"], [b"3"], [b"5"]]
    around = [Segment(0x800, bytes(0x1000)), Segment(0x800, b""), Segment(0x1900, b"x")]
    assert [len(together) for together in sharing_sectors(around)] == [3]


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_what_was_seen_to_be_there_is_told_as_present(board: Board, loader: str) -> None:
    under_test = device(board, loader)
    small, whole = Segment(0x11010, CONTENT[0x11010:0x11020]), Segment(0x20000, CONTENT[0x20000:0x21000])
    beside = Segment(0x31000, b"new")
    addresses = erased(board)
    done = under_test.write_parts([small, whole, beside])
    assert [part.present for part in done] == [True, loader == "stub", False]
    assert set(addresses) == ({0x31000} if loader == "stub" else {0x20000, 0x31000})


def test_an_early_end_leaves_what_is_before_and_what_is_behind(board: Board) -> None:
    begun: list[str] = []

    def note(progress: esprom.Progress) -> None:
        if progress.done == 0:
            begun.append(progress.stage)

    parts = [Segment(0x11000, bytes(0x1000)), Segment(0x20000, bytes(0x2000)), Segment(0x30000, b"behind")]
    with pytest.raises(Cancelled):
        device(board).write_parts(parts, progress=note, cancel=lambda: begun.count("write") == 2)
    assert board.flash.array[0x11000:0x12000] == bytes(0x1000)
    assert bytes(board.flash.array[:0x11000]) == CONTENT[:0x11000]
    assert bytes(board.flash.array[0x12000:0x20000]) == CONTENT[0x12000:0x20000]
    assert bytes(board.flash.array[0x22000:]) == CONTENT[0x22000:]


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_between_sectors_that_are_written_in_part_it_may_be_stopped(board: Board, loader: str) -> None:
    done: list[str] = []

    def note(progress: esprom.Progress) -> None:
        if progress.done == progress.total:
            done.append(progress.stage)

    parts = [Segment(at, b"across") for at in (0x11FFD, 0x12FFD)]
    with pytest.raises(Cancelled):
        device(board, loader).write_parts(parts, progress=note, cancel=lambda: "verify" in done)
    expected = bytearray(CONTENT)
    expected[0x11FFD:0x12000] = b"acr"
    assert board.flash.array == expected


@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_a_cell_that_fails_is_told_and_ends_it(loader: str) -> None:
    stuck = Stuck(range(0x20777, 0x20778), at_zero=0x01)
    board = Board(PROFILES["esp01"], bytearray(CONTENT), flaws=(stuck,))
    held = bytes(board.flash.array)
    parts = [Segment(0x11000, b"first"), Segment(0x20000, b"\x01" * 0x1000), Segment(0x30000, b"behind")]
    with pytest.raises(VerifyFailed) as caught:
        device(board, loader).write_parts(parts)
    assert caught.value.address is not None
    assert round_down(caught.value.address, 0x1000) == 0x20000
    assert bytes(board.flash.array[:0x11008]) == held[:0x11000] + b"first" + held[0x11005:0x11008]
    assert bytes(board.flash.array[0x21000:]) == held[0x21000:]


def test_by_the_rom_an_erase_of_all_comes_first(caplog: pytest.LogCaptureFixture) -> None:
    small = replace(W25Q80, jedec_id=0xEF4012, size=0x40000, sfdp=b"")
    board = Board(PROFILES["esp01"], bytearray(CONTENT[:0x40000]), chip=small)
    data = CONTENT[0x11000:0x12000]
    stages: list[str] = []
    (done,) = device(board).write_parts(
        [Segment(0x11000, data)],
        erase_all=True,
        skip_present=True,
        believed={0x11000: data},
        progress=lambda progress: stages.append(progress.stage),
    )
    assert not done.present
    assert list(dict.fromkeys(stages)) == ["erase", "verify", "write"]
    assert "did not hold what it was believed" not in caplog.text
    assert bytes(board.flash.array) == b"\xff" * 0x11000 + data + b"\xff" * 0x2E000


LARGE = random.Random(6).randbytes(0x1000000)


@pytest.mark.soak
@pytest.mark.parametrize("loader", ["rom", "stub"])
def test_pieces_across_4_8_and_16_mib(loader: str) -> None:
    board = Board(PROFILES["d1mini-pro"], bytearray(LARGE))
    pieces = [Segment(0x3FFFF0, b"x" * 0x20), Segment(0x7FF000, b"y" * 0x2000), Segment(0xFFFFFB, b"zzzzz")]
    under_test = device(board, loader)
    for present in (False, True):
        done = under_test.write_parts(pieces, skip_present=True)
        assert [part.present for part in done] == [present] * 3
    expected = bytearray(LARGE)
    for piece in pieces:
        expected[piece.address : piece.end] = piece.data
    assert board.flash.array == expected
    with pytest.raises(Refused):
        under_test.write_parts([*pieces, Segment(0xFFFFFF + 1, b"z")])


@pytest.mark.soak
def test_an_erase_of_all_comes_first(board: Board) -> None:
    (done,) = device(board, "stub").write_parts(
        [Segment(0x11000, OLD)], erase_all=True, skip_present=True, believed={0x11000: OLD}
    )
    assert not done.present
    assert bytes(board.flash.array) == b"\xff" * 0x11000 + OLD + b"\xff" * (0x100000 - 0x11000 - len(OLD))

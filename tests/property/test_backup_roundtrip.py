# SPDX-License-Identifier: Apache-2.0
"""Whatever lies in a flash: backed up and restored, it is the same; and a damaged file is always found."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esprom.backup import backup, restore
from esprom.errors import ImageError
from tests.fake_board import FakeBoard
from tests.firmware import KIB, MIB, flashes


@settings(max_examples=15)
@given(flashes((512 * KIB, 1 * MIB)))
def test_backed_up_and_restored_it_is_the_same(flash: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        backup(FakeBoard(bytearray(flash)), Path(folder, "kitchen"))
        board = FakeBoard(bytearray(len(flash)))
        restore(board, Path(folder, "kitchen"))
    assert board.content == flash


@settings(max_examples=15)
@given(flashes(), st.integers(0, 512 * KIB - 1), st.integers(1, 255))
def test_a_damaged_file_is_always_found(flash: bytes, at: int, flip: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = backup(FakeBoard(bytearray(flash)), Path(folder, "kitchen"))
        damaged = bytearray(flash)
        damaged[at] ^= flip
        result.image.write_bytes(damaged)
        board = FakeBoard(bytearray(len(flash)))
        with pytest.raises(ImageError, match=f"0x{at & ~0xFFFF:x} on"):
            restore(board, result.image, force=True, other_board=True)
    assert board.log == []

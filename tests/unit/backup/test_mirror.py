# SPDX-License-Identifier: Apache-2.0
"""Dumps that hold a flash several times over. RESTORE-4."""

import pytest

from esprom.backup.mirror import once
from esprom.sizes import SMALLEST_FLASH
from tests.firmware import KIB, MIB, mirrored, stock, used


@pytest.mark.parametrize("size", [512 * KIB, 1 * MIB])
@pytest.mark.parametrize("times", [1, 2, 4])
def test_the_part_that_repeats(size: int, times: int) -> None:
    assert once(mirrored(used(size), times)) == used(size)


@pytest.mark.parametrize("at", [0, MIB - 1, MIB, 4 * MIB - 1])
def test_one_byte_makes_it_no_mirror(at: int) -> None:
    dump = bytearray(mirrored(stock(MIB), 4))
    dump[at] ^= 1
    assert once(bytes(dump)) == dump


@pytest.mark.parametrize("byte", [b"\xff", b"\0"])
def test_a_blank_dump_repeats_nothing(byte: bytes) -> None:
    assert once(byte * 4 * MIB) == byte * 4 * MIB


def test_no_flash_is_smaller_than_the_smallest() -> None:
    assert once(bytes(range(256)) * (MIB // 256)) == bytes(range(256)) * (SMALLEST_FLASH // 256)


@pytest.mark.parametrize("dump", [b"", b"ab" * 5, stock(512 * KIB) * 3])
def test_what_cannot_be_a_mirror(dump: bytes) -> None:
    assert once(dump) == dump

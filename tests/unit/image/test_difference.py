# SPDX-License-Identifier: Apache-2.0
"""In what way a sector is not what it should be."""

import random
from collections.abc import Callable

import pytest

from esprom.image.difference import Change, Difference, differences

SECTOR = 0x1000
DICE = random.Random(4)
FILE = bytes([0xE9, 1, 2, 0x40]) + DICE.randbytes(SECTOR - 4) + DICE.randbytes(6 * SECTOR) + b"\xff" * SECTOR


def sector(number: int) -> bytes:
    return FILE[number * SECTOR : (number + 1) * SECTOR]


def only(address: int, found: bytes) -> Difference:
    (difference,) = differences(FILE, {address: found})
    return difference


def with_bit(number: int, bit: int, level: int, places: int) -> bytes:
    data = bytearray(sector(number))
    wrong = [at for at in range(SECTOR) if data[at] >> bit & 1 != level][:places]
    for at in wrong:
        data[at] ^= 1 << bit
    return bytes(data)


def log_in_blank() -> bytes:
    return b"\x12\x34" + sector(7)[2:]


def with_header(number: int) -> bytes:
    return sector(number)[:2] + b"\x03\x20" + sector(number)[4:]


def both() -> bytes:
    return bytes(a & b for a, b in zip(sector(2), sector(3), strict=True))


@pytest.mark.parametrize(
    ("number", "found", "change", "detail"),
    [
        (3, lambda: b"\xff" * SECTOR, Change.ERASED, ""),
        (
            0,
            lambda: with_header(0),
            Change.HEADER,
            "bytes 2 and 3 are 03 20, not 02 40",
        ),
        (2, lambda: sector(5), Change.SHIFTED, "holds what belongs at 0x5000"),
        (7, log_in_blank, Change.PROGRAMMED, "where the file is blank"),
        (2, both, Change.NOT_ERASED, "holds only bits that the file has too"),
        (4, lambda: with_bit(4, 3, 1, SECTOR), Change.STUCK, "bit 3 reads 1"),
        (4, lambda: with_bit(4, 7, 0, SECTOR), Change.STUCK, "bit 7 reads 0"),
        (4, lambda: with_bit(4, 7, 0, 1), Change.NOT_ERASED, "holds only bits that the file has too"),
        (4, lambda: with_bit(4, 7, 1, 1), Change.OTHER, ""),
        (4, lambda: random.Random(9).randbytes(SECTOR), Change.OTHER, ""),
        (
            1,
            lambda: with_header(1),
            Change.OTHER,
            "",
        ),
    ],
)
def test_what_became_of_it(number: int, found: Callable[[], bytes], change: Change, detail: str) -> None:
    data = found()
    difference = only(number * SECTOR, data)
    assert (difference.change, difference.detail) == (change, detail)
    assert difference.count == sum(a != b for a, b in zip(data, sector(number), strict=True))
    assert difference.address == number * SECTOR


def test_what_is_equal_is_not_told_of() -> None:
    assert not list(differences(FILE, {SECTOR: sector(1), 2 * SECTOR: sector(2)}))


def test_behind_the_end_of_the_file_nothing_counts() -> None:
    wanted = FILE[: SECTOR + 7]
    assert not list(differences(wanted, {SECTOR: wanted[SECTOR:] + b"anything"}))
    (difference,) = differences(wanted, {SECTOR: b"\xff" * SECTOR})
    assert (difference.change, difference.count) == (Change.ERASED, 7)


def test_a_file_that_begins_elsewhere() -> None:
    (difference,) = differences(FILE, {0x12000: sector(5)}, offset=0x10000)
    assert difference.detail == "holds what belongs at 0x15000"


def test_a_file_of_a_few_bytes() -> None:
    (difference,) = differences(b"\xe9\1", {0: b"\xe9\2" + bytes(SECTOR - 2)})
    assert (difference.change, difference.count) == (Change.OTHER, 1)

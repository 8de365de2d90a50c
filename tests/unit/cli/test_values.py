# SPDX-License-Identifier: Apache-2.0
import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esprom import size_name
from esprom.cli.values import EXTENT, SIZE, amount, duration, number

NUMBERS = [
    ("0x00000", 0),
    ("0x400000", 0x400000),
    ("0X1F", 31),
    ("4096", 4096),
    ("010", 10),
    ("4MB", 0x400000),
    ("4mb", 0x400000),
    ("4M", 0x400000),
    ("4MiB", 0x400000),
    ("512KB", 0x80000),
    ("512kB", 0x80000),
    ("512k", 0x80000),
    ("0x4KB", 0x1000),
    ("0x1b", 27),
    (" 4 KB ", 4096),
]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_a_number_is_hex_decimal_or_has_a_unit(text: str, value: int) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "0x", "four", "-1", "1.5MB", "4GB", "4MBs", "0b1", "4 bytes", "1e3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(text)


@given(st.integers(0, 1 << 40))
def test_every_size_can_be_typed_as_it_is_shown(size: int) -> None:
    assert number(size_name(size)) == size


@pytest.mark.parametrize(
    ("size", "name"),
    [(0x100000, "1MB"), (0x80000, "512KB"), (0x180000, "1536KB"), (513, "0x201"), (0, "0x0")],
)
def test_sizes_are_named_as_on_the_command_line(size: int, name: str) -> None:
    assert size_name(size) == name


def test_all_is_a_size_only_where_there_is_an_end() -> None:
    assert EXTENT.convert("ALL", None, None) == "all"
    with pytest.raises(click.BadParameter):
        SIZE.convert("all", None, None)


def test_nothing_is_no_size() -> None:
    with pytest.raises(click.BadParameter, match="between"):
        SIZE.convert("0", None, None)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "under 1 s"),
        (5.4, "5 s"),
        (59.6, "1 min 0 s"),
        (80, "1 min 20 s"),
        (3599.7, "1 h 0 min"),
        (20880, "5 h 48 min"),
    ],
)
def test_durations_for_people(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"), [(17, "17 bytes"), (11161.6, "10.9 KiB"), (0x100000, "1.0 MiB"), (0x80000, "512.0 KiB")]
)
def test_amounts_for_people(size: float, said: str) -> None:
    assert amount(size) == said

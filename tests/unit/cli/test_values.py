# SPDX-License-Identifier: Apache-2.0
import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esprom import size_name
from esprom.cli.values import ATTEMPTS, EXTENT, SECONDS, SEQUENCE, SIZE, amount, duration, number

NUMBERS = [
    ("0x00000", 0),
    ("0x400000", 0x400000),
    ("0X1F", 31),
    ("4096", 4096),
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


@pytest.mark.parametrize("text", ["010", "01000", "04KB"])
def test_a_zero_in_front_means_something_else_to_everybody(text: str) -> None:
    with pytest.raises(ValueError, match="write 0x in front, or no zero"):
        number(text)


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


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("1.5", 1.5), ("3600", 3600.0)])
def test_a_time_has_an_end(text: str, seconds: float) -> None:
    assert SECONDS.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1", "3600.1", "1e30", "soon", ""])
def test_what_no_clock_can_wait_for_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time from 0 to 3600 seconds"):
        SECONDS.convert(text, None, None)


def test_a_reset_sequence_has_an_end_too() -> None:
    assert SEQUENCE.convert("D0|W3600", None, None) == "D0|W3600"
    for text in ("W99999999999999999999", f"W{'9' * 400}", "D0|W1800|R1|W1801"):
        with pytest.raises(click.BadParameter, match="waits for more than 3600 seconds"):
            SEQUENCE.convert(text, None, None)


@pytest.mark.parametrize(("text", "attempts"), [("3", 3), ("0", 0), ("-1", 0)])
def test_no_number_of_attempts_is_for_ever(text: str, attempts: int) -> None:
    assert ATTEMPTS.convert(text, None, None) == attempts


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

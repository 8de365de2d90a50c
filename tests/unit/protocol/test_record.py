# SPDX-License-Identifier: Apache-2.0
"""Layouts: strict as records, in place as overlays."""

from dataclasses import dataclass

import pytest
from construct import Bytes, Int8ul, Int16ul, Int32ul, Rebuild, len_, this

from esprom.errors import MalformedPacket
from esprom.protocol.record import Overlay, Record


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int


POINT = Record(Point, "x" / Int8ul, "y" / Int16ul)


@dataclass(frozen=True, slots=True)
class Note:
    text: bytes


NOTE = Record(Note, "size" / Rebuild(Int8ul, len_(this.text)), "text" / Bytes(this.size))


@dataclass(frozen=True, slots=True)
class Path:
    points: tuple[Point, ...]


PATH = Record(Path, "points" / POINT.repeated())


def test_record_is_little_endian_and_exact() -> None:
    assert POINT.build(Point(1, 0x0302)) == b"\x01\x02\x03"
    assert POINT.parse(b"\x01\x02\x03") == Point(1, 0x0302)


@pytest.mark.parametrize("data", [b"", b"\x01\x02", b"\x01\x02\x03\x04"])
def test_record_of_another_length_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacket, match=r"^Point: "):
        POINT.parse(data)


@pytest.mark.parametrize("value", [Point(256, 0), Point(0, -1)])
def test_value_that_does_not_fit_is_the_callers_mistake(value: Point) -> None:
    with pytest.raises(ValueError, match=r"^Point: "):
        POINT.build(value)


def test_length_field_is_made_and_demanded() -> None:
    assert NOTE.build(Note(b"abc")) == b"\x03abc"
    assert NOTE.parse(b"\x03abc") == Note(b"abc")
    for data in (b"\x02abc", b"\x04abc"):
        with pytest.raises(MalformedPacket, match=r"^Note: "):
            NOTE.parse(data)


@pytest.mark.parametrize("points", [(), (Point(1, 2),), (Point(1, 2), Point(3, 0xFFFF))])
def test_repeated(points: tuple[Point, ...]) -> None:
    data = b"".join(POINT.build(point) for point in points)
    assert PATH.build(Path(points)) == data
    assert PATH.parse(data) == Path(points)


def test_repeated_leaves_no_rest() -> None:
    with pytest.raises(MalformedPacket, match=r"^Path: "):
        PATH.parse(bytes(4))


def test_overlay_reads_and_writes_fields_in_place() -> None:
    overlay = Overlay(*POINT.layout)
    memory = bytearray(b"\xaa" * 6)
    overlay.write(memory, 2, "y", 0x1234)
    assert memory == b"\xaa\xaa\xaa\x34\x12\xaa"
    assert overlay.read(memory, 2, "y") == 0x1234
    assert overlay.read(memory, 2, "x") == 0xAA
    assert (overlay.size, overlay.offset("x"), overlay.offset("y")) == (3, 0, 1)


def test_overlay_ends_where_places_are_not_fixed() -> None:
    overlay = Overlay(*NOTE.layout, "after" / Int32ul)
    assert overlay.size == 1
    assert overlay.offset("size") == 0
    with pytest.raises(KeyError):
        overlay.offset("after")


def test_overlay_does_not_check_what_a_record_would() -> None:
    overlay = Overlay(*NOTE.layout)
    assert overlay.read(memoryview(b"\xffab"), 0, "size") == 0xFF

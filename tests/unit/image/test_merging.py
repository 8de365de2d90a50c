# SPDX-License-Identifier: Apache-2.0
"""Several files as one: raw, Intel HEX, UF2. tests/e2e compares them with esptool's."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from esprom.errors import ImageError, MalformedPacket
from esprom.image import (
    Segment,
    build_hex,
    file_pieces,
    is_hex,
    is_uf2,
    merge_hex,
    merge_raw,
    merge_uf2,
    parse_hex,
    parse_uf2,
)
from esprom.image.uf2 import UF2_BLOCK, UF2_CHECKSUM

FIRST, SECOND = Segment(0, b"first"), Segment(0x1000, b"second piece")
HEX = b":050000006669727374D3\n:0C1000007365636F6E6420706965636542\n:00000001FF\n"


@pytest.mark.spec("IMAGE-21")
def test_raw() -> None:
    merged = merge_raw([SECOND, FIRST])
    assert merged == b"first".ljust(0x1000, b"\xff") + b"second piece"
    assert merge_raw([SECOND], begin=0xFFE) == b"\xff\xffsecond piece"
    assert merge_raw([SECOND], begin=0x1000, end=0x1010) == b"second piece\xff\xff\xff\xff"


@pytest.mark.spec("IMAGE-21")
@pytest.mark.parametrize(
    ("pieces", "begin", "end", "words"),
    [
        ([FIRST, Segment(4, b"1")], 0, None, "0x0 ends at 0x5.*0x4"),
        ([SECOND], 0x1001, None, "before 0x1001"),
        ([SECOND], 0, 0x100B, "ends at 0x100c, behind 0x100b"),
        ([], 0, None, "nothing to merge"),
        ([Segment(0, b"")], 0, None, "nothing to merge"),
        ([FIRST, Segment(0x7FFFFFC, b"12345")], 0, None, "0x8000001, .* 0x8000000: give its offset"),
        ([Segment(0x40210000, b"1")], 0x40210000, None, "0x8000000: give its offset"),
    ],
)
def test_raw_is_refused(pieces: list[Segment], begin: int, end: int | None, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        merge_raw(pieces, begin=begin, end=end)


@pytest.mark.spec("IMAGE-21")
def test_hex() -> None:
    assert merge_hex([SECOND, FIRST]) == HEX
    assert is_hex(HEX)
    assert parse_hex(HEX) == (FIRST, SECOND)
    assert file_pieces(0x8000, HEX) == (FIRST, SECOND)
    assert file_pieces(0x8000, b"first") == (Segment(0x8000, b"first"),)
    with pytest.raises(ImageError, match="overlap"):
        merge_hex([FIRST, FIRST])


@pytest.mark.spec("IMAGE-21")
@pytest.mark.parametrize("merge", [merge_hex, merge_uf2])
@pytest.mark.parametrize("piece", [Segment(0xFFFFFFFC, b"12345"), Segment(-1, b"1")])
def test_what_no_address_reaches_is_refused(merge: Callable[[list[Segment]], bytes], piece: Segment) -> None:
    assert merge([Segment(0xFFFFFFFC, b"1234")])
    with pytest.raises(ImageError, match="from 0 to 0x100000000"):
        merge([FIRST, piece])


def test_an_empty_piece_overlaps_nothing() -> None:
    assert merge_raw([Segment(2, b""), FIRST, Segment(0, b"")]) == FIRST.data


def test_hex_beyond_64_kib() -> None:
    far = Segment(0xFFFF8, bytes(range(40)))
    assert parse_hex(build_hex([far])) == (far,)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (HEX.replace(b"42\n", b"00\n"), "Intel HEX is damaged.*line 2"),
        (HEX[:40], "Intel HEX is damaged.*line 2"),
        (HEX[:22] * 2, "Intel HEX is damaged.*overlap"),
        (HEX + b"\xff\xfe", "Intel HEX is damaged"),
        (b":00000001FF\n", "no data"),
    ],
)
def test_damaged_hex_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        file_pieces(0, data)


@pytest.mark.spec("IMAGE-21")
@pytest.mark.parametrize(
    "data",
    [
        b":",
        b":hello world, not hex",
        b":\xff\xfe",
        HEX.replace(b"D3\n", b"00\n"),
        HEX.replace(b"D3\n", b"D300\n"),
        HEX[:20],
        HEX[:21] * 100,
        b":\n" + HEX,
    ],
)
def test_what_begins_with_a_colon_and_no_record_is_bytes(data: bytes) -> None:
    assert not is_hex(data)
    assert file_pieces(0x1000, data) == (Segment(0x1000, data),)


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_hex_of_other_systems(end: bytes) -> None:
    data = HEX.replace(b"\n", end)
    assert is_hex(data)
    assert parse_hex(data) == (FIRST, SECOND)


@pytest.mark.spec("IMAGE-20")
def test_uf2() -> None:
    long = Segment(0x2000, bytes(range(256)) * 2)
    blocks = [merge_uf2([long, FIRST])[at : at + 512] for at in range(0, 1536, 512)]
    found = [UF2_BLOCK.parse(block) for block in blocks]
    assert [(block.address, block.size, block.number, block.blocks) for block in found] == [
        (0, 5, 0, 1),
        (0x2000, 452, 0, 2),
        (0x21C4, 60, 1, 2),
    ]
    assert {(block.flags, block.family) for block in found} == {(0x6000, 0x7EAB61ED)}
    checksum = UF2_CHECKSUM.parse(found[1].data[452:476])
    assert (checksum.address, checksum.size) == (0x2000, 452)
    assert checksum.md5 == hashlib.md5(long.data[:452]).digest()
    assert blocks[0].startswith(b"UF2\n")
    assert blocks[0].endswith((0x0AB16F30).to_bytes(4, "little"))


@pytest.mark.spec("IMAGE-20")
def test_uf2_without_checksums() -> None:
    (block,) = [UF2_BLOCK.parse(merge_uf2([Segment(0, bytes(476))], md5=False))]
    assert (block.flags, block.size, block.blocks) == (0x2000, 476, 1)


@pytest.mark.parametrize(("chunk", "md5"), [(0, True), (30, True), (456, True), (480, False)])
def test_uf2_has_no_room(chunk: int, md5: bool) -> None:
    with pytest.raises(ValueError, match="multiples of 4"):
        merge_uf2([FIRST], chunk=chunk, md5=md5)


def test_other_blocks_are_no_uf2() -> None:
    with pytest.raises(MalformedPacket):
        UF2_BLOCK.parse(bytes(512))


@pytest.mark.spec("IMAGE-20")
@pytest.mark.parametrize("md5", [True, False])
def test_uf2_is_read_as_it_is_made(md5: bool) -> None:
    pieces = (Segment(0, bytes(range(256)) * 8), SECOND, Segment(0x100000, b"far"))
    made = merge_uf2(pieces, md5=md5)
    assert is_uf2(made)
    assert parse_uf2(made) == pieces
    blocks = [made[at : at + 512] for at in range(0, len(made), 512)]
    assert parse_uf2(b"".join(reversed(blocks))) == pieces


def test_uf2_that_is_read_has_its_chip_and_its_place() -> None:
    block = UF2_BLOCK.parse(merge_uf2([SECOND]))
    for wrong, words in (
        (UF2_BLOCK.build(replace(block, family=0x1C5F21B0)), "another chip: its family is 0x1c5f21b0"),
        (UF2_BLOCK.build(replace(block, flags=block.flags | 1)), "nothing for the flash"),
        (UF2_BLOCK.build(block)[:-1], "what begins at 0x0 is no block"),
        (UF2_BLOCK.build(block) + b"UF2\n", "what begins at 0x200 is no block"),
    ):
        with pytest.raises(ImageError, match=words):
            parse_uf2(wrong)
    assert parse_uf2(UF2_BLOCK.build(replace(block, flags=0, family=0))) == (SECOND,)

# SPDX-License-Identifier: Apache-2.0
"""Any program becomes an image that gives it back, in each form; merged pieces are where they belong."""

from hypothesis import given
from hypothesis import strategies as st

from esprom.errors import EspromError, ImageError
from esprom.flash.header_words import HEADER_FREQUENCIES, HEADER_MODES, HEADER_SIZES, RTOS_SIZES
from esprom.image import (
    FlashHeader,
    Program,
    Segment,
    edit_image,
    file_pieces,
    image_details,
    make_image,
    merge_hex,
    merge_raw,
    merge_uf2,
    parse_elf,
    parse_hex,
    parse_image,
    program_images,
)
from esprom.image.uf2 import UF2_BLOCK
from tests.elves import Section, elf

RAM = (0x3FFE8000, 0x3FFEA000, 0x40100000, 0x40107FF8, 0x40108000)  # few, so that some touch
APART = (0x3FFE8000, 0x3FFEA000, 0x40100000, 0x40108000)
FLASH = (0x40201010, 0x40210010, 0x40281010)
CONTENT = st.binary(min_size=1, max_size=40)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw sections of RAM in any order, some of them touching, and one for the flash among them."""
    places = draw(st.lists(st.sampled_from(RAM), unique=True, min_size=1))
    parts = []
    for place in places:
        parts.append(Segment(place, draw(st.binary(min_size=1, max_size=8))))
        if place + 8 not in RAM and draw(st.booleans()):
            parts.append(Segment(place + 8, draw(CONTENT)))
    parts.insert(draw(st.integers(0, len(parts))), Segment(draw(st.sampled_from(FLASH)), draw(CONTENT)))
    return Program(draw(st.integers(0, 0xFFFFFFFF)), tuple(parts))


def memory(segments: tuple[Segment, ...]) -> dict[int, int]:
    """Return what each byte of memory is; words are filled up with zeroes."""
    return {
        segment.address + at: byte for segment in segments for at, byte in enumerate(padded(segment.data))
    }


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


@given(programs(), st.sampled_from([1, 2, 3]), st.data())
def test_a_program_comes_back(program: Program, form: int, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(list(RTOS_SIZES if form == 3 else HEADER_SIZES)))
    mode = data.draw(st.sampled_from(list(HEADER_MODES)))
    frequency = data.draw(st.sampled_from(list(HEADER_FREQUENCIES)))
    read = parse_elf(elf([Section(p.address, p.data) for p in program.segments], entry=program.entry))
    image, *flash = program_images(read, form, size=size, mode=mode, frequency=frequency)
    details, found = image_details(image.data), parse_image(image.data)
    segments = [*found.segments, *(Segment(0x40200000 + (part.offset or 0), part.data) for part in flash)]
    if found.flash_part is not None:
        place = next(part.address for part in read.segments if part.address in range(0x40200000, 0x40300000))
        stays = found.flash_part[: len(found.flash_part) - _filling(read, found.flash_part)]
        segments.append(Segment(place, stays))
    assert memory(tuple(segments)) == memory(program.segments)
    assert (details.form, details.entry, details.checksum_good) == (form, program.entry, True)
    assert details.settings == FlashHeader(mode, frequency, size)
    assert details.trailer is None if form == 1 else details.trailer is not None and details.trailer.good


def _filling(program: Program, part: bytes) -> int:
    """Return how many zeroes fill the part up to whole lines."""
    flash = sum(len(p.data) for p in program.segments if p.address in range(0x40200000, 0x40300000))
    assert part[flash:] == bytes(len(part) - flash)
    assert len(part) % 16 == 0
    return len(part) - flash


@given(st.binary(max_size=80), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4))
def test_any_bytes_are_a_program_or_an_image_error(front: bytes, damage: list[tuple[int, int]]) -> None:
    hurt = bytearray(elf([Section(0x40100000, b"12345678"), Section(0x3FFE8000, b"1234")]))
    for at, value in damage:
        hurt[at % len(hurt)] = value
    for data in (front, b"\x7fELF" + front, bytes(hurt)):
        try:
            images = program_images(parse_elf(data), 1)
        except ImageError:
            continue
        assert parse_image(images[0].data).checksum_good


@given(st.binary(max_size=60))
def test_any_text_is_hex_or_an_image_error(junk: bytes) -> None:
    for data in (b":" + junk, b":" + junk.hex().upper().encode()):
        try:
            pieces = file_pieces(0, data)
        except EspromError:
            continue
        assert all(piece.data for piece in pieces)


PIECES = st.lists(
    st.tuples(st.integers(0, 30).map(lambda place: place * 0x800), st.binary(min_size=1, max_size=0x800)),
    min_size=1,
    max_size=5,
    unique_by=lambda piece: piece[0],
).map(lambda found: [Segment(*piece) for piece in found])


@given(PIECES)
def test_pieces_are_where_they_belong(pieces: list[Segment]) -> None:
    raw = merge_raw(pieces)
    from_hex, from_uf2 = bytearray(b"\xff" * len(raw)), bytearray(b"\xff" * len(raw))
    for piece in parse_hex(merge_hex(pieces)):
        from_hex[piece.address : piece.address + len(piece.data)] = piece.data
    blocks = merge_uf2(pieces)
    for at in range(0, len(blocks), 512):
        block = UF2_BLOCK.parse(blocks[at : at + 512])
        from_uf2[block.address : block.address + block.size] = block.data[: block.size]
    assert raw == from_hex == from_uf2
    for piece in pieces:
        assert raw[piece.address : piece.address + len(piece.data)] == piece.data


@given(
    st.lists(st.tuples(st.sampled_from(APART), CONTENT), min_size=1, unique_by=lambda piece: piece[0]),
    st.sampled_from([*HEADER_MODES]),
)
def test_an_edit_and_back_is_nothing(pieces: list[tuple[int, bytes]], mode: str) -> None:
    (image,) = make_image([Segment(*piece) for piece in pieces])
    edited = edit_image(image.data, mode=mode)
    assert parse_image(edited).segments == parse_image(image.data).segments
    assert edit_image(edited, mode="qio") == image.data

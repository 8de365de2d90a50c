# SPDX-License-Identifier: Apache-2.0
"""From any bytes an image or an ImageError; and an edit touches nothing but what it is asked for."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from esprom.errors import ImageError
from esprom.flash.header_words import HEADER_FREQUENCIES, HEADER_MODES, HEADER_SIZES
from esprom.image import edit_header, parse_image
from esprom.image.layout import ImageHeader, Segment, build_image

SEGMENTS = st.lists(
    st.builds(Segment, st.sampled_from([0, 0x3FFE8000, 0x40100000, 0xFFFFFFFF]), st.binary(max_size=40)),
    min_size=1,
    max_size=16,
).map(tuple)
BYTE = st.integers(0, 0xFF)


@st.composite
def images(draw: st.DrawFn) -> bytes:
    segments = draw(SEGMENTS)
    header = ImageHeader(len(segments), draw(BYTE), draw(BYTE), draw(st.integers(0, 0xFFFFFFFF)))
    return build_image(header, segments)


@given(
    st.sampled_from([b"", b"\xe9", b"\xe9\x01", b"\xea", b"\xea\x04", b"\xe9\x02\0\0\0\0\0\0"]),
    st.binary(max_size=200),
)
def test_junk_gives_an_image_or_an_image_error(front: bytes, junk: bytes) -> None:
    try:
        image = parse_image(front + junk)
    except ImageError:
        return
    assert image.size <= len(front + junk)


@given(images(), st.lists(st.tuples(st.integers(0, 60), BYTE), min_size=1, max_size=3))
def test_damaged_image_gives_an_image_or_an_image_error(image: bytes, damage: list[tuple[int, int]]) -> None:
    hurt = bytearray(image)
    for at, value in damage:
        hurt[at % len(hurt)] = value
    with contextlib.suppress(ImageError):
        parse_image(bytes(hurt))


@given(SEGMENTS, BYTE, BYTE, st.integers(0, 0xFFFFFFFF), st.binary(max_size=20))
def test_what_was_built_is_found(
    segments: tuple[Segment, ...], mode: int, size_and_frequency: int, entry: int, rest: bytes
) -> None:
    header = ImageHeader(len(segments), mode, size_and_frequency, entry)
    built = build_image(header, segments)
    image = parse_image(built + rest)
    assert (image.header, image.segments, image.size) == (header, segments, len(built))
    assert image.checksum_good


@given(
    images(),
    st.sampled_from([None, "keep", *HEADER_SIZES]),
    st.sampled_from([None, "keep", *HEADER_MODES]),
    st.sampled_from([None, "keep", *HEADER_FREQUENCIES]),
)
def test_edit_changes_only_what_is_asked_for(
    image: bytes, size: str | None, mode: str | None, frequency: str | None
) -> None:
    edited = edit_header(image, size=size, mode=mode, frequency=frequency)
    expected = bytearray(image)
    if mode in HEADER_MODES:
        expected[2] = HEADER_MODES[mode]
    if size in HEADER_SIZES:
        expected[3] = HEADER_SIZES[size] << 4 | expected[3] & 0x0F
    if frequency in HEADER_FREQUENCIES:
        expected[3] = expected[3] & 0xF0 | HEADER_FREQUENCIES[frequency]
    assert edited == expected
    assert edit_header(edited, size=size, mode=mode, frequency=frequency) == edited

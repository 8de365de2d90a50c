# SPDX-License-Identifier: Apache-2.0
"""What is told of an image in a file, and edits of its settings in every form."""

import pytest

from esprom.errors import ImageError
from esprom.image import FlashHeader, Program, Segment, edit_image, image_details, program_images
from esprom.image.layout import ImageHeader, build_image

PROGRAM = Program(
    0x40100004,
    (Segment(0x40100000, b"text1234"), Segment(0x3FFE8000, b"abcd"), Segment(0x40210010, b"in flash")),
)
IMAGES = {form: program_images(PROGRAM, form)[0].data for form in (1, 2, 3)}
MAPPED = (Segment(0x40201010, b"in flash"), Segment(0x40100000, b"text1234"))
ARDUINO = build_image(ImageHeader(2, 2, 0x40, 0x40100004), MAPPED)


@pytest.mark.spec("IMAGE-22")
def test_each_form_is_told() -> None:
    assert [image_details(IMAGES[form]).form for form in (1, 2, 3)] == [1, 2, 3]
    assert image_details(ARDUINO).form == 1
    followed = image_details(ARDUINO + bytes(33))
    assert (followed.form, followed.trailer, followed.following) == (1, None, 33)


@pytest.mark.spec("IMAGE-22")
def test_a_wrong_digest_at_the_end_is_told() -> None:
    details = image_details(IMAGES[3][:-1] + bytes([IMAGES[3][-1] ^ 1]))
    assert (details.form, details.following) == (3, 0)
    assert details.trailer is not None
    assert not details.trailer.good


@pytest.mark.parametrize("form", IMAGES)
def test_segments_are_where_it_is_told(form: int) -> None:
    details = image_details(IMAGES[form])
    for segment in details.segments:
        header = IMAGES[form][segment.offset : segment.offset + 8]
        assert header == segment.address.to_bytes(4, "little") + segment.size.to_bytes(4, "little")
    assert {(segment.address, segment.memory) for segment in details.segments} - {(0, "IROM")} <= {
        (0x40100000, "IRAM"),
        (0x3FFE8000, "DRAM"),
        (0x40210010, "IROM"),
    }
    assert details.checksum_good
    assert details.checksum == details.expected
    assert details.following == 0
    assert image_details(IMAGES[form] + b"more").following == 4


def test_a_memory_that_is_none() -> None:
    image = build_image(ImageHeader(2, 0, 0, 0), (Segment(0x40300000, b"1234"), Segment(0x60001100, b"1234")))
    assert [segment.memory for segment in image_details(image).segments] == ["", "RTC"]


def test_a_wrong_checksum_is_told_with_the_right_one() -> None:
    hurt = bytearray(IMAGES[1])
    hurt[20] ^= 0x40
    details = image_details(bytes(hurt))
    assert (details.checksum_good, details.expected) == (False, details.checksum ^ 0x40)


@pytest.mark.parametrize("data", [b"", b"text", IMAGES[1][:20], IMAGES[2][:40]])
def test_what_is_no_image(data: bytes) -> None:
    with pytest.raises(ImageError):
        image_details(data)
    with pytest.raises(ImageError):
        edit_image(data, mode="dio")


@pytest.mark.spec("IMAGE-23")
@pytest.mark.parametrize("form", IMAGES)
def test_an_edit_is_what_would_have_been_made(form: int) -> None:
    edited = edit_image(IMAGES[form] + b"more", size="4MB", mode="dio", frequency="80m")
    made = program_images(PROGRAM, form, size="4MB", mode="dio", frequency="80m")[0].data
    assert edited == made + b"more"
    assert image_details(edited).settings == FlashHeader("dio", "80m", "4MB")


@pytest.mark.spec("IMAGE-23")
def test_a_wrong_proof_stays() -> None:
    hurt = IMAGES[2][:-1] + bytes([IMAGES[2][-1] ^ 1])
    assert edit_image(hurt, mode="dio")[-4:] == hurt[-4:]
    assert edit_image(IMAGES[2], mode="dio")[-4:] != IMAGES[2][-4:]


@pytest.mark.spec("IMAGE-23", "IMAGE-7")
def test_an_image_with_a_one_at_byte_23_is_edited_too() -> None:
    """esptool 5.6.0 takes that byte for what another chip has there, and ends with a traceback."""
    image = build_image(ImageHeader(1, 0, 0, 0x40100000), (Segment(0x40100000, b"1234567\x01"),))
    assert image[23] == 1
    assert edit_image(image, mode="dio") == image[:2] + b"\x02" + image[3:]


@pytest.mark.parametrize(("form", "word"), [(1, "32MB"), (2, "128MB"), (3, "512KB")])
def test_a_word_of_another_form(form: int, word: str) -> None:
    with pytest.raises(ValueError, match="none of"):
        edit_image(IMAGES[form], size=word)

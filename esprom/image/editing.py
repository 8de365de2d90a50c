# SPDX-License-Identifier: Apache-2.0
"""Other settings of the flash for an image of any form, whose CRC or digest stays right (IMAGE-23)."""

import hashlib

from esprom.image.header import bootable, edited_header
from esprom.image.layout import (
    IMAGE_CRC,
    IMAGE_DIGEST,
    IMAGE_HEADER,
    IMAGE_HEADER_SIZE,
    IMAGE_HEADER_V2,
    SEGMENT_HEADER_SIZE,
    ImageCrc,
    ImageDigest,
    ImageHeader,
    image_crc,
)
from esprom.image.segments import parse_image
from esprom.image.trailer import Trailer, form_of, trailer

NO_HEADER = ImageHeader(0, 0, 0, 0)


def edit_header(data: bytes, *, size: str | None, mode: str | None, frequency: str | None) -> bytes:
    """Return `data`, the file for offset 0, with the settings changed that are given, as `edit_image` does.

    Data that does not begin with an image comes back as it is: ask `flash_header` first, to tell the user.

    Args:
        data: the file. Its length does not change.
        size: as of `edit_image` ("detect" is the caller's).
        mode: the same with `HEADER_MODES`.
        frequency: the same with `HEADER_FREQUENCIES`.

    Raises:
        ValueError: a word that the ESP8266 has no number for.
    """
    if bootable(data) is not None:
        return edit_image(data, size=size, mode=mode, frequency=frequency)
    edited_header(NO_HEADER, size=size, mode=mode, frequency=frequency)  # wrong words are told of in any case
    return data


def edit_image(
    data: bytes, *, size: str | None = None, mode: str | None = None, frequency: str | None = None
) -> bytes:
    """Return the file with other settings in the header of its image, and all else as it was.

    A version 2 image has them in both headers. A CRC or digest that was right is made
    anew; a wrong one stays.

    Args:
        data: the file. Its length does not change.
        size: a word of `HEADER_SIZES`, for the RTOS SDK's form of `RTOS_SIZES`; None or "keep" leaves it.
        mode: the same with `HEADER_MODES`.
        frequency: the same with `HEADER_FREQUENCIES`.

    Raises:
        ImageError: the file begins with no image.
        ValueError: a word that this form has no number for.
    """
    image = parse_image(data)
    behind = trailer(data, image)
    rtos = form_of(image, behind, len(data)) == 3
    header = edited_header(image.header, size=size, mode=mode, frequency=frequency, rtos=rtos)
    made = bytearray(data)
    if image.flash_part is None:
        made[:IMAGE_HEADER_SIZE] = IMAGE_HEADER.build(header)
    else:
        made[:IMAGE_HEADER_SIZE] = IMAGE_HEADER_V2.build(header)
        second = IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE + len(image.flash_part)
        inner = IMAGE_HEADER.parse(data[second : second + IMAGE_HEADER_SIZE])
        inner = edited_header(inner, size=size, mode=mode, frequency=frequency)
        made[second : second + IMAGE_HEADER_SIZE] = IMAGE_HEADER.build(inner)
    if behind is not None and behind.good:
        made[image.size : image.size + len(behind.stated)] = _proof(bytes(made[: image.size]), behind)
    return bytes(made)


def _proof(image: bytes, behind: Trailer) -> bytes:
    if behind.kind == "crc32":
        return IMAGE_CRC.build(ImageCrc(image_crc(image)))
    return IMAGE_DIGEST.build(ImageDigest(hashlib.sha256(image).digest()))

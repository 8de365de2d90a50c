# SPDX-License-Identifier: Apache-2.0
"""The settings of the flash in an image header, in words, and their edit (IMAGE-6, IMAGE-7).

The rule when an edit is made is esptool's, as the words are: an image of version 1 that parses (its
checksum is not looked at), in a file meant for offset 0 (the caller's to know).
"""

from dataclasses import dataclass, replace

from esprom.errors import ImageError
from esprom.flash.header_words import (
    HEADER_FREQUENCIES,
    HEADER_MODES,
    HEADER_SIZES,
    RTOS_SIZES,
    size_in_bytes,
)
from esprom.image.layout import (
    IMAGE_HEADER,
    IMAGE_HEADER_SIZE,
    MAGIC,
    SEGMENT_HEADER,
    SEGMENT_HEADER_SIZE,
    ImageHeader,
)
from esprom.image.segments import MAPPED, FirmwareImage, parse_image
from esprom.image.trailer import form_of, trailer

KEEP = "keep"


@dataclass(frozen=True, slots=True)
class FlashHeader:
    """How the boot ROM is told to use the flash: words of `header_words`, or `0x7` where there is none."""

    mode: str
    frequency: str
    size: str

    @classmethod
    def of(cls, header: ImageHeader, *, rtos: bool = False) -> "FlashHeader":
        """Return the settings of an image header; `rtos`: the size by the RTOS SDK's numbers."""
        size, frequency = divmod(header.size_and_frequency, 16)
        return cls(
            _word(HEADER_MODES, header.mode),
            _word(HEADER_FREQUENCIES, frequency),
            _word(RTOS_SIZES if rtos else HEADER_SIZES, size),
        )


def flash_header(data: bytes) -> FlashHeader | None:
    """Return the settings in the image that `data` begins with, or None where it does not begin with one."""
    image = bootable(data)
    return settings_of(data, image) if image else None


def settings_of(data: bytes, image: FirmwareImage) -> FlashHeader:
    """Return the settings in the image that `data` begins with, the size by the numbers of its form."""
    return FlashHeader.of(image.header, rtos=form_of(image, trailer(data, image), len(data)) == 3)


def stated_sizes(data: bytes) -> tuple[int, ...]:
    """Return how large a flash the image that `data` begins with states, in bytes; nothing without one.

    Where only the beginning of the image is there, its header counts all the same. Its form, which has
    numbers of its own, is open then if the first segment is mapped: both readings are returned.
    """
    return tuple(
        dict.fromkeys(
            size for settings in _readings(data) if (size := size_in_bytes(settings.size)) is not None
        )
    )


def _readings(data: bytes) -> list[FlashHeader]:
    if (settings := flash_header(data)) is not None:
        return [settings]
    if len(data) < IMAGE_HEADER_SIZE or data[0] != MAGIC:
        return []
    header = IMAGE_HEADER.parse(data[:IMAGE_HEADER_SIZE])
    first = data[IMAGE_HEADER_SIZE : IMAGE_HEADER_SIZE + SEGMENT_HEADER_SIZE]
    known = len(first) == SEGMENT_HEADER_SIZE and SEGMENT_HEADER.parse(first).address not in MAPPED
    return [FlashHeader.of(header, rtos=rtos) for rtos in ((False,) if known else (False, True))]


def edited_header(
    header: ImageHeader, *, size: str | None, mode: str | None, frequency: str | None, rtos: bool = False
) -> ImageHeader:
    """Return a header with the settings changed that are given; `rtos` as in `FlashHeader.of`.

    Raises ValueError for a word that there is no number for.
    """
    sizes = RTOS_SIZES if rtos else HEADER_SIZES
    new_size, new_mode = _number(sizes, size, "flash size"), _number(HEADER_MODES, mode, "flash mode")
    new_frequency = _number(HEADER_FREQUENCIES, frequency, "flash frequency")
    old_size, old_frequency = divmod(header.size_and_frequency, 16)
    return replace(
        header,
        mode=header.mode if new_mode is None else new_mode,
        size_and_frequency=(old_size if new_size is None else new_size) * 16
        + (old_frequency if new_frequency is None else new_frequency),
    )


def bootable(data: bytes) -> FirmwareImage | None:
    """Return the image of version 1, which the ROM can start, that `data` begins with; None without one."""
    try:
        image = parse_image(data)
    except ImageError:
        return None
    return image if image.version == 1 else None


def _word(table: dict[str, int], number: int) -> str:
    words = [word for word, value in table.items() if value == number]
    return words[0] if words else f"0x{number:x}"


def _number(table: dict[str, int], word: str | None, name: str) -> int | None:
    if word is None or word == KEEP:
        return None
    return number_of(table, word, name, KEEP)


def number_of(table: dict[str, int], word: str, name: str, *others: str) -> int:
    """Return the number of a word; `name` says what of.

    Raises ValueError that lists the words there are, and the `others` that the caller understands.
    """
    if word not in table:
        raise ValueError(f"{name} {word!r} is none of: {', '.join((*table, *others))}")
    return table[word]

# SPDX-License-Identifier: Apache-2.0
"""Where programs lie in a flash: images, and the code beside them that runs from the flash (IMAGE-8, 9).

The vendor's SDK puts code that stays in the flash behind no header of its own: an image at 0 goes to RAM, and
jumps to where the cache shows the flash. What gives such code away is that the image points to it. So nothing
here knows a layout: MicroPython's code at 0x9000 and NodeMCU's at 0x10000 are found the same way.
"""

import struct
from collections import Counter
from collections.abc import Iterator, Sequence

from esprom.errors import ImageError
from esprom.flash.geometry import BLANK_SECTOR, SECTOR, round_up
from esprom.image.layout import MAGICS
from esprom.image.segments import MAPPED, RAM, FirmwareImage, parse_image

EBOOT = 0x4010F000  # where Arduino's boot loader is linked to (esp8266/Arduino, bootloaders/eboot/eboot.ld)
FEWEST_POINTERS = 16  # out of RAM, into what is code; real firmware has 86 and more, chance gives two
FEW_POINTERS = 3  # out of RAM and the code itself, into its last sector; chance gives one

Found = Sequence[tuple[int, FirmwareImage]]  # by the address at which each begins


def images(data: bytes) -> Iterator[tuple[int, FirmwareImage]]:
    """Yield the images that begin at a sector, and where, none inside another.

    At 0 whatever can be taken apart is one; elsewhere its segments must go where a program can be.
    """
    end = 0
    for at in range(0, len(data), SECTOR):
        if at < end or data[at] not in MAGICS:
            continue
        try:
            image = parse_image(data[at:])
        except ImageError:
            continue
        if at == 0 or _is_plausible(image):
            end = at + image.size
            yield at, image


def mapped_code(data: bytes, found: Found) -> Iterator[range]:
    """Yield the code that images point to and that is in none, by whole sectors."""
    pointers = [
        place for _, image in found for segment in image.segments for place in _pointers(segment.data)
    ]
    for run in _between(data, found):
        inside = [place for place in pointers if place in run]
        if len(inside) >= FEWEST_POINTERS:
            own = (place for place in _pointers(data[run.start : run.stop]) if place in run)
            sectors = Counter(place // SECTOR for place in (*inside, *own))
            dense = [sector for sector, count in sectors.items() if count >= FEW_POINTERS]
            last = max(dense or sectors)
            yield range(run.start, min((last + 1) * SECTOR, run.stop))


def programs(data: bytes) -> list[range]:
    """Return where programs are, in order and in whole sectors: images, and the code beside them."""
    found = tuple(images(data))
    places = [range(at, at + round_up(image.size, SECTOR)) for at, image in found]
    return sorted((*places, *mapped_code(data, found)), key=lambda place: place.start)


def is_arduino(found: Found) -> bool:
    """Tell whether Arduino's boot loader begins the flash, which has a layout of its own (IMAGE-9)."""
    return any(at == 0 and any(segment.address == EBOOT for segment in image.segments) for at, image in found)


def _is_plausible(image: FirmwareImage) -> bool:
    return all(
        any(part.start <= segment.address <= part.stop - len(segment.data) for part in (*RAM, MAPPED))
        for segment in image.segments
    )


def _pointers(data: bytes) -> list[int]:
    """Return the places in the flash that words of `data` may point to."""
    words = struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
    return [word - MAPPED.start for word in words if word in MAPPED]


def _between(data: bytes, found: Found) -> Iterator[range]:
    """Yield the runs of sectors outside of images that are not blank, as far as the cache shows the flash."""
    taken = [range(at, at + round_up(image.size, SECTOR)) for at, image in found]
    end, first = min(len(data), len(MAPPED)), None
    for at in range(0, end, SECTOR):
        free = not any(at in place for place in taken) and data[at : at + SECTOR] != BLANK_SECTOR
        if free and first is None:
            first = at
        elif not free and first is not None:
            yield range(first, at)
            first = None
    if first is not None:
        yield range(first, end)

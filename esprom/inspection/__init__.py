# SPDX-License-Identifier: Apache-2.0
"""What is inside a flash: images, file systems, settings, blank areas, names and versions, and secrets.

The rule: whatever the bytes, the outcome is an `Inspection`. Everything in it is something that was seen,
with its place.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from esprom.flash.geometry import BLANK_SECTOR, SECTOR, round_up
from esprom.flash.partitions import kept_by_table
from esprom.flash.regions import SMALLEST_FLASH, Region, identity, is_flash_size, outside
from esprom.image.header import FlashHeader, settings_of, stated_sizes
from esprom.image.program import Found as ImagesFound
from esprom.image.program import images as find_images
from esprom.image.program import is_arduino, mapped_code
from esprom.image.segments import FirmwareImage
from esprom.inspection.filesystems import FileSystem, filesystems
from esprom.inspection.markers import Found, markers
from esprom.inspection.secrets import Secret, secrets

BOOT_SIZE = 0x1000  # bytes at 0 that a second-stage boot loader has for itself
REDACTED = ord("x")

__all__ = ["Area", "Found", "ImageFound", "Inspection", "Kind", "Secret", "inspect", "redact"]


class Kind(Enum):
    """What an area holds."""

    BOOT = "boot loader"
    IMAGE = "firmware"
    FILES = "file system"
    CALIBRATION = "calibration"
    SETTINGS = "settings"
    DATA = "data"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the flash, whole sectors but for the last one of a file that ends in between."""

    kind: Kind
    offset: int
    size: int
    name: str

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class ImageFound:
    """A firmware image.

    Attributes:
        role: what it is for, by its place: "boot loader", "user1", "user2", "firmware", "image".
        version: 1 or 2.
        settings: how its header says the flash is.
        segments: (address, bytes) of what goes to memory.
        in_flash: bytes that stay in the flash.
    """

    role: str
    offset: int
    size: int
    version: int
    entry: int
    checksum_good: bool
    settings: FlashHeader
    segments: tuple[tuple[int, int], ...]
    in_flash: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found.

    Attributes:
        size: bytes that were looked at.
        areas: the whole of it, without gaps, in order.
        images, found, secrets: in the order of addresses.
        identity: where firmware of this size keeps what belongs to one board.
        entropy: bits a byte, 0 to 8, of each sector.
    """

    size: int
    areas: tuple[Area, ...]
    images: tuple[ImageFound, ...]
    found: tuple[Found, ...]
    secrets: tuple[Secret, ...]
    identity: tuple[Region, ...]
    entropy: tuple[float, ...]


def inspect(data: bytes) -> Inspection:
    """Look at a whole flash, or a dump that begins at address 0."""
    files = tuple(filesystems(data))
    raw = tuple(found for found in find_images(data) if not _is_piece_of_file(files, *found))
    images = tuple(_image(at, data[at:], image) for at, image in raw)
    mapped = tuple(_before(files, code) for code in mapped_code(data, raw))
    code = sorted((*(_place(image) for image in images), *mapped), key=lambda place: place.start)
    taken = (*code, *(range(at.offset, at.offset + at.size) for at in files))
    regions = _identity(data, taken, raw)
    return Inspection(
        size=len(data),
        areas=tuple(_areas(data, images, mapped, files, regions)),
        images=images,
        found=tuple(sorted(markers(data), key=lambda found: found.offset)),
        secrets=tuple(secrets(data, tuple(_between(code, len(data))))),
        identity=regions,
        entropy=tuple(_entropy(data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)),
    )


def _identity(data: bytes, taken: Iterable[range], images: ImagesFound) -> tuple[Region, ...]:
    """Return what belongs to one board: by a table, or for the size that the header states, or for the whole.

    Where a program or a file system lies there, it is not. So a file with a program alone has no such places.
    """
    if by_table := kept_by_table(data):
        return by_table
    for size in (*stated_sizes(data), len(data)):
        if size <= len(data) and is_flash_size(size):
            regions = outside(identity(size, arduino=is_arduino(images)), taken)
            if regions:
                return regions
    return ()


def _place(image: ImageFound) -> range:
    return range(image.offset, image.offset + image.size)


def _is_piece_of_file(files: Iterable[FileSystem], at: int, image: FirmwareImage) -> bool:
    """Tell whether an image is one that a file system has as a file, in pieces: as one piece it is none."""
    return not image.checksum_good and any(place.offset < at < place.offset + place.size for place in files)


def _before(files: Iterable[FileSystem], code: range) -> range:
    """Return the code as far as no file system begins in it."""
    return range(code.start, min((at.offset for at in files if at.offset in code), default=code.stop))


def redact(data: bytes, found: Inspection | None = None) -> tuple[bytes, tuple[Secret, ...]]:
    """Return a copy in which what `inspect` finds of secrets is x, and what that was.

    `found` is what `inspect` says of the same data, where somebody has asked already.

    Places for settings are blank in it: the system parameters, which hold the SDK's Wi-Fi settings, for every
    size that firmware may have believed the flash to have, Arduino's EEPROM emulation, the RTOS SDK's NVS.
    What is hidden in a form that `inspect` does not know is still there.
    """
    found = found or inspect(data)
    clean = bytearray(data)
    for secret in found.secrets:
        clean[secret.offset : secret.offset + secret.size] = bytes([REDACTED]) * secret.size
    places = [*found.identity, *(region for size in _sizes(len(data)) for region in identity(size))]
    for region in places:
        if not region.calibration and _is_settings(data[region.offset : region.end], region, found):
            clean[region.offset : region.end] = b"\xff" * region.size
    return bytes(clean), found.secrets


def _sizes(size: int) -> Iterator[int]:
    """Yield the sizes of flash that firmware may believe in, up to this."""
    while size >= SMALLEST_FLASH:
        yield size
        size //= 2


def _is_settings(data: bytes, region: Region, found: Inspection) -> bool:
    """Tell whether a place for system parameters may hold them: nothing that is known lies there."""
    known = (Kind.BOOT, Kind.IMAGE, Kind.FILES)
    inside = any(
        area.kind in known and area.offset < region.end and region.offset < area.end for area in found.areas
    )
    return not inside and not _is_blank(data)


def _between(code: list[range], end: int) -> Iterator[range]:
    """Yield what lies between the images, where settings may be."""
    at = 0
    for part in code:
        yield range(round_up(at, SECTOR), part.start)
        at = part.stop
    yield range(round_up(at, SECTOR), end)


def _image(at: int, data: bytes, image: FirmwareImage) -> ImageFound:
    return ImageFound(
        role=_role(at, image),
        offset=at,
        size=image.size,
        version=image.version,
        entry=image.entry,
        checksum_good=image.checksum_good,
        settings=settings_of(data, image),
        segments=tuple((segment.address, len(segment.data)) for segment in image.segments),
        in_flash=len(image.flash_part or b""),
    )


def _role(at: int, image: FirmwareImage) -> str:
    """Return what an image is for: the vendor's boot loader has its users behind it, in each half."""
    if at == 0:
        return "boot loader" if image.size <= BOOT_SIZE else "firmware"
    if at == BOOT_SIZE:
        return "user1" if image.version == 2 else "firmware"
    if image.version == 2 and at % 0x10000 == BOOT_SIZE:
        return "user2"
    return "image"


def _areas(
    data: bytes,
    images: tuple[ImageFound, ...],
    mapped: tuple[range, ...],
    files: tuple[FileSystem, ...],
    regions: tuple[Region, ...],
) -> Iterator[Area]:
    """Yield the whole flash: what is known, and between that blank sectors and others."""
    known = [
        *(
            Area(
                Kind.BOOT if image.role == "boot loader" else Kind.IMAGE,
                image.offset,
                round_up(image.size, SECTOR),
                image.role,
            )
            for image in images
        ),
        *(Area(Kind.IMAGE, code.start, len(code), "code that runs from the flash") for code in mapped),
        *(Area(Kind.FILES, at.offset, at.size, f"{at.name}, {at.detail}") for at in files),
        *(
            Area(_kind(region), region.offset, region.size, region.name)
            for region in regions
            if not _is_blank(data[region.offset : region.end])
        ),
    ]
    at = 0
    for area in sorted(known, key=lambda area: area.offset):
        if area.offset < at:
            continue  # what lies inside something else is no area of its own
        yield from _unknown(data, at, area.offset)
        yield Area(area.kind, area.offset, min(area.size, len(data) - area.offset), area.name)
        at = min(area.end, len(data))
    yield from _unknown(data, at, len(data))


def _kind(region: Region) -> Kind:
    return Kind.CALIBRATION if region.calibration else Kind.SETTINGS


def _unknown(data: bytes, begin: int, end: int) -> Iterator[Area]:
    """Yield runs of blank sectors and runs of others."""
    first = begin
    kind: Kind | None = None
    for at in range(begin, end, SECTOR):
        now = Kind.BLANK if _is_blank(data[at : min(at + SECTOR, end)]) else Kind.DATA
        if kind is not None and now is not kind:
            yield Area(kind, first, at - first, kind.value)
            first = at
        kind = now
    if kind is not None:
        yield Area(kind, first, end - first, kind.value)


def _is_blank(data: bytes) -> bool:
    return data.count(0xFF) == len(data) if len(data) != SECTOR else data == BLANK_SECTOR


def _entropy(data: bytes) -> float:
    total = len(data)
    return -sum(count / total * math.log2(count / total) for count in Counter(data).values()) + 0.0

# SPDX-License-Identifier: Apache-2.0
"""Where what a flash holds is not what it should hold, and in what way.

NOR flash tells its story: programming clears bits, erasing sets a whole sector. So a sector that lacks bits
was programmed over, one that has bits of both contents was not erased first, and a bit that is wrong all
over the same way is a wire or a cell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from esprom.flash.geometry import BLANK_SECTOR, SECTOR
from esprom.image.layout import MAGICS, SETTINGS


class Change(Enum):
    """What has become of a sector."""

    ERASED = "erased"
    HEADER = "header only"
    SHIFTED = "shifted"
    STUCK = "stuck bits"
    PROGRAMMED = "programmed over"
    NOT_ERASED = "not erased first"
    OTHER = "other content"


@dataclass(frozen=True, slots=True)
class Difference:
    """A sector that is not what the file has there."""

    address: int
    change: Change
    count: int  # bytes that differ
    detail: str  # in words; may be empty


def differences(wanted: bytes, found: Mapping[int, bytes], offset: int = 0) -> Iterator[Difference]:
    """Yield in what way sectors, by address, differ from the file `wanted`, which begins at `offset`.

    A sector of which the file has a part only is compared as far as that goes.
    """
    places = _places(wanted, offset)
    for address, sector in sorted(found.items()):
        due = wanted[address - offset : address - offset + SECTOR]
        if sector[: len(due)] != due:
            yield _difference(address, due, sector[: len(due)], places)


def _difference(address: int, due: bytes, there: bytes, places: Mapping[bytes, int]) -> Difference:
    wrong = [index for index, (a, b) in enumerate(zip(due, there, strict=True)) if a != b]
    change, detail = _judged(address, due, there, wrong, places)
    return Difference(address, change, len(wrong), detail)


def _judged(
    address: int, due: bytes, there: bytes, wrong: list[int], places: Mapping[bytes, int]
) -> tuple[Change, str]:
    if there == BLANK_SECTOR[: len(there)]:
        return Change.ERASED, ""
    if address == 0 and due[0] in MAGICS and set(wrong) <= set(SETTINGS):
        held, wanted = (part[SETTINGS.start : SETTINGS.stop].hex(" ") for part in (there, due))
        return Change.HEADER, f"bytes {SETTINGS.start} and {SETTINGS.stop - 1} are {held}, not {wanted}"
    if there in places:
        return Change.SHIFTED, f"holds what belongs at 0x{places[there]:x}"
    lost = [due[index] & ~there[index] for index in wrong]  # bits that are 0 and should be 1
    gained = [there[index] & ~due[index] for index in wrong]
    stuck = _one_bit(lost, gained)
    if stuck is not None and len(wrong) > 1 and all(byte >> stuck[0] & 1 == stuck[1] for byte in there):
        bit, level = stuck
        return Change.STUCK, f"bit {bit} reads {level}"
    if not any(gained):
        if all(due[index] == 0xFF for index in wrong):
            return Change.PROGRAMMED, "where the file is blank"
        return Change.NOT_ERASED, "holds only bits that the file has too"
    return Change.OTHER, ""


def _one_bit(lost: list[int], gained: list[int]) -> tuple[int, int] | None:
    """Return the one bit that is wrong in every byte, and how it reads, if it is one and always that way."""
    for bits, level in ((lost, 0), (gained, 1)):
        others = gained if bits is lost else lost
        if any(others) or not all(bits):
            continue
        union = 0
        for byte in bits:
            union |= byte
        if union & (union - 1) == 0:
            return union.bit_length() - 1, level
    return None


def _places(wanted: bytes, offset: int) -> dict[bytes, int]:
    """Return where in the file each sector that is not of one byte is; the first place of several."""
    found: dict[bytes, int] = {}
    for at in range(0, len(wanted) - SECTOR + 1, SECTOR):
        sector = wanted[at : at + SECTOR]
        if sector.count(sector[0]) != SECTOR:
            found.setdefault(sector, offset + at)
    return found

# SPDX-License-Identifier: Apache-2.0
"""The units in which SPI NOR flash is programmed and erased, and rounding to them.

All 25-series chips agree on these three (their datasheets, "memory organization"), as does the mask
ROM's built-in description of the flash. Addresses and sizes are bytes; a unit is a power of two.
"""

PAGE = 0x100  # what one program command reaches
SECTOR = 0x1000  # the smallest erase
BLOCK = 0x10000
BLANK_SECTOR = b"\xff" * SECTOR  # erased


def whole_sectors(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Return the sectors that `data`, which begins at `offset`, has whole, by their address."""
    ends = round_down(len(data), SECTOR)
    return {offset + at: data[at : at + SECTOR] for at in range(0, ends, SECTOR)}


def round_down(address: int, unit: int) -> int:
    """Return where the unit that holds `address` begins."""
    return address - address % unit


def round_up(address: int, unit: int) -> int:
    """Return the first boundary of a unit at or after `address`."""
    return address + -address % unit

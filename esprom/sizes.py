# SPDX-License-Identifier: Apache-2.0
"""What sizes of flash are called, by people and on the command line: 4MB, 512KB."""

SMALLEST_FLASH = 0x40000  # bytes: no ESP8266 module has less than 256 KiB
UNITS = (("MB", 20), ("KB", 10))


def size_name(size: int) -> str:
    """Return the name of a size in bytes: 4MB, 512KB; in hex where it is no whole number of KB."""
    for unit, shift in UNITS:
        if size and size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return f"{size:#x}"

# SPDX-License-Identifier: Apache-2.0
"""Whether what is asked for lies in the flash, decided before a byte of it is read or changed.

Each refusal says how large the flash really is and, where it can be told, what to type instead.
"""

from collections.abc import Callable

import esprom
from esprom.cli.failures import BeyondFlash
from esprom.cli.values import Extent

SECTOR = 4096  # bytes that a flash chip erases at least

Retype = Callable[[str], str]  # the size that fits -> the command with that size


def extent_in_flash(offset: int, extent: Extent, flash: "esprom.FlashInfo", retype: Retype) -> int:
    """Return how many bytes `extent` is from `offset` on. Raises BeyondFlash."""
    there = f"the flash is {esprom.size_name(flash.size)} ({flash.size:#x} bytes)"
    if offset >= flash.size:
        raise BeyondFlash(
            f"{there}: there is nothing at {offset:#x}", end=_end(offset, extent), flash_size=flash.size
        )
    size = flash.size - offset if extent == "all" else extent
    if offset + size > flash.size:
        command = retype(f"{flash.size - offset:#x}")
        raise BeyondFlash(
            f"{there}, what is asked for would end at {offset + size:#x}; type: {command}",
            end=offset + size,
            flash_size=flash.size,
            command=command,
        )
    return size


def _end(offset: int, extent: Extent) -> int:
    return offset if extent == "all" else offset + extent

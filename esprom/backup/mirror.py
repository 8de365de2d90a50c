# SPDX-License-Identifier: Apache-2.0
"""Recognise a dump that holds a small flash several times over (RESTORE-4).

A flash chip ignores the address bits it has no cells for. Who read 4 MiB of a module with 1 MiB got the
same MiB four times, and tools that trusted a wrong size made many such dumps. Sizes of flash chips are
powers of two, hence so is the number of copies.
"""

from esprom.sizes import SMALLEST_FLASH


def once(data: bytes) -> bytes:
    """Return the part that `data` repeats, or `data` itself where it repeats nothing.

    A blank dump repeats nothing: no chip can be told from it.
    """
    if data.count(data[:1]) == len(data):
        return data
    while len(data) % 2 == 0 and len(data) // 2 >= SMALLEST_FLASH and _halves_are_equal(data):
        data = data[: len(data) // 2]
    return data


def _halves_are_equal(data: bytes) -> bool:
    middle = len(data) // 2
    view = memoryview(data)
    return view[:middle] == view[middle:]

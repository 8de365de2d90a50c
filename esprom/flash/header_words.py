# SPDX-License-Identifier: Apache-2.0
"""The settings of the flash in an image header: words, and the numbers behind them (IMAGE-6, IMAGE-12).

The words are those of esptool's `--flash-mode`, `--flash-freq` and `--flash-size`, which is what people
know them by. The command line offers them as choices, so they are apart from what takes images to pieces,
which takes longer to load.
"""

from esprom.sizes import UNITS

HEADER_MODES = {"qio": 0, "qout": 1, "dio": 2, "dout": 3}
HEADER_FREQUENCIES = {"80m": 0xF, "40m": 0x0, "26m": 0x1, "20m": 0x2}
HEADER_SIZES = {
    "256KB": 1,
    "512KB": 0,
    "1MB": 2,
    "2MB": 3,
    "4MB": 4,
    "2MB-c1": 5,
    "4MB-c1": 6,
    "8MB": 8,
    "16MB": 9,
}
RTOS_SIZES = {  # what the third form has in the place of those (IMAGE-12)
    "1MB": 0,
    "2MB": 1,
    "4MB": 2,
    "8MB": 3,
    "16MB": 4,
    "32MB": 5,
    "64MB": 6,
    "128MB": 7,
}


def size_in_bytes(word: str) -> int | None:
    """Return how large a flash a word of either table of sizes means, or None for any other word."""
    if word not in HEADER_SIZES and word not in RTOS_SIZES:
        return None
    size = word.removesuffix("-c1")
    return int(size[:-2]) << dict(UNITS)[size[-2:]]

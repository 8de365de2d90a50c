# SPDX-License-Identifier: Apache-2.0
"""The C library's memory and string functions, as the ROM has them.

Each does all its work at once and then lets its time pass. Costs of memcpy were counted by executing the
mask ROM's code (instructions, taken as cycles); those of the others are assumed to be alike.
"""

from esp8266sim.bootrom.rom import MASK32, Body, Function, Rom

COST_CALL = 20
COST_COPY = 0.69  # a byte, aligned: 2,830 for 4096
COST_COPY_UNALIGNED = 0.96  # a byte: 980 for 1024
COST_SET = 0.5
COST_TEXT = 4.0


def _charge_copy(rom: Rom, to: int, source: int, size: int) -> None:
    rom.spend(COST_CALL + size * (COST_COPY if (to | source) % 4 == 0 else COST_COPY_UNALIGNED))


def copy(rom: Rom, to: int, source: int, size: int) -> int:
    """memcpy, from the first byte on: what overlaps behind the source is repeated."""
    _charge_copy(rom, to, source, size)
    distance = to - source
    if 0 < distance < size:
        pattern = rom.read(source, distance)
        rom.write(to, (pattern * (size // distance + 1))[:size])
    else:
        rom.write(to, rom.read(source, size))
    return to


def move(rom: Rom, to: int, source: int, size: int) -> int:
    """Memmove."""
    _charge_copy(rom, to, source, size)
    rom.write(to, rom.read(source, size))
    return to


def block_copy(rom: Rom, source: int, to: int, size: int) -> int:
    """xthal_bcopy: source first."""
    return move(rom, to, source, size)


def fill(rom: Rom, to: int, value: int, size: int) -> int:
    """Memset."""
    rom.spend(COST_CALL + size * COST_SET)
    rom.write(to, bytes([value & 0xFF]) * size)
    return to


def clear(rom: Rom, to: int, size: int) -> int:
    """Bzero."""
    return fill(rom, to, 0, size)


def compare(rom: Rom, one: int, other: int, size: int) -> int:
    """memcmp: the difference of the first bytes that differ."""
    left, right = rom.read(one, size), rom.read(other, size)
    return _difference(rom, left, right)


def text_length(rom: Rom, text: int) -> int:
    """Strlen."""
    length = len(rom.text(text))
    rom.spend(COST_CALL + length)
    return length


def compare_texts(rom: Rom, one: int, other: int) -> int:
    """Strcmp."""
    return _difference(rom, rom.text(one) + b"\0", rom.text(other) + b"\0")


def compare_beginnings(rom: Rom, one: int, other: int, size: int) -> int:
    """Strncmp."""
    left, right = rom.text(one) + b"\0", rom.text(other) + b"\0"
    return _difference(rom, left[:size], right[:size])


def _difference(rom: Rom, left: bytes, right: bytes) -> int:
    for at, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            rom.spend(COST_CALL + at * COST_TEXT)
            return a - b
    rom.spend(COST_CALL + len(left) * COST_TEXT)
    return 0


def copy_text(rom: Rom, to: int, source: int) -> int:
    """Strcpy."""
    text = rom.text(source) + b"\0"
    rom.spend(COST_CALL + len(text) * COST_TEXT)
    rom.write(to, text)
    return to


def copy_beginning(rom: Rom, to: int, source: int, size: int) -> int:
    """strncpy: filled up with zeros, without one if there is no room."""
    rom.spend(COST_CALL + size * COST_TEXT)
    rom.write(to, rom.text(source)[:size].ljust(size, b"\0"))
    return to


def find_text(rom: Rom, where: int, what: int) -> int:
    """strstr: 0 if it is not there."""
    text = rom.text(where)
    rom.spend(COST_CALL + len(text) * COST_TEXT)
    at = text.find(rom.text(what))
    return where + at & MASK32 if at >= 0 else 0


_BY_NAME: dict[str, Body] = {
    "memcpy": copy,
    "memmove": move,
    "memset": fill,
    "memcmp": compare,
    "bzero": clear,
    "strcmp": compare_texts,
    "strncmp": compare_beginnings,
    "strcpy": copy_text,
    "strncpy": copy_beginning,
    "strlen": text_length,
    "strstr": find_text,
}
FUNCTIONS = (
    *(Function(name, body) for name, body in _BY_NAME.items()),
    *(Function(f"ets_{name}", body) for name, body in _BY_NAME.items()),
    Function("xthal_memcpy", copy),
    Function("xthal_bcopy", block_copy),
)

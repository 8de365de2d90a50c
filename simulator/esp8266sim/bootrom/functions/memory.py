# SPDX-License-Identifier: Apache-2.0
"""The C library's memory and string functions, as the ROM has them.

Each does all its work at once and then lets its time pass. Memory that takes words only (IRAM, the flash
window) is accessed by words where newlib's assembly for Xtensa does so: copies wherever the destination is
aligned, text from the first aligned address on. The Arduino core copies text out of flash that way. Costs of
memcpy were counted by executing the mask ROM's code (instructions, taken as cycles); those of the others are
assumed to be alike.
"""

from esp8266sim.bootrom.rom import MASK32, TEXT_LIMIT, Body, Function, Rom
from esp8266sim.soc.bus import DRAM, DRAM_SIZE, LOAD_STORE_ERROR, CpuException

COST_CALL = 20
COST_COPY = 0.69  # a byte, aligned: 2,830 for 4096
COST_COPY_UNALIGNED = 0.96  # a byte: 980 for 1024
COST_SET = 0.5
COST_TEXT = 4.0
WILD = 0x200000  # bytes, more than any memory has
SHORT = 7  # bytes; fewer are copied singly if the destination is not aligned


def _refuse_wild(address: int, size: int) -> None:
    """Fault at once if a size is beyond all memory; silicon overruns what there is before it dies of it."""
    if size > WILD:
        raise CpuException(LOAD_STORE_ERROR, address)


def _data_ram(address: int, size: int) -> bool:
    return 0 <= address - DRAM <= DRAM_SIZE - size


def _single_bytes(rom: Rom, address: int, size: int) -> bytes:
    return bytes(rom.cpu.load8(address + at & MASK32) for at in range(size))


def _words(rom: Rom, address: int, size: int) -> bytes:
    """Read a multiple of 4 bytes by the aligned words that they lie in."""
    skew = address & 3
    if not skew or not size:
        return rom.read(address, size)
    return rom.read(address - skew, size + 4)[skew : skew + size]


def _transfer(rom: Rom, to: int, source: int, size: int) -> None:
    """Copy as if through a buffer."""
    if _data_ram(to, size) and _data_ram(source, size):
        rom.write(to, rom.read(source, size))
        return
    first = 0 if to % 4 == 0 else size if size < SHORT else -to & 3
    last = first + (size - first & ~3)
    rom.write(to, _single_bytes(rom, source, first))
    rom.write(to + first & MASK32, _words(rom, source + first & MASK32, last - first))
    rom.write(to + last & MASK32, _single_bytes(rom, source + last & MASK32, size - last))


def _text(rom: Rom, address: int, limit: int = TEXT_LIMIT) -> bytes:
    """Return the text at an address, or its first `limit` bytes."""
    if _data_ram(address, 1):
        return rom.text(address)[:limit]
    found = bytearray()
    while len(found) < limit:
        place = address + len(found) & MASK32
        piece = rom.read(place, 4 if place % 4 == 0 else 1)
        found += piece.partition(b"\0")[0]
        if 0 in piece:
            break
    return bytes(found[:limit])


def _charge_copy(rom: Rom, to: int, source: int, size: int) -> None:
    _refuse_wild(to, size)
    rom.spend(COST_CALL + size * (COST_COPY if (to | source) % 4 == 0 else COST_COPY_UNALIGNED))


def copy(rom: Rom, to: int, source: int, size: int) -> int:
    """memcpy, from the first byte on: what overlaps behind the source is repeated."""
    _charge_copy(rom, to, source, size)
    distance = to - source
    if 0 < distance < size:
        pattern = rom.read(source, distance)
        rom.write(to, (pattern * (size // distance + 1))[:size])
    else:
        _transfer(rom, to, source, size)
    return to


def move(rom: Rom, to: int, source: int, size: int) -> int:
    """Memmove."""
    _charge_copy(rom, to, source, size)
    _transfer(rom, to, source, size)
    return to


def block_copy(rom: Rom, source: int, to: int, size: int) -> int:
    """xthal_bcopy: source first."""
    return move(rom, to, source, size)


def fill(rom: Rom, to: int, value: int, size: int) -> int:
    """Memset."""
    _refuse_wild(to, size)
    rom.spend(COST_CALL + size * COST_SET)
    rom.write(to, bytes([value & 0xFF]) * size)
    return to


def clear(rom: Rom, to: int, size: int) -> int:
    """Bzero."""
    return fill(rom, to, 0, size)


def compare(rom: Rom, one: int, other: int, size: int) -> int:
    """memcmp: the difference of the first bytes that differ."""
    _refuse_wild(one, size)
    if not (_data_ram(one, size) and _data_ram(other, size)):
        size = _first_different_word(rom, one, other, size)
    return _difference(rom, rom.read(one, size), rom.read(other, size))


def _first_different_word(rom: Rom, one: int, other: int, size: int) -> int:
    """Return where the first word ends that differs: nothing behind it may be read."""
    for at in range(0, size - 4, 4):
        if rom.read(one + at & MASK32, 4) != rom.read(other + at & MASK32, 4):
            return at + 4
    return size


def text_length(rom: Rom, text: int) -> int:
    """Strlen."""
    length = len(_text(rom, text))
    rom.spend(COST_CALL + length)
    return length


def compare_texts(rom: Rom, one: int, other: int) -> int:
    """Strcmp."""
    return _difference(rom, _text(rom, one) + b"\0", _text(rom, other) + b"\0")


def compare_beginnings(rom: Rom, one: int, other: int, size: int) -> int:
    """Strncmp."""
    left, right = _text(rom, one, size) + b"\0", _text(rom, other, size) + b"\0"
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
    text = _text(rom, source) + b"\0"
    rom.spend(COST_CALL + len(text) * COST_TEXT)
    rom.write(to, text)
    return to


def copy_beginning(rom: Rom, to: int, source: int, size: int) -> int:
    """strncpy: filled up with zeros, without one if there is no room."""
    _refuse_wild(to, size)
    rom.spend(COST_CALL + size * COST_TEXT)
    rom.write(to, _text(rom, source, size).ljust(size, b"\0"))
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

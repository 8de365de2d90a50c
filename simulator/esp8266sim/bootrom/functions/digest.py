# SPDX-License-Identifier: Apache-2.0
"""MD5 and SHA-1 as the ROM has them: the context lies in the program's RAM and is true after every call.

So nothing of hashlib can be used, which does not tell its state; the compression functions are written out
in full once, as source, and compiled. The contexts are laid out as in the public-domain code that
wpa_supplicant carries, whose names these functions have. MD5Update costs 12.1 cycles a byte, counted by
executing the mask ROM's code; SHA-1 is assumed to cost twice that, and that Final wipes the context is
assumed as well.
"""

import math
import struct
from collections.abc import Callable, Sequence

from esp8266sim.bootrom.rom import MASK32, Function, Rom

BLOCK = 64  # bytes
COST_MD5_BYTE = 12.1
COST_SHA1_BYTE = 24.0
COST_CALL = 60

State = tuple[int, ...]
Compress = Callable[[State, Sequence[int]], State]

_MD5_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_SHA1_START = (*_MD5_START, 0xC3D2E1F0)
_MD5_SHIFTS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
_MD5_ROUNDS = (
    ("{d} ^ ({b} & ({c} ^ {d}))", 1, 0),
    ("{c} ^ ({d} & ({b} ^ {c}))", 5, 1),
    ("{b} ^ {c} ^ {d}", 3, 5),
    ("{c} ^ ({b} | ({d} ^ M))", 7, 0),
)
_SHA1_ROUNDS = (
    ("{d} ^ ({b} & ({c} ^ {d}))", 0x5A827999),
    ("{b} ^ {c} ^ {d}", 0x6ED9EBA1),
    ("({b} & {c}) | ({d} & ({b} | {c}))", 0x8F1BBCDC),
    ("{b} ^ {c} ^ {d}", 0xCA62C1D6),
)


def _compiled(lines: list[str]) -> Compress:
    names: dict[str, object] = {}
    exec("\n ".join(lines), names)
    return names["compress"]  # type: ignore[return-value]


def _md5() -> Compress:
    lines = ["def compress(state, x, M=0xFFFFFFFF):", "a, b, c, d = state"]
    lines.append(f"{', '.join(f'x{i}' for i in range(16))} = x")
    for step in range(64):
        kind = step // 16
        formula, stride, first = _MD5_ROUNDS[kind]
        shift = _MD5_SHIFTS[kind][step % 4]
        a, b, c, d = ("abcd"[(place - step) % 4] for place in range(4))
        word = f"x{(first + stride * step) % 16}"
        constant = int(abs(math.sin(step + 1)) * (1 << 32))
        lines.append(f"t = {a} + ({formula.format(b=b, c=c, d=d)}) + {word} + {constant} & M")
        lines.append(f"{a} = {b} + (t << {shift} | t >> {32 - shift}) & M")
    lines.append("return (state[0] + a & M, state[1] + b & M, state[2] + c & M, state[3] + d & M)")
    return _compiled(lines)


def _sha1() -> Compress:
    lines = ["def compress(state, x, M=0xFFFFFFFF):", "a, b, c, d, e = state"]
    lines.append(f"{', '.join(f'x{i}' for i in range(16))} = x")
    for step in range(80):
        formula, constant = _SHA1_ROUNDS[step // 20]
        a, b, c, d, e = ("abcde"[(place - step) % 5] for place in range(5))
        word = f"x{step % 16}"
        if step >= 16:
            others = (f"x{(step + back) % 16}" for back in (13, 8, 2))
            lines.append(f"t = {word} ^ {' ^ '.join(others)}")
            lines.append(f"{word} = (t << 1 | t >> 31) & M")
        rolled = f"({a} << 5 | {a} >> 27)"
        lines.append(f"{e} = {e} + {rolled} + ({formula.format(b=b, c=c, d=d)}) + {word} + {constant} & M")
        lines.append(f"{b} = ({b} << 30 | {b} >> 2) & M")
    sums = ", ".join(f"state[{index}] + {name} & M" for index, name in enumerate("abcde"))
    lines.append(f"return ({sums})")
    return _compiled(lines)


class Digest:
    """One of the two: its context in RAM is the state, the count of bits in two words, and a block."""

    def __init__(self, start: State, compress: Compress, byteorder: str, cost: float) -> None:
        self._start = start
        self._compress = compress
        self._words = struct.Struct(f"{byteorder}16I")
        self._count = struct.Struct(f"{byteorder}2I")
        self._low_first = byteorder == "<"
        self._state = struct.Struct(f"<{len(start)}I")
        self._result = struct.Struct(f"{byteorder}{len(start)}I")
        self._buffer = self._state.size + 8
        self._size = self._buffer + BLOCK
        self._cost = cost

    def init(self, rom: Rom, context: int) -> None:
        """Begin: nothing counted."""
        rom.spend(COST_CALL)
        rom.write(context, self._state.pack(*self._start) + bytes(8))

    def update(self, rom: Rom, context: int, source: int, size: int) -> None:
        """Take in bytes."""
        rom.spend(COST_CALL + self._cost * size)
        self._feed(rom, context, rom.read(source, size))

    def final(self, rom: Rom, to: int, context: int) -> None:
        """Pad, store the digest, and wipe the context."""
        rom.spend(COST_CALL + self._cost * BLOCK)
        low, high = struct.unpack("<2I", rom.read(context + self._state.size, 8))
        used = low // 8 % BLOCK
        padding = b"\x80" + bytes((55 - used) % BLOCK)
        count = (low, high) if self._low_first else (high, low)
        self._feed(rom, context, padding + self._count.pack(*count))
        rom.write(to, self._result.pack(*self._state.unpack(rom.read(context, self._state.size))))
        rom.write(context, bytes(self._size))

    def transform(self, rom: Rom, state: int, block: int) -> None:
        """Take in one block, in a bare state."""
        rom.spend(COST_CALL + self._cost * BLOCK)
        words = self._words.unpack(rom.read(block, BLOCK))
        before = self._state.unpack(rom.read(state, self._state.size))
        rom.write(state, self._state.pack(*self._compress(before, words)))

    def _feed(self, rom: Rom, context: int, data: bytes) -> None:
        head = rom.read(context, self._buffer)
        state = self._state.unpack_from(head)
        low, high = struct.unpack_from("<2I", head, self._state.size)
        used = low // 8 % BLOCK
        bits = (low | high << 32) + 8 * len(data)
        data = rom.read(context + self._buffer, BLOCK)[:used] + data
        compress, words, whole = self._compress, self._words.unpack_from, len(data) // BLOCK * BLOCK
        for at in range(0, whole, BLOCK):
            state = compress(state, words(data, at))
        count = struct.pack("<2I", bits & MASK32, bits >> 32 & MASK32)
        rom.write(context, self._state.pack(*state) + count + data[whole:])


MD5 = Digest(_MD5_START, _md5(), "<", COST_MD5_BYTE)
SHA1 = Digest(_SHA1_START, _sha1(), ">", COST_SHA1_BYTE)

FUNCTIONS = (
    Function("MD5Init", MD5.init),
    Function("MD5Update", MD5.update),
    Function("MD5Final", MD5.final),
    Function("SHA1Init", SHA1.init),
    Function("SHA1Update", SHA1.update),
    Function("SHA1Final", SHA1.final),
    Function("SHA1Transform", SHA1.transform),
)

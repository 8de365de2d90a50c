# SPDX-License-Identifier: Apache-2.0
"""The ROM's C library against Python's own: bytes, texts, numbers, digests, formats."""

import hashlib
import math
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esp8266sim import PROFILES, Board
from esp8266sim.bootrom.functions.digest import MD5, SHA1, Digest
from esp8266sim.bootrom.functions.printf import pieces
from esp8266sim.bootrom.rom import Rom
from esp8266sim.bootrom.symbols import SYMBOLS, nearest
from esp8266sim.bootrom.table import FUNCTIONS
from esp8266sim.soc.bus import CpuException

RAM = 0x3FFE8000
BODIES = {function.name: function.body for function in FUNCTIONS}
ROM = Rom(Board(PROFILES["esp01"]).soc)
words = st.one_of(st.sampled_from([0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]), st.integers(0, 0xFFFFFFFF))
texts = st.binary(max_size=12).map(lambda text: text.replace(b"\0", b"x"))


def call(name: str, *arguments: int) -> Any:
    return BODIES[name](ROM, *arguments)


def signed(value: int, bits: int = 32) -> int:
    return value - (value >> bits - 1 << bits)


def wide(low: int) -> int:
    return low | ROM.cpu.registers[3] << 32


def test_every_function_has_its_own_address_and_room_to_be_resumed() -> None:
    addresses = sorted(function.address for function in FUNCTIONS)
    assert len(addresses) == len(set(addresses)) == len(BODIES)
    assert all(later - before > 2 for before, later in pairwise(addresses))


@pytest.mark.parametrize(
    ("address", "name"),
    [(0x40003B30, "uart_tx_one_char"), (0x40003B32, "uart_tx_one_char+0x2"), (0x40000000, "0x40000000")],
)
def test_nearest_names(address: int, name: str) -> None:
    assert nearest(address) == name
    assert SYMBOLS["SPIRead"] == 0x40004B1C


@given(data=st.binary(max_size=64), shift=st.integers(-8, 8))
def test_copies_of_what_overlaps(data: bytes, shift: int) -> None:
    at = RAM + 0x100
    ROM.write(at, data)
    assert call("memmove", at + shift, at, len(data)) == at + shift
    assert ROM.read(at + shift, len(data)) == data
    memory = bytearray(256)
    memory[16 : 16 + len(data)] = data
    ROM.write(at, bytes(memory))
    call("memcpy", at + 16 + shift, at + 16, len(data))
    for index in range(len(data)):
        memory[16 + shift + index] = memory[16 + index]
    assert ROM.read(at, 256) == memory


@given(one=texts, other=texts, count=st.integers(0, 14))
def test_texts(one: bytes, other: bytes, count: int) -> None:
    first, second, third = RAM, RAM + 0x100, RAM + 0x200
    ROM.write(first, one + b"\0")
    ROM.write(second, other + b"\0")
    assert call("strlen", first) == len(one)
    compared = call("ets_strcmp", first, second)
    assert (compared > 0) - (compared < 0) == (one > other) - (one < other)
    assert (call("strncmp", first, second, count) == 0) == ((one + b"\0")[:count] == (other + b"\0")[:count])
    at = one.find(other)
    assert call("strstr", first, second) == (first + at if at >= 0 else 0)
    call("strncpy", third, first, count)
    assert ROM.read(third, count) == one[:count].ljust(count, b"\0")
    assert (call("memcmp", first, second, 4) == 0) == (ROM.read(first, 4) == ROM.read(second, 4))


@given(value=words, by=words.filter(bool))
def test_divisions(value: int, by: int) -> None:
    assert call("__udivsi3", value, by) == value // by
    assert call("__umodsi3", value, by) == value % by
    assert call("__divsi3", value, by) & 0xFFFFFFFF == int(signed(value) / signed(by)) & 0xFFFFFFFF


@given(value=st.integers(0, 2**64 - 1), by=st.integers(1, 2**64 - 1))
def test_wide_arithmetic(value: int, by: int) -> None:
    pairs = (value & 0xFFFFFFFF, value >> 32, by & 0xFFFFFFFF, by >> 32)
    assert wide(call("__udivdi3", *pairs)) == value // by
    assert wide(call("__umoddi3", *pairs)) == value % by
    assert wide(call("__muldi3", *pairs)) == value * by % 2**64
    quotient = abs(signed(value, 64)) // abs(signed(by, 64))
    negative = (signed(value, 64) < 0) != (signed(by, 64) < 0)
    assert wide(call("__divdi3", *pairs)) == (-quotient if negative else quotient) % 2**64
    assert wide(call("__umulsidi3", pairs[0], pairs[2])) == pairs[0] * pairs[2]


@pytest.mark.parametrize("name", ["__udivsi3", "__umodsi3", "__divsi3"])
def test_a_division_by_zero_is_an_illegal_instruction(name: str) -> None:
    with pytest.raises(CpuException, match="cause 0"):
        call(name, 1, 0)


@given(one=st.floats(), other=st.floats())
def test_doubles(one: float, other: float) -> None:
    pairs = (*struct.unpack("<2I", struct.pack("<d", one)), *struct.unpack("<2I", struct.pack("<d", other)))

    def result(name: str) -> float:
        return float(struct.unpack("<d", wide(call(name, *pairs)).to_bytes(8, "little"))[0])

    for name, expected in (("__adddf3", one + other), ("__subdf3", one - other), ("__muldf3", one * other)):
        found = result(name)
        assert found == expected or (math.isnan(found) and math.isnan(expected))
    if other:
        assert result("__divdf3") == one / other or math.isnan(one / other)
    else:
        assert math.isinf(result("__divdf3")) or not one or math.isnan(one)


@given(value=words, number=st.floats(width=32))
def test_conversions(value: int, number: float) -> None:
    single = int.from_bytes(struct.pack("<f", number), "little")
    low = call("__extendsfdf2", single)
    found = struct.unpack("<d", wide(low).to_bytes(8, "little"))[0]
    assert found == number or math.isnan(number)
    low = call("__floatsidf", value)
    assert struct.unpack("<d", wide(low).to_bytes(8, "little"))[0] == signed(value)
    assert call("__fixdfsi", low, ROM.cpu.registers[3]) == signed(value)
    low = call("__floatunsidf", value)
    assert call("__fixunsdfsi", low, ROM.cpu.registers[3]) == value


@given(parts=st.lists(st.binary(max_size=150), max_size=4))
@pytest.mark.parametrize(("digest", "reference"), [(MD5, hashlib.md5), (SHA1, hashlib.sha1)])
def test_digests_in_any_pieces_and_from_a_copied_context(
    digest: Digest, reference: Any, parts: list[bytes]
) -> None:
    context, copy, source, out = RAM, RAM + 0x100, RAM + 0x200, RAM + 0x400
    digest.init(ROM, context)
    for part in parts:
        ROM.write(source, part)
        digest.update(ROM, context, source, len(part))
        ROM.write(copy, ROM.read(context, 96))
        ROM.write(context, bytes(96))  # what matters is in RAM
        ROM.write(context, ROM.read(copy, 96))
    digest.final(ROM, out, context)
    expected = reference(b"".join(parts)).digest()
    assert ROM.read(out, len(expected)) == expected
    assert ROM.read(context, 80) == bytes(80)


@pytest.mark.parametrize(
    ("text", "arguments", "printed"),
    [
        (b"plain\n", [], b"plain\n"),
        (b"%d %i %u", [0xFFFFFFFF, 5, 0xFFFFFFFF], b"-1 5 4294967295"),
        (b"%x %X %p", [0xBEEF, 0xBEEF, 1], b"beef BEEF 1"),
        (b"[%5d|%-5d|%05d]", [0xFFFFFFFE, 3, 0xFFFFFFFC], b"[   -2|3    |-0004]"),
        (b"0x%08x", [0x1234], b"0x00001234"),
        (b"%s,%6s,%-6s,%.2s", [1, 1, 1, 1], b"abc,   abc,abc   ,ab"),
        (b"%c%c%%", [0x41, 0x142], b"AB%"),
        (b"%ld %lx", [7, 255], b"7 ff"),
        (b"%q %", [], b"%q %"),
    ],
)
def test_formats(text: bytes, arguments: list[int], printed: bytes) -> None:
    given_to_it: Iterator[int] = iter(arguments)
    assert b"".join(pieces(text, given_to_it, lambda address: b"abc")) == printed
    assert list(given_to_it) == []

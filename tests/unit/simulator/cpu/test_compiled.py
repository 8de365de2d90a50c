# SPDX-License-Identifier: Apache-2.0
"""What the C compiler makes of the loops of a stub loader gives what Python gives."""

import hashlib
import random
import struct
import zlib

import pytest

from esprom.protocol import checksum, slip
from tests.lx106 import RAM
from tests.lx106_c import Callable

FROM, TO = RAM + 0x101, RAM + 0x4003


@pytest.fixture(params=[(False, 0), (True, 0), (True, 40)], ids=["interpreted", "translated", "both"])
def c(request: pytest.FixtureRequest) -> Callable:
    translating, hot = request.param
    return Callable(translating=translating, hot=hot)


@pytest.fixture
def data() -> bytes:
    return random.Random(7).randbytes(3000) + bytes([0xC0, 0xDB, 0xDC, 0xDD]) * 40


def test_copies(c: Callable, data: bytes) -> None:
    c.put(FROM, data)
    c.call("copy_bytes", TO, FROM, len(data))
    assert c.get(TO, len(data)) == data
    c.put(RAM, data)
    c.call("copy_words", RAM + 0x8000, RAM, len(data))
    assert c.get(RAM + 0x8000, len(data)) == data


def test_sums(c: Callable, data: bytes) -> None:
    c.put(FROM, data)
    assert c.call("checksum", FROM, len(data)) == checksum(data)
    assert c.call("crc32", FROM, len(data)) == zlib.crc32(data)


def test_slip(c: Callable, data: bytes) -> None:
    c.put(FROM, data)
    size = c.call("slip_encode", TO, FROM, len(data))
    assert c.get(TO, size) == slip.encode(data)
    assert c.call("slip_decode", FROM, TO, size) == len(data)
    assert c.get(FROM, len(data)) == data


def test_md5(c: Callable, data: bytes) -> None:
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    c.put(RAM, struct.pack("<4I", 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476))
    c.put(RAM + 0x100, padded)
    c.call("md5_blocks", RAM, RAM + 0x100, len(padded) // 64)
    assert c.get(RAM, 16) == hashlib.md5(data).digest()


def test_sorting_through_a_function_pointer(c: Callable) -> None:
    numbers = [random.Random(3).randint(-32768, 32767) for _ in range(300)]
    c.put(RAM, struct.pack("<300h", *numbers))
    c.call("sort_shorts", RAM, 300)
    assert list(struct.unpack("<300h", c.get(RAM, 600))) == sorted(numbers)


def test_signed_products_and_division(c: Callable) -> None:
    dice = random.Random(9)
    one, other = ([dice.randint(-32768, 32767) for _ in range(200)] for _ in range(2))
    c.put(RAM, struct.pack("<400h", *one, *other))
    total = sum(a * b for a, b in zip(one, other, strict=True))
    assert c.call("dot", RAM, RAM + 400, 200) == total & 0xFFFFFFFF
    for a, b in ((4294967295, 7), (5, 6), (100, 10), (0x80000000, 0x7FFFFFFF)):
        assert c.call("divide", a, b) == a // b

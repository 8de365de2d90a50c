# SPDX-License-Identifier: Apache-2.0
"""The checksum, against what the mask ROM accepted."""

import pytest

from esprom.protocol.checksum import checksum
from tests import wire

KNOWN = [
    ("nothing", b"", 0xEF),  # vector mem/len-0
    ("one byte", b"\x01", 0xEE),
    ("a byte that cancels", b"\xef", 0x00),
    ("odd", b"\x01\x02\x03", 0xEF),
    ("64 bytes", wire.DATA_64, 0xA0),  # vector mem/ok
    ("16 bytes", wire.DATA_64[:16], 0xE6),  # vector mem/last-short
    ("7 bytes", bytes.fromhex("f5b165224a58b7"), 0x49),  # vector mem/odd-length-iram
]


@pytest.mark.spec("PROTO-5")
@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN])
def test_checksum(data: bytes, expected: int) -> None:
    assert checksum(data) == expected

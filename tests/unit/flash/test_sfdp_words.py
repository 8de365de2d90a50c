# SPDX-License-Identifier: Apache-2.0
"""What chips say of themselves, for people. The tables are of real chips (test_sfdp.py says whence)."""

import pytest

from esprom.flash import sfdp
from esprom.flash.sfdp_words import SfdpErase, SfdpRead, sfdp_summary
from tests.unit.flash.test_sfdp import MX25R8035F, W25H256JV, W25H256JV_HEADERS, headers, whole


def test_a_real_chip() -> None:
    found = sfdp_summary(whole(headers(), MX25R8035F, 0x30))
    assert found is not None
    assert (found.revision, found.table, found.size) == ("1.0", (0x30, 9), 1 << 20)
    assert found.erases == (SfdpErase(4096, 0x20), SfdpErase(32768, 0x52), SfdpErase(65536, 0xD8))
    assert found.reads == (
        SfdpRead("1-1-2", 0x3B, 8),
        SfdpRead("1-2-2", 0xBB, 4),
        SfdpRead("1-1-4", 0x6B, 8),
        SfdpRead("1-4-4", 0xEB, 6),
    )
    assert found.whole_pages
    assert found.erases_4k_everywhere


def test_a_chip_with_four_lines_for_all() -> None:
    found = sfdp_summary(whole(W25H256JV_HEADERS, W25H256JV, 0x80))
    assert found is not None
    assert (found.revision, found.table, found.size) == ("1.5", (0x80, 16), 32 << 20)
    assert found.reads[-1] == SfdpRead("4-4-4", 0xEB, 2)


@pytest.mark.parametrize("data", [b"", bytes(256), b"\xff" * 256, sfdp.SIGNATURE, W25H256JV_HEADERS])
def test_what_is_none(data: bytes) -> None:
    assert sfdp_summary(data) is None

# SPDX-License-Identifier: Apache-2.0
"""Whole flashes of used modules, backed up over the ROM loader, byte by byte (BACKUP-1)."""

from dataclasses import replace
from pathlib import Path

import pytest

import esprom
from esp8266sim import PROFILES, Board
from esp8266sim.chips import W25Q32, W25Q80, ChipModel
from esp8266sim.trace import Kind
from tests.firmware import used
from tests.ports import on_board

HALF = replace(W25Q80, name="512 KiB, no SFDP", jedec_id=0xEF4013, size=0x80000, sfdp=b"")
FAST = 921600  # the boot ROM's autobaud takes it, and it costs the host nothing more

BY_ROM = 0x80000  # bytes


@pytest.mark.soak
@pytest.mark.parametrize("chip", [HALF, W25Q80, W25Q32], ids=lambda chip: f"{chip.size >> 10}KiB")
def test_a_used_module_is_backed_up_whole(chip: ChipModel, tmp_path: Path) -> None:
    content = used(chip.size)
    board = Board(PROFILES["esp01"], bytearray(content), chip=chip)
    port = on_board(board)
    port.baud = FAST
    loader = "rom" if chip.size <= BY_ROM else "stub"  # whose time is minutes here, for a large flash
    with esprom.connect(port, loader=loader) as device:
        result = device.backup(tmp_path / "module")
    assert result.image.read_bytes() == content
    assert result.manifest.proof.reread_sectors == ()
    assert bytes(board.flash.array) == content
    assert board.trace.of(Kind.UNMODELLED) == []

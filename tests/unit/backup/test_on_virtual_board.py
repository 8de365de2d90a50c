# SPDX-License-Identifier: Apache-2.0
"""Backup and restore with the real client over the virtual board. BACKUP-1, BACKUP-6, RESTORE-5, RESTORE-6.

The user's word makes the flash two sectors large, which keeps this quick; the benchmark does 1 MiB.
"""

from pathlib import Path

import pytest

import esprom
from esprom.errors import Cancelled, VerifyFailed
from tests.firmware import MIB, SECTOR, stock, used
from tests.ports import board, on_board

SIZE = 2 * SECTOR


def test_backed_up_changed_and_restored(tmp_path: Path) -> None:
    module = board("esp01", used(MIB))
    with esprom.connect(on_board(module), flash_size=SIZE) as device:
        saved = device.backup(tmp_path / "kitchen")
        assert saved.image.read_bytes() == used(MIB)[:SIZE]
        assert saved.manifest.chip.mac == device.chip.mac
        module.flash.array[:SIZE] = stock(MIB, seed=2)[:SIZE]
        assert device.restore(tmp_path / "kitchen").size == SIZE
    assert bytes(module.flash.array) == used(MIB)


def test_a_cancel_half_way_leaves_no_file(tmp_path: Path) -> None:
    with esprom.connect(on_board(board("esp01", used(MIB))), flash_size=SIZE) as device:
        asked = iter([False] * 5 + [True])
        with pytest.raises(Cancelled, match=f"of {SIZE} bytes"):
            device.backup(tmp_path / "kitchen", cancel=lambda: next(asked))
    assert list(tmp_path.iterdir()) == []


def test_a_flash_that_does_not_take_it_fails_the_restore(tmp_path: Path) -> None:
    module = board("esp01", b"\xff" * MIB)
    (tmp_path / "dump.bin").write_bytes(b"\x0f" * SECTOR)
    with esprom.connect(on_board(module), flash_size=SECTOR) as device:

        def spoil(progress: esprom.Progress) -> None:
            if progress.stage == "verify":
                module.flash.array[0x123] = 0x0E

        with pytest.raises(VerifyFailed) as failure:
            device.restore(tmp_path / "dump.bin", progress=spoil)
    assert failure.value.address == 0x123

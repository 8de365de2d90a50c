# SPDX-License-Identifier: Apache-2.0
"""A backup into a board. RESTORE-1, RESTORE-2, RESTORE-3, RESTORE-4, RESTORE-5, RESTORE-6, RESTORE-7."""

from dataclasses import replace
from pathlib import Path

import pytest

from esprom.backup import backup, plan_restore, restore
from esprom.errors import Cancelled, ImageError, Refused, VerifyFailed
from esprom.image import edit_header
from tests.fake_board import CHIP, FakeBoard
from tests.firmware import KIB, MIB, mirrored, rtos, stock, used

OTHER_CHIP = replace(CHIP, mac="5c:cf:7f:00:99:99")


def blank(size: int = MIB) -> FakeBoard:
    return FakeBoard(bytearray(b"\xff" * size))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A backup of a used module of 1 MiB; NAME, without an ending."""
    backup(FakeBoard(bytearray(used(MIB))), tmp_path / "kitchen")
    return tmp_path / "kitchen"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Another tool's dump: no manifest."""
    (tmp_path / "dump.img").write_bytes(used(MIB))
    return tmp_path / "dump.img"


@pytest.mark.parametrize("ending", ["", ".bin", ".json"])
def test_the_flash_is_what_it_was(saved: Path, ending: str) -> None:
    board = blank()
    result = restore(board, saved.with_name(saved.name + ending))
    assert board.content == used(MIB)
    assert (result.image, result.size) == (saved.with_suffix(".bin"), MIB)
    assert result.manifest is not None
    assert result.notes == ()
    assert board.log == ["write", "verify"]


def test_not_a_bit_is_edited_where_the_header_does_not_fit_the_flash(tmp_path: Path) -> None:
    odd = edit_header(stock(512 * KIB), size="4MB", mode="qio", frequency="80m")
    (tmp_path / "odd.bin").write_bytes(odd)
    board = blank(512 * KIB)
    result = restore(board, tmp_path / "odd.bin")
    assert board.content == odd
    assert any("header says 4MB and the flash has 512KB" in note for note in result.notes)


def test_an_image_of_the_rtos_sdks_form_has_its_own_numbers(tmp_path: Path) -> None:
    (tmp_path / "rtos.bin").write_bytes(rtos(4 * MIB, "2MB"))
    plan = plan_restore(blank(4 * MIB), tmp_path / "rtos.bin")
    assert [region.offset for region in plan.identity] == [0x1FB000, 0x1FC000, 0x1FD000]
    assert not any("image header says" in note for note in plan.notes)
    (tmp_path / "large.bin").write_bytes(rtos(MIB, "16MB"))
    notes = plan_restore(blank(MIB), tmp_path / "large.bin").notes
    assert any("image header says 16MB and the flash has 1MB" in note for note in notes)


def test_calibration_is_kept_where_either_reading_of_the_boards_header_has_it(tmp_path: Path) -> None:
    (tmp_path / "new.bin").write_bytes(b"\xff" * 4 * MIB)
    board = FakeBoard(bytearray(rtos(4 * MIB, "2MB")))
    plan = plan_restore(board, tmp_path / "new.bin", keep_calibration=True)
    places = [region.offset for region in plan.kept if region.name == "RF calibration"]
    assert places == [0x3B000, 0x1FB000, 0x3FB000]  # by 256KB, 2MB, and the flash's end


def test_another_tools_dump(dump: Path) -> None:
    board = blank()
    result = restore(board, dump)
    assert board.content == used(MIB)
    assert result.manifest is None
    assert "no NAME.json" in result.notes[0]


@pytest.mark.parametrize("at", [0, 0x12345, MIB - 1])
def test_a_file_that_was_damaged_is_refused(saved: Path, at: int) -> None:
    image = saved.with_suffix(".bin")
    damaged = bytearray(image.read_bytes())
    damaged[at] ^= 1
    image.write_bytes(damaged)
    board = blank()
    with pytest.raises(ImageError, match=f"differs in the 65536 bytes from 0x{at & ~0xFFFF:x} on"):
        restore(board, saved, force=True, other_board=True)
    assert board.log == []


def test_a_file_that_was_cut_is_refused(saved: Path) -> None:
    image = saved.with_suffix(".bin")
    image.write_bytes(image.read_bytes()[: 512 * KIB])
    with pytest.raises(ImageError, match="has 524288 bytes and not 1048576"):
        restore(blank(), saved, force=True)


def test_a_manifest_that_cannot_be_read_is_refused(saved: Path) -> None:
    saved.with_suffix(".json").write_bytes(b"{")
    with pytest.raises(ImageError, match=r"kitchen\.json: not the manifest of a backup.*move the .json away"):
        restore(blank(), saved)


def test_a_damaged_manifest_of_ours_is_refused(saved: Path) -> None:
    manifest = saved.with_suffix(".json")
    manifest.write_bytes(manifest.read_bytes().replace(b'"sha256"', b'"sha257"'))
    with pytest.raises(ImageError, match=r"kitchen\.json: the manifest is damaged: digests\.sha256"):
        restore(blank(), saved)


@pytest.mark.parametrize("theirs", [b'{"name": "lamp"}', b"[1]", b'{"format": "tasmota", "version": 1}'])
def test_somebody_elses_json_is_passed_over_with_a_note(dump: Path, theirs: bytes) -> None:
    (dump.parent / "dump.img.json").write_bytes(theirs)
    board = blank()
    result = restore(board, dump)
    assert board.content == used(MIB)
    assert result.manifest is None
    assert "dump.img.json is not the manifest of a backup, and is passed over" in result.notes[0]


def test_without_the_manifest_a_damaged_file_is_taken(saved: Path) -> None:
    saved.with_suffix(".json").unlink()
    saved.with_suffix(".bin").write_bytes(stock(MIB, seed=2))
    board = blank()
    restore(board, saved)
    assert board.content == stock(MIB, seed=2)


def test_another_board_is_refused_unless_it_is_meant(saved: Path) -> None:
    board = blank()
    board.chip = OTHER_CHIP
    with pytest.raises(Refused, match=r"5c:cf:7f:00:12:34, and this one is 5c:cf:7f:00:99:99.*--other-board"):
        restore(board, saved, force=True)
    assert board.log == []
    restore(board, saved, other_board=True)
    assert board.content == used(MIB)


def test_a_smaller_file_is_refused_unless_it_is_meant(saved: Path) -> None:
    board = FakeBoard(bytearray(b"\xa5" * 4 * MIB))
    with pytest.raises(Refused, match=r"has 1048576 bytes and the flash 4194304.*--force"):
        restore(board, saved, other_board=True)
    assert board.log == []
    assert restore(board, saved, force=True).size == MIB
    assert board.content == used(MIB) + b"\xa5" * 3 * MIB


@pytest.mark.parametrize("times", [2, 4])
@pytest.mark.parametrize("size", [512 * KIB, MIB])
def test_a_mirrored_dump_goes_in_once(tmp_path: Path, size: int, times: int) -> None:
    (tmp_path / "old.bin").write_bytes(mirrored(stock(size), times))
    board = blank(size)
    result = restore(board, tmp_path / "old.bin")
    assert board.content == stock(size)
    assert result.size == size
    assert f"{times} times over" in result.notes[0]


def test_a_mirrored_dump_that_just_fits_is_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(mirrored(stock(MIB), 4))
    board = blank(4 * MIB)
    result = restore(board, tmp_path / "old.bin")
    assert board.content == stock(MIB) * 4
    assert "may have been read from a smaller flash" in result.notes[0]


def test_a_mirror_of_less_than_the_flash_is_cut_at_the_flash(tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(mirrored(stock(512 * KIB), 4))
    board = blank(MIB)
    restore(board, tmp_path / "old.bin")
    assert board.content == stock(512 * KIB) * 2


@pytest.mark.parametrize("dump", [stock(MIB) + stock(MIB, seed=2), b"\xff" * 2 * MIB, stock(MIB) + b"\xff"])
def test_a_larger_file_is_refused_whatever_is_said(tmp_path: Path, dump: bytes) -> None:
    (tmp_path / "large.bin").write_bytes(dump)
    board = blank()
    with pytest.raises(Refused, match="does not fit"):
        restore(board, tmp_path / "large.bin", force=True, other_board=True)
    assert board.log == []


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.bin").touch()
    with pytest.raises(ImageError, match="is empty"):
        restore(blank(), tmp_path / "empty.bin", force=True)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"cannot read .*none\.bin"):
        restore(blank(), tmp_path / "none")


def test_a_file_that_cannot_boot_is_remarked_on(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"\0" * MIB)
    assert "does not begin with a firmware image" in restore(blank(), tmp_path / "data.bin").notes[-1]


def test_the_plan_says_it_all_and_changes_nothing(saved: Path) -> None:
    board = FakeBoard(bytearray(b"\xff" * 4 * MIB), chip=OTHER_CHIP)
    plan = plan_restore(board, saved)
    assert plan.action.startswith("write 1MB of ")
    assert "into the 4MB flash of ESP8266EX 5c:cf:7f:00:99:99" in plan.action
    assert "the last 3MB stay as they are" in plan.action
    assert [obstacle.option for obstacle in plan.obstacles] == ["--other-board", "--force"]
    assert board.log == []
    assert repr(plan.data)[:20] not in repr(plan)


def test_what_was_planned_is_what_is_written(saved: Path) -> None:
    board = blank()
    plan = plan_restore(board, saved)
    saved.with_suffix(".bin").write_bytes(b"changed meanwhile")
    restore(board, plan)
    assert board.content == used(MIB)


def test_a_plan_is_for_one_board(saved: Path) -> None:
    other = replace_chip(blank())
    with pytest.raises(ValueError, match="the plan was made for"):
        restore(other, plan_restore(blank(), saved))
    assert other.log == []


def replace_chip(board: FakeBoard) -> FakeBoard:
    board.chip = OTHER_CHIP
    return board


def test_a_failed_verification_passes_through(saved: Path) -> None:
    board = blank()
    board.stuck_at = 0x1234
    with pytest.raises(VerifyFailed) as failure:
        restore(board, saved)
    assert failure.value.address == 0x1234


def test_cancel_and_unprotect_are_passed_on(saved: Path) -> None:
    board = blank()
    with pytest.raises(Cancelled):
        restore(board, saved, unprotect=True, cancel=lambda: True)
    assert board.log == ["write unprotected"]

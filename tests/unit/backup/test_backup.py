# SPDX-License-Identifier: Apache-2.0
"""The whole flash into two files, or nothing. BACKUP-1, BACKUP-4, BACKUP-5, BACKUP-6, BACKUP-7, BACKUP-9."""

import hashlib
import os
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from esprom.backup import Manifest, backup, planned_files
from esprom.backup.manifest import Proof
from esprom.errors import Cancelled, EspromError, NoResponse, Refused
from esprom.image import FlashHeader
from esprom.progress import Progress
from tests.fake_board import CHIP, FakeBoard
from tests.firmware import KIB, MIB, rtos, stock, used

DEFAULT = "esp8266-5ccf7f001234-512KB"


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard(bytearray(stock(512 * KIB)))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("size", [512 * KIB, 1 * MIB, 4 * MIB])
@pytest.mark.parametrize("flash", [stock, used])
def test_the_image_is_the_flash(tmp_path: Path, size: int, flash: Callable[[int], bytes]) -> None:
    result = backup(FakeBoard(bytearray(flash(size))), tmp_path / "kitchen")
    assert result.image == tmp_path / "kitchen.bin"
    assert result.image.read_bytes() == flash(size)


def test_the_manifest_says_what_is_known(tmp_path: Path, board: FakeBoard) -> None:
    board.reread = (0x3000, 0x7000)
    result = backup(board, tmp_path / "kitchen.bin")
    manifest = Manifest.from_json((tmp_path / "kitchen.json").read_bytes())
    assert (result.manifest_file, result.manifest) == (tmp_path / "kitchen.json", manifest)
    assert (manifest.chip.mac, manifest.chip.name, manifest.chip.id) == (CHIP.mac, CHIP.name, CHIP.chip_id)
    assert (manifest.flash.jedec_id, manifest.flash.size, manifest.flash.unique_id) == (
        0xEF4014,
        512 * KIB,
        "0102",
    )
    assert manifest.header == FlashHeader("dio", "40m", "512KB")
    assert manifest.digests.sha256 == hashlib.sha256(board.content).hexdigest()
    assert len(manifest.digests.blocks) == 8
    assert manifest.proof == Proof("reread", "two readings are equal", (0x3000, 0x7000))
    assert (manifest.baud, manifest.loader) == (115200, "rom")


def test_the_manifest_has_the_size_by_the_numbers_of_the_form(tmp_path: Path) -> None:
    manifest = backup(FakeBoard(bytearray(rtos(MIB, "16MB"))), tmp_path / "rtos").manifest
    assert manifest.header == FlashHeader("qio", "40m", "16MB")


def test_no_header_where_there_is_no_image(tmp_path: Path) -> None:
    assert backup(FakeBoard(bytearray(b"\xff" * 512 * KIB)), tmp_path / "blank").manifest.header is None


@pytest.mark.parametrize("existing", ["kitchen.bin", "kitchen.json"])
def test_existing_files_are_refused_before_reading(tmp_path: Path, board: FakeBoard, existing: str) -> None:
    (tmp_path / existing).write_bytes(b"precious")
    with pytest.raises(Refused, match="--force"):
        backup(board, tmp_path / "kitchen")
    assert board.log == []
    assert names(tmp_path) == {existing}


def test_a_missing_folder_is_told_before_reading(tmp_path: Path, board: FakeBoard) -> None:
    with pytest.raises(EspromError, match="there is no folder"):
        backup(board, tmp_path / "no" / "kitchen")
    assert board.log == []


def test_a_full_disk_is_told_before_reading(
    tmp_path: Path, board: FakeBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(512 * KIB))  # no room for the manifest
    with pytest.raises(EspromError, match="bytes are needed"):
        backup(board, tmp_path / "kitchen")
    assert board.log == []


def test_force_replaces_both(tmp_path: Path, board: FakeBoard) -> None:
    for name in ("kitchen.bin", "kitchen.json"):
        (tmp_path / name).write_bytes(b"old")
    result = backup(board, tmp_path / "kitchen", force=True)
    assert result.image.read_bytes() == board.content
    assert Manifest.from_json(result.manifest_file.read_bytes()) == result.manifest


@pytest.mark.parametrize("error", [NoResponse("gone", asked="READ_REG", waited_s=1.0), KeyboardInterrupt()])
@pytest.mark.parametrize("force", [False, True])
def test_what_ends_it_in_the_middle_leaves_no_new_file(
    tmp_path: Path, board: FakeBoard, error: BaseException, force: bool
) -> None:
    if force:
        (tmp_path / "kitchen.bin").write_bytes(b"old")
    before = names(tmp_path)

    def fail() -> None:
        raise error

    board.half_way = fail
    with pytest.raises(type(error)):
        backup(board, tmp_path / "kitchen", force=force)
    assert names(tmp_path) == before
    assert not force or (tmp_path / "kitchen.bin").read_bytes() == b"old"


def test_a_cancel_leaves_no_file(tmp_path: Path, board: FakeBoard) -> None:
    with pytest.raises(Cancelled):
        backup(board, tmp_path / "kitchen", cancel=lambda: True)
    assert names(tmp_path) == set()


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path, board: FakeBoard) -> None:
    def intrude() -> None:
        (tmp_path / "kitchen.json").write_bytes(b"somebody's")

    board.half_way = intrude
    with pytest.raises(Refused):
        backup(board, tmp_path / "kitchen")
    assert names(tmp_path) == {"kitchen.json"}


def test_the_manifest_appears_last(tmp_path: Path, board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    appeared: list[str] = []
    link = os.link

    def watched(hidden: Path, target: Path) -> None:
        appeared.append(target.name)
        link(hidden, target)

    monkeypatch.setattr(os, "link", watched)
    backup(board, tmp_path / "kitchen")
    assert appeared == ["kitchen.bin", "kitchen.json"]


def test_progress_is_passed_on(tmp_path: Path, board: FakeBoard) -> None:
    seen: list[Progress] = []
    backup(board, tmp_path / "kitchen", progress=seen.append)
    assert [step.total for step in seen] == [512 * KIB]


def test_without_a_name(tmp_path: Path, board: FakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    backup(board)
    assert names(tmp_path) == {f"{DEFAULT}.bin", f"{DEFAULT}.json"}
    second = backup(board)
    assert second.image.name.startswith(f"{DEFAULT}-2")
    assert len(names(tmp_path)) == 4


def test_a_folder_takes_the_default_name(tmp_path: Path, board: FakeBoard) -> None:
    assert backup(board, tmp_path).image == tmp_path / f"{DEFAULT}.bin"
    assert backup(board, tmp_path, force=True).image == tmp_path / f"{DEFAULT}.bin"


def test_planned_files_are_those_that_are_written(tmp_path: Path, board: FakeBoard) -> None:
    planned = planned_files(board, tmp_path)
    assert board.log == []
    result = backup(board, planned.image)
    assert (result.image, result.manifest_file) == (planned.image, planned.manifest)

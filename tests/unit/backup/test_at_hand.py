# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from esprom.backup.at_hand import backups_at_hand
from esprom.backup.manifest import ChipRecord, Digests, FlashRecord, Manifest, Proof

MAC = "5c:cf:7f:00:12:34"
IMAGE = bytes(range(256)) * 16
MANIFEST = Manifest(
    ChipRecord("ESP8266EX", MAC, 0x1234),
    FlashRecord(0xEF4014, len(IMAGE), "jedec", None),
    None,
    Digests.of(IMAGE),
    Proof("reread", "two readings", ()),
    115200,
    "rom",
    datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
)


def save(folder: Path, name: str, manifest: Manifest = MANIFEST, image: bytes | None = IMAGE) -> None:
    (folder / f"{name}.json").write_bytes(manifest.to_json())
    if image is not None:
        (folder / f"{name}.bin").write_bytes(image)


def test_newest_first(tmp_path: Path) -> None:
    save(tmp_path, "old", replace(MANIFEST, time=datetime(2025, 1, 1, tzinfo=UTC)))
    save(tmp_path, "new")
    found = backups_at_hand(tmp_path, MAC.upper())
    assert [backup.image.name for backup in found] == ["new.bin", "old.bin"]


@pytest.mark.parametrize(
    ("mac", "image"),
    [("5c:cf:7f:00:12:35", IMAGE), (MAC, None), (MAC, IMAGE[:-1]), (MAC, b"\x01" + IMAGE[1:])],
    ids=["another board", "no image", "image cut short", "image damaged"],
)
def test_what_could_not_be_restored_here_does_not_count(
    tmp_path: Path, mac: str, image: bytes | None
) -> None:
    save(tmp_path, "lamp", replace(MANIFEST, chip=replace(MANIFEST.chip, mac=mac)), image)
    assert backups_at_hand(tmp_path, MAC) == ()


def test_what_else_is_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "other"}')
    (tmp_path / "broken.json").write_bytes(b"\xff{")
    (tmp_path / "huge.json").write_bytes(b"[" * 0x20000)
    (tmp_path / "folder.json").mkdir()
    save(tmp_path, "lamp")
    assert len(backups_at_hand(tmp_path, MAC)) == 1


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert backups_at_hand(tmp_path / "nowhere", MAC) == ()

# SPDX-License-Identifier: Apache-2.0
"""What the files of a backup are called. BACKUP-3, BACKUP-4."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from esprom.backup.naming import default_name, default_path, files_to_read, files_to_write

NOON = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
MAC = "5c:cf:7f:00:12:34"


@pytest.mark.parametrize(
    ("given", "image", "manifest"),
    [
        ("kitchen", "kitchen.bin", "kitchen.json"),
        ("kitchen.bin", "kitchen.bin", "kitchen.json"),
        ("kitchen.json", "kitchen.bin", "kitchen.json"),
        ("kitchen-v1.2", "kitchen-v1.2.bin", "kitchen-v1.2.json"),
        ("a.d/kitchen.old", "a.d/kitchen.old.bin", "a.d/kitchen.old.json"),
        ("kitchen.BIN", "kitchen.bin", "kitchen.json"),
    ],
)
def test_one_name_for_both_files(given: str, image: str, manifest: str) -> None:
    files = files_to_write(given)
    assert (files.image, files.manifest) == (Path(image), Path(manifest))


def test_a_file_that_exists_is_the_image_whatever_its_ending(tmp_path: Path) -> None:
    for name in ("dump.img", "old.BIN", "bare"):
        (tmp_path / name).touch()
        assert files_to_read(tmp_path / name).image == tmp_path / name
    assert files_to_read(tmp_path / "dump.img").manifest == tmp_path / "dump.img.json"


def test_the_manifest_leads_to_the_image(tmp_path: Path) -> None:
    (tmp_path / "kitchen.json").touch()
    assert files_to_read(tmp_path / "kitchen.json").image == tmp_path / "kitchen.bin"
    assert files_to_read(tmp_path / "kitchen").image == tmp_path / "kitchen.bin"


@pytest.mark.parametrize(
    ("chip", "mac", "size", "name"),
    [
        ("ESP8266EX", MAC, 0x100000, "esp8266-5ccf7f001234-1MB.bin"),
        ("ESP8285H16", "18:FE:34:00:12:34", 0x200000, "esp8285-18fe34001234-2MB.bin"),
        ("ESP8266EX", "??:??:??:00:12:34", 0x80000, "esp8266-xxxxxx001234-512KB.bin"),
        ("unknown", MAC, 0x100001, "esp8266-5ccf7f001234-0x100001.bin"),
    ],
)
def test_default_name(chip: str, mac: str, size: int, name: str) -> None:
    assert default_name(chip, mac, size) == name


@pytest.mark.parametrize("taken", ["bin", "json"])
def test_a_second_backup_gets_the_time(tmp_path: Path, taken: str) -> None:
    first = tmp_path / "esp8266-5ccf7f001234-1MB.bin"

    def path(*, overwrite: bool) -> Path:
        return default_path(tmp_path, "ESP8266EX", MAC, 0x100000, now=NOON, overwrite=overwrite)

    assert path(overwrite=False) == first
    first.with_suffix(f".{taken}").touch()
    second = tmp_path / "esp8266-5ccf7f001234-1MB-20260131-120005.bin"
    assert path(overwrite=False) == second
    second.with_suffix(f".{taken}").touch()
    assert path(overwrite=False) == tmp_path / "esp8266-5ccf7f001234-1MB-20260131-120006.bin"
    assert path(overwrite=True) == first

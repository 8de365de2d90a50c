# SPDX-License-Identifier: Apache-2.0
"""What an interrupted backup leaves. JOURNAL-1, JOURNAL-2, JOURNAL-3."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from esprom.backup.journal import Journal, Origin
from esprom.errors import EspromError, Refused

SECTOR = 0x1000
ORIGIN = Origin("5c:cf:7f:00:12:34", 0xEF4014, 0x100000, "0102")
CONTENT = random.Random(1).randbytes(4 * SECTOR)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of four sectors from 0x8000 on."""
    journal = Journal.open(tmp_path / "kitchen.partial", ORIGIN, force=False)
    journal.add(0x8000, CONTENT[: 3 * SECTOR])
    journal.add(0xB000, CONTENT[3 * SECTOR :])
    journal.close()
    return journal.path


def sectors(path: Path) -> dict[int, bytes]:
    journal = Journal.open(path, ORIGIN, force=False)
    journal.close()
    return journal.sectors


def test_what_was_added_is_there(path: Path) -> None:
    assert sectors(path) == {0x8000 + at: CONTENT[at : at + SECTOR] for at in range(0, 4 * SECTOR, SECTOR)}


def test_it_goes_on(path: Path) -> None:
    journal = Journal.open(path, ORIGIN, force=False)
    journal.add(0, b"\xff" * SECTOR)
    journal.close()
    assert sorted(sectors(path)) == [0, 0x8000, 0x9000, 0xA000, 0xB000]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_it_is_the_owners_only(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_wherever_it_is_torn_the_whole_sectors_before_count(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    torn = tmp_path / "torn.partial"
    for end in [0, *random.Random(2).sample(range(first, len(data)), 40)]:
        torn.write_bytes(data[:end])
        found = sectors(torn)
        assert len(found) == max(0, end - first) // (24 + SECTOR)
        assert all(CONTENT[at - 0x8000 : at - 0x8000 + SECTOR] == sector for at, sector in found.items())


@pytest.mark.parametrize("at", [0, 5, 20, 30, SECTOR])
def test_a_damaged_sector_ends_it(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"\n") + 1 + 24 + SECTOR + at] ^= 1  # in the second one
    path.write_bytes(data)
    assert sorted(sectors(path)) == [0x8000]


def test_one_that_holds_nothing_goes(tmp_path: Path) -> None:
    Journal.open(tmp_path / "a.partial", ORIGIN, force=False).close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (replace(ORIGIN, mac="5c:cf:7f:99:99:99"), "of another flash, of the board 5c:cf:7f:00:12:34"),
        (replace(ORIGIN, size=0x200000), "of another flash"),
        (replace(ORIGIN, jedec_id=0xC84014), "of another flash"),
        (replace(ORIGIN, unique_id=None), "of another flash"),
    ],
)
def test_that_of_another_flash_is_refused_unless_it_is_meant(path: Path, origin: Origin, said: str) -> None:
    with pytest.raises(Refused, match=said):
        Journal.open(path, origin, force=False)
    journal = Journal.open(path, origin, force=True)
    assert journal.sectors == {}
    journal.close()


@pytest.mark.parametrize(
    "content",
    [
        b"something else",
        b"[]\n",
        b'{"format": "lamp"}\n',
        b'{"format": "esprom-partial", "version": 1}\n',
        b'{"format": "esprom-partial", "version": 2, "mac": "", "jedec_id": 1, "size": 2, "unique_id": ""}\n',
        b"\xff\n",
    ],
)
def test_what_is_no_journal_is_not_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kitchen.partial"
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"kitchen\.partial .*take another name"):
        Journal.open(path, ORIGIN, force=False)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EspromError, match="cannot write"):
        Journal.open(tmp_path / "none" / "a.partial", ORIGIN, force=False)


def test_a_disk_that_is_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.open(path, ORIGIN, force=False)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EspromError, match="No space left"):
        journal.add(0, bytes(0x20000))
    journal.close()


def test_a_first_line_that_is_torn_is_nothing_yet(path: Path) -> None:
    line = path.read_bytes().partition(b"\n")[0]
    for end in (0, 1, len(line) // 2, len(line)):
        path.write_bytes(line[:end])
        assert sectors(path) == {}


def test_one_that_is_taken_away_meanwhile_hides_no_error(path: Path) -> None:
    journal = Journal.open(path, ORIGIN, force=False)
    path.unlink()
    journal.close()

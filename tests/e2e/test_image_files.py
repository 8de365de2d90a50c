# SPDX-License-Identifier: Apache-2.0
"""Lines about files alone, given to esptool and to esprom: what comes of each is what its row states."""

import json
from pathlib import Path

import pytest

from esprom.cli.main import main
from tests.likeness import Row, compare
from tests.likeness_files import FILES, NAMED_23, ROWS


@pytest.mark.soak
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.version}: {row.line}")
def test_what_comes_of_it_is_what_the_row_states(row: Row, tmp_path: Path) -> None:
    found = compare(row, FILES, tmp_path)
    assert found.wrong == [], f"{found.ours.said}\n--- esptool:\n{found.theirs.said}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the files, which the test is in."""
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_header_can_be_edited_where_esptool_crashes(folder: Path) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["merge-bin", "-o", "out", "-fm", "dio", "0", "23.bin"])
    assert (folder / "out").read_bytes() == NAMED_23[:2] + b"\x02" + NAMED_23[3:]


@pytest.mark.usefixtures("folder")
def test_json_of_what_esptool_made(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["image-info", "v3.bin", "--json"])
    (image,) = json.loads(capsys.readouterr().out)["images"]
    assert (image["form"], image["trailer"]["good"], image["settings"]["size"]) == (3, True, "1MB")

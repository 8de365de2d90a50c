# SPDX-License-Identifier: Apache-2.0
"""A flash in a file: what is changed is in the file at once."""

from pathlib import Path

import pytest

from esp8266sim.serve.flashfile import FlashFile

SIZE = 0x3000


def blank() -> bytes:
    return b"\xff" * SIZE


def test_a_new_file_is_made_whole(tmp_path: Path) -> None:
    with FlashFile(tmp_path / "flash", SIZE, blank) as cells:
        assert bytes(cells) == blank()
    assert (tmp_path / "flash").read_bytes() == blank()
    assert [path.name for path in tmp_path.iterdir()] == ["flash"]


def test_a_file_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        FlashFile(tmp_path / "flash", SIZE, broken)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told_by_the_name_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        FlashFile(tmp_path / "none" / "flash", SIZE, blank)
    assert caught.value.filename == str(tmp_path / "none" / "flash")


@pytest.mark.spec("SERVE-9")
def test_changes_are_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    with FlashFile(path, SIZE, blank) as cells:
        cells[0x1000:0x1004] = b"abcd"
        cells[0x2FFF] = 0x12
        cells[-2:-1] = b"z"
        expected = bytes(cells)
        assert path.read_bytes() == expected
    assert expected == blank()[:0x1000] + b"abcd" + blank()[0x1004:-2] + b"z\x12"
    with FlashFile(path, SIZE, blank) as again:
        assert bytes(again) == expected


def test_after_close_the_cells_stay_and_the_file_is_left_alone(tmp_path: Path) -> None:
    cells = FlashFile(tmp_path / "flash", SIZE, blank)
    cells.close()
    cells.close()
    cells[0:1] = b"x"
    assert cells[0] == ord("x")
    assert (tmp_path / "flash").read_bytes() == blank()


def test_a_file_of_another_size_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(b"short")
    with pytest.raises(ValueError, match="5 bytes long"):
        FlashFile(tmp_path / "flash", SIZE, blank)
    assert (tmp_path / "flash").read_bytes() == b"short"

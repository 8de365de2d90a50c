# SPDX-License-Identifier: Apache-2.0
"""esptool's command lines given to esprom: the same comes of them, or better, and the row says why."""

import os
from pathlib import Path

import pytest

from specs.make_esptool_report import PAGE, listed
from tests.likeness import ROWS, Row, compare

# The long run tries every third; all of them are in the report, which is made of this very table.
SHOWN = ROWS if os.environ.get("ESPROM_EVERY_ROW") else ROWS[::3]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals are POSIX's")


@pytest.mark.soak
@pytest.mark.parametrize("row", SHOWN, ids=lambda row: f"{row.board}, {row.way}: {row.line}")
def test_the_same_comes_of_it(row: Row, tmp_path: Path) -> None:
    found = compare(row, tmp_path)
    assert "Traceback" not in found.ours.said
    if row.why:
        assert found.differences, "ours is no longer otherwise"
    else:
        assert found.differences == [], f"{found.ours.said}\n--- esptool:\n{found.theirs.said}"


def test_the_report_lists_these_rows_and_no_others() -> None:
    page, _, _ = PAGE.read_text("utf-8").partition("## Files alone")
    found = [line for line in page.splitlines() if line.startswith("| `")]
    assert [line.split(" | ")[:2] for line in found] == [listed(row) for row in ROWS]
    assert all(row.why in page for row in ROWS)

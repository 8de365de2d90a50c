# SPDX-License-Identifier: Apache-2.0
"""esptool's lines given to esprom: what comes of each is what its row states, and so what the report says."""

import os
import re
from pathlib import Path

import pytest

from specs.make_esptool_report import PAGE, page
from tests import likeness_files
from tests.likeness import Comparison, Outcome, Row, compare
from tests.likeness_boards import FILES, ROWS

# All take a quarter of an hour; the long run tries every sixth, and the report is made of every one.
TRIED = ROWS if os.environ.get("ESPROM_EVERY_ROW") else ROWS[::6]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals are POSIX's")


@pytest.mark.soak
@pytest.mark.parametrize("row", TRIED, ids=lambda row: f"{row.board}, {row.way}: {row.line}")
def test_what_comes_of_it_is_what_the_row_states(row: Row, tmp_path: Path) -> None:
    found = compare(row, FILES, tmp_path)
    assert found.wrong == [], f"{found.ours.said}\n--- esptool:\n{found.theirs.said}"


def test_the_report_says_what_the_rows_state() -> None:
    found = PAGE.read_text("utf-8")
    made = re.search(r"\((\d{4}-\d\d-\d\d), esprom (\S+)\)", found)
    assert made is not None
    assert found == page(*made.groups())


@pytest.mark.parametrize("rows", [ROWS, likeness_files.ROWS], ids=["boards", "files"])
def test_what_differs_has_a_reason_and_no_row_is_there_twice(rows: tuple[Row, ...]) -> None:
    assert [row for row in rows if bool(row.why) != bool(row.differs)] == []
    assert len(set(rows)) == len(rows)


SAID = Outcome(True, "MAC: 5c:cf:7f:12:34:56\n", "", {})
SILENT = Outcome(True, "", "", {})
OTHER_FLASH = Outcome(True, "", "1", {})
REFUSED = Outcome(False, "", "", {})
CRASHED = Outcome(False, "Traceback", "", {"out": b""})
BETTER = Row("x", "a reason", ("flash",))


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (Comparison(Row("x"), SAID, SAID), []),
        (Comparison(Row("x"), SILENT, SAID), []),
        (Comparison(Row("x"), SAID, SILENT), ["they differ in facts (MAC), and not in nothing"]),
        (Comparison(Row("x"), REFUSED, REFUSED), ["esptool refuses"]),
        (Comparison(Row("x", done=False), REFUSED, REFUSED), []),
        (Comparison(Row("x", done=False), SAID, SAID), ["esptool does it"]),
        (Comparison(BETTER, SILENT, OTHER_FLASH), []),
        (Comparison(BETTER, SILENT, SILENT), ["they differ in nothing, and not in flash"]),
        (Comparison(BETTER, SILENT, REFUSED), ["they differ in success, and not in flash"]),
        (
            Comparison(Row("x", lines=("MAC:",)), SILENT, SILENT),
            ["esptool does not print 'MAC:'", "esprom does not print 'MAC:'"],
        ),
        (
            Comparison(Row("x", "why", ("files",), done=False), REFUSED, CRASHED),
            ["esprom ends with a traceback", "esprom fails, and leaves out"],
        ),
    ],
)
def test_what_a_row_does_not_state_is_wrong(found: Comparison, wrong: list[str]) -> None:
    assert found.wrong == wrong

# SPDX-License-Identifier: Apache-2.0
"""Writes specs/reports/esptool.md: `python -m specs.make_esptool_report`, some minutes.

Each row of `tests.likeness_boards` and `tests.likeness_files` is run: esptool and esprom, the same arguments,
for a board two fresh and equal virtual ones. One rule: the page says what the rows state, and is written only
where all of that was found to be so.
"""

import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from esprom import __version__
from tests import likeness_boards as boards
from tests import likeness_files as files
from tests.likeness import VERSION, Comparison, Row, cells, compare

PAGE = Path(__file__).parent / "reports" / "esptool.md"
AT_ONCE = 2
HEAD = """\
# esprom in esptool's place

Made by `python -m specs.make_esptool_report` ({date}, esprom {version}).

The same arguments for esptool {esptool} (or the version in parentheses) and for esprom, each tool in front of
a fresh virtual board of its own, with the same content. Compared are success or failure, the flash
afterwards, the files that were made, and what is printed of MAC, ids, sizes, digests and registers.
No silicon was at hand. Where something differs, that is meant, and the last column says why. Tests run
these rows too, and fail where what comes of one is not what stands here.

{same} of {all} rows come to the same, {other} to something else.

| arguments | board | esptool | esprom | differs in | why |
| --- | --- | --- | --- | --- | --- |
"""
FILES_HEAD = """
## Files alone

No board is needed: the same arguments, and the files that come of them, byte for byte. {same} of {all}
rows come to the same, {other} to something else.

| arguments | esptool | esprom | differs in | why |
| --- | --- | --- | --- | --- |
"""


def page(date: str, version: str) -> str:
    """Return the page, as the rows state it."""
    head = HEAD.format(date=date, version=version, esptool=VERSION, **_counts(boards.ROWS))
    return head + _table(boards.ROWS) + FILES_HEAD.format(**_counts(files.ROWS)) + _table(files.ROWS)


def main() -> int:
    """Run all, and write the page if all is as the rows state it; return how many rows are not so."""
    rows = [(row, boards.FILES) for row in boards.ROWS] + [(row, files.FILES) for row in files.ROWS]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [found for found in pool.map(lambda one: _compared(*one), rows) if found.wrong]
    for found in wrong:
        print(f"{found.row.line}: {'; '.join(found.wrong)}", file=sys.stderr)
    if not wrong:
        PAGE.write_text(page(f"{datetime.now(UTC):%Y-%m-%d}", __version__), "utf-8")
    return len(wrong)


def _compared(row: Row, made: Mapping[str, bytes]) -> Comparison:
    """Run a row in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return compare(row, made, Path(folder))


def _counts(rows: tuple[Row, ...]) -> dict[str, int]:
    same = sum(not row.differs for row in rows)
    return {"same": same, "all": len(rows), "other": len(rows) - same}


def _table(rows: tuple[Row, ...]) -> str:
    return "".join(f"| {' | '.join(_escaped(cell) for cell in cells(row))} |\n" for row in rows)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())

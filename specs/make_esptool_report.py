# SPDX-License-Identifier: Apache-2.0
"""Writes specs/reports/esptool.md: `python -m specs.make_esptool_report`, some minutes.

Each row of `tests.likeness` is run: esptool and esprom, the same arguments, fresh and equal virtual boards.
The rows about files alone are those of `tests/e2e/test_image_files.py`; they are listed, and not run here.
"""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from esprom import __version__
from tests.e2e.test_image_files import ROWS as FILE_ROWS
from tests.likeness import ROWS, VERSION, Comparison, Row, compare

PAGE = Path(__file__).parent / "reports" / "esptool.md"
AT_ONCE = 2
HEAD = """\
# esprom in esptool's place

Made by `python -m specs.make_esptool_report` ({date}, esprom {version}, esptool {esptool}): the
same arguments, each tool in front of a fresh virtual board of its own, with the same content.
Compared are success or failure, the flash afterwards, the files that were made, and what is printed
of MAC, ids, sizes, digests and registers. No silicon was at hand. Where something differs, that is
meant, and the last column says why.

{same} of {all} rows come to the same, {other} to something else.

| arguments | board | esptool | esprom | differs in | why |
| --- | --- | --- | --- | --- | --- |
"""
FILES_HEAD = """
## Files alone

No board is needed: the same arguments, and the files that come of them, byte for byte.
`tests/e2e/test_image_files.py` runs these.

| arguments | esptool | differs, because |
| --- | --- | --- |
"""


def listed(row: Row) -> list[str]:
    """Return the first two cells of a row."""
    return [f"| `{_cell(row.line)}`", f"{row.board}, {row.way}"]


def compared(row: Row) -> Comparison:
    """Run a row in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return compare(row, Path(folder))


def lines(found: list[Comparison]) -> Iterator[str]:
    """Yield the rows of the table."""
    for each in found:
        done = [_outcome(outcome.done) for outcome in (each.theirs, each.ours)]
        differs = ", ".join(each.differences) or "nothing"
        yield " | ".join([*listed(each.row), *done, differs, f"{_cell(each.row.why)} |"])


def main() -> int:
    """Run all, and write the page; return how many rows are not as they should be."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(compared, ROWS))
    wrong = [each for each in found if bool(each.differences) != bool(each.row.why)]
    for each in wrong:
        print(f"not as it should be: {each.row.line}: {each.differences}", file=sys.stderr)
    same = sum(not each.differences for each in found)
    head = HEAD.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        version=__version__,
        esptool=VERSION,
        same=same,
        all=len(found),
        other=len(found) - same,
    )
    files = (f"| `{_cell(row.line)}` | {row.version} | {_cell(row.why)} |" for row in FILE_ROWS)
    PAGE.write_text(head + "\n".join(lines(found)) + "\n" + FILES_HEAD + "\n".join(files) + "\n", "utf-8")
    return len(wrong)


def _outcome(done: bool) -> str:
    return "does it" if done else "refuses"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Every rule of the two formats is named by a test, and no test names a rule that is not there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
SPECS = TESTS.parent / "specs"


@pytest.mark.parametrize(
    ("spec", "prefixes", "tests"),
    [
        ("backup-format.md", "BACKUP|JOURNAL|RESTORE", ["unit/backup", "unit/test_files.py"]),
        ("image-format.md", "IMAGE", ["unit/image"]),
    ],
)
def test_rules_and_tests_name_each_other(spec: str, prefixes: str, tests: list[str]) -> None:
    rules = re.findall(
        rf"^\*\*((?:{prefixes})-\d+)\.", (SPECS / spec).read_text(encoding="utf-8"), re.MULTILINE
    )
    files = [
        file
        for place in tests
        for file in [TESTS / place, *(TESTS / place).glob("test_*.py")]
        if file.is_file()
    ]
    named = {
        name
        for file in files
        for name in re.findall(rf"\b(?:{prefixes})-\d+", file.read_text(encoding="utf-8"))
    }
    assert len(rules) == len(set(rules))
    assert named == set(rules)

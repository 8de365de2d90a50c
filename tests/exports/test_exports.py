# SPDX-License-Identifier: Apache-2.0
"""What is exported for other programs is what the code says now."""

import json

import pytest

from esprom.conformance.cases import CASES
from specs import make_exports
from tests.unit.test_specs import KNOWN


@pytest.mark.parametrize("name", make_exports.EXPORTS)
def test_export_is_that_of_the_code(name: str) -> None:
    committed = (make_exports.FOLDER / name).read_text(encoding="utf-8")
    assert committed == make_exports.EXPORTS[name](), "run `python -m specs.make_exports`"


@pytest.mark.spec("CONF-1")
def test_every_case_is_there_and_is_about_a_requirement() -> None:
    lines = (make_exports.FOLDER / "conformance.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [case.id for case in CASES]
    assert {case.spec for case in CASES} <= set(KNOWN)

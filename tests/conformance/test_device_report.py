# SPDX-License-Identifier: Apache-2.0
"""The committed report of devices: made from its data, every deviation explained, and still what is found."""

import json
import tomllib
from pathlib import Path

import pytest

from specs import make_device_report as made

DATA = json.loads(made.DATA.read_text("utf-8"))
NOTES = tomllib.loads(made.NOTES.read_text("utf-8"))


def test_the_page_is_made_from_the_data_and_the_notes() -> None:
    assert made.PAGE.read_text("utf-8") == made.page(DATA, NOTES)


def test_ours_conform_in_everything() -> None:
    ours = {device["name"]: device["cases"] for device in DATA["devices"][:2]}
    assert {name: {verdict for verdict, _ in cases.values()} for name, cases in ours.items()} == {
        "virtual board, ROM": {"conforms"},
        "our stub": {"conforms"},
    }


@pytest.mark.parametrize("name", sorted(NOTES))
def test_a_deviation_without_an_explanation_is_seen(name: str) -> None:
    with pytest.raises(ValueError, match="not explained"):
        made.page(DATA, {**NOTES, name: []})


@pytest.mark.soak
@pytest.mark.parametrize("index", [3, 5])  # the newest stub, and the mock: who has time runs all
def test_what_is_found_is_what_is_committed(index: int, tmp_path: Path) -> None:
    found = made.found(made.subjects()[index].report(tmp_path))
    committed = DATA["devices"][index]["cases"]
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        name: verdict for name, (verdict, _) in committed.items()
    }

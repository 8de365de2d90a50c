# SPDX-License-Identifier: Apache-2.0
"""The examples of the guide, and of README, do what they say."""

import re
from pathlib import Path

import pytest

from tests.guide import PAGES, Example, examples, run, typed

README = PAGES.parents[1] / "README.md"


LONG = {"the-api", "back-up-an-esp-01"}  # whole flashes go to and fro


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.stem, marks=pytest.mark.soak if page.stem in LONG else ())
        for page in sorted(PAGES.glob("*.md"))
    ],
)
def test_the_examples_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(page)


def test_every_page_is_in_the_index() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    linked = set(re.findall(r"\(([\w-]+\.md)\)", index))
    assert linked == {page.name for page in PAGES.glob("*.md")} - {"README.md"}


@pytest.mark.parametrize("page", [*PAGES.glob("*.md"), README], ids=lambda page: page.stem)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_a_page_whose_example_does_something_else_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ esprom version\nesprom 9\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md, line 1: esprom version\nesprom "):
        run(page)
    page.write_text("```console\n$ esprom frob\n```\n")
    with pytest.raises(AssertionError, match="ends with 2"):
        run(page)
    page.write_text("```python\nprint(1)\n```\n\n```text\n2\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md, line 1\n1\n"):
        run(page)
    page.write_text("```python\nprint(1)\n```\n\nbetween\n\n```text\n1\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md, line 1\n1\n"):
        run(page)
    page.write_text("text\n\n```python\nassert 1 == 2\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md, line 3: "):
        run(page)


def test_blocks_and_what_is_typed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nrm -rf x\n```\n\n```console\n$ a b\none\ntwo\n$ c\n```\n```text\nx\n```\n")
    with page.open("a") as file:
        file.write("```python\nprint(1)\n```\n\n```text\n1\n```\n")
    assert examples(page) == [
        Example("console", "$ a b\none\ntwo\n$ c\n", 5),
        Example("python", "print(1)\n", 14, "1\n"),
    ]
    assert [(each.command, each.expected) for each in typed("$ a b\none\ntwo\n$ c\n")] == [
        ("a b", "one\ntwo\n"),
        ("c", ""),
    ]

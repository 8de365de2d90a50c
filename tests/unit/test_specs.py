# SPDX-License-Identifier: Apache-2.0
"""Every requirement has a case, every case a requirement, and every id that is cited exists.

A requirement is a paragraph of a page in specs/ that begins with its id in bold. A case is a test with the
marker `spec`, a golden vector in `tests/vectors/requirements.py`, or a test module that names the id in its
docstring. There is no list of exceptions: a paragraph without a case says why in its own text.
"""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from specs import make_tables
from tests.vectors.requirements import REQUIREMENTS
from tests.vectors.runner import DEFAULT_VECTORS, load

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "specs").glob("*.md"))
CODE = sorted(path for top in ("esprom", "simulator") for path in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

ID = r"[A-Z]+-[A-Z0-9]+(?:-[A-Z0-9]+)*"
PARAGRAPH = re.compile(rf"^\*\*(?P<id>{ID})\.", re.MULTILINE)
NOT_TESTED = re.compile(r"\*[^*]*Not tested: [^*]+\*", re.DOTALL)
SOURCES = ("mask ROM", "observed", "datasheet", "model", "esprom")


def paragraphs(text: str) -> dict[str, str]:
    """Return the requirements of a page: id -> text up to the next requirement or heading."""
    pieces = re.split(rf"^(?=\*\*{ID}\.|#)", text, flags=re.MULTILINE)
    return {found["id"]: piece for piece in pieces if (found := PARAGRAPH.match(piece))}


SPECS = {page: paragraphs(page.read_text(encoding="utf-8")) for page in PAGES}
KNOWN = {name: text for page in SPECS.values() for name, text in page.items()}
PREFIXES = {name.partition("-")[0] for name in KNOWN}
CITED = re.compile(rf"\b(?:{'|'.join(sorted(PREFIXES))})-[A-Z0-9]+(?:-[A-Z0-9]+)*\b(?!\.[a-z])")


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the docstrings of a module and of everything in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def marked(tree: ast.AST) -> set[str]:
    """Return the ids in the `spec` markers of a test module."""
    return {
        constant.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.spec"
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    }


def cases_of(tree: ast.Module) -> set[str]:
    return marked(tree) | set(CITED.findall(ast.get_docstring(tree) or ""))


CASES = {path: cases_of(ast.parse(path.read_text(encoding="utf-8"))) for path in TESTS}
VECTORS = [vector.name for file in DEFAULT_VECTORS for vector in load(file)]


def test_an_id_names_one_paragraph() -> None:
    ids = [name for page in PAGES for name in PARAGRAPH.findall(page.read_text(encoding="utf-8"))]
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) > 100


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_requirement_has_a_case_or_says_why_not(name: str) -> None:
    tested = name in REQUIREMENTS or any(name in ids for ids in CASES.values())
    assert tested is not bool(NOT_TESTED.search(KNOWN[name]))


@pytest.mark.parametrize("path", [path for path, ids in CASES.items() if ids], ids=lambda path: path.name)
def test_case_names_a_requirement(path: Path) -> None:
    assert CASES[path] - set(KNOWN) == set()


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_vectors_of_a_requirement_are_there_and_pass(name: str) -> None:
    assert name in KNOWN
    for pattern in REQUIREMENTS[name]:
        matching = [vector for vector in VECTORS if fnmatchcase(vector, pattern)]
        assert matching, f"{pattern} is no vector"


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_id_cited_in_the_code_exists(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    cited = {name for text in texts(tree) for name in CITED.findall(text)}
    comments = re.findall(r"#.*", path.read_text(encoding="utf-8"))
    cited |= {name for comment in comments for name in CITED.findall(comment)}
    assert cited - set(KNOWN) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_id_cited_in_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(CITED.findall(text)) - set(KNOWN) == set()


@pytest.mark.parametrize(
    "name", sorted(name for name in KNOWN if not name.startswith(("BACKUP-", "RESTORE-")))
)
def test_requirement_names_its_source(name: str) -> None:
    found = re.search(r"\*Source:\s+([^*]+)\*", KNOWN[name])
    assert found, "a paragraph ends with where it is from"
    assert found[1].replace("\n", " ").startswith(SOURCES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert make_tables.updated(text) == text, "run `python -m specs.make_tables`"


def test_every_table_stands_in_a_page() -> None:
    placed = {
        name
        for page in PAGES
        for name in re.findall(r"^<!-- table: (\w+) -->$", page.read_text("utf-8"), re.MULTILINE)
    }
    assert placed == set(make_tables.tables()) - {"WRITE_REG"}  # it repeats REGISTER_WRITE, which does


def test_the_reading_sees_what_it_should() -> None:
    page = "# T\n\n**ROM-1. A.** b\n*Source: x.*\n\n**BODY-READ-REG.** c\n\n## Next\n\n**none** e\n"
    assert set(paragraphs(page)) == {"ROM-1", "BODY-READ-REG"}
    assert "Next" not in paragraphs(page)["BODY-READ-REG"]
    assert CITED.findall("BODY-MD5, ROM-1 to ROM-2; UTF-8") == ["BODY-MD5", "ROM-1", "ROM-2"]
    tree = ast.parse('@pytest.mark.spec("ROM-1", *("ROM-2",))\ndef test_a(): pass\n')
    assert marked(tree) == {"ROM-1", "ROM-2"}


def test_the_table_of_pages_has_each_with_its_ids() -> None:
    readme = (ROOT / "specs" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \|([^|]*)\|", readme, re.MULTILINE))
    told = {name: {word.strip() for word in ids.split(",")} - {""} for name, ids in rows.items()}
    for page, requirements in SPECS.items():
        if page.name != "README.md":
            assert told[page.name] == {name.partition("-")[0] for name in requirements}, page.name
    for folder in (ROOT / "specs").glob("*/README.md"):
        assert f"]({folder.parent.name}/README.md)" in readme

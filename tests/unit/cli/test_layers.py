# SPDX-License-Identifier: Apache-2.0
"""The command line uses what `import esprom` offers to anybody, `esprom.errors`, and nothing below."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import esprom
import esprom.cli

FOLDER = Path(esprom.cli.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))


def used(tree: ast.AST) -> Iterator[str]:
    """Yield every name of esprom that a module uses, with dots."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=level):
                assert level == 0, "a relative import hides what it imports"
                yield from (f"{module}.{alias.name}" for alias in node.names)
            case ast.Attribute(value=ast.Name(id="esprom"), attr=attr):
                yield f"esprom.{attr}"
            case ast.Constant(value=str(text)) if text.startswith("esprom.") and text[7:].isidentifier():
                yield text  # an annotation in quotes


def allowed(name: str) -> bool:
    first, *rest = name.split(".")
    if first == "esp8266sim":
        return False
    if first != "esprom" or not rest:
        return True
    return rest[0] in {"cli", "errors"} or (len(rest) == 1 and rest[0] in esprom.__all__)


SIM = FOLDER / "commands" / "sim.py"  # serves a virtual board, so it may ask for one


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_module_uses_only_what_is_public(source: Path) -> None:
    forbidden = [name for name in used(ast.parse(source.read_text())) if not allowed(name)]
    assert [name for name in forbidden if source != SIM or not name.startswith("esp8266sim.")] == []


@pytest.mark.parametrize(
    "text",
    [
        "import esprom.device",
        "from esprom.loader import rom",
        "from esprom import operations",
        "import esprom\nesprom.backup.manifest",
        "def f(x: 'esprom.Nothing'): ...",
        "import esp8266sim",
    ],
)
def test_the_check_sees_what_is_forbidden(text: str) -> None:
    assert not all(allowed(name) for name in used(ast.parse(text)))


def test_the_check_sees_the_modules() -> None:
    assert {"main.py", "archive.py"} <= {source.name for source in SOURCES}

# SPDX-License-Identifier: Apache-2.0
"""Imports go one way, as DESIGN.md says, and what is heavy is loaded late.

Read from the sources: what a module imports anywhere, and what it imports when it is itself imported.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import esp8266sim
import esprom

ROOTS = {"esprom": Path(esprom.__file__).parent, "esp8266sim": Path(esp8266sim.__file__ or "").parent}


def _name(root: str, path: Path) -> str:
    parts = path.relative_to(ROOTS[root].parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {_name(root, path): path for root in ROOTS for path in sorted(ROOTS[root].rglob("*.py"))}

# Package or module -> what else of ours it may import, at any time. A name covers what is below it.
# The longest name that fits a module is its rule; a package may always import itself.
DECLARED = {
    "esprom.protocol",
    "esprom.image.layout",
    "esprom.flash.sfdp",
    "esprom.flash.jedec",
    "esprom.flash.geometry",
    "esprom.errors",
}
CORE = {"esprom.errors", "esprom.protocol", "esprom.flash", "esprom._version"}
MAY: dict[str, set[str]] = {
    "esprom.errors": set(),
    "esprom._version": set(),
    "esprom.protocol": {"esprom.errors"},
    "esprom.flash": {"esprom.errors", "esprom.protocol.record", "esprom.sizes"},
    "esprom.image": {"esprom.errors", "esprom.protocol", "esprom.flash"},
    "esprom.chip": {"esprom.errors"},
    "esprom.progress": {"esprom.errors", "esprom.port"},
    "esprom.files": {"esprom.errors"},
    "esprom.port": {"esprom.errors", "esprom.protocol"},
    "esprom.stub": {"esprom.errors"},
    "esprom.inspection": {"esprom.errors", "esprom.flash", "esprom.image", "esprom.sizes"},
    "esprom.loader": {*CORE, "esprom.port", "esprom.chip", "esprom.stub"},
}
FORBIDDEN: dict[str, set[str]] = {
    "esprom.operations": {"esprom.cli", "esprom.backup", "esprom.device"},
    "esprom.rewriting": {"esprom.cli", "esprom.backup", "esprom.device"},
    "esprom.replacing": {"esprom.cli", "esprom.backup", "esprom.device", "esprom.rewriting"},
    "esprom.protection": {"esprom.cli", "esprom.backup", "esprom.device", "esprom.operations"},
    "esprom.persisting": {"esprom.cli", "esprom.backup", "esprom.device", "esprom.operations"},
    "esprom.streamed": {"esprom.cli", "esprom.backup", "esprom.device", "esprom.operations"},
    "esprom.device": {"esprom.cli"},
    "esprom.backup": {"esprom.cli"},
    "esprom.selfcheck": {"esprom.cli"},
    "esprom.conformance": {"esprom.cli"},
    "esprom.doctor": {"esprom.cli"},
    "esprom.wire": {"esprom.cli", "esprom.backup", "esprom.device", "esprom.operations", "esprom.loader"},
}
HEAVY = {"serial", "rich", "click", "hypothesis", "esp8266sim"}


def put_off(node: ast.AST) -> bool:
    """Return whether what is in `node` does not run when the module is imported."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def imports(tree: ast.AST, *, when_imported: bool) -> Iterator[str]:
    """Yield the full names that a module imports; with `when_imported` not those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides what it imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif when_imported and put_off(node):
            continue
        else:
            yield from imports(node, when_imported=when_imported)


def of(module: str, *, when_imported: bool = False) -> set[str]:
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    return set(imports(tree, when_imported=when_imported))


def below(name: str, tops: set[str]) -> bool:
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def rule(module: str, rules: dict[str, set[str]]) -> str | None:
    fitting = [top for top in rules if below(module, {top})]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize("module", [module for module in SOURCES if rule(module, MAY)])
def test_lower_layer_sees_only_what_is_below_it(module: str) -> None:
    top = rule(module, MAY)
    assert top is not None
    ours = {name for name in of(module) if below(name, {"esprom", "esp8266sim"})}
    late = {name for name in ours if below(name, {"esp8266sim"})} - of(module, when_imported=True)
    if module == "esprom.port.opening":  # the one place of the host that may ask for a virtual board
        ours -= late
    assert {name for name in ours if not below(name, {top, *MAY[top]})} == set()


@pytest.mark.parametrize("module", [module for module in SOURCES if rule(module, FORBIDDEN)])
def test_upper_layer_does_not_look_up(module: str) -> None:
    top = rule(module, FORBIDDEN)
    assert top is not None
    assert {name for name in of(module) if below(name, FORBIDDEN[top])} == set()


def test_every_package_below_the_device_has_a_rule() -> None:
    packages = {f"esprom.{path.parent.name}" for path in ROOTS["esprom"].glob("*/__init__.py")}
    assert packages - {*MAY, *FORBIDDEN} == {
        "esprom.cli"
    }  # it has its own test, tests/unit/cli/test_layers.py


@pytest.mark.parametrize("module", [module for module in SOURCES if below(module, {"esp8266sim"})])
def test_virtual_board_imports_declared_formats_and_nothing_that_acts(module: str) -> None:
    ours = {name for name in of(module) if below(name, {"esprom"})}
    assert {name for name in ours if not below(name, DECLARED)} == set()


@pytest.mark.parametrize("module", [module for module in SOURCES if below(module, {"esprom"})])
def test_host_imports_the_virtual_board_only_when_asked_for_one(module: str) -> None:
    assert {name for name in of(module, when_imported=True) if below(name, {"esp8266sim"})} == set()


RIM = {"esprom.port", "esprom.cli", "esprom.testing", "esp8266sim.serve"}


@pytest.mark.parametrize("module", [module for module in SOURCES if not below(module, RIM)])
def test_only_the_rim_knows_ports_and_threads(module: str) -> None:
    assert {name for name in of(module) if below(name, {"serial", "threading", "asyncio", "socket"})} == set()


PROBE = """
import sys, {module}
heavy = sorted(name for name in {heavy} if name in sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("esprom", HEAVY),
        ("esprom.protocol", {*HEAVY, "esprom.port", "esprom.loader"}),
        ("esp8266sim", {*(HEAVY - {"esp8266sim"}), "esprom.port", "esprom.loader", "esp8266sim.serve"}),
    ],
)
def test_what_an_import_loads(module: str, heavy: set[str]) -> None:
    probe = PROBE.format(module=module, heavy=sorted(heavy))
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "when_imported", "found"),
    [
        ("import serial.tools", True, {"serial.tools"}),
        ("from esprom import port", True, {"esprom.port"}),
        ("def f():\n    import rich", True, set()),
        ("def f():\n    import rich", False, {"rich"}),
        ("class C:\n    import rich", True, {"rich"}),
        ("try:\n    import rich\nexcept ImportError: pass", True, {"rich"}),
        ("if TYPE_CHECKING:\n    import rich", True, set()),
    ],
)
def test_the_reading_sees_what_it_should(text: str, when_imported: bool, found: set[str]) -> None:
    assert set(imports(ast.parse(text), when_imported=when_imported)) == found


def test_the_reading_sees_both_packages() -> None:
    assert {"esprom.protocol.slip", "esp8266sim.bootrom.download", "esprom"} <= set(SOURCES)

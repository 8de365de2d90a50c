# SPDX-License-Identifier: Apache-2.0
"""What is printed is what `specs/json` says, member by member."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import esprom
from esprom.cli.verbs import VERBS
from tests.elves import Section, elf

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run

SCHEMAS = Path(__file__).parents[3] / "specs" / "json"
SHARED = {"common", "failure", "then"}
IMAGE = bytes.fromhex("e9010000 00001040 00001040 04000000 01020304 0000000000000000000000 eb")


def closed(schema: Any) -> Any:
    """Return the schema with no room for members that it does not name: users have room, esprom has not."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: closed(part) for name, part in schema.items()}
    return strict | {"additionalProperties": False} if "properties" in schema else strict


def validator(name: str) -> Draft202012Validator:
    common = Resource.from_contents(closed(json.loads((SCHEMAS / "common.json").read_text())))
    registry: Any = Registry().with_resource("common.json", common)
    schema = closed(json.loads((SCHEMAS / f"{name}.json").read_text()))
    return Draft202012Validator(schema, registry=registry)


RUNS: dict[str, list[str]] = {
    "backup": ["OUT"],
    "restore": ["BACKUP"],
    "compare": ["BACKUP"],
    "conformance": ["--host", "--list"],
    "inspect": ["--redact", "OUT"],
    "ports": [],
    "chip-id": [],
    "read-mac": [],
    "run": [],
    "load-ram": ["IN"],
    "flash-id": [],
    "read-flash": ["0", "all", "OUT"],
    "write-flash": ["-fm", "dio", "0", "IN", "0x1000", "IN"],
    "verify-flash": ["0x1000", "SAME"],
    "erase-flash": [],
    "erase-region": ["0x1000", "0x1000"],
    "read-flash-status": ["--bytes", "3"],
    "write-flash-status": ["0"],
    "read-flash-sfdp": ["0", "4"],
    "image-info": ["IN"],
    "elf2image": ["ELF", "-o", "OUT"],
    "make-image": ["-f", "IN", "-a", "0x40100000", "OUT"],
    "merge-bin": ["-o", "OUT", "0", "IN", "0x1000", "SAME"],
    "edit-header": ["IN", "-fm", "dio", "-o", "OUT"],
    "read-mem": ["0x3ff00010"],
    "write-mem": ["0x3ff00010", "1"],
    "dump-mem": ["0x3ff00010", "3", "OUT"],
    "completion": ["bash"],
    "version": [],
}


@pytest.fixture
def files(run: Run, device: FakeDevice, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "in").write_bytes(IMAGE)
    (tmp_path / "elf").write_bytes(elf([Section(0x40100000, b"program."), Section(0x40210000, b"in flash")]))
    (tmp_path / "same").write_bytes(device.cells[0x1000:0x1100])
    run("backup", tmp_path / "backup")
    return {word: str(tmp_path / word.lower()) for word in ("IN", "ELF", "SAME", "OUT", "BACKUP")}


def test_every_command_has_a_schema_and_a_run_here() -> None:
    elsewhere = {"sim", "selftest", "doctor", "wire"}  # tests/e2e has tests that run them
    assert set(RUNS) == set(VERBS) - elsewhere
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(VERBS) | SHARED


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_a_schema_is_one(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text()))


@pytest.mark.parametrize("verb", RUNS)
def test_what_is_printed_is_as_the_schema_says(
    run: Run, files: dict[str, str], verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hindrance = esprom.Hindrance("permission", "you may not")
    port = esprom.PortInfo("COM3", "CH340", "USB", 0x1A86, 0x7523, None, "CH340", ("D1 mini",), (hindrance,))
    adapter = esprom.DriverlessAdapter(0x1A86, 0x7523, "CH340", hindrance)
    monkeypatch.setattr(esprom, "ports", lambda: (port,))
    monkeypatch.setattr(esprom, "driverless_adapters", lambda: (adapter,))
    ran = run(verb, *(files.get(word, word) for word in RUNS[verb]), "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["ok"]) == (0, True)
    validator(verb).validate(found)


OFFLINE = {"ports", "version", "image-info", "elf2image", "make-image", "merge-bin", "edit-header"}


@pytest.mark.parametrize("verb", sorted(set(RUNS) - OFFLINE))
def test_a_failure_too(run: Run, files: dict[str, str], verb: str) -> None:
    words = [files.get(word, word) for word in RUNS[verb]]
    found = json.loads(run(verb, *words, "-p", "/dev/nothing", "--json").out)
    assert found["ok"] is False
    validator(verb).validate(found)


def test_a_line_without_a_command_too(run: Run) -> None:
    validator("failure").validate(json.loads(run("--json", "frobnicate").out))


def test_a_member_that_is_not_documented_would_be_seen() -> None:
    found = {"command": "version", "ok": True, "version": "0", "more": 1}
    assert not validator("version").is_valid(found)

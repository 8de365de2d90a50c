# SPDX-License-Identifier: Apache-2.0
"""The report on a board, made as its owner makes it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import esprom
from esprom.loader import starting
from esprom.stub import image
from tests.unit.cli.test_json import validator


@pytest.mark.soak
@pytest.mark.spec("STUB-14")
def test_a_report_has_what_is_needed_and_nothing_private(tmp_path: Path) -> None:
    file, flash = tmp_path / "report.json", tmp_path / "flash"
    esprom.connect(f"sim://esp01?flash={flash}").close()
    before = flash.read_bytes()
    command = [
        sys.executable,
        "-m",
        "esprom",
        "--port",
        f"sim://esp01?flash={flash}&latency_ms=1",
        "--baud",
        "921600",
        "--json",
    ]
    done = subprocess.run(
        [*command, "selftest", "--destructive", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    validator("selftest").validate(json.loads(done.stdout))
    report = json.loads(file.read_text())
    assert report["differences"] == []
    assert {check["name"] for check in report["checks"]} >= {"mask ROM", "stub", "rates", "sectors", "stream"}
    assert not [check for check in report["checks"] if check["found"].startswith("failed")]
    assert "programmed, erased, blank again" in [check["found"] for check in report["checks"]]
    assert flash.read_bytes() == before
    text = file.read_text().lower()
    for private in ("5c:cf:7f", "123456", "d164501b13284329"):
        assert private not in text


@pytest.mark.spec("STUB-14")
def test_a_stub_that_does_not_come_up_is_in_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(image(), code=bytes(len(image().code)))
    monkeypatch.setattr(starting, "image", lambda: broken)
    report = esprom.selftest("sim://esp01?latency_ms=1")
    assert [check.found for check in report.checks if check.failed] == ["failed: Distrusted"]
    assert [recording.loader for recording in report.wire] == ["rom", "stub"]

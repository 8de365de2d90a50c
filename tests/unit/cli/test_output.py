# SPDX-License-Identifier: Apache-2.0
"""Where lines go, and what happens when nobody takes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from esprom.cli.output import Output
from esprom.errors import EspromError

FULL = Path("/dev/full")

JOB = """
import sys
from esprom.cli.output import Output
output = Output()
for number in range(3):
    output.result(f"line {number}")
    output.note(f"note {number}")
open(sys.argv[1], "w").write("done")
"""


def closed_pipe() -> int:
    """Return the writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.skipif(os.name == "nt", reason="pipes break in another way there")
def test_a_job_goes_on_when_its_reader_went_away(tmp_path: Path) -> None:
    out, err = closed_pipe(), closed_pipe()
    done = subprocess.run([sys.executable, "-c", JOB, tmp_path / "x"], stdout=out, stderr=err, check=False)
    os.close(out)
    os.close(err)
    assert done.returncode == 0
    assert (tmp_path / "x").read_text() == "done"


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_result_that_cannot_be_written_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = FULL.open("w")
    monkeypatch.setattr("sys.stdout", stream)
    with pytest.raises(EspromError, match="cannot write to standard output: No space left"):
        Output().result("line")
    stream.close()  # what was left in its buffer does not fail a second time


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_note_that_cannot_be_written_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = FULL.open("w")
    monkeypatch.setattr("sys.stderr", stream)
    Output().note("note")
    stream.close()


def test_json_leaves_the_lines_out(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True)
    output.command = "version"
    output.result("esprom 0")
    output.note("working")
    output.finish({"version": "0"})
    assert capsys.readouterr() == (
        '{\n  "command": "version",\n  "ok": true,\n  "version": "0"\n}\n',
        "working\n",
    )

# SPDX-License-Identifier: Apache-2.0
"""`esprom conformance` as a user types it: every form of the report, exit codes, wrong input."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.unit.cli.test_json import validator

RUN_S = 100.0


def esprom(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "esprom", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)


@pytest.fixture
def bad_stub(tmp_path: Path) -> Path:
    """A stub that does nothing but return to the ROM: it never greets."""
    file = tmp_path / "stub.json"
    file.write_text(json.dumps({"text": "DfAAAA==", "text_start": 0x40100000, "entry": 0x40100000}))
    return file


def test_a_board_that_conforms() -> None:
    done = esprom("--port", "sim://esp01", "--loader", "rom", "conformance", "--level", "must")
    assert done.returncode == 0
    assert done.stdout.startswith("rom: conforms: ")


def test_a_stub_that_does_not_run(bad_stub: Path) -> None:
    done = esprom(
        "--port", "sim://esp01", "--loader", bad_stub, "conformance", "--only", "read.word", "--json"
    )
    found = json.loads(done.stdout)
    assert list(validator("conformance").iter_errors(found)) == []
    assert done.returncode == 6
    assert not found["conforms"]
    assert found["results"][0]["verdict"] == "no answer"


@pytest.mark.parametrize(("words", "code"), [(("--list",), 0), (("--only", "read.word"), 0)])
def test_json_is_what_its_schema_says(words: tuple[str, ...], code: int) -> None:
    done = esprom("--port", "sim://esp01", "--json", "conformance", *words)
    assert done.returncode == code
    assert list(validator("conformance").iter_errors(json.loads(done.stdout))) == []


def test_junit_can_be_read(tmp_path: Path, bad_stub: Path) -> None:
    file = tmp_path / "report.xml"
    words = ("conformance", "--report", "junit", "-o", file, "--only", "read.word")
    assert esprom("--port", "sim://esp01", *words).returncode == 0
    suites = ElementTree.parse(file).getroot()
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [
        ("rom", "0"),
        ("our stub", "0"),
    ]
    assert esprom("--port", "sim://esp01", *words).returncode == 1, "it is not replaced unless told to"
    done = esprom("--port", "sim://esp01", "--loader", bad_stub, *words, "--force")
    assert done.returncode == 6
    (suite,) = ElementTree.parse(file).getroot()
    assert suite.get("failures") == "1"
    assert suite.find("testcase/failure") is not None


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_the_page_is_rendered(tmp_path: Path) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    done = esprom("--port", "sim://esp01", "--loader", "rom", "conformance", "--report", "html", "-o", page)
    assert done.returncode == 0
    words = ("--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}", page.as_uri())
    subprocess.run(["chromium", *words], capture_output=True, timeout=RUN_S, check=True)
    assert picture.stat().st_size > 10_000
    assert "http" not in page.read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--only", "nope"), 2, "no case's id begins with 'nope'"),
        (
            ("--loader", "rom", "--only", "own."),
            2,
            "none of these cases is to be run: they are not about rom",
        ),
        (("--only", "flash.write"), 2, "(--destructive)"),
        (("--scratch", "0x10000"), 2, "--scratch says where --destructive may write"),
        (("--level", "some"), 2, "'some' is not one of"),
        (("--destructive", "--scratch", "0x1234"), 1, "64 KiB"),
        (("--loader", "nothing.json"), 2, "cannot read nothing.json"),
    ],
)
def test_wrong_input(words: tuple[str, ...], code: int, said: str) -> None:
    done = esprom("--port", "sim://esp01", "conformance", *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_what_is_no_esp8266() -> None:
    done = esprom("--port", "loop://", "conformance")
    assert done.returncode == 4
    assert "nothing here can be checked" in done.stderr

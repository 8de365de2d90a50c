# SPDX-License-Identifier: Apache-2.0
"""inspect as a user runs it, and the page as a browser shows it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.firmware import MIB, stock

SECTOR = 0x1000


def esprom(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "esprom", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.bin"
    path.write_bytes(stock(MIB))
    return path


def test_a_file(dump: Path) -> None:
    done = esprom("inspect", dump)
    assert done.returncode == 0, done.stderr
    assert "0x001000  user1, version 2" in done.stdout
    assert "name: esprom-demo" in done.stdout
    assert "password: 12 characters" in done.stdout
    assert "\x1b" not in done.stdout
    revealed = esprom("inspect", dump, "--reveal").stdout
    (password,) = re.findall(r"password: (.{12})\n", revealed)
    assert password not in done.stdout
    assert password.encode() in dump.read_bytes()


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.bin").write_bytes(b"")
    done = esprom("inspect", tmp_path / "empty.bin")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is empty: there is nothing to inspect" in done.stderr


def test_that_nothing_was_found_is_said(tmp_path: Path) -> None:
    (tmp_path / "blank.bin").write_bytes(b"\xff" * SECTOR)
    done = esprom("inspect", tmp_path / "blank.bin", "--html", tmp_path / "blank.html")
    assert "passwords: none in a form that esprom knows" in done.stdout
    assert "None in a form that esprom knows" in (tmp_path / "blank.html").read_text()


def test_the_map_of_a_large_flash_shows_what_is_small(tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(stock(16 * MIB))
    done = esprom("inspect", tmp_path / "large.bin")
    assert "# firmware, C calibration, . blank; a letter is 16.0 KiB" in done.stdout


@pytest.mark.soak
def test_a_board(dump: Path) -> None:
    dump.write_bytes(stock(MIB)[:SECTOR].ljust(MIB - 5 * SECTOR, b"\xff") + stock(MIB)[-5 * SECTOR :])
    done = esprom("--baud", "auto", "--json", "inspect", f"sim://esp01?flash={dump}")
    facts = json.loads(done.stdout)
    assert facts["name"] == "5c:cf:7f:12:34:56"
    assert [image["role"] for image in facts["images"]] == ["boot loader"]
    assert [secret["text"] for secret in facts["secrets"]] == ["esprom-demo", ""]


def test_nothing_is_overwritten_and_the_copy_is_clean(dump: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.bin"
    assert esprom("inspect", dump, "--redact", clean).returncode == 0
    assert b"esprom-demo" not in clean.read_bytes()
    refused = esprom("inspect", dump, "--redact", clean)
    assert refused.returncode == 1
    assert "exists already" in refused.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = esprom("inspect", tmp_path / "nothing.bin")
    assert done.returncode == 2
    assert "cannot read" in done.stderr


@pytest.fixture
def page(dump: Path, tmp_path: Path) -> Path:
    html = tmp_path / "page.html"
    assert esprom("inspect", dump, "--html", html).returncode == 0
    return html


def test_the_page_needs_nothing_else(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.findall(r"(?:src|href)=|https?://|@import|url\(", text)
    assert text.count("<rect") == 256 + 1
    password = re.findall(
        r"password: (.{12})\n", esprom("inspect", page.with_name("dump.bin"), "--reveal").stdout
    )
    assert password[0] not in text


def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    common = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    shot = tmp_path / "page.png"
    done = subprocess.run(
        [*common, f"--screenshot={shot}", "--window-size=1100,1500", page.as_uri()],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert shot.read_bytes().startswith(b"\x89PNG")
    shown = subprocess.run(
        [*common, "--dump-dom", page.as_uri()], capture_output=True, timeout=120, check=True
    )
    dom = shown.stdout.decode("utf-8")
    assert dom.count("<rect") == 256 + 1
    assert "Firmware images" in dom

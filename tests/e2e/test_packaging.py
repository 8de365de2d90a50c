# SPDX-License-Identifier: Apache-2.0
"""The wheel holds two packages, and works where nothing of the checkout is in sight."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ESPROM = ("-m", "esprom", "--port", "sim://esp01")
WHERE = "import esprom as a, esp8266sim as b; print(a.__file__, b.__file__)"


def run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    env = {**os.environ, "PYTHONSAFEPATH": "", "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


def python(folder: Path, installed: Path, *arguments: str) -> str:
    """Run Python in `folder`, which it looks for modules in, with what is installed in `installed`."""
    return run(sys.executable, *arguments, cwd=folder, path=installed)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the wheel installs; its dependencies are this environment's."""
    target = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel, cwd=target)
    return target


def test_top_level_names(wheel: Path) -> None:
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"esprom", "esp8266sim"}


def test_typed(wheel: Path) -> None:
    assert {"esprom/py.typed", "esp8266sim/py.typed"} <= set(zipfile.ZipFile(wheel).namelist())


def test_backs_up_beside_a_foreign_simulator_folder(installed: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "simulator"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("raise ImportError('not this one')\n")
    (foreign / "esp8266sim.py").write_text("raise ImportError('nor this one')\n")
    where = python(tmp_path, installed, "-c", WHERE)
    assert all(Path(file).is_relative_to(installed) for file in where.split())
    python(tmp_path, installed, *ESPROM, "read-flash", "0", "0x1000", "out.bin")
    assert (tmp_path / "out.bin").stat().st_size == 0x1000


@pytest.mark.soak
def test_whole_backup_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "simulator").mkdir()
    python(tmp_path, installed, *ESPROM, "backup", "esp01")
    assert (tmp_path / "esp01.bin").stat().st_size == 1 << 20
    assert (tmp_path / "esp01.json").exists()


def test_readme_gives_two_commands_that_set_themselves_up() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    first, second = (blocks[index].strip() for index in (0, 1))
    assert "\n" not in first and "\n" not in second
    for command in (first, second):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert "esprom --port sim://esp01 backup" in first
    assert "pytest" in second

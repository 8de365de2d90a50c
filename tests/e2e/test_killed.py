# SPDX-License-Identifier: Apache-2.0
"""esprom killed at any moment of a backup or a restore, and begun again; the flash and the disk looked at.

The long run kills it 5 times each, or as often as ESPROM_KILLS says. The board is served by another process,
as a real one is not the host's. What a journal had and was read again all the same is counted.
"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from esprom.backup.manifest import Manifest
from esprom.errors import NoResponse
from tests import served
from tests.firmware import MIB, stock, used

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")

CONTENT = used(MIB)[:0x20000].ljust(MIB, b"\xff")  # so much as makes a run last for a second
SECTOR = 0x1000
LONGEST_S = 2.0  # of a run that is killed; a whole one takes a little more
TRIES = 3  # a board that is served beside much else may be too slow for the timeouts
MOST_AGAIN = 5.0  # per cent, the median
KILLS = int(os.environ.get("ESPROM_KILLS", "5"))
SERVER = ("--tcp", 0, "--pace", "max", "--on-connect", "power-cycle")


def run(url: str, folder: Path, *words: object, kill_after: float | None = None) -> tuple[int, str]:
    """Run esprom in a folder; kill it after so many seconds, or let it end. Return exit code and output."""
    command = [
        sys.executable,
        "-m",
        "esprom",
        "--port",
        url,
        "--baud",
        "921600",
        "--loader",
        "stub",
        "--json",
    ]
    process = subprocess.Popen(
        [*command, *map(str, words)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        out, _ = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
    return process.returncode, out


def whole_run(url: str, folder: Path, *words: object) -> str:
    """Run esprom to its end; again where the board did not answer in time, which nothing is the worse for."""
    for _ in range(TRIES):
        code, out = run(url, folder, *words)
        nothing_is_claimed(folder)
        if code != NoResponse.exit_code:
            break
    assert code == 0, out
    return out


def nothing_is_claimed(folder: Path) -> None:
    """No image is called a backup without its manifest, and no manifest is there that does not fit."""
    for image in folder.glob("*.bin"):
        # A kill between the two names leaves an image that is whole, and not said to be proved.
        assert image.name == "image.bin" or image.stat().st_size == MIB
    for manifest in folder.glob("*.json"):
        found = Manifest.from_json(manifest.read_bytes())
        content = manifest.with_suffix(".bin").read_bytes()
        assert found.digests.first_difference(content) is None


def kept_sectors(folder: Path) -> int:
    """Return how many sectors the journal holds."""
    size = sum(path.stat().st_size for path in folder.glob("*.partial"))
    return size // (24 + SECTOR)


def killed_backups(times: int, tmp_path: Path) -> list[float]:
    """Return, for each resume, the per cent of the flash that a journal had and that was read again."""
    dice = random.Random(3)
    flash = tmp_path / "flash"
    flash.write_bytes(CONTENT)
    again = []  # sectors
    with served.process(
        "--tcp", 0, "--flash", flash, "--pace", "max", "--on-connect", "power-cycle"
    ) as server:
        url = server.urls["tcp"]
        for number in range(times):
            folder = tmp_path / str(number)
            folder.mkdir()
            run(url, folder, "backup", "a", kill_after=dice.uniform(0.2, LONGEST_S))
            nothing_is_claimed(folder)
            before = kept_sectors(folder)
            if not (folder / "a.json").exists():
                # Killed again on the way: what was kept is kept still.
                run(url, folder, "backup", "a", kill_after=dice.uniform(0.2, LONGEST_S))
                nothing_is_claimed(folder)
            if not (folder / "a.json").exists():
                assert kept_sectors(folder) >= before
                before = kept_sectors(folder)
                out = whole_run(url, folder, "backup", "a")
                again.append(max(0, before - json.loads(out)["known_sectors"]))
            assert (folder / "a.bin").read_bytes() == CONTENT
            assert {path.name for path in folder.iterdir() if not path.name.startswith(".")} == {
                "a.bin",
                "a.json",
            }
            assert flash.read_bytes() == CONTENT
    return [100 * sectors / (MIB // SECTOR) for sectors in again]


def killed_restores(times: int, tmp_path: Path) -> None:
    dice = random.Random(4)
    flash, image = tmp_path / "flash", tmp_path / "image.bin"
    flash.write_bytes(CONTENT)
    image.write_bytes(stock(MIB, seed=9)[:0x18000] + CONTENT[0x18000:])
    with served.process(
        "--tcp", 0, "--flash", flash, "--pace", "max", "--on-connect", "power-cycle"
    ) as server:
        url = server.urls["tcp"]
        for number in range(times):
            folder = tmp_path / str(number)
            folder.mkdir()
            held, wanted = flash.read_bytes(), image.read_bytes()
            run(url, folder, "restore", image, "--yes", kill_after=dice.uniform(0.2, LONGEST_S))
            nothing_is_claimed(folder)
            whole_run(url, folder, "restore", image, "--yes")
            assert flash.read_bytes() == wanted
            copies = [path.read_bytes() for path in folder.glob("*before-restore*.bin")]
            assert held == wanted or copies == [held]
            assert not list(folder.glob("*.restoring"))
            image.write_bytes(held)  # and back the next time


@pytest.mark.soak
def test_backups_killed_many_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = killed_backups(KILLS, tmp_path)
    median = statistics.median(again) if again else 0.0
    with capsys.disabled():
        print(
            f"\n{KILLS} backups killed, {len(again)} resumed: read again, median {median:.1f} % of the flash"
        )
    assert median <= MOST_AGAIN


@pytest.mark.soak
def test_restores_killed_many_times(tmp_path: Path) -> None:
    killed_restores(KILLS, tmp_path)

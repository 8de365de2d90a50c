# SPDX-License-Identifier: Apache-2.0
"""What esptool 5.6.0 gets wrong on an ESP8266; esprom, given the same words, does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from esp8266sim.board import Board, Wiring
from esp8266sim.flaws import Flaw, Stuck
from esp8266sim.profiles import PROFILES
from esp8266sim.serve.server import OnConnect, Ways
from esprom import Program, Segment, image_details, program_images
from esprom.cli.main import main
from tests.served import serving
from tests.tools import Esptool

SECTOR = 0x1000
SIZE = 0x100000
BEFORE = bytes(((at >> 12) * 37 + at * 3 + 11) & 0xFF or 1 for at in range(SIZE))  # no byte of it is blank
FIVE = b"five5"
LARGE = bytes(at * 7 & 0xFF for at in range(13 * SECTOR))
BYTE_23 = program_images(Program(0x40100000, (Segment(0x40100000, b"1234567\x01"),)), 1)[0].data
FILES = {
    "five": FIVE,
    "large": LARGE,
    "ones": b"\x01" * SECTOR,
    "byte23": BYTE_23,
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a command line left behind."""

    code: int
    said: str
    flash: bytes
    folder: Path

    @property
    def changed(self) -> list[range]:
        """The stretches of the flash that are not as they were, seen by sectors."""
        return [
            range(at, at + SECTOR)
            for at in range(0, SIZE, SECTOR)
            if self.flash[at : at + SECTOR] != BEFORE[at : at + SECTOR]
        ]

    def holds(self, offset: int, data: bytes) -> bool:
        """Tell whether the flash holds `data`, and all else as it was."""
        return self.flash == written(offset, data)


def written(offset: int, data: bytes) -> bytes:
    return BEFORE[:offset] + data + BEFORE[offset + len(data) :]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A command line, what esptool makes of it, and what is right."""

    name: str
    line: str
    theirs: Callable[[Run], bool]
    ours: Callable[[Run], bool]
    flash: bytes = field(default=BEFORE, repr=False)
    flaws: Sequence[Flaw] = ()


def header_is_edited(run: Run) -> bool:
    details = image_details(run.flash[: len(BYTE_23)])
    return (
        run.code == 0
        and details.settings.mode == "dio"
        and details.checksum_good is True
        and run.holds(0, BYTE_23[:2] + b"\x02" + BYTE_23[3:])
    )


MISTAKES = (
    Mistake(
        "the header of an image whose byte 23 is 1",
        "write-flash -fm dio 0x0 byte23",
        lambda run: run.code != 0 and "AttributeError" in run.said and not run.changed,
        header_is_edited,
    ),
    Mistake(
        "a file of five bytes is compared with eight",
        "verify-flash 0x1000 five",
        lambda run: run.code == 2 and "Verifying 0x8 (8) bytes" in run.said and "mismatch" in run.said,
        lambda run: run.code == 0 and "Verifying 0x5 (5) bytes" in run.said and "digest matched" in run.said,
        flash=written(0x1000, FIVE),
    ),
    Mistake(
        "what lies beside the file in its sector is erased",
        "write-flash 0x1200 five",
        lambda run: run.code == 0 and run.flash[0x1000:0x1200] + run.flash[0x1208:0x2000] == b"\xff" * 0xFF8,
        lambda run: run.code == 0 and run.holds(0x1200, FIVE),
    ),
    Mistake(
        "without a stub the sector behind is erased too",
        "--no-stub write-flash 0x1000 large",
        lambda run: run.code == 0 and run.flash[0xE000:0xF000] == b"\xff" * SECTOR,
        lambda run: run.code == 0 and run.holds(0x1000, LARGE),
    ),
    Mistake(
        "without a stub nothing is verified, and success is said",
        "--no-stub write-flash 0x1000 ones",
        lambda run: run.code == 0 and run.flash[0x1000:0x2000] != FILES["ones"],
        lambda run: run.code == 6 and "0x1010" in run.said and "verified" not in run.said,
        flaws=[
            Stuck(range(0x1010, 0x1012), at_zero=0x01)
        ],  # the ROM's checksum does not see two that are alike
    ),
    Mistake(
        "a rest that does not fill a word is not dumped, and success is said",
        "dump-mem 0x40000000 7 out",
        lambda run: run.code == 0 and (run.folder / "out").stat().st_size == 4,
        lambda run: run.code == 0 and (run.folder / "out").stat().st_size == 7,
    ),
)
each = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)


def at_work(mistake: Mistake, folder: Path, tool: Callable[..., tuple[int, str]]) -> Run:
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    board = Board(PROFILES["esp01"], bytearray(mistake.flash), flaws=mistake.flaws)
    ways, power = Ways(tcp=0), OnConnect.POWER_CYCLE
    with serving(ways, board, wiring=Wiring.JUMPER, on_connect=power) as served:
        code, said = tool("--chip", "esp8266", "--port", served.url, *mistake.line.split())
        return Run(code, said, served.flash, folder)


@each
def test_ours_is_right(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def esprom(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as exited:
            main(list(words))
        assert isinstance(exited.value.code, int)
        return exited.value.code, "".join(capsys.readouterr())

    run = at_work(mistake, tmp_path, esprom)
    assert mistake.ours(run), run
    assert "Traceback" not in run.said


@pytest.mark.soak
@each
def test_esptools_is_not(mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def esptool(*words: str) -> tuple[int, str]:
        done = Esptool("5.6.0")(*words)
        return done.returncode, done.stdout

    run = at_work(mistake, tmp_path, esptool)
    assert mistake.theirs(run), run

# SPDX-License-Identifier: Apache-2.0
"""The same arguments for esptool and for esprom, in front of fresh and equal virtual boards; what came of it.

A row fails where success, the flash afterwards, the files or the facts that are printed are not the same,
unless it says why ours is meant to be otherwise; then it fails where they are.
"""

import hashlib
import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from esp8266sim.board import Wiring
from esp8266sim.serve.server import OnConnect, Ways
from esp8266sim.serve.sim import open_board
from esprom import Program, Segment, build_hex, program_images
from tests.served import serving
from tests.tools import Esptool

VERSION = "5.6.0"
RUN_S = 120.0
STEPS = " ; "  # between command lines for the same board

_random = random.Random(5).randbytes
PROGRAM = Program(0x40100004, (Segment(0x40100000, b"text1234"), Segment(0x3FFE8000, b"abcd")))
IMAGE = program_images(PROGRAM, 1)[0].data
RTOS_IMAGE = program_images(Program(0x40100004, (*PROGRAM.segments, Segment(0x40210010, b"rom!"))), 3)[0].data
SPINS = bytes.fromhex("e9010000 00001040 00001040 10000000 06ffff00") + bytes(12)  # `j .`
SECTOR = _random(0x1000)
FILES = {
    "one": b"\x5a",
    "five": b"five5",
    "sector": SECTOR,
    "sector.5": SECTOR[:5],
    "kb": _random(0x400),
    "big": _random(52 * 1024),
    "zeros": bytes(0x20000),
    "blank": b"\xff" * 0x2000,
    "empty": b"",
    "image": IMAGE,
    "rtos": RTOS_IMAGE,
    "byte23": program_images(Program(0x40100000, (Segment(0x40100000, b"1234567\x01"),)), 1)[0].data,
    "spins": (SPINS + bytes(-(len(SPINS) + 1) % 16))
    + bytes([0xEF ^ 0x06 ^ 0xFF ^ 0xFF]),  # the checksum of its segment
    "hex": build_hex([Segment(0x1000, b"from hex"), Segment(0x3000, b"more")]),
    "flash-id.args": b"flash-id\n",
    "write.args": b"write-flash\n0x1000 sector\n",
}
CONTENT = _random(0x8000)  # of the flash, over and over but for what is counted in

FACTS = {
    "MAC": re.compile(r"MAC:\s+([0-9a-f:]{17})"),
    "chip id": re.compile(r"Chip ID: (0x[0-9a-f]+)"),
    "chip": re.compile(r"Chip (?:type:|is)\s+(\S+)"),
    "crystal": re.compile(r"Crystal (?:frequency:|is)\s+(\d+)MHz"),
    "maker": re.compile(r"Manufacturer: (\w+)"),
    "device": re.compile(r"Device: (\w+)"),
    "flash size": re.compile(r"Detected flash size: (\S+)"),
    "status": re.compile(r"(\w+) (?:flash memory |flash )?status:\s+(0x[0-9a-f]+)"),
    "word": re.compile(r"(0x[0-9a-f]{8}) = (0x[0-9a-f]{8})"),
    "words written": re.compile(r"Wrote (0x\w+) with mask (0x\w+) to (0x\w+)"),
    "written": re.compile(r"Wrote (\d+) bytes.* at (0x[0-9a-f]+)"),
    "read": re.compile(r"(?:Read|Dumped) (\d+) bytes (?:from|at) (0x[0-9a-f]+)"),
    "verified": re.compile(r"(Hash of data verified|digest matched|digest mismatch)"),
    "differences": re.compile(r"Verification failed: (\d+) differences, first at (0x[0-9a-f]+)"),
    "header": re.compile(r"Flash parameters set to (0x[0-9a-f]+)"),
    "erased": re.compile(r"(?:erased|rase completed) (successfully)"),
    "SFDP": re.compile(r"SFDP\[\d+..\d+\]: (.*\w)"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A command line, or several for one board, in esptool 5's spelling unless they are to show another's."""

    line: str
    why: str = ""  # ours is meant to be otherwise
    board: str = "esp01"
    way: str = "tcp"
    keep: bool = False  # what runs on the board when the next client comes; else it is powered anew


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row left behind."""

    done: bool
    said: str = field(repr=False)
    flash: str  # the SHA-256
    files: dict[str, bytes] = field(repr=False)

    @property
    def facts(self) -> dict[str, list[str]]:
        """What is printed of what can be compared."""
        found = {name: known.findall(self.said) for name, known in FACTS.items()}
        return {name: sorted({_plain(value) for value in values}) for name, values in found.items() if values}


def _plain(found: str | tuple[str, ...]) -> str:
    """Return a fact without what says nothing: how many digits a number has."""
    words = (found,) if isinstance(found, str) else found
    return " ".join(
        hex(int(word, 16)) if word.startswith("0x") and " " not in word else word for word in words
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A row's two outcomes."""

    row: Row
    theirs: Outcome
    ours: Outcome

    @property
    def differences(self) -> list[str]:
        """In what they differ, in words."""
        ours, theirs = self.ours, self.theirs
        found = [
            name
            for name, same in (
                ("success", ours.done == theirs.done),
                ("flash", ours.flash == theirs.flash),
                ("files", ours.files == theirs.files),
            )
            if not same
        ]
        if theirs.done and ours.done:
            missing = {name for name, values in theirs.facts.items() if ours.facts.get(name) != values}
            found += [f"facts ({', '.join(sorted(missing))})"] if missing else []
        return found


def compare(row: Row, folder: Path) -> Comparison:
    """Run both. Skips the test where esptool cannot be had."""
    place = Esptool(VERSION).place
    start = f"import sys; sys.path.insert(0, {str(place)!r}); import esptool; esptool._main()"
    return Comparison(
        row,
        _outcome([sys.executable, "-c", start], row, folder / "esptool"),
        _outcome([sys.executable, "-m", "esprom"], row, folder / "esprom"),
    )


def _outcome(command: list[str], row: Row, folder: Path) -> Outcome:
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    board = open_board(f"sim://{row.board}")[0]
    size = len(board.flash.array)
    board.flash.array[:] = b"".join(
        bytes([at >> 16]) + CONTENT[1:] for at in range(0, size, len(CONTENT))
    )  # so that no part of it is like another
    ways = {
        "tcp": Ways(tcp=0),
        "rfc2217": Ways(rfc2217=0),
        "pty": Ways(pty=str(folder / "tty")),
    }[row.way]
    wiring = None if row.way == "rfc2217" else Wiring.JUMPER
    on_connect = OnConnect.KEEP if row.keep or row.way == "rfc2217" else OnConnect.POWER_CYCLE
    said = ""
    with serving(ways, board, wiring=wiring, on_connect=on_connect) as served:
        url = next(iter(served.urls.values()))
        for line in row.line.split(STEPS):
            words = [*command, "--chip", "esp8266", "--port", url, *line.split()]
            ran = subprocess.run(
                words, cwd=folder, capture_output=True, text=True, check=False, timeout=RUN_S
            )
            said += ran.stdout + ran.stderr
            if ran.returncode:
                break
        flash = hashlib.sha256(served.flash).hexdigest()
    (folder / "tty").unlink(missing_ok=True)
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert FILES.keys() <= files.keys()
    new = {name: data for name, data in files.items() if FILES.get(name) != data}
    return Outcome(ran.returncode == 0, said, flash, new)


NO_STUB_CANNOT = "esptool cannot do that without its stub; ours reads through the flash chip's own registers"
EXACT = "what lies beside it in the sector stays; esptool erases it"
SECTOR_SHARED = "both files fit; esptool refuses two in one sector, since it erases what is beside"
UNVERIFIED = "esptool verifies nothing without its stub, and does not say so; ours has read it back"
STUB_4MB = (
    "esptool's stub takes the ROM's pointer to the flash parameters (0x3fffc714) for those: the size stays"
    " 4 MiB, and what lies behind that fails"
)
PADS = "esptool fills a file up to whole words, and erases what is beside it"
NOTHING = "there is nothing to write, and success would say that there was"
ROWS = (
    # Who is there.
    Row("chip-id"),
    Row("chip_id"),
    Row("read-mac"),
    Row("flash-id"),
    Row("flash-id", way="pty"),
    Row("flash-id", way="rfc2217"),
    Row("flash-id", board="esp01s"),
    Row("flash-id", board="esp12-40mhz"),
    Row("chip-id", board="esp8285"),
    Row("flash-id", board="d1mini-pro"),
    Row("--no-stub chip-id"),
    Row("--no-stub flash-id"),
    Row("--no-stub read-mac", way="pty"),
    Row("--baud 460800 flash-id"),
    Row("--connect-attempts 2 flash-id"),
    Row("--before no-reset flash-id"),
    Row("--after no-reset flash-id"),
    Row("--after soft-reset flash-id"),
    Row("--after no-reset-stub flash-id"),
    Row("--after watchdog-reset flash-id"),
    Row("--before usb-reset flash-id"),
    Row("@flash-id.args"),
    Row("--after no-reset-stub flash-id ; --before no-reset flash-id", keep=True),
    Row("--after no-reset-stub flash-id ; --before no-reset-no-sync flash-id", keep=True),
    Row("--before no_reset --after no_reset read_mac"),
    # Reading.
    Row("read-flash 0 0x1000 out"),
    Row("read_flash 0x1234 1000 out"),
    Row("read-flash 0 ALL out"),
    Row("read-flash 0 65536 out", way="pty"),
    Row("read-flash 0 64kB out", "a size may have a unit"),
    Row("--baud 921600 read-flash 0x3ffff0 0x20 out", board="esp12"),
    Row("read-flash 0xff000 0x1000 out"),
    Row("read-flash 0xff000 0x1001 out"),
    Row("read-flash 0x100000 1 out"),
    Row("read-flash -p -fs 1MB -sc SPI 0 16 out"),
    Row("read-flash -sc HSPI 0 16 out"),
    Row("read-flash 0 0 out", NOTHING),
    Row("read-flash 0 16 missing/out"),
    Row("--no-stub read-flash 0 0x400 out", NO_STUB_CANNOT),
    # Writing.
    Row("write-flash 0x1000 sector"),
    Row("write_flash 0x0 sector 0x1000 big"),
    Row("write-flash 0x1000 big 0x0 sector", way="pty"),
    Row("write-flash 0x2000 sector", way="rfc2217"),
    Row("--baud 921600 write-flash 0x0 big"),
    Row("@write.args"),
    Row("write-flash -u 0x1000 sector"),
    Row("write-flash -z 0x10000 zeros"),
    Row("write-flash 0x10000 zeros"),
    Row("write-flash 0x10000 blank"),
    Row("write-flash -e 0x1000 sector"),
    Row("write-flash --erase-all --no-progress 0x1000 sector"),
    Row("write-flash --skip-flashed 0x1000 sector"),
    Row("write-flash 0x1000 sector ; write-flash -s 0x1000 sector"),
    Row("write-flash 0x1000 sector ; write-flash 0x1000 sector --diff-with sector"),
    Row("write-flash 0x1000 big --diff-with skip"),
    Row("write-flash 0x1000 sector --diff-with kb"),
    Row("write-flash 0x1000 sector --diff-with kb kb", "two files for one: which of them is meant?"),
    Row("write-flash 0x3ff000 sector", board="esp12"),
    Row("write-flash 0xff000 sector", board="esp01s"),
    Row("write-flash 0x7ff000 sector 0x800000 sector", STUB_4MB, board="d1mini-pro"),
    Row("write-flash 0xfff000 sector", STUB_4MB, board="d1mini-pro"),
    Row("write-flash 0x3ff000 sector", board="d1mini-pro"),
    Row("--no-stub write-flash 0xfff000 sector", UNVERIFIED, board="d1mini-pro"),
    Row("write-flash 0x1000 hex", EXACT),
    Row("write-flash 0x0 hex", EXACT),
    Row("write-flash 0x2000 hex", EXACT),
    Row("write-flash 0x1000 five", EXACT),
    Row("write-flash 0x1000 one", EXACT),
    Row("write-flash 0x1200 kb", EXACT),
    Row("--no-stub write-flash 0x1000 five", EXACT),
    Row(
        "--no-stub write-flash 0x1000 sector",
        "esptool verifies nothing without its stub, and does not say so",
    ),
    Row("--no-stub write-flash -z 0x1000 sector", "the ROM unpacks nothing; ours sends it as it is"),
    Row("--no-stub write-flash -e 0x1000 sector", NO_STUB_CANNOT),
    Row("write-flash 0x1000 sector 0x4000 empty"),
    Row("write-flash 0x1000 empty", NOTHING),
    Row("write-flash 0x1000"),
    Row("write-flash"),
    Row("write-flash 0x1000 nothing"),
    Row("write-flash here sector"),
    Row("write-flash 0x0 big 0x1000 sector"),
    Row("write-flash 0x1000 sector 0x1000 sector"),
    Row("write-flash 0x1000 kb 0x1800 kb", SECTOR_SHARED),
    Row("write-flash 0xfff00 sector"),
    Row("write-flash 0x100000 sector"),
    Row("write-flash --encrypt 0x1000 sector"),
    Row("write-flash -sc HSPI 0x1000 sector"),
    Row("write-flash -sc SPI 0x1000 sector"),
    # The header.
    Row("write-flash 0x0 image", EXACT),
    Row("write-flash -e -fs keep -fm keep -ff keep 0x0 image"),
    Row("write-flash -e -fs detect 0x0 image", board="esp12"),
    Row("write-flash -e -fs 1MB -fm dout -ff 80m 0x0 image"),
    Row("write-flash -e -fm dio 0x1000 image"),
    Row("write-flash -e -fm dio 0x0 kb"),
    Row("write-flash -e -fs 512KB -ff 26m 0x0 image"),
    Row("write-flash -e -fs 2MB-c1 0x0 image", board="esp12"),
    Row("write-flash -e -fs 4MB 0x0 image", "the flash has 1 MiB: the firmware would look behind its end"),
    Row("write-flash -fs 10MB 0x0 image"),
    Row("write-flash -ff 48m 0x0 image"),
    Row("write-flash -fs 1MB 0x280000 kb", board="esp12"),
    Row("write-flash -e -fm dio 0x0 byte23", "esptool takes byte 23 for another chip's, and crashes"),
    Row("write-flash -e -fm dio 0x0 rtos", "the digest behind the image stays right"),
    Row("write-flash -e -fm dio 0x0 image ; verify-flash -fm dio 0x0 image"),
    Row("write-flash -e -fm dio 0x0 image ; verify-flash 0x0 image"),
    # Comparing.
    Row("write-flash 0x1000 sector ; verify-flash 0x1000 sector"),
    Row("write-flash 0x1000 sector 0x3000 big ; verify_flash 0x3000 big 0x1000 sector"),
    Row("verify-flash 0x1000 sector"),
    Row("verify-flash --diff 0x1000 sector"),
    Row("write-flash -e 0x1000 five ; verify-flash 0x1000 five", PADS),
    Row("write-flash 0x1000 blank 0x3000 five ; verify-flash 0x3000 five", PADS),
    Row(
        "write-flash 0x0 sector ; verify-flash 0x0 sector.5",
        "esptool pads the file to eight bytes and compares those",
    ),
    Row("--no-stub verify-flash 0x1000 sector"),
    Row("write-flash 0x1000 sector ; --no-stub verify-flash 0x1000 sector", NO_STUB_CANNOT),
    # Erasing.
    Row("erase-flash"),
    Row("erase_flash", board="esp01s"),
    Row("erase-flash --force", way="pty"),
    Row("erase-region 0x1000 0x1000"),
    Row("erase_region 0x8000 0x2000"),
    Row("erase-region 0x0 ALL"),
    Row("erase-region 0x1001 0x1000"),
    Row("erase-region 0x1000 100"),
    Row("erase-region 0xff000 0x2000"),
    Row("--no-stub erase-flash", NO_STUB_CANNOT),
    Row("--no-stub erase-region 0xf000 0x2000", NO_STUB_CANNOT),
    # Memory and registers.
    Row("read-mem 0x40001000"),
    Row("read_mem 0x3ff00050"),
    Row("read-mem 0x40001002"),
    Row("write-mem 0x3ffe8000 0x12345678"),
    Row("--no-stub write-mem 0x3ffe8000 0xabad1dea 0x0000ffff"),
    Row("dump-mem 0x40000000 64 out"),
    Row("--no-stub dump-mem 0x40001000 0x400 out"),
    Row("dump-mem 0x40000000 7 out", "esptool leaves out what does not fill a word, and says nothing"),
    Row("--no-stub load-ram spins"),
    Row("load-ram spins"),
    Row("load-ram kb"),
    Row("load-ram rtos", "part of it is for the flash, and load-ram puts it nowhere"),
    Row("run"),
    Row("--no-stub run"),
    Row("read-flash-status"),
    Row("read-flash-status --bytes 1"),
    Row("read-flash-status --bytes 3"),
    Row("read-flash-status --bytes 4"),
    Row("write-flash-status 0"),
    Row("write-flash-status --bytes 1 0x1c ; read-flash-status --bytes 1"),
    Row("write-flash-status --non-volatile 0x0 ; read-flash-status"),
    Row("read-flash-sfdp 0 4"),
    Row("--no-stub read-flash-sfdp 0x30 4"),
    Row("read-flash-sfdp 0 5", "SFDP is more than four bytes"),
    # What is not for this chip, or is no command.
    Row("get-security-info"),
    Row("nonsense"),
    Row("version"),
    Row("--chip esp32 flash-id"),
    Row("--after nonsense flash-id"),
)

# SPDX-License-Identifier: Apache-2.0
"""The same command line about the same files, given to esptool and to esprom: the same files come out.

Where a row says why, ours is meant to be otherwise: it then refuses what esptool makes, or the reverse.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from esprom.image import Program, Segment, program_images
from tests.elves import ARM, RELOCATABLE, Section, elf
from tests.tools import Esptool

RUN_S = 120.0
PROGRAM = Program(
    0x40100004,
    (Segment(0x40100000, b"text1234"), Segment(0x3FFE8000, b"abcd"), Segment(0x40210010, b"in flash")),
)
SECTIONS = [Section(part.address, part.data) for part in PROGRAM.segments]
HEADERS = [(0x40100000, b"headers.")]
OVERLAP = [Section(0x40100000, b"12345678"), Section(0x40100004, b"1234")]
HEX = b":050000006669727374D3\n:0C1000007365636F6E6420706965636542\n:00000001FF\n"
NAMED_23 = program_images(Program(0x40100000, (Segment(0x40100000, b"1234567\x01"),)), 1)[0].data
LATER = bytes.fromhex(  # for an ESP32: header, longer header, one segment, checksum
    "e9010220 00040840 ee000000 0000 00 0000 0000 00000000 00 0000fb3f 08000000"
) + (b"12345678" + bytes(7) + b"\xe7")
EVERYWHERE = [  # sections that meet all over RAM
    Section(at, b"\1" * 0x400)
    for memory in (range(0x3FFE8000, 0x3FFFFC00, 0x400), range(0x40100000, 0x40110000, 0x400))
    for at in memory
]
FILES = {
    "app.elf": elf(SECTIONS, entry=PROGRAM.entry, segments=HEADERS),
    "ram.elf": elf(SECTIONS[:2], segments=HEADERS),
    "low.elf": elf([SECTIONS[0], Section(0x40200000, b"1234")], segments=HEADERS),
    "two.elf": elf([*SECTIONS, Section(0x40240000, b"1234")], segments=HEADERS),
    "near.elf": elf([*SECTIONS, Section(0x40210100, b"1234")], segments=HEADERS),
    "overlap.elf": elf(OVERLAP, segments=HEADERS),
    "arm.elf": elf(SECTIONS, machine=ARM),
    "object.elf": elf(SECTIONS, kind=RELOCATABLE, segments=HEADERS),
    "none.elf": elf([]),
    "everywhere.elf": elf(EVERYWHERE, segments=HEADERS),
    **{f"v{form}.bin": program_images(PROGRAM, form)[0].data for form in (1, 2, 3)},
    "hurt.bin": program_images(PROGRAM, 1)[0].data[:-1] + b"\x55",
    "23.bin": NAMED_23,
    "esp32.bin": LATER,
    "odd": b"fifteen bytes..",
    "long": bytes(range(256)) * 4,
    "empty": b"",
    "pieces.hex": HEX,
    "hurt.hex": HEX[:-20] + b"00" + HEX[-18:],
    "colon": b":hello world, not hex",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A command line in esptool 5's spelling; `why` ours is otherwise, if it is."""

    line: str
    why: str = ""
    lines: tuple[str, ...] = ()  # that both print, blanks at their ends aside
    version: str = "5.6.0"


INFO = ("Image version: 1", "Entry point: 0x40100004", "Segments: 2", "Flash size: 1MB", "Flash freq: 40m")
IRAM, DRAM = (
    f"      {number}  0x{size:05x}  0x{at:08x}  0x{place:08x}  {name}"
    for number, size, at, place, name in (
        (0, 8, 0x40100000, 8, "IRAM"),
        (1, 4, 0x3FFE8000, 0x18, "DRAM"),
    )
)
ANY = "Detected image type: ESP8266"
OLD = ("File size: 48 (bytes)", "Image version: 1", "Entry point: 40100004", "2 segments")
ROWS = (
    Row("elf2image app.elf"),
    Row("elf2image --version 2 app.elf"),
    Row("elf2image --version 3 app.elf"),
    Row("elf2image -e 2 -fs 2MB-c1 -fm dout -ff 20m -o named app.elf"),
    Row("elf2image --version 3 --flash-size 32MB --output named app.elf"),
    Row("elf2image --use-segments app.elf"),
    Row("elf2image --dont-append-digest --version 3 app.elf"),
    Row("elf2image ram.elf"),
    Row("elf2image everywhere.elf"),
    Row("elf2image --version 3 everywhere.elf"),
    Row("elf2image --version 3 two.elf"),
    Row("elf2image two.elf"),
    Row("elf2image --version 2 two.elf"),
    Row("elf2image --version 3 near.elf"),
    Row("elf2image arm.elf"),
    Row("elf2image empty"),
    Row("elf2image odd"),
    Row("elf2image --version 3 -fs 512KB app.elf"),
    Row("elf2image -fs 64MB app.elf"),
    Row("elf2image -ff 48m app.elf"),
    Row("elf2image --version 2 ram.elf", "esptool's file is no image: its own image-info cannot read it"),
    Row("elf2image low.elf", "the second file would have the first one's name, and esptool loses one"),
    Row("elf2image overlap.elf", "one part overwrites the other"),
    Row("elf2image object.elf", "what is not linked has no addresses"),
    Row("elf2image none.elf", "an image without segments does not start"),
    Row("elf2image --secure-pad app.elf", "esptool takes it and does nothing"),
    Row("elf2image --pad-to-size 4KB app.elf", "esptool takes it and does nothing"),
    Row("image-info v1.bin", lines=(*INFO, "Flash mode: QIO", IRAM, DRAM, "Checksum: 0xf2 (valid)")),
    Row("image-info v2.bin", lines=("Image version: 2", "Segments: 3", "Checksum: 0xf2 (valid)")),
    Row("image-info v3.bin", lines=("Image version: 1", "Segments: 3", "Flash freq: 40m")),
    Row("image-info hurt.bin", lines=("Checksum: 0x55 (invalid - calculated 0xf2)",)),
    Row("--chip auto image-info v1.bin", lines=(ANY, *INFO)),
    Row("--chip auto image-info v3.bin", lines=(ANY, "Image version: 1")),
    Row("--chip auto image-info esp32.bin", "it is an image for the ESP32"),
    Row("image-info odd"),
    Row("image-info empty"),
    Row("image-info app.elf"),
    Row("merge-bin -o out 0x0 v1.bin 0x1000 odd"),
    Row("merge-bin -o out 0x2000 odd 0 v1.bin 0x10000 long"),
    Row("merge-bin -o out -fs 4MB -fm dio -ff 80m 0x0 v1.bin 0x1000 odd"),
    Row("merge-bin -o out -fs 4MB 0x1000 v1.bin"),
    Row("merge-bin -o out -fs 4MB 0 odd"),
    Row("merge-bin -o out -fs 4MB 0 v3.bin", "the RTOS SDK has numbers of its own for sizes, and a digest"),
    Row("merge-bin -o out -t 0x1000 0x2000 odd"),
    Row("merge-bin -o out --target-offset 0x1000 --pad-to-size 256KB 0x1000 odd"),
    Row("merge-bin -o out -t 0x1001 0x1000 odd"),
    Row("merge-bin -o out 0 pieces.hex 0x2000 odd"),
    Row("merge-bin -o out -f hex 0x0 v1.bin 0x1000 odd 0x1fff0 long"),
    Row("merge-bin -o out --format hex -fm dio 0x10000 pieces.hex 0x5000 odd"),
    Row("merge-bin -o out -f hex 0x2000 odd"),
    Row("merge-bin -o out -f uf2 0x0 v1.bin 0x1000 odd 0x2000 long"),
    Row("merge-bin -o out -f uf2 --md5-disable -fm dio 0x0 v1.bin 0x2000 long"),
    Row("merge-bin -o out -f uf2 --chunk-size 256 0x2000 long"),
    Row("merge-bin -o out -f uf2 --chunk-size 30 0x2000 long"),
    Row("merge-bin -o out -f uf2 -t 0x1000 0x2000 odd", "esptool passes -t over"),
    Row("merge-bin -o out -f hex --pad-to-size 256KB 0 odd", "esptool passes the size over"),
    Row("merge-bin -o out --chunk-size 256 0 odd", "esptool passes the chunk's size over"),
    Row("merge-bin -o out -f hex -t 0x1000 0 odd"),
    Row("merge-bin -o out 0 v1.bin 0x10 odd"),
    Row("merge-bin -o out 0x1000 colon"),
    Row("image-info colon"),
    Row("merge-bin -o out 0 hurt.hex", "esptool merges the text of a damaged HEX file"),
    Row("merge-bin -o v1.bin 0x1000 odd 0 v1.bin", "esptool replaces what it has read"),
    Row("elf2image --version 3 -o app.elf app.elf", "esptool replaces what it has read"),
    Row("merge-bin -o out 0"),
    Row("merge-bin -o out 0 nothing"),
    Row("merge-bin 0 v1.bin"),
    Row("merge-bin -o out 0 v1.bin 0x100 odd", "nothing overlaps: both lie in one sector of the same file"),
    Row("merge-bin -o out 0 empty", "esptool makes an empty file"),
    Row("merge-bin -o out -t 0x3fff8 --pad-to-size 256KB 0x3fff8 odd", "esptool's ends behind the flash"),
    Row("merge-bin -o out -f uf2 --chunk-size 476 0x2000 long", "esptool ends with a traceback and a file"),
    Row("merge-bin -o out -fm dio 0 23.bin", "esptool 5.6.0 takes byte 23 for another chip's, and crashes"),
    Row("make_image -f long -a 0x40100000 -f odd -a 0x3ffe8000 -e 0x40100004 out", version="4.12.0"),
    Row("make_image -f odd -a 0x40210000 -f odd -a 0x40100000 out", version="4.12.0"),
    Row("make_image -f odd -a 0x40100000 -f odd -a 0x40100010 out", version="4.12.0"),
    Row("make_image -f odd out", version="4.12.0"),
    Row("make_image -f odd -a 0x40100000 -e 0 out", version="4.12.0"),
    Row("make_image -f odd -a 0x20000000 out", "no memory is there", version="4.12.0"),
    Row("make_image -f odd -a 0x40100001 out", "the boot ROM writes whole words", version="4.12.0"),
    Row("make_image -f odd -a 0x40100000 -e 0x40100010 out", "no code is at the entry", version="4.12.0"),
    Row("make_image -f odd -a 0x3ffe8000 -e 0x3ffe8000 out", "data memory runs no code", version="4.12.0"),
    Row("make_image -f odd -a 0xfffffff8 out", "it ends behind 32-bit addresses", version="4.12.0"),
    Row(
        "make_image -f odd -a 0x40100000 -f odd -a 0x40100008 out",
        "one piece overwrites the other",
        version="4.12.0",
    ),
    Row("make_image -f odd -a 0x40210000 -f odd -a 0x40220000 -f odd -a 0x40100000 out", version="4.12.0"),
    Row("elf2image --flash_size 4MB --flash_mode dio app.elf", version="4.12.0"),
    Row("merge_bin -o out --fill-flash-size 512KB --flash_mode dout 0 v1.bin 0x2000 long", version="4.12.0"),
    Row("merge_bin -o out -f uf2 0 v1.bin 0x1000 odd", version="4.12.0"),
    Row("elf2image -sc SPI app.elf", version="4.12.0"),
    Row("merge_bin --spi-connection SPI -o out 0 v1.bin", version="4.12.0"),
    *(
        Row(f"elf2image -fs {size} app.elf", version="3.3.3")
        for size in ("2m", "4m", "8m", "16m", "32m", "16m-c1", "32m-c1")
    ),
    Row("merge_bin -o out -fs 32m 0 v1.bin", version="3.3.3"),
    Row("image_info v1.bin", version="4.12.0", lines=(*OLD, "Checksum: f2 (valid)")),
    Row("--chip auto image_info v1.bin", version="4.12.0", lines=(ANY, *OLD)),
    Row("image_info -v 2 v1.bin", version="4.12.0", lines=("ESP8266 image header", *INFO, IRAM, DRAM)),
    Row("image_info --version 1 v1.bin", version="4.12.0", lines=(*OLD, "Checksum: f2 (valid)")),
    Row("image_info --version 2 v1.bin", version="4.12.0", lines=(*INFO, IRAM, DRAM)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command line left behind."""

    done: bool
    said: str
    files: dict[str, bytes]


def outcome(command: list[str], folder: Path) -> Outcome:
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=RUN_S)
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    new = {name: data for name, data in files.items() if FILES.get(name) != data}
    assert FILES.keys() <= files.keys()
    return Outcome(ran.returncode == 0, ran.stdout + ran.stderr, new)


@pytest.mark.soak
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.version}: {row.line}")
def test_the_same_comes_out(row: Row, tmp_path: Path) -> None:
    words = ["--chip", "esp8266", *row.line.split()]
    place = Esptool(row.version).place
    start = f"import sys; sys.path.insert(0, {str(place)!r}); import esptool; esptool._main()"
    theirs = outcome([sys.executable, "-c", start, *words], tmp_path / "theirs")
    ours = outcome([sys.executable, "-m", "esprom", *words], tmp_path / "ours")
    assert "Traceback" not in ours.said
    if row.why:
        assert (ours.done, ours.files) != (theirs.done, theirs.files), "ours is no longer otherwise"
        assert ours.done or not ours.files
        return
    assert ours.done == theirs.done, (ours.said, theirs.said)
    assert ours.files == theirs.files
    for line in row.lines:
        for outcome_ in (ours, theirs):
            assert line in [said.rstrip() for said in outcome_.said.splitlines()], outcome_.said


def test_a_header_can_be_edited_where_esptool_crashes(tmp_path: Path) -> None:
    line = ["merge-bin", "-o", "out", "-fm", "dio", "0", "23.bin"]
    ours = outcome([sys.executable, "-m", "esprom", *line], tmp_path / "ours")
    assert ours.files == {"out": NAMED_23[:2] + b"\x02" + NAMED_23[3:]}


def test_json_of_what_esptool_made(tmp_path: Path) -> None:
    found = outcome([sys.executable, "-m", "esprom", "image-info", "v3.bin", "--json"], tmp_path / "ours")
    (image,) = json.loads(found.said)["images"]
    assert (image["form"], image["trailer"]["good"], image["settings"]["size"]) == (3, True, "1MB")

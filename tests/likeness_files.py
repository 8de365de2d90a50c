# SPDX-License-Identifier: Apache-2.0
"""Command lines about files alone, given to esptool and to esprom; each row states what comes of it.

The names of files are keys of `FILES`. A row without a `why` is to come to the same in both.
"""

from functools import partial

from esprom.image import Program, Segment, build_hex, program_images
from tests.elves import ARM, RELOCATABLE, Section, elf
from tests.likeness import Row

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
    "v1.hex": build_hex([Segment(0, program_images(PROGRAM, 1)[0].data)]),
    "hurt.hex": HEX[:-20] + b"00" + HEX[-18:],
    "colon": b":no Intel HEX",
}

INFO = ("Image version: 1", "Entry point: 0x40100004", "Segments: 2", "Flash size: 1MB", "Flash freq: 40m")
IRAM, DRAM = (
    f"      {number}  0x{size:05x}  0x{at:08x}  0x{place:08x}  {name}"
    for number, size, at, place, name in (
        (0, 8, 0x40100000, 8, "IRAM"),
        (1, 4, 0x3FFE8000, 0x18, "DRAM"),
    )
)
TYPE = "Detected image type: ESP8266"
OLD = ("File size: 48 (bytes)", "Image version: 1", "Entry point: 40100004", "2 segments")
DOES_NOTHING = "esptool takes it, and the image is the same without it"
IN_WORDS = "ours names the settings of the header, esptool prints its two bytes"
_row = partial(Row, board=None)
ROWS = (
    _row("elf2image app.elf"),
    _row("elf2image --version 2 app.elf"),
    _row("elf2image --version 3 app.elf"),
    _row("elf2image -e 2 -fs 2MB-c1 -fm dout -ff 20m -o named app.elf"),
    _row("elf2image --version 3 --flash-size 32MB --output named app.elf"),
    _row("elf2image --use-segments app.elf"),
    _row("elf2image --dont-append-digest --version 3 app.elf"),
    _row("elf2image ram.elf"),
    _row("elf2image everywhere.elf"),
    _row("elf2image --version 3 everywhere.elf"),
    _row("elf2image --version 3 two.elf"),
    _row("elf2image two.elf", done=False),
    _row("elf2image --version 2 two.elf", done=False),
    _row("elf2image --version 3 near.elf", done=False),
    _row("elf2image arm.elf", done=False),
    _row("elf2image empty", done=False),
    _row("elf2image odd", done=False),
    _row("elf2image --version 3 -fs 512KB app.elf", done=False),
    _row("elf2image -fs 64MB app.elf", done=False),
    _row("elf2image -ff 48m app.elf", done=False),
    _row(
        "elf2image --min-rev-full 100 --max-rev-full 200 app.elf", DOES_NOTHING, differs=("success", "files")
    ),
    _row("elf2image --flash-mmu-page-size 64KB app.elf", DOES_NOTHING, differs=("success", "files")),
    _row("elf2image --elf-sha256-offset 0x20 app.elf", DOES_NOTHING, differs=("success", "files")),
    _row(
        "elf2image --ram-only-header app.elf",
        "it is for other boot loaders; here esptool only orders the segments anew",
        differs=("success", "files"),
    ),
    _row("elf2image --secure-pad-v2 app.elf", DOES_NOTHING, differs=("success", "files")),
    _row("elf2image nothing.elf", done=False),
    _row(
        "elf2image --version 2 ram.elf",
        "esptool's file is no image: its own image-info cannot read it",
        differs=("success", "files"),
    ),
    _row(
        "elf2image low.elf",
        "the second file would have the first one's name, and esptool loses one",
        differs=("success", "files"),
    ),
    _row("elf2image overlap.elf", "one part overwrites the other", differs=("success", "files")),
    _row("elf2image object.elf", "what is not linked has no addresses", differs=("success", "files")),
    _row("elf2image none.elf", "an image without segments does not start", differs=("success", "files")),
    _row("elf2image --secure-pad app.elf", DOES_NOTHING, differs=("success", "files")),
    _row(
        "elf2image --pad-to-size 4KB app.elf",
        DOES_NOTHING,
        differs=("success", "files"),
    ),
    _row("image-info v1.bin", lines=(*INFO, "Flash mode: QIO", IRAM, DRAM, "Checksum: 0xf2 (valid)")),
    _row("image-info v2.bin", lines=("Image version: 2", "Segments: 3", "Checksum: 0xf2 (valid)")),
    _row("image-info v3.bin", lines=("Image version: 1", "Segments: 3", "Flash freq: 40m")),
    _row("image-info hurt.bin", lines=("Checksum: 0x55 (invalid - calculated 0xf2)",)),
    _row("image-info v1.hex", lines=(*INFO, "Flash mode: QIO", "Checksum: 0xf2 (valid)")),
    _row(
        "image-info --chip auto v1.bin",
        "options of the group may stand behind the verb too",
        differs=("success",),
        done=False,
    ),
    _row("--chip auto image-info v1.bin", lines=(TYPE, *INFO)),
    _row("--chip auto image-info v3.bin", lines=(TYPE, "Image version: 1")),
    _row("--chip auto image-info esp32.bin", "it is an image for the ESP32", differs=("success",)),
    _row("image-info odd", done=False),
    _row("image-info empty", done=False),
    _row("image-info app.elf", done=False),
    _row("merge-bin -o out 0x0 v1.bin 0x1000 odd"),
    _row("merge-bin -o out 0x2000 odd 0 v1.bin 0x10000 long"),
    _row(
        "merge-bin -o out -fs 4MB -fm dio -ff 80m 0x0 v1.bin 0x1000 odd",
        IN_WORDS,
        differs=("facts (header)",),
    ),
    _row("merge-bin -o out -fs 4MB 0x1000 v1.bin"),
    _row(
        "merge-bin -o out -fs 4MB 0 v3.bin",
        "the RTOS SDK has numbers of its own for sizes, and a digest",
        differs=("files", "facts (header)"),
    ),
    _row("merge-bin -o out -fs 4MB 0 odd"),
    _row("merge-bin -o out -t 0x1000 0x2000 odd"),
    _row("merge-bin -o out --target-offset 0x1000 --pad-to-size 256KB 0x1000 odd"),
    _row("merge-bin -o out -t 0x1001 0x1000 odd", done=False),
    _row("merge-bin -o out 0 pieces.hex 0x2000 odd"),
    _row("merge-bin -o out 0 colon 0x1000 odd"),
    _row("merge-bin --output out --flash-size=4MB 0 v1.bin", IN_WORDS, differs=("facts (header)",)),
    _row("merge-bin -o out --flash-mode keep 0x1000", done=False),
    _row("merge-bin -o out", done=False),
    _row("merge-bin -o out -f srec 0 v1.bin", done=False),
    _row("merge-bin -o missing/out 0 v1.bin", done=False),
    _row("merge-bin -o out -f hex 0x0 v1.bin 0x1000 odd 0x1fff0 long"),
    _row("merge-bin -o out --format hex -fm dio 0x10000 pieces.hex 0x5000 odd"),
    _row("merge-bin -o out -f hex 0x2000 odd"),
    _row("merge-bin -o out -f uf2 0x0 v1.bin 0x1000 odd 0x2000 long"),
    _row(
        "merge-bin -o out -f uf2 --md5-disable -fm dio 0x0 v1.bin 0x2000 long",
        IN_WORDS,
        differs=("facts (header)",),
    ),
    _row("merge-bin -o out -f uf2 --chunk-size 256 0x2000 long"),
    _row("merge-bin -o out -f uf2 --chunk-size 30 0x2000 long", done=False),
    _row(
        "merge-bin -o out -f uf2 -t 0x1000 0x2000 odd",
        "esptool passes -t over",
        differs=("success", "files"),
    ),
    _row(
        "merge-bin -o out -f hex --pad-to-size 256KB 0 odd",
        "esptool passes the size over",
        differs=("success", "files"),
    ),
    _row(
        "merge-bin -o out --chunk-size 256 0 odd",
        "esptool passes the chunk's size over",
        differs=("success", "files"),
    ),
    _row("merge-bin -o out -f hex -t 0x1000 0 odd", done=False),
    _row("merge-bin -o out 0x1000 colon"),
    _row("image-info colon", done=False),
    _row(
        "merge-bin -o out 0 hurt.hex",
        "esptool merges the text of a damaged HEX file",
        differs=("success", "files"),
    ),
    _row("merge-bin -o out 0 v1.bin 0x10 odd", done=False),
    _row(
        "merge-bin -o v1.bin 0x1000 odd 0 v1.bin",
        "esptool replaces what it has read",
        differs=("success", "files"),
    ),
    _row(
        "elf2image --version 3 -o app.elf app.elf",
        "esptool replaces what it has read",
        differs=("success", "files"),
    ),
    _row("merge-bin -o out 0", done=False),
    _row("merge-bin -o out 0 nothing", done=False),
    _row("merge-bin 0 v1.bin", done=False),
    _row(
        "merge-bin -o out 0 v1.bin 0x100 odd",
        "nothing overlaps: both lie in one sector of the same file",
        differs=("success", "files"),
        done=False,
    ),
    _row("merge-bin -o out 0 empty", "esptool makes an empty file", differs=("success", "files")),
    _row(
        "merge-bin -o out -t 0x3fff8 --pad-to-size 256KB 0x3fff8 odd",
        "esptool's ends behind the flash",
        differs=("success", "files"),
    ),
    _row(
        "merge-bin -o out -f uf2 --chunk-size 476 0x2000 long",
        "esptool ends with a traceback and a file",
        differs=("files",),
        done=False,
    ),
    _row(
        "merge-bin -o out -fm dio 0 23.bin",
        "esptool 5.6.0 takes byte 23 for another chip's, and crashes",
        differs=("success", "files"),
        done=False,
    ),
    _row("make_image -f long -a 0x40100000 -f odd -a 0x3ffe8000 -e 0x40100004 out", version="4.12.0"),
    _row("make_image -f odd -a 0x40210000 -f odd -a 0x40100000 out", version="4.12.0"),
    _row("make_image -f odd -a 0x40100000 -f odd -a 0x40100010 out", version="4.12.0"),
    _row("make_image -f odd out", done=False, version="4.12.0"),
    _row("make_image -f odd -a 0x40100000 -e 0 out", version="4.12.0"),
    *(
        _row(f"make_image -f odd {words} out", why, differs=("success", "files"), version="4.12.0")
        for words, why in (
            ("-a 0x20000000", "no memory is there"),
            ("-a 0x40100001", "the boot ROM writes whole words"),
            ("-a 0x40100000 -e 0x40100010", "no code is at the entry"),
            ("-a 0x3ffe8000 -e 0x3ffe8000", "data memory runs no code"),
        )
    ),
    _row(
        "make_image -f odd -a 0xfffffff8 out",
        "it ends behind 32-bit addresses",
        differs=("success", "files"),
        version="4.12.0",
    ),
    _row(
        "make_image -f odd -a 0x40100000 -f odd -a 0x40100008 out",
        "one piece overwrites the other",
        differs=("success", "files"),
        version="4.12.0",
    ),
    _row(
        "make_image -f odd -a 0x40210000 -f odd -a 0x40220000 -f odd -a 0x40100000 out",
        done=False,
        version="4.12.0",
    ),
    _row("elf2image --flash_size 4MB --flash_mode dio app.elf", version="4.12.0"),
    _row("merge_bin -o out --fill-flash-size 512KB --flash_mode dout 0 v1.bin 0x2000 long", version="4.12.0"),
    _row("merge_bin -o out -f uf2 0 v1.bin 0x1000 odd", version="4.12.0"),
    _row("elf2image -sc SPI app.elf", version="4.12.0"),
    _row("merge_bin --spi-connection SPI -o out 0 v1.bin", version="4.12.0"),
    *(
        _row(f"elf2image -fs {size} app.elf", version="3.3.3")
        for size in ("2m", "4m", "8m", "16m", "32m", "16m-c1", "32m-c1")
    ),
    _row("image_info v1.bin", version="4.12.0", lines=(*OLD, "Checksum: f2 (valid)")),
    _row("--chip auto image_info v1.bin", version="4.12.0", lines=(TYPE, *OLD)),
    _row("image_info -v 2 v1.bin", version="4.12.0", lines=("ESP8266 image header", *INFO, IRAM, DRAM)),
    _row("image_info --version 1 v1.bin", version="4.12.0", lines=(*OLD, "Checksum: f2 (valid)")),
    _row("image_info --version 2 v1.bin", version="4.12.0", lines=(*INFO, IRAM, DRAM)),
)

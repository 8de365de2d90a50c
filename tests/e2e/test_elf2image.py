# SPDX-License-Identifier: Apache-2.0
"""Images that esptool makes of programs compiled for the purpose are as the page on images says, and as ours.

The same bytes are then written by our own functions.
"""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from esprom.image import FlashHeader, parse_elf, parse_image, program_images, trailer
from esprom.image.layout import build_image, build_image_v2
from tests.lx106 import link, need
from tests.lx106_c import OPTIONS
from tests.lx106_c import SOURCE as FUNCTIONS
from tests.tools import Esptool

COMPILE_S = 60.0
IRAM, DRAM, RODATA = 0x40100000, 0x3FFE8000, 0x3FFE8100
FLASH = {1: 0x40210000, 2: 0x40201010, 3: 0x40210010}  # where each form's code in the flash is linked
PLACE = 0x10000  # in the flash, of version 1's
SOURCE = """
__attribute__((section(".irom0.text"))) const unsigned in_flash[] = {%s};
volatile unsigned data = 0x12345678;
const char words[] = "thirteen byt";
void begin(void) { data = in_flash[data & 3]; }
"""
IN_FLASH = (0x01, 0x20, 0x0300, 0x4000, 0x7F, 0x99, 0x1234)  # 28 bytes, whose xor is not 0


@dataclass(frozen=True, slots=True)
class Bench:
    """A compiler and a version of esptool."""

    folder: Path
    tool: Esptool

    def image(self, form: int, *options: str, seed: int = 0) -> bytes:
        """Return the image of a program, in version 1 without the file for the flash."""
        self.program(form, seed)
        return self.images(form, self.folder / "program.elf", *options)[0]

    def images(self, form: int, program: Path, *options: str) -> list[bytes]:
        """Return the files that are made of an ELF file, by name: the image first."""
        begin = self.folder / "out-"
        for old in self.folder.glob("out-*"):
            old.unlink()
        words = ("elf2image", "--version", form, *options, "-o", begin, program)
        done = self.tool("--chip", "esp8266", *words)
        assert done.returncode == 0, done.stdout
        return [file.read_bytes() for file in sorted(self.folder.glob("out-*"))]

    def program(self, form: int, seed: int) -> None:
        """Compile the program, linked for the form."""
        words = ", ".join(map(str, (*IN_FLASH[:-1], IN_FLASH[-1] + seed)))
        self.compile(
            SOURCE % words,
            f".text 0x{IRAM:x} : {{ *(.literal*) *(.text*) }} "
            f".data 0x{DRAM:x} : {{ *(.data*) }} .rodata 0x{RODATA:x} : {{ *(.rodata*) }} "
            f".irom0.text 0x{FLASH[form]:x} : {{ *(.irom0.text*) }}",
        )

    def compile(self, source: str, sections: str) -> None:
        """Make program.elf of a program that begins at `begin`."""
        (self.folder / "program.c").write_text(source)
        (self.folder / "program.ld").write_text(f"ENTRY(begin) SECTIONS {{ {sections} }}")
        compiler = ["xtensa-lx106-elf-gcc", "-O1", "-g", "-mlongcalls", "-ffreestanding", "-nostdlib"]
        done = subprocess.run(
            [*compiler, "-T", "program.ld", "program.c", "-o", "program.elf"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMPILE_S,
        )
        assert done.returncode == 0, done.stderr


VERSIONS = ("5.6.0", "4.12.0", "3.3.3")


@pytest.fixture(
    params=[VERSIONS[0], *(pytest.param(version, marks=pytest.mark.soak) for version in VERSIONS[1:])]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    need("xtensa-lx106-elf-gcc")
    return Bench(tmp_path, Esptool(request.param))


def in_flash() -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in IN_FLASH)


@pytest.mark.spec("IMAGE-1", "IMAGE-3", "IMAGE-4", "IMAGE-5", "IMAGE-10")
def test_version_1(bench: Bench) -> None:
    data = bench.image(1)
    image = parse_image(data)
    assert (image.version, image.checksum_good, image.size) == (1, True, len(data))
    assert [segment.address for segment in image.segments] == [IRAM, DRAM, RODATA]
    assert image.segments[1].data == (0x12345678).to_bytes(4, "little")
    assert image.segments[2].data == b"thirteen byt\0\0\0\0"  # whole words
    assert image.entry in range(IRAM, IRAM + 16)
    assert build_image(image.header, image.segments) == data
    assert (bench.folder / f"out-0x{PLACE:05x}.bin").read_bytes() == in_flash()
    assert FLASH[1] == 0x40200000 + PLACE
    assert trailer(data, image) is None


@pytest.mark.spec("IMAGE-2", "IMAGE-3", "IMAGE-5")
def test_version_2(bench: Bench) -> None:
    data = bench.image(2, "-fm", "dio", "-ff", "80m", "-fs", "4MB")
    image = parse_image(data)
    assert (image.version, image.checksum_good, image.size) == (2, True, len(data) - 4)
    assert image.flash_part == in_flash() + bytes(4)  # whole lines
    assert FlashHeader.of(image.header) == FlashHeader("dio", "80m", "4MB")
    second = data[8 + 8 + len(image.flash_part) :]
    assert second[:4] == bytes([0xE9, 3]) + data[2:4]
    assert second[4:8] == data[4:8]
    header = parse_image(second.ljust(len(data), b"\0")).header
    assert build_image_v2(header, in_flash(), image.segments) == data


@pytest.mark.spec("IMAGE-11")
def test_crc_of_version_2_in_both_forms(bench: Bench) -> None:
    data = bench.image(2)
    crc = _plain_crc(data[:-4])
    last = IN_FLASH[-1].to_bytes(4, "little")
    seed = next(  # with which the CRC's highest bit is the other one
        seed
        for seed in range(1, 100)
        if _plain_crc(data[:-4].replace(last, (IN_FLASH[-1] + seed).to_bytes(4, "little"))) >> 31 != crc >> 31
    )
    other = bench.image(2, seed=seed)
    for made in (data, other):
        found = trailer(made, parse_image(made))
        assert found is not None
        assert (found.kind, found.good) == ("crc32", True)
        crc, stated = _plain_crc(made[:-4]), int.from_bytes(made[-4:], "little")
        assert stated == (crc ^ 0xFFFFFFFF if crc >> 31 else crc + 1)
    assert _plain_crc(data[:-4]) >> 31 != _plain_crc(other[:-4]) >> 31


def _plain_crc(data: bytes) -> int:
    """The CRC-32 of IEEE 802.3, from its definition."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.spec("IMAGE-12")
def test_the_rtos_sdks_form(bench: Bench) -> None:
    data = bench.image(3)
    image = parse_image(data)
    assert (image.version, image.checksum_good, image.size) == (1, True, len(data) - 32)
    assert [segment.address for segment in image.segments] == [FLASH[3], DRAM, RODATA, IRAM]
    assert image.segments[0].data == in_flash()
    assert FLASH[3] == 0x40200000 + PLACE + data.index(in_flash())
    found = trailer(data, image)
    assert found is not None
    assert (found.kind, found.good) == ("sha256", True)
    assert build_image(image.header, image.segments) + hashlib.sha256(data[:-32]).digest() == data


@pytest.mark.spec("IMAGE-6")
@pytest.mark.parametrize(
    "words", [("qio", "40m", "512KB"), ("dout", "26m", "2MB-c1"), ("qout", "20m", "16MB")]
)
def test_words_of_the_settings(bench: Bench, words: tuple[str, str, str]) -> None:
    mode, frequency, size = words
    data = bench.image(1, "-fm", mode, "-ff", frequency, "-fs", size)
    assert FlashHeader.of(parse_image(data).header) == FlashHeader(mode, frequency, size)


def test_what_we_write_others_read(bench: Bench) -> None:
    header = parse_image(bench.image(1)).header
    image = parse_image(bench.image(2))
    ours = bench.folder / "ours.bin"
    ours.write_bytes(build_image_v2(header, b"odd" * 7, image.segments))
    command = "image-info" if bench.tool.version > "5" else "image_info"
    done = bench.tool(
        "--chip", "esp8266", command, *(["--version", "2"] if bench.tool.version[0] == "4" else []), ours
    )
    assert done.returncode == 0, done.stdout
    assert "Checksum: " in done.stdout
    assert "valid)" in done.stdout


MORE = """
typedef void (*function)(void);
__attribute__((section(".odd"))) char odd[] = "abc";
__attribute__((section(".init_array"))) function first[] = {begin};
__attribute__((section(".irom.text"))) const char more_in_flash[] = "more in flash";
volatile unsigned nothing[5];
"""
TEXT, IN = "{ *(.literal*) *(.text*) }", "{ *(.irom0.text*) }"
LAYOUTS = {  # of sections, with a place for the address of what stays in the flash
    "apart": f".text 0x40100000 : {TEXT} .data 0x3ffe8000 : {{ *(.data*) }} .bss 0x3ffe9000 : {{ *(.bss*) }}"
    " .rodata 0x3ffe8100 : { *(.rodata*) } .odd 0x3ffe8200 : { *(.odd) } .init_array 0x3ffe8300 :"
    f" {{ *(.init_array) }} .irom0.text 0x%x : {IN} .irom.text : {{ *(.irom.text) }}",
    "joined": f".data 0x3ffe8000 : {{ *(.data*) }} .rodata : {{ *(.rodata*) }} .odd : {{ *(.odd) }}"
    " .init_array : { *(.init_array) } .bss : { *(.bss*) }"
    f" .text 0x40100000 : {TEXT} .irom0.text 0x%x : {IN} .irom.text : {{ *(.irom.text) }}",
    "in another order": f".irom0.text 0x%x : {IN} .irom.text : {{ *(.irom.text) }} .text 0x40107ffc : {TEXT}"
    " .rodata 0x3ffe8100 : { *(.rodata*) } .init_array : { *(.init_array) } .data 0x3ffe8000 : { *(.data*) }"
    " .bss : { *(.bss*) } .odd 0x3ffe8400 : { *(.odd) }",
}
SETTINGS = {"size": "4MB", "mode": "dio", "frequency": "80m"}


@pytest.mark.spec("IMAGE-17", "IMAGE-18", "IMAGE-19")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", FLASH)
def test_ours_are_the_same(bench: Bench, form: int, layout: str) -> None:
    words = ", ".join(map(str, IN_FLASH))
    bench.compile(SOURCE % words + MORE, LAYOUTS[layout] % FLASH[form])
    program = bench.folder / "program.elf"
    theirs = bench.images(form, program, "-fs", "4MB", "-fm", "dio", "-ff", "80m")
    ours = program_images(parse_elf(program.read_bytes()), form, **SETTINGS)
    assert [image.data for image in ours] == theirs
    assert len(theirs) == (2 if form == 1 else 1)


@pytest.mark.spec("IMAGE-18", "IMAGE-19")
@pytest.mark.parametrize("form", [1, 3])
def test_ours_are_the_same_of_a_larger_program(bench: Bench, form: int) -> None:
    rounds = "void md5_block(u32 *state, const u32 *x) { for (u32 i = 0; i < 16; i++) state[i & 3] ^= x[i]; }"
    program = link(FUNCTIONS.replace("@ROUNDS@", rounds), bench.folder, name="large.c", options=OPTIONS)
    theirs = bench.images(form, program)
    assert [image.data for image in program_images(parse_elf(program.read_bytes()), form)] == theirs
    assert len(theirs[0]) > 0x200


def test_ours_are_the_same_by_program_headers(bench: Bench) -> None:
    bench.program(1, 0)
    program = bench.folder / "program.elf"
    option = "--use-segments" if bench.tool.version > "5" else "--use_segments"
    theirs = bench.images(1, program, option)
    ours = program_images(parse_elf(program.read_bytes(), by_segments=True), 1)
    assert [image.data for image in ours] == theirs

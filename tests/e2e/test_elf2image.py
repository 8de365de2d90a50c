# SPDX-License-Identifier: Apache-2.0
"""Images that esptool makes of a program compiled for the purpose are as the page on images says.

The same bytes are then written by our own functions.
"""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from esprom.image import FlashHeader, parse_image, trailer
from esprom.image.layout import build_image, build_image_v2
from tests.lx106 import need
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
        begin = str(self.folder / "out-")
        done = self.tool(
            "--chip",
            "esp8266",
            *("elf2image", "--version", form, *options, "-o", begin, self.folder / "program.elf"),
        )
        assert done.returncode == 0, done.stdout
        return Path(begin + "0x00000.bin" if form == 1 else begin).read_bytes()

    def program(self, form: int, seed: int) -> None:
        """Compile the program, linked for the form."""
        words = ", ".join(map(str, (*IN_FLASH[:-1], IN_FLASH[-1] + seed)))
        (self.folder / "program.c").write_text(SOURCE % words)
        (self.folder / "program.ld").write_text(
            f"ENTRY(begin) SECTIONS {{ .text 0x{IRAM:x} : {{ *(.literal*) *(.text*) }} "
            f".data 0x{DRAM:x} : {{ *(.data*) }} .rodata 0x{RODATA:x} : {{ *(.rodata*) }} "
            f".irom0.text 0x{FLASH[form]:x} : {{ *(.irom0.text*) }} }}"
        )
        compiler = ["xtensa-lx106-elf-gcc", "-O1", "-mlongcalls", "-ffreestanding", "-nostdlib"]
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


@pytest.fixture(params=VERSIONS)
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

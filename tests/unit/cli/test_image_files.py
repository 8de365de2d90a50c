# SPDX-License-Identifier: Apache-2.0
"""The commands about image files, as they are typed. tests/e2e compares them with esptool."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esprom.image import Program, Segment, build_hex, parse_image, program_images
from esprom.image.layout import ImageHeader, build_image
from tests.elves import ARM, Section, elf

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run

PROGRAM = Program(
    0x40100004,
    (
        Segment(0x40100000, b"SDK ver: 2.2.1(6ab97e9) MicroPython v1.19.1 "),
        Segment(0x3FFE8000, b"abcd"),
        Segment(0x40210010, b"in flash"),
    ),
)
DAMAGED_HEX = build_hex([Segment(0, bytes(40))]).replace(b":10001000", b":10001100")
FILE = elf([Section(part.address, part.data) for part in PROGRAM.segments], entry=PROGRAM.entry)
IMAGES = {form: program_images(PROGRAM, form)[0].data for form in (1, 2, 3)}

EXTENDED = """
ESP8266 Image Header
====================
Image version: 1
Entry point: 0x40100004
Segments: 2
Flash size: 1MB
Flash freq: 40m
Flash mode: QIO

Segments Information
====================
Segment   Length   Load addr   File offs  Memory types
-------  -------  ----------  ----------  ------------
      0  0x0002c  0x40100000  0x00000008  IRAM
      1  0x00004  0x3ffe8000  0x0000003c  DRAM

ESP8266 Image Footer
====================
Checksum: {checksum:#04x} (valid)

Names And Versions
==================
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.elf").write_bytes(FILE)
    for form, image in IMAGES.items():
        (tmp_path / f"v{form}.bin").write_bytes(image)
    (tmp_path / "text").write_bytes(b"some text")
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("verb", ["elf2image", "image-info", "merge-bin", "verify-flash", "write-flash"])
def test_help_loads_nothing_that_takes_images_to_pieces(verb: str) -> None:
    code = (
        "import sys\nfrom esprom.cli.main import main\n"
        f"try: main(['{verb}', '--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('construct', 'esprom.image', 'hashlib') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "-fs" in said or verb == "image-info"
    assert said.splitlines()[-1] == "[]"


def test_image_info(run: Run, folder: Path) -> None:
    out = run("--chip", "esp8266", "image-info", "v1.bin").out
    extended = EXTENDED.format(checksum=IMAGES[1][-1])
    assert out.startswith(f"Image size: {len(IMAGES[1])} bytes\n{extended}")
    assert "sdk: non-OS SDK 2.2.1(6ab97e9)\n" in out
    assert "firmware: MicroPython 1.19.1\n" in out


def test_image_info_of_the_other_forms(run: Run, folder: Path) -> None:
    second = run("image-info", "v2.bin").out
    assert "Image version: 2\n" in second
    assert "      0  0x00010  0x00000000  0x00000008  IROM\n" in second
    assert f"CRC-32: {IMAGES[2][-4:].hex()} (valid)\n" in second
    third = run("image-info", "v3.bin").out
    assert "Image version: 1\nForm: the RTOS SDK's\n" in third
    assert "Flash size: 1MB (512KB by the numbers of the other forms, as esptool reads it)\n" in third
    assert f"SHA-256: {IMAGES[3][-32:].hex()} (valid)\n" in third


def test_image_info_as_esptool_4_has_it(run: Run, folder: Path) -> None:
    out = run("image-info", "--version", "1", "v1.bin").out
    assert out.startswith(
        f"File size: {len(IMAGES[1])} (bytes)\nDetected image type: ESP8266\n"
        "Image version: 1\nEntry point: 40100004\n2 segments\n"
    )
    assert "Segment 1: len 0x0002c load 0x40100000 file_offs 0x00000008 [IRAM]\n" in out
    assert f"Checksum: {IMAGES[1][-1]:02x} (valid)\n" in out
    for words in (("image_info",), ("image_info", "-v", "1"), ("image-info", "-v", "1")):
        assert run(*words, "v1.bin").out == out
    assert run("image-info", "-v", "v1.bin").out == run("image-info", "v1.bin").out


def test_image_info_as_esptool_4_has_it_at_length(run: Run, folder: Path) -> None:
    out = run("image_info", "-v", "2", "v1.bin").out
    assert out.startswith(f"File size: {len(IMAGES[1])} (bytes)\nDetected image type: ESP8266\n\n")
    assert "\nESP8266 image header\n====================\nImage version: 1\n" in out
    assert "\nSegments information\n====================\n" in out


def test_the_type_of_an_image_is_told_unless_somebody_has_said_it(run: Run, folder: Path) -> None:
    line = "\nDetected image type: ESP8266\n"
    assert line in run("image-info", "v2.bin").out
    assert line in run("--chip", "auto", "image-info", "v2.bin").out
    assert line not in run("--chip", "esp8266", "image-info", "v2.bin").out
    assert run("image-info").code == 2


def later(chip: int, address: int) -> bytes:
    """Return an image of the form that chips have which came after the ESP8266."""
    pins = bytes.fromhex("ee000000")
    header = b"\xe9\x01\x02\x20" + bytes.fromhex("00040840") + pins + chip.to_bytes(2, "little")
    segment = address.to_bytes(4, "little") + bytes.fromhex("08000000") + b"12345678"
    return header + bytes(9) + b"\1" + segment + bytes(8) + bytes(32)


@pytest.mark.parametrize(
    ("chip", "address", "name"),
    [(0, 0x3FFB0000, "ESP32"), (5, 0x3FC80000, "ESP32-C3"), (9, 0x42000020, "ESP32-S3")],
)
def test_an_image_for_another_chip_is_refused(
    *, run: Run, device: FakeDevice, folder: Path, chip: int, address: int, name: str
) -> None:
    image = later(chip, address)
    (folder / "later.bin").write_bytes(image)
    for verb in (("image-info", "later.bin"), ("edit-header", "later.bin", "-fm", "dio")):
        ran = run(*verb)
        assert (ran.code, ran.out) == (1, "")
        assert f"later.bin: this is an image for the {name}, " in ran.err
    assert (folder / "later.bin").read_bytes() == image
    assert f"this is an image for the {name}, " in run("write-flash", "0", "later.bin").err


def test_what_is_wrong_with_an_image_is_told(run: Run, folder: Path) -> None:
    hurt = bytearray(build_image(ImageHeader(1, 9, 0x7C, 0), (Segment(0x40300000, b"1234"),)))
    hurt[-1] ^= 0xFF
    (folder / "hurt").write_bytes(hurt + b"behind")
    ran = run("image-info", "hurt")
    assert ran.code == 0
    assert f"Checksum: {hurt[-1]:#04x} (invalid - calculated {hurt[-1] ^ 0xFF:#04x})\n" in ran.out
    assert "Flash size: 0x7\nFlash freq: 0xc\nFlash mode: 0x9\n" in ran.out
    assert "Warning: 0x40300000 is no memory that a boot loader fills\n" in ran.out
    assert "Behind the image: 6 bytes\n" in ran.out
    assert json.loads(run("image-info", "hurt", "--json").out)["images"][0]["checksum_good"] is False


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (
            "text",
            "text: not a firmware image: it begins with 0x73, where an image for the ESP8266 has 0xe9 or",
        ),
        ("empty", "empty is empty"),
        ("app.elf", "app.elf: not a firmware image"),
    ],
)
def test_what_is_no_image(run: Run, folder: Path, file: str, words: str) -> None:
    for verb in (("image-info", file), ("edit-header", file, "-fm", "dio")):
        ran = run(*verb)
        assert (ran.code, ran.out) == (2 if file == "empty" else 1, "")
        assert words in ran.err


def test_image_info_tells_what_it_may_be_that_is_no_image(run: Run, folder: Path) -> None:
    assert "; it is an ELF file, of which elf2image makes an image" in run("image-info", "app.elf").err
    assert (
        "; what stays in the flash of version 1, for 0x10000, has no header" in run("image-info", "text").err
    )
    (folder / "short").write_bytes(IMAGES[1][:20])
    assert run("image-info", "short").err.endswith("there are 4\n")


def test_what_would_replace_its_own_source_is_refused(run: Run, folder: Path) -> None:
    (folder / "link").symlink_to("v1.bin")
    (folder / "hard").hardlink_to(folder / "v1.bin")
    (folder / "data0x00000.bin").write_bytes(b"data")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for words in (
        ("elf2image", "--version", "3", "-o", "app.elf", "app.elf"),
        ("merge-bin", "-o", "v1.bin", "0x1000", "text", "0", "v1.bin"),
        ("merge-bin", "-o", "link", "0", "v1.bin"),
        ("merge-bin", "-o", "hard", "0", "v1.bin"),
        ("make-image", "-f", "data0x00000.bin", "-a", "0x40100000", "data"),
    ):
        ran = run(*words)
        assert (ran.code, {file.name: file.read_bytes() for file in folder.iterdir()}) == (2, before), words
        assert "it is read too, and would be lost" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_what_must_not_be_written_to_is_refused_before_any_work(
    run: Run, device: FakeDevice, folder: Path
) -> None:
    (folder / "out").write_bytes(b"old")
    (folder / "out0x00000.bin").write_bytes(b"old")
    for name in ("out", "out0x00000.bin", "v1.bin"):
        (folder / name).chmod(0o444)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for words in (
        ("merge-bin", "-o", "out", "0", "text"),
        ("elf2image", "-e", "2", "-o", "out", "app.elf"),
        ("make-image", "-f", "text", "-a", "0x40100000", "-e", "0x40100000", "out"),
        ("edit-header", "v1.bin", "-fm", "dio"),
        ("edit-header", "v2.bin", "-fm", "dio", "-o", "out", "--force"),
        ("read-flash", "0", "16", "out"),
    ):
        ran = run(*words)
        assert (ran.code, {file.name: file.read_bytes() for file in folder.iterdir()}) == (2, before), words
        assert re.search(r"cannot write (out|v1\.bin|out0x00000\.bin): it must not be written to", ran.err)
    assert device.log == []
    assert run("merge-bin", "-o", "new", "0", "v1.bin").code == 0
    assert (folder / "new").stat().st_mode & 0o777 == 0o644
    assert (folder / "text").read_bytes() == b"some text"


def test_elf2image_names_its_files_as_esptool_does(run: Run, folder: Path) -> None:
    made = {form: program_images(PROGRAM, form) for form in (1, 2, 3)}
    for form in (1, 2, 3):
        assert "Successfully created ESP8266 image.\n" in run("elf2image", "--version", form, "app.elf").out
    assert (folder / "app.elf-0x00000.bin").read_bytes() == made[1][0].data
    assert (folder / "app.elf-0x10010.bin").read_bytes() == made[1][1].data
    assert (folder / "app-0x10000.bin").read_bytes() == made[2][0].data
    assert (folder / "app.bin").read_bytes() == made[3][0].data
    run("elf2image", "app.elf", "-o", "out-")
    run("elf2image", "app.elf", "-e", "2", "--output", "out")
    assert (folder / "out-0x10010.bin").read_bytes() == b"in flash"
    assert (folder / "out").read_bytes() == made[2][0].data


def test_elf2image_writes_no_file_where_it_cannot_write_both(run: Run, folder: Path) -> None:
    (folder / "out-0x10010.bin").mkdir()
    ran = run("elf2image", "-o", "out-", "app.elf")
    assert (ran.code, (folder / "out-0x00000.bin").exists()) == (2, False)
    assert "cannot write out-0x10010.bin: it is a folder" in ran.err


def test_an_empty_file_is_told_in_words_that_are_true_of_each_verb(run: Run, folder: Path) -> None:
    for verb in ("write-flash", "verify-flash"):
        ran = run(verb, "0", "empty")
        assert (ran.code, "warning: 'empty' is empty, it is left out\n" in ran.err) == (2, True)


def test_elf2image_replaces_what_is_there(run: Run, folder: Path) -> None:
    (folder / "app.bin").write_bytes(b"old")
    assert run("elf2image", "--version", "3", "--flash_size", "4MB", "app.elf").code == 0
    assert (folder / "app.bin").read_bytes() == program_images(PROGRAM, 3, size="4MB")[0].data


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("text",), 1, "text: not an ELF file: it begins with 73 6f 6d 65,"),
        (("empty",), 2, "empty is empty"),
        (("arm.elf",), 1, "not for an ESP8266"),
        (("overlap.elf",), 1, "overlap"),
        (("nothing.elf",), 2, "does not exist"),
        (("app.elf", "-fs", "32MB"), 2, "version 1 has no such setting: flash size '32MB' is none of: 256KB"),
        (("app.elf", "-e", "3", "-fs", "512KB"), 2, "none of"),
        (("app.elf", "-ff", "48m"), 2, "48m"),
        (("app.elf", "--secure-pad"), 2, "secure boot"),
        (("app.elf", "--pad-to-size", "1MB"), 2, "merge-bin --pad-to-size"),
        (("app.elf", "--min-rev-full", "3"), 2, "chip revision"),
        (("app.elf", "-o", "no/folder-"), 2, "there is no folder"),
        (("app.elf", "-sc", "HSPI"), 2, "--spi-connection HSPI"),
        (("app.elf", "--flash-mmu-page-size", "64KB"), 2, "one page size"),
        (("app.elf", "--elf-sha256-offset", "0xb0"), 2, "digest of its ELF file"),
        (("app.elf", "--ram_only_header"), 2, "no such form"),
    ],
)
def test_what_elf2image_refuses(run: Run, folder: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (folder / "arm.elf").write_bytes(elf([Section(0x40100000, b"1234")], machine=ARM))
    twice = [Section(0x40100000, b"12345678"), Section(0x40100004, b"1234")]
    (folder / "overlap.elf").write_bytes(elf(twice))
    there = set(folder.iterdir())
    ran = run("elf2image", *words)
    assert ran.code == code
    assert said in ran.err
    assert set(folder.iterdir()) == there


def test_make_image(run: Run, folder: Path) -> None:
    (folder / "data").write_bytes(b"abcd")
    words = ("-f", "text", "-a", "0x40100000", "-f", "data", "-a", "0x3ffe8000", "-e", "0x40100004")
    assert run("make_image", *words, "out").code == 0
    image = parse_image((folder / "out0x00000.bin").read_bytes())
    assert image.segments == (Segment(0x40100000, b"some text\0\0\0"), Segment(0x3FFE8000, b"abcd"))
    assert image.entry == 0x40100004
    assert "1 files and 0 addresses" in run("make-image", "-f", "text", "other").err
    assert run("make-image", "-f", "empty", "-a", "0", "other").code == 2
    assert "0x100000004" in run("make-image", "-f", "text", "-a", "0xfffffff8", "other").err
    ran = run("make-image", "-f", "text", "-a", "0x20000000", "other")
    assert (ran.code, "does not lie in memory" in ran.err) == (2, True)
    assert not (folder / "other0x00000.bin").exists()
    assert "no entry" in run("make-image", "-f", "text", "-a", "0x40100000", "other").err
    assert parse_image((folder / "other0x00000.bin").read_bytes()).entry == 0


def test_merge_bin(run: Run, folder: Path) -> None:
    (folder / "out").write_bytes(b"old")
    ran = run("merge_bin", "-o", "out", "--flash_mode", "dio", "0x2000", "text", "0", "v1.bin")
    assert ran.out.endswith("Wrote 8201 bytes to out, for 0x0\n")
    merged = (folder / "out").read_bytes()
    assert merged.startswith(IMAGES[1][:2] + b"\x02" + IMAGES[1][3:])
    assert merged.endswith(b"\xffsome text")
    for option in ("--pad-to-size", "--fill-flash-size", "--fill_flash_size"):
        assert run("merge-bin", "-o", "out", option, "1mb", "-t", "0x1000", "0x2000", "text").code == 0
        assert len((folder / "out").read_bytes()) == 0xFF000


def test_merge_bin_tells_where_a_file_is_for(run: Run, folder: Path) -> None:
    assert run("merge-bin", "-o", "out", "-t", "0x1000", "0x2000", "text").out.endswith(", for 0x1000\n")
    for form in ("hex", "uf2"):
        out = run("merge-bin", "-o", "out", "-f", form, "-t", "0", "0x2000", "text").out
        assert out.endswith("bytes to out, for the addresses in it\n")


def test_merge_bin_tells_where_no_header_is(run: Run, folder: Path) -> None:
    assert "no flash setting is changed" in run("merge-bin", "-o", "out", "-fm", "dio", "0", "text").err
    assert (folder / "out").read_bytes() == b"some text"


def test_what_only_begins_as_intel_hex_does_is_written_and_verified_with_a_warning(
    run: Run, device: FakeDevice, folder: Path
) -> None:
    (folder / "colon").write_bytes(b":hello world, not hex")
    for verb in ("write-flash", "verify-flash"):
        ran = run(verb, "0x1000", "colon")
        assert (ran.code, bytes(device.cells[0x1000:0x1015])) == (0, b":hello world, not hex")
        assert "warning: colon begins with ':'" in ran.err
    (folder / "hurt").write_bytes(DAMAGED_HEX)
    for ran in (run("write-flash", "0", "hurt"), run("image-info", "hurt")):
        assert (ran.code, "hurt: the Intel HEX is damaged" in ran.err) == (2, True)


def test_a_container_is_written_and_merged_as_it_is_with_a_warning(
    run: Run, device: FakeDevice, folder: Path
) -> None:
    assert run("merge-bin", "-f", "uf2", "-o", "app.uf2", "0", "v1.bin").code == 0
    for file, said in (
        ("app.elf", "an ELF file, of which elf2image"),
        ("app.uf2", "UF2, which a boot loader"),
    ):
        for words in (("write-flash",), ("verify-flash",), ("merge-bin", "-o", "out")):
            ran = run(*words, "0", file)
            assert (ran.code, f"warning: {file} is {said}" in ran.err) == (0, True), words
        assert (folder / "out").read_bytes() == (folder / file).read_bytes()


def test_where_intel_hex_goes_is_told_where_it_is_not_the_address(run: Run, folder: Path) -> None:
    run("merge-bin", "-f", "hex", "-o", "app.hex", "0x1000", "text")
    for words in (("merge-bin", "-o", "out"), ("write-flash",)):
        assert "it goes to 0x1000, not 0x9000" in run(*words, "0x9000", "app.hex").err
        assert "warning" not in run(*words, "0x1000", "app.hex").err


def test_what_only_begins_as_intel_hex_does_is_merged_with_a_warning(run: Run, folder: Path) -> None:
    (folder / "colon").write_bytes(b":hello world, not hex")
    ran = run("merge-bin", "-o", "out", "0", "colon")
    assert (ran.code, (folder / "out").read_bytes()) == (0, b":hello world, not hex")
    assert "warning: colon begins with ':'" in ran.err
    assert run("image-info", "colon").code == 1
    assert "begins with ':'" not in run("merge-bin", "-o", "out", "0", "text").err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("0", "text", "8", "v1.bin"), 2, "overlap"),
        (("0",), 2, "pairs"),
        ((), 2, "pairs"),
        (("0", "nothing"), 2, "does not exist"),
        (("0", "empty"), 2, "empty: the file is empty"),
        (("0", "hurt.hex"), 2, "hurt.hex: the Intel HEX is damaged"),
        (("-o", "", "0", "text"), 2, "no file is named"),
        (("-o", "no/out", "0", "text"), 2, "there is no folder"),
        (("-sc", "HSPI", "0", "text"), 2, "--spi-connection HSPI"),
        (("-fs", "7MB", "0", "text"), 2, "'7MB' is none of: keep, 256KB, 512KB, 1MB,"),
        (("--pad-to-size", "4m", "0", "text"), 2, "'4m' is none of: 256KB, 512KB, 1MB,"),
        (("--pad-to-size", "7MB", "0", "text"), 2, "'7MB' is none of: 256KB, 512KB, 1MB,"),
        (("-t", "1", "0", "text"), 2, "before 0x1"),
        (("--pad-to-size", "256KB", "0x3fffc", "text"), 2, "behind 0x40000"),
        (("0xfffffff0", "text"), 2, "to 0x8000000: give its offset"),
        (("-f", "hex", "0xfffffff8", "text"), 2, "0x100000001"),
        (("-f", "uf2", "0xfffffff8", "text"), 2, "0x100000001"),
        (("-f", "uf2", "--chunk-size", "30", "0", "text"), 2, "--chunk-size"),
        (("-f", "hex", "-t", "0x1000", "0x2000", "text"), 2, "--target-offset is for -f raw"),
        (("-f", "uf2", "--target-offset", "0x1000", "0x2000", "text"), 2, "--target-offset is for -f raw"),
        (("-f", "hex", "--pad-to-size", "1MB", "0", "text"), 2, "nothing with -f hex"),
        (("-f", "uf2", "--fill-flash-size", "1MB", "0", "text"), 2, "--pad-to-size is for -f raw"),
        (("--chunk-size", "256", "0", "text"), 2, "--chunk-size is for -f uf2"),
        (("-f", "hex", "--md5-disable", "0", "text"), 2, "--md5-disable is for -f uf2"),
    ],
)
def test_what_merge_bin_refuses(run: Run, folder: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (folder / "hurt.hex").write_bytes(DAMAGED_HEX)
    ran = run("merge-bin", "-o", "out", *words)
    assert ran.code == code
    assert said in ran.err
    assert not (folder / "out").exists()


def test_a_size_that_the_form_of_an_image_has_no_number_for_is_refused(run: Run, folder: Path) -> None:
    ran = run("merge-bin", "-o", "out", "-fs", "512KB", "0", "v3.bin")
    assert (ran.code, (folder / "out").exists()) == (1, False)
    assert "'512KB' is none of: 1MB, 2MB," in ran.err
    assert "v3.bin has no such setting in its form" in run("edit-header", "v3.bin", "-fs", "512KB").err
    ran = run("merge-bin", "-o", "out", "-fs", "2MB", "0", "v3.bin")
    assert "Flash parameters set to qio, 40m, 2MB.\n" in ran.out


@pytest.mark.parametrize(
    ("typed", "size"),
    [("2m", "256KB"), ("4m", "512KB"), ("8m", "1MB"), ("16M", "2MB"), ("32m", "4MB"), ("16m_c1", "2MB-c1")],
)
def test_a_size_in_megabits_is_taken_as_esptool_3_takes_it(
    run: Run, folder: Path, typed: str, size: str
) -> None:
    due = program_images(PROGRAM, 1, size=size)[0].data
    run("elf2image", "-sc", "SPI", "-fs", typed, "-o", "out-", "app.elf")
    run("merge-bin", "--spi_connection", "spi", "-fs", typed, "-o", "all", "0", "v1.bin")
    run("edit-header", "v1.bin", "-fs", typed)
    for name in ("out-0x00000.bin", "all", "v1.bin"):
        assert (folder / name).read_bytes() == due, name


def test_a_wrong_checksum_is_told_where_the_header_is_edited(run: Run, folder: Path) -> None:
    assert "checksum" not in run("edit-header", "v1.bin", "-fm", "dio").err
    (folder / "hurt").write_bytes(IMAGES[1][:-1] + b"\x55")
    ran = run("edit-header", "hurt", "-fm", "dio")
    assert (ran.code, "warning: the checksum of hurt is wrong, and stays so" in ran.err) == (0, True)


@pytest.mark.parametrize("form", IMAGES)
def test_edit_header(run: Run, folder: Path, form: int) -> None:
    file = folder / f"v{form}.bin"
    ran = run("edit-header", file, "-fs", "4MB", "-fm", "dio")
    assert ran.out.startswith("Flash mode: qio -> dio\nFlash size: 1MB -> 4MB\n")
    assert file.read_bytes() == program_images(PROGRAM, form, size="4MB", mode="dio")[0].data
    assert "nothing is changed" in run("edit_header", file, "-fs", "4MB").out


def test_edit_header_into_another_file(run: Run, folder: Path) -> None:
    assert run("edit-header", "v1.bin", "-ff", "80m", "-o", "new").code == 0
    assert (folder / "v1.bin").read_bytes() == IMAGES[1]
    assert (folder / "new").read_bytes() == program_images(PROGRAM, 1, frequency="80m")[0].data
    refused = run("edit-header", "v1.bin", "-ff", "20m", "-o", "new")
    assert refused.code == 1
    assert "--force" in refused.err
    assert run("edit-header", "v1.bin", "-ff", "20m", "-o", "new", "--force").code == 0
    assert (folder / "new").read_bytes() == program_images(PROGRAM, 1, frequency="20m")[0].data


@pytest.mark.parametrize(
    ("words", "said"), [((), "give -fs, -fm or -ff"), (("-fs", "64MB"), "none of"), (("-fs", "7MB"), "7MB")]
)
def test_what_edit_header_refuses(run: Run, folder: Path, words: tuple[str, ...], said: str) -> None:
    ran = run("edit-header", "v1.bin", *words)
    assert ran.code == 2
    assert said in ran.err
    assert (folder / "v1.bin").read_bytes() == IMAGES[1]


def test_the_readmes_example_in_python(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    (example,) = (
        block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "parse_elf" in block
    )
    monkeypatch.chdir(folder)
    exec("import esprom\n" + example)
    assert "size='4MB') True ['IRAM', 'DRAM']" in capsys.readouterr().out
    made = program_images(PROGRAM, 1, size="4MB", mode="dio")
    assert (folder / "app-0x00000.bin").read_bytes() == made[0].data
    assert (folder / "app-0x10010.bin").read_bytes() == made[1].data


def test_what_is_made_is_as_readable_as_what_it_is_made_of(run: Run, folder: Path) -> None:
    for mode in (0o644, 0o600):
        (folder / "app.elf").chmod(0o755 & mode | 0o100)
        (folder / "v1.bin").chmod(mode)
        run("elf2image", "-o", "out-", "app.elf")
        run("edit-header", "v1.bin", "-fm", "dio" if mode == 0o644 else "qio")
        run("merge-bin", "-o", "all", "0", "v1.bin", "0x10010", "out-0x10010.bin")
        for name in ("out-0x00000.bin", "out-0x10010.bin", "v1.bin", "all"):
            assert (folder / name).stat().st_mode & 0o777 == mode, name


def test_image_info_of_uf2(run: Run, folder: Path) -> None:
    run("merge-bin", "-f", "uf2", "-o", "all.uf2", "0x1000", "v1.bin", "0x4000", "text")
    out = run("image-info", "all.uf2").out
    assert f"\nPiece at 0x1000, {len(IMAGES[1])} bytes\n\nESP8266 Image Header\n" in out
    whole = (folder / "all.uf2").read_bytes()
    (folder / "all.uf2").write_bytes(whole[:-1])
    ran = run("image-info", "all.uf2")
    assert (ran.code, "all.uf2: the UF2 is damaged" in ran.err) == (2, True)


def test_image_info_of_intel_hex(run: Run, folder: Path) -> None:
    run("merge-bin", "-f", "hex", "-o", "all.hex", "0x1000", "v1.bin", "0x4000", "text")
    out = run("image-info", "all.hex").out
    assert f"\nPiece at 0x1000, {len(IMAGES[1])} bytes\n\nESP8266 Image Header\n" in out
    assert out.count("ESP8266 Image Header") == 1
    (image,) = json.loads(run("image-info", "all.hex", "--json").out)["images"]
    assert (image["offset"], image["form"]) == (0x1000, 1)
    run("merge-bin", "-f", "hex", "-o", "none.hex", "0", "text", "0x4000", "text")
    ran = run("image-info", "none.hex")
    assert (ran.code, ran.out) == (1, "")
    assert "2 pieces, and none of them" in ran.err


@pytest.mark.parametrize("file", ["empty", "nothing"])
def test_a_file_that_is_missing_or_empty_has_one_exit_code_whatever_the_verb(
    run: Run, folder: Path, file: str
) -> None:
    for words in (
        ("image-info", file),
        ("edit-header", file, "-fm", "dio"),
        ("elf2image", file),
        ("make-image", "-f", file, "-a", "0x40100000", "made"),
        ("merge-bin", "-o", "out", "0", file),
        ("write-flash", "0", file),
        ("write-flash", "0", "text", "--diff-with", file),
        ("verify-flash", "0", file),
        ("load-ram", file),
        ("inspect", file),
        ("compare", file),
        ("restore", file, "--yes"),
    ):
        ran = run(*words)
        assert (ran.code, file in ran.err or "empty" in ran.err) == (2, True), words

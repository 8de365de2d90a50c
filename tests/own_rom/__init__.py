# SPDX-License-Identifier: Apache-2.0
"""A boot ROM of our own, in C and assembly, built as a dump of the mask ROM would be: 64 KiB."""

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lx106 import need

HERE = Path(__file__).parent
SIZE = 0x10000
COMPILE = (
    *("xtensa-lx106-elf-gcc", "-Os", "-mlongcalls", "-mtext-section-literals", "-ffreestanding"),
    *("-fno-builtin", "-nostdlib", "-Wall", "-Wextra", "-Werror"),
)
COPY = ("xtensa-lx106-elf-objcopy", "-O", "binary")
COPIED = ("-j", ".vectors", "-j", ".text", "-j", ".identity", "-j", ".data")


@cache
def built() -> bytes:
    """Return the dump. Skips the test where the compiler is missing."""
    need("xtensa-lx106-elf-gcc", "xtensa-lx106-elf-objcopy")
    with TemporaryDirectory() as folder:
        elf, image = Path(folder, "rom.elf"), Path(folder, "rom.bin")
        sources = (HERE / "start.S", HERE / "rom.c")
        for words in ((*COMPILE, "-T", HERE / "rom.ld", "-o", elf, *sources), (*COPY, *COPIED, elf, image)):
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        return image.read_bytes().ljust(SIZE, b"\0")

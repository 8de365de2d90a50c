# SPDX-License-Identifier: Apache-2.0
"""A bare LX106 with plain memory, and the tools that make programs for it."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from esp8266sim.cpu import Cpu
from esp8266sim.cpu.core import NEVER
from esp8266sim.soc.bus import CpuException

RAM = 0x3FFE8000
RAM_SIZE = 0x18000
CODE = 0x40100000
CODE_SIZE = 0x10000
IO = 0x60000000


class PlainMemory:
    """Data RAM, code memory for 32-bit accesses only, and words of `io`, some of them `noisy`."""

    def __init__(self) -> None:
        self.ram_base, self.ram = RAM, bytearray(RAM_SIZE)
        self.code = bytearray(CODE_SIZE)
        self.io: dict[int, int] = {}
        self.log: list[tuple[str, int, int]] = []
        self.effects = 0
        self.noisy: set[int] = set()

    def _place(self, address: int, size: int) -> tuple[bytearray, int]:
        if RAM <= address < RAM + RAM_SIZE:
            return self.ram, address - RAM
        if size == 4 and CODE <= address < CODE + CODE_SIZE:
            return self.code, address - CODE
        raise CpuException(3, address)

    def _load(self, address: int, size: int) -> int:
        if address in self.io:
            self.effects += address in self.noisy
            self.log.append(("load", address, self.io[address]))
            return self.io[address]
        memory, offset = self._place(address, size)
        return int.from_bytes(memory[offset : offset + size], "little")

    def _store(self, address: int, value: int, size: int) -> None:
        if address in self.io:
            self.log.append(("store", address, value))
            self.io[address] = value
            return
        memory, offset = self._place(address, size)
        memory[offset : offset + size] = value.to_bytes(size, "little")

    def begin_round(self) -> None:
        """Nothing here is changed by being polled."""

    def is_harmless(self, address: int, value: int) -> bool:
        return False

    def end_round(self) -> int:
        return NEVER

    def fetch32(self, address: int) -> int:
        if not CODE <= address < CODE + CODE_SIZE:
            raise CpuException(2, address)
        return int.from_bytes(self.code[address - CODE : address - CODE + 4], "little")

    def load8(self, address: int) -> int:
        return self._load(address, 1)

    def load16(self, address: int) -> int:
        return self._load(address, 2)

    def load32(self, address: int) -> int:
        return self._load(address, 4)

    def store8(self, address: int, value: int) -> None:
        self._store(address, value, 1)

    def store16(self, address: int, value: int) -> None:
        self._store(address, value, 2)

    def store32(self, address: int, value: int) -> None:
        self._store(address, value, 4)


@dataclass(frozen=True, slots=True)
class Program:
    """What the linker made: bytes for `CODE`, and the addresses of names."""

    image: bytes
    names: dict[str, int]


class Machine:
    """A CPU at `_start` of a program, or at the first of some bytes, with its stack at the end of RAM."""

    def __init__(
        self,
        program: Program | bytes,
        *,
        hot: int = 0,
        translating: bool = True,
        stops: tuple[int, ...] = (),
    ) -> None:
        if isinstance(program, bytes):
            program = Program(program, {"_start": CODE})
        self.memory = PlainMemory()
        self.memory.code[: len(program.image)] = program.image
        self.cpu = Cpu(self.memory, hot=hot, translating=translating, stops=stops)
        self.cpu.pc = program.names["_start"]
        self.cpu.registers[1] = RAM + RAM_SIZE - 16
        self.cpu.special[230] = 0x20

    @property
    def a(self) -> list[int]:
        return self.cpu.registers


def need(*tools: str) -> None:
    """Skip the test if a tool is missing."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def build(
    source: str, *, name: str = "program.S", base: int = CODE, options: tuple[str, ...] = ()
) -> Program:
    """Assemble or compile `source` for `base`. Skips without the compiler."""
    need("xtensa-lx106-elf-gcc", "xtensa-lx106-elf-objcopy", "xtensa-lx106-elf-nm")
    return _build(source, name, base, options)


@cache
def _build(source: str, name: str, base: int, options: tuple[str, ...]) -> Program:
    with TemporaryDirectory() as folder:
        elf = link(source, Path(folder), name=name, base=base, options=options)
        copy = [
            "xtensa-lx106-elf-objcopy",
            "-O",
            "binary",
            "-j",
            ".text",
            str(elf),
            str(elf.with_suffix(".bin")),
        ]
        subprocess.run(copy, check=True, capture_output=True)
        nm = ["xtensa-lx106-elf-nm", str(elf)]
        listing = subprocess.run(nm, check=True, capture_output=True, text=True).stdout
        names = {line.split()[2]: int(line.split()[0], 16) for line in listing.splitlines()}
        return Program(elf.with_suffix(".bin").read_bytes(), names)


def link(
    source: str, folder: Path, *, name: str = "program.S", base: int = CODE, options: tuple[str, ...] = ()
) -> Path:
    """Assemble or compile `source` to an ELF file in `folder`."""
    (folder / name).write_text(source)
    sections = "*(.literal .literal.* .text .text.*) *(.rodata*) *(.data*) *(.bss*)"
    (folder / "link.ld").write_text(
        f"ENTRY(_start) SECTIONS {{ . = 0x{base:x}; .text : {{ {sections} }} "
        ". = 0x50000000; .reset : { *(.reset) } }"
    )
    tool = ["xtensa-lx106-elf-gcc", "-nostdlib", "-T", "link.ld", "-o", "out.elf", "-mlongcalls"]
    done = subprocess.run(
        [*tool, "-mtext-section-literals", *options, name],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,  # the assembler's relaxation has been seen to go round for ever
    )
    assert done.returncode == 0, done.stderr
    return folder / "out.elf"

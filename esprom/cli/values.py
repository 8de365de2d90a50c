# SPDX-License-Identifier: Apache-2.0
"""How addresses, sizes and files are written on the command line, and how sizes and times are shown.

A number is hex (0x400000), decimal (4194304) or has a unit of 1024 (4MB, 4M, 512KB); `all` is all there is.
"""

import re
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import click

import esprom
from esprom.cli import completing
from esprom.errors import EspromError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Extent: TypeAlias = int | Literal["all"]

NUMBER = re.compile(r"(?P<digits>0x[0-9a-f]+|[0-9]+) ?(?P<unit>[km]i?b?)?", re.IGNORECASE)
UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}

FILTERS = ("vid", "pid", "name", "serial")
LONGEST_S = 3600.0  # that anything is waited for: more is a slip, and looks like a hang
WORD_SIZE = 4  # bytes
LOWEST_MEMORY = 0x20000000  # a read below it hangs the chip until it is reset
END_OF_MEMORY = 1 << 32


def number(text: str) -> int:
    """Return the number that `text` writes. Raises ValueError."""
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a number: write it like 0x1000, 4096, 4KB or 1MB")
    digits, unit = found["digits"].lower(), (found["unit"] or "").lower()
    if digits.startswith("0") and digits.strip("0") and not digits.startswith("0x"):
        raise ValueError(f"{text!r} may be meant as hex, octal or decimal: write 0x in front, or no zero")
    return int(digits, 16 if digits.startswith("0x") else 10) * UNITS[unit[:1]]


class NumberType(click.ParamType):  # type: ignore[type-arg]  # generic only in late versions of click
    """A number from `least` to `most`."""

    def __init__(self, name: str, *, least: int = 0, most: int = 0xFFFFFFFF) -> None:
        self.name, self.least, self.most = name, least, most

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        try:
            found = number(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not self.least <= found <= self.most:
            self.fail(f"{value} is not between {self.least:#x} and {self.most:#x}", param, ctx)
        return found


class BaudType(click.ParamType):  # type: ignore[type-arg]
    """A baud rate, or `auto`."""

    name = "rate"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | Literal["auto"]:
        """Return the number, or "auto"."""
        if value == "auto":
            return "auto"
        try:
            found = int(value)
        except ValueError:
            found = 0
        if found < 1:
            self.fail(f"{value!r} is neither a baud rate, as 460800 is, nor auto", param, ctx)
        return found


class WordAddressType(NumberType):
    """An address of the chip's memory where a word begins."""

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the address."""
        found = super().convert(value, param, ctx)
        if found % WORD_SIZE:
            self.fail(
                f"{found:#x} is not a multiple of {WORD_SIZE}: the loader reads and writes words", param, ctx
            )
        return found


class ChipSizeType(NumberType):
    """The size of a flash chip. There are only powers of two, and 24 bits of address to reach them."""

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the size."""
        found = super().convert(value, param, ctx)
        if found.bit_count() != 1:
            self.fail(f"{value} is not a power of two, as the sizes of flash chips are", param, ctx)
        return found


class ExtentType(NumberType):
    """A size of at least one byte, or `all`."""

    def convert(  # type: ignore[override]
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> Extent:
        """Return the size, or `all`."""
        if isinstance(value, str) and value.lower() == "all":
            return "all"
        return super().convert(value, param, ctx)


class ChipType(click.ParamType):  # type: ignore[type-arg]
    """The chip: there is one."""

    name = "chip"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name. Fails for another chip."""
        found = value.lower().replace("-", "")
        if found not in ("esp8266", "auto"):
            self.fail(f"esprom is for the ESP8266 alone, and {value} needs another tool", param, ctx)
        return found


class SecondsType(click.ParamType):  # type: ignore[type-arg]
    """A time to wait."""

    name = "seconds"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Fails for one that no clock can wait for: infinite, or none at all."""
        try:
            found = float(value)
        except ValueError:
            found = nan
        if not 0 <= found <= LONGEST_S:
            self.fail(f"{value!r} is no time from 0 to {LONGEST_S:.0f} seconds", param, ctx)
        return found


class SequenceType(click.ParamType):  # type: ignore[type-arg]
    """A reset sequence."""

    name = "sequence"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is. Fails if it is none."""
        try:
            steps = esprom.Resets.of(hard=value).hard
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if sum(step.wait_s for step in steps) > LONGEST_S:
            self.fail(f"{value!r} waits for more than {LONGEST_S:.0f} seconds", param, ctx)
        return value


class FilterType(click.ParamType):  # type: ignore[type-arg]
    """What a port has to be like: vid=, pid=, name= or serial=, and a value."""

    name = "filter"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is. Fails if it is none."""
        key, _, wanted = value.partition("=")
        if key not in FILTERS or not wanted:
            self.fail(f"{value!r} is not like vid=0x1a86, pid=0x7523, name=USB or serial=A1B2", param, ctx)
        if key in ("vid", "pid"):
            try:
                int(wanted, 0)
            except ValueError:
                self.fail(f"{wanted!r} is no number", param, ctx)
        return value


class AttemptsType(click.ParamType):  # type: ignore[type-arg]
    """How often to try; what is not positive is for ever, as in esptool."""

    name = "attempts"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, 0 for ever."""
        try:
            found = int(value)
        except ValueError:
            self.fail(f"{value!r} is no whole number", param, ctx)
        return max(0, found)


class OutputFile(click.ParamType):  # type: ignore[type-arg]
    """A file that can be made. Looked at before the board is: a read may take half an hour."""

    name = "file"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Let the shell look for files."""
        return completing.files(ctx, param, incomplete)

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path. Fails if nothing can be written there."""
        if value == "":
            self.fail("no file is named", param, ctx)
        path = Path(value)
        if esprom.is_stdout(path) or (path.exists() and not path.is_file() and not path.is_dir()):
            return path  # a pipe or a device such as /dev/null: written to, not replaced
        try:
            esprom.check_targets([path], overwrite=True)
        except EspromError as error:
            self.fail(str(error), param, ctx)
        return path


BAUD = BaudType()
CHIP = ChipType()
SECONDS = SecondsType()
SEQUENCE = SequenceType()
FILTER = FilterType()
ATTEMPTS = AttemptsType()
ADDRESS = NumberType("address")
MEMORY = NumberType("address", least=LOWEST_MEMORY)
WORD_ADDRESS = WordAddressType("address", least=LOWEST_MEMORY, most=END_OF_MEMORY - WORD_SIZE)
WORD = NumberType("value")
SIZE = NumberType("size", least=1)
CHIP_SIZE = ChipSizeType("size", least=0x1000, most=0x1000000)
EXTENT = ExtentType("size", least=1)
OUTPUT_FILE = OutputFile()
INPUT_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


def amount(size: float) -> str:
    """Return a size for people: 1.0 MiB, 10.9 KiB, 17 bytes."""
    if size >= UNITS["m"]:
        return f"{size / UNITS['m']:.1f} MiB"
    if size >= UNITS["k"]:
        return f"{size / UNITS['k']:.1f} KiB"
    return f"{size:.0f} bytes"


def count(number_of: int, noun: str) -> str:
    """Return a number of things: 1 sector, 2 sectors."""
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"


def duration(seconds: float) -> str:
    """Return a time for people: 5 s, 1 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

# SPDX-License-Identifier: Apache-2.0
"""The options that every command has, before or after its name.

A value after the command counts more than one before it, and that more than the environment.
Names, defaults and environment variables are stated here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import click

from esprom.cli.values import BAUD, CHIP_SIZE

WITHOUT_BOARD = ("json", "quiet", "verbose", "no_progress")  # those that mean something without a port
OFFLINE = (*WITHOUT_BOARD, "chip")  # of verbs about files; esptool has its --chip there too
RECORDED = ("capture", "capture_payload")
WITHOUT_VALUE = {"quiet", "verbose", "no_progress", "capture_payload"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options say, both places merged."""

    port: str | None = None
    baud: int | Literal["auto"] = 115200
    before: str = "default-reset"
    after: str = "hard-reset"
    chip: str | None = None
    loader: str = "auto"
    chip_size: int | None = None
    wait: float | None = None
    power_command: str | None = None
    capture: str | None = None
    capture_payload: bool = False
    quiet: bool = False
    verbose: int = 0
    no_progress: bool = False

    @classmethod
    def merged(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> "Settings":
        """Return what holds, of the options before and after the command's name. Raises UsageError."""
        chosen: dict[str, Any] = {
            name: after.get(name) if _said(after.get(name)) else before.get(name) for name in cls.__slots__
        }
        merged = cls(**{name: value for name, value in chosen.items() if _said(value)})
        if merged.capture_payload and merged.capture is None:
            raise click.UsageError("--capture-payload says what a capture keeps: name its file by --capture")
        return merged

    def words(self) -> list[str]:
        """Return the options that say this again: those that differ from their defaults."""
        said = []
        for setting in fields(self):
            value, option = getattr(self, setting.name), "--" + setting.name.replace("_", "-")
            if value != setting.default:
                said += [option] * value if setting.name in WITHOUT_VALUE else [option, str(value)]
        return said


def _said(value: object) -> bool:
    """Tell whether an option was given: of numbers that are not whole (`--wait 0`) 0 is a value too."""
    return isinstance(value, float) or bool(value)


class SharedOption(click.Option):
    """An option that every command has; its own section of a command's `--help`."""


def shared_options(*, environment: bool) -> list[click.Parameter]:
    """Return fresh options. Only one of the two places may read the environment, or it would win there."""

    def variable(name: str) -> str | None:
        return name if environment else None

    return [
        SharedOption(
            ["--port", "-p"],
            envvar=variable("ESPROM_PORT"),
            show_envvar=True,
            metavar="PORT",
            help="Serial port, or a URL: socket://HOST:PORT, rfc2217://HOST:PORT, sim://esp01."
            " Unless told, the only adapter.",
        ),
        SharedOption(
            ["--baud", "-b"],
            envvar=variable("ESPROM_BAUD"),
            show_envvar=True,
            metavar="RATE",
            type=BAUD,
            help="Baud rate, 115200 unless told; auto: the highest at which everything comes through (the rom"
            " stays at 115200).",
        ),
        SharedOption(
            ["--before"],
            type=click.Choice(["default-reset", "no-reset", "no-reset-no-sync"]),
            metavar="HOW",
            help="Into the loader by: default-reset, no-reset, no-reset-no-sync.",
        ),
        SharedOption(
            ["--after"],
            type=click.Choice(["hard-reset", "soft-reset", "no-reset"]),
            metavar="HOW",
            help="When done: hard-reset, soft-reset, no-reset.",
        ),
        SharedOption(
            ["--loader"],
            envvar=variable("ESPROM_LOADER"),
            show_envvar=True,
            metavar="WHICH",
            help="Who does the work: rom, the loader that the chip has; stub, ours, put into its RAM; auto,"
            " the stub where there is much to do and it shows that it works, else rom; or a stub's image.",
        ),
        SharedOption(
            ["--chip-size"],
            type=CHIP_SIZE,
            metavar="SIZE",
            help="Size of the flash chip, 1MB for example, where the chip does not tell it or lies.",
        ),
        SharedOption(
            ["--wait"],
            type=click.FloatRange(min=0),
            metavar="SECONDS",
            help="Wait so long for you to power the board with GPIO0 at ground, where no line resets it;"
            " 60 in a terminal, else 0.",
        ),
        SharedOption(
            ["--power-command"],
            metavar="CMD",
            help="Do not ask for that, run CMD: a relay or a USB hub that switches the board's supply.",
        ),
        SharedOption(
            ["--capture"],
            metavar="FILE",
            help="Record what is said to the chip and what it says, without content, as pcapng.",
        ),
        SharedOption(
            ["--capture-payload"],
            is_flag=True,
            help="Keep content in it: flash, registers, digests. There may be passwords in it, and the MAC.",
        ),
        SharedOption(["--json"], is_flag=True, help="Print one JSON object, errors included."),
        SharedOption(["--quiet", "-q"], is_flag=True, help="Print results only."),
        SharedOption(["--verbose", "-v"], count=True, help="Log to stderr what is done; -vv says more."),
        SharedOption(["--no-progress"], is_flag=True, help="Show no progress."),
        # These esptool has; the first esprom could only ever answer in one way.
        SharedOption(["--chip"], type=click.Choice(["esp8266", "auto"]), hidden=True),
        SharedOption(["--no-stub", "loader"], flag_value="rom", hidden=True),
    ]

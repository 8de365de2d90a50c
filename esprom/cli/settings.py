# SPDX-License-Identifier: Apache-2.0
"""The options that every command has, before or after its name.

A value after the command counts more than one before it, that more than the environment, and that more than
`esprom.cli.config`. Names, defaults and environment variables are stated here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import click

from esprom.cli import completing
from esprom.cli.foreign import refusal
from esprom.cli.values import ATTEMPTS, BAUD, CHIP, CHIP_SIZE, FILTER, NO_ATTEMPTS, SEQUENCE

WITHOUT_BOARD = ("json", "quiet", "verbose", "no_progress")  # those that mean something without a port
OFFLINE = (*WITHOUT_BOARD, "chip")  # of verbs about files; esptool has its --chip there too
RECORDED = ("capture", "capture_payload")
WITHOUT_VALUE = {"quiet", "verbose", "no_progress", "capture_payload", "trace"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options say, both places merged."""

    port: str | None = None
    baud: int | Literal["auto"] = 115200
    before: str = "default-reset"
    after: str = "hard-reset"
    chip: str | None = None
    port_filter: tuple[str, ...] = ()
    loader: str = "auto"
    chip_size: int | None = None
    wait: float | None = None
    power_command: str | None = None
    capture: str | None = None
    capture_payload: bool = False
    trace: bool = False
    connect_attempts: int | None = None
    open_port_attempts: int | None = None
    reset_sequence: str | None = None
    hard_reset_sequence: str | None = None
    reset_delay: float | None = None
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

    def completed(self, configured: Mapping[str, Any]) -> "Settings":
        """Return them with values that nothing else has given."""
        return replace(self, **configured)

    def words(self) -> list[str]:
        """Return the options that say this again: those that differ from their defaults."""
        said = []
        for setting in fields(self):
            value, option = getattr(self, setting.name), "--" + setting.name.replace("_", "-")
            if value == setting.default:
                continue
            if setting.name in WITHOUT_VALUE:
                said += [option] * value
            else:
                for one in value if isinstance(value, tuple) else (value,):
                    said += [option, str(one)]
        return said


def _said(value: object) -> bool:
    """Tell whether an option was given: of numbers (`--wait 0`) 0 is a value too, of counts it is none."""
    return isinstance(value, float) or bool(value) or value == NO_ATTEMPTS


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
            shell_complete=completing.ports,
            help="Serial port, or a URL: socket://HOST:PORT, rfc2217://HOST:PORT, sim://esp01."
            " Unless told, the only adapter.",
        ),
        SharedOption(
            ["--baud", "-b"],
            envvar=variable("ESPROM_BAUD"),
            show_envvar=True,
            metavar="RATE",
            type=BAUD,
            shell_complete=completing.rates,
            help="Baud rate, 115200 unless told; auto: the highest at which everything comes through (the rom"
            " stays at 115200).",
        ),
        SharedOption(
            ["--before"],
            envvar=variable("ESPROM_BEFORE"),
            type=click.Choice(["default-reset", "usb-reset", "no-reset", "no-reset-no-sync"]),
            metavar="HOW",
            help="Into the loader by: default-reset, no-reset, no-reset-no-sync.",
        ),
        SharedOption(
            ["--after", "-a"],
            envvar=variable("ESPROM_AFTER"),
            type=click.Choice(["hard-reset", "soft-reset", "no-reset", "no-reset-stub", "watchdog-reset"]),
            metavar="HOW",
            help="When done: hard-reset, soft-reset, no-reset, no-reset-stub (the stub loader goes on).",
        ),
        SharedOption(
            ["--loader"],
            envvar=variable("ESPROM_LOADER"),
            show_envvar=True,
            metavar="WHICH",
            shell_complete=completing.loaders,
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
            shell_complete=completing.files,
            help="Record what is said to the chip and what it says, without content, as pcapng.",
        ),
        SharedOption(
            ["--capture-payload"],
            is_flag=True,
            help="Keep content in it: flash, registers, digests. There may be passwords in it, and the MAC.",
        ),
        SharedOption(
            ["--port-filter"],
            multiple=True,
            type=FILTER,
            metavar="WHAT",
            help="Look for the board on such ports alone: vid=0x1a86, pid=..., name=USB, serial=....",
        ),
        SharedOption(
            ["--connect-attempts"],
            envvar=variable("ESPROM_CONNECT_ATTEMPTS"),
            type=ATTEMPTS,
            metavar="N",
            help="Reset the board so often before giving up; 0 for ever.",
        ),
        SharedOption(["--open-port-attempts"], type=ATTEMPTS, hidden=True),
        SharedOption(
            ["--reset-sequence"],
            type=SEQUENCE,
            metavar="STEPS",
            help="Into the loader by these changes of DTR and RTS: D0|R1|W0.1|D1|R0|W0.05|D0.",
        ),
        SharedOption(["--hard-reset-sequence"], type=SEQUENCE, metavar="STEPS", hidden=True),
        SharedOption(["--reset-delay"], type=click.FloatRange(min=0), hidden=True),
        SharedOption(["--json"], is_flag=True, help="Print one JSON object, errors included."),
        SharedOption(["--quiet", "--silent", "-q", "-s"], is_flag=True, help="Print results only."),
        SharedOption(["--verbose", "-v"], count=True, help="Log to stderr what is done; -vv says more."),
        SharedOption(["--no-progress"], is_flag=True, help="Show no progress."),
        SharedOption(
            ["--trace", "-t"], is_flag=True, help="Print every byte that goes over the line, as esptool does."
        ),
        # These esptool has; the first esprom could only ever answer in one way.
        SharedOption(["--chip", "-c"], type=CHIP, hidden=True),
        SharedOption(["--stub-version"], hidden=True, expose_value=False),
        SharedOption(
            ["--override-vddsdio"],
            hidden=True,
            is_eager=True,
            expose_value=False,
            callback=refusal(": the ESP8266 has no regulator for its flash that could be set"),
        ),
        SharedOption(["--no-stub", "loader"], flag_value="rom", hidden=True),
    ]

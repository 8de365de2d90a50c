# SPDX-License-Identifier: Apache-2.0
"""The options that every command has, before or after its name.

A value after the command counts more than one before it, that more than the environment, and that more than
`esprom.cli.config`. What an option is called in a variable, and by esptool, and for how long it holds are
properties of it, stated here; who needs them for all asks `OPTIONS`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum, auto
from typing import Any, Literal

import click

from esprom.cli import completing
from esprom.cli.foreign import refusal
from esprom.cli.values import ATTEMPTS, BAUD, CHIP, CHIP_SIZE, FILTER, SECONDS, SEQUENCE


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one command, wherever it is from."""

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

    def words(self) -> list[str]:
        """Return the options that say this again: those that differ from their defaults."""
        said = []
        for setting in fields(self):
            value, option = getattr(self, setting.name), OPTIONS[setting.name]
            if value == setting.default:
                continue
            if option.is_flag or option.count:
                said += [option.opts[0]] * value
            else:
                for one in value if isinstance(value, tuple) else (value,):
                    said += [option.opts[0], str(one)]
        return said


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings of a command, and where each is from that something has given."""

    settings: Settings
    origins: Mapping[str, str]  # by its name in `Settings`


class Scope(Enum):
    """What an option is about, and so for how long it holds."""

    COMMAND = auto()  # how one command tells what it does: each one of a chain has its own
    CONNECTION = auto()  # one for all the commands of a chain
    BOARD = auto()  # that too; and it is true the next time, so that a file may say it


class SharedOption(click.Option):
    """An option that every command has; its own section of a command's `--help`.

    Attributes:
        setting: what it says, as `Settings` calls it; the option's own name unless told.
        scope: for how long it holds.
        esptool_variable: the variable by which esptool takes it, if it does.
        esptool_key: its key in esptool's file, if it may stand there.

    What is about the board has a variable of ours: `ESPROM_` and the option's name.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        setting: str | None = None,
        scope: Scope = Scope.BOARD,
        esptool_variable: str | None = None,
        esptool_key: str | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(names, **attributes)
        assert self.name is not None
        self.setting = setting or self.name
        self.scope = scope
        if scope is Scope.BOARD and self.setting == self.name and self.expose_value:
            self.envvar = f"ESPROM_{self.name.upper()}"
        self.esptool_variable = esptool_variable
        self.esptool_key = esptool_key


def shared_options(*, environment: bool) -> list[SharedOption]:
    """Return fresh options. Only one of the two places may read the environment, or it would win there."""
    options = [
        SharedOption(
            ["--port", "-p"],
            esptool_variable="ESPTOOL_PORT",
            show_envvar=True,
            metavar="PORT",
            shell_complete=completing.ports,
            help="Serial port, or a URL: socket://HOST:PORT, rfc2217://HOST:PORT, sim://esp01."
            " Unless told, the only adapter.",
        ),
        SharedOption(
            ["--baud", "-b"],
            esptool_variable="ESPTOOL_BAUD",
            show_envvar=True,
            metavar="RATE",
            type=BAUD,
            shell_complete=completing.rates,
            help="Baud rate, 115200 unless told; auto: the highest at which everything comes through (the rom"
            " stays at 115200).",
        ),
        SharedOption(
            ["--before"],
            esptool_variable="ESPTOOL_BEFORE",
            type=click.Choice(["default-reset", "usb-reset", "no-reset", "no-reset-no-sync"]),
            metavar="HOW",
            help="Into the loader by: default-reset, no-reset, no-reset-no-sync.",
        ),
        SharedOption(
            ["--after", "-a"],
            esptool_variable="ESPTOOL_AFTER",
            type=click.Choice(["hard-reset", "soft-reset", "no-reset", "no-reset-stub", "watchdog-reset"]),
            metavar="HOW",
            help="When done: hard-reset, soft-reset, no-reset, no-reset-stub (the stub loader goes on).",
        ),
        SharedOption(
            ["--loader"],
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
            type=SECONDS,
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
            scope=Scope.CONNECTION,
            metavar="FILE",
            shell_complete=completing.files,
            help="Record what is said to the chip and what it says, without content, as pcapng.",
        ),
        SharedOption(
            ["--capture-payload"],
            scope=Scope.CONNECTION,
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
            esptool_variable="ESPTOOL_CONNECT_ATTEMPTS",
            esptool_key="connect_attempts",
            type=ATTEMPTS,
            metavar="N",
            help="Reset the board so often before giving up; 0 for ever.",
        ),
        SharedOption(
            ["--open-port-attempts"],
            esptool_variable="ESPTOOL_OPEN_PORT_ATTEMPTS",
            esptool_key="open_port_attempts",
            type=ATTEMPTS,
            hidden=True,
        ),
        SharedOption(
            ["--reset-sequence"],
            esptool_key="custom_reset_sequence",
            type=SEQUENCE,
            metavar="STEPS",
            help="Into the loader by these changes of DTR and RTS: D0|R1|W0.1|D1|R0|W0.05|D0.",
        ),
        SharedOption(
            ["--hard-reset-sequence"],
            esptool_key="custom_hard_reset_sequence",
            type=SEQUENCE,
            metavar="STEPS",
            hidden=True,
        ),
        SharedOption(["--reset-delay"], esptool_key="reset_delay", type=SECONDS, hidden=True),
        SharedOption(
            ["--json"], scope=Scope.COMMAND, is_flag=True, help="Print one JSON object, errors included."
        ),
        SharedOption(
            ["--quiet", "--silent", "-q", "-s"],
            scope=Scope.COMMAND,
            is_flag=True,
            help="Print results only.",
        ),
        SharedOption(
            ["--verbose", "-v"],
            scope=Scope.COMMAND,
            count=True,
            help="Log to stderr what is done; -vv says more.",
        ),
        SharedOption(["--no-progress"], scope=Scope.COMMAND, is_flag=True, help="Show no progress."),
        SharedOption(
            ["--trace", "-t"],
            scope=Scope.CONNECTION,
            is_flag=True,
            help="Print every byte that goes over the line, as esptool does.",
        ),
        # These esptool has; the first esprom could only ever answer in one way.
        SharedOption(
            ["--chip", "-c"],
            scope=Scope.CONNECTION,
            esptool_variable="ESPTOOL_CHIP",
            type=CHIP,
            hidden=True,
        ),
        SharedOption(["--stub-version"], hidden=True, expose_value=False),
        SharedOption(
            ["--override-vddsdio"],
            hidden=True,
            is_eager=True,
            expose_value=False,
            callback=refusal(": the ESP8266 has no regulator for its flash that could be set"),
        ),
        SharedOption(["--no-stub"], setting="loader", flag_value="rom", hidden=True),
    ]
    if not environment:
        for option in options:
            option.envvar = None
    return options


BEFORE_COMMAND = shared_options(environment=True)
OPTIONS = {  # by setting: the one that takes its values
    option.setting: option
    for option in BEFORE_COMMAND
    if option.expose_value and option.setting == option.name
}
WITHOUT_BOARD = tuple(name for name, option in OPTIONS.items() if option.scope is Scope.COMMAND)
OFFLINE = (*WITHOUT_BOARD, "chip")  # of verbs about files; esptool has its --chip there too
RECORDED = ("capture", "capture_payload")

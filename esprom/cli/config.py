# SPDX-License-Identifier: Apache-2.0
"""Settings that no option gives: `esprom.toml`, and below it esptool's variables and files (CONFIG-1 to -6).

Nothing is imported for a file that is not there: every command pays for this.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

NAME = "esprom"
OURS = NAME + ".toml"
NAMED = "ESPROM_CONFIG"
ESPTOOLS = ("esptool.cfg", "setup.cfg", "tox.ini")
ESPTOOLS_NAMED = "ESPTOOL_CFGFILE"
SECTION = "esptool"

KEYS = (
    *("port", "port_filter", "baud", "before", "after", "loader", "chip_size", "wait", "power_command"),
    *("connect_attempts", "open_port_attempts", "reset_sequence", "hard_reset_sequence", "reset_delay"),
)
VARIABLES = {
    "chip": "ESPTOOL_CHIP",
    "port": "ESPTOOL_PORT",
    "baud": "ESPTOOL_BAUD",
    "before": "ESPTOOL_BEFORE",
    "after": "ESPTOOL_AFTER",
    "connect_attempts": "ESPTOOL_CONNECT_ATTEMPTS",
    "open_port_attempts": "ESPTOOL_OPEN_PORT_ATTEMPTS",
}
FILE_KEYS = {  # of esptool's file; None where it has no meaning, since esprom waits as long as it takes
    "connect_attempts": "connect_attempts",
    "open_port_attempts": "open_port_attempts",
    "reset_delay": "reset_delay",
    "custom_reset_sequence": "reset_sequence",
    "custom_hard_reset_sequence": "hard_reset_sequence",
    **dict.fromkeys(
        (
            *("timeout", "chip_erase_timeout", "max_timeout", "sync_timeout", "md5_timeout_per_mb"),
            *("erase_region_timeout_per_mb", "erase_write_timeout_per_mb", "mem_end_rom_timeout"),
            *("serial_write_timeout", "write_block_attempts"),
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value, as it is written, of a setting of `Settings`, and where it is from."""

    setting: str
    value: str | tuple[str, ...]
    source: str  # a variable, or a file and its key


@dataclass(frozen=True, slots=True)
class Found:
    """What is configured: the first value of a setting counts. Notes are for the user."""

    given: tuple[Given, ...]
    notes: tuple[str, ...] = ()


def configured(environment: Mapping[str, str]) -> Found:
    """Return what the files and esptool's variables say, what counts more first.

    Raises UsageError for a file of ours that is none.
    """
    given: list[Given] = []
    notes: list[str] = []
    if (ours := _our_file(environment)) is not None:
        given += _of_ours(ours)
        notes.append(f"settings from {ours}")
    given += [
        Given(setting, environment[name], name)
        for setting, name in VARIABLES.items()
        if environment.get(name)
    ]
    for theirs in _esptools_files(environment):
        section = _section(theirs, notes)
        if section is not None:
            by_name = f" (set with {ESPTOOLS_NAMED})" if environment.get(ESPTOOLS_NAMED) else ""
            notes.append(f"Loaded custom configuration from {theirs.absolute()}{by_name}")
            given += _of_esptools(theirs, section, notes)
            break
    return Found(tuple(given), tuple(notes))


def _folders(name: str) -> Iterator[Path]:
    yield Path()
    yield Path(click.get_app_dir(name))
    yield Path.home()


def _our_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get(NAMED)
    if named:
        if not Path(named).is_file():
            raise click.UsageError(f"{NAMED} names {named}, and there is no such file")
        return Path(named)
    return next((folder / OURS for folder in _folders(NAME) if (folder / OURS).is_file()), None)


def _of_ours(file: Path) -> list[Given]:
    import tomllib

    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}") from error
    given = []
    for key, value in values.items():
        setting = key.replace("-", "_")
        if setting not in KEYS:
            import difflib

            near = difflib.get_close_matches(setting, KEYS, n=1)
            meant = f", did you mean {near[0].replace('_', '-')}?" if near else ""
            raise click.UsageError(f"{file} has {key}, which is no setting{meant}")
        written = tuple(map(str, value)) if isinstance(value, list) else str(value)
        given.append(Given(setting, written, f"{key} in {file}"))
    return given


def _esptools_files(environment: Mapping[str, str]) -> Iterator[Path]:
    named = environment.get(ESPTOOLS_NAMED)
    if named:
        yield Path(named)
        return
    for folder in _folders(SECTION):
        yield from (folder / name for name in ESPTOOLS if (folder / name).is_file())


def _section(file: Path, notes: list[str]) -> Mapping[str, str] | None:
    """Return esptool's section of a file, if it has one."""
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(file.read_text("utf-8"), str(file))
    except (OSError, ValueError, configparser.Error) as error:
        notes.append(f"Ignoring invalid config file {file.absolute()}: {' '.join(str(error).split())}")
        return None
    return dict(parser[SECTION]) if parser.has_section(SECTION) else None


def _of_esptools(file: Path, section: Mapping[str, str], notes: list[str]) -> Sequence[Given]:
    unknown = sorted(key for key in section if key not in FILE_KEYS)
    if unknown:
        notes.append(f"Ignoring unknown config file options: {', '.join(unknown)}")
    return [
        Given(setting, section[key], f"{key} in {file}")
        for key, setting in FILE_KEYS.items()
        if setting is not None and key in section
    ]


def in_environment() -> Found:
    """Return what is configured for this process."""
    return configured(os.environ)

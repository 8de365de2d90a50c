# SPDX-License-Identifier: Apache-2.0
"""Settings that no option gives: `esprom.toml`, and below it esptool's variables and files (CONFIG-1 to -6).

Nothing is imported for a file that is not there: every command pays for this.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from esprom.cli.settings import OPTIONS, Scope

NAME = "esprom"
OURS = NAME + ".toml"
NAMED = "ESPROM_CONFIG"
ESPTOOLS = ("esptool.cfg", "setup.cfg", "tox.ini")
ESPTOOLS_NAMED = "ESPTOOL_CFGFILE"
SECTION = "esptool"

KEYS = [name for name, option in OPTIONS.items() if option.scope is Scope.BOARD]
VARIABLES = {name: option.esptool_variable for name, option in OPTIONS.items() if option.esptool_variable}
SETTINGS = {option.esptool_key: name for name, option in OPTIONS.items() if option.esptool_key}
NO_SETTINGS = {  # keys of esptool's that have no meaning, since esprom waits as long as it takes
    *("timeout", "chip_erase_timeout", "max_timeout", "sync_timeout", "md5_timeout_per_mb"),
    *("erase_region_timeout_per_mb", "erase_write_timeout_per_mb", "mem_end_rom_timeout"),
    *("serial_write_timeout", "write_block_attempts"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value, as it is written, of a setting of `Settings`, and where it is from."""

    setting: str
    value: str | tuple[str, ...]
    source: str  # a variable, or a file and its key


@dataclass(frozen=True, slots=True)
class Found:
    """What is configured, by file and environment, what counts more first. Notes are for the user."""

    layers: tuple[tuple[Given, ...], ...]
    notes: tuple[str, ...] = ()


def configured(environment: Mapping[str, str]) -> Found:
    """Return what the files and esptool's variables say.

    Raises UsageError for a file of ours that is none.
    """
    layers: list[Sequence[Given]] = []
    notes: list[str] = []
    if (ours := _our_file(environment)) is not None:
        layers.append(_of_ours(ours))
        notes.append(f"settings from {ours}")
    layers.append(
        [
            Given(setting, environment[name], name)
            for setting, name in VARIABLES.items()
            if environment.get(name)
        ]
    )
    for theirs in _esptools_files(environment):
        section = _section(theirs, notes)
        if section is not None:
            layers.append(_of_esptools(theirs, section))
            notes.append(f"esptool's settings from {theirs}")
            unknown = sorted(section.keys() - SETTINGS.keys() - NO_SETTINGS)
            if unknown:
                notes.append(f"{theirs} has {', '.join(unknown)}, which esptool does not know: left alone")
            break
    return Found(tuple(map(tuple, layers)), tuple(notes))


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
        values = tomllib.loads(file.read_text("utf-8-sig"))
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
        source = f"{key} in {file}"
        given.append(Given(setting, _written(value, source, several=OPTIONS[setting].multiple), source))
    return given


def _written(value: object, source: str, *, several: bool) -> str | tuple[str, ...]:
    """Return a value as one would type it. Raises UsageError for what nobody could."""
    if several and isinstance(value, list):
        return tuple(_word(one, source) for one in value)
    return _word(value, source)


def _word(value: object, source: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise click.UsageError(f"{source}: {value!r} is neither a text nor a number")
    return str(value)


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
        parser.read_string(file.read_text("utf-8-sig"), str(file))
    except (OSError, ValueError, configparser.Error) as error:
        notes.append(f"{file} is left alone, it cannot be read: {' '.join(str(error).split())}")
        return None
    return dict(parser[SECTION]) if parser.has_section(SECTION) else None


def _of_esptools(file: Path, section: Mapping[str, str]) -> Sequence[Given]:
    return [
        Given(setting, section[key], f"{key} in {file}")
        for key, setting in SETTINGS.items()
        if key in section
    ]


def in_environment() -> Found:
    """Return what is configured for this process."""
    return configured(os.environ)

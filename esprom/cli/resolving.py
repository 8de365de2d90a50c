# SPDX-License-Identifier: Apache-2.0
"""The settings of a command, and where each is from: option, variable or file, in that order (CONFIG-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from esprom.cli.chain import Chain, refuse_others
from esprom.cli.config import Given, in_environment
from esprom.cli.output import Output
from esprom.cli.settings import OPTIONS, Resolved, Settings, SharedOption

TYPED = "the command line"


@dataclass(frozen=True, slots=True)
class Said:
    """The value of a setting that an option has, and where the option has it from."""

    value: Any
    origin: str
    option: str


def resolved(ctx: click.Context, output: Output) -> Resolved:
    """Return the settings of a command. The later ones of a chain have those of the first.

    Raises UsageError for a value that is none, wherever it is from, and for values that exclude each other.
    """
    held = output.held if isinstance(output, Chain) else None
    said = _said(ctx) if held is not None else {**_said(ctx.find_root()), **_said(ctx)}
    output.quiet = "quiet" in said  # before anything is noted
    _prefer(said, output)
    values: dict[str, Any] = {name: one.value for name, one in said.items()}
    origins = {name: one.origin for name, one in said.items()}
    if held is not None:
        refuse_others(values, held.settings)
        values = {name: getattr(held.settings, name) for name in held.origins} | values
        origins = {**held.origins, **origins}
    if values.get("capture_payload") and "capture" not in values:
        raise click.UsageError("--capture-payload says what a capture keeps: name its file by --capture")
    _configure(ctx, output, values, origins)
    return Resolved(Settings(**values), origins)


def origin_lines(ctx: click.Context, found: Resolved) -> list[str]:
    """Return a line about each setting that something has given, and each option from a variable."""
    own = [
        f"{_name(param)} {ctx.params[param.name]}: from {param.envvar}"
        for param in ctx.command.params
        if param.name in ctx.params
        and not isinstance(param, SharedOption)
        and ctx.get_parameter_source(param.name) is ParameterSource.ENVIRONMENT
    ]
    shared = [
        f"{_name(OPTIONS[name])} {_in_words(getattr(found.settings, name))}: from {origin}"
        for name, origin in found.origins.items()
    ]
    return [*shared, *own]


def _name(option: click.Parameter) -> str:
    return option.opts[0].lstrip("-")


def _in_words(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _prefer(said: dict[str, Said], output: Output) -> None:
    """Keep one of a port and a filter for ports: what counts more, or else the port."""
    port, wanted = said.get("port"), said.get("port_filter")
    if port is None or wanted is None:
        return
    if port.origin == wanted.origin:
        output.note_once(f"--port names {port.value}: nothing is looked for, whatever --port-filter says")
        del said["port_filter"]
    else:
        del said["port"]  # of ESPROM_PORT: the filter was typed


def _said(place: click.Context) -> dict[str, Said]:
    """Return what the shared options of one place say: typed, or from `ESPROM_*`."""
    found: dict[str, Said] = {}
    for option in place.command.params:
        if not isinstance(option, SharedOption) or option.setting not in Settings.__slots__:
            continue
        value = place.params[option.name]
        match place.get_parameter_source(option.name):
            case ParameterSource.COMMANDLINE if value != "":  # a script's "$PORT", with nothing in it
                said = Said(value, TYPED, option.opts[0])
            case ParameterSource.ENVIRONMENT:
                said = Said(value, str(option.envvar), option.opts[0])
            case _:
                continue
        other = found.get(option.setting)  # of --loader, where this is --no-stub
        if other and other.origin == said.origin and other.value != said.value:
            raise click.UsageError(
                f"{other.option} {other.value} and {said.option} exclude each other: give one of them"
            )
        found[option.setting] = said
    return found


def _configure(ctx: click.Context, output: Output, values: dict[str, Any], origins: dict[str, str]) -> None:
    """Add what files and esptool's variables say of settings that nothing else gives.

    All of that is about boards. Where a command has none, it may be wrong.
    """
    if not any(isinstance(param, SharedOption) and param.setting == "port" for param in ctx.command.params):
        return
    found = in_environment()
    for note in found.notes:
        output.note_once(note)
    for layer in found.layers:
        looked_for = "port_filter" in origins  # says what counts more than this layer
        for given in layer:
            if given.setting not in origins and not (looked_for and given.setting == "port"):
                values[given.setting] = _value(ctx, given)
                origins[given.setting] = given.source


def _value(ctx: click.Context, given: Given) -> Any:
    option = OPTIONS[given.setting]
    value: str | Sequence[str] = given.value
    if option.multiple and isinstance(value, str):
        value = (value,)
    try:
        return option.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise click.UsageError(f"{given.source}: {error.message}") from error

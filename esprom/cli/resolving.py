# SPDX-License-Identifier: Apache-2.0
"""The settings of a command, and where each is from: option, variable or file, in that order (CONFIG-1)."""

from typing import Any

import click
from click.core import ParameterSource

from esprom.cli.config import Given, in_environment
from esprom.cli.output import Output
from esprom.cli.settings import Settings


def resolved(ctx: click.Context, output: Output) -> tuple[Settings, list[str]]:
    """Return the settings of a command, and a line about each that is not the default.

    Raises UsageError for a value that is none, wherever it is from.
    """
    root = ctx.find_root()
    said = Settings.merged(root.params, ctx.params)
    origins = {name: origin for name in Settings.__slots__ if (origin := _origin(ctx, root, name))}
    found = in_environment()
    for note in found.notes:
        output.note_once(note)
    options = {option.name: option for option in root.command.params}
    configured: dict[str, Any] = {}
    for given in found.given:
        if given.setting not in origins:
            configured[given.setting] = _value(ctx, options[given.setting], given)
            origins[given.setting] = given.source
    settings = said.completed(configured)
    return settings, [
        f"{name.replace('_', '-')} {getattr(settings, name)}: from {origin}"
        for name, origin in origins.items()
    ]


def _origin(ctx: click.Context, root: click.Context, name: str) -> str:
    for place in (ctx, root):
        source = place.get_parameter_source(name)
        if source is ParameterSource.COMMANDLINE:
            return "the command line"
        if source is ParameterSource.ENVIRONMENT:
            return f"ESPROM_{name.upper()}"
    return ""


def _value(ctx: click.Context, option: click.Parameter, given: Given) -> Any:
    value = (given.value,) if option.multiple and isinstance(given.value, str) else given.value
    try:
        return option.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise click.UsageError(f"{given.source}: {error.message}") from error

# SPDX-License-Identifier: Apache-2.0
"""The options for the settings of the flash in an image header: -fs, -fm, -ff, and their long forms."""

from collections.abc import Callable, Iterable
from typing import Any

import click

import esprom
from esprom.errors import Refused

KEEP = "keep"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def edited(data: bytes, what: str, *, size: str, mode: str, frequency: str) -> bytes:
    """Return the file for offset 0 with the settings in its header; what begins with no image as it is.

    Raises Refused, which calls the file `what`, for a size that the form of the image has no number for.
    """
    try:
        return esprom.edit_header(data, size=size, mode=mode, frequency=frequency)
    except ValueError as error:  # the RTOS SDK's images have numbers for other sizes
        raise Refused(f"{what}: {error}") from error


def header_options(
    *, sizes: Iterable[str] = esprom.HEADER_SIZES, default: dict[str, str] | None = None
) -> Decorator:
    """Add the three options; the function gets `size`, `mode` and `frequency`.

    With a `default` of each there is no `keep`, which else is the default.
    """
    tables = {"size": tuple(sizes), "mode": esprom.HEADER_MODES, "frequency": esprom.HEADER_FREQUENCIES}
    names = {"size": "-fs", "mode": "-fm", "frequency": "-ff"}
    variables = {"size": "ESPTOOL_FS", "mode": "ESPTOOL_FM", "frequency": "ESPTOOL_FF"}

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for name, words in reversed(tables.items()):
            choices = (*words,) if default else (KEEP, *words)
            function = click.option(
                f"--flash-{'freq' if name == 'frequency' else name}",
                names[name],
                name,
                type=click.Choice(choices, case_sensitive=False),
                default=default[name] if default else KEEP,
                metavar="WORD",
                envvar=None if default else variables[name],
                help=f"Flash {name} in the image header: {', '.join(choices)}.",
            )(function)
        return function

    return decorate

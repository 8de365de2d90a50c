# SPDX-License-Identifier: Apache-2.0
"""The options for the settings of the flash in an image header: -fs, -fm, -ff, and their long forms."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

import esprom
from esprom.errors import Refused

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

KEEP = "keep"
DETECT = "detect"
MEGABITS = {  # sizes as esptool 3 took them
    "2m": "256KB",
    "4m": "512KB",
    "8m": "1MB",
    "16m": "2MB",
    "32m": "4MB",
    "16m-c1": "2MB-c1",
    "32m-c1": "4MB-c1",
}

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Words(click.Choice):  # type: ignore[type-arg]  # generic only in late versions of click
    """Words in whatever case; mistakes and the shell are told them as they are written; unlike click's."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__(tuple(words), case_sensitive=False)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word as it is written."""
        typed = value.lower().replace("_", "-")
        for word in self.choices:
            if word.lower() == typed:
                return str(word)
        self.fail(f"{value!r} is none of: {', '.join(self.choices)}", param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Return the words that begin so."""
        from click.shell_completion import CompletionItem

        typed = incomplete.lower()
        return [CompletionItem(word) for word in self.choices if word.lower().startswith(typed)]


class SizeWords(Words):
    """Sizes of the flash in a header; those in megabits are taken for them."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the size in bytes, as it is written."""
        return super().convert(MEGABITS.get(value.lower().replace("_", "-"), value), param, ctx)


class HeaderOption(click.Option):
    """One of them. ESPTOOL_FS=detect is for commands that have a flash to ask, and nothing to others."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the value of the variable, if the command knows it."""
        found = super().value_from_envvar(ctx)
        assert isinstance(self.type, click.Choice)
        return None if found == DETECT and DETECT not in self.type.choices else found


def edited(data: bytes, what: str, *, size: str, mode: str, frequency: str) -> bytes:
    """Return the file for offset 0 with the settings in its header; what begins with no image as it is.

    Raises Refused, which calls the file `what`, for a size that the form of the image has no number for.
    """
    try:
        return esprom.edit_header(data, size=size, mode=mode, frequency=frequency)
    except ValueError as error:  # the RTOS SDK's images have numbers for other sizes
        raise Refused(f"{what}: {error}") from error


def header_options(
    *,
    sizes: Iterable[str] = esprom.HEADER_SIZES,
    default: dict[str, str] | None = None,
    environment: bool = True,
) -> Decorator:
    """Add the three options; the function gets `size`, `mode` and `frequency`.

    With a `default` of each there is no `keep`, which else is the default. `environment`: esptool's variables
    count, as for the commands that esptool has.
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
                type=SizeWords(choices) if name == "size" else Words(choices),
                default=default[name] if default else KEEP,
                metavar="WORD",
                envvar=variables[name] if environment else None,
                cls=HeaderOption,
                help=f"Flash {name} in the image header: {', '.join(choices)}.",
            )(function)
        return function

    return decorate

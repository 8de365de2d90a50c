# SPDX-License-Identifier: Apache-2.0
"""Options that esptool has and that mean nothing on an ESP8266, refused in a sentence, or one thing only."""

from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

NO_ENCRYPTION = ": the ESP8266 has no flash encryption: what is written is what is in the file"


def refusal(words: str) -> Callable[[click.Context, click.Parameter, object], None]:
    """Return the callback of an option that ends in a usage error: its name, and then the words."""

    def refuse(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value:
            raise click.UsageError(param.opts[0] + words)

    return refuse


def refused(*names: str, words: str, is_flag: bool = True) -> Decorator:
    """Add a hidden option that is refused."""
    return click.option(
        *names, is_flag=is_flag, hidden=True, is_eager=True, expose_value=False, callback=refusal(words)
    )


def without_encryption(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse the options of encryption."""
    function = refused("--encrypt", words=NO_ENCRYPTION)(function)
    function = accepted("--ignore-flash-encryption-efuse-setting", "--ignore-flash-enc-efuse")(function)
    return refused("--encrypt-files", words=NO_ENCRYPTION, is_flag=False)(function)


def usual_flash(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take `--spi-connection SPI` and `--flash-type nor`, as it is anyway, and refuse others."""

    def check(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None and value.upper() not in ("SPI", "NOR"):
            raise click.UsageError(
                f"{param.opts[0]} {value}: esprom works on the flash that the ESP8266 starts from, a NOR"
                " flash at its usual pins"
            )

    for names in (("--spi-connection", "-sc"), ("--flash-type", "-ft")):
        one = click.option(*names, hidden=True, is_eager=True, expose_value=False, callback=check)
        function = one(function)
    return function


def accepted(*names: str) -> Decorator:
    """Add a hidden flag that asks for what is done anyway."""
    return click.option(*names, is_flag=True, hidden=True, expose_value=False)


def passed_over(*names: str) -> Decorator:
    """Add a hidden option whose value makes no difference, to esptool neither."""
    return click.option(*names, hidden=True, expose_value=False)

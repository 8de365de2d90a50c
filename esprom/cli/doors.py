# SPDX-License-Identifier: Apache-2.0
"""How clients come in, to a served board, a proxy and a replay alike: the options, and what is said of it."""

from collections.abc import Callable, Mapping
from typing import Any

import click

PORT = click.IntRange(0, 0xFFFF)


def doors(function: Any) -> Any:
    """Add them."""
    for option in reversed(
        (
            click.option(
                "--pty", metavar="PATH", help="Serve on a pseudo terminal; PATH becomes a link to it."
            ),
            click.option("--tcp", type=PORT, metavar="PORT", help="Serve on a bare socket; 0 picks a port."),
            click.option(
                "--rfc2217",
                type=PORT,
                metavar="PORT",
                help="Serve by RFC 2217, with baud rate and modem lines; 0 picks a port.",
            ),
            click.option(
                "--host", default="127.0.0.1", show_default=True, metavar="ADDR", help="Address to listen on."
            ),
        )
    ):
        function = option(function)
    return function


def tell_addresses(tell: Callable[[str], None], addresses: Mapping[str, str]) -> None:
    """Say where it is to be reached, a line for each way in, and that it can be."""
    for kind, url in addresses.items():
        tell(f"{kind} {url}")
    tell("ready")

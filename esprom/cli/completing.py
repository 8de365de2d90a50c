# SPDX-License-Identifier: Apache-2.0
"""What the shell completes a value to, where its type does not tell.

These are click's `shell_complete` callbacks. They import what they need: only who presses Tab pays for it.
"""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_ESPROM_COMPLETE"  # by which a shell asks, as click wants it
RATES = ("auto", "115200", "230400", "460800", "921600", "2000000")
LOADERS = ("auto", "rom", "stub")


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Let the shell look for files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def ports(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ports of this computer, and virtual boards."""
    import esprom

    named = [*(port.device for port in esprom.ports()), *esprom.virtual_boards()]
    return [name for name in named if name.startswith(incomplete)]


def rates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the usual baud rates."""
    return [rate for rate in RATES if rate.startswith(incomplete)]


def loaders(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Return the loaders by name, else let the shell look for a stub's image."""
    from click.shell_completion import CompletionItem

    named = [CompletionItem(name) for name in LOADERS if name.startswith(incomplete)]
    return named or files(ctx, param, incomplete)

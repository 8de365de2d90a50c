# SPDX-License-Identifier: Apache-2.0
"""The two shapes of click that make the command line: a group that imports late, and a command.

Names are spelled with hyphens or underscores, wherever they stand: commands, options and their choices.
"""

from collections.abc import Callable, Container
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from esprom.cli.chain import THEN, Chain, refuse_foreign
from esprom.cli.output import Facts, Output
from esprom.cli.settings import SharedOption, shared_options
from esprom.cli.verbs import SECTIONS, VERBS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class LazyGroup(click.Group):
    """`esprom`: knows its commands by name, and imports the one that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        found = getattr(import_module(f"esprom.cli.commands.{verb.module}"), verb.function)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. Raises UsageError that names the nearest one."""
        name = args[0].replace("_", "-")
        if ctx.resilient_parsing and name not in VERBS:  # for a shell that completes there is none
            return None, None, args
        refuse_foreign(args[0])
        if name not in VERBS:
            import difflib

            near = difflib.get_close_matches(name, VERBS, n=1)
            ctx.fail(f"no such command: {args[0]}" + (f", did you mean {near[0]}?" if near else ""))
        ctx.ensure_object(Output).name(name, old="_" in args[0])
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the commands that a word may become, without importing any of them; else the options."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        word = incomplete.replace("_", "-")
        return [
            CompletionItem(verb.name, help=verb.summary)
            for verb in VERBS.values()
            if verb.name.startswith(word)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in sections."""
        for section, verbs in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(verb.name, verb.summary) for verb in verbs])


class SubGroup(click.Group):
    """Commands whose names have two words; the first is the group's."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and note its whole name."""
        name, found, rest = super().resolve_command(ctx, args)
        ctx.ensure_object(Output).name(f"{self.name} {name}")
        return name, found, rest


class VerbCommand(click.Command):
    """One command: it has the shared options too, and prints the facts that its function returns.

    A function that goes on after its facts are known prints them itself and returns None.
    """

    def __init__(self, *args: Any, shared: Container[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {name for param in self.params for name in param.opts}
        for option in shared_options(environment=False):
            if shared is None or option.name in shared or not option.expose_value:
                option.opts = [name for name in option.opts if name not in own]
                self.params.append(option)

    def own(self, ctx: click.Context) -> dict[str, Any]:
        """Return the values of the command's own options and arguments."""
        shared = {p.name for p in self.params if isinstance(p, SharedOption)}
        return {name: value for name, value in ctx.params.items() if name not in shared}

    def invoke(self, ctx: click.Context) -> None:
        """Run the command's function and print its facts."""
        from esprom.cli.resolving import origin_lines, resolved
        from esprom.cli.session import Session

        assert self.callback is not None
        output = ctx.ensure_object(Output)
        found = resolved(ctx, output)
        if isinstance(output, Chain):
            output.hold(found)
        session = Session(found.settings, output)
        with session.running(origin_lines(ctx, found)):
            facts = self.callback(session, **self.own(ctx))
            if facts is not None:
                output.finish(facts)
            session.say_goodbye()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the options that a word may become, and what another command may follow."""
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-") and THEN.startswith(incomplete):
            found.append(CompletionItem(THEN, help="Another command, in the same connection."))
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the command's own options before those of every command."""
        for title, shared in (("Options", False), ("For every command", True)):
            chosen = [p for p in self.get_params(ctx) if isinstance(p, SharedOption) is shared]
            rows = [row for row in (p.get_help_record(ctx) for p in chosen) if row]
            with formatter.section(title):
                formatter.write_dl(rows)


class PlainCommand(VerbCommand):
    """A command about esprom itself; its function is given the output, and there is no session.

    It reads no settings: those of the folder where a shell starts may be wrong, and are none of its business.
    """

    def invoke(self, ctx: click.Context) -> None:
        """Run the command's function and print its facts."""
        assert self.callback is not None
        output = ctx.ensure_object(Output)
        output.finish(self.callback(output, **self.own(ctx)))


def command(
    name: str, *, shared: Container[str] | None = None, cls: type[VerbCommand] = VerbCommand
) -> Callable[[Callable[..., Facts | None]], VerbCommand]:
    """Make a function the command `name`; its docstring is the command's help.

    `shared` names those of the shared options that it has, if not all; `cls` reads its words.
    """
    return click.command(name, cls=cls, shared=shared)

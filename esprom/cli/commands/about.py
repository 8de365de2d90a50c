# SPDX-License-Identifier: Apache-2.0
"""The commands about esprom itself: version, completion."""

import click

import esprom
from esprom.cli import completing
from esprom.cli.entry import VERSION
from esprom.cli.group import PlainCommand, command
from esprom.cli.output import Facts, Output


@command("version", shared=("json",), cls=PlainCommand)
def version(output: Output) -> Facts:
    """Print the version of esprom."""
    output.result(VERSION)
    return {"version": esprom.__version__}


@command("completion", shared=("json",), cls=PlainCommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(output: Output, shell: str) -> Facts:
    """Print what makes a shell complete esprom's words.

    bash: eval "$(esprom completion bash)" in ~/.bashrc; zsh: eval "$(esprom completion zsh)" in ~/.zshrc,
    behind compinit; fish: esprom completion fish > ~/.config/fish/completions/esprom.fish
    """
    from esprom.cli.shells import SHELLS

    root = click.get_current_context().find_root().command
    script = SHELLS[shell](root, {}, "esprom", completing.VARIABLE).source()
    output.result(script.rstrip())
    return {"shell": shell, "script": script}

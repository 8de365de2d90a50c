# SPDX-License-Identifier: Apache-2.0
"""Entry of the command line: parse, run, and turn whatever went wrong into one line and an exit code.

What is imported here is paid by every `esprom --help`: click, and data.
"""

import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn

import click

import esprom
from esprom.cli import completing
from esprom.cli.chain import Chain, check, split
from esprom.cli.group import LazyGroup
from esprom.cli.output import Output
from esprom.cli.settings import BEFORE_COMMAND
from esprom.errors import Cancelled, EspromError


@click.command(
    cls=LazyGroup,
    params=[*BEFORE_COMMAND],
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),
        "max_content_width": 100,
    },
)
@click.version_option(esprom.__version__, prog_name="esprom", message="%(prog)s %(version)s")
def esprom_group(**shared: Any) -> None:
    """Back up, restore and inspect the firmware of an ESP8266.

    Options stand before or after the command; names take hyphens or underscores. Several commands in one
    connection: esprom flash-id --then read-flash 0 all a.bin --then erase-flash
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command line. Raises SystemExit with the exit code, always."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        words = expanded(words)
    except click.UsageError as error:
        raise SystemExit(report(error, Output(json=wants_json(words)))) from None
    parts = split(words)
    if len(parts) > 1:
        raise SystemExit(run_chain(parts, Chain(json=wants_json(words))))
    raise SystemExit(run(words, Output(json=wants_json(words))))


def run(words: Sequence[str], output: Output) -> int:
    """Run one command; return the exit code."""
    if completing.VARIABLE in os.environ:
        from esprom.cli.shells import register

        register()
    try:
        code = esprom_group.main(words or ["--help"], prog_name="esprom", standalone_mode=False, obj=output)
    except Exception as error:
        code = report(error, output)
    return code or 0


def run_chain(parts: Sequence[Sequence[str]], chain: Chain) -> int:
    """Run the commands, as long as all goes well; return the exit code."""
    code = 0
    try:
        try:
            check(parts)
            for index, part in enumerate(parts):
                chain.begin(left=len(parts) - 1 - index)
                code = run(part, chain)
                if code:
                    break
        finally:
            device = chain.close()
        if not code and device is not None and chain.held is not None:
            from esprom.cli.power import say_goodbye

            say_goodbye(device, chain, chain.held.settings)
    except KeyboardInterrupt:
        code = report(Cancelled("interrupted"), chain)
    except click.UsageError as error:
        code = report(error, chain)
    try:
        chain.print_object()
    except EspromError as error:
        code = report(error, chain)
    return code


def expanded(words: Sequence[str]) -> list[str]:
    """Return the words with those of FILE in the place of each @FILE, quoted as a shell takes them.

    What follows a `--` is another program's. Raises UsageError for a file that cannot be read.
    """
    options = list(takewhile(lambda word: word != "--", words))
    found: list[str] = []
    for word in options:
        found += _words_of(word[1:]) if word.startswith("@") and len(word) > 1 else [word]
    return [*found, *words[len(options) :]]


def _words_of(file: str) -> list[str]:
    import shlex

    try:
        with open(file, encoding="utf-8-sig") as lines:
            return [word for line in lines for word in shlex.split(line)]
    except OSError as error:
        raise click.UsageError(f"@{file}: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"@{file}: {error}") from error


def wants_json(words: Sequence[str]) -> bool:
    """Say whether JSON is asked for; errors in the command line itself are told as JSON too."""
    return "--json" in takewhile(lambda word: word != "--", words)


def report(error: Exception, output: Output) -> int:
    """Say what went wrong; return the exit code. A traceback is for bugs, and only for those."""
    if not isinstance(error, EspromError | click.ClickException | click.Abort):
        import traceback

        traceback.print_exception(error)
    from esprom.cli.failures import describe

    failure = describe(error)
    output.fail(failure)
    return failure.exit_code

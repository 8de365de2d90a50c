# SPDX-License-Identifier: Apache-2.0
"""Entry of the command line: parse, run, and turn whatever went wrong into one line and an exit code.

What is imported here is paid by every `esprom --help`: click, and data.
"""

import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn

import click

import esprom
from esprom.cli.failures import describe
from esprom.cli.group import LazyGroup
from esprom.cli.output import Output
from esprom.cli.settings import shared_options
from esprom.errors import EspromError


@click.command(
    cls=LazyGroup,
    params=shared_options(environment=True),
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),
        "max_content_width": 100,
    },
)
@click.version_option(esprom.__version__, prog_name="esprom", message="%(prog)s %(version)s")
def esprom_group(**shared: Any) -> None:
    """Back up, restore and inspect the firmware of an ESP8266.

    Options stand before or after the command; names take hyphens or underscores.
    """


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command line. Raises SystemExit with the exit code, always."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(json=wants_json(words))
    try:
        code = esprom_group.main(words or ["--help"], prog_name="esprom", standalone_mode=False, obj=output)
    except Exception as error:
        code = report(error, output)
    raise SystemExit(code or 0)


def wants_json(words: Sequence[str]) -> bool:
    """Say whether JSON is asked for; errors in the command line itself are told as JSON too."""
    return "--json" in takewhile(lambda word: word != "--", words)


def report(error: Exception, output: Output) -> int:
    """Say what went wrong; return the exit code. A traceback is for bugs, and only for those."""
    if not isinstance(error, EspromError | click.ClickException | click.Abort):
        import traceback

        traceback.print_exception(error)
    failure = describe(error)
    output.fail(failure)
    return failure.exit_code

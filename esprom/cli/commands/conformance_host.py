# SPDX-License-Identifier: Apache-2.0
"""conformance --host: any host tool in front of scripted boards, and what becomes of its jobs.

A command of its own as far as its options go; `conformance` hands over to it.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import click

import esprom
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.settings import WITHOUT_BOARD
from esprom.errors import EspromError

JOBS = ("identify", "read", "write", "erase")  # as in esprom.conformance.host, which is not loaded for --help
WAYS = ("tcp", "rfc2217", "pty")


@command("conformance --host", shared=WITHOUT_BOARD)
@click.argument("tool", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
@click.option("--job", type=click.Choice(JOBS), help="What COMMAND does, where it does not tell by itself.")
@click.option(
    "--clients",
    "described",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Tools with a command line for each job, as TOML; instead of COMMAND.",
)
@click.option("--only", multiple=True, metavar="NAME", help="This scenario only; may be repeated.")
@click.option("--list", "listed", is_flag=True, help="Say which scenarios there are.")
@click.option(
    "--way",
    type=click.Choice(WAYS),
    default="tcp",
    show_default=True,
    help="How COMMAND reaches the board: a bare socket, RFC 2217 with modem lines, or a terminal.",
)
@click.option(
    "--limit",
    type=click.FloatRange(min=1),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="A tool that has not ended by then is killed: it hangs.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=os.cpu_count() or 1,
    show_default=True,
    help="How many tools run at a time.",
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report as Markdown, too.",
)
def conformance_host(
    session: Session,
    *,
    tool: Sequence[str],
    job: str | None,
    described: Path | None,
    only: Sequence[str],
    listed: bool,
    way: str,
    limit: float,
    at_once: int,
    markdown: Path | None,
) -> Facts | None:
    """Grade a host tool on boards that misbehave.

    In COMMAND, {port} is where the board is, {file} what is to be written or read, {offset} and {size} are
    where in the flash; {host}, {number} and {baud} are there too. Exit code 1 where the tool hangs, or says
    that all is well and it is not.
    """
    if listed:
        return _list(session)
    report = esprom.host_conformance(
        _clients(tool, job, described, way),
        only=only,
        limit_s=limit,
        at_once=at_once,
        told=lambda grade: session.output.note(
            f"{grade.client}, {grade.scenario}, {grade.task.job.value}: {grade.outcome.value}"
            f" ({grade.ended.seconds} s)"
        ),
    )
    if markdown is not None:
        esprom.save(markdown, report.markdown().encode(), overwrite=True)
    for line in report.lines():
        session.output.result(line)
    session.output.finish({"harmful": len(report.harmful), **report.facts()})
    if report.harmful:
        click.get_current_context().exit(EspromError.exit_code)
    return None


def _clients(
    tool: Sequence[str], job: str | None, described: Path | None, way: str
) -> "list[esprom.HostClient]":
    if described is None:
        return [esprom.host_client(tool, job, way)]
    if tool:
        raise click.UsageError("a command, or --clients FILE; not both")
    return esprom.host_clients(esprom.load(described).decode(errors="replace"), str(described))


def _list(session: Session) -> Facts:
    found = dict(esprom.host_scenarios())
    width = max(map(len, found))
    for name, what in found.items():
        session.output.result(f"{name.ljust(width)}  {what}")
    return {"scenarios": found}

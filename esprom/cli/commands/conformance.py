# SPDX-License-Identifier: Apache-2.0
"""conformance: whether what is at a port is what the specification says; with --host, of a host tool."""

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import click

import esprom
from esprom.cli.commands.conformance_host import conformance_host
from esprom.cli.group import VerbCommand
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.values import ADDRESS
from esprom.errors import VerifyFailed

HOST = "--host"
LEVELS = ("must", "should", "quirk")
FORMS = ("text", "json", "junit", "html")


class WithHost(VerbCommand):
    """`conformance`; with `--host` it is another command, with options of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the options of the one or the other."""
        if HOST not in takewhile(lambda word: word != "--", args):
            return super().make_context(info_name, args, parent, **extra)
        args.remove(HOST)
        return conformance_host.make_context(f"{info_name} {HOST}", args, parent, **extra)


@click.command("conformance", cls=WithHost)
@click.option(HOST, is_flag=True, help=f"Check a host tool instead: see esprom conformance {HOST} --help.")
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="should",
    show_default=True,
    metavar="LEVEL",
    help="Which rules: must, should (and must), quirk (all of them).",
)
@click.option("--destructive", is_flag=True, help="Write to the flash too, to a stretch that is put back.")
@click.option(
    "--scratch",
    type=ADDRESS,
    metavar="OFFSET",
    help="That stretch: 64 KiB from here on. Unless told, the last 64 KiB that are blank.",
)
@click.option("--only", multiple=True, metavar="ID", help="Only cases whose id begins so; may be repeated.")
@click.option(
    "--report",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    metavar="FORM",
    help="text, json, junit (XML) or html (a page).",
)
@click.option(
    "--output", "-o", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report there."
)
@click.option("--force", is_flag=True, help="Replace that file.")
@click.option("--list", "listed", is_flag=True, help="List the cases; nothing is connected to.")
def conformance(
    session: Session,
    *,
    level: str,
    scratch: int | None,
    only: tuple[str, ...],
    form: str,
    file: Path | None,
    destructive: bool,
    force: bool,
    listed: bool,
    host: bool,
) -> Facts | None:
    """Check a loader against the specification, or a host tool.

    Each case sends bytes and says what must come back: from an ESP8266's boot ROM (--loader rom), from our
    stub loader (--loader stub), both (unless told), or a stub loader in a file, ours or another tool's
    (--loader FILE). Nothing is written to the flash without --destructive. The page of --report html has the
    beginning of all that was said, so the chip's MAC and some bytes of the flash. The exit code is 6 if
    something does not conform, 4 if nothing answers at all.
    """
    if scratch is not None and not destructive:
        raise click.UsageError("--scratch says where --destructive may write, which is not given")
    output = session.output
    output.json = output.json or (form == "json" and file is None)
    try:
        if listed:
            return _list(session, level, only)
        if file is not None:
            esprom.check_targets([file], overwrite=force)
        report = esprom.device_conformance(
            session.chosen_port(),
            loader="all" if session.settings.loader == "auto" else session.settings.loader,
            level=level,
            destructive=destructive,
            scratch=scratch,
            only=only,
            told=output.note,
            heard=output.result if form == "text" and file is None else output.note,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    _tell(session, report, form, file, force=force)
    output.finish(report.facts())
    if not report.conforms:
        click.get_current_context().exit(VerifyFailed.exit_code)
    return None


def _list(session: Session, level: str, only: tuple[str, ...]) -> Facts:
    cases = esprom.conformance_cases(level, only=only)
    for case in cases:
        session.output.result(f"{case.id:<26} {case.level.value:<6} {case.spec:<16} {case.rule}")
    return {"cases": [case.facts() for case in cases]}


def _tell(
    session: Session, report: "esprom.DeviceReport", form: str, file: Path | None, *, force: bool
) -> None:
    whole = {
        "text": lambda: "\n".join((*report.details(), *report.lines())),
        "json": lambda: json.dumps(report.facts(), indent=2),
        "junit": report.junit,
        "html": report.page,
    }[form]
    if file is not None:
        esprom.save(file, f"{whole().rstrip()}\n".encode(), overwrite=force)
        session.output.note(f"report: {file}")
    elif form in ("junit", "html"):
        session.output.result(whole().rstrip())
        return
    for text in report.lines():
        session.output.result(text)

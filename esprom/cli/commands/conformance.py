# SPDX-License-Identifier: Apache-2.0
"""conformance: whether what is at a port is what the specification says."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.settings import Settings
from esprom.conformance import report as reports
from esprom.conformance.case import Case, Level
from esprom.conformance.cases import CASES
from esprom.conformance.conversation import Verdict
from esprom.conformance.program import load_program, our_program
from esprom.conformance.report import Report
from esprom.conformance.runner import Result, Target, check_device, chosen
from esprom.errors import VerifyFailed
from esprom.files import check_targets, save
from esprom.port import DEFAULT_BAUD, open_port
from esprom.protocol.commands import Loader

FORMS: dict[str, Callable[[Report], str]] = {"junit": reports.junit, "html": reports.page}
ROM, STUB, ALL = "rom", "stub", ("all", "auto")


@command("conformance")
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default=Level.SHOULD.value,
    show_default=True,
    metavar="LEVEL",
    help="Which rules: must, should (and must), quirk (all of them).",
)
@click.option("--destructive", is_flag=True, help="Write to the flash too, to a stretch that is put back.")
@click.option(
    "--scratch",
    type=click.IntRange(0, 0xFFFFFF),
    metavar="OFFSET",
    help="That stretch: 64 KiB from here on. Unless told, the last 64 KiB that are blank.",
)
@click.option("--only", multiple=True, metavar="ID", help="Only cases whose id begins so; may be repeated.")
@click.option(
    "--report",
    "form",
    type=click.Choice(["text", "json", *FORMS]),
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
) -> Facts:
    """Check whether a loader does as the specification says.

    Each case sends bytes and says what must come back: from an ESP8266's boot ROM (--loader rom), from our
    stub loader (--loader stub), both (unless told), or a stub loader in a file, ours or another tool's
    (--loader FILE). Nothing is written to the flash without --destructive. The exit code is 6 if something
    does not conform, 4 if nothing answers at all.
    """
    output = session.output
    output.json = output.json or form == "json"
    if file is not None:
        check_targets([file], overwrite=force)
    try:
        cases = chosen(CASES, Level(level), destructive=destructive or listed, only=only)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if listed:
        for case in cases:
            output.result(f"{case.id:<26} {case.level.value:<6} {case.spec:<16} {case.rule}")
        return {"cases": [reports.exported(case) for case in cases]}
    found = _checked(session, cases, scratch, Level(level), shown=form == "text" and file is None)
    _tell(session, found, form, file, force=force)
    if not found.conforms:
        output.finish(found.facts())
        click.get_current_context().exit(VerifyFailed.exit_code)
    return found.facts()


def _checked(
    session: Session, cases: Sequence[Case], scratch: int | None, level: Level, *, shown: bool
) -> Report:
    name = session.chosen_port()
    targets = _targets(session.settings)
    session.output.note(f"checking {name}: {', '.join(target.name for target in targets)}")

    def heard(result: Result) -> None:
        if shown and (session.settings.verbose or result.outcome.verdict is not Verdict.CONFORMS):
            session.output.result(f"{result.target}: {reports.line(result)}")

    port = open_port(name, DEFAULT_BAUD)
    try:
        results = check_device(
            port, targets, cases, scratch_offset=scratch, told=session.output.note, heard=heard
        )
    finally:
        port.close()
    return Report(name, level, tuple(results))


def _targets(settings: Settings) -> list[Target]:
    match settings.loader:
        case "rom":
            return [Target(Loader.ROM)]
        case "stub":
            return [Target(Loader.OURS, our_program())]
        case "all" | "auto":
            return [Target(Loader.ROM), Target(Loader.OURS, our_program())]
        case file:
            program = load_program(Path(file))
            return [Target(Loader.OURS if program.ours else Loader.STUB, program)]


def _tell(session: Session, found: Report, form: str, file: Path | None, *, force: bool) -> None:
    for text in reports.summary(found.results):
        session.output.note(text) if form in FORMS else session.output.result(text)
    if form in FORMS:
        whole = FORMS[form](found)
    elif file is not None:
        import json

        lines = [f"{result.target}: {reports.line(result)}" for result in found.results]
        whole = (
            json.dumps(found.facts(), indent=2)
            if form == "json"
            else "\n".join((*lines, *reports.summary(found.results)))
        )
    else:
        return
    if file is None:
        session.output.result(whole)
    else:
        save(file, whole.encode(), overwrite=force)
        session.output.note(f"report: {file}")

# SPDX-License-Identifier: Apache-2.0
"""selftest: what a real board does, as a file that can be sent in."""

import json
from pathlib import Path

import click

import esprom
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session


@command("selftest")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default="esprom-selftest.json")
@click.option(
    "--destructive", is_flag=True, help="Program and erase a sector too: the last one that is blank."
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def selftest(session: Session, file: Path, *, destructive: bool, force: bool) -> Facts:
    """Check a board, and write a report to send in.

    The stub loader is tried on it. Unless told, nothing is written to the flash. The report has neither the
    MAC nor anything of the flash's content; of what went over the wire it has times, commands and lengths,
    and the bytes where nothing private is among them.
    """
    esprom.check_targets([file], overwrite=force)
    port = session.chosen_port()
    session.output.note(f"checking {port}: half a minute or two")

    def told(check: "esprom.SelftestCheck") -> None:
        figures = f" ({check.measured})" if check.measured else ""
        session.output.result(f"{check.name}: {check.found}{figures}")

    report = esprom.selftest(port, session.settings.baud, destructive=destructive, told=told)
    facts = report.facts()
    esprom.save(file, (json.dumps(facts, indent=1) + "\n").encode(), overwrite=force)
    different = ", ".join(report.differences) or "nothing"
    session.output.result(f"Different from the virtual board: {different}")
    session.output.result(f"Report: {file}; CONTRIBUTING.md says where to send it")
    return {"file": str(file), **facts}

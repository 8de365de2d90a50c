# SPDX-License-Identifier: Apache-2.0
"""doctor: why nothing answers, and what to do."""

from pathlib import Path

import click

import esprom
from esprom.cli import power
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session


@command("doctor")
@click.option("--html", type=click.Path(path_type=Path), help="Write it as one HTML page with a drawing.")
@click.option(
    "--power-test",
    is_flag=True,
    help="Try the supply: erase a sector that is blank already, which takes the most current.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def doctor(session: Session, *, html: Path | None, power_test: bool, force: bool) -> None:
    """Find out why a board does not work, and say what to do.

    Looks at the port, the loader, the chip, its flash, the line and, if wanted, the supply, in this order, up
    to the first that is wrong. Then a drawing shows the wires to look at. Nothing is changed on the board.

    The exit code is 0 where the board can be used, and else that of a command which meets what was found:
    3 where the port is at fault, 4 where no answer comes, 1 where the flash chip cannot be used.
    """
    if html is not None:
        esprom.check_targets([html], overwrite=force)
    diagnosis = _examined(session, power_test=power_test)
    for line in _advice(diagnosis):
        session.output.result(line)
    if html is not None:
        esprom.save(html, esprom.doctor_page(diagnosis).encode(), overwrite=force)
        session.output.result(f"Page: {html}")
    session.output.finish(_facts(diagnosis, html))
    click.get_current_context().exit(diagnosis.exit_code)


def _facts(diagnosis: "esprom.Diagnosis", html: Path | None) -> Facts:
    advice = diagnosis.advice
    return {
        "works": diagnosis.works,
        "well": diagnosis.trouble is None,
        "trouble": diagnosis.trouble.value if diagnosis.trouble is not None else None,
        "findings": [
            {"check": found.check, "good": found.good, "text": found.text} for found in diagnosis.findings
        ],
        "suspects": [wire.value for wire in advice.suspects] if advice is not None else [],
        "steps": list(advice.steps) if advice is not None else [],
        "html": str(html) if html is not None else None,
    }


def _examined(session: Session, *, power_test: bool) -> "esprom.Diagnosis":
    settings = session.settings
    if settings.port is None:
        likely = [port for port in esprom.ports() if port.likely]
        for port in likely:
            for hindrance in port.hindrances:
                session.output.result(f"  !  {port.device}: {hindrance.text}")
        if not likely:
            found = esprom.Finding("port", good=False, text="no adapter that boards have is plugged in")
            session.output.result(_line(found))
            return esprom.Diagnosis((found,), esprom.Trouble.NO_PORT)
    baud = settings.baud if settings.baud != "auto" else 115200
    return esprom.diagnose(
        session.chosen_port(),
        baud=baud,
        wait_s=power.wait_s(settings),
        ask=power.asker(settings, session.output),
        power_test=power_test,
        told=lambda found: session.output.result(_line(found)),
    )


def _line(found: "esprom.Finding") -> str:
    return f"{'ok' if found.good else 'NO':>4}  {found.check}: {found.text}"


def _advice(diagnosis: "esprom.Diagnosis") -> list[str]:
    advice = diagnosis.advice
    if advice is None:
        return ["", "All is well."]
    lines = ["", f"What is wrong: {advice.means}."]
    if advice.suspects:
        lines += ["", *(f"  {line}" for line in esprom.wiring_drawing(advice.suspects))]
    return [
        *lines,
        "",
        "What to do:",
        *(f"  {number}. {step}" for number, step in enumerate(advice.steps, 1)),
    ]

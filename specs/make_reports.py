# SPDX-License-Identifier: Apache-2.0
"""Writes specs/reports/hosts.json and hosts.md: `python specs/make_reports.py`, some minutes for each tool.

Puts the versions of esptool that are in use, esptool-js and esprom in front of the scripted boards. The tools
are installed where the tests have theirs. `--client NAME` renews what is there of one tool.
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from esprom import HostClient, HostReport, __version__, host_conformance, host_scenarios  # noqa: E402
from esprom.conformance.host import Grade, Job, Outcome  # noqa: E402
from esprom.conformance.host.report import restored  # noqa: E402
from tests.tools import Esptool, esptool_js  # noqa: E402

PAGE = Path(__file__).parent / "reports" / "hosts.md"
DATA = PAGE.with_suffix(".json")
NOTES = Path(__file__).parent / "reports" / "hosts-notes.md"
KEPT_SAID = 300  # characters
ESPTOOL_JS = "0.6.1"
JOB_OF_ESPTOOL_JS = ROOT / "tests" / "e2e" / "esptool_js" / "job.mjs"
HEAD = """\
# Host tools in front of scripted boards

Made by `python specs/make_reports.py` ({dates}). Each tool does its jobs, over a bare socket, on a virtual
ESP-01 whose line or flash misbehaves: 32 KiB from 0x20000 on, which no packing makes shorter, and a MAC to be
printed. What counts is the content: of the file after a read, of the whole flash after everything else.

"""


def esptool(version: str) -> HostClient:
    """Return that esptool, with its stub."""
    modern = version.startswith("5")

    def words(*job: str) -> tuple[str, ...]:
        before, after = ["--before", "no_reset"], ["--after", "no_reset"]
        spelt = [*before, *after, *job]
        if modern:
            spelt = [word.replace("_", "-") for word in spelt]
        return (sys.executable, "-m", "esptool", "--chip", "esp8266", "--port", "{port}", *spelt)

    return HostClient(
        f"esptool-{version}",
        {
            Job.IDENTIFY: words("flash_id"),
            Job.READ: words("read_flash", "{offset}", "{size}", "{file}"),
            Job.WRITE: words("write_flash", "{offset}", "{file}"),
            Job.ERASE: words("erase_region", "{offset}", "{size}"),
        },
        environment={"PYTHONPATH": str(Esptool(version).place)},
    )


def javascript() -> HostClient:
    """Return esptool-js, with its stub, under Node."""
    first = ("node", str(JOB_OF_ESPTOOL_JS), str(esptool_js(ESPTOOL_JS)), "{host}", "{number}")
    numbers = ("{offset}", "{size}", "{file}")
    return HostClient(
        f"esptool-js-{ESPTOOL_JS}",
        {
            Job.IDENTIFY: (*first, "identify"),
            Job.READ: (*first, "read", *numbers),
            Job.WRITE: (*first, "write", *numbers),
        },
    )


def ours(loader: str) -> HostClient:
    """Return esprom, with its own stub or without one."""
    first = (
        sys.executable,
        "-m",
        "esprom",
        "--port",
        "{port}",
        "--loader",
        loader,
        "--quiet",
        "--no-progress",
    )
    return HostClient(
        f"esprom-{loader}",
        {
            Job.IDENTIFY: (*first, "chip-id"),
            Job.READ: (*first, "read-flash", "{offset}", "{size}", "{file}"),
            Job.WRITE: (*first, "write-flash", "{offset}", "{file}"),
            Job.ERASE: (*first, "erase-region", "{offset}", "{size}"),
        },
        version=__version__,
    )


def clients_of() -> list[HostClient]:
    """Return all tools that are compared."""
    versions = ("5.6.0", "4.12.0", "3.3.3")
    return [*map(esptool, versions), javascript(), ours("rom"), ours("stub")]


def tell(grade: Grade) -> None:
    """Say on stderr what has been found."""
    reached = "" if grade.reached else ", not reached"
    what = f"{grade.client} {grade.scenario} {grade.task.job.value}: {grade.outcome.value}{reached}"
    print(f"{what} ({grade.ended.seconds} s) {'; '.join(grade.wrong)}", file=sys.stderr, flush=True)
    if grade.outcome is not Outcome.RIGHT:
        print(*(f"    {line}" for line in grade.said.strip().splitlines()[-2:]), sep="\n", file=sys.stderr)


def measured(client: HostClient, only: list[str], at_once: int) -> dict[str, Any]:
    """Return what is kept of a tool: its version, the day, and its grades without what they do not need."""
    report = host_conformance([client], only=only, at_once=at_once, told=tell)
    grades = report.facts()["grades"]
    for grade in grades:
        del grade["client"], grade["seconds"], grade["worse_than_good"]
        if grade["outcome"] not in {"silent", "hang"}:
            del grade["said"]
        else:
            grade["said"] = grade["said"].strip()[-KEPT_SAID:]
    return {"version": client.version, "date": datetime.now(UTC).date().isoformat(), "grades": grades}


def page(found: dict[str, dict[str, Any]]) -> str:
    """Return the page: what was measured, and the notes that people have added."""
    clients = [
        replace(client, version=found[client.name]["version"])
        for client in clients_of()
        if client.name in found
    ]
    grades = [restored(client.name, grade) for client in clients for grade in found[client.name]["grades"]]
    report = HostReport(tuple(clients), tuple(grades), dict(host_scenarios()))
    dates = ", ".join(f"{client.name} {found[client.name]['date']}" for client in clients)
    notes = NOTES.read_text(encoding="utf-8") if NOTES.exists() else ""
    return HEAD.format(dates=dates) + report.markdown() + notes


def main() -> None:
    """Make the report, or some columns of it."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    arguments.add_argument("--client", action="append", default=[], metavar="NAME", help="this tool only")
    arguments.add_argument(
        "--only", action="append", default=[], metavar="SCENARIO", help="and do not write it"
    )
    arguments.add_argument("--at-once", type=int, default=1, metavar="N", help="tools that run at a time")
    asked = arguments.parse_args()
    for client in clients_of():
        if asked.client and client.name not in asked.client:
            continue
        result = measured(client, asked.only, asked.at_once)
        if not asked.only:
            found = kept() | {client.name: result}
            DATA.write_text(as_json(found), encoding="utf-8")
            PAGE.write_text(page(found), encoding="utf-8")


def kept() -> dict[str, dict[str, Any]]:
    """Return what was measured before."""
    return json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}


def as_json(found: dict[str, dict[str, Any]]) -> str:
    """Return it as JSON with a line for each grade."""
    tools = []
    for name, result in sorted(found.items()):
        lines = ",\n".join(f"  {json.dumps(grade)}" for grade in result["grades"])
        head = f'{json.dumps(name)}: {{"version": {json.dumps(result["version"])}, "date": "{result["date"]}"'
        tools.append(f'{head}, "grades": [\n{lines}\n]}}')
    return "{" + ",\n".join(tools) + "}\n"


if __name__ == "__main__":
    main()

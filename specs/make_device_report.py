# SPDX-License-Identifier: Apache-2.0
"""Writes specs/reports/devices.json and devices.md: `python -m specs.make_device_report`, some minutes.

Puts the virtual board, our stub, other tools' stubs on the virtual board, and the PyPI package
esp32-mock-bootloader in front of the conformance cases. `devices-notes.toml` explains each deviation.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from esprom import DeviceReport, __version__, device_conformance
from tests.ports import board, on_board
from tests.tools import Esptool, mock_bootloader, stub_of

REPORTS = Path(__file__).parent / "reports"
DATA, PAGE, NOTES = REPORTS / "devices.json", REPORTS / "devices.md", REPORTS / "devices-notes.toml"
CONTENT = bytes(range(256)) * 64  # so that not all of the flash is alike
GOOD = ("conforms", "not run")
EXAMPLE = 120  # characters of what was found
HEAD = """\
# Devices in front of the conformance cases

Made by `python -m specs.make_device_report` ({date}, esprom {version}): all cases, also those that write to
the flash. The stubs run on the virtual board's CPU; no silicon was at hand. What the verdicts mean is in
[conformance.md](../conformance.md).

"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: the virtual board with a loader, or, without one, the mock that is served."""

    name: str
    loader: str

    def report(self, folder: Path) -> DeviceReport:
        """Check it."""
        if self.loader == "mock":
            with served_mock() as url:
                return device_conformance(url, loader="rom", level="quirk")
        port = on_board(board("esp12", CONTENT))
        return device_conformance(port, loader=self.loader, level="quirk", destructive=True, folder=folder)


def subjects() -> list[Subject]:
    """Return all of them, installing what is not there."""
    folder = Esptool("5.6.0").place / "esptool" / "targets" / "stub_flasher"
    return [
        Subject("virtual board, ROM", "rom"),
        Subject("our stub", "stub"),
        Subject("esptool 5.6.0, older stub", str(folder / "1" / "esp8266.json")),
        Subject("esptool 5.6.0, newer stub", str(folder / "2" / "esp8266.json")),
        Subject("esptool 3.3.3, stub", str(stub_of("3.3.3"))),
        Subject("esp32-mock-bootloader 0.3.0, as esp8266", "mock"),
    ]


@contextmanager
def served_mock() -> Iterator[str]:
    """Serve the mock bootloader on a free port; it says which in a file."""
    place = mock_bootloader("0.3.0")
    paths = os.pathsep.join((str(place), str(Esptool("5.6.0").place)))
    words = ("-m", "esp32_mock_bootloader.cli", "run", "--chip", "esp8266", "--port", "0")
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            yield next(_urls(process.stdout))
        finally:
            process.terminate()


def _urls(lines: Any) -> Iterator[str]:
    for text in lines:
        for word in text.replace(",", " ").split():
            if word.startswith("socket://"):
                yield word
            elif word.rpartition(":")[2].isdigit() and word.startswith("127.0.0.1:"):
                yield f"socket://{word}"


def found(report: DeviceReport) -> dict[str, list[str]]:
    """Return verdict and text of each case, by its id."""
    return {result.case.id: [result.outcome.verdict.value, result.outcome.text] for result in report.results}


def page(data: dict[str, Any], notes: dict[str, Any]) -> str:
    """Return the page. Raises ValueError where a deviation has no explanation, or one explains nothing."""
    parts = [HEAD.format(date=data["date"], version=data["esprom"]), *_summary(data["devices"])]
    for device in data["devices"]:
        parts += _section(device, notes.get(device["name"], []))
    return "\n".join(parts).rstrip() + "\n"


def _summary(devices: list[dict[str, Any]]) -> Iterator[str]:
    yield "| device | cases | conforms | deviates | not run |\n| --- | --- | --- | --- | --- |"
    for device in devices:
        counts = Counter(verdict for verdict, _ in device["cases"].values())
        total, good, left = sum(counts.values()), counts["conforms"], counts["not run"]
        yield f"| {device['name']} | {total} | {good} | {total - good - left} | {left} |"
    yield ""


def _section(device: dict[str, Any], notes: list[dict[str, Any]]) -> Iterator[str]:
    deviating = {name: text for name, (verdict, text) in device["cases"].items() if verdict not in GOOD}
    if not deviating and not notes:
        return
    yield f"## {device['name']}\n"
    unexplained = dict(deviating)
    for note in notes:
        names = [name for name in deviating if any(_fits(name, pattern) for pattern in note["cases"])]
        if not names:
            raise ValueError(f"{device['name']}: nothing deviates that {note['cases']} is about")
        for name in names:
            unexplained.pop(name, None)
        which = ", ".join(f"`{name}`" for name in names) if len(names) < 9 else f"{len(names)} cases"
        example = deviating[names[0]].replace("|", "or")[:EXAMPLE]
        yield f"- {which}: {note['why']} (`{names[0]}`: {example})"
    if unexplained:
        raise ValueError(f"{device['name']}: not explained: {', '.join(unexplained)}")
    yield ""


def _fits(name: str, pattern: str) -> bool:
    return pattern in ("*", name)


def main() -> None:
    """Check all, and write both files."""
    devices = [{"name": subject.name, "cases": found(subject.report(Path()))} for subject in subjects()]
    data = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "esprom": __version__, "devices": devices}
    DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(data, tomllib.loads(NOTES.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""What a run has found, as facts, lines, JUnit's XML, and one HTML page that needs nothing else (CONF-5)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from esprom._version import __version__
from esprom.conformance.case import Level
from esprom.conformance.conversation import Spoken, Verdict
from esprom.conformance.runner import Result

FORMAT = 1
GOOD = frozenset({Verdict.CONFORMS, Verdict.TOLERATED})
BAD = frozenset({Verdict.VIOLATES, Verdict.NO_ANSWER})
SHOWN = 64  # bytes of one exchange, in a page

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; }
h1 { font-size: 1.5em; }
h2 { font-size: 1.2em; margin-top: 1.6em; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25em .6em; border-bottom: 1px solid #ddd; }
code, pre { font: 12px/1.4 ui-monospace, monospace; }
pre { margin: .3em 0; white-space: pre-wrap; word-break: break-all; }
summary { cursor: pointer; }
.conforms { color: #1b6e2e; } .tolerated { color: #7a6400; } .not { color: #555; }
.violates, .no { color: #b23c00; font-weight: bold; }
"""


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """One run."""

    port: str
    level: Level
    results: tuple[Result, ...]

    @property
    def conforms(self) -> bool:
        """Whether nothing violates a rule, or fails to answer; what is not there counts only as a MUST."""
        return not any(fails(result) for result in self.results)

    def facts(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "format": FORMAT,
            "esprom": __version__,
            "port": self.port,
            "level": self.level.value,
            "conforms": self.conforms,
            "counts": {verdict.value: count for verdict, count in self._counts().items()},
            "results": [_facts(result) for result in self.results],
        }

    def lines(self) -> list[str]:
        """Return one line for each that was checked."""
        return list(summary(self.results))

    def details(self) -> list[str]:
        """Return one line for each case."""
        return [line(result) for result in self.results]

    def junit(self) -> str:
        """Return it as JUnit's XML."""
        return junit(self)

    def page(self) -> str:
        """Return it as an HTML page that needs nothing else."""
        return page(self)

    def _counts(self) -> Counter[Verdict]:
        return Counter(result.outcome.verdict for result in self.results)


def fails(result: Result) -> bool:
    """Tell whether a result means that the device does not conform."""
    verdict = result.outcome.verdict
    return verdict in BAD or (verdict is Verdict.NOT_IMPLEMENTED and result.case.level is Level.MUST)


def line(result: Result) -> str:
    """Return a result as one line of text."""
    case, outcome = result.case, result.outcome
    told = f": {outcome.text}" if outcome.text else ""
    head = f"{outcome.verdict.value:<15} {result.target}: {case.id} ({case.level.value}, {case.spec})"
    return f"{head}: {case.rule}{told}"


def summary(results: Sequence[Result]) -> Iterator[str]:
    """Yield one line for each target."""
    for target, group in groupby(results, key=lambda result: result.target):
        found = list(group)
        counts = Counter(result.outcome.verdict for result in found)
        parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
        failed = sum(map(fails, found))
        verdict = "conforms" if not failed else f"does not conform ({failed} cases)"
        yield f"{target}: {verdict}: {len(found)} cases, {parts}"


def _facts(result: Result) -> dict[str, Any]:
    return {
        "id": result.case.id,
        "target": result.target,
        "spec": result.case.spec,
        "level": result.case.level.value,
        "rule": result.case.rule,
        "verdict": result.outcome.verdict.value,
        "text": result.outcome.text,
    }


def junit(report: DeviceReport) -> str:
    """Return the report as JUnit's XML: one suite for each target, one test for each case."""
    root = ElementTree.Element("testsuites", name="esprom conformance")
    for target, group in groupby(report.results, key=lambda result: result.target):
        found = list(group)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=target,
            tests=str(len(found)),
            failures=str(sum(map(fails, found))),
            errors="0",
            skipped=str(sum(result.outcome.verdict is Verdict.NOT_RUN for result in found)),
        )
        for result in found:
            _add_test(suite, result)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_test(suite: ElementTree.Element, result: Result) -> None:
    case, outcome = result.case, result.outcome
    test = ElementTree.SubElement(suite, "testcase", classname=f"{result.target}.{case.spec}", name=case.id)
    if outcome.verdict is Verdict.NOT_RUN:
        ElementTree.SubElement(test, "skipped", message=outcome.text)
    elif fails(result):
        message = f"{case.rule}: {outcome.text}"
        failure = ElementTree.SubElement(test, "failure", type=outcome.verdict.value, message=message)
        failure.text = "\n".join(_said(outcome.spoken))


def _said(spoken: Sequence[Spoken]) -> Iterator[str]:
    for said in spoken:
        more = f" … {len(said.bytes)} bytes" if len(said.bytes) > SHOWN else ""
        means = f"  {said.means}" if said.means else ""
        yield f"{said.ms:9.2f} ms {said.way} {said.bytes[:SHOWN].hex(' ')}{more}{means}"


def page(report: DeviceReport) -> str:
    """Return the report as an HTML page."""
    parts = []
    for target, group in groupby(report.results, key=lambda result: result.target):
        rows = "".join(map(_row, group))
        head = "<tr><th>verdict<th>case<th>level<th>requirement<th>rule</tr>"
        parts.append(f"<h2>{escape(target)}</h2><table>{head}{rows}</table>")
    told = "".join(f"<li>{escape(text)}</li>" for text in summary(report.results))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>esprom conformance</title>'
        f"<style>{STYLE}</style></head><body><h1>Conformance of {escape(report.port)}</h1>"
        f"<p>esprom {__version__}, rules up to the level “{report.level.value}”.</p><ul>{told}</ul>"
        f"{''.join(parts)}</body></html>\n"
    )


def _row(result: Result) -> str:
    case, outcome = result.case, result.outcome
    verdict = outcome.verdict.value
    told = f"<br>{escape(outcome.text)}" if outcome.text else ""
    talk = escape("\n".join(_said(outcome.spoken)))
    said = f"<details><summary>{escape(case.rule)}{told}</summary><pre>{talk}</pre></details>"
    return (
        f'<tr><td class="{verdict.split()[0]}">{verdict}<td><code>{case.id}</code><td>{case.level.value}'
        f"<td>{case.spec}<td>{said}</tr>"
    )

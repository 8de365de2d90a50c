# SPDX-License-Identifier: Apache-2.0
"""What the grades say, side by side: as text for a terminal, a Markdown page, or facts for JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esprom.conformance.host.clients import HostClient
from esprom.conformance.host.grading import HARMFUL, Ended, Grade, Outcome
from esprom.conformance.host.jobs import Job, Task
from esprom.conformance.host.scenarios import BY_NAME, SCENARIOS, Good

SHORT = {
    Outcome.RIGHT: "right",
    Outcome.CLEAN: "fails",
    Outcome.FALSE_ALARM: "false alarm",
    Outcome.CRASH: "crash",
    Outcome.HANG: "HANG",
    Outcome.SILENT: "CORRUPT",
}
LEGEND = (
    "right: exit code 0, and the content is right. fails: another exit code, and a reason. "
    "CORRUPT: exit code 0, and the flash or the file is wrong. HANG: no end within the limit. "
    "false alarm: another exit code, though all is right. crash: another exit code, and no reason but a "
    "traceback or nothing. A star: a good tool gets the job done here. In brackets: the tool never got to "
    "where the trouble was."
)
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class HostReport:
    """All grades of one run; `what` says of each scenario what is done there."""

    clients: tuple[HostClient, ...]
    grades: tuple[Grade, ...]
    what: dict[str, str]

    @property
    def harmful(self) -> tuple[Grade, ...]:
        """Return the grades that no tool should get: silent corruption and hangs."""
        return tuple(grade for grade in self.grades if grade.outcome in HARMFUL)

    def counted(self, client: str) -> Counter[Outcome]:
        """Return how often each outcome is a client's."""
        return Counter(grade.outcome for grade in self.grades if grade.client == client)

    def rows(self) -> list[list[str]]:
        """Return a line for each scenario and job: its name, the job, and a cell for each client."""
        found = {(grade.client, grade.scenario, grade.task.job): grade for grade in self.grades}
        keys = {(scenario, job): None for _, scenario, job in found}
        order = sorted(keys, key=lambda key: (_ORDER[key[0]], tuple(Job).index(key[1])))
        return [
            [
                scenario,
                job.value,
                *(_cell(found.get((client.name, scenario, job))) for client in self.clients),
            ]
            for scenario, job in order
        ]

    def summary(self) -> list[list[str]]:
        """Return a line for each outcome, with each client's count."""
        counts = [self.counted(client.name) for client in self.clients]
        return [[outcome.value, *(str(count[outcome]) for count in counts)] for outcome in Outcome]

    def lines(self) -> list[str]:
        """Return it in lines of text: the table, then why for each grade that no tool should get."""
        head = ["scenario", "job", *(client.name for client in self.clients)]
        lines = _columns([head, *self.rows()])
        lines += ["", *_columns([["", *head[2:]], *self.summary()])]
        for grade in self.harmful:
            lines += ["", f"{grade.client}, {grade.scenario}, {grade.task.job.value}: {grade.outcome.value}"]
            lines += [f"  {line}" for line in (*grade.done, *grade.wrong, *_last(grade.said))]
        return [*lines, "", LEGEND]

    def markdown(self) -> str:
        """Return it as a page of Markdown, without what that begins with."""
        named = [f"{client.name} {client.version}".strip() for client in self.clients]
        page = [
            _table(["outcome", *named], self.summary()),
            _table(["scenario", "job", *named], self.rows()),
            f"{LEGEND}\n",
            _table(["scenario", "what is done", "a good tool", "requirements"], self._described()),
        ]
        if self.harmful:
            page.append("What no tool should do, as it was seen:\n")
            page.append("".join(_told(grade) for grade in self.harmful))
        return "\n".join(page)

    def _described(self) -> Iterable[list[str]]:
        met = {grade.scenario for grade in self.grades}
        for scenario in SCENARIOS:
            if scenario.name in met:
                what, cited = self.what[scenario.name], ", ".join(scenario.requirements)
                yield [scenario.name, what, scenario.good.value, cited]

    def facts(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "clients": [
                {
                    "name": client.name,
                    "version": client.version,
                    "outcomes": {
                        outcome.name.lower(): self.counted(client.name)[outcome] for outcome in Outcome
                    },
                }
                for client in self.clients
            ],
            "grades": [_facts(grade) for grade in self.grades],
        }


_ORDER = {scenario.name: place for place, scenario in enumerate(SCENARIOS)}


def _cell(grade: Grade | None) -> str:
    if grade is None:
        return NOTHING
    said = SHORT[grade.outcome]
    if grade.outcome is Outcome.CLEAN and grade.good is Good.SUCCEEDS:
        said += "*"
    return said if grade.reached else f"({said})"


def _facts(grade: Grade) -> dict[str, Any]:
    return {
        "client": grade.client,
        "scenario": grade.scenario,
        "job": grade.task.job.value,
        "outcome": grade.outcome.name.lower(),
        "worse_than_good": grade.worse,
        "reached": grade.reached,
        "exit_code": grade.ended.code,
        "seconds": grade.ended.seconds,
        "left_running": grade.ended.left_running,
        "wrong": list(grade.wrong),
        "script_did": list(grade.done),
        "said": grade.said,
    }


def _told(grade: Grade) -> str:
    done = "; ".join(_shortened(grade.done)) or "the flash"
    wrong = "; ".join(grade.wrong) or "it did not end"
    title = f"{grade.client}, {grade.scenario}, {grade.task.job.value}"
    return f"- **{title}**: {grade.outcome.value}. {done}: {wrong}.\n"


def _shortened(done: Sequence[str]) -> list[str]:
    return [*done[:2], f"and {len(done) - 2} times more"] if len(done) > 3 else list(done)


def restored(client: str, facts: Mapping[str, Any]) -> Grade:
    """Return a grade from its facts; what they lack is empty."""
    scenario = BY_NAME[facts["scenario"]]
    return Grade(
        client=client,
        scenario=scenario.name,
        task=Task(Job(facts["job"])),
        outcome=Outcome[facts["outcome"].upper()],
        good=scenario.good,
        reached=facts["reached"],
        ended=Ended(facts["exit_code"], facts.get("seconds", 0.0), facts["left_running"]),
        wrong=tuple(facts["wrong"]),
        said=facts.get("said", ""),
        done=tuple(facts["script_did"]),
    )


def _last(said: str) -> list[str]:
    return [f"it said: {line.strip()}" for line in said.strip().splitlines()[-3:]]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

# SPDX-License-Identifier: Apache-2.0
"""Puts host tools, ours and anybody's, in front of scripted boards, and grades what becomes of their jobs.

The tools are programs of their own, known by their command lines alone; what they have done is judged by the
content of the flash and of the file.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from esprom.conformance.host.clients import HostClient, host_client, host_clients
from esprom.conformance.host.grading import Grade, Outcome
from esprom.conformance.host.jobs import Job, Task
from esprom.conformance.host.report import HostReport
from esprom.conformance.host.running import Leash, run, script
from esprom.conformance.host.scenarios import BY_NAME, SCENARIOS, Scenario
from esprom.errors import EspromError

__all__ = [
    "Grade",
    "HostClient",
    "HostReport",
    "Job",
    "Outcome",
    "Scenario",
    "chosen",
    "host_client",
    "host_clients",
    "host_conformance",
    "host_scenarios",
]
LIMIT_S = 120.0  # other tools wait for 120 s at most, for an erase of the whole chip


def host_conformance(
    clients: Sequence[HostClient],
    *,
    only: Collection[str] = (),
    limit_s: float = LIMIT_S,
    at_once: int = 1,
    told: Callable[[Grade], None] = lambda grade: None,
) -> HostReport:
    """Have each client do its jobs in front of each board; tell of each grade as it comes.

    Args:
        clients: who; their names differ.
        only: names of scenarios; all if empty.
        limit_s: after how many seconds of the wall's time a tool is killed.
        at_once: how many tools run at a time, each with a board of its own.
        told: is given each grade, in the order of the report.

    Raises:
        EspromError: there is no such scenario, or nothing to do; two clients have one name; a tool cannot be
            started.
    """
    names = [client.name for client in clients]
    if twice := {name for name in names if names.count(name) > 1}:
        raise EspromError(f"two clients are called {min(twice)}; give each a name of its own")
    work = list(_work(clients, chosen(only)))
    if not work:
        raise EspromError("nothing to do: none of these scenarios is about a job that a tool is told to do")
    grades: list[Grade] = []
    leash = Leash()

    def grade_of(client: HostClient, scenario: Scenario, job: Job) -> Grade:
        return run(client, scenario, job, limit_s, leash)

    pool = ThreadPoolExecutor(at_once)
    try:
        for grade in pool.map(grade_of, *zip(*work, strict=True)):
            told(grade)
            grades.append(grade)
    finally:
        leash.end_all()
        pool.shutdown(cancel_futures=True)
    return HostReport(tuple(clients), tuple(grades), dict(host_scenarios()))


def chosen(only: Collection[str]) -> tuple[Scenario, ...]:
    """Return the scenarios with these names, all if there are none. Raises EspromError."""
    if unknown := sorted(set(only) - set(BY_NAME)):
        raise EspromError(f"there is no scenario {unknown[0]!r}; there are {', '.join(BY_NAME)}")
    return tuple(scenario for scenario in SCENARIOS if not only or scenario.name in only)


def host_scenarios() -> Iterator[tuple[str, str]]:
    """Yield each scenario's name and what is done in it."""
    for scenario in SCENARIOS:
        yield scenario.name, script(scenario, Task(scenario.jobs[0])).what


def _work(
    clients: Sequence[HostClient], scenarios: Sequence[Scenario]
) -> Iterator[tuple[HostClient, Scenario, Job]]:
    for client, scenario in product(clients, scenarios):
        for job in scenario.jobs:
            if job in client.commands:
                yield client, scenario, job

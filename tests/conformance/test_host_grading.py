# SPDX-License-Identifier: Apache-2.0
"""The grade of what a tool has left behind, without any tool."""

from dataclasses import replace

import pytest

from esprom.conformance.host.grading import Ended, Grade, Outcome, grade
from esprom.conformance.host.jobs import Job, Task, Traces, guessed, mistakes
from esprom.conformance.host.scenarios import BY_NAME, Good
from tests.unit.test_specs import KNOWN

SIZE = 0x10000
AREA = range(0x2000, 0x4000)
BEFORE = bytes(range(256)) * (SIZE // 256)
MAC = "5c:cf:7f:12:34:56"
TRACES = Traces(BEFORE, BEFORE, None, f"MAC: {MAC}", MAC)


def with_cells(at: int, data: bytes) -> bytes:
    return BEFORE[:at] + data + BEFORE[at + len(data) :]


WRITE, READ, ERASE, IDENTIFY = (Task(job, AREA) for job in (Job.WRITE, Job.READ, Job.ERASE, Job.IDENTIFY))
WRITTEN = with_cells(AREA.start, WRITE.image)
BLANK = with_cells(AREA.start, b"\xff" * len(AREA))


@pytest.mark.parametrize(
    ("task", "traces"),
    [
        (IDENTIFY, TRACES),
        (IDENTIFY, replace(TRACES, said="5C-CF-7F-12-34-56")),
        (IDENTIFY, replace(TRACES, said="mac 5CCF7F123456.")),
        (READ, replace(TRACES, file=BEFORE[AREA.start : AREA.stop])),
        (WRITE, replace(TRACES, after=WRITTEN)),
        (ERASE, replace(TRACES, after=BLANK)),
    ],
)
def test_what_is_right(task: Task, traces: Traces) -> None:
    assert mistakes(task, traces) == []


@pytest.mark.parametrize(
    ("task", "traces", "said"),
    [
        (IDENTIFY, replace(TRACES, said="MAC: 5c:cf:7f:12:34:57"), "it does not say 5c:cf:7f:12:34:56"),
        (
            IDENTIFY,
            replace(TRACES, after=with_cells(5, b"\x00")),
            "the flash is wrong in 1 bytes, the first at 0x5",
        ),
        (READ, TRACES, "there is no file"),
        (READ, replace(TRACES, file=b"\x00"), "the file has 1 bytes, not 8192"),
        (READ, replace(TRACES, file=bytes(8192)), "the file is wrong in 8160 bytes, the first at 0x1"),
        (WRITE, TRACES, "the range is wrong in"),
        (
            WRITE,
            replace(TRACES, after=WRITTEN[: AREA.stop] + b"\xff" + WRITTEN[AREA.stop + 1 :]),
            "what is beside it is wrong in 1 bytes, the first at 0x4000",
        ),
        (ERASE, replace(TRACES, after=WRITTEN), "the range is wrong in"),
        (WRITE, replace(TRACES, after=b"\xff" * SIZE), "the range is wrong in"),
    ],
)
def test_what_is_wrong(task: Task, traces: Traces, said: str) -> None:
    assert mistakes(task, traces)[0].startswith(said)


def test_beyond_the_end_nothing_can_be_right() -> None:
    task = WRITE.beyond(SIZE)
    assert task.area == range(SIZE + AREA.start, SIZE + AREA.stop)
    assert len(mistakes(task, TRACES)) == 1
    assert "ends before that address" in mistakes(task, replace(TRACES, after=WRITTEN))[0]


def test_the_image_is_no_firmware_and_cannot_be_packed() -> None:
    import zlib

    assert WRITE.image[0] != 0xE9
    assert len(zlib.compress(WRITE.image, 9)) >= len(WRITE.image)


def graded(ended: Ended, traces: Traces, scenario: str = "lost-answer") -> Grade:
    return grade(
        client="c", scenario=BY_NAME[scenario], task=WRITE, ended=ended, traces=traces, done=(), reached=True
    )


DONE = replace(TRACES, after=WRITTEN)


@pytest.mark.parametrize(
    ("code", "traces", "outcome"),
    [
        (0, DONE, Outcome.RIGHT),
        (0, TRACES, Outcome.SILENT),
        (1, DONE, Outcome.FALSE_ALARM),
        (2, replace(TRACES, said="failed: no answer"), Outcome.CLEAN),
        (2, replace(TRACES, said=" \n"), Outcome.CRASH),
        (1, replace(TRACES, said="Traceback (most recent call last):\n  ..."), Outcome.CRASH),
        (-11, replace(TRACES, said="failed"), Outcome.CRASH),
        (None, DONE, Outcome.HANG),
        (None, TRACES, Outcome.HANG),
    ],
)
def test_the_outcome(code: int | None, traces: Traces, outcome: Outcome) -> None:
    assert graded(Ended(code, 1.0, False), traces).outcome is outcome


@pytest.mark.parametrize(
    ("scenario", "code", "worse"),
    [
        ("lost-answer", 0, False),
        ("lost-answer", 1, False),
        ("split-answers", 1, True),
        ("lost-answer", None, True),
    ],
)
def test_what_a_good_tool_does_better(scenario: str, code: int | None, worse: bool) -> None:
    traces = DONE if code == 0 else replace(TRACES, said="no")
    assert graded(Ended(code, 1.0, False), traces, scenario).worse is worse


@pytest.mark.parametrize(
    ("line", "job"),
    [
        ("--port {port} write {file}", Job.WRITE),
        ("--port {port} write_flash 0 {file}", Job.WRITE),
        ("-p {port} flash {file}", Job.WRITE),
        ("--port {port} read-flash 0 4096 {file}", Job.READ),
        ("--port {port} erase_flash", Job.ERASE),
        ("--port {port} chip-id", Job.IDENTIFY),
        ("--port {port} flash_id", Job.IDENTIFY),
        ("--port {port}", None),
        ("--port {port} write_mac", None),
    ],
)
def test_a_command_line_tells_its_job(line: str, job: Job | None) -> None:
    assert guessed(line.split()) is job


@pytest.mark.parametrize("scenario", BY_NAME.values(), ids=lambda scenario: scenario.name)
def test_a_scenario_is_about_requirements_that_exist(scenario: object) -> None:
    assert scenario.requirements  # type: ignore[attr-defined]
    assert set(scenario.requirements) <= set(KNOWN)  # type: ignore[attr-defined]


def test_where_nothing_is_lost_a_good_tool_succeeds() -> None:
    succeed = {scenario.name for scenario in BY_NAME.values() if scenario.good is Good.SUCCEEDS}
    assert succeed == {"nothing-wrong", "late-answers", "split-answers", "merged-answers", "slow-flash"}

# SPDX-License-Identifier: Apache-2.0
"""Tools in front of scripted boards: fakes that must get the grade that they deserve, and esprom."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from esprom.conformance.host import (
    Grade,
    HostClient,
    HostReport,
    Job,
    Outcome,
    host_client,
    host_conformance,
    host_scenarios,
)
from esprom.conformance.host.running import Leash, run_limited
from esprom.conformance.host.scenarios import BY_NAME, SCENARIOS
from esprom.errors import EspromError
from specs import make_reports
from tests.tools import esptool_js

# All of them take as long as the report of the tools, which shows them (`python specs/make_reports.py`).
SAMPLE = ("lost-answer", "flipped-requests", "reset", "misread", "lying-size")
SCENARIOS_HERE = tuple(BY_NAME) if os.environ.get("ESPROM_EVERY_BOARD") else SAMPLE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fakes end by POSIX's signals")

HERE = Path(__file__).parent
FAKE = (sys.executable, str(HERE / "fake_client.py"))
FLASHER = (sys.executable, str(HERE.parent / "examples" / "flasher.py"))
SHORT_S, LONG_S = 4.0, 60.0


def only(client: HostClient, scenario: str, limit_s: float = LONG_S) -> Grade:
    (grade,) = host_conformance([client], only=[scenario], limit_s=limit_s).grades
    return grade


def fake(behaviour: str, *more: str, job: Job = Job.IDENTIFY) -> HostClient:
    return HostClient("fake", {job: (*FAKE, behaviour, "{port}", *more)})


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("right", Outcome.RIGHT),
        ("lie", Outcome.SILENT),
        ("say-nothing", Outcome.SILENT),
        ("give-up", Outcome.CLEAN),
        ("mute", Outcome.CRASH),
        ("raise", Outcome.CRASH),
        ("die", Outcome.CRASH),
        ("false-alarm", Outcome.FALSE_ALARM),
    ],
)
def test_a_fake_gets_the_grade_that_it_deserves(behaviour: str, outcome: Outcome) -> None:
    assert only(fake(behaviour), "nothing-wrong").outcome is outcome


def test_a_file_of_zeros_is_silent_corruption() -> None:
    grade = only(fake("read-zeros", "{file}", job=Job.READ), "nothing-wrong")
    assert grade.outcome is Outcome.SILENT
    assert grade.wrong[0].startswith("the file is wrong in 3")


def is_running(pid: int) -> bool:
    """Say whether there is such a process, and it is more than an entry that nobody has asked for."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize(
    ("behaviour", "outcome"), [("leave-child", Outcome.RIGHT), ("hang-with-child", Outcome.HANG)]
)
def test_nothing_that_a_tool_has_started_outlives_it(
    behaviour: str, outcome: Outcome, tmp_path: Path
) -> None:
    grade = only(fake(behaviour, str(tmp_path / "pid")), "nothing-wrong", SHORT_S)
    assert grade.outcome is outcome
    assert grade.ended.left_running is (outcome is Outcome.RIGHT)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_what_hangs_is_killed_in_time_and_what_it_said_is_kept() -> None:
    grade = only(fake("hang"), "nothing-wrong", 1.0)
    assert grade.outcome is Outcome.HANG
    assert grade.said == "wait a moment\n"
    assert grade.ended.seconds < SHORT_S


def test_a_flasher_that_never_looks_back() -> None:
    """It does not know that the ROM erases more than it is asked to (ERASE-1)."""
    client = HostClient("flasher", {Job.WRITE: (*FLASHER, "{port}", "{offset}", "{file}")})
    grade = only(client, "nothing-wrong")
    assert grade.outcome is Outcome.SILENT
    assert grade.wrong == ("what is beside it is wrong in 32631 bytes, the first at 0x28000",)


def test_a_lost_answer_is_reached_and_told() -> None:
    grade = only(fake("right"), "lost-answer")
    assert grade.outcome is Outcome.CLEAN
    assert grade.reached
    assert grade.done[0].startswith("lost: READ_REG from chip")


def test_a_tool_that_asks_nothing_does_not_reach_the_trouble() -> None:
    assert not only(fake("lie"), "lost-answer").reached


def test_by_rfc2217_and_by_a_terminal_too() -> None:
    for way in ("rfc2217", "pty"):
        command = (*FAKE, "give-up", "{port}")
        grade = only(HostClient("fake", {Job.IDENTIFY: command}, way=way), "nothing-wrong")
        assert grade.outcome is Outcome.CLEAN


def test_a_command_that_is_not_there_is_explained() -> None:
    with pytest.raises(EspromError, match="cannot start nothing-of-the-kind: No such file"):
        host_conformance([host_client(["nothing-of-the-kind", "{port}", "id"])], only=["nothing-wrong"])


def test_two_clients_of_one_name_and_unknown_scenarios_are_refused() -> None:
    with pytest.raises(EspromError, match="two clients are called fake"):
        host_conformance([fake("lie"), fake("right")])
    with pytest.raises(EspromError, match="there is no scenario 'what'; there are nothing-wrong"):
        host_conformance([fake("lie")], only=["what"])
    with pytest.raises(EspromError, match="nothing to do"):
        host_conformance([fake("lie")], only=["stuck-at-1"])


def test_what_runs_is_killed_when_the_run_is_broken_off(tmp_path: Path) -> None:
    def stop(grade: Grade) -> None:
        raise KeyboardInterrupt

    quick = HostClient("quick", {Job.IDENTIFY: (*FAKE, "lie", "{port}")})
    hangs = HostClient("hangs", {Job.IDENTIFY: (*FAKE, "hang-with-child", "{port}", str(tmp_path / "pid"))})
    with pytest.raises(KeyboardInterrupt):
        host_conformance([quick, hangs], only=["nothing-wrong"], at_once=2, limit_s=1000, told=stop)


def test_a_leash_kills_what_comes_late(tmp_path: Path) -> None:
    leash = Leash()
    leash.end_all()
    ended, _ = run_limited([*FAKE, "hang", "x"], {}, tmp_path / "said", 1000, leash)
    assert ended.code == -signal.SIGKILL


def test_the_report_puts_them_side_by_side() -> None:
    one = HostClient("one", {Job.IDENTIFY: (*FAKE, "right", "{port}")}, version="1.0")
    two = HostClient("two", {Job.IDENTIFY: (*FAKE, "lie", "{port}")})
    told: list[Grade] = []
    report = host_conformance([one, two], only=["nothing-wrong", "lost-answer"], at_once=2, told=told.append)
    assert tuple(told) == report.grades
    assert report.rows() == [
        ["nothing-wrong", "identify", "right", "CORRUPT"],
        ["lost-answer", "identify", "fails", "(CORRUPT)"],
    ]
    assert [row[1:] for row in report.summary()] == [
        ["1", "0"],
        ["1", "0"],
        ["0", "0"],
        ["0", "0"],
        ["0", "0"],
        ["0", "2"],
    ]
    assert "two, nothing-wrong, identify: silent corruption" in report.lines()
    page = report.markdown()
    assert "| nothing-wrong | identify | right | CORRUPT |" in page
    assert "| outcome | one 1.0 | two |" in page
    assert (
        "| lost-answer | one answer is lost | gets the job done, or says that it has not | PROTO-1 |" in page
    )
    assert "**two, nothing-wrong, identify**: silent corruption." in page
    assert report.facts()["clients"][1]["outcomes"]["silent"] == 2


def test_every_scenario_has_a_script_of_its_name() -> None:
    assert [name for name, _ in host_scenarios()] == list(BY_NAME)
    assert len(BY_NAME) == len(SCENARIOS)


def esprom(loader: str) -> HostClient:
    first = (sys.executable, "-m", "esprom", "--port", "{port}", "--loader", loader, "--quiet")
    return HostClient(
        f"esprom-{loader}",
        {
            Job.IDENTIFY: (*first, "chip-id"),
            Job.READ: (*first, "read-flash", "{offset}", "{size}", "{file}"),
            Job.WRITE: (*first, "write-flash", "{offset}", "{file}"),
            Job.ERASE: (*first, "erase-region", "{offset}", "{size}"),
        },
    )


def one_job(client: HostClient, job: Job) -> HostClient:
    return HostClient(client.name, {job: client.commands[job]})


@pytest.mark.parametrize(
    ("loader", "job", "scenario"),
    [
        ("rom", Job.IDENTIFY, "lost-answer"),
        ("stub", Job.WRITE, "flipped-request"),
    ],
)
def test_esprom_is_never_silently_wrong(loader: str, job: Job, scenario: str) -> None:
    grade = only(one_job(esprom(loader), job), scenario)
    assert grade.reached
    assert grade.outcome in {Outcome.RIGHT, Outcome.CLEAN}, grade


@pytest.mark.soak
@pytest.mark.parametrize(
    ("loader", "scenario"), [("rom", "lost-answer"), *(("stub", scenario) for scenario in SCENARIOS_HERE)]
)
def test_esprom_on_every_scripted_board(loader: str, scenario: str) -> None:
    report = host_conformance([esprom(loader)], only=[scenario])
    assert report.harmful == ()
    assert [grade for grade in report.grades if grade.worse] == []


# Not 3.3.3: it crashes where its stub's greeting is late, as on a busy computer.
@pytest.mark.soak
@pytest.mark.parametrize("version", ["5.6.0", "4.12.0"])
def test_esptool_is_right_where_nothing_is_wrong(version: str) -> None:
    assert_all_right(host_conformance([make_reports.esptool(version)], only=["nothing-wrong"]))


@pytest.mark.soak
def test_esptool_js_is_right_where_nothing_is_wrong() -> None:
    esptool_js()
    assert_all_right(host_conformance([make_reports.javascript()], only=["nothing-wrong"]))


def assert_all_right(report: HostReport) -> None:
    assert [grade.outcome for grade in report.grades] == [Outcome.RIGHT] * len(report.grades)

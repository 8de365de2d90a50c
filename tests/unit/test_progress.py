# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.errors import Cancelled
from esprom.progress import STEP, Progress, Watch
from tests.ports import VirtualClock


def test_rate_and_time_left() -> None:
    assert (Progress("read", 0, 100, 1.0).rate, Progress("read", 0, 100, 1.0).remaining_s) == (None, None)
    half = Progress("read", 50, 200, 2.0)
    assert (half.rate, half.remaining_s) == (25.0, 6.0)


def test_a_stage_reports_its_start_some_steps_and_its_end() -> None:
    clock = VirtualClock()
    seen: list[Progress] = []
    stage = Watch(clock, seen.append).stage("read", 3 * STEP)
    for _ in range(3 * STEP // 64):
        clock.sleep(0.5)
        stage.advance(64)
    assert [progress.done for progress in seen] == [0, STEP, 2 * STEP, 3 * STEP]
    assert seen[-1] == Progress("read", 3 * STEP, 3 * STEP, 24.0)


def test_cancel_is_asked_with_every_report() -> None:
    answers = iter([False, False, True])
    stage = Watch(VirtualClock(), cancel=lambda: next(answers)).stage("write", 10 * STEP)
    stage.advance(STEP)
    with pytest.raises(Cancelled, match=f"stopped in stage 'write': {2 * STEP} of {10 * STEP}"):
        stage.advance(STEP)


def test_what_is_done_again_is_counted_once() -> None:
    seen: list[Progress] = []
    stage = Watch(VirtualClock(), seen.append).stage("read", 3 * STEP)
    stage.advance(2 * STEP)
    stage.take_back(STEP)
    stage.advance(STEP)
    stage.advance(STEP)
    assert [progress.done for progress in seen] == [0, 2 * STEP, 2 * STEP, 3 * STEP]

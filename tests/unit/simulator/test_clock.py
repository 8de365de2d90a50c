# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

from esp8266sim.clock import Clock


class Diary:
    """Notes who was called when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.entries: list[tuple[str, int]] = []

    def note(self, what: str) -> Callable[[], None]:
        return lambda: self.entries.append((what, self.clock.now))


def test_actions_run_in_order_of_time_and_at_their_time() -> None:
    clock = Clock()
    diary = Diary(clock)
    for what, when in (("late", 30), ("early", 10), ("middle", 20)):
        clock.at(when, diary.note(what))
    clock.advance(40)
    assert diary.entries == [("early", 10), ("middle", 20), ("late", 30)]
    assert clock.now == 40


def test_actions_of_one_instant_run_in_the_order_they_were_scheduled() -> None:
    clock = Clock()
    diary = Diary(clock)
    for what in "abcdef":
        clock.at(5, diary.note(what))
    clock.advance(5)
    assert "".join(what for what, _ in diary.entries) == "abcdef"


def test_the_past_means_now() -> None:
    clock = Clock()
    diary = Diary(clock)
    clock.advance(100)
    clock.at(7, diary.note("late"))
    assert clock.step()
    assert diary.entries == [("late", 100)]


def test_what_is_cancelled_does_not_happen_and_counts_for_nothing() -> None:
    clock = Clock()
    diary = Diary(clock)
    event = clock.at(5, diary.note("never"))
    event.cancel()
    event.cancel()
    assert not clock.step()
    assert (diary.entries, clock.now) == ([], 0)


def test_cancelling_too_late_is_harmless() -> None:
    clock = Clock()
    diary = Diary(clock)
    event = clock.at(5, diary.note("done"))
    clock.advance(5)
    event.cancel()
    assert diary.entries == [("done", 5)]


def test_step_does_one_action() -> None:
    clock = Clock()
    diary = Diary(clock)
    clock.at(1, diary.note("one"))
    clock.at(2, diary.note("two"))
    assert clock.step()
    assert diary.entries == [("one", 1)]


def test_step_keeps_to_its_limit_and_leaves_time_alone_if_nothing_is_due() -> None:
    clock = Clock()
    diary = Diary(clock)
    clock.at(11, diary.note("later"))
    assert not clock.step(10)
    assert (diary.entries, clock.now) == ([], 0)
    assert clock.step(11)


def test_a_cancelled_action_before_the_limit_does_not_let_one_behind_it_through() -> None:
    clock = Clock()
    diary = Diary(clock)
    clock.at(5, diary.note("cancelled")).cancel()
    clock.at(20, diary.note("later"))
    assert not clock.step(10)
    assert diary.entries == []


def test_advance_does_what_its_actions_schedule_up_to_the_end() -> None:
    clock = Clock()
    diary = Diary(clock)

    def chain() -> None:
        clock.at(clock.now + 10, diary.note("chained"))

    clock.at(10, chain)
    clock.advance(20)
    assert diary.entries == [("chained", 20)]


def test_time_never_runs_back() -> None:
    clock = Clock()
    clock.advance(50)
    clock.advance(20)
    assert clock.now == 50

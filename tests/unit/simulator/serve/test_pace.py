# SPDX-License-Identifier: Apache-2.0
"""How virtual time follows the wall's, on a wall clock that the test moves."""

from collections.abc import Callable

import pytest

from esp8266sim.clock import MS, SECOND, Clock
from esp8266sim.serve.pace import LAG_S, NAP_PS, SLICE_S, STRETCH_PS, AsFastAsPossible, RealTime


class Wall:
    """A clock on the wall that stands still unless `each_look` lets it pass."""

    def __init__(self) -> None:
        self.time = 100.0
        self.each_look = 0.0

    def __call__(self) -> float:
        self.time += self.each_look
        return self.time


def fast(clock: Clock, wall: Wall, is_asleep: Callable[[], bool] = lambda: False) -> AsFastAsPossible:
    return AsFastAsPossible(clock, is_asleep, wall)


@pytest.mark.spec("SERVE-6")
def test_real_time_is_the_walls() -> None:
    clock, wall = Clock(), Wall()
    pace = RealTime(clock, wall)
    done: list[int] = []
    clock.at(5 * MS, lambda: done.append(clock.now))
    assert pace.run() == 0.005
    wall.time += 0.004
    assert abs((pace.run() or 0.0) - 0.001) < 1e-9
    assert not done
    wall.time += 0.003
    assert pace.run() is None
    assert done == [5 * MS]
    assert abs(clock.now - 7 * MS) < MS // 1000


def test_a_rebase_does_not_count_what_was_before() -> None:
    clock, wall = Clock(), Wall()
    pace = RealTime(clock, wall)
    wall.time += 60
    pace.rebase()
    pace.run()
    assert clock.now < MS


@pytest.mark.spec("SERVE-6")
def test_a_board_that_falls_behind_lets_the_difference_go() -> None:
    clock, wall = Clock(), Wall()
    pace = RealTime(clock, wall)
    again = [True]

    def work() -> None:
        wall.time += 0.01  # ten times as slow as it should be
        if again[0]:
            clock.at(clock.now + MS, work)

    clock.at(0, work)
    began = wall.time
    for _ in range(200):
        assert pace.run() == 0.0
    again[0] = False
    while clock.step():
        pass
    behind = (wall.time - began) - clock.now / SECOND
    assert behind > LAG_S  # time was let go
    pace.run()
    assert (wall.time - began) - clock.now / SECOND > behind - LAG_S - SLICE_S - 0.05


@pytest.mark.spec("SERVE-7")
def test_as_fast_as_possible_runs_what_is_pending_and_then_stands_still() -> None:
    clock, wall = Clock(), Wall()
    pace = fast(clock, wall)
    done: list[int] = []
    clock.at(SECOND, lambda: done.append(1))
    assert pace.run() is None
    assert (done, clock.now) == ([1], SECOND)
    wall.time += 60
    assert pace.run() is None
    assert clock.now == SECOND


def test_an_endless_board_leaves_time_for_the_sockets() -> None:
    clock, wall = Clock(), Wall()
    wall.each_look = 0.001
    pace = fast(clock, wall)

    def again() -> None:
        clock.at(clock.now + MS, again)

    clock.at(0, again)
    assert pace.run() == 0.0


@pytest.mark.spec("SERVE-7")
def test_a_line_is_held_as_long_as_the_client_held_it() -> None:
    clock, wall = Clock(), Wall()
    pace = fast(clock, wall)
    pace.edge()
    wall.time += 0.1
    pace.edge()
    assert abs(clock.now - 100 * MS) < MS // 1000
    clock.at(clock.now + SECOND, lambda: None)
    pace.run()  # the board has lived longer than the client
    wall.time += 0.1
    pace.edge()
    assert clock.now > SECOND
    assert clock.now < SECOND + 110 * MS


@pytest.mark.spec("SERVE-7")
def test_a_sleeping_chip_is_woken_when_the_wall_says_so() -> None:
    clock, wall, asleep = Clock(), Wall(), [True]
    pace = fast(clock, wall, lambda: asleep[0])
    done: list[int] = []
    clock.at(800 * MS, lambda: done.append(clock.now))
    assert pace.run() == 0.8
    wall.time += 0.5
    assert abs((pace.run() or 0.0) - 0.3) < 1e-9
    assert abs(clock.now - 500 * MS) < MS // 1000  # so what the client does now is done at that time
    asleep[0] = False
    clock.at(600 * MS, lambda: asleep.__setitem__(0, True))
    pace.run()  # what the client has asked for takes 100 ms
    assert (clock.now, done) == (600 * MS, [])
    wall.time += 0.3
    assert pace.run() is None
    assert done == [800 * MS]


@pytest.mark.spec("SERVE-7")
def test_a_nap_is_not_waited_for() -> None:
    clock, wall = Clock(), Wall()
    clock.at(NAP_PS, lambda: None)
    assert fast(clock, wall, lambda: True).run() is None
    assert clock.now == NAP_PS


@pytest.mark.spec("SERVE-7")
def test_who_changes_a_line_does_not_wait_for_a_board_that_is_slow() -> None:
    clock, wall = Clock(), Wall()
    pace = fast(clock, wall)

    def work() -> None:
        wall.time += 0.01  # ten times as slow as it should be
        clock.at(clock.now + MS, work)

    clock.at(0, work)
    wall.time += 5
    began = wall.time
    pace.edge()
    assert wall.time - began < LAG_S + 0.02
    began = wall.time
    pace.edge()  # what was let go is not made up for
    assert wall.time - began < 0.02


@pytest.mark.parametrize("pace", [RealTime, fast])
def test_code_runs_for_a_stretch_between_two_looks_at_the_wall(
    pace: Callable[[Clock, Wall], RealTime | AsFastAsPossible],
) -> None:
    clock, wall = Clock(), Wall()
    paced = pace(clock, wall)
    horizons: list[int] = []

    def code() -> None:
        assert clock.horizon is not None
        horizons.append(clock.horizon - clock.now)

    for act in (paced.run, paced.edge):
        clock.at(clock.now, code)
        wall.time += 0.1
        act()
    assert horizons == [STRETCH_PS, STRETCH_PS]

# SPDX-License-Identifier: Apache-2.0
"""How virtual time follows the wall's, on a wall clock that the test moves."""

import pytest

from esp8266sim.clock import MS, SECOND, Clock
from esp8266sim.serve.pace import LAG_S, SLICE_S, AsFastAsPossible, RealTime


class Wall:
    """A clock on the wall that stands still unless `each_look` lets it pass."""

    def __init__(self) -> None:
        self.time = 100.0
        self.each_look = 0.0

    def __call__(self) -> float:
        self.time += self.each_look
        return self.time


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
    pace = AsFastAsPossible(clock, wall)
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
    pace = AsFastAsPossible(clock, wall)

    def again() -> None:
        clock.at(clock.now + MS, again)

    clock.at(0, again)
    assert pace.run() == 0.0


@pytest.mark.spec("SERVE-7")
def test_a_line_is_held_as_long_as_the_client_held_it() -> None:
    clock, wall = Clock(), Wall()
    pace = AsFastAsPossible(clock, wall)
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

# SPDX-License-Identifier: Apache-2.0
"""The bridges' data: what they collect, and the rates that they make, worked out by hand."""

from itertools import pairwise

import pytest

from esp8266sim.bridges import AN205, BRIDGES, CH340, CP2102, CP2104, FTDI, BridgeModel
from esp8266sim.clock import MS

each_bridge = pytest.mark.parametrize("model", BRIDGES.values(), ids=BRIDGES.keys())


@pytest.mark.spec("LINE-7", "LINE-16")
@pytest.mark.parametrize(
    ("model", "payload", "latency_ps", "idle_bits"),
    [
        (FTDI, 62, 16 * MS, None),
        (CP2102, 64, None, 18),
        (CP2104, 64, None, 18),
        (CH340, 32, MS, None),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_a_bridge_waits_for(
    model: BridgeModel, payload: int, latency_ps: int | None, idle_bits: int | None
) -> None:
    assert (model.payload, model.latency_ps, model.idle_bits) == (payload, latency_ps, idle_bits)


@each_bridge
def test_every_bridge_sends_some_time_and_says_where_it_is_from(model: BridgeModel) -> None:
    assert model.latency_ps is not None or model.idle_bits is not None
    assert "assumption" in model.source


@pytest.mark.spec("LINE-15")
@pytest.mark.parametrize(
    ("model", "asked", "made"),
    [
        (FTDI, 115200, 24e6 / 208),  # 26 of 3 MHz
        (FTDI, 74880, 24e6 / 321),  # 40 and an eighth
        (FTDI, 921600, 24e6 / 26),  # 3 and a quarter
        (FTDI, 1_500_000, 1_500_000),
        (FTDI, 2_100_000, 2_000_000),  # between 1 and 2 there is 1.5 only
        (FTDI, 3_000_000, 3_000_000),
        (FTDI, 9_000_000, 3_000_000),
        (FTDI, 183, 24e6 / 131071),
        (CP2102, 115200, 24e6 / 208),
        (CP2102, 115384, 24e6 / 208),  # what is not on the menu becomes a neighbour
        (CP2102, 74880, 24e6 / 312),  # 76800, made as 76923
        (CP2102, 921600, 24e6 / 26),
        (CP2102, 800_000, 24e6 / 26),
        (CP2102, 2_000_000, 24e6 / 26),
        (CP2102, 300, 300),
        (CP2102, 50, 300),
        (CP2104, 74880, 24e6 / 321),
        (CP2104, 2_000_000, 2_000_000),
        (CP2104, 3_000_000, 2_000_000),
        (CP2104, 300, 300),
        (CH340, 115200, 12e6 / 104),
        (CH340, 74880, 75_000),
        (CH340, 460800, 12e6 / 26),
        (CH340, 921600, 12e6 / 13),
        (CH340, 1_500_000, 1_500_000),  # 8 without a prescaler is none; 4 behind one of 2 is
        (CH340, 1_714_286, 2_000_000),  # 7 without one, which would hit it, is none either
        (CH340, 9600, 12e6 / 8 / 156),
        (CH340, 46, 12e6 / 1024 / 255),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_rates_are_what_the_divider_gives(model: BridgeModel, asked: int, made: float) -> None:
    assert model.rates is not None
    assert model.rates.actual(asked) == pytest.approx(made)


@pytest.mark.spec("LINE-15")
@each_bridge
@pytest.mark.parametrize("asked", [9600, 57600, 115200, 230400, 460800, 921600])
def test_the_usual_rates_are_within_a_fifth_of_a_percent(model: BridgeModel, asked: int) -> None:
    assert model.rates is not None
    assert model.rates.actual(asked) == pytest.approx(asked, rel=0.002)


@each_bridge
def test_the_boot_log_of_a_26_mhz_board_can_be_heard(model: BridgeModel) -> None:
    assert model.rates is not None
    assert model.rates.actual(74880) == pytest.approx(74880, rel=0.03)  # LINE-3 allows 5 percent


def test_the_menu_of_the_cp2102_rises_and_holds_each_rate() -> None:
    assert list(AN205) == sorted(AN205)
    assert all(rate <= most for most, rate in AN205)
    assert all(before < rate for (before, _), (_, rate) in pairwise(AN205))

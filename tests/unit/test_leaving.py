# SPDX-License-Identifier: Apache-2.0
"""The ways out of the loader, and what they leave behind."""

import pytest

import esprom
from esp8266sim.board import Board, Wiring
from esp8266sim.profiles import PROFILES
from esprom.loader import spi
from esprom.loader.connect import reach_rom
from tests.ports import on_board


@pytest.mark.parametrize("after", ["hard-reset", "no-reset"])
def test_the_registers_are_given_back_where_no_reset_does_it(after: str) -> None:
    """The lines of this board reach nothing, so that the loader goes on and a second session meets it."""
    under_test = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    device = esprom.connect(on_board(under_test, latency_ms=0), after=after)
    addresses = (spi.USER, spi.USER1, spi.USER2)
    before = [device.read_reg(address) for address in addresses]
    device.flash()
    device.close()
    again = esprom.connect(on_board(under_test, latency_ms=0), after="no-reset")
    assert [again.read_reg(address) for address in addresses] == before


@pytest.mark.parametrize(("after", "stays"), [("no-reset", False), ("no-reset-stub", True)])
def test_no_reset_leaves_the_roms_loader_unless_the_stub_is_to_stay(after: str, stays: bool) -> None:
    under_test = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    esprom.connect(on_board(under_test, latency_ms=0), loader="stub", after=after).close()
    rom = reach_rom(on_board(under_test, latency_ms=0), "no-reset")
    assert rom.session.with_stub is stays

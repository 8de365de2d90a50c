# SPDX-License-Identifier: Apache-2.0
"""Proves that a CPU does nothing but wait: a loop that comes back to the very state that it began with.

The proof is made by running it, one instruction at a time: no store but of what was there already, no
load with an effect or of a value that time alone changes, and then the same registers at the same
address. From there on every round is the same, whatever calls and loads it is made of, until an
interrupt comes or somebody else writes to memory.
"""

from collections.abc import Callable

from esp8266sim.cpu import special as sr
from esp8266sim.cpu.core import Core

LOOK_AHEAD = 240  # instructions; polling loops with a call or two are shorter
RETURNS = 3  # to the same address with other registers, and it is a loop that gets somewhere


def spin_period(core: Core, step: Callable[[], bool], until: int) -> int | None:
    """Run on for a while, at most to the cycle `until`; return the cycles of a round, None if there is none.

    `step` does one instruction; False if it must not. Faults are part of the round: code that lost its
    vectors faults for ever, and is idle too.
    """
    pc, registers, special = core.pc, list(core.registers), list(core.special)
    inputs = core.pending, core.lines, core.timer_due
    effects, began = core.memory.effects, core.cycles
    returns = 0
    core.watching, core.disturbed = True, False
    try:
        for _ in range(LOOK_AHEAD):
            if not step() or core.disturbed or core.memory.effects != effects or core.cycles >= until:
                return None
            if core.attention:
                if core.waiting or core.interrupts & core.special[sr.INTENABLE] or core.pending & sr.NMI:
                    return None
                core.attention = False
            if core.pc == pc:
                if (
                    core.registers == registers
                    and core.special == special
                    and inputs == (core.pending, core.lines, core.timer_due)
                ):
                    return core.cycles - began
                returns += 1
                if returns == RETURNS:
                    return None
        return None
    finally:
        core.watching = False

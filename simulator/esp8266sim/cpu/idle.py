# SPDX-License-Identifier: Apache-2.0
"""Proves that a CPU does nothing but wait: a loop that comes back to the very state that it began with.

The proof is made by running it, one instruction at a time: no store but of what was there already, or that
the memory calls harmless; no load with an effect or of a value that time alone changes, CCOUNT among them;
and then the same registers at the same address. From there on every round is the same, whatever calls and
loads it is made of, until an interrupt comes, somebody else writes to memory, or what the memory says is
over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from esp8266sim.cpu import special as sr
from esp8266sim.cpu.core import Core

LOOK_AHEAD = 240  # instructions; polling loops with a call or two are shorter
AGAIN = 3  # beginnings: the first may be in the middle of what a round begins with, like a command
RETURNS = 3  # to the same address with other registers, and it is a loop that gets somewhere


@dataclass(frozen=True, slots=True)
class Spin:
    """A loop that was proved to do nothing but wait."""

    state: tuple[object, ...]  # at its beginning
    period: int  # cycles
    end: int  # cycle up to which rounds are like that
    loads: tuple[tuple[int, int], ...]  # words of data RAM that it looks at, and what was there
    only_ram: bool  # and at nothing else

    def goes_on(self, core: Core) -> bool:
        """Return whether it would be so again, from its beginning on, now that time has gone on."""
        if not self.only_ram or _state(core) != self.state:
            return False
        load = core.memory.load32
        return all(load(address) == value for address, value in self.loads)


def spin_period(core: Core, step: Callable[[], bool], until: int) -> Spin | None:
    """Run on for a while, at most to the cycle `until`; None if nothing was proved.

    `step` does one instruction; False if it must not. Faults are part of the round: code that lost its
    vectors faults for ever, and is idle too.
    """
    core.watching = True
    try:
        began, returns, again = _begin(core), 0, AGAIN
        for _ in range(LOOK_AHEAD):
            if not step() or core.cycles >= until:
                return None
            if core.disturbed or core.memory.effects != began.effects:
                again -= 1
                if not again:
                    return None
                began, returns = _begin(core), 0
                continue
            if core.attention:
                if core.waiting or core.interrupts & core.special[sr.INTENABLE] or core.pending & sr.NMI:
                    return None
                core.attention = False
            if core.pc == began.pc:
                if began.state == _state(core):
                    end = core.memory.end_round()
                    return None if end is None else _spin(core, began, end)
                returns += 1
                if returns == RETURNS:
                    return None
        return None
    finally:
        core.watching = False


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a round has to come back to, and when it began."""

    pc: int
    state: tuple[object, ...]
    effects: int
    cycle: int


def _spin(core: Core, began: _Beginning, end: int) -> Spin:
    """Note what a round looked at. Literals are code: who changes them has to say so."""
    looked_at = {address & ~3 for address in core.loads}
    words = sorted(address for address in looked_at if core.is_data_ram(address))
    only_ram = len(words) == len(looked_at)
    found = tuple((address, core.memory.load32(address)) for address in words)
    return Spin(began.state, core.cycles - began.cycle, end, found, only_ram)


def _begin(core: Core) -> _Beginning:
    core.disturbed = False
    core.loads.clear()
    core.memory.begin_round()
    registers, special, *inputs = _state(core)
    state = (list(registers), list(special), *inputs)
    return _Beginning(core.pc, state, core.memory.effects, core.cycles)


def _state(core: Core) -> tuple[list[int], list[int], int, int, int]:
    """Return what a round must come back to, not copied: it is compared far more often than kept."""
    return core.registers, core.special, core.pending, core.lines, core.timer_due

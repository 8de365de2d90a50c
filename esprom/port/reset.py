# SPDX-License-Identifier: Apache-2.0
"""Resetting the chip by DTR and RTS: sequences as data.

The usual circuit has two transistors between the lines and the chip: EN is low while RTS is asserted and
DTR is not; GPIO0 is low while DTR is asserted and RTS is not; with both or neither asserted both pins
float high. So the two pins can never be low together, and the chip samples GPIO0 in the moment in which
the lines change from one state to the other; the capacitor at EN (0.1 to 1 uF on common boards) makes
EN rise later than GPIO0 falls.
"""

from dataclasses import dataclass

from esprom.port import Port


@dataclass(frozen=True, slots=True)
class Step:
    """Set both lines, then wait."""

    dtr: bool  # asserted: electrically low
    rts: bool
    wait_s: float


Sequence = tuple[Step, ...]

RELEASED = Step(dtr=False, rts=False, wait_s=0.0)
EN_LOW = Step(dtr=False, rts=True, wait_s=0.1)

CLASSIC: Sequence = (EN_LOW, Step(dtr=True, rts=False, wait_s=0.05), RELEASED)
# For a large capacitor at EN: GPIO0 stays low until EN has surely risen.
CLASSIC_SLOW: Sequence = (EN_LOW, Step(dtr=True, rts=False, wait_s=0.55), RELEASED)
HARD_RESET: Sequence = (RELEASED, EN_LOW, RELEASED)

INTO_LOADER = (CLASSIC, CLASSIC_SLOW)  # tried in turns


def play(port: Port, sequence: Sequence) -> None:
    """Do the steps. On a port without the lines, nothing happens and no time passes."""
    if not port.has_modem_lines:
        return
    for step in sequence:
        port.set_lines(dtr=step.dtr, rts=step.rts)
        if step.wait_s:
            port.clock.sleep(step.wait_s)

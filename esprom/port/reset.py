# SPDX-License-Identifier: Apache-2.0
"""Resetting the chip by DTR and RTS: sequences as data.

The usual circuit has two transistors between the lines and the chip: EN is low while RTS is asserted and
DTR is not; GPIO0 is low while DTR is asserted and RTS is not; with both or neither asserted both pins
float high. So the two pins can never be low together, and the chip samples GPIO0 in the moment in which
the lines change from one state to the other; the capacitor at EN (0.1 to 1 uF on common boards) makes
EN rise later than GPIO0 falls.
"""

import re
from dataclasses import dataclass, replace

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
USUAL_ATTEMPTS = 6

LINE = re.compile(r"(?P<line>[DR])(?P<state>[01])")
BOTH = re.compile(r"U(?P<dtr>[01]),(?P<rts>[01])")
WAIT = re.compile(r"W(?P<seconds>\d+(\.\d*)?|\.\d+)")


@dataclass(frozen=True, slots=True)
class Resets:
    """How a board is reset, where its lines can do that.

    Attributes:
        into_loader: sequences after which the loader should run, tried in turns.
        hard: the one after which the firmware should run.
        attempts: how often to try; 0 for ever, None for the usual number, or less where nothing is heard.
    """

    into_loader: tuple[Sequence, ...] = INTO_LOADER
    hard: Sequence = HARD_RESET
    attempts: int | None = None

    @classmethod
    def of(
        cls,
        *,
        into_loader: str | None = None,
        hard: str | None = None,
        attempts: int | None = None,
        delay_s: float | None = None,
    ) -> "Resets":
        """Return resets of which some are told in esptool's small language, see `parse_sequence`.

        `delay_s` is how long GPIO0 is held low after EN is released, in the first of the usual sequences.

        Raises ValueError for a sequence that is none.
        """
        usual = INTO_LOADER
        if delay_s is not None:
            usual = ((CLASSIC[0], replace(CLASSIC[1], wait_s=delay_s), *CLASSIC[2:]), CLASSIC_SLOW)
        return cls(
            usual if into_loader is None else (parse_sequence(into_loader),),
            HARD_RESET if hard is None else parse_sequence(hard),
            None if attempts is None else max(0, attempts),
        )


USUAL = Resets()


def parse_sequence(text: str) -> Sequence:
    """Return the sequence that esptool's custom reset sequences describe: D0|R1|W0.1|D1|R0|W0.05|D0.

    D and R set DTR and RTS, U1,0 both at once, W waits for so many seconds; 1 is asserted.

    Raises ValueError, which says where it is none.
    """
    steps = [RELEASED]
    for number, word in enumerate(text.split("|"), 1):
        last = steps[-1]
        if found := LINE.fullmatch(word.strip()):
            asserted = found["state"] == "1"
            dtr, rts = (asserted, last.rts) if found["line"] == "D" else (last.dtr, asserted)
            steps.append(Step(dtr, rts, 0.0))
        elif found := BOTH.fullmatch(word.strip()):
            steps.append(Step(found["dtr"] == "1", found["rts"] == "1", 0.0))
        elif found := WAIT.fullmatch(word.strip()):
            steps[-1] = replace(last, wait_s=last.wait_s + float(found["seconds"]))
        else:
            raise ValueError(
                f"{text!r}: step {number}, {word!r}, is none of D0, D1, R0, R1, U0,1 and W0.1, joined by |"
            )
    return tuple(steps[1:] if steps[0] == RELEASED else steps)


def play(port: Port, sequence: Sequence) -> None:
    """Do the steps. On a port without the lines, nothing happens and no time passes."""
    if not port.has_modem_lines:
        return
    for step in sequence:
        port.set_lines(dtr=step.dtr, rts=step.rts)
        if step.wait_s:
            port.clock.sleep(step.wait_s)

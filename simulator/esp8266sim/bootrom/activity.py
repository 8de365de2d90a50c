# SPDX-License-Identifier: Apache-2.0
"""Code of the ROM as a resumable activity.

An activity is a generator. It yields the picoseconds that pass before it goes on, or a `Wait` for the
line; it raises `Halt` when the CPU does nothing any more until a reset. What the interrupt handler does
meanwhile needs no activity: the UART keeps what was received, and the loader looks at it when it goes on.
"""

from collections.abc import Generator
from enum import Enum


class Wait(Enum):
    """What an activity can sleep for, besides time."""

    FRAME = "the end of a SLIP frame, received outside of one"
    REST_OF_FRAME = "the end of the SLIP frame that has begun"
    LINE = "anything at all on the line"


Activity = Generator[int | Wait, None, None]


class CpuState(Enum):
    """Where the CPU is, in the words that a person debugging would use."""

    RESET = "held in reset"
    BOOTING = "booting"
    AUTOBAUD = "waiting for autobaud"
    DOWNLOAD = "in the download loop"
    DEAD = "dead (halted in the debug vector)"
    STUCK = "in a loop without end"
    SDIO = "waiting for an SDIO host"
    USER_CODE = "in user code"
    IDLE = "in the idle task loop"


class Halt(Exception):
    """The CPU stops here; the state says how."""

    def __init__(self, state: CpuState) -> None:
        super().__init__(state.value)
        self.state = state

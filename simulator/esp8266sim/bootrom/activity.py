# SPDX-License-Identifier: Apache-2.0
"""Code of the ROM as a resumable activity.

An activity is a generator. It yields the picoseconds that pass before it goes on, a `Wait` for the line, or
a `Call` of a function of the running program, whose result it is sent. It raises `Halt` when the CPU does
nothing any more until a reset. Interrupts are taken while it waits, as they would be on silicon.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Wait(Enum):
    """What an activity can sleep for, besides time."""

    FRAME = "the end of a SLIP frame, received outside of one"
    REST_OF_FRAME = "the end of the SLIP frame that has begun"
    LINE = "anything at all on the line"
    BYTE = "the end of the next byte on the line"
    EVER = "nothing: only interrupts are served"


@dataclass(frozen=True, slots=True)
class Call:
    """Call the function at an address; what it leaves in a2 comes back."""

    address: int
    arguments: tuple[int, ...] = ()  # at most six: those in a2 to a7


Activity = Generator[int | Wait | Call, int, T]


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
    RUNNING = "running code of the mask ROM or beyond"  # where the ROM is a dump, no more is known


class Halt(Exception):
    """The CPU stops here; the state says how."""

    def __init__(self, state: CpuState) -> None:
        super().__init__(state.value)
        self.state = state

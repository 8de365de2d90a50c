# SPDX-License-Identifier: Apache-2.0
"""Programs put into a virtual board's RAM, and entered as MEM_END would."""

from esp8266sim.clock import MS, SECOND
from esp8266sim.line import Burst
from esprom.protocol import Command
from tests.bench import BAUD, Bench, raw, words
from tests.lx106 import CODE, RAM, Program, build

C = ("-Os", "-mlongcalls", "-ffreestanding")  # options for a program in C


def enter(bench: Bench, address: int, time: int = 10 * MS) -> None:
    """Tell the loader to enter a program, and give that time to run."""
    request = raw(Command.MEM_END, words(0, address))
    bench.board.receive(Burst(bench.clock.now, round(SECOND / BAUD), request))
    bench.clock.advance(bench.clock.now + time)


def load(bench: Bench, program: Program) -> int:
    """Put a program into RAM; return where it begins."""
    bench.bus.poke(CODE, program.image + bytes(-len(program.image) % 4))
    return program.names["_start"]


def started(source: str, *, name: str = "program.S", options: tuple[str, ...] = ()) -> Bench:
    """Return a board in download mode that was told to enter a program at `_start`."""
    bench = Bench().sync()
    enter(bench, load(bench, build(source, name=name, options=options)))
    bench.tap.take()
    return bench


def word(bench: Bench, offset: int = 0) -> int:
    return int.from_bytes(bench.bus.peek(RAM + offset, 4), "little")

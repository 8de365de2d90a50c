# SPDX-License-Identifier: Apache-2.0
"""How fast the virtual CPU is, on the loops that stub loaders spend their time in.

Translated code against the interpreter over the same table, in turn, in one run; in CPU time, so that
what else the machine does matters less.
"""

import shutil
import statistics
import time
from collections.abc import Callable as Function
from collections.abc import Iterator

from tests.lx106 import IO, RAM, Machine, build
from tests.lx106_c import Callable

Row = tuple[str, str, str]

SIZE = 16384
FROM, TO = RAM, RAM + 0x8000
ROUNDS = 5
TRANSLATED, INTERPRETED = 3_000_000, 600_000  # instructions a measurement, about


LOOPS: dict[str, Function[[Callable], object]] = {
    "copy of bytes": lambda c: c.call("copy_bytes", TO, FROM, SIZE),
    "copy of words": lambda c: c.call("copy_words", TO, FROM, SIZE),
    "xor checksum": lambda c: c.call("checksum", FROM, SIZE),
    "SLIP encoding": lambda c: c.call("slip_encode", TO, FROM, SIZE),
    "SLIP decoding": lambda c: c.call("slip_decode", TO, FROM, SIZE),
    "bitwise CRC-32": lambda c: c.call("crc32", FROM, SIZE // 4),
    "MD5": lambda c: c.call("md5_blocks", TO, FROM, SIZE // 64),
}

POLLING = """
.text
.global _start
_start: l32i a3, a2, 28  // until there is room in a FIFO, then a byte goes there
 extui a3, a3, 16, 8
 movi a4, 126
 bltu a4, a3, _start
 s32i a5, a2, 0
 j _start
"""
EVENTS = 2000
BYTE_CYCLES = 4514  # at 115200 baud and 52 MHz


def _rate(c: Callable, loop: Function[[Callable], object], enough: int) -> float:
    cpu = c.machine.cpu
    first, began = cpu.cycles, time.process_time()  # a cycle is an instruction, as the table has it
    while cpu.cycles - first < enough:
        loop(c)
    return (cpu.cycles - first) / (time.process_time() - began) / 1e6


def loops() -> Iterator[Row]:
    """Instructions a second of translated code, and how that compares."""
    if shutil.which("xtensa-lx106-elf-gcc") is None:
        yield "virtual CPU", "not measured", "xtensa-lx106-elf-gcc is not installed here"
        return
    machines = {True: Callable(hot=100), False: Callable(translating=False)}
    for c in machines.values():
        c.put(FROM, bytes((i * 7 + 3) * (i >> 3) & 0xFF for i in range(SIZE)))
    for name, loop in LOOPS.items():
        rates: dict[bool, list[float]] = {True: [], False: []}
        for c in machines.values():
            loop(c)
        for _ in range(ROUNDS):
            for translating, enough in ((True, TRANSLATED), (False, INTERPRETED)):
                rates[translating].append(_rate(machines[translating], loop, enough))
        fast, slow = (statistics.median(rates[translating]) for translating in (True, False))
        yield (
            f"virtual CPU: {name}",
            f"{fast:.1f} M instr/s",
            f"{fast / slow:.1f} times the interpreter's {slow:.1f}",
        )
    yield from _polling()


def _polling() -> Iterator[Row]:
    machine = Machine(build(POLLING), hot=100)
    cpu, io = machine.cpu, machine.memory.io
    cpu.registers[2] = IO
    io.update({IO: 0, IO + 28: 127 << 16})
    cpu.run(500_000)
    began = time.process_time()
    for _ in range(EVENTS):
        io[IO + 28] = 126 << 16
        cpu.run(cpu.cycles + 8)
        io[IO + 28] = 127 << 16
        cpu.run(cpu.cycles + BYTE_CYCLES)
    each = (time.process_time() - began) / EVENTS
    yield (
        "virtual CPU: polling for room, a byte",
        f"{1e6 * each:.0f} us",
        f"of host time, for {BYTE_CYCLES} cycles",
    )

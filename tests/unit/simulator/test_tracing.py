# SPDX-License-Identifier: Apache-2.0
"""Traces: what they say, and that they change nothing."""

from collections.abc import Callable

import pytest

from esp8266sim.inspection import instructions, report
from esp8266sim.tracing import Kind, Tracer, register_name
from esprom.protocol import Command
from tests.bench import SYNC, Bench, raw, read_reg, words, write_reg

CODE = 0x40100000
PROGRAM = bytes.fromhex("12c1f0 21fcff 06ffff")  # behind no literal: addi, l32r of what is before, j .


def traced(*kinds: Kind) -> tuple[Bench, list[str]]:
    lines: list[str] = []
    bench = Bench()
    Tracer(bench.board, kinds, lines.append)
    return bench, lines


def session(bench: Bench) -> tuple[bytes, int]:
    bench.send(SYNC)
    said = bench.send(SYNC) + bench.send(read_reg(0x3FF00050)) + bench.send(write_reg(0x60000304, 1))
    bench.bus.poke(CODE, bytes(16))  # ill
    return said + bench.send(raw(Command.MEM_END, words(0, CODE))), bench.clock.now


def has(lines: list[str], *parts: str) -> bool:
    return any(all(part in line for part in parts) for line in lines)


@pytest.mark.spec("SERVE-13")
def test_a_traced_board_does_the_same_at_the_same_time() -> None:
    plain = Bench()
    bench, lines = traced(*Kind)
    assert session(bench) == session(plain)
    assert lines


def test_the_wire_both_ways() -> None:
    bench, lines = traced(Kind.WIRE)
    session(bench)
    assert has(lines, "wire", "to chip at 115200: c0 00 08 24 00")
    assert has(lines, "wire", "from chip at 1152", "c0 01 08 02 00 07 07 12 20")
    assert not has(lines, " mmio ")


def test_commands_by_name() -> None:
    bench, lines = traced(Kind.COMMANDS)
    session(bench)
    assert has(lines, "commands", "to chip: READ_REG, checksum 0x0, body of 4: 50 00 f0 3f")
    assert has(lines, "commands", "from chip: READ_REG answered, value 0x56000000", "body 00 00")
    assert has(lines, "frame of ", "Fatal exception") or not has(lines, "wire")


def test_registers_by_name() -> None:
    bench, lines = traced(Kind.MMIO)
    session(bench)
    assert has(lines, "mmio", "load  DPORT.+0x50")
    assert has(lines, "mmio", "store GPIO.+0x04 0x00000001 by 0x40000081")
    assert has(lines, "mmio", "store UART0.CLKDIV 0x000001c3")


def test_the_cpu_and_what_it_dies_of() -> None:
    bench, lines = traced(Kind.CPU)
    session(bench)
    assert has(lines, "cpu", "uploaded or booted code is entered: code at 0x40100000")
    assert has(lines, "cpu", "CPU exception: cause 0 at 0x40100000, exception 0 (illegal instruction)")
    assert has(lines, "cpu", "_UserExceptionVector(")


def test_a_stop_shows_registers_code_and_the_last_calls() -> None:
    bench, lines = traced(Kind.CPU)
    bench.send(SYNC)
    bench.send(SYNC)
    bench.send(read_reg(1))
    assert has(lines, "the CPU does nothing any more: dead")
    assert has(lines, "exccause 9 (unaligned load or store)")
    assert has(lines, "pc 0x40000011 (_DebugExceptionVector+0x1)")
    assert has(lines, "last calls of the ROM")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (0x60000000, "UART0.FIFO"),
        (0x60000F1C, "UART1.STATUS"),
        (0x60000200, "SPI0.CMD"),
        (0x60000244, "SPI0.W1"),
        (0x60000318, "GPIO.IN"),
        (0x3FF0000C, "DPORT.CACHE_FLASH_CTRL"),
        (0x60000838, "IO_MUX.+0x38"),
        (0x60009000, "0x60009000"),
    ],
)
def test_names(address: int, name: str) -> None:
    assert register_name(address) == name


def looked_at(bench: Bench) -> Callable[[], bytes]:
    return lambda: bytes(bench.bus.dram) + bytes(bench.bus.iram)


def test_looking_changes_nothing() -> None:
    bench = Bench().sync()
    bench.bus.poke(CODE, bytes.fromhex("2ca3 0df0 0006") + b"\xff\xff\xff")
    before, state = looked_at(bench)(), (bench.clock.now, bench.board.soc.cpu.cycles)
    assert list(instructions(bench.board, CODE, 3)) == [
        "0x40100000  2ca3    movi.n a3, 42",
        "0x40100002  0df0    ret.n",
        "0x40100004  00      .byte 0x00",
    ]
    assert "nothing can be fetched" in next(instructions(bench.board, 0x3FFE8000, 4))
    assert report(bench.board)[0].startswith("in the download loop; pc 0x40000081 (_ResetVector+0x1)")
    assert looked_at(bench)() == before
    assert state == (bench.clock.now, bench.board.soc.cpu.cycles)

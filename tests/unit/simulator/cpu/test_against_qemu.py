# SPDX-License-Identifier: Apache-2.0
"""Random programs end in the same memory and registers as on QEMU's `lx106`, an independent implementation.

Left out: SRL and SRA with SAR = 32, where QEMU leaves the operand as it is, and SAR above 32, which the
manual leaves undefined.
"""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from esp8266sim.cpu import StopReason
from esp8266sim.cpu.decode import Decoded, disassemble
from esp8266sim.cpu.isa import TABLE, Branch, Instruction, Load, Set, Store
from esp8266sim.cpu.touched import touched
from tests.lx106 import CODE, RAM, Machine, build, link, need

AREA = 0x400  # bytes of RAM that a program plays with; then its registers
RESULT = AREA + 17 * 4
ALU = [
    row
    for row in TABLE
    if isinstance(row.effect, Set) and row.name not in {"wsr.sar", "rsr.sar", "rsr.ccount", "srl", "sra"}
]
MEMORY = [row for row in TABLE if isinstance(row.effect, Load | Store)]
BRANCHES = [row for row in TABLE if isinstance(row.effect, Branch)]
EDGES = (0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF)
RESERVED = {"a1", "a13", "a14"}  # the area, and the counters of loops


def _decoded(dice: random.Random, row: Instruction) -> Decoded:
    fields = {name: dice.randint(0, mask) for name, _, mask in row.pattern.fields}
    values = {operand.role: operand.value(fields, CODE) for operand in row.operands}
    word = row.pattern.match  # only the fixed bits of it: what is made here is printed, and no more
    return Decoded(CODE, word, row, values)


def _alu(dice: random.Random) -> Iterator[str]:
    if dice.random() < 0.1:
        yield dice.choice(["ssr a2", "ssai 7", "ssai 31", "ssai 0", "ssa8l a3", "ssr a12"])
        yield dice.choice(["srl a4, a5", "sra a6, a7", "srl a8, a8", "sra a2, a9", "src a3, a4, a4"])
        return
    while True:
        decoded = _decoded(dice, dice.choice(ALU))
        values = decoded.values
        assembles = {"slli": values.get("i", 0) < 32, "extui": values.get("i", 0) + values.get("j", 0) <= 32}
        if not touched(decoded)[1] & RESERVED and assembles.get(decoded.instruction.name, True):
            yield disassemble(decoded)
            return


def _memory(dice: random.Random) -> Iterator[str]:
    row = dice.choice(MEMORY)
    assert isinstance(row.effect, Load | Store)
    decoded = _decoded(dice, row)
    decoded.values["s"] = 1
    if isinstance(row.effect, Store) or not touched(decoded)[1] & RESERVED:
        yield disassemble(decoded)


def _body(dice: random.Random, label: str, depth: int, level: int = 0) -> Iterator[str]:
    for index in range(dice.randint(4, 12) >> level):
        kind = dice.random()
        if kind < 0.55:
            yield from _alu(dice)
        elif kind < 0.75:
            yield from _memory(dice)
        elif kind < 0.93 or depth == 2:
            target = f"{label}_{index}"
            *operands, _ = disassemble(_decoded(dice, dice.choice(BRANCHES))).split(", ")
            yield f"{', '.join(operands)}, {target}"
            yield from (
                _body(dice, f"{label}_{index}b", depth, level + 1) if dice.random() < 0.5 else _alu(dice)
            )
            yield f"{target}:"
        else:
            counter = f"a{13 + depth}"
            yield f"movi {counter}, {dice.randint(1, 9)}"
            yield f"{label}_{index}l:"
            yield from _body(dice, f"{label}_{index}x", depth + 1, level)
            yield f"addi {counter}, {counter}, -1"
            yield f"bnez {counter}, {label}_{index}l"


def _program(dice: random.Random, count: int) -> str:
    lines = ['.section .reset, "ax"', "j 1f", ".align 4", "0: .word _start", "1: l32r a0, 0b", "jx a0"]
    lines += [
        ".text",
        ".literal_position",
        ".global _start",
        "_start:",
        f"movi a2, {RAM}",
        "movi a3, 0x1234567",
    ]
    lines += [
        f"movi a4, {RAM + count * RESULT}",
        "fill: addx8 a3, a3, a3",
        "addi a3, a3, 77",
        "s32i a3, a2, 0",
    ]
    lines += ["addi a2, a2, 4", "bltu a2, a4, fill"]
    for number in range(count):
        lines += [f"j go_{number}", ".align 4", f"init_{number}:"]
        lines += [
            f".word 0x{dice.choice([*EDGES, *(dice.getrandbits(32) for _ in EDGES)]):x}" for _ in range(16)
        ]
        lines += [".literal_position", f"go_{number}:", f"movi a15, init_{number}", "ssr a15"]
        lines += [f"l32i a{n}, a15, {4 * n}" for n in range(15)] + ["l32i a15, a15, 60"]
        lines += [f"movi a1, {RAM + number * RESULT}", *_body(dice, f"p{number}", 0)]
        lines += ["addmi a1, a1, 0x400"] + [f"s32i a{n}, a1, {4 * n}" for n in range(16)]
        lines += ["rsr.sar a2", "s32i a2, a1, 64"]
    lines += [
        "finish:",
        "movi a2, 4",
        "movi a3, 1",
        f"movi a4, {RAM}",
        f"movi a5, {count * RESULT}",
        "simcall",
    ]
    lines += ["movi a2, 1", "movi a3, 0", "simcall", "ill"]
    return "\n".join(lines) + "\n"


def on_qemu(elf: Path) -> bytes:
    command = [
        "qemu-system-xtensa",
        "-M",
        "sim",
        "-cpu",
        "lx106",
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
    ]
    command += ["-semihosting", "-kernel", str(elf)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=8, stdin=subprocess.DEVNULL)
    return done.stdout


def compare(seed: int, count: int, folder: Path) -> None:
    need("qemu-system-xtensa")
    source = _program(random.Random(seed), count)
    program = build(source)
    expected = on_qemu(link(source, folder))
    assert len(expected) == count * RESULT
    for translating, hot in ((True, 0), (True, 3), (False, 0)):
        machine = Machine(program, hot=hot, translating=translating, stops=(program.names["finish"],))
        assert machine.cpu.run(10**6) is StopReason.ADDRESS
        got = bytes(machine.memory.ram[: count * RESULT])
        wrong = [
            index for index in range(0, len(got), 4) if got[index : index + 4] != expected[index : index + 4]
        ]
        assert [(index // RESULT, hex(index % RESULT)) for index in wrong] == []


@pytest.mark.parametrize("seed", range(3))
def test_random_programs_end_as_on_qemu(seed: int, tmp_path: Path) -> None:
    compare(seed, 25, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 130))
def test_many_random_programs_end_as_on_qemu(seed: int, tmp_path: Path) -> None:
    compare(seed, 40, tmp_path)

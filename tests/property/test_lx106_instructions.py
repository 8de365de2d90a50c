# SPDX-License-Identifier: Apache-2.0
"""Single instructions against their definition in plain integers, written here without a look at the table.

Each is run by the interpreter and by translated code, as part of a block that sets SAR first where that
matters, from registers drawn from values that meet every edge.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esp8266sim.cpu.isa import TABLE
from esp8266sim.soc.bus import CpuException
from tests.lx106 import CODE, RAM, Machine

M = 0xFFFFFFFF
EDGES = [0, 1, 2, 3, 4, 31, 32, 33, 255, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001]
WORDS = st.sampled_from([*EDGES, M, M - 1, 0xFFFF8000, 0xAAAAAAAA, 0x55555555]) | st.integers(0, M)
FEW = settings(max_examples=50)  # each compiles code; there are some hundred tests
BOTH = pytest.mark.parametrize("translating", [False, True], ids=["interpreted", "translated"])
BY_NAME = {row.name: row for row in TABLE}


def encode(name: str, **fields: int) -> bytes:
    """Return one instruction from the raw values of its fields."""
    pattern = BY_NAME[name].pattern
    word = pattern.match
    for field, shift, mask in pattern.fields:
        word |= (fields.get(field, 0) & mask) << shift
    return word.to_bytes(3, "little")[: pattern.size]


def machine(*code: bytes, translating: bool) -> Machine:
    """Return a machine that stops behind the code."""
    made = Machine(b"".join(code) + bytes(8), translating=translating, stops=(CODE + sum(map(len, code)),))
    made.cpu.registers[:16] = [0x01010101 * n for n in range(16)]
    return made


def s32(value: int) -> int:
    return value - (1 << 32) if value & 1 << 31 else value


def s16(value: int) -> int:
    return (value & 0xFFFF) - (1 << 16) if value & 1 << 15 else value & 0xFFFF


def leading(value: int) -> int:
    return next((n for n in range(32) if value & 1 << 31 - n), 32)


Definition = Callable[[int, int], int]
THREE: dict[str, Definition] = {
    "add": lambda s, t: s + t,
    "add.n": lambda s, t: s + t,
    "addx2": lambda s, t: 2 * s + t,
    "addx4": lambda s, t: 4 * s + t,
    "addx8": lambda s, t: 8 * s + t,
    "sub": lambda s, t: s - t,
    "subx2": lambda s, t: 2 * s - t,
    "subx4": lambda s, t: 4 * s - t,
    "subx8": lambda s, t: 8 * s - t,
    "and": lambda s, t: s & t,
    "or": lambda s, t: s | t,
    "xor": lambda s, t: s ^ t,
    "mul16u": lambda s, t: (s % 65536) * (t % 65536),
    "mul16s": lambda s, t: s16(s) * s16(t),
    "mull": lambda s, t: s * t,
}


@BOTH
@pytest.mark.parametrize("name", THREE)
@FEW
@given(s=WORDS, t=WORDS)
def test_three_registers(name: str, translating: bool, s: int, t: int) -> None:
    made = machine(encode(name, r=5, s=6, t=7), translating=translating)
    made.a[6:8] = [s, t]
    made.cpu.run(10)
    assert made.a[5:8] == [THREE[name](s, t) & M, s, t]


@BOTH
@FEW
@given(name=st.sampled_from(sorted(THREE)), value=WORDS)
def test_a_register_may_be_operand_and_result(name: str, translating: bool, value: int) -> None:
    made = machine(encode(name, r=6, s=6, t=6), translating=translating)
    made.a[6] = value
    made.cpu.run(10)
    assert made.a[6] == THREE[name](value, value) & M


TWO: dict[str, tuple[str, Callable[[int], int]]] = {
    "neg": ("t", lambda v: -v),
    "abs": ("t", lambda v: abs(s32(v))),
    "nsa": ("s", lambda v: min(leading(v), 32) - 1 if v < 1 << 31 else leading(~v & M) - 1),
    "nsau": ("s", leading),
    "mov.n": ("s", lambda v: v),
}


@BOTH
@pytest.mark.parametrize("name", TWO)
@FEW
@given(value=WORDS)
def test_two_registers(name: str, translating: bool, value: int) -> None:
    source, definition = TWO[name]
    fields = {"r": 5, "t": 7} if source == "t" else {"t": 5, "s": 7}
    made = machine(encode(name, **fields), translating=translating)
    made.a[7] = value
    made.cpu.run(10)
    assert made.a[5] == definition(value) & M


@BOTH
@FEW
@given(value=WORDS, i8=st.integers(0, 255), n=st.integers(0, 15))
def test_additions_of_immediates(translating: bool, value: int, i8: int, n: int) -> None:
    byte = i8 - 256 if i8 > 127 else i8
    code = [
        encode("addi", t=5, s=7, i8=i8),
        encode("addmi", t=6, s=7, i8=i8),
        encode("addi.n", r=8, s=7, t=n),
    ]
    made = machine(*code, translating=translating)
    made.a[7] = value
    made.cpu.run(10)
    assert [made.a[5], made.a[6], made.a[8]] == [
        value + byte & M,
        value + 256 * byte & M,
        value + (n if n else -1) & M,
    ]


@BOTH
@FEW
@given(i12=st.integers(0, 4095), i7=st.integers(0, 127))
def test_immediates(translating: bool, i12: int, i7: int) -> None:
    code = [encode("movi", t=5, s=i12 >> 8, i8=i12 & 255), encode("movi.n", s=6, h3=i7 >> 4, r=i7 & 15)]
    made = machine(*code, translating=translating)
    made.cpu.run(10)
    assert s32(made.a[5]) == (i12 - 4096 if i12 > 2047 else i12)
    assert s32(made.a[6]) == (i7 if i7 < 96 else i7 - 128)


@BOTH
@FEW
@given(value=WORDS, amount=st.integers(0, 31))
def test_shifts_by_immediates(translating: bool, value: int, amount: int) -> None:
    left = 32 - amount
    code = [
        encode("slli", r=5, s=12, t=left & 15, k=left >> 4 & 1),
        encode("srli", r=6, t=12, s=amount & 15),
        encode("srai", r=7, t=12, s=amount & 15, k=amount >> 4),
    ]
    made = machine(*code[0 if amount else 1 :], translating=translating)
    made.a[12] = value
    made.cpu.run(10)
    if amount:
        assert made.a[5] == value * 2**amount & M
    assert made.a[6] == value // 2 ** (amount & 15)
    assert made.a[7] == s32(value) // 2**amount & M


@BOTH
@FEW
@given(value=WORDS, shift=st.integers(0, 31), width=st.integers(1, 16))
def test_extui(translating: bool, value: int, shift: int, width: int) -> None:
    made = machine(
        encode("extui", r=5, t=7, s=shift & 15, k=shift >> 4, w=width - 1), translating=translating
    )
    made.a[7] = value
    made.cpu.run(10)
    assert made.a[5] == value // 2**shift % 2**width


SETTERS: dict[str, Callable[[int], int]] = {
    "ssr": lambda v: v % 32,
    "ssl": lambda v: 32 - v % 32,
    "ssa8l": lambda v: v % 4 * 8,
    "ssa8b": lambda v: 32 - v % 4 * 8,
}


@BOTH
@FEW
@given(setter=st.sampled_from(sorted(SETTERS)), amount=WORDS, s=WORDS, t=WORDS)
def test_shifts_by_sar(translating: bool, setter: str, amount: int, s: int, t: int) -> None:
    code = [encode(setter, s=4), encode("sll", r=5, s=12), encode("srl", r=6, t=13), encode("sra", r=7, t=13)]
    code += [encode("src", r=8, s=12, t=13), encode("rsr.sar", t=9)]
    made = machine(*code, translating=translating)
    made.a[4], made.a[12], made.a[13] = amount, s, t
    made.cpu.run(10)
    sar = SETTERS[setter](amount)
    assert made.a[9] == sar == made.a[16]
    assert made.a[5] == s * 2 ** (32 - sar) & M
    assert made.a[6] == t // 2**sar
    assert made.a[7] == s32(t) // 2**sar & M
    assert made.a[8] == (s * 2**32 + t) // 2**sar & M


@BOTH
@FEW
@given(amount=st.integers(0, 31), value=WORDS)
def test_ssai_and_a_rotation(translating: bool, amount: int, value: int) -> None:
    code = [encode("ssai", s=amount & 15, k=amount >> 4), encode("src", r=5, s=12, t=12)]
    made = machine(*code, translating=translating)
    made.a[12] = value
    made.cpu.run(10)
    assert made.a[5] == (value >> amount | value << 32 - amount) & M


MOVES: dict[str, Callable[[int], bool]] = {
    "moveqz": lambda t: t == 0,
    "movnez": lambda t: t != 0,
    "movltz": lambda t: s32(t) < 0,
    "movgez": lambda t: s32(t) >= 0,
}


@BOTH
@pytest.mark.parametrize("name", MOVES)
@FEW
@given(t=WORDS)
def test_conditional_moves(name: str, translating: bool, t: int) -> None:
    made = machine(encode(name, r=5, s=6, t=7), translating=translating)
    made.a[5:8] = [111, 222, t]
    made.cpu.run(10)
    assert made.a[5] == (222 if MOVES[name](t) else 111)


B4 = [-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256]
B4U = [32768, 65536, *B4[2:]]
BRANCHES: dict[str, Callable[[int, int], bool]] = {
    "beq": lambda s, t: s == t,
    "bne": lambda s, t: s != t,
    "blt": lambda s, t: s32(s) < s32(t),
    "bge": lambda s, t: s32(s) >= s32(t),
    "bltu": lambda s, t: s < t,
    "bgeu": lambda s, t: s >= t,
    "bany": lambda s, t: bool(s & t),
    "bnone": lambda s, t: not s & t,
    "ball": lambda s, t: not ~s & t,
    "bnall": lambda s, t: bool(~s & t),
    "bbs": lambda s, t: bool(s & 1 << t % 32),
    "bbc": lambda s, t: not s & 1 << t % 32,
}
AGAINST_ZERO: dict[str, Callable[[int], bool]] = {
    "beqz": lambda s: s == 0,
    "bnez": lambda s: s != 0,
    "bltz": lambda s: s32(s) < 0,
    "bgez": lambda s: s32(s) >= 0,
    "beqz.n": lambda s: s == 0,
    "bnez.n": lambda s: s != 0,
}
AGAINST_CONSTANT: dict[str, Callable[[int, int], bool]] = {
    "beqi": lambda s, r: s32(s) == B4[r],
    "bnei": lambda s, r: s32(s) != B4[r],
    "blti": lambda s, r: s32(s) < B4[r],
    "bgei": lambda s, r: s32(s) >= B4[r],
    "bltui": lambda s, r: s < B4U[r],
    "bgeui": lambda s, r: s >= B4U[r],
}


def branches(code: bytes, s: int, t: int, *, translating: bool) -> bool:
    """Return whether a branch to 4 + 12 bytes after its own address is taken; a5 says so."""
    gap = CODE + 16 - CODE - len(code) - 6
    filler = encode("nop.n") * (gap // 2 + 1)
    body = code + (filler[:gap] if gap % 2 == 0 else filler[: gap - 3] + encode("nop"))
    made = machine(body, encode("movi", t=5, i8=1), encode("nop"), encode("nop"), translating=translating)
    made.a[5], made.a[6], made.a[7] = 0, s, t
    made.cpu.run(40)
    return not made.a[5]


@BOTH
@pytest.mark.parametrize("name", BRANCHES)
@FEW
@given(s=WORDS, t=WORDS, same=st.booleans())
def test_branches_on_two_registers(name: str, translating: bool, s: int, t: int, same: bool) -> None:
    t = s if same else t
    assert branches(encode(name, s=6, t=7, i8=12), s, t, translating=translating) == BRANCHES[name](s, t)


@BOTH
@pytest.mark.parametrize("name", AGAINST_ZERO)
@FEW
@given(s=WORDS)
def test_branches_on_zero(name: str, translating: bool, s: int) -> None:
    code = encode(name, s=6, i12=12, r=12)
    assert branches(code, s, 0, translating=translating) == AGAINST_ZERO[name](s)


@BOTH
@pytest.mark.parametrize("name", AGAINST_CONSTANT)
@FEW
@given(s=WORDS, r=st.integers(0, 15), near=st.integers(-1, 1) | st.none())
def test_branches_on_constants(name: str, translating: bool, s: int, r: int, near: int | None) -> None:
    if near is not None:
        s = (B4U if name.endswith("ui") else B4)[r] + near & M
    assert branches(encode(name, s=6, r=r, i8=12), s, 0, translating=translating) == AGAINST_CONSTANT[name](
        s, r
    )


@BOTH
@FEW
@given(s=WORDS, bit=st.integers(0, 31))
def test_branches_on_bits(translating: bool, s: int, bit: int) -> None:
    fields = {"s": 6, "t": bit & 15, "k": bit >> 4, "i8": 12}
    assert branches(encode("bbsi", **fields), s, 0, translating=translating) == bool(s & 1 << bit)
    assert branches(encode("bbci", **fields), s, 0, translating=translating) == (not s & 1 << bit)


OFFSETS = st.integers(0, 255)


@BOTH
@FEW
@given(base=st.integers(0, 255), i8=OFFSETS, value=WORDS)
def test_loads_and_stores(translating: bool, base: int, i8: int, value: int) -> None:
    code = [
        encode("s32i", t=5, s=2, i8=i8),
        encode("l8ui", t=6, s=2, i8=i8),
        encode("l16ui", t=7, s=2, i8=i8),
    ]
    code += [encode("l16si", t=8, s=2, i8=i8), encode("l32i", t=9, s=2, i8=i8)]
    code += [encode("s8i", t=5, s=3, i8=i8), encode("s16i", t=5, s=4, i8=i8)]
    made = machine(*code, translating=translating)
    memory = bytearray(made.memory.ram)
    made.a[2], made.a[3], made.a[4], made.a[5] = (RAM + 4 * base + n * 0x1000 for n in (0, 1, 2, 0))
    made.a[5] = value
    made.cpu.run(20)
    start = 4 * base
    memory[start + 4 * i8 : start + 4 * i8 + 4] = value.to_bytes(4, "little")
    read = [int.from_bytes(memory[start + n * i8 : start + n * i8 + n], "little") for n in (1, 2, 4)]
    assert made.a[6:10] == [read[0], read[1], s16(read[1]) & M, read[2]]
    memory[start + 0x1000 + i8] = value & 0xFF
    memory[start + 0x2000 + 2 * i8 : start + 0x2000 + 2 * i8 + 2] = (value & 0xFFFF).to_bytes(2, "little")
    assert made.memory.ram == memory


@BOTH
@FEW
@given(
    name=st.sampled_from(["l16ui", "l16si", "l32i", "l32i.n", "s16i", "s32i", "s32i.n"]),
    off=st.integers(1, 3),
)
def test_unaligned_access_is_cause_9(translating: bool, name: str, off: int) -> None:
    off = 1 if "16" in name else off
    made = machine(encode("movi", t=6, i8=7), encode(name, t=5, s=2), encode("nop"), translating=translating)
    made.a[2] = RAM + 0x100 + off
    before = [*made.a[:6], 7, *made.a[7:]]
    faults: list[tuple[int, ...]] = []

    def note(fault: CpuException, pc: int) -> bool:
        faults.append((fault.cause, pc, fault.address))
        made.cpu.stop()
        return False

    made.cpu.on_fault = note
    made.cpu.run(10)
    assert faults == [(9, CODE + 3, RAM + 0x100 + off)]
    assert made.a == before
    assert made.cpu.special[177] == CODE + 3
    assert not any(made.memory.ram)

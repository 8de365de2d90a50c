# SPDX-License-Identifier: Apache-2.0
"""The plain interpreter: each instruction decoded once, to a function that does it.

It runs what is not worth translating, and everything that only it can (effects of the kind System). Each
row of the table gives one factory; the factory binds the operands of one occurrence.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from esp8266sim.cpu.core import SAR_INDEX, Core
from esp8266sim.cpu.decode import Decoded
from esp8266sim.cpu.isa import Branch, Instruction, Jump, Literal, Load, Nothing, Set, Store, System
from esp8266sim.cpu.render import MASK32, Value, render, unknown

Operation = Callable[[], int]  # does one instruction, returns the address of the next

ANY = 1 << 33
NAMES = {
    **{name: unknown(f"R[{name}]") for name in "rst"},
    **{name: Value(name, -ANY, ANY) for name in "ij"},
    **{name: Value(name, 0, MASK32) for name in ("pc", "next", "target", "cpu")},
    "a0": unknown("R[0]"),
    "ccount": unknown("cpu.ccount"),
    "sar": Value(f"R[{SAR_INDEX}]", 0, 63),
}


def operation(core: Core, decoded: Decoded) -> Operation:
    """Return the function that does one instruction."""
    roles = [decoded.values.get(role, 0) for role in ("r", "s", "t", "i", "j", "target")]
    ram = memoryview(core.memory.ram)
    views = core.memory.ram, ram.cast("H"), ram.cast("I"), core.memory.ram_base, core.direct_size
    make = _factory(decoded.instruction)
    made: Operation = make(core, core.registers, *views, decoded.address, decoded.next, *roles)
    return made


@cache
def _factory(instruction: Instruction) -> Callable[..., Any]:
    lines = "\n        ".join(_statements(instruction))
    source = f"""
def make(cpu, R, D, H, W, base, size, pc, next, r, s, t, i, j, target):
    def op():
        {lines}
    return op
"""
    found: dict[str, Any] = {}
    exec(compile(source, f"<{instruction.name}>", "exec"), found)
    made: Callable[..., Any] = found["make"]
    return made


def _text(expression: str) -> str:
    return render(expression, NAMES).text


def _statements(instruction: Instruction) -> list[str]:
    match instruction.effect:
        case Set(to=to, value=value, condition=condition):
            test = f"if {_text(condition)}: " if condition else ""
            return [f"{test}{NAMES[to].text} = {_text(value)}", "return next"]
        case Load(bits=bits, address=address, signed=is_signed):
            where, place, in_ram = _place(bits, address)
            value = f"({place} if {in_ram} and not cpu.watching else cpu.load{bits}(x))"
            if is_signed:
                value = f"({value} ^ {1 << bits - 1}) - {1 << bits - 1} & 0xFFFFFFFF"
            return [where, f"R[t] = {value}", "return next"]
        case Literal():
            return ["R[t] = cpu.literal(target)", "return next"]
        case Store(bits=bits, address=address):
            where, place, in_ram = _place(bits, address)
            value = f"R[t] & {(1 << bits) - 1}"
            test = f"if {in_ram} and not cpu.watching: {place} = {value}"
            return [where, test, f"else: cpu.store{bits}(x, {value})", "return next"]
        case Branch(condition=condition):
            return [f"return target if {_text(condition)} else next"]
        case Jump(to=to, links=True):
            return [f"to = {_text(to)}", "R[0] = next", "return to"]
        case Jump(to=to):
            return [f"return {_text(to)}"]
        case System(call=call, jumps=True):
            return [f"return {_text(call)}"]
        case System(call=call, sets_t=True):
            return [f"R[t] = {_text(call)}", "return next"]
        case System(call=call):
            return [_text(call), "return next"]
        case Nothing():
            return ["return next"]


def _place(bits: int, address: str) -> tuple[str, str, str]:
    """Return what finds the address, the place in data RAM that it means, and whether it means one."""
    view, shift = {8: ("D", ""), 16: ("H", " >> 1"), 32: ("W", " >> 2")}[bits]
    aligned = f" and not x & {bits // 8 - 1}" if bits > 8 else ""
    return f"x = {_text(f'wrap({address})')}", f"{view}[x - base{shift}]", f"0 <= x - base < size{aligned}"

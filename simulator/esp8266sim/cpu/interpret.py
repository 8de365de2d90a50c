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
    "sar": Value(f"R[{SAR_INDEX}]", 0, 63),
}


def operation(core: Core, decoded: Decoded) -> Operation:
    """Return the function that does one instruction."""
    roles = [decoded.values.get(role, 0) for role in ("r", "s", "t", "i", "j", "target")]
    made: Operation = _factory(decoded.instruction)(
        core, core.registers, decoded.address, decoded.next, *roles
    )
    return made


@cache
def _factory(instruction: Instruction) -> Callable[..., Any]:
    lines = "\n        ".join(_statements(instruction))
    source = f"""
def make(cpu, R, pc, next, r, s, t, i, j, target):
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
            value = f"cpu.load{bits}({_text(f'wrap({address})')})"
            if is_signed:
                value = f"({value} ^ {1 << bits - 1}) - {1 << bits - 1} & 0xFFFFFFFF"
            return [f"R[t] = {value}", "return next"]
        case Literal():
            return ["R[t] = cpu.literal(target)", "return next"]
        case Store(bits=bits, address=address):
            mask = (1 << bits) - 1
            return [f"cpu.store{bits}({_text(f'wrap({address})')}, R[t] & {mask})", "return next"]
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

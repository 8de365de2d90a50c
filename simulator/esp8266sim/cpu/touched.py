# SPDX-License-Identifier: Apache-2.0
"""Which registers an instruction reads and writes, read off its row of the table."""

import re
from functools import cache

from esp8266sim.cpu.decode import Decoded
from esp8266sim.cpu.isa import Branch, Instruction, Jump, Literal, Load, Nothing, Set, Store, System

NAMES = re.compile(r"\b(?:r|s|t|a0|sar)\b")


def touched(decoded: Decoded) -> tuple[set[str], set[str]]:
    """Return the names (a0 to a15, sar) of the registers read and written."""
    reads, writes = _roles(decoded.instruction)
    return _names(decoded, reads), _names(decoded, writes)


def _names(decoded: Decoded, roles: set[str]) -> set[str]:
    return {f"a{decoded.values[role]}" if role in decoded.values else role for role in roles}


@cache
def _roles(instruction: Instruction) -> tuple[set[str], set[str]]:
    match instruction.effect:
        case Set(to=to, value=value, condition=condition):
            reads = set(NAMES.findall(f"{value} {condition}"))
            return (reads | {to} if condition else reads), {to}
        case Load(address=address):
            return set(NAMES.findall(address)), {"t"}
        case Literal():
            return set(), {"t"}
        case Store(address=address):
            return {*NAMES.findall(address), "t"}, set()
        case Branch(condition=condition):
            return set(NAMES.findall(condition)), set()
        case Jump(to=to, links=links):
            return set(NAMES.findall(to)), {"a0"} if links else set()
        case System() | Nothing():
            return set(), set()

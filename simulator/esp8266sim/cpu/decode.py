# SPDX-License-Identifier: Apache-2.0
"""From a word to its row of the table with operand values, and from there to objdump's spelling."""

from dataclasses import dataclass, field
from functools import cache

from esp8266sim.cpu.isa import TABLE, Branch, Instruction, Jump, System

SELECTING = 0xFF000F  # op2, op1 and op0: bits by which candidates are looked up


@dataclass(frozen=True, slots=True)
class Decoded:
    """One instruction at an address, made by `decode`: what its bits, `word`, say there.

    Two with the same bits at the same address are equal, whatever was made of them since.
    `values` has the value of each operand by its role.
    """

    address: int
    word: int
    instruction: Instruction = field(compare=False)  # it, and the next, follow from the word
    values: dict[str, int] = field(compare=False)

    @property
    def next(self) -> int:
        """The address behind it."""
        return self.address + self.instruction.size & 0xFFFFFFFF

    @property
    def ends_block(self) -> bool:
        """Whether what runs next is not, or not always, what is behind it."""
        return isinstance(self.instruction.effect, Branch | Jump | System)


@cache
def _candidates(selected: int) -> tuple[Instruction, ...]:
    return tuple(row for row in TABLE if (row.pattern.match ^ selected) & row.pattern.mask & SELECTING == 0)


def size_of(first_byte: int) -> int:
    """Return how many bytes the instruction takes that begins with this one."""
    return 2 if first_byte & 0xF in range(8, 14) else 3


def decode(word: int, address: int) -> Decoded | None:
    """Return what the 24-bit word is, None if illegal. 16-bit instructions use its low half."""
    word, selecting = (word & 0xFFFF, 0xF) if size_of(word) == 2 else (word, SELECTING)
    for row in _candidates(word & selecting):
        pattern = row.pattern
        if word & pattern.mask == pattern.match:
            fields = pattern.read(word)
            return Decoded(address, word, row, {op.role: op.value(fields, address) for op in row.operands})
    return None


def disassemble(decoded: Decoded) -> str:
    """Return the instruction as `xtensa-lx106-elf-objdump -d` spells it, with a space for its tab."""
    row = decoded.instruction
    operands = ", ".join(op.text(decoded.values[op.role]) for op in row.operands)
    return f"{row.name} {operands}".rstrip()

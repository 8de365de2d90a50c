# SPDX-License-Identifier: Apache-2.0
"""The fields of instruction words, and the operands that they encode.

A pattern spells the word from its highest bit: binary digits, and fields by name. An operand has a role,
the name by which an instruction's effect calls its value: r, s, t for registers, i and j for immediates,
target for addresses of code and literals. Source: the Xtensa ISA reference manual; every value and its
spelling is compared with objdump.
"""

from collections.abc import Callable
from dataclasses import dataclass

Fields = dict[str, int]

WIDTHS = {"r": 4, "s": 4, "t": 4, "w": 4, "i8": 8, "i12": 12, "i16": 16, "o18": 18, "k": 1, "h2": 2, "h3": 3}
MASK32 = 0xFFFFFFFF
B4CONST = (-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256)
B4CONSTU = (32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which words an instruction has, and where its fields are."""

    size: int  # bytes, 2 or 3
    mask: int
    match: int
    fields: tuple[tuple[str, int, int], ...]  # name, shift, mask

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Read a pattern, such as `1000 0000 r s t 0000`."""
        mask = match = position = 0
        fields = []
        for token in reversed(text.split()):
            for part in reversed(_parts(token)):
                if part in WIDTHS:
                    fields.append((part, position, (1 << WIDTHS[part]) - 1))
                    position += WIDTHS[part]
                else:
                    mask |= 1 << position
                    match |= int(part) << position
                    position += 1
        return cls(position // 8, mask, match, tuple(fields))

    def read(self, word: int) -> Fields:
        """Return the fields of a word."""
        return {name: word >> shift & mask for name, shift, mask in self.fields}


def _parts(token: str) -> list[str]:
    """Split `011k` into digits and one-bit fields; a whole token that is a field stays whole."""
    return [token] if token in WIDTHS else list(token)


def signed(value: int, bits: int) -> int:
    """Return `value` with its highest bit as sign."""
    return value - (1 << bits) if value >> bits - 1 else value


@dataclass(frozen=True, slots=True)
class Operand:
    """One operand: its role, its value, and whether that is a register, a number or an address."""

    role: str
    kind: str  # "register", "number", "address"
    value: Callable[[Fields, int], int]  # of the fields and the instruction's address

    def text(self, value: int) -> str:
        """Spell a value as objdump does."""
        if self.kind == "register":
            return f"a{value}"
        if self.kind == "number" and -256 < value < 256:
            return str(value)
        return f"0x{value & MASK32:x}"


def _number(role: str, value: Callable[[Fields], int]) -> Operand:
    return Operand(role, "number", lambda fields, _: value(fields))


def _address(value: Callable[[Fields, int], int]) -> Operand:
    return Operand("target", "address", lambda fields, pc: value(fields, pc) & MASK32)


OPERANDS = {
    **{name: Operand(name, "register", lambda fields, _, name=name: fields[name]) for name in "rst"},  # type: ignore[misc]
    "simm8": _number("i", lambda f: signed(f["i8"], 8)),
    "simm8x256": _number("i", lambda f: signed(f["i8"], 8) << 8),
    "uimm8": _number("i", lambda f: f["i8"]),
    "uimm8x2": _number("i", lambda f: f["i8"] << 1),
    "uimm8x4": _number("i", lambda f: f["i8"] << 2),
    "simm12": _number("i", lambda f: signed(f["s"] << 8 | f["i8"], 12)),
    "simm7": _number("i", lambda f: (v := f["h3"] << 4 | f["r"]) - (128 if v >= 96 else 0)),
    "addi_n": _number("i", lambda f: f["t"] or -1),
    "uimm4x4": _number("i", lambda f: f["r"] << 2),
    "b4const": _number("i", lambda f: B4CONST[f["r"]]),
    "b4constu": _number("i", lambda f: B4CONSTU[f["r"]]),
    "bit": _number("i", lambda f: f["k"] << 4 | f["t"]),
    "shift_left": _number("i", lambda f: 32 - (f["k"] << 4 | f["t"])),
    "shift": _number("i", lambda f: f["k"] << 4 | f["s"]),
    "shift_logical": _number("i", lambda f: f["s"]),
    "width": _number("j", lambda f: f["w"] + 1),
    "imm_s": _number("i", lambda f: f["s"]),
    "imm_t": _number("j", lambda f: f["t"]),
    "label8": _address(lambda f, pc: pc + 4 + signed(f["i8"], 8)),
    "label12": _address(lambda f, pc: pc + 4 + signed(f["i12"], 12)),
    "label18": _address(lambda f, pc: pc + 4 + signed(f["o18"], 18)),
    "label6": _address(lambda f, pc: pc + 4 + (f["h2"] << 4 | f["r"])),
    "call18": _address(lambda f, pc: (pc & ~3) + 4 + (signed(f["o18"], 18) << 2)),
    "literal16": _address(lambda f, pc: (pc + 3 & ~3) + (f["i16"] - 0x10000 << 2)),
}

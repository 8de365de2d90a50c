# SPDX-License-Identifier: Apache-2.0
"""The one table of instructions: encoding, operands, effect and cost of each.

Decoder, disassembler, interpreter and translator are all made from it; nothing else knows an opcode.
An effect is written in Python's expressions over r, s, t (registers named by those fields), i, j,
target (immediates), pc, next (addresses), a0, sar, ccount and cpu, with registers as integers 0..2**32-1:

    wrap(e)    e modulo 2**32
    signed(e)  e, a 32-bit pattern, as a signed number

Encodings: the Xtensa ISA reference manual; that these, and no others, are the LX106's is what
`xtensa-lx106-elf-objdump` says of every word. Costs: one cycle each, which is how the costs of ROM
functions were counted; real taken branches and fetches take longer, by how much nobody has published.
"""

from dataclasses import dataclass, field

from esp8266sim.cpu.operands import OPERANDS, Operand, Pattern
from esp8266sim.cpu.special import REGISTERS


@dataclass(frozen=True, slots=True)
class Set:
    """The register `to` becomes `value`; with a condition only if that holds."""

    to: str
    value: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """Register t becomes what is in memory, extended from `bits`."""

    bits: int
    address: str
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Register t becomes the word at `target`, or at LITBASE when that is on."""


@dataclass(frozen=True, slots=True)
class Store:
    """The low `bits` of register t go to memory."""

    bits: int
    address: str


@dataclass(frozen=True, slots=True)
class Branch:
    """To `target` if the condition holds."""

    condition: str


@dataclass(frozen=True, slots=True)
class Jump:
    """To `to`; a call leaves the next address in a0."""

    to: str
    links: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """What only the interpreter does: `call` gives register t a value, or with `jumps` where to go on."""

    call: str
    sets_t: bool = False
    jumps: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """No effect: nothing here is out of order, so barriers have nothing to do."""


Effect = Set | Load | Literal | Store | Branch | Jump | System | Nothing


@dataclass(frozen=True, slots=True)
class Instruction:
    """One row. `cycles` is what it takes, taken or not."""

    name: str
    pattern_text: str
    operand_names: str
    effect: Effect
    cycles: int = 1
    pattern: Pattern = field(init=False)
    operands: tuple[Operand, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", Pattern.parse(self.pattern_text))
        object.__setattr__(self, "operands", tuple(OPERANDS[name] for name in self.operand_names.split()))

    @property
    def size(self) -> int:
        """Bytes, 2 or 3."""
        return self.pattern.size


PLAIN = {"rsr.sar", "wsr.sar", "rsr.ccount"}  # that are rows like any other


def _special(access: str, mnemonic: str, pattern: str, call: str, *, sets_t: bool) -> list[Instruction]:
    rows = []
    for register in REGISTERS:
        if access in register.access and f"{mnemonic}.{register.name}" not in PLAIN:
            effect = System(call.format(register.number), sets_t=sets_t)
            number = f"{register.number >> 4:04b} {register.number & 15:04b}"
            rows.append(Instruction(f"{mnemonic}.{register.name}", pattern.format(number), "t", effect))
    return rows


I = Instruction  # noqa: E741  a table reads better with a short name in front
TABLE: tuple[Instruction, ...] = (
    # arithmetic and logic
    I("add", "1000 0000 r s t 0000", "r s t", Set("r", "wrap(s + t)")),
    I("addx2", "1001 0000 r s t 0000", "r s t", Set("r", "wrap((s << 1) + t)")),
    I("addx4", "1010 0000 r s t 0000", "r s t", Set("r", "wrap((s << 2) + t)")),
    I("addx8", "1011 0000 r s t 0000", "r s t", Set("r", "wrap((s << 3) + t)")),
    I("sub", "1100 0000 r s t 0000", "r s t", Set("r", "wrap(s - t)")),
    I("subx2", "1101 0000 r s t 0000", "r s t", Set("r", "wrap((s << 1) - t)")),
    I("subx4", "1110 0000 r s t 0000", "r s t", Set("r", "wrap((s << 2) - t)")),
    I("subx8", "1111 0000 r s t 0000", "r s t", Set("r", "wrap((s << 3) - t)")),
    I("add.n", "r s t 1010", "r s t", Set("r", "wrap(s + t)")),
    I("addi", "i8 1100 s t 0010", "t s simm8", Set("t", "wrap(s + i)")),
    I("addi.n", "r s t 1011", "r s addi_n", Set("r", "wrap(s + i)")),
    I("addmi", "i8 1101 s t 0010", "t s simm8x256", Set("t", "wrap(s + i)")),
    I("and", "0001 0000 r s t 0000", "r s t", Set("r", "s & t")),
    I("or", "0010 0000 r s t 0000", "r s t", Set("r", "s | t")),
    I("xor", "0011 0000 r s t 0000", "r s t", Set("r", "s ^ t")),
    I("neg", "0110 0000 r 0000 t 0000", "r t", Set("r", "wrap(0 - t)")),
    I("abs", "0110 0000 r 0001 t 0000", "r t", Set("r", "abs(signed(t))")),
    I("mov.n", "0000 s t 1101", "t s", Set("t", "s")),
    I("movi", "i8 1010 s t 0010", "t simm12", Set("t", "wrap(i)")),
    I("movi.n", "r s 0 h3 1100", "s simm7", Set("s", "wrap(i)")),
    I("moveqz", "1000 0011 r s t 0000", "r s t", Set("r", "s", "t == 0")),
    I("movnez", "1001 0011 r s t 0000", "r s t", Set("r", "s", "t != 0")),
    I("movltz", "1010 0011 r s t 0000", "r s t", Set("r", "s", "t >= 0x80000000")),
    I("movgez", "1011 0011 r s t 0000", "r s t", Set("r", "s", "t < 0x80000000")),
    I("extui", "w 010k r s t 0000", "r t shift width", Set("r", "t >> i & (1 << j) - 1")),
    I(
        "nsa",
        "0100 0000 1110 s t 0000",
        "t s",
        Set("t", "31 - (s ^ 0xFFFFFFFF if s >= 0x80000000 else s).bit_length()"),
    ),
    I("nsau", "0100 0000 1111 s t 0000", "t s", Set("t", "32 - s.bit_length()")),
    # multiplication
    I("mul16u", "1100 0001 r s t 0000", "r s t", Set("r", "(s & 0xFFFF) * (t & 0xFFFF)")),
    I(
        "mul16s",
        "1101 0001 r s t 0000",
        "r s t",
        Set("r", "wrap(((s & 0xFFFF ^ 0x8000) - 0x8000) * ((t & 0xFFFF ^ 0x8000) - 0x8000))"),
    ),
    I("mull", "1000 0010 r s t 0000", "r s t", Set("r", "wrap(s * t)")),
    # shifts
    I("slli", "000k 0001 r s t 0000", "r s shift_left", Set("r", "wrap(s << i)")),
    I("srli", "0100 0001 r s t 0000", "r t shift_logical", Set("r", "t >> i")),
    I("srai", "001k 0001 r s t 0000", "r t shift", Set("r", "wrap(signed(t) >> i)")),
    I("sll", "1010 0001 r s 0000 0000", "r s", Set("r", "wrap((s << 32) >> sar)")),
    I("srl", "1001 0001 r 0000 t 0000", "r t", Set("r", "t >> sar")),
    I("sra", "1011 0001 r 0000 t 0000", "r t", Set("r", "wrap(signed(t) >> sar)")),
    I("src", "1000 0001 r s t 0000", "r s t", Set("r", "wrap((s << 32 | t) >> sar)")),
    I("ssr", "0100 0000 0000 s 0000 0000", "s", Set("sar", "s & 31")),
    I("ssl", "0100 0000 0001 s 0000 0000", "s", Set("sar", "32 - (s & 31)")),
    I("ssa8l", "0100 0000 0010 s 0000 0000", "s", Set("sar", "(s & 3) << 3")),
    I("ssa8b", "0100 0000 0011 s 0000 0000", "s", Set("sar", "32 - ((s & 3) << 3)")),
    I("ssai", "0100 0000 0100 s 000k 0000", "shift", Set("sar", "i")),
    I("rsr.sar", "0000 0011 0000 0011 t 0000", "t", Set("t", "sar")),
    I("rsr.ccount", "0000 0011 1110 1010 t 0000", "t", Set("t", "ccount")),
    I("wsr.sar", "0001 0011 0000 0011 t 0000", "t", Set("sar", "t & 63")),
    # memory
    I("l8ui", "i8 0000 s t 0010", "t s uimm8", Load(8, "s + i")),
    I("l16ui", "i8 0001 s t 0010", "t s uimm8x2", Load(16, "s + i")),
    I("l16si", "i8 1001 s t 0010", "t s uimm8x2", Load(16, "s + i", signed=True)),
    I("l32i", "i8 0010 s t 0010", "t s uimm8x4", Load(32, "s + i")),
    I("l32i.n", "r s t 1000", "t s uimm4x4", Load(32, "s + i")),
    I("l32r", "i16 t 0001", "t literal16", Literal()),
    I("s8i", "i8 0100 s t 0010", "t s uimm8", Store(8, "s + i")),
    I("s16i", "i8 0101 s t 0010", "t s uimm8x2", Store(16, "s + i")),
    I("s32i", "i8 0110 s t 0010", "t s uimm8x4", Store(32, "s + i")),
    I("s32i.n", "r s t 1001", "t s uimm4x4", Store(32, "s + i")),
    # branches
    I("beqz", "i12 s 0001 0110", "s label12", Branch("s == 0")),
    I("bnez", "i12 s 0101 0110", "s label12", Branch("s != 0")),
    I("bltz", "i12 s 1001 0110", "s label12", Branch("s >= 0x80000000")),
    I("bgez", "i12 s 1101 0110", "s label12", Branch("s < 0x80000000")),
    I("beqz.n", "r s 10 h2 1100", "s label6", Branch("s == 0")),
    I("bnez.n", "r s 11 h2 1100", "s label6", Branch("s != 0")),
    I("beqi", "i8 r s 0010 0110", "s b4const label8", Branch("s == wrap(i)")),
    I("bnei", "i8 r s 0110 0110", "s b4const label8", Branch("s != wrap(i)")),
    I("blti", "i8 r s 1010 0110", "s b4const label8", Branch("signed(s) < i")),
    I("bgei", "i8 r s 1110 0110", "s b4const label8", Branch("signed(s) >= i")),
    I("bltui", "i8 r s 1011 0110", "s b4constu label8", Branch("s < i")),
    I("bgeui", "i8 r s 1111 0110", "s b4constu label8", Branch("s >= i")),
    I("beq", "i8 0001 s t 0111", "s t label8", Branch("s == t")),
    I("bne", "i8 1001 s t 0111", "s t label8", Branch("s != t")),
    I("blt", "i8 0010 s t 0111", "s t label8", Branch("signed(s) < signed(t)")),
    I("bge", "i8 1010 s t 0111", "s t label8", Branch("signed(s) >= signed(t)")),
    I("bltu", "i8 0011 s t 0111", "s t label8", Branch("s < t")),
    I("bgeu", "i8 1011 s t 0111", "s t label8", Branch("s >= t")),
    I("bnone", "i8 0000 s t 0111", "s t label8", Branch("s & t == 0")),
    I("bany", "i8 1000 s t 0111", "s t label8", Branch("s & t != 0")),
    I("ball", "i8 0100 s t 0111", "s t label8", Branch("s & t == t")),
    I("bnall", "i8 1100 s t 0111", "s t label8", Branch("s & t != t")),
    I("bbc", "i8 0101 s t 0111", "s t label8", Branch("s >> (t & 31) & 1 == 0")),
    I("bbs", "i8 1101 s t 0111", "s t label8", Branch("s >> (t & 31) & 1 != 0")),
    I("bbci", "i8 011k s t 0111", "s bit label8", Branch("s & 1 << i == 0")),
    I("bbsi", "i8 111k s t 0111", "s bit label8", Branch("s & 1 << i != 0")),
    # jumps and calls
    I("j", "o18 00 0110", "label18", Jump("target")),
    I("jx", "0000 0000 0000 s 1010 0000", "s", Jump("s")),
    I("call0", "o18 00 0101", "call18", Jump("target", links=True)),
    I("callx0", "0000 0000 0000 s 1100 0000", "s", Jump("s", links=True)),
    I("ret", "0000 0000 0000 s 1000 0000", "", Jump("a0")),
    I("ret.n", "1111 s 0000 1101", "", Jump("a0")),
    # barriers and other nothings
    *(
        I(name, f"0000 0000 0010 0000 {code} 0000", "", Nothing())
        for name, code in (
            ("isync", "0000"),
            ("rsync", "0001"),
            ("esync", "0010"),
            ("dsync", "0011"),
            ("memw", "1100"),
            ("extw", "1101"),
            ("nop", "1111"),
        )
    ),
    I("nop.n", "1111 0000 0011 1101", "", Nothing()),
    # the system
    I("ill", "0000 0000 0000 0000 0000 0000", "", System("cpu.illegal()", jumps=True)),
    I("ill.n", "1111 0000 0110 1101", "", System("cpu.illegal()", jumps=True)),
    I("excw", "0000 0000 0010 0000 1000 0000", "", Nothing()),
    I("syscall", "0000 0000 0101 0000 0000 0000", "", System("cpu.system_call()", jumps=True)),
    I("simcall", "0000 0000 0101 0001 0000 0000", "", System("cpu.illegal()", jumps=True)),
    I("break", "0000 0000 0100 s t 0000", "imm_s imm_t", System("cpu.breakpoint(next, 0x08)", jumps=True)),
    I("break.n", "1111 s 0010 1101", "imm_s", System("cpu.breakpoint(next, 0x10)", jumps=True)),
    I("rsil", "0000 0000 0110 s t 0000", "t imm_s", System("cpu.set_interrupt_level(i)", sets_t=True)),
    I("waiti", "0000 0000 0111 s 0000 0000", "imm_s", System("cpu.wait(i)")),
    I("rfe", "0000 0000 0011 0000 0000 0000", "", System("cpu.return_from_exception()", jumps=True)),
    I("rfde", "0000 0000 0011 0010 0000 0000", "", System("cpu.return_from_double()", jumps=True)),
    I("rfi", "0000 0000 0011 s 0001 0000", "imm_s", System("cpu.return_from_interrupt(i)", jumps=True)),
    I("rfdd", "1111 0001 1110 s 0001 0000", "", System("cpu.illegal()", jumps=True)),
    I("rfdo", "1111 0001 1110 s 0000 0000", "imm_s", System("cpu.illegal()", jumps=True)),
    I("rer", "0100 0000 0110 s t 0000", "", System("cpu.illegal()", jumps=True)),
    I("wer", "0100 0000 0111 s t 0000", "", System("cpu.illegal()", jumps=True)),
    # region protection
    I("iitlb", "0101 0000 0100 s 0000 0000", "s", Nothing()),
    I("idtlb", "0101 0000 1100 s 0000 0000", "s", Nothing()),
    I("witlb", "0101 0000 0110 s t 0000", "t s", System("cpu.write_attribute(0, s, t)")),
    I("wdtlb", "0101 0000 1110 s t 0000", "t s", System("cpu.write_attribute(1, s, t)")),
    I("ritlb0", "0101 0000 0011 s t 0000", "t s", System("s & 0xE0000000", sets_t=True)),
    I("rdtlb0", "0101 0000 1011 s t 0000", "t s", System("s & 0xE0000000", sets_t=True)),
    I("ritlb1", "0101 0000 0111 s t 0000", "t s", System("cpu.read_attribute(0, s)", sets_t=True)),
    I("rdtlb1", "0101 0000 1111 s t 0000", "t s", System("cpu.read_attribute(1, s)", sets_t=True)),
    I("pitlb", "0101 0000 0101 s t 0000", "t s", System("s & 0xE0000000 | 1", sets_t=True)),
    I("pdtlb", "0101 0000 1101 s t 0000", "t s", System("s & 0xE0000000 | 1", sets_t=True)),
    # special registers
    *_special("r", "rsr", "0000 0011 {} t 0000", "cpu.read_special({})", sets_t=True),
    *_special("w", "wsr", "0001 0011 {} t 0000", "cpu.write_special({}, t)", sets_t=False),
    *_special("x", "xsr", "0110 0001 {} t 0000", "cpu.exchange_special({}, t)", sets_t=True),
)

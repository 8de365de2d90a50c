# SPDX-License-Identifier: Apache-2.0
"""Writes a Python function that does what a region of code does, loops and all.

Address registers are local variables. `n` counts the cycles that are left: it is looked at where a loop
goes round, where the function is left, and in code that goes straight on for longer than `MAX_STRAIGHT`
cycles; so no deadline is missed by more than that. Data RAM is accessed directly, and
everything else through the CPU, which knows `pc` and `left` exactly by then. The function returns the
next address and what is left of `n`.
"""

import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import CodeType
from typing import Any

from esp8266sim.cpu import flow
from esp8266sim.cpu.core import BARRED, SAR_INDEX, Core
from esp8266sim.cpu.decode import Decoded
from esp8266sim.cpu.flow import Block
from esp8266sim.cpu.isa import Branch, Instruction, Jump, Literal, Load, Set, Store, System
from esp8266sim.cpu.render import Value, constant, render, unknown
from esp8266sim.cpu.special import LITBASE
from esp8266sim.cpu.structure import Path, Structure
from esp8266sim.cpu.touched import touched
from esp8266sim.soc.bus import CpuException

Translation = Callable[[int], tuple[int, int]]
Decode = Callable[[int], Decoded | None]

SUM = re.compile(r"wrap\([-+<() sti0-9]*\)")  # is right modulo 2**32 whatever its operands are modulo that
MAX_STRAIGHT = 128  # cycles between two looks at the deadline


@dataclass(eq=False, slots=True)
class Region:
    """A translated piece of code: its entry, its function, and the addresses that it was made from."""

    entry: int
    spans: list[tuple[int, int]]
    run: Translation
    source: str


def translate(core: Core, entry: int, decode: Decode, slow: Callable[[int], int]) -> Region | None:
    """Translate what is reached from `entry`; None if its first instruction is not for translated code.

    `decode` gives None where translated code must not go. A load or store that is not in the CPU's
    `slow_sites` expects to meet data RAM; when it does not, `slow` is called with its address, and
    returns that.
    """
    words: dict[int, int] = {}  # the literals, by address

    def translatable(address: int) -> Decoded | None:
        found = decode(address)
        if found is None or isinstance(found.instruction.effect, System):
            return None
        if isinstance(found.instruction.effect, Literal):
            target = found.values["target"]
            word = _word(core, target)
            if word is None:
                return None
            words[target] = word
        return found

    code = flow.reached(entry, translatable)
    if not code:
        return None
    slow_sites = core.slow_sites.intersection(found.address for found in code)
    written = _written(
        _Piece(
            entry,
            code,
            tuple(words.items()),
            frozenset(slow_sites),
            core.memory.ram_base,
            core.direct_size,
        )
    )
    ram = memoryview(core.memory.ram)
    names: dict[str, Any] = {
        "cpu": core,
        "R": core.registers,
        "D": core.memory.ram,
        "H": ram.cast("H"),
        "W": ram.cast("I"),
        "slow": slow,
        "Fault": CpuException,
    }
    exec(written.compiled, names)
    return Region(entry, written.spans, names["region"], written.source)


@dataclass(frozen=True, slots=True)
class _Piece:
    """All that a translation depends on."""

    entry: int
    code: tuple[Decoded, ...]
    words: tuple[tuple[int, int], ...]  # the literals, in the order of the code
    slow_sites: frozenset[int]
    ram_base: int
    ram_size: int


@dataclass(frozen=True, slots=True)
class _Written:
    """A translation, for every CPU that meets the same."""

    source: str
    compiled: CodeType
    spans: list[tuple[int, int]]


@lru_cache(maxsize=1024)  # the boards of a process mostly run the same code, and this takes longest
def _written(piece: _Piece) -> _Written:
    writer = _Writer(piece)
    source = writer.source()
    return _Written(source, compile(source, f"<code at 0x{piece.entry:08x}>", "exec"), writer.spans())


def polls(block: Block) -> bool:
    """Return whether a block goes round in itself and keeps nothing from one round to the next.

    What its loads give decides alone when it ends: how often it goes round cannot be told afterwards.
    """
    if block.address not in block.exits:
        return False
    read: set[str] = set()
    written: set[str] = set()
    for decoded in block.code:
        if isinstance(decoded.instruction.effect, Store):
            return False
        reads, writes = touched(decoded)
        read |= reads - written
        written |= writes
    return not read & written


@dataclass(frozen=True, slots=True)
class _Access:
    """A load or store: its bytes, its address, and the statements for data RAM and for anything else."""

    width: int
    address: str
    direct: Callable[[str], str]  # of the place
    asking: Callable[[str], str]  # of the address


class _Writer(Structure):
    """Writes one region's source."""

    def __init__(self, piece: _Piece) -> None:
        super().__init__(flow.graph(piece.entry, piece.code))
        self._words = dict(piece.words)
        self._slow_sites = piece.slow_sites
        self._ram_base, self._ram_size = piece.ram_base, piece.ram_size
        self._faults = False
        self._polling = False  # in a block that does nothing but poll
        reads, writes = set(), set()
        for block in self.blocks:
            for decoded in block.code:
                reads |= touched(decoded)[0]
                writes |= touched(decoded)[1]
        indices = [(name, SAR_INDEX if name == "sar" else int(name[1:])) for name in sorted(reads | writes)]
        self._loading = "; ".join(f"{name} = R[{index}]" for name, index in indices)
        self._saving = "".join(f"R[{index}] = {name}; " for name, index in indices if name in writes)

    def source(self) -> str:
        """Return the whole function."""
        self.write(depth=2)
        head = ["def region(n, R=R, cpu=cpu, D=D, H=H, W=W, slow=slow):"]
        if self._loading:
            head.append(f" {self._loading}")
        head.append(" try:" if self._faults else " if 1:")
        tail = [" except Fault:", f"  {self._saving}raise"] if self._faults else []
        return "\n".join([*head, *self.lines, *tail, ""])

    def spans(self) -> list[tuple[int, int]]:
        """Return the ranges of addresses that the source was made from."""
        code = [(block.address, block.code[-1].next) for block in self.blocks]
        return code + [(address, address + 4) for address in self._words]

    def leave(self, address: int, path: Path) -> bool:
        """Write what leaves the function for an address."""
        return self._leave(str(address), path)

    def _leave(self, target: str, path: Path) -> bool:
        self.line(f"{self._saving}return {target}, {_left(path.pending)}")
        return False

    def code(self, block: Block, path: Path) -> bool:
        """Write the instructions of a block."""
        path.cut = block.cut
        self._polling = polls(block)
        for index, decoded in enumerate(block.code):
            cycles = decoded.instruction.cycles
            if path.straight + cycles > MAX_STRAIGHT:
                self._look_at_deadline(decoded.address, path)
            path.straight += cycles
            if not decoded.ends_block:
                rest = block.code[index + 1 : index + 1 + MAX_STRAIGHT - path.straight]
                self._instruction(_unwrapped(decoded, rest) or decoded, path)
            path.pending += cycles
            if decoded.ends_block:
                return self._end(decoded, path)
        return self.go(block.exits[-1], path)

    def _look_at_deadline(self, address: int, path: Path) -> None:
        self.flush(path)
        self.line(f"if n <= 0: {self._saving}return {address}, n")
        path.straight = 0

    def _instruction(self, decoded: Decoded, path: Path) -> None:
        """Write an instruction that goes on behind itself."""
        match decoded.instruction.effect:
            case Set(to=to, value=value, condition=condition):
                self._set(decoded, path, to, value, condition)
            case Load(bits=bits, address=address, signed=signed):
                self._load(decoded, path, bits, address, signed=signed)
            case Literal():
                self._literal(decoded, path)
            case Store(bits=bits, address=address):
                self._store(decoded, path, bits, address)

    def _end(self, decoded: Decoded, path: Path) -> bool:
        names = _names(decoded, path)
        match decoded.instruction.effect:
            case Branch(condition=condition):
                test = render(condition, names).text
                return self.branch(test, decoded.values["target"], decoded.next, path)
            case Jump(to=to, links=True):
                self.line(f"k = {names[to].text}; a0 = {decoded.next}")
                return self._leave("k", path)
            case Jump(to="target"):
                return self.go(decoded.values["target"], path)
            case Jump(to=to):
                return self._leave(names[to].text, path)
        raise AssertionError(f"{decoded.instruction.name} does not end a block")

    def _set(self, decoded: Decoded, path: Path, to: str, value: str, condition: str | None) -> None:
        names = _names(decoded, path)
        gone = path.pending + decoded.instruction.cycles
        names["ccount"] = unknown(f"(cpu.ccount_end + {gone} - n & 0xFFFFFFFF)")
        name = f"a{decoded.values[to]}" if to in decoded.values else to
        new, old = render(value, names), names[to]
        if condition is None:
            if new.text != name:
                self.line(f"{name} = {new.text}")
            self._know(path, name, new.low, new.high, new.zeros)
            return
        self.line(f"if {render(condition, names).text}: {name} = {new.text}")
        self._know(path, name, min(new.low, old.low), max(new.high, old.high), min(new.zeros, old.zeros))

    def _know(self, path: Path, name: str, low: int, high: int, zeros: int) -> None:
        path.facts[name] = constant(low) if low == high else Value(name, low, high, zeros)

    def _literal(self, decoded: Decoded, path: Path) -> None:
        """Write L32R: the word is part of the code that is translated."""
        word = self._words[decoded.values["target"]]
        name = f"a{decoded.values['t']}"
        self.line(f"{name} = {word}")
        path.facts[name] = constant(word)

    def _load(self, decoded: Decoded, path: Path, bits: int, address: str, *, signed: bool) -> None:
        name = f"a{decoded.values['t']}"
        limit = (1 << bits) - 1
        sign = 1 << bits - 1

        def extended(value: str) -> str:
            return f"({value} ^ {sign}) - {sign} & 0xFFFFFFFF" if signed else value

        load = "cpu.poll32" if self._polling and bits == 32 else f"cpu.load{bits}"
        access = _Access(
            bits // 8,
            address,
            lambda place: f"{name} = {extended(place)}",
            lambda where: f"{name} = {extended(f'{load}({where})')}",
        )
        self._access(decoded, path, access)
        if signed:
            path.facts.pop(name, None)
        else:
            self._know(path, name, 0, limit, 0)

    def _store(self, decoded: Decoded, path: Path, bits: int, address: str) -> None:
        names = {**_names(decoded, path), "mask": constant((1 << bits) - 1)}
        value = render("t & mask", names).text
        access = _Access(
            bits // 8,
            address,
            lambda place: f"{place} = {value}",
            lambda where: f"cpu.store{bits}({where}, {value})",
        )
        self._access(decoded, path, access)

    def _access(self, decoded: Decoded, path: Path, access: _Access) -> None:
        """Write an access: to data RAM, or through the CPU, or to whichever it turns out to be."""
        names = _names(decoded, path)
        index = render(access.address, {**names, "i": constant(decoded.values["i"] - self._ram_base)})
        bad, place = self._checks(index, access.width)
        if bad == "never":
            self.line(access.direct(place))
        elif bad == "always":
            self._slowly(decoded, path, access)
        elif decoded.address in self._slow_sites:
            self.line(f"if {bad}:")
            self._depth += 1
            self._slowly(decoded, path, access)
            self._depth -= 1
            self.line("else:")
            self._depth += 1
            self.line(access.direct(place))
            self._depth -= 1
        else:
            self.line(f"if {bad}: {self._saving}return slow({decoded.address}), {_left(path.pending)}")
            self.line(access.direct(place))
            self._know_base(decoded, path, names["s"], access.width)

    def _know_base(self, decoded: Decoded, path: Path, known: Value, width: int) -> None:
        """Note what an access that met data RAM says of its base register."""
        offset = decoded.values["i"]
        low = max(known.low, self._ram_base - offset)
        high = min(known.high, self._ram_base - offset + self._ram_size - width)
        zeros = max(known.zeros, width.bit_length() - 1 if offset % width == 0 else 0)
        self._know(path, f"a{decoded.values['s']}", low, high, zeros)

    def _checks(self, index: Value, width: int) -> tuple[str, str]:
        """Return when an index into data RAM is bad, and the place that it means if it is not."""
        below, above = index.low < 0, index.high > self._ram_size - width
        aligned = index.zeros >= width.bit_length() - 1
        shift = {1: "", 2: " >> 1", 4: " >> 2"}[width]
        view = {1: "D", 2: "H", 4: "W"}[width]
        if not self._ram_size or index.high < 0 or index.low >= self._ram_size:
            return "always", ""
        if aligned and not below and not above:
            return "never", f"{view}[{index.text}{shift}]"
        size = self._ram_size
        place = f"{view}[x{shift}]"
        if not aligned:
            span = (1 << (size - 1).bit_length()) - width
            bad = f"(x := {index.text}) & {~span}"
            return (f"{bad} or x >= {size}" if above and size & size - 1 else bad), place
        if below and above:
            return f"not 0 <= (x := {index.text}) < {size}", place
        return f"(x := {index.text}) {'< 0' if below else f'>= {size}'}", place

    def _slowly(self, decoded: Decoded, path: Path, access: _Access) -> None:
        self._faults = True
        pending = path.pending + decoded.instruction.cycles
        where = render(f"wrap({access.address})", _names(decoded, path)).text
        self.line(f"cpu.pc = {decoded.address}; cpu.left = {_left(pending)}")
        self.line(access.asking(where))
        self.line(f"if cpu.attention: {self._saving}return {decoded.next}, {_left(pending)}")


def _unwrapped(decoded: Decoded, rest: list[Decoded]) -> Decoded | None:
    """Return a sum without its wrap, if the next to look at the sum adds to it and replaces it.

    Until then nothing may leave the function, so everything between must be a plain `Set`.
    """
    effect = decoded.instruction.effect
    if not (isinstance(effect, Set) and effect.condition is None and SUM.fullmatch(effect.value)):
        return None
    (name,) = touched(decoded)[1]
    for other in rest:
        following = other.instruction.effect
        if not isinstance(following, Set):
            return None
        reads, writes = touched(other)
        if name in reads | writes:
            if name in writes and following.condition is None and SUM.fullmatch(following.value):
                return replace(decoded, instruction=_without_wrap(decoded.instruction))
            return None
    return None


@cache
def _without_wrap(instruction: Instruction) -> Instruction:
    assert isinstance(instruction.effect, Set)
    bare = replace(instruction.effect, value=instruction.effect.value.removeprefix("wrap"))
    made = copy(instruction)
    object.__setattr__(made, "effect", bare)
    return made


def _word(core: Core, address: int) -> int | None:
    """Return the literal at an address, None if only the interpreter can load it."""
    in_ram = 0 <= address - core.memory.ram_base < len(core.memory.ram)
    if in_ram or core.special[LITBASE] & 1 or core.attributes[1][address >> 29] in BARRED:
        return None
    try:
        return core.memory.fetch32(address)
    except CpuException:
        return None


def _left(pending: int) -> str:
    return f"n - {pending}" if pending else "n"


def _names(decoded: Decoded, path: Path) -> dict[str, Value]:
    """Return what the names in the table's expressions stand for here."""
    names = {role: constant(value) for role, value in decoded.values.items()}
    for role in "rst":
        if role in names:
            name = f"a{decoded.values[role]}"
            names[role] = path.facts.get(name) or unknown(name)
    names["next"] = constant(decoded.next)
    names["a0"] = path.facts.get("a0") or unknown("a0")
    names["sar"] = path.facts.get("sar") or Value("sar", 0, 63)
    return names

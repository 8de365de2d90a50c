# SPDX-License-Identifier: Apache-2.0
"""Writes blocks of code as nested `if` and `while` statements of Python, along the dominator tree.

Where several blocks join, their code follows the statement that decides between them; control gets there
by running out of that statement. If a path must skip some of what follows, the variable `k` tells where
it is going, and what follows is guarded by it. Loops are left by `break`, and `k` tells where for.
Whatever does not fit (too deep, a jump into a loop) leaves the function instead, which is always right.

What single instructions become is up to `code`, in `translate`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from esp8266sim.cpu.flow import Block
from esp8266sim.cpu.render import Value
from esp8266sim.cpu.touched import touched

MAX_DEPTH = 60  # of statements; Python's compiler takes 100
MAX_LOOPS = 15  # of loops in loops; Python's compiler takes 20

Key = tuple[int, str]


@dataclass(slots=True)
class Path:
    """What is known at one point of one path: values, cycles not yet taken from `n`, cycles gone straight."""

    facts: dict[str, Value] = field(default_factory=dict)
    pending: int = 0
    straight: int = 0
    cut: set[int] = field(default_factory=set)  # addresses that must not be gone to from here

    def copy(self) -> "Path":
        """Return the same for a path that parts here."""
        return Path(dict(self.facts), self.pending, self.straight, self.cut)


@dataclass(eq=False, slots=True)
class Follow:
    """The blocks whose code comes behind the statement being written, in order."""

    key: Key
    blocks: list[Block]


@dataclass(eq=False, slots=True)
class Loop:
    """A `while` being written, and where it is left for, with the cycles gone straight by then."""

    header: Block
    body: set[Block]
    breaks: dict[Block, int] = field(default_factory=dict)


class Structure:
    """Writes the statements. Every method that writes returns whether control can run out behind it."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self.lines: list[str] = []
        self._by_address = {block.address: block for block in blocks}
        self._depth = 0
        self._frames: list[Follow | Loop] = []
        self._reached: dict[Block, int] = {}
        self._guarded: set[Key] = set()  # statements that a path runs out of to skip what follows
        self._several: set[Block] = set()  # headers of loops that are left for several places

    def write(self, depth: int) -> None:
        """Write everything, again and again until it is known where guards are needed."""
        known = None
        while known != (len(self._guarded), len(self._several)):
            known = (len(self._guarded), len(self._several))
            self.lines, self._depth, self._frames, self._reached = [], depth, [], {}
            self._node(self.blocks[0], Path())

    # for the one who writes instructions

    def code(self, block: Block, path: Path) -> bool:
        """Write the instructions of a block."""
        raise NotImplementedError

    def leave(self, address: int, path: Path) -> bool:
        """Write what leaves the function for an address."""
        raise NotImplementedError

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append(" " * self._depth + text)

    def flush(self, path: Path) -> None:
        """Write what takes the cycles of the path so far from `n`."""
        if path.pending:
            self.line(f"n -= {path.pending}")
            path.pending = 0

    def branch(self, condition: str, taken: int, other: int, path: Path) -> bool:
        """Write a conditional jump."""
        yes, yes_falls = self._capture(taken, path.copy())
        if not yes_falls:
            self.line(f"if {condition}:")
            self.lines += yes
            return self.go(other, path)
        no, no_falls = self._capture(other, path)
        if not no_falls or not yes:
            if no:
                self.line(f"if not {condition}:")
            self.lines += no
            self.lines += [text[1:] for text in yes]
            return True
        self.line(f"if {condition}:")
        self.lines += yes
        if no:
            self.line("else:")
            self.lines += no
        return True

    def _capture(self, address: int, path: Path) -> tuple[list[str], bool]:
        kept, self.lines = self.lines, []
        self._depth += 1
        falls = self.go(address, path)
        self._depth -= 1
        written, self.lines = self.lines, kept
        return written, falls

    def go(self, address: int, path: Path) -> bool:
        """Write what leads to an address."""
        target = self._by_address.get(address)
        if target is None or self._depth > MAX_DEPTH or address in path.cut:
            return self.leave(address, path)
        crossed: list[Follow] = []
        for frame in reversed(self._frames):
            if isinstance(frame, Loop):
                if frame.header is target:
                    self.flush(path)
                    self.line("continue")
                    return False
                if target not in frame.body:
                    return self._break(target, frame, path)
                if target.forward == 1:
                    break
            elif target in frame.blocks:
                return self._run_out(target, frame, crossed, path)
            elif frame.blocks:
                crossed.append(frame)
        loops = sum(isinstance(frame, Loop) for frame in self._frames)
        if target.forward != 1 or loops > MAX_LOOPS:
            return self.leave(address, path)
        return self._node(target, path)

    def _break(self, target: Block, loop: Loop, path: Path) -> bool:
        self.flush(path)
        loop.breaks[target] = max(loop.breaks.get(target, 0), path.straight)
        if loop.header in self._several:
            self.line(f"k = {target.order}")
        self.line("break")
        return False

    def _run_out(self, target: Block, frame: Follow, crossed: list[Follow], path: Path) -> bool:
        self._guarded.update(other.key for other in crossed)
        self.flush(path)
        self._reached[target] = max(self._reached.get(target, 0), path.straight)
        if crossed or len(frame.blocks) > 1 or frame.key in self._guarded:
            self.line(f"k = {target.order}")
        return True

    # nesting

    def _node(self, block: Block, path: Path) -> bool:
        """Write a block and what it dominates."""
        if block.loop is None:
            return self._followed((block.address, "in"), block.merges, lambda: self.code(block, path))
        body = block.loop
        return self._followed(
            (block.address, "after"), block.after_loop, lambda: self._while(Loop(block, body), path)
        )

    def _followed(self, key: Key, merges: list[Block], write: Callable[[], bool]) -> bool:
        """Write a statement and, behind it, the blocks where its paths join."""
        if not merges:
            return write()
        frame = Follow(key, list(merges))
        guarded = key in self._guarded
        self._frames.append(frame)
        falls = write()
        while frame.blocks:
            merge = frame.blocks.pop(0)
            if merge not in self._reached:
                continue
            inside = Path(straight=self._reached[merge])
            if guarded or frame.blocks:
                self.line(f"if k == {merge.order}:")
                self._depth += 1
                falls = self._node(merge, inside)
                if self.lines[-1].endswith(":"):
                    self.line("pass")
                self._depth -= 1
            else:
                falls = self._node(merge, inside)
        self._frames.remove(frame)
        return falls or guarded

    def _while(self, loop: Loop, path: Path) -> bool:
        self.flush(path)
        changed = {name for block in loop.body for found in block.code for name in touched(found)[1]}
        facts = {name: value for name, value in path.facts.items() if name not in changed}
        self._frames.append(loop)
        self.line("while n > 0:")
        self._depth += 1
        header = loop.header
        self._followed((header.address, "in"), header.merges, lambda: self.code(header, Path(facts)))
        self._depth -= 1
        self._frames.pop()
        self.line("else:")
        self._depth += 1
        self.leave(header.address, Path())
        self._depth -= 1
        if len(loop.breaks) > 1:
            self._several.add(header)
        return self._after(list(loop.breaks.items()))

    def _after(self, breaks: list[tuple[Block, int]]) -> bool:
        """Write where a loop goes on that was left by `break`."""
        if not breaks:
            return False
        (target, straight), others = breaks[0], breaks[1:]
        path = Path(straight=straight)
        if not others:
            return self.go(target.address, path)
        written, falls = self._capture(target.address, path)
        self.line(f"if k == {target.order}:")
        self.lines += written or [" " * (self._depth + 1) + "pass"]
        if not falls:
            return self._after(others)
        self.line("else:")
        self._depth += 1
        before = len(self.lines)
        self._after(others)
        if len(self.lines) == before:
            self.line("pass")
        self._depth -= 1
        return True

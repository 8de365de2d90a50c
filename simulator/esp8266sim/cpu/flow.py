# SPDX-License-Identifier: Apache-2.0
"""The code that can be reached from an entry by direct branches: its blocks, dominators and loops.

What the translator needs to write branches as `if` and `while`. An edge back to a block that does not
dominate its origin (a jump into a loop) is cut: there the translated code is left, and entered elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from esp8266sim.cpu.decode import Decoded
from esp8266sim.cpu.isa import Branch, Jump

MAX_INSTRUCTIONS = 400


@dataclass(eq=False, slots=True)
class Block:
    """Instructions that run one after the other, and the addresses that may follow."""

    address: int
    code: list[Decoded]
    exits: list[int]  # fall-through last
    successors: list["Block"] = field(default_factory=list)  # those of the exits that are in the graph
    cut: set[int] = field(default_factory=set)  # exits into the middle of a loop
    order: int = -1  # in reverse post-order
    dominator: "Block | None" = None
    forward: int = 0  # edges from before
    merges: list["Block"] = field(default_factory=list)  # to be placed behind this block's own code
    after_loop: list["Block"] = field(default_factory=list)  # to be placed behind the loop it heads
    loop: set["Block"] | None = None  # if it heads one: the loop's blocks


def reached(entry: int, decode: Callable[[int], Decoded | None]) -> tuple[Decoded, ...]:
    """Return the code that can be reached from `entry`.

    `decode` gives None where translated code must not go.
    """
    code: dict[int, Decoded] = {}
    work = [entry]
    for address in work:  # breadth first: what is near is likelier to run
        while address not in code and len(code) < MAX_INSTRUCTIONS:
            found = decode(address)
            if found is None:
                break
            code[address] = found
            address = found.next  # noqa: PLW2901  the walk goes on from there
            if found.ends_block:
                work.extend(_exits(found))
                break
    return tuple(code.values())


def graph(entry: int, found: tuple[Decoded, ...]) -> list[Block]:
    """Return the blocks of what is reached from `entry`, which is the first, in reverse post-order."""
    code = {decoded.address: decoded for decoded in found}
    leaders = {entry}.union(*(_exits(decoded) for decoded in found if decoded.ends_block))
    blocks = {leader: _block(leader, code, leaders) for leader in leaders if leader in code}
    for block in blocks.values():
        block.successors = [blocks[address] for address in block.exits if address in blocks]
    ordered = _order(blocks[entry])
    _dominate(ordered)
    _find_loops(ordered)
    _place_merges(ordered)
    return ordered


def _exits(found: Decoded) -> list[int]:
    match found.instruction.effect:
        case Branch():
            return [found.values["target"], found.next]
        case Jump(to="target", links=False):
            return [found.values["target"]]
        case Jump():
            return []
    return [found.next]


def _block(leader: int, code: dict[int, Decoded], leaders: set[int]) -> Block:
    inside = [code[leader]]
    while not inside[-1].ends_block and inside[-1].next in code and inside[-1].next not in leaders:
        inside.append(code[inside[-1].next])
    return Block(leader, inside, _exits(inside[-1]))


def _order(entry: Block) -> list[Block]:
    """Number the blocks in reverse post-order."""
    done: list[Block] = []
    seen = {entry}
    stack = [(entry, iter(entry.successors))]
    while stack:
        block, following = stack[-1]
        for successor in following:
            if successor not in seen:
                seen.add(successor)
                stack.append((successor, iter(successor.successors)))
                break
        else:
            done.append(block)
            stack.pop()
    done.reverse()
    for number, block in enumerate(done):
        block.order = number
    return done


def _dominate(ordered: list[Block]) -> None:
    """Find immediate dominators (Cooper, Harvey and Kennedy), and cut edges into the middle of loops."""
    before: dict[Block, list[Block]] = {block: [] for block in ordered}
    for block in ordered:
        for successor in block.successors:
            before[successor].append(block)
    changed = True
    while changed:
        changed = False
        for block in ordered[1:]:
            reached = [other for other in before[block] if other is ordered[0] or other.dominator]
            common = reached[0]
            for other in reached[1:]:
                common = _common(common, other)
            changed |= block.dominator is not common
            block.dominator = common
    for block in ordered:
        into = [
            other for other in block.successors if other.order <= block.order and not dominates(other, block)
        ]
        block.cut = {other.address for other in into}
        block.successors = [other for other in block.successors if other not in into]
        for successor in block.successors:
            successor.forward += successor.order > block.order


def _common(one: Block, other: Block) -> Block:
    while one is not other:
        if one.order > other.order:
            one = one.dominator or one
        else:
            other = other.dominator or other
    return one


def dominates(one: Block, other: Block) -> bool:
    """Return whether every way to `other` leads through `one`."""
    walk: Block | None = other
    while walk is not None and walk.order > one.order:
        walk = walk.dominator
    return walk is one


def _find_loops(ordered: list[Block]) -> None:
    before: dict[Block, list[Block]] = {block: [] for block in ordered}
    for block in ordered:
        for successor in block.successors:
            before[successor].append(block)
    for header in ordered:
        tails = [block for block in before[header] if block.order >= header.order]
        if tails:
            header.loop = {header}
            while tails:
                block = tails.pop()
                if block not in header.loop:
                    header.loop.add(block)
                    tails.extend(before[block])


def _place_merges(ordered: list[Block]) -> None:
    """Decide behind which block's code, or loop, each block with several ways to it goes."""
    for block in ordered[1:]:
        if block.forward > 1:
            place: Block | None = None
            walk = block.dominator
            while walk is not None:
                if walk.loop and block not in walk.loop and block.dominator in walk.loop:
                    place = walk  # the outermost loop that is left on the way
                walk = walk.dominator
            if place is not None:
                place.after_loop.append(block)
            elif block.dominator is not None:
                block.dominator.merges.append(block)

# SPDX-License-Identifier: Apache-2.0
"""The CPU as its board sees it: run until a cycle, stop for a reason, know when nothing will happen.

Code is interpreted until it has been met `HOT` times and translated from then on; both are made from the
same table, and differ in speed only. What the CPU looks at between instructions (deadline, interrupts) it
looks at when it leaves a piece of code, at the latest `translate.MAX_STRAIGHT` cycles after.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from esp8266sim.cpu.core import NEVER, Core
from esp8266sim.cpu.decode import Decoded, decode
from esp8266sim.cpu.idle import Spin, spin_period
from esp8266sim.cpu.interpret import Operation, operation
from esp8266sim.cpu.memory import Memory
from esp8266sim.cpu.translate import Region, Translation, translate
from esp8266sim.soc.bus import CpuException

HOT = 100  # visits before translation, which takes some 50 us an instruction, 200 times an interpretation
PAGE = 8  # code is looked up for invalidation by pages of 256 bytes
LOOK = 2048  # cycles between looks at whether the code may be spinning
EARLY_LOOK = 32  # the first of them in a run, once code was seen to spin; then twice as much, and so on
REMEMBERED = 16  # states at those looks; one that comes again makes it worth a proof


class StopReason(Enum):
    """Why `run` came back."""

    DEADLINE = "the cycle asked for has come"
    IDLE = "the same, and nothing but an interrupt or a change of memory from outside would change anything"
    ADDRESS = "execution is about to go on at one of `stops`"
    ASKED = "somebody called `stop`"


class Cpu(Core):
    """An LX106.

    `stops` are the addresses that `run` comes back for; `hot` of 0 translates everything. Code at the
    addresses in `natives` is not fetched but called: with the cycles that are left, for the next address and
    what is then left of them, like a translation.
    """

    def __init__(
        self, memory: Memory, *, stops: Iterable[int] = (), hot: int = HOT, translating: bool = True
    ) -> None:
        self._stops = frozenset(stops)
        self._natives: dict[int, Translation] = {}
        self.idle_since = 0  # after IDLE: the cycle from which on nothing was run
        self.idle_until = NEVER  # and that at which something may happen by itself
        self.limit = 0  # cycle up to which a native may let time pass
        self._hot = hot
        self._translating = translating
        self._blocks: dict[int, Translation] = {}
        self._operations: dict[int, tuple[Operation, int, bool]] = {}
        self._decoded: dict[int, Decoded | None] = {}
        self._visits: dict[int, int] = {}
        # By page: what was translated from it. Pages that were only decoded are in too.
        self._code: dict[int, set[Region]] = {}
        self._asked = False
        self._look_at = LOOK
        self._seen: set[tuple[int, ...]] = set()
        self._spun: dict[int, Spin] = {}  # where code was once proved to spin
        super().__init__(memory)

    def run(self, until: int) -> StopReason:
        """Run until `cycles` is `until` or a little more. Interrupts and the timer are served on the way.

        With IDLE the time up to `until` was skipped, not run, and would have changed nothing, nor will that
        up to `idle_until`.
        """
        self._asked = False
        idle = False
        gap = EARLY_LOOK if self._spun else LOOK
        self._look_at = min(self._look_at, self.cycles + gap)
        while True:
            now = self.slice_end - self.left
            if now >= self.timer_due:
                self.tick_timer()
            self.attention = False
            if (self.pending or self.lines) and self.take_interrupt():
                idle = False
            if self._asked:
                return StopReason.ASKED
            if self.waiting and now >= self.wake_at:
                self.waiting, idle = False, False
            if now >= until:
                return StopReason.IDLE if idle else StopReason.DEADLINE
            if not idle:
                self.idle_since, self.idle_until = now, NEVER
            limit = min(until, self.timer_limit)
            if self.waiting:
                self.cycles, idle = min(limit, self.wake_at), True
                continue
            if self.pc in self._stops:
                return StopReason.ADDRESS
            if not idle and self._spun and (spin := self._spun.get(self.pc)) and spin.goes_on(self):
                self.cycles += (limit - now) // spin.period * spin.period
                idle = True
                continue
            if now >= self._look_at:
                idle = self._may_spin() and self._skip_spinning(limit)
                gap = min(2 * gap, LOOK)
                self._look_at = (limit if idle else self.cycles) + gap
                continue
            self.limit = limit
            self._execute(min(limit, self._look_at))

    def skip(self, cycles: int) -> bool:
        """Let cycles pass in which nothing is run, for a native; False if something is due before."""
        if cycles > 0:
            if self.attention or self.cycles + cycles > self.limit:
                return False
            self.slice_end += cycles
            over = self.slice_end - self.limit
            if over > 0:
                self.slice_end -= over
                self.left -= over
        return True

    def skip_rounds(self, cycles: int) -> None:
        """Let cycles pass that a polling loop would go round in, if the next look at things is further."""
        if cycles > 0 and not self.attention and self.slice_end + cycles <= self.limit:
            self.slice_end += cycles

    def step(self) -> None:
        """Take an interrupt that is pending, or else do one instruction, also at one of `stops`."""
        self.tick_timer()
        if not self.take_interrupt() and not self.waiting:
            self._one()

    def stop(self) -> None:
        """Let `run` come back with ASKED: for a peripheral that has made something due earlier."""
        self._asked = self.attention = True

    @property
    def stops(self) -> frozenset[int]:
        """The addresses that `run` comes back for; setting them forgets all translations."""
        return self._stops

    @stops.setter
    def stops(self, addresses: Iterable[int]) -> None:
        self._stops = frozenset(addresses)
        self.forget_code()

    @property
    def natives(self) -> Mapping[int, Translation]:
        """What is called at addresses instead of code; setting them forgets all translations."""
        return self._natives

    @natives.setter
    def natives(self, natives: Mapping[int, Translation]) -> None:
        self._natives = dict(natives)
        self.forget_code()

    def invalidate(self, address: int, size: int) -> None:
        """Forget what was made of code in a range. Whoever writes to code memory calls this."""
        first, last = address >> PAGE, address + size - 1 >> PAGE
        code = self._code
        if first == last:
            pages = [first] if first in code else []
        else:
            pages = [page for page in code if first <= page <= last]
        if not pages:
            return
        self._spun.clear()
        self.attention = True
        end = address + size
        for region in {region for page in pages for region in code[page]}:
            if any(low < end and address < high for low, high in region.spans):
                self._drop(region)
        near = range(address - 2, end)
        for place in near if size < 1024 else [a for a in self._decoded if a in near]:
            for memo in (self._operations, self._decoded, self._blocks):
                memo.pop(place, None)

    def forget_code(self) -> None:
        """Forget everything that was made of code."""
        for memo in (self._blocks, self._operations, self._decoded, self._visits, self._code):
            memo.clear()
        self._blocks.update(self._natives)
        self._spun.clear()
        self.attention = True

    # running

    def _execute(self, until: int) -> None:
        self.slice_end, self.left = until, until - self.cycles
        try:
            self._dispatch()
        except CpuException as fault:
            self.take_exception(fault, self.pc)

    def _dispatch(self) -> None:
        pc, n = self.pc, self.left
        find, stops = self._blocks.get, self._stops
        while n > 0 and not self.attention:
            block = find(pc)
            if block is None:
                if pc in stops:
                    break
                self.pc = pc
                pc, n = self._visit(pc, n)
            else:
                pc, n = block(n)
        self.pc, self.left = pc, n

    def _visit(self, pc: int, n: int) -> tuple[int, int]:
        """Run what is not translated yet."""
        if not self._translating:
            return self._interpret(n, self._stops)
        visits = self._visits.get(pc, 0)
        if visits < self._hot:
            self._visits[pc] = visits + 1
            return self._interpret(n)
        self.left = n
        stops = self._stops
        region: Region | None = None

        def slow(site: int) -> int:
            self.slow_sites.add(site)
            if region is not None:
                self._drop(region, again=True)
            return site

        region = translate(self, pc, lambda place: None if place in stops else self._decode(place), slow)
        if region is None:
            self._blocks[pc] = lambda n: self._single(pc, n)
            self._code.setdefault(pc >> PAGE, set())
            return self._single(pc, n)
        for low, high in region.spans:
            for page in range(low >> PAGE, (high - 1 >> PAGE) + 1):
                self._code.setdefault(page, set()).add(region)
        self._blocks[pc] = region.run
        return region.run(n)

    def _drop(self, region: Region, *, again: bool = False) -> None:
        self._blocks.pop(region.entry, None)
        if not again:
            self._visits.pop(region.entry, None)
        for low, high in region.spans:
            for page in range(low >> PAGE, (high - 1 >> PAGE) + 1):
                self._code.get(page, set()).discard(region)

    def _single(self, pc: int, n: int) -> tuple[int, int]:
        native = self._natives.get(pc)
        if native is not None:
            return native(n)
        self.pc = pc
        found = self._operations.get(pc) or self._prepare(pc, n)
        self.left = n = n - found[1]
        return found[0](), n

    def _interpret(self, n: int, stops: frozenset[int] | None = None) -> tuple[int, int]:
        """Interpret from `pc` to the end of the block; with `stops` on until one of them, or attention."""
        pc = self.pc
        find, natives = self._operations.get, self._natives
        while True:
            self.pc = pc
            found = find(pc) or self._prepare(pc, n)
            do, cycles, ends = found
            self.left = n = n - cycles
            pc = do()
            if n <= 0 or self.attention or (ends and (stops is None or pc in stops or pc in natives)):
                return pc, n

    def _one(self) -> None:
        """Do one instruction, or enter the handler of its fault."""
        self.limit = 0
        self.slice_end, self.left = self.slice_end - self.left + 1, 1
        try:
            self.pc, self.left = self._single(self.pc, 1)
        except CpuException as fault:
            self.take_exception(fault, self.pc)

    def _one_unless_stop(self) -> bool:
        if self.pc in self._stops:
            return False
        self._one()
        return not self._asked

    def _may_spin(self) -> bool:
        """Return whether code has spun here before, or the registers are as at one of the last looks."""
        if self.pc in self._spun:
            return True
        if self.pc in self._natives:  # which have effects, so that no proof begins at one
            return False
        state = (self.pc, *self.registers)
        if state in self._seen:
            self._seen.clear()
            return True
        if len(self._seen) == REMEMBERED:
            self._seen.clear()
        self._seen.add(state)
        return False

    def _skip_spinning(self, limit: int) -> bool:
        """If the code provably spins, skip whole rounds up to `limit`."""
        found = spin_period(self, self._one_unless_stop, limit)
        if found is None:
            return False
        self._spun[self.pc] = found
        self.idle_until = found.end
        self.cycles += max(0, min(found.end, limit) - self.cycles) // found.period * found.period
        return found.end >= limit

    def _prepare(self, pc: int, n: int) -> tuple[Operation, int, bool]:
        self.left = n - 1  # a fetch that faults costs a cycle too, so that time goes on
        decoded = self._decode(pc)
        if decoded is None:
            self.fetch(pc)  # raises if that is why
            made: tuple[Operation, int, bool] = (self.illegal, 1, True)
        else:
            ends = decoded.ends_block or decoded.next in self._stops or decoded.next in self._natives
            made = (operation(self, decoded), decoded.instruction.cycles, ends)
        self._operations[pc] = made
        return made

    def _decode(self, address: int) -> Decoded | None:
        """Return the instruction at an address; None if it cannot be fetched or is none, or is a stop."""
        if address in self._decoded:
            return self._decoded[address]
        try:
            found = decode(self.fetch(address), address)
        except CpuException:
            return None
        self._decoded[address] = found
        for page in (address >> PAGE, address + 2 >> PAGE):
            self._code.setdefault(page, set())
        return found

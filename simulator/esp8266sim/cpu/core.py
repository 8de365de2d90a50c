# SPDX-License-Identifier: Apache-2.0
"""The state of the LX106, and everything that it does besides running instructions.

Registers, special registers, exceptions, interrupts, region attributes, and the way to memory. The rules
are those of the Xtensa ISA reference manual for XEA2 without windows; the levels and vectors are in
`special`. The methods from `illegal` on are called by name from the instruction table.
"""

from collections.abc import Callable

from esp8266sim.cpu import special as sr
from esp8266sim.cpu.memory import Memory
from esp8266sim.soc.bus import CpuException

MASK32 = 0xFFFFFFFF
SAR_INDEX = 16  # in `registers`, behind a0 to a15
BARRED = frozenset({3, *range(5, 14), 15})  # attributes that allow nothing; the others allow everything
NEVER = 1 << 62


class Core:
    """One LX106, reset. `registers` holds a0 to a15 and SAR; `special` the others by number."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.registers = [0] * 17
        self.special = [0] * 256
        self.pc = sr.RESET_VECTOR
        self.left = 0  # cycles left of the slice that ends at `slice_end`
        self.slice_end = 0
        self.attention = False  # leave translated code at the next opportunity
        self.waiting = False  # in WAITI, or until `wake_at`
        self.wake_at = NEVER  # cycle
        self.lines = 0  # level-triggered interrupt inputs that are high
        self.pending = 0  # latched interrupts
        self.timer_due = NEVER  # cycle at which CCOUNT meets CCOMPARE0
        self.attributes = ([2] * 8, [2] * 8)  # of 512 MiB regions: for fetches, for loads and stores
        self.on_poll: Callable[[], None] | None = None  # told of loads in loops that only poll
        # Told of each fault and its pc; True if execution is to stop there instead of in a handler.
        self.on_fault: Callable[[CpuException, int], bool] | None = None
        self._ccount_offset = 0
        self.slow_sites: set[int] = set()  # loads and stores that were seen to meet other than data RAM
        self._ram_base, self._ram_end = memory.ram_base, memory.ram_base + len(memory.ram)
        self.watching = False  # look at stores, for `idle`
        self.disturbed = False  # a store changed something, or somebody looked at the time
        self.loads: list[int] = []  # addresses, while watching
        self.reset()

    @property
    def cycles(self) -> int:
        """Cycles since the CPU was made; exact whenever foreign code can look, also inside a load."""
        return self.slice_end - self.left

    @cycles.setter
    def cycles(self, value: int) -> None:
        self.slice_end = value + self.left

    @property
    def ccount(self) -> int:
        """The CCOUNT register. Who looks at it does not only wait, whatever becomes of the value."""
        self.disturbed = True
        return self.cycles + self._ccount_offset & MASK32

    @property
    def ccount_end(self) -> int:
        """What CCOUNT would be when nothing is left of the slice; to be wrapped."""
        return self.slice_end + self._ccount_offset

    def reset(self) -> None:
        """Do what the reset line does; general registers keep what they had."""
        for register in sr.REGISTERS:
            self.special[register.number] = register.reset
        self.pc = sr.RESET_VECTOR
        self.waiting, self.wake_at, self.pending, self.lines = False, NEVER, 0, 0
        for attributes in self.attributes:
            attributes[:] = [2] * 8
        self._ccount_offset = -self.cycles
        self._set_timer()
        self.forget_code()
        self.attention = True

    @property
    def direct_size(self) -> int:
        """Bytes of data RAM that code may access without asking: all, or none if its region is barred."""
        return 0 if self.attributes[1][self._ram_base >> 29] in BARRED else self._ram_end - self._ram_base

    # interrupts, from outside

    def set_line(self, number: int, high: bool) -> None:
        """Drive an interrupt input. Edge-triggered ones latch when they are driven high."""
        bit = 1 << number
        if not bit & sr.LEVEL_INTERRUPTS:
            self.pending |= bit if high else 0
        else:
            self.lines = self.lines | bit if high else self.lines & ~bit
        self.attention = True

    def raise_interrupt(self, number: int) -> None:
        """Latch an interrupt, or drive its line high."""
        self.set_line(number, True)

    @property
    def interrupts(self) -> int:
        """The INTERRUPT register: what is pending, enabled or not."""
        return self.pending | self.lines

    @property
    def level(self) -> int:
        """The level that masks interrupts up to itself."""
        ps = self.special[sr.PS]
        return max(ps & sr.INTLEVEL, 1 if ps & sr.EXCM else 0)

    def take_interrupt(self) -> bool:
        """Enter the handler of the most urgent interrupt that is not masked; False if there is none."""
        if self.pending & sr.NMI:
            self.pending &= ~sr.NMI
            self._enter_level(sr.NMI_LEVEL, sr.NMI_VECTOR, self.pc)
            return True
        if self.interrupts & self.special[sr.INTENABLE] & sr.LEVEL1 and self.level < 1:
            self.pc = self._raise(sr.LEVEL1_INTERRUPT, self.pc, 0)
            return True
        return False

    def _enter_level(self, level: int, vector: int, pc: int) -> None:
        special = self.special
        special[sr.EPC1 + level - 1] = pc
        special[sr.EPS1 + level - 1] = special[sr.PS]
        special[sr.PS] = special[sr.PS] & ~sr.INTLEVEL | level | sr.EXCM
        self.pc = special[sr.VECBASE] + vector & MASK32
        self.waiting = False

    def take_exception(self, fault: CpuException, pc: int) -> None:
        """Enter the handler of a fault of the instruction at `pc`, or stop there."""
        if self.on_fault is not None and self.on_fault(fault, pc):
            self.pc = pc
            self.stop()
            return
        self.pc = self._raise(fault.cause, pc, fault.address)

    def _raise(self, cause: int, pc: int, address: int) -> int:
        special = self.special
        ps = special[sr.PS]
        if ps & sr.EXCM:
            special[sr.DEPC], vector = pc, sr.DOUBLE_VECTOR
        else:
            special[sr.EPC1], vector = pc, sr.USER_VECTOR if ps & sr.UM else sr.KERNEL_VECTOR
        special[sr.EXCCAUSE] = cause
        if cause in sr.HAS_ADDRESS:
            special[sr.EXCVADDR] = address
        special[sr.PS] = ps | sr.EXCM
        self.waiting = False
        return special[sr.VECBASE] + vector & MASK32

    # the timer

    def _set_timer(self) -> None:
        ahead = self.special[sr.CCOMPARE0] - self.cycles - self._ccount_offset & MASK32
        self.timer_due = self.cycles + (ahead or 1 << 32)

    def tick_timer(self) -> None:
        """Latch the timer's interrupt if it is due."""
        if self.cycles >= self.timer_due:
            self.pending |= sr.TIMER_INTERRUPT
            self.timer_due += (self.cycles - self.timer_due >> 32) + 1 << 32

    @property
    def timer_limit(self) -> int:
        """The cycle at which the timer interrupts, if it may."""
        return self.timer_due if self.special[sr.INTENABLE] & sr.TIMER_INTERRUPT else NEVER

    # memory

    def fetch(self, address: int) -> int:
        """Return the 24 bits of code at any address."""
        word = self._fetch32(address & ~3) >> (address & 3) * 8
        if address & 3 > 1 and (address & 3 == 3 or word & 0xF not in range(8, 14)):
            word |= self._fetch32((address & ~3) + 4 & MASK32) << (4 - (address & 3)) * 8
        return word & 0xFFFFFF

    def _fetch32(self, address: int) -> int:
        if self.attributes[0][address >> 29] in BARRED:
            raise CpuException(sr.FETCH_PROHIBITED, address)
        return self.memory.fetch32(address)

    def load8(self, address: int) -> int:
        """Load a byte, with all checks."""
        self._check(address, 0, sr.LOAD_PROHIBITED)
        return self.memory.load8(address)

    def load16(self, address: int) -> int:
        """Load 16 bits, with all checks."""
        self._check(address, 1, sr.LOAD_PROHIBITED)
        return self.memory.load16(address)

    def load32(self, address: int) -> int:
        """Load 32 bits, with all checks."""
        self._check(address, 3, sr.LOAD_PROHIBITED)
        return self.memory.load32(address)

    def poll32(self, address: int) -> int:
        """Load 32 bits in a loop that does nothing else: time may be let pass in which it would go round."""
        value = self.load32(address)
        if self.on_poll is not None:
            self.on_poll()
        return value

    def store8(self, address: int, value: int) -> None:
        """Store a byte, with all checks."""
        self._check(address, 0, sr.STORE_PROHIBITED)
        if self.watching:
            self._watch(address, self.memory.load8, value)
        self.memory.store8(address, value)
        self.invalidate(address, 1)

    def store16(self, address: int, value: int) -> None:
        """Store 16 bits, with all checks."""
        self._check(address, 1, sr.STORE_PROHIBITED)
        if self.watching:
            self._watch(address, self.memory.load16, value)
        self.memory.store16(address, value)
        self.invalidate(address, 2)

    def store32(self, address: int, value: int) -> None:
        """Store 32 bits, with all checks."""
        self._check(address, 3, sr.STORE_PROHIBITED)
        if self.watching:
            self._watch(address, self.memory.load32, value)
        self.memory.store32(address, value)
        self.invalidate(address, 4)

    def _check(self, address: int, unaligned: int, prohibited: int) -> None:
        if address & unaligned:
            raise CpuException(sr.ALIGNMENT, address)
        if self.attributes[1][address >> 29] in BARRED:
            raise CpuException(prohibited, address)
        if not self._ram_base <= address < self._ram_end:
            self.slow_sites.add(self.pc)
        if self.watching:
            self.loads.append(address)

    def is_data_ram(self, address: int) -> bool:
        """Return whether data RAM is at an address."""
        return self._ram_base <= address < self._ram_end

    def _watch(self, address: int, load: Callable[[int], int], value: int) -> None:
        if self.is_data_ram(address):
            harmless = load(address) == value
        else:
            harmless = self.memory.is_harmless(address, value)
        self.disturbed = self.disturbed or not harmless

    def stop(self) -> None:
        """Leave what runs as soon as the instruction that is being done is done."""
        raise NotImplementedError

    def sleep(self, wake_at: int = NEVER) -> None:
        """Do nothing until a cycle comes, or an interrupt."""
        self.waiting, self.wake_at, self.attention = True, wake_at, True

    def invalidate(self, address: int, size: int) -> None:
        """Forget what was made of the code in a range, for somebody has written there."""
        raise NotImplementedError

    def forget_code(self) -> None:
        """Forget everything that was made of code."""
        raise NotImplementedError

    def literal(self, address: int) -> int:
        """Load L32R's word: PC-relative as decoded, or LITBASE-relative if that is on."""
        base = self.special[sr.LITBASE]
        if base & 1:
            offset = address - (self.pc + 3 & ~3)
            address = (base & 0xFFFFF000) + offset & MASK32
        word = self.load32(address)
        if self.watching:
            self.loads.pop()
        return word

    # what instructions of the kind System call

    def illegal(self) -> int:
        """ILL, and whatever is no instruction."""
        raise CpuException(sr.ILLEGAL, self.pc)

    def system_call(self) -> int:
        """SYSCALL."""
        raise CpuException(sr.SYSCALL, self.pc)

    def breakpoint(self, next_pc: int, cause: int) -> int:
        """BREAK: to the debug vector, or on if that level is masked."""
        if self.level >= sr.DEBUG_LEVEL:
            return next_pc
        self.special[sr.DEBUGCAUSE] = cause
        self._enter_level(sr.DEBUG_LEVEL, sr.DEBUG_VECTOR, self.pc)
        return self.pc

    def set_interrupt_level(self, level: int) -> int:
        """RSIL: return the old PS."""
        old = self.special[sr.PS]
        self.special[sr.PS] = old & ~sr.INTLEVEL | level
        self.attention = True
        return old

    def wait(self, level: int) -> None:
        """WAITI."""
        self.set_interrupt_level(level)
        self.sleep()

    def return_from_exception(self) -> int:
        """RFE."""
        self.special[sr.PS] &= ~sr.EXCM
        self.attention = True
        return self.special[sr.EPC1]

    def return_from_double(self) -> int:
        """RFDE."""
        return self.special[sr.DEPC]

    def return_from_interrupt(self, level: int) -> int:
        """RFI. Levels that the core lacks are illegal."""
        if level not in (sr.DEBUG_LEVEL, sr.NMI_LEVEL):
            self.illegal()
        self.special[sr.PS] = self.special[sr.EPS1 + level - 1]
        self.attention = True
        return self.special[sr.EPC1 + level - 1]

    def read_special(self, number: int) -> int:
        """RSR."""
        match number:
            case sr.SAR:
                return self.registers[SAR_INDEX]
            case sr.CCOUNT:
                return self.ccount
            case sr.INTERRUPT:
                self.tick_timer()
                return self.interrupts
        return self.special[number]

    def write_special(self, number: int, value: int) -> None:
        """WSR."""
        match number:
            case sr.SAR:
                self.registers[SAR_INDEX] = value & 0x3F
                return
            case sr.INTSET:
                self.pending |= value & sr.SOFTWARE_INTERRUPT
            case sr.INTCLEAR:
                self.pending &= ~(value & (sr.EDGE_INTERRUPTS | sr.SOFTWARE_INTERRUPT))
            case sr.CCOUNT:
                self._ccount_offset = value - self.cycles
                self._set_timer()
            case _:
                self.special[number] = value & sr.WRITE_MASK[number]
        if number == sr.CCOMPARE0:
            self.pending &= ~sr.TIMER_INTERRUPT
            self._set_timer()
        if number == sr.LITBASE:
            self.forget_code()
        self.attention = True

    def exchange_special(self, number: int, value: int) -> int:
        """XSR."""
        old = self.read_special(number)
        self.write_special(number, value)
        return old

    def read_attribute(self, side: int, address: int) -> int:
        """RITLB1 (side 0), RDTLB1 (side 1): the region's base, which is its own address, and attribute."""
        return address & 0xE0000000 | self.attributes[side][address >> 29]

    def write_attribute(self, side: int, address: int, value: int) -> None:
        """WITLB (side 0), WDTLB (side 1)."""
        self.attributes[side][address >> 29] = value & 0xF
        self.forget_code()

# SPDX-License-Identifier: Apache-2.0
"""Vectors, and who handles exceptions and interrupts: Xtensa's run-time as the ROM has it.

The vector saves a few registers below the stack pointer and jumps through a table in RAM, by cause. The
handlers in C, and those of interrupts, are in two more tables. Frame and tables follow the run-time that
Cadence publishes (XTOS) and that SDKs build on; costs are assumed.
"""

from struct import Struct

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Call, CpuState, Halt
from esp8266sim.bootrom.rom import MASK32, Function, Goto, Rom
from esp8266sim.bootrom.symbols import SYMBOLS
from esp8266sim.cpu import special as sr
from esp8266sim.cpu.core import SAR_INDEX

FRAME = 0x100  # bytes
# What a frame saves: PC, PS, SAR, a word that is free, a0, a2 to a15, the cause.
A0, A2 = 16, 20  # offsets
VECTOR_SAVES = (2, 3, 4)  # registers that the vector itself has stored
REST = A2 + 4 * len(VECTOR_SAVES)
SAVED = Struct("<3I")
HEAD, TAIL, WHOLE = Struct("<3I"), Struct("<12I"), Struct("<19I")
HANDLER_PS = 0x21  # in handlers: interrupts of level 1 masked, user vector
COST_VECTOR, COST_SAVE, COST_RESTORE = 8, 40, 40
EPC1_STEP = 3  # bytes of a SYSCALL


def user_vector(rom: Rom) -> Goto:
    """Jump to the handler of a cause."""
    rom.spend(COST_VECTOR)
    cpu = rom.cpu
    cpu.registers[1] = frame = cpu.registers[1] - FRAME & MASK32
    rom.write(frame + A2 & MASK32, SAVED.pack(*cpu.registers[2:5]))
    cause = cpu.special[sr.EXCCAUSE]
    cpu.registers[2] = cpu.load32(memory.EXCEPTION_TABLE + 4 * cause)
    cpu.registers[3] = memory.EXCEPTION_TABLE
    return Goto(cpu.registers[2])


def dead(rom: Rom) -> Activity[None]:
    """The vectors that end in a loop: debug without a debugger, kernel, double exception."""
    rom.spend(COST_VECTOR)
    raise Halt(CpuState.DEAD)
    yield 0  # makes it an activity


def unhandled(rom: Rom) -> Goto:
    """A breakpoint, for whoever debugs."""
    return Goto(rom.cpu.breakpoint(SYMBOLS["_xtos_unhandled_exception"] + EPC1_STEP, 0x08))


def level1(rom: Rom) -> Activity[Goto]:
    """Call the handlers of all interrupts that are pending and enabled, the highest number first."""
    cpu = rom.cpu
    _save(rom)
    yield rom.soc.cycles(COST_SAVE)
    while pending := cpu.interrupts & cpu.special[sr.INTENABLE] & sr.LEVEL1:
        number = pending.bit_length() - 1
        cpu.write_special(sr.INTCLEAR, 1 << number)
        entry = memory.interrupt_entry(number)
        handler, argument = cpu.load32(entry), cpu.load32(entry + 4)
        cpu.special[sr.PS] = HANDLER_PS
        yield Call(handler, (argument,))
        cpu.tick_timer()
    yield rom.soc.cycles(COST_RESTORE)
    return _leave(rom)


def in_c(rom: Rom) -> Activity[Goto]:
    """Call the handler in C with the frame and the cause; it may change what the frame says."""
    cpu = rom.cpu
    _save(rom)
    yield rom.soc.cycles(COST_SAVE)
    cause = cpu.special[sr.EXCCAUSE]
    cpu.special[sr.PS] = HANDLER_PS
    yield Call(cpu.load32(memory.C_HANDLERS + 4 * cause), (cpu.registers[1], cause))
    yield rom.soc.cycles(COST_RESTORE)
    return _leave(rom)


def return_from_exception(rom: Rom) -> Goto:
    """Where handlers in assembly end: a1 is the frame."""
    rom.spend(COST_RESTORE)
    return _leave(rom)


def system_call(rom: Rom) -> Goto:
    """Return -1, behind the SYSCALL."""
    cpu = rom.cpu
    cpu.registers[3] = cpu.load32(cpu.registers[1] + A2 + 4)
    cpu.registers[2] = MASK32
    cpu.registers[1] = cpu.registers[1] + FRAME & MASK32
    cpu.special[sr.EPC1] = cpu.special[sr.EPC1] + EPC1_STEP & MASK32
    return Goto(cpu.return_from_exception())


def _save(rom: Rom) -> None:
    """Store what the vector has not stored."""
    special, registers = rom.cpu.special, rom.cpu.registers
    frame = registers[1]
    rom.write(frame, HEAD.pack(special[sr.EPC1], special[sr.PS], registers[SAR_INDEX]))
    rom.write(frame + A0, registers[0].to_bytes(4, "little"))
    rom.write(frame + REST, TAIL.pack(*registers[2 + len(VECTOR_SAVES) : 16], special[sr.EXCCAUSE]))


def _leave(rom: Rom) -> Goto:
    """Load the frame at a1, and go on where it says."""
    cpu = rom.cpu
    registers = cpu.registers
    frame = registers[1]
    pc, ps, sar, _, a0, *others = WHOLE.unpack(rom.read(frame, WHOLE.size))
    cpu.special[sr.EPC1] = pc
    cpu.special[sr.PS] = ps | sr.EXCM
    registers[SAR_INDEX] = sar & 0x3F
    registers[0] = a0
    registers[1] = frame + FRAME & MASK32
    registers[2:16] = others
    return Goto(cpu.return_from_exception())


# -- what programs call --------------------------------------------------------------------------


def set_exception_handler(rom: Rom, cause: int, handler: int) -> int:
    """_xtos_set_exception_handler: for a handler in C, 0 for none. Returns the one before."""
    cpu = rom.cpu
    old = cpu.load32(memory.C_HANDLERS + 4 * cause & MASK32)
    none = SYMBOLS["_xtos_p_none"]
    cpu.store32(memory.C_HANDLERS + 4 * cause & MASK32, handler or none)
    unset = memory.HANDLERS.get(cause, memory.DEFAULT_HANDLER)
    wrapper = SYMBOLS["_xtos_c_wrapper_handler"]
    cpu.store32(memory.EXCEPTION_TABLE + 4 * cause & MASK32, wrapper if handler else unset)
    return 0 if old == none else old


def set_interrupt_handler(rom: Rom, number: int, handler: int, argument: int) -> int:
    """_xtos_set_interrupt_handler_arg: returns the handler before, 0 if the number is none."""
    if number >= memory.INTERRUPTS:
        return 0
    entry = memory.interrupt_entry(number)
    old = rom.cpu.load32(entry)
    rom.cpu.store32(entry, handler or SYMBOLS["_xtos_unhandled_interrupt"])
    rom.cpu.store32(entry + 4, argument if handler else number)
    return old


def attach_without_argument(rom: Rom, number: int, handler: int) -> int:
    """_xtos_set_interrupt_handler: the handler gets the interrupt's number."""
    return set_interrupt_handler(rom, number, handler, number)


def attach(rom: Rom, number: int, handler: int, argument: int) -> None:
    """ets_isr_attach."""
    set_interrupt_handler(rom, number, handler, argument)


def interrupts_on(rom: Rom, mask: int) -> int:
    """_xtos_ints_on, ets_isr_unmask: returns what was enabled."""
    old = rom.cpu.special[sr.INTENABLE]
    rom.cpu.write_special(sr.INTENABLE, old | mask)
    return old


def interrupts_off(rom: Rom, mask: int) -> int:
    """_xtos_ints_off, ets_isr_mask: returns what was enabled."""
    old = rom.cpu.special[sr.INTENABLE]
    rom.cpu.write_special(sr.INTENABLE, old & ~mask)
    return old


def lock(rom: Rom) -> None:
    """ets_intr_lock: rsil 3."""
    rom.cpu.set_interrupt_level(3)


def unlock(rom: Rom) -> None:
    """ets_intr_unlock: rsil 0."""
    rom.cpu.set_interrupt_level(0)


def set_level(rom: Rom, level: int) -> int:
    """_xtos_set_intlevel: returns the PS before."""
    return rom.cpu.set_interrupt_level(level & sr.INTLEVEL)


def raise_level(rom: Rom, level: int) -> int:
    """_xtos_set_min_intlevel: never lowers it. Returns the PS before."""
    old = rom.cpu.special[sr.PS]
    if level & sr.INTLEVEL > old & sr.INTLEVEL:
        rom.cpu.set_interrupt_level(level & sr.INTLEVEL)
    return old


def restore_level(rom: Rom, ps: int) -> None:
    """_xtos_restore_intlevel: the level of an old PS."""
    rom.cpu.set_interrupt_level(ps & sr.INTLEVEL)


def nothing(rom: Rom) -> None:
    """_xtos_p_none."""
    rom.spend(2)


FUNCTIONS = (
    Function("_UserExceptionVector", user_vector),
    Function("_KernelExceptionVector", dead),
    Function("_DoubleExceptionVector", dead),
    Function("_DebugExceptionVector", dead),
    Function("_xtos_unhandled_exception", unhandled),
    Function("_xtos_unhandled_interrupt", nothing),
    Function("_xtos_l1int_handler", level1),
    Function("_xtos_c_wrapper_handler", in_c),
    Function("_xtos_return_from_exc", return_from_exception),
    Function("_xtos_syscall_handler", system_call),
    Function("_xtos_set_exception_handler", set_exception_handler),
    Function("_xtos_set_interrupt_handler", attach_without_argument),
    Function("_xtos_set_interrupt_handler_arg", set_interrupt_handler),
    Function("ets_isr_attach", attach),
    Function("ets_isr_mask", interrupts_off),
    Function("ets_isr_unmask", interrupts_on),
    Function("_xtos_ints_off", interrupts_off),
    Function("_xtos_ints_on", interrupts_on),
    Function("ets_intr_lock", lock),
    Function("ets_intr_unlock", unlock),
    Function("_xtos_set_intlevel", set_level),
    Function("_xtos_set_min_intlevel", raise_level),
    Function("_xtos_restore_intlevel", restore_level),
    Function("_xtos_p_none", nothing),
)

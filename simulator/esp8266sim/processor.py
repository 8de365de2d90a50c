# SPDX-License-Identifier: Apache-2.0
"""Lets the CPU live on the board's clock, and runs functions of the boot ROM natively for it.

One rule: the CPU runs ahead of the queue of events, never past the next of them; what it does to a
peripheral happens at the cycle it does it in. A ROM function is entered where the program calls it, and is
resumed at addresses within it that nothing else uses: RESUME while it waits, RETURN while it calls the
program. Those addresses are what EPC1 and a0 hold meanwhile, so that interrupts are taken, and handlers
return, as in compiled code; and a function that is never returned to does no harm.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from inspect import signature
from math import gcd

from esp8266sim.bootrom.activity import Activity, Call, CpuState, Halt, Wait
from esp8266sim.bootrom.rom import Body, Function, Goto, Rom
from esp8266sim.bootrom.symbols import nearest, place
from esp8266sim.clock import MS, NOBODY, SECOND, Event
from esp8266sim.cpu import StopReason
from esp8266sim.cpu.core import NEVER
from esp8266sim.cpu.special import HAS_ADDRESS
from esp8266sim.soc.bus import CpuException, NotModelled
from esp8266sim.soc.chip import Soc
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Kind, TraceEvent

RESUME, RETURN = 1, 2  # behind a function's entry: no instruction begins there
CALL_FRAME = 16  # bytes of stack that a calling ROM function takes
SLICE_PS = 2 * MS  # how far busy code runs without a look at anything else
MASK32 = 0xFFFFFFFF
FAILED = (CpuState.DEAD, CpuState.STUCK)
UNKNOWN_COST = 8  # cycles of a function that does not say; assumed
LATE = 128  # cycles by which the CPU's own code may miss a deadline; then so may a function
Result = int | Goto | None


@dataclass(slots=True)
class _Parked:
    """An activity that waits for time, for the line, or for a function that it has called."""

    activity: Activity[Result]
    return_to: int
    wait: Wait | None = None
    wake_at: int = NEVER  # cycle


class Processor:
    """The CPU on a board's clock. `state` says where it is, in a person's words."""

    def __init__(self, soc: Soc, functions: Iterable[Function]) -> None:
        self._soc = soc
        self._clock = soc.clock
        self._cpu = soc.cpu
        self._rom = Rom(soc, skip_to=self._skip_to, cycle_of=self._cycle, enter=self.enter)
        self._parked: dict[tuple[int, int], _Parked] = {}  # by address to go on at, and stack pointer
        self._event: Event | None = None
        self._off = True  # until a reset: held in it, or halted
        self._since_ps = self._since_cycle = 0  # where both times were last known to be the same
        self._ps, self._per_cycles = _ratio(soc.cpu_hz)
        self.state = CpuState.RESET
        natives: dict[int, Callable[[int], tuple[int, int]]] = {}
        for function in functions:
            natives[function.address] = self._entry(function)
            natives[function.address + RESUME] = self._resume(function.address + RESUME)
            natives[function.address + RETURN] = self._returned(function.address + RETURN)
        soc.cpu.natives = natives
        soc.cpu.on_fault = self._fault
        soc.cpu.on_poll = self._polled
        soc.bus.settle = self._settle
        soc.bus.cycle_of = self._cycle
        soc.bus.code_changed = soc.cpu.invalidate
        soc.uart.on_receive = self._line_changed
        soc.clock.sooner = soc.cpu.stop

    # -- from outside ---------------------------------------------------------------------------

    @property
    def on_call(self) -> Callable[[int], None] | None:
        """Who is told of each call of a ROM function, by its address."""
        return self._rom.on_call

    @on_call.setter
    def on_call(self, listener: Callable[[int], None] | None) -> None:
        self._rom.on_call = listener

    def enter(self, state: CpuState) -> None:
        """Note where the CPU is."""
        self.state = state

    def reset(self) -> None:
        """Start at the reset vector, now."""
        self.stop()
        self._off = False
        self.state = CpuState.BOOTING if self._cpu.natives else CpuState.RUNNING
        self._keep_pace()
        self._cpu.reset()
        self.wake()

    def stop(self) -> None:
        """Run nothing, as while the reset line is low."""
        if self._event is not None:
            self._event.cancel()
            self._event = None
        self._parked.clear()
        self._off, self.state = True, CpuState.RESET
        self._cpu.stop()

    def wake(self) -> None:
        """Look now whether there is something to do."""
        if not self._off:
            self._schedule(self._clock.now)

    def set_clock(self, cpu_hz: int) -> None:
        """Run at another frequency from now on."""
        self._keep_pace()
        self._soc.cpu_hz = cpu_hz
        self._ps, self._per_cycles = _ratio(cpu_hz)

    def set_line(self, number: int, high: bool) -> None:
        """Drive an interrupt input of the CPU."""
        self._cpu.set_line(number, high)
        self.wake_if_idle()

    def raise_interrupt(self, number: int) -> None:
        """Latch an edge-triggered interrupt of the CPU."""
        self._cpu.raise_interrupt(number)
        self.wake_if_idle()

    def wake_if_idle(self) -> None:
        """Wake, unless the CPU is running this very moment."""
        if self._clock.watched == NOBODY:
            self.wake()

    # -- time -----------------------------------------------------------------------------------

    def _time(self, cycle: int) -> int:
        return self._since_ps + (cycle - self._since_cycle) * self._ps // self._per_cycles

    def _cycle(self, time: int) -> int:
        """Return the first cycle that is not before a time."""
        return self._since_cycle - (self._since_ps - time) * self._per_cycles // self._ps

    def _keep_pace(self) -> None:
        """Let the CPU's cycles catch up with the board's time, and count from there."""
        self._cpu.cycles = max(self._cpu.cycles, self._cycle(self._clock.now))
        self._since_ps, self._since_cycle = self._clock.now, self._cpu.cycles

    def _settle(self) -> None:
        """Make it the CPU's present."""
        cpu, clock = self._cpu, self._clock
        gone = cpu.slice_end - cpu.left - self._since_cycle
        now = self._since_ps + gone * self._ps // self._per_cycles
        if now > clock.now:  # noqa: PLR1730  asked for each access: a call would cost as much as all else
            clock.now = now

    def _polled(self) -> None:
        """Spare a loop the rounds in which it would find the same."""
        until = self._soc.bus.stays_until
        if until:
            self._cpu.skip_rounds(self._cycle(until) - self._cpu.cycles - 1)

    # -- running --------------------------------------------------------------------------------

    def _schedule(self, when: int) -> None:
        if self._event is not None:
            self._event.cancel()
        self._event = self._clock.at(when, self._live)

    def _live(self) -> None:
        """Run up to the next event, or as far as whoever drives the board wants to go."""
        self._event = None
        clock, cpu = self._clock, self._cpu
        cpu.cycles = max(cpu.cycles, self._cycle(clock.now))
        due = clock.next_due()
        limit = clock.now + SLICE_PS if due is None else min(due, clock.now + SLICE_PS)
        if clock.horizon is not None:
            limit = min(limit, clock.horizon)
        clock.watched = limit
        try:
            reason = cpu.run(self._cycle(limit))
        finally:
            clock.watched = NOBODY
        if self._off:
            self._settle()
            self._soc.uart.flush()
            return
        if reason is StopReason.IDLE:
            self._rest()
        else:
            self._settle()
            self._schedule(clock.now if clock.now != clock.horizon else clock.now + 1)

    def _rest(self) -> None:
        """Nothing will happen until something else does: give back the time that was only waited for."""
        clock, cpu = self._clock, self._cpu
        cpu.cycles = max(cpu.idle_since, self._cycle(clock.now))
        self._settle()
        self._soc.uart.flush()
        wake_at = min(cpu.timer_limit, cpu.idle_until, cpu.wake_at if cpu.waiting else NEVER)
        due = clock.next_due()
        when = None if wake_at == NEVER else self._time(wake_at) + 1
        if due is not None and (when is None or due < when):
            when = due
        if when is not None:
            self._schedule(when)

    def _line_changed(self) -> None:
        """See when what the activity waits for on the line will have come."""
        cpu = self._cpu
        parked = self._parked.get((cpu.pc, cpu.registers[1])) if cpu.waiting else None
        if parked is not None and parked.wait is not None:
            self._look_at_line(parked)
            cpu.wake_at = parked.wake_at
        self.wake_if_idle()

    def _look_at_line(self, parked: _Parked) -> None:
        uart: Uart = self._soc.uart
        at: int | None = None
        if parked.wait is Wait.LINE:
            at = None if uart.quiet() else self._clock.now
        elif parked.wait is Wait.BYTE:
            at = uart.next_byte()
        elif parked.wait is not Wait.EVER:
            at = uart.next_frame_end(inside=parked.wait is Wait.REST_OF_FRAME)
        parked.wake_at = NEVER if at is None else self._cycle(at)

    # -- functions of the ROM -------------------------------------------------------------------

    def _entry(self, function: Function) -> Callable[[int], tuple[int, int]]:
        """Return what is run in place of a function's code."""
        address, body, rom = function.address, function.body, self._rom
        cpu, bus = self._cpu, self._soc.bus
        registers = cpu.registers
        last = 2 + _arguments(body)

        def call(n: int) -> tuple[int, int]:
            cpu.left = n
            bus.effects += 1
            if rom.on_call is not None:
                rom.on_call(address)
            cpu.pc = address
            self._settle()
            rom.spent = 0.0
            result = body(rom, *registers[2:last])
            if result is None or isinstance(result, int):
                cost = round(rom.spent) or UNKNOWN_COST
                if not cpu.skip(cost):
                    if cost > max(cpu.left, LATE):
                        return self._drive(address, _pass(self._soc.cycles(cost), result), registers[0])
                    cpu.left -= cost
                return self._finish(result, registers[0])
            return self._drive(address, result, registers[0])

        return call if function.entry is None else function.entry(rom, call)

    def _skip_to(self, time: int) -> bool:
        """Let time pass at once, if nothing can happen meanwhile; False if something may."""
        if time <= self._clock.now:
            return True
        if not self._cpu.skip(self._cycle(time) - self._cpu.cycles):
            return False
        self._clock.now = time
        return True

    def _resume(self, address: int) -> Callable[[int], tuple[int, int]]:
        """Return what is run where a function waits."""
        cpu = self._cpu

        def resume(n: int) -> tuple[int, int]:
            cpu.pc, cpu.left = address, n
            key = (address, cpu.registers[1])
            parked = self._parked.get(key)
            if parked is None:
                return self._astray(address)
            if parked.wait is not None:
                self._settle()
                self._look_at_line(parked)
            if parked.wake_at > cpu.cycles:
                cpu.sleep(parked.wake_at)
                return address, n
            del self._parked[key]
            return self._drive(address - RESUME, parked.activity, parked.return_to)

        return resume

    def _returned(self, address: int) -> Callable[[int], tuple[int, int]]:
        """Return what is run when a function of the program returns to the ROM function that called it."""
        cpu = self._cpu

        def returned(n: int) -> tuple[int, int]:
            cpu.pc, cpu.left = address, n
            parked = self._parked.pop((address, cpu.registers[1]), None)
            if parked is None:
                return self._astray(address)
            cpu.registers[1] = cpu.registers[1] + CALL_FRAME & MASK32
            return self._drive(address - RETURN, parked.activity, parked.return_to, cpu.registers[2])

        return returned

    def _drive(
        self, address: int, activity: Activity[Result], return_to: int, sent: int | None = None
    ) -> tuple[int, int]:
        """Run an activity until it ends, or has to wait for longer than there are cycles left."""
        cpu, registers = self._cpu, self._cpu.registers
        cpu.pc = address + RESUME
        while True:
            self._settle()
            try:
                step = next(activity) if sent is None else activity.send(sent)
            except StopIteration as done:
                return self._finish(done.value, return_to)
            except Halt as halt:
                self._halt(halt.state)
                return cpu.pc, cpu.left
            except CpuException as fault:
                # As compiled code would, it faults again if a handler comes back.
                self._parked[cpu.pc, registers[1]] = _Parked(_again(fault), return_to, wake_at=0)
                raise
            sent = None
            if isinstance(step, Call):
                registers[0] = address + RETURN
                registers[1] = registers[1] - CALL_FRAME & MASK32
                registers[2 : 2 + len(step.arguments)] = step.arguments
                self._parked[address + RETURN, registers[1]] = _Parked(activity, return_to)
                return step.address, cpu.left
            if isinstance(step, int):
                wake_at = self._cycle(self._clock.now + step)
                parked = _Parked(activity, return_to, None, wake_at)
                if cpu.skip(wake_at - cpu.cycles):
                    continue
            else:
                parked = _Parked(activity, return_to, step)
                self._look_at_line(parked)
            self._parked[address + RESUME, registers[1]] = parked
            cpu.sleep(parked.wake_at)
            return address + RESUME, cpu.left

    def _finish(self, result: Result, return_to: int) -> tuple[int, int]:
        cpu = self._cpu
        if isinstance(result, Goto):
            return int(result), cpu.left
        cpu.registers[0] = return_to
        if result is not None:
            cpu.registers[2] = result & MASK32
        return return_to, cpu.left

    # -- ends -----------------------------------------------------------------------------------

    def _fault(self, fault: CpuException, pc: int) -> bool:
        """Note a fault; True if it is not for the program's handlers, but for whoever looks at the board."""
        if isinstance(fault, NotModelled):
            return self._not_modelled(pc)
        address = fault.address if fault.cause in HAS_ADDRESS else None
        self._note(Kind.EXCEPTION, f"cause {fault.cause} at {place(pc)}", address, fault.cause, pc)
        return False

    def _not_modelled(self, address: int) -> bool:
        self._note(Kind.UNMODELLED, f"ROM code is called that is not modelled: {nearest(address)}", address)
        self._halt(CpuState.STUCK)
        return True

    def _astray(self, address: int) -> tuple[int, int]:
        """Execution has come to the middle of a ROM function that waits for nothing."""
        self._not_modelled(address)
        return address, self._cpu.left

    def _halt(self, state: CpuState) -> None:
        self.state = state
        self._off = True
        if state in FAILED:
            self._note(Kind.HALTED, state.value)
        self._cpu.stop()

    def _note(
        self,
        kind: Kind,
        detail: str,
        address: int | None = None,
        cause: int | None = None,
        pc: int | None = None,
    ) -> None:
        self._soc.trace.add(TraceEvent(self._time(self._cpu.cycles), kind, detail, address, cause, pc))


def _ratio(cpu_hz: int) -> tuple[int, int]:
    """Return picoseconds and the cycles that take them, as small numbers: they are used for each access."""
    common = gcd(SECOND, cpu_hz)
    return SECOND // common, cpu_hz // common


@cache
def _arguments(body: Body) -> int:
    """Return how many arguments a function takes, behind the Rom."""
    return len(signature(body).parameters) - 1


def _again(fault: CpuException) -> Activity[Result]:
    """Fault once more."""
    raise fault
    yield  # makes it an activity


def _pass(time: int, result: Result) -> Activity[Result]:
    """Let time pass after the work was done."""
    yield time
    return result

# SPDX-License-Identifier: Apache-2.0
"""Runs one activity at a time on the clock: the place of the CPU while the ROM is a model."""

from esp8266sim.bootrom.activity import Activity, CpuState, Halt, Wait
from esp8266sim.clock import Clock, Event
from esp8266sim.soc.bus import CpuException
from esp8266sim.soc.uart import Uart
from esp8266sim.trace import Kind, Trace, TraceEvent


class Processor:
    """Resumes an activity when what it waits for has come."""

    def __init__(self, clock: Clock, trace: Trace, uart: Uart) -> None:
        self._clock = clock
        self._trace = trace
        self._uart = uart
        self._activity: Activity | None = None
        self._wake: Event | None = None
        self._wait: Wait | None = None
        self.state = CpuState.RESET
        uart.on_receive = self._look_at_line

    def enter(self, state: CpuState) -> None:
        """Note where the CPU is."""
        self.state = state

    def start(self, activity: Activity) -> None:
        """Run `activity` from now on, instead of what ran."""
        self.stop(self.state)
        self._activity = activity
        self._wake = self._clock.at(self._clock.now, self._resume)

    def stop(self, state: CpuState) -> None:
        """Run nothing."""
        if self._wake is not None:
            self._wake.cancel()
        self._activity = self._wake = self._wait = None
        self.state = state

    def _resume(self) -> None:
        if self._activity is None:
            return
        self._wake = self._wait = None
        try:
            wait = next(self._activity)
        except Halt as halt:
            self.stop(halt.state)
        except CpuException as fault:
            # The ROM's default handler is a breakpoint, which without a debugger halts for good.
            detail = f"cause {fault.cause}"
            self._trace.add(TraceEvent(self._clock.now, Kind.EXCEPTION, detail, fault.address, fault.cause))
            self.stop(CpuState.DEAD)
        else:
            if isinstance(wait, int):
                self._wake = self._clock.at(self._clock.now + wait, self._resume)
            else:
                self._wait = wait
                self._look_at_line()

    def _look_at_line(self) -> None:
        """Schedule the wake-up, if what is waited for is under way."""
        if self._wait is None or self._wake is not None:
            return
        at: int | None
        if self._wait is Wait.LINE:
            at = None if self._uart.quiet() else self._clock.now
        else:
            at = self._uart.next_frame_end(inside=self._wait is Wait.REST_OF_FRAME)
        if at is not None:
            self._wake = self._clock.at(at, self._resume)

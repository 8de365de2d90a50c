# SPDX-License-Identifier: Apache-2.0
"""A board: the chip, its flash, a crystal, a USB bridge, and the wires between them (public).

One rule: a board is a function of received bytes, line changes and virtual time. It never waits and starts
no thread; whoever holds it moves `clock` on.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from mmap import mmap
from typing import Protocol

from esp8266sim.bootrom.activity import CpuState
from esp8266sim.bootrom.boot import FLASH_BOOT, UART_DOWNLOAD
from esp8266sim.bootrom.memory import UART_INTERRUPT
from esp8266sim.bootrom.table import FUNCTIONS
from esp8266sim.chips import ChipModel
from esp8266sim.clock import MS, SECOND, Clock, Event
from esp8266sim.cpu import Cpu
from esp8266sim.cpu.core import NEVER
from esp8266sim.cpu.special import DEBUG_LEVEL
from esp8266sim.faults import DEAF, DUMB, Fault, carried, flash_bus
from esp8266sim.flashchip import FlashChip
from esp8266sim.flaws import Flaw, FlawedFlash
from esp8266sim.line import Bridge, Burst
from esp8266sim.processor import Processor
from esp8266sim.profiles import Profile
from esp8266sim.soc import dport, gpio, registers, rtc, spi, timers, uart, watchdog
from esp8266sim.soc.bus import Bus
from esp8266sim.soc.chip import Soc
from esp8266sim.soc.dport import Cache, Dport
from esp8266sim.soc.gpio import Gpio
from esp8266sim.soc.rtc import EXTERNAL, POWER_ON, WATCHDOG, Rtc
from esp8266sim.soc.spi import SpiController
from esp8266sim.soc.timers import Timers
from esp8266sim.soc.uart import Uart
from esp8266sim.soc.watchdog import Watchdog
from esp8266sim.trace import Kind, Trace, TraceEvent

# What a program asks the RTC for. The ROM boots the flash straight away after 3, which its source may call
# software reset; but users' logs of restarts have 2, and stubs count on coming back as the loader.
SOFTWARE_RESET = EXTERNAL
SDIO_STRAPS = 7
GPIO15 = 4  # its bit in the boot mode
# The usual 10 kOhm and 100 nF at the reset pin; it bridges the instant in which a host has changed one
# of the two lines and not yet the other.
RESET_RISE_PS = MS
UNMEASURED_BIT = round(SECOND / 115200)
APB_PER_CRYSTAL = 2  # APB and CPU run at twice the crystal while the boot ROM is in charge


class Wiring(Enum):
    """How reset and GPIO0 are connected."""

    AUTO = "auto"  # two transistors: RTS alone pulls reset, DTR alone pulls GPIO0
    JUMPER = "jumper"  # no reset line; GPIO0 tied to ground as long as `Board.jumper` is in place


class Host(Protocol):
    """Who hears what the board sends."""

    def receive(self, burst: Burst) -> None:
        """Take a burst; it may lie in the future."""

    def cut(self, now: int) -> None:
        """Forget what would have been sent after `now`."""


class Board:
    """One virtual board. It is powered when made.

    Args:
        profile: which board.
        content: what the flash holds, as long as the chip; kept and changed in place (a bytearray, a
            FlashFile or an mmap). An erased chip if None.
        chip: another flash chip than the profile's, with a unique id of its own.
        wiring: how reset and GPIO0 are connected.
        faults: what is wrong with its wires and its supply.
        flaws: what is wrong inside its flash chip.
        rom: a dump of the mask ROM to execute, instead of the model of it; 64 KiB.
        cpi: how many cycles of the CPU's clock pass for each that is counted: nobody has counted those of
            silicon, so that figures can be had that do not depend on it.

    Raises:
        ValueError: the content or the dump has another size.
    """

    def __init__(
        self,
        profile: Profile,
        content: "bytearray | mmap | None" = None,
        *,
        chip: ChipModel | None = None,
        wiring: Wiring = Wiring.AUTO,
        faults: Iterable[Fault] = (),
        flaws: Iterable[Flaw] = (),
        rom: bytes | None = None,
        cpi: float = 1.0,
    ) -> None:
        self.profile = profile
        self.wiring = wiring
        self.clock = Clock()
        self.trace = Trace()
        self.flash = FlashChip(
            chip or profile.flash,
            content,
            now=lambda: self.clock.now,
            unique_id=profile.unique_id if chip is None else b"",
        )
        self.on_wire: Callable[[str, Burst], None] | None = None  # told of what is on the line, which way
        self.on_lines: Callable[[bool, bool], None] | None = None  # told of DTR and RTS when they are set
        self._faults = frozenset(faults)
        flawed = tuple(flaws)
        on_bus = flash_bus(
            self._faults,
            FlawedFlash(self.flash, flawed) if flawed else self.flash,
            self.clock,
            self.power_cycle,
        )
        self.bridge = Bridge(self.clock, profile.bridge, self.receive)
        self._host: Host = self.bridge
        apb_hz = APB_PER_CRYSTAL * profile.crystal_hz
        bus = Bus(self.clock, self.trace, lambda offset, size: on_bus.transfer(0x03, offset, b"", size), rom)
        self.soc = Soc(
            clock=self.clock,
            trace=self.trace,
            bus=bus,
            cpu=Cpu(bus),
            uart=Uart(
                self.clock,
                self.trace,
                apb_hz,
                self._send,
                cut=self._cut,
                interrupt=lambda high: self._interrupt_of(uart.BASE, high),
            ),
            spi=SpiController(self.clock, apb_hz, on_bus, bus.stays),
            cpu_hz=round(apb_hz / cpi),
        )
        self._uart1 = Uart(
            self.clock,
            self.trace,
            apb_hz,
            lambda burst: None,
            interrupt=lambda high: self._interrupt_of(uart.BASE_1, high),
        )
        self._interrupting: set[int] = set()  # the UARTs, which share one interrupt
        self._processor = Processor(self.soc, FUNCTIONS if rom is None else ())
        self._io_mux = registers.io_mux()
        self.gpio = Gpio(
            self.clock,
            profile.crystal_hz,
            self._processor.set_line,
            lambda: gpio.pulled_up(self._io_mux),
        )
        self.rtc = Rtc(self.clock, lambda: self._reset_soon(SOFTWARE_RESET))
        self._dport = Dport(
            profile.efuse,
            lambda doubled: self._processor.set_clock(round((apb_hz << doubled) / cpi)),
            self._set_cache,
            self._processor.raise_interrupt,
        )
        self._timers = Timers(self.clock, apb_hz, self._dport.edge)
        self._watchdog = Watchdog(self.clock, self._dport.edge, lambda: self._reset_soon(WATCHDOG))
        self._map_peripherals()
        self.jumper = wiring is Wiring.JUMPER
        self._dtr = self._rts = False
        self._release: Event | None = None
        self._boot_mode = FLASH_BOOT
        self.reset(POWER_ON)

    @property
    def heard_bit(self) -> int:
        """The bit time (ps) that a sender without a baud rate of its own has to use.

        It is that of the chip's divisor; until autobaud has set that, 115200 baud. With a dump of the mask
        ROM it is 115200 baud only while the chip measures.
        """
        if self.cpu_state in (CpuState.RESET, CpuState.BOOTING, CpuState.AUTOBAUD):
            return UNMEASURED_BIT
        if self.cpu_state is CpuState.RUNNING and self.soc.uart.measuring:
            return UNMEASURED_BIT
        return self.soc.uart.bit

    def wire(self, wiring: Wiring) -> None:
        """Connect the board in this way from now on; the chip notices at its next reset."""
        self.wiring = wiring
        self.jumper = wiring is Wiring.JUMPER

    @property
    def cpu_state(self) -> CpuState:
        """Where the CPU is."""
        state, cpu = self._processor.state, self.soc.cpu
        if state is CpuState.RUNNING and cpu.waiting:
            return CpuState.IDLE if cpu.level < DEBUG_LEVEL else CpuState.DEAD
        return state

    @property
    def is_asleep(self) -> bool:
        """Whether the chip sleeps until an interrupt, and no byte is on its way, nor the flash at work."""
        cpu = self.soc.cpu  # whose `wake_at` is where a function of the ROM lets time pass
        sleeps = cpu.waiting and cpu.wake_at == NEVER and self.flash.busy_until <= self.clock.now
        return sleeps and self.soc.uart.quiet() and self.bridge.quiet

    @property
    def on_rom_call(self) -> Callable[[int], None] | None:
        """Who is told of each call of a modelled ROM function, by its address."""
        return self._processor.on_call

    @on_rom_call.setter
    def on_rom_call(self, listener: Callable[[int], None] | None) -> None:
        self._processor.on_call = listener

    def attach(self, host: Host) -> None:
        """Connect another listener than the USB bridge to the chip's transmit pin."""
        self._host = host

    def receive(self, burst: Burst) -> None:
        """Put a burst on the chip's receive pin; it may lie in the future."""
        if self.on_wire is not None:
            self.on_wire("to chip", burst)
        if Fault.ECHO in self._faults:
            self._host.receive(burst)
        if not self._faults & DEAF:
            self.soc.uart.receive(carried(self._faults, burst))

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set the bridge's modem lines; True is asserted, that is electrically low."""
        held = self._held_in_reset()
        self._dtr, self._rts = dtr, rts
        if self.on_lines is not None:
            self.on_lines(dtr, rts)
        if self._held_in_reset() and not held:
            self._halt()
        elif held and not self._held_in_reset():
            self._release = self.clock.at(self.clock.now + RESET_RISE_PS, lambda: self.reset(EXTERNAL))

    def power_cycle(self) -> None:
        """Take the supply away and give it back: RAM is lost, and what the flash was doing."""
        self._halt()
        self.flash.power_cycle()
        self.soc.bus.dram[:] = bytes(len(self.soc.bus.dram))
        self.soc.bus.iram[:] = bytes(len(self.soc.bus.iram))
        self.soc.cpu.forget_code()
        if not self._held_in_reset():
            self.reset(POWER_ON)

    def press_reset(self) -> None:
        """Pull reset low and let it go, as far as the modem lines do."""
        self._halt()
        if not self._held_in_reset():
            self.reset(EXTERNAL)

    def reset(self, cause: int, *, boot_mode: int | None = None, sdio: int = SDIO_STRAPS) -> None:
        """Start the chip, with straps as wired unless `boot_mode` says otherwise."""
        if boot_mode is None:
            boot_mode = UART_DOWNLOAD if self._gpio0_low() else FLASH_BOOT
            if Fault.GPIO15_HIGH in self._faults:
                boot_mode |= GPIO15
        self._boot_mode = boot_mode
        for block in (self._io_mux, self.gpio, self._dport, self._timers, self._watchdog):
            block.reset()
        self.gpio.straps = gpio.straps(boot_mode, sdio)
        self.rtc.reset(cause)
        self.soc.uart.flush()
        self.soc.uart.reset()
        self._uart1.reset()
        self._interrupting.clear()
        self.soc.spi.reset()
        self._processor.reset()

    def _reset_soon(self, cause: int) -> None:
        """Reset as the chip resets itself, when the instruction that asked for it is over."""
        self.trace.add(TraceEvent(self.clock.now, Kind.RESET, f"the chip resets itself, cause {cause}"))
        self.clock.at(self.clock.now, lambda: self._reset_itself(cause))

    def _reset_itself(self, cause: int) -> None:
        self._halt()
        if not self._held_in_reset():
            self.reset(cause, boot_mode=self._boot_mode)  # the straps are not read again (LINE-17)

    def _set_cache(self, cache: Cache) -> None:
        self.soc.bus.set_cache(on=cache.on, base=cache.base, iram_size=cache.iram_limit)

    def _halt(self) -> None:
        if self._release is not None:
            self._release.cancel()
        self._processor.stop()
        for block in (self._timers, self._watchdog):  # what would go on by itself
            block.reset()
        self.soc.uart.flush()
        self._host.cut(self.clock.now)

    def _cut(self, when: int) -> None:
        self._host.cut(when)

    def _interrupt_of(self, base: int, high: bool) -> None:
        (self._interrupting.add if high else self._interrupting.discard)(base)
        self._processor.set_line(UART_INTERRUPT, bool(self._interrupting))

    def _held_in_reset(self) -> bool:
        return self.wiring is Wiring.AUTO and self._rts and not self._dtr

    def _gpio0_low(self) -> bool:
        if Fault.GPIO0_OPEN in self._faults:
            return False
        return self.jumper or (self.wiring is Wiring.AUTO and self._dtr and not self._rts)

    def _send(self, burst: Burst) -> None:
        if self.on_wire is not None:
            self.on_wire("from chip", burst)
        if not self._faults & DUMB:
            self._host.receive(carried(self._faults, burst))

    def _map_peripherals(self) -> None:
        bus = self.soc.bus
        bus.attach(uart.BASE, self.soc.uart, uart.STEADY)
        bus.attach(uart.BASE_1, self._uart1, uart.STEADY)
        bus.attach(spi.BASE, self.soc.spi, spi.STEADY)
        bus.attach(timers.BASE, self._timers, timers.STEADY)
        bus.attach(gpio.BASE, self.gpio, gpio.STEADY)
        bus.attach(rtc.BASE, self.rtc, rtc.STEADY)
        bus.attach(registers.IO_MUX, self._io_mux)
        bus.attach(watchdog.BASE, self._watchdog, watchdog.STEADY)
        bus.attach(dport.BASE, self._dport, dport.STEADY)
        for index, block in enumerate(self.rtc.memory):
            bus.attach(rtc.MEMORY + index * rtc.BLOCK_SIZE, block)

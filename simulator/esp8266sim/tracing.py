# SPDX-License-Identifier: Apache-2.0
"""Writes down what a board does, a line for each thing: virtual seconds, the kind, and what it was.

One rule: a board that is traced does the same at the same time as one that is not; tracing only listens, at
places that cost nothing while nobody does.
"""

from collections import deque
from collections.abc import Callable, Collection
from enum import Enum

from esp8266sim.board import Board
from esp8266sim.bootrom.symbols import nearest
from esp8266sim.clock import SECOND
from esp8266sim.inspection import cause_name, report
from esp8266sim.line import Burst
from esp8266sim.soc import dport, gpio, registers, rtc, spi, timers, uart, watchdog
from esp8266sim.trace import Kind as EventKind
from esp8266sim.trace import TraceEvent
from esprom.errors import MalformedPacket
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST, RESPONSE

BLOCKS = {
    uart.BASE: "UART0",
    uart.BASE_1: "UART1",
    spi.BASE: "SPI0",
    gpio.BASE: "GPIO",
    timers.BASE: "FRC",
    rtc.BASE: "RTC",
    registers.IO_MUX: "IO_MUX",
    watchdog.BASE: "WDT",
    dport.BASE: "DPORT",
}
OF_UART = """FIFO INT_RAW INT_ST INT_ENA INT_CLR CLKDIV AUTOBAUD STATUS CONF0 CONF1 LOW_PULSE HIGH_PULSE
    RXD_COUNT DATE"""
# Names of registers, which the modules have as constants for their offsets.
REGISTERS: dict[str, dict[int, str]] = {
    block: {getattr(module, name): name for name in names.split()}
    for block, module, names in (
        ("UART0", uart, OF_UART),
        ("UART1", uart, OF_UART),
        ("SPI0", spi, "CMD ADDR CTRL RD_STATUS CLOCK USER USER1 USER2 EXT2"),
        ("GPIO", gpio, "OUT ENABLE IN STATUS"),
        ("RTC", rtc, "CONTROL STATE1 STATE2 SLP_CNT_VAL"),
        ("WDT", watchdog, "CTL OP OP_ND RST"),
        ("DPORT", dport, "NMI_ENABLE EDGE_INT_ENABLE CACHE_FLASH_CTRL CTL CACHE_IRAM"),
    )
}
SHOWN_BYTES = 32  # of a burst or a frame
LAST_CALLS = 8
STOPS = (EventKind.HALTED, EventKind.RESET)


class Kind(Enum):
    """What can be traced."""

    WIRE = "wire"  # bytes on the line
    COMMANDS = "commands"  # SLIP frames, by name where the ROM loader has one
    MMIO = "mmio"  # loads and stores of peripheral registers
    CPU = "cpu"  # calls of ROM functions, exceptions, resets, stops


class Tracer:
    """Listens to a board from now on. `write` takes whole lines, without their ends."""

    def __init__(self, board: Board, kinds: Collection[Kind], write: Callable[[str], None]) -> None:
        self._board = board
        self._write = write
        self._decoders = {"to chip": slip.Decoder(), "from chip": slip.Decoder()}
        self._commands = Kind.COMMANDS in kinds
        self._wire = Kind.WIRE in kinds
        self._calls: deque[str] = deque(maxlen=LAST_CALLS)
        self._access = ("", 0, 0)  # the last one, which may repeat
        self._repeated = 0
        if self._wire or self._commands:
            board.on_wire = self._on_wire
        if Kind.MMIO in kinds:
            board.soc.bus.watch = self._on_access
        if Kind.CPU in kinds:
            board.on_rom_call = self._on_call
            board.trace.observers.append(self._on_event)

    def _line(self, kind: Kind, text: str, at: int | None = None) -> None:
        self._flush_access()
        seconds = (self._board.clock.now if at is None else at) / SECOND
        self._write(f"{seconds:12.6f} {kind.value:<8} {text}")

    def _on_wire(self, way: str, burst: Burst) -> None:
        if self._wire:
            baud = round(SECOND / burst.bit)
            self._line(Kind.WIRE, f"{way} at {baud}: {_shown(burst.data)}", burst.start)
        if self._commands:
            for frame in self._decoders[way].feed(burst.data):
                self._line(Kind.COMMANDS, f"{way}: {_described(way, frame)}", burst.end)

    def _on_access(self, what: str, address: int, value: int) -> None:
        access = (what, address, value)
        if access == self._access:
            self._repeated += 1
            return
        pc = self._board.soc.cpu.pc
        self._line(Kind.MMIO, f"{what:<5} {register_name(address)} 0x{value:08x} by 0x{pc:08x}")
        self._access = access

    def _flush_access(self) -> None:
        repeated, self._repeated, self._access = self._repeated, 0, ("", 0, 0)
        if repeated:
            self._line(Kind.MMIO, f"the same {repeated} times more")

    def _on_call(self, address: int) -> None:
        cpu = self._board.soc.cpu
        arguments = ", ".join(f"0x{cpu.registers[index]:x}" for index in range(2, 6))
        call = f"{nearest(address)}({arguments}, ...) from 0x{cpu.registers[0]:08x}"
        self._calls.append(call)
        self._line(Kind.CPU, call)

    def _on_event(self, event: TraceEvent) -> None:
        cause = "" if event.cause is None else f", exception {cause_name(event.cause)}"
        address = "" if event.address is None else f", 0x{event.address:08x}"
        self._line(Kind.CPU, f"{event.kind.value}: {event.detail}{cause}{address}", event.at)
        if event.kind in STOPS:
            for line in (*report(self._board), "last calls of the ROM, the latest last:", *self._calls):
                self._line(Kind.CPU, f"  {line}", event.at)


def register_name(address: int) -> str:
    """Return a register as BLOCK.NAME, or with its address where it has no name."""
    block, offset = BLOCKS.get(address & ~0xFF), address & 0xFF
    if block is None:
        return f"0x{address:08x}"
    if block == "SPI0" and spi.W0 <= offset < spi.W0 + spi.BUFFER_SIZE:
        return f"SPI0.W{(offset - spi.W0) // 4}"
    return f"{block}.{REGISTERS.get(block, {}).get(offset, f'+0x{offset:02x}')}"


def _shown(data: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data[:SHOWN_BYTES])
    more = f" and {len(data) - SHOWN_BYTES} bytes more" if len(data) > SHOWN_BYTES else ""
    return f"{data[:SHOWN_BYTES].hex(' ')} |{text}|{more}"


def _described(way: str, frame: bytes) -> str:
    """Return a frame in words: a request or response if it is one, else its bytes."""
    try:
        if way == "to chip":
            request = REQUEST.parse(frame)
            size, body = len(request.body), _shown(request.body)
            return f"{request.command.name}, checksum 0x{request.checksum:x}, body of {size}: {body}"
        response = RESPONSE.parse(frame)
    except MalformedPacket:
        return f"frame of {len(frame)}: {_shown(frame)}"
    return f"{response.command.name} answered, value 0x{response.value:08x}, body {_shown(response.body)}"

# SPDX-License-Identifier: Apache-2.0
"""The ROM's UART functions."""

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Wait
from esp8266sim.bootrom.receiver import Receiver
from esp8266sim.bootrom.ring import Ring
from esp8266sim.bootrom.rom import Entry, Function, Rom
from esp8266sim.line import FRAME_BITS
from esp8266sim.soc import uart as reg
from esprom.protocol import slip

UART_CLOCK_HZ = 80_000_000  # what Uart_Init takes for granted; it is 52 MHz with a 26 MHz crystal
BOOT_BAUD = 115200
AUTOBAUD_ON = 0x801  # glitch filter 8
AUTOBAUD_EDGES = 29  # more than this must have been seen
AUTOBAUD_POLL_CYCLES = 80_000
AUTOBAUD_CORRECTION = 12
PULSE_MASK = 0xFFFFF
COST_SEND = 14  # cycles of uart_tx_one_char
COST_HANDLER = 60  # of the interrupt handler, and for each byte; assumed
COST_HANDLER_BYTE = 20
COUNT = 0xFF  # of received bytes, in STATUS
EMPTY = 1
BYTES = [bytes([value]) for value in range(256)]
PIECE = 64  # bytes given to the line at once


def _base(number: int) -> int:
    return reg.BASE_1 if number & 0xFF else reg.BASE


def send_byte(rom: Rom, byte: int) -> "int | Activity[int]":
    """uart_tx_one_char: waits until the FIFO is empty."""
    if rom.skip_to(rom.soc.uart.free_at()):
        rom.soc.uart.transmit(bytes((byte & 0xFF,)))
        rom.spend(COST_SEND)
        return 0
    return _send_later(rom, byte)


def sender(rom: Rom, call: Entry) -> Entry:
    """Return the entry of uart_tx_one_char: the next byte of a stream is done at once, others by `call`.

    It is run for every byte that a stub loader sends, so it looks where others would ask.
    """
    uart, cpu, bus, cycle_of = rom.soc.uart, rom.cpu, rom.soc.bus, rom.cycle_of
    registers = cpu.registers

    def send(n: int) -> tuple[int, int]:
        stream = uart.outgoing
        if (
            stream is None
            or cpu.attention
            or len(stream.data) >= reg.TOGETHER - 1
            or stream.bit != uart.bit
            or rom.on_call is not None
        ):
            return call(n)
        byte_ps = FRAME_BITS * stream.bit
        wait = cycle_of(uart.sent_until - byte_ps) - cpu.slice_end + n
        end = cpu.slice_end + wait + COST_SEND
        if wait <= 0 or end - n > cpu.limit:
            return call(n)
        over = end - cpu.limit
        if over > 0:
            end -= over
            n -= over
        cpu.slice_end, cpu.left = end, n
        stream.data += BYTES[registers[2] & 0xFF]
        uart.sent_until += byte_ps
        bus.effects += 1
        registers[2] = 0
        return registers[0], n

    return send


def _send_later(rom: Rom, byte: int) -> Activity[int]:
    uart = rom.soc.uart
    while (left := uart.free_at() - rom.soc.clock.now) > 0:
        yield left
    uart.transmit(bytes((byte & 0xFF,)))
    yield rom.soc.cycles(COST_SEND)
    return 0


def send_bytes(rom: Rom, data: bytes) -> Activity[None]:
    """Send as by uart_tx_one_char; the CPU is free again when the last byte is in the FIFO."""
    uart = rom.soc.uart
    while data and (left := uart.free_at() - rom.soc.clock.now) > 0:  # what a program has put into the FIFO
        yield left
    for at in range(0, len(data), PIECE):
        until = uart.transmit(data[at : at + PIECE]) - 2 * FRAME_BITS * uart.bit
        yield max(0, until - rom.soc.clock.now)


def receive_byte(rom: Rom, to: int) -> int:
    """uart_rx_one_char: 0 if there was a byte, else 1."""
    if not rom.cpu.load32(reg.BASE + reg.STATUS) & COUNT:
        rom.unchanged()
        return EMPTY
    rom.cpu.store8(to, rom.cpu.load32(reg.BASE + reg.FIFO))
    return 0


def receive_byte_block(rom: Rom) -> Activity[int]:
    """uart_rx_one_char_block: waits for one."""
    while not rom.cpu.load32(reg.BASE + reg.STATUS) & COUNT:
        yield Wait.BYTE
    return rom.cpu.load32(reg.BASE + reg.FIFO)


def receive_interrupt(rom: Rom, _ring: int) -> None:
    """uart_rx_intr_handler: what is in the FIFO goes into the ring."""
    cpu = rom.cpu
    received = bytearray()
    while cpu.load32(reg.BASE + reg.STATUS) & COUNT:
        received.append(cpu.load32(reg.BASE + reg.FIFO))
    Ring(rom.soc).put(bytes(received))
    cpu.store32(reg.BASE + reg.INT_CLR, reg.INT_RX_FULL | reg.INT_RX_TIMEOUT)
    rom.spend(COST_HANDLER + COST_HANDLER_BYTE * len(received))


def set_divisor(rom: Rom, number: int, divisor: int) -> None:
    """uart_div_modify: both FIFOs are emptied."""
    cpu, base = rom.cpu, _base(number)
    cpu.store32(base + reg.CLKDIV, divisor & 0xFFFF)
    settings = cpu.load32(base + reg.CONF0)
    cpu.store32(base + reg.CONF0, settings | reg.CONF0_RX_RESET | reg.CONF0_TX_RESET)
    cpu.store32(base + reg.CONF0, settings & ~(reg.CONF0_RX_RESET | reg.CONF0_TX_RESET))


def initialise(rom: Rom, number: int) -> None:
    """Uart_Init: 115200 baud if APB ran at 80 MHz, 8N1, an interrupt for each byte received."""
    cpu, base = rom.cpu, _base(number)
    cpu.store32(base + reg.CLKDIV, UART_CLOCK_HZ // BOOT_BAUD)
    cpu.store32(base + reg.CONF0, reg.CONF0_8N1)
    cpu.store32(base + reg.CONF1, 1)
    cpu.store32(base + reg.INT_ENA, reg.INT_RX_FULL)


def attach(rom: Rom) -> None:
    """uartAttach: the ring's handler serves the UART's interrupt."""
    entry = memory.interrupt_entry(memory.UART_INTERRUPT)
    rom.cpu.store32(entry, HANDLER.address)
    rom.cpu.store32(entry + 4, memory.RING_SIZE_FIELD)


def detect_baud(rom: Rom, _number: int, nonblocking: int) -> "int | Activity[int]":
    """uart_baudrate_detect: the divisor; 0 if it cannot tell yet and is not to wait."""
    uart = rom.soc.uart
    if nonblocking & 0xFF:
        if not rom.cpu.load32(reg.BASE + reg.AUTOBAUD) & reg.AUTOBAUD_ENABLE:
            rom.cpu.store32(reg.BASE + reg.AUTOBAUD, AUTOBAUD_ON)
        return _measured(rom) if (uart.load(reg.RXD_COUNT) or 0) > AUTOBAUD_EDGES else 0
    return detect_baud_waiting(rom)


def detect_baud_waiting(rom: Rom) -> Activity[int]:
    """Wait for edges, looking every AUTOBAUD_POLL_CYCLES; return the divisor."""
    cpu, soc = rom.cpu, rom.soc
    cpu.store32(reg.BASE + reg.AUTOBAUD, AUTOBAUD_ON)
    since, period = soc.clock.now, soc.cycles(AUTOBAUD_POLL_CYCLES)
    while cpu.load32(reg.BASE + reg.RXD_COUNT) <= AUTOBAUD_EDGES:
        yield Wait.LINE  # polling an idle line changes nothing
        yield period - (soc.clock.now - since) % period
    return _measured(rom)


def _measured(rom: Rom) -> int:
    cpu = rom.cpu
    low = cpu.load32(reg.BASE + reg.LOW_PULSE) & PULSE_MASK
    high = cpu.load32(reg.BASE + reg.HIGH_PULSE) & PULSE_MASK
    cpu.store32(reg.BASE + reg.AUTOBAUD, 0)
    return (low + high) // 2 + AUTOBAUD_CORRECTION & 0xFFFF


def send_packet(rom: Rom, address: int, size: int) -> Activity[int]:
    """send_packet, SendMsg: as a SLIP frame."""
    yield from send_bytes(rom, slip.encode(rom.read(address, size)))
    return 0


def receive_packet(rom: Rom, to: int, size: int, nonblocking: int) -> Activity[int]:
    """recv_packet: the size of the frame, what is longer is cut off.

    Assumed of the form that does not wait: it gives up, with 0, when no byte is there to begin with.
    """
    receiver = Receiver(rom, to, size)
    if nonblocking & 0xFF and not receiver.pending():
        return 0
    yield from receiver.frame()
    return receiver.stored


def receive_message(rom: Rom, to: int, size: int, nonblocking: int) -> Activity[int]:
    """RcvMsg: 1 if recv_packet gave 0."""
    received = yield from receive_packet(rom, to, size, nonblocking)
    return int(received == 0)


def device(_rom: Rom) -> int:
    """GetUartDevice."""
    return memory.UART_DEVICE


def switch_buffer(rom: Rom, number: int) -> None:
    """uart_buff_switch: the UART that the send and receive functions use; only UART0 is served here."""
    rom.cpu.store32(memory.UART_DEVICE + 64, number & 0xFF)


SEND = Function("uart_tx_one_char", send_byte, entry=sender)
HANDLER = Function("uart_rx_intr_handler", receive_interrupt)
FUNCTIONS = (
    HANDLER,
    SEND,
    Function("uart_rx_one_char", receive_byte),
    Function("uart_rx_one_char_block", receive_byte_block),
    Function("uart_div_modify", set_divisor),
    Function("uart_baudrate_detect", detect_baud),
    Function("Uart_Init", initialise),
    Function("uartAttach", attach),
    Function("uart_buff_switch", switch_buffer),
    Function("GetUartDevice", device),
    Function("send_packet", send_packet),
    Function("SendMsg", send_packet),
    Function("recv_packet", receive_packet),
    Function("RcvMsg", receive_message),
)

# SPDX-License-Identifier: Apache-2.0
"""Where the ROM keeps things in RAM, the values it starts with, and what its code costs.

A client can read and overwrite all of it; therefore the model keeps it there too, and nowhere else.
Source: the mask ROM's code and data, executed in an interpreter with modelled peripherals. One
instruction is charged one cycle, which is as good as is known (cycles on silicon were not measured).
"""

from esp8266sim.bootrom.symbols import SYMBOLS
from esp8266sim.soc.bus import DRAM, Bus

PACKET = 0x3FFFA000  # the frame received last, unescaped; nobody clears it
PACKET_SIZE = 0x2000
REPLY = 0x3FFFDE00  # 10 bytes; each command overwrites only what it sets
UART_DEVICE = 0x3FFFDE10
RING_SIZE_FIELD = UART_DEVICE + 24
RING_START_FIELD = UART_DEVICE + 28
RING_WRITE_FIELD = UART_DEVICE + 32
RING_READ_FIELD = UART_DEVICE + 36
RING = 0x3FFFDE60
RING_SIZE = 256
USER_START = 0x3FFFDCD0  # the entry point that MEM_END stores
CYCLES_PER_US = 0x3FFFC704
FLASH_PARAMETERS_POINTER = 0x3FFFC714
FLASH_PARAMETERS = 0x3FFFC718  # id, chip, block, sector, page size, status mask
EXCEPTION_TABLE = 0x3FFFC000  # 64 handlers by EXCCAUSE
DEFAULT_HANDLER = SYMBOLS["_xtos_unhandled_exception"]
HANDLERS = {
    1: SYMBOLS["_xtos_syscall_handler"],
    4: SYMBOLS["_xtos_l1int_handler"],
}  # as they were seen
# Behind it, as Xtensa's run-time has them (where and in which order was not recorded): handlers in C by
# EXCCAUSE, then a handler and its argument for each interrupt, the highest first.
C_HANDLERS = EXCEPTION_TABLE + 0x100
INTERRUPT_HANDLERS = EXCEPTION_TABLE + 0x200
INTERRUPTS = 15
UART_INTERRUPT = 5
STACK = 0x3FFFFF50  # pointer while main is idle
COMMAND_TABLE = 0x3FFFCBA0  # 12 words: where the loader jumps, by opcode
COMMAND_REFUSED = 0x40003435
COMMAND_ENTRIES = (
    COMMAND_REFUSED,
    COMMAND_REFUSED,
    0x40003500,
    0x400034EB,
    0x400034D0,
    0x40003440,
    0x400034B9,
    0x400034A3,
    0x4000348D,
    0x4000347D,
    0x40003468,
    0x40003455,
)
FLASH_DEFAULTS = (0x1640EF, 0x400000, 0x10000, 0x1000, 0x100, 0xFFFF)

# Instructions from the last byte of a command to the loop being idle again.
COST_READ_REG = 548
COST_SYNC = 2478
COST_OTHER = 565  # MEM_BEGIN, and taken for what was not measured
COST_MEM_BYTE = 6.2  # MEM_DATA of 64 bytes takes 959 in all
COST_FLASH_BEGIN = 1490  # 2019 with one sector's head and tail, less two sector erases
COST_ERASE = 264  # without the flash's busy time
COST_PROGRAM_BYTE = 7.3  # SPIWrite of 256 bytes takes 1866
COST_READ_BYTE = 2.3  # SPIRead of 4096 bytes takes 9418
COST_CHECKSUM_BYTE = 4.0
COST_BOOT = 100_000  # from reset to the banner; assumed


def word(bus: Bus, address: int) -> int:
    """Return a word of DRAM."""
    return int.from_bytes(bus.dram[address - DRAM : address - DRAM + 4], "little")


def set_word(bus: Bus, address: int, value: int) -> None:
    """Set a word of DRAM."""
    bus.dram[address - DRAM : address - DRAM + 4] = value.to_bytes(4, "little")


def flash_parameter(bus: Bus, index: int) -> int:
    """Return the address of a word of the flash geometry, found as the ROM does: through its pointer."""
    return word(bus, FLASH_PARAMETERS_POINTER) + 4 * index & 0xFFFFFFFF


def interrupt_entry(number: int) -> int:
    """Return the address of an interrupt's handler; its argument is behind it."""
    return INTERRUPT_HANDLERS + 8 * (INTERRUPTS - 1 - number)


def initialise(bus: Bus) -> None:
    """Set up the ROM's data as its start-up code does; what it does not touch stays."""
    end = RING + RING_SIZE
    bus.dram[EXCEPTION_TABLE - DRAM : end - DRAM] = bytes(end - EXCEPTION_TABLE)
    for cause in range(64):
        set_word(bus, EXCEPTION_TABLE + 4 * cause, HANDLERS.get(cause, DEFAULT_HANDLER))
        set_word(bus, C_HANDLERS + 4 * cause, SYMBOLS["_xtos_p_none"])
    for number in range(INTERRUPTS):
        set_word(bus, interrupt_entry(number), SYMBOLS["_xtos_unhandled_interrupt"])
        set_word(bus, interrupt_entry(number) + 4, number)
    for opcode, entry in enumerate(COMMAND_ENTRIES):
        set_word(bus, COMMAND_TABLE + 4 * opcode, entry)
    set_word(bus, CYCLES_PER_US, 80)
    set_word(bus, FLASH_PARAMETERS_POINTER, FLASH_PARAMETERS)
    for index, value in enumerate(FLASH_DEFAULTS):
        set_word(bus, FLASH_PARAMETERS + 4 * index, value)
    for address, value in (
        (UART_DEVICE, 115200),
        (UART_DEVICE + 4, 3),
        (RING_SIZE_FIELD, RING_SIZE),
        (RING_START_FIELD, RING),
        (RING_WRITE_FIELD, RING),
        (RING_READ_FIELD, RING),
        (USER_START, 0),
    ):
        set_word(bus, address, value)

# SPDX-License-Identifier: Apache-2.0
"""What a person wants to see of a board that has stopped, or is running: registers, and code in words.

One rule: looking changes nothing. Code is read from RAM, from the flash behind its window, and from a dump of
the mask ROM, if there is one; addresses in the ROM have names.
"""

from collections.abc import Iterator

from esp8266sim.board import Board
from esp8266sim.bootrom.symbols import place
from esp8266sim.cpu import special as sr
from esp8266sim.cpu.core import SAR_INDEX
from esp8266sim.cpu.decode import decode, disassemble, size_of
from esp8266sim.soc.bus import CpuException

CAUSES = {
    sr.ILLEGAL: "illegal instruction",
    sr.SYSCALL: "SYSCALL",
    sr.FETCH_ERROR: "instruction fetch error",
    sr.LOAD_STORE_ERROR: "load or store error",
    sr.LEVEL1_INTERRUPT: "level-1 interrupt",
    sr.ALIGNMENT: "unaligned load or store",
    sr.FETCH_PROHIBITED: "instruction fetch prohibited",
    sr.LOAD_PROHIBITED: "load prohibited",
    sr.STORE_PROHIBITED: "store prohibited",
}
SHOWN = (
    ("ps", sr.PS),
    ("epc1", sr.EPC1),
    ("epc2", sr.EPC1 + 1),
    ("epc3", sr.EPC1 + 2),
    ("excvaddr", sr.EXCVADDR),
    ("depc", sr.DEPC),
    ("intenable", sr.INTENABLE),
    ("vecbase", sr.VECBASE),
)
AROUND = 8  # instructions shown at the pc


def cause_name(cause: int) -> str:
    """Return what an EXCCAUSE means, as far as this core has it."""
    return f"{cause} ({CAUSES[cause]})" if cause in CAUSES else str(cause)


def instructions(board: Board, address: int, count: int) -> Iterator[str]:
    """Yield `count` lines of disassembly from `address` on; what is no instruction as its byte."""
    cpu = board.soc.cpu
    for _ in range(count):
        try:
            word = cpu.fetch(address)
        except CpuException as fault:
            yield f"0x{address:08x}  nothing can be fetched: cause {cause_name(fault.cause)}"
            return
        found = decode(word, address)
        if found is None:
            yield f"0x{address:08x}  {word & 0xFF:02x}      .byte 0x{word & 0xFF:02x}"
            address += 1
            continue
        size = size_of(word & 0xFF)
        raw = (word & (1 << 8 * size) - 1).to_bytes(size, "little").hex()
        yield f"0x{address:08x}  {raw:<6}  {disassemble(found)}"
        address = found.next


def registers(board: Board) -> list[str]:
    """Return the CPU's registers and where it is, as lines."""
    cpu = board.soc.cpu
    lines = [f"{board.cpu_state.value}; pc {place(cpu.pc)}, cycle {cpu.cycles}"]
    for first in range(0, 16, 4):
        row = (f"a{index:<2} 0x{cpu.registers[index]:08x}" for index in range(first, first + 4))
        lines.append("  ".join(row))
    shown = [f"{name} 0x{cpu.special[number]:08x}" for name, number in SHOWN]
    lines.append("  ".join([f"sar {cpu.registers[SAR_INDEX]}", *shown[:4]]))
    lines.append("  ".join(shown[4:]))
    lines.append(f"exccause {cause_name(cpu.special[sr.EXCCAUSE])}")
    return lines


def report(board: Board) -> list[str]:
    """Return registers and the code at the pc, as lines."""
    return [*registers(board), *instructions(board, board.soc.cpu.pc, AROUND)]

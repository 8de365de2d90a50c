# SPDX-License-Identifier: Apache-2.0
"""The special registers of the LX106, its interrupts, exception causes and vectors, as data.

Numbers, names and which of RSR, WSR and XSR take them are what `xtensa-lx106-elf-objdump` prints for all
2**20 words of the opcode group; what the registers do is in the Xtensa ISA reference manual. Vector offsets
and the interrupts in use are the mask ROM's (observed by executing it).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpecialRegister:
    """One special register; `access` holds r, w and x for the instructions that know it."""

    number: int
    name: str
    access: str
    mask: int = 0xFFFFFFFF  # bits that a write can set
    reset: int = 0


LITBASE, PS, VECBASE, EXCCAUSE, EXCVADDR, DEPC = 5, 230, 231, 232, 238, 192
SAR, DDR, PRID, DEBUGCAUSE, CCOUNT, CCOMPARE0 = 3, 104, 235, 233, 234, 240
INTERRUPT, INTSET, INTCLEAR, INTENABLE = 226, 226, 227, 228
EPC1, EPS1, EXCSAVE1 = 177, 193, 209  # level n is at the number plus n - 1; there is no EPS1

REGISTERS = (
    SpecialRegister(SAR, "sar", "rwx", 0x3F),
    SpecialRegister(LITBASE, "litbase", "rwx", 0xFFFFF001),
    SpecialRegister(89, "mmid", "w"),
    SpecialRegister(96, "ibreakenable", "rwx", 0x1),
    SpecialRegister(DDR, "ddr", "rwx"),
    SpecialRegister(128, "ibreaka0", "rwx"),
    SpecialRegister(144, "dbreaka0", "rwx"),
    SpecialRegister(160, "dbreakc0", "rwx", 0xC000003F),
    SpecialRegister(176, "176", "rw"),
    SpecialRegister(EPC1, "epc1", "rwx"),
    SpecialRegister(178, "epc2", "rwx"),
    SpecialRegister(179, "epc3", "rwx"),
    SpecialRegister(DEPC, "depc", "rwx"),
    SpecialRegister(194, "eps2", "rwx"),
    SpecialRegister(195, "eps3", "rwx"),
    SpecialRegister(208, "208", "r"),
    SpecialRegister(EXCSAVE1, "excsave1", "rwx"),
    SpecialRegister(210, "excsave2", "rwx"),
    SpecialRegister(211, "excsave3", "rwx"),
    SpecialRegister(INTERRUPT, "interrupt", "r"),
    SpecialRegister(INTSET, "intset", "w"),
    SpecialRegister(INTCLEAR, "intclear", "w"),
    SpecialRegister(INTENABLE, "intenable", "rwx"),
    SpecialRegister(PS, "ps", "rwx", 0x3F, 0x1F),  # INTLEVEL 3:0, EXCM 4, UM 5; the others need options
    SpecialRegister(VECBASE, "vecbase", "rwx", 0xFFFFFF00, 0x40000000),
    SpecialRegister(EXCCAUSE, "exccause", "rwx", 0x3F),
    SpecialRegister(DEBUGCAUSE, "debugcause", "rwx", 0x3F),
    SpecialRegister(CCOUNT, "ccount", "rwx"),
    SpecialRegister(PRID, "prid", "r"),
    SpecialRegister(236, "icount", "rwx"),
    SpecialRegister(237, "icountlevel", "rwx", 0xF),
    SpecialRegister(EXCVADDR, "excvaddr", "rwx"),
    SpecialRegister(CCOMPARE0, "ccompare0", "rwx"),
)
WRITE_MASK = {register.number: register.mask for register in REGISTERS}

INTLEVEL, EXCM, UM = 0xF, 0x10, 0x20  # PS
DEBUG_LEVEL, NMI_LEVEL = 2, 3

LEVEL_INTERRUPTS = 0x003F  # follow their line; 5 is the UART
TIMER_INTERRUPT = 1 << 6  # CCOMPARE0; cleared by writing that
SOFTWARE_INTERRUPT = 1 << 7
EDGE_INTERRUPTS = 0x3F00  # latched until INTCLEAR
NMI = 1 << 14  # latched until taken
LEVEL1 = 0x3FFF  # all but the NMI are of level 1

ILLEGAL, SYSCALL, FETCH_ERROR, LOAD_STORE_ERROR, LEVEL1_INTERRUPT = 0, 1, 2, 3, 4
ALIGNMENT, FETCH_PROHIBITED, LOAD_PROHIBITED, STORE_PROHIBITED = 9, 20, 28, 29
HAS_ADDRESS = {
    FETCH_ERROR,
    LOAD_STORE_ERROR,
    ALIGNMENT,
    FETCH_PROHIBITED,
    LOAD_PROHIBITED,
    STORE_PROHIBITED,
}  # causes that set EXCVADDR

DEBUG_VECTOR, NMI_VECTOR, KERNEL_VECTOR, USER_VECTOR, DOUBLE_VECTOR = 0x10, 0x20, 0x30, 0x50, 0x70
RESET_VECTOR = 0x40000080

BREAK_CAUSE, BREAK_N_CAUSE = 0x08, 0x10  # DEBUGCAUSE

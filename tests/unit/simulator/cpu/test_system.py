# SPDX-License-Identifier: Apache-2.0
"""Exceptions, interrupts, timer, special registers, region attributes: with exact state each time."""

import pytest

from esp8266sim.cpu import StopReason
from esp8266sim.cpu import special as sr
from tests.lx106 import CODE, IO, RAM, Machine, build

BOTH = pytest.mark.parametrize("translating", [False, True], ids=["interpreted", "translated"])

# Vectors at the start of code memory; each handler notes itself in a15 and stops.
VECTORS = """
 .text
 .global _start
 vectors: .space 0x10
 debug: movi a15, 2
 j stop
 .balign 16
 nmi: addi a14, a14, 1
 rfi 3
 .balign 16
 kernel: movi a15, 3
 j stop
 .balign 32
 .org 0x50
 user: movi a15, 5
 j stop
 .org 0x70
 double: movi a15, 7
 stop: nop
 here: j here
 .literal_position
 .org 0x100
 _start:
"""


def machine(body: str, *, translating: bool, io: bool = False) -> Machine:
    program = build(VECTORS + body)
    made = Machine(program, translating=translating, stops=(program.names["stop"],))
    made.cpu.special[sr.VECBASE] = CODE
    made.names = program.names  # type: ignore[attr-defined]
    if io:
        made.memory.io[IO] = 0
    return made


def name(made: Machine, of: str) -> int:
    found: int = made.names[of]  # type: ignore[attr-defined]
    return found


FAULTS = {
    "illegal": ("ill", 0, None),
    "no instruction": (".byte 0, 0, 3", 0, None),
    "call of null": ("movi a2, 0\n here2: jx a2", 2, 0),
    "syscall": ("syscall", 1, None),
    "byte from code": ("l8ui a3, a4, 2", 3, CODE + 2),
    "halfword to code": ("s16i a3, a4, 2", 3, CODE + 2),
    "unaligned word": ("l32i a3, a5, 4", 9, RAM + 6),
    "unaligned halfword": ("s16i a3, a6, 0", 9, RAM + 1),
}


@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_leaves_exact_state(fault: str, translating: bool) -> None:
    code, cause, address = FAULTS[fault]
    made = machine(f"movi a7, 77\n addi a8, a7, 1\n here1: {code}\n movi a7, 0", translating=translating)
    made.a[4:7] = [CODE, RAM + 2, RAM + 1]
    made.a[3] = 0x33
    made.cpu.special[sr.EXCVADDR] = 0x12345678
    assert made.cpu.run(100) is StopReason.ADDRESS
    assert made.a[15] == 5
    special = made.cpu.special
    assert special[sr.EXCCAUSE] == cause
    assert special[sr.EPC1] == (0 if fault == "call of null" else name(made, "here1"))
    assert special[sr.EXCVADDR] == (0x12345678 if address is None else address)
    assert special[sr.PS] == sr.UM | sr.EXCM
    assert made.a[3:9] == [0x33, CODE, RAM + 2, RAM + 1, 77, 78]


@BOTH
def test_cycles_are_exact_at_a_fault(translating: bool) -> None:
    made = machine("movi a2, 3\n again: addi a2, a2, -1\n bnez a2, again\n ill", translating=translating)
    seen: list[int] = []

    def note(*_: object) -> bool:
        seen.append(made.cpu.cycles)
        return False

    made.cpu.on_fault = note
    made.cpu.run(100)
    assert seen == [1 + 3 * 2 + 1]


@BOTH
def test_kernel_vector_and_double_exception(translating: bool) -> None:
    made = machine("movi a2, 0x10\n wsr.ps a2\n at: ill", translating=translating)
    made.cpu.run(100)
    assert made.a[15] == 7
    assert made.cpu.special[sr.DEPC] == name(made, "at")
    made = machine("movi a2, 0\n wsr.ps a2\n at: ill", translating=translating)
    made.cpu.run(100)
    assert made.a[15] == 3
    assert made.cpu.special[sr.EPC1] == name(made, "at")


@BOTH
def test_rfe_comes_back(translating: bool) -> None:
    made = machine(
        "movi a2, back\n wsr.epc1 a2\n movi a3, 0x30\n wsr.ps a3\n rfe\n ill\n back: rsr.ps a4\n j stop",
        translating=translating,
    )
    made.cpu.run(100)
    assert made.a[4] == 0x20
    assert made.a[15] == 0


@BOTH
def test_break_goes_to_the_debug_vector_unless_masked(translating: bool) -> None:
    made = machine("at: break 1, 1\n j stop", translating=translating)
    made.cpu.run(100)
    assert made.a[15] == 2
    assert made.cpu.special[178] == name(made, "at")
    assert made.cpu.special[194] == 0x20
    assert made.cpu.special[sr.DEBUGCAUSE] == sr.BREAK_CAUSE
    assert made.cpu.special[sr.PS] == 0x20 | sr.EXCM | 2
    made = machine("rsil a2, 2\n break 1, 1\n movi a15, 9\n j stop", translating=translating)
    made.cpu.run(100)
    assert (made.a[15], made.a[2]) == (9, 0x20)


@BOTH
def test_level_1_interrupt_waits_for_rsil_and_intenable(translating: bool) -> None:
    body = (
        "rsil a2, 1\n movi a3, 0x20\n wsr.intenable a3\n rsr.interrupt a4\n rsil a5, 0\n after: nop\n l: j l"
    )
    made = machine(body, translating=translating)
    made.cpu.raise_interrupt(5)
    assert made.cpu.run(200) is StopReason.ADDRESS
    assert made.cpu.special[sr.EXCCAUSE] == 4
    assert made.cpu.special[sr.EPC1] == name(made, "after")
    assert (made.a[4], made.a[5]) == (0x20, 0x21)


@BOTH
def test_software_interrupt_and_intclear(translating: bool) -> None:
    body = "movi a2, 0x80\n wsr.intset a2\n rsr.interrupt a3\n wsr.intclear a2\n rsr.interrupt a4\n"
    made = machine(body + "wsr.intset a2\n wsr.intenable a2\n at: l: j l", translating=translating)
    made.cpu.run(200)
    assert (made.a[3], made.a[4]) == (0x80, 0)
    assert made.cpu.special[sr.EPC1] == name(made, "at")


@BOTH
def test_level_line_falls_and_edge_stays(translating: bool) -> None:
    made = machine("j stop", translating=translating)
    made.cpu.set_line(5, True)
    made.cpu.set_line(9, True)
    made.cpu.set_line(5, False)
    made.cpu.set_line(9, False)
    assert made.cpu.interrupts == 1 << 9


@BOTH
def test_nmi_is_taken_whatever_is_masked_and_returns(translating: bool) -> None:
    made = machine("rsil a2, 15\n l: addi a3, a3, 1\n j l", translating=translating)
    made.cpu.run(20)
    made.cpu.raise_interrupt(14)
    made.cpu.run(60)
    assert made.a[14] == 1
    assert made.cpu.special[sr.PS] == 0x2F
    assert made.cpu.special[195] == 0x2F
    made.cpu.run(90)
    assert made.a[14] == 1


@BOTH
def test_timer_interrupt_comes_on_time_and_ccompare_takes_it_back(translating: bool) -> None:
    body = "rsr.ccount a2\n addmi a2, a2, 0x1000\n wsr.ccompare0 a2\n movi a3, 0x40\n wsr.intenable a3\n"
    made = machine(body + "l: addi a4, a4, 1\n j l", translating=translating)
    assert made.cpu.run(100_000) is StopReason.ADDRESS
    due = made.a[2] + 0
    late = made.cpu.read_special(sr.CCOUNT) - due
    assert 0 <= late <= 128 + 4
    assert made.cpu.interrupts == 0x40
    made.cpu.write_special(sr.CCOMPARE0, 0)
    assert made.cpu.interrupts == 0


@BOTH
def test_waiti_skips_to_the_deadline_and_wakes_by_an_interrupt(translating: bool) -> None:
    body = "movi a3, 0x20\n wsr.intenable a3\n waiti 0\n after: l: j l"
    made = machine(body, translating=translating)
    assert made.cpu.run(10**12) is StopReason.IDLE
    assert made.cpu.cycles == 10**12
    assert made.cpu.waiting
    made.cpu.raise_interrupt(5)
    assert made.cpu.run(10**12 + 100) is StopReason.ADDRESS
    assert made.cpu.special[sr.EPC1] == name(made, "after")


@BOTH
def test_waiti_wakes_by_the_timer(translating: bool) -> None:
    body = "movi a2, 1000000\n wsr.ccompare0 a2\n movi a3, 0x40\n wsr.intenable a3\n waiti 0\n l: j l"
    made = machine(body, translating=translating)
    assert made.cpu.run(10**9) is StopReason.ADDRESS
    assert 1_000_000 <= made.cpu.cycles < 1_000_010


@BOTH
def test_special_registers_keep_what_is_written_and_xsr_exchanges(translating: bool) -> None:
    for register in sr.REGISTERS:
        if "x" not in register.access or register.number in (sr.CCOUNT, sr.PS, sr.LITBASE):
            continue
        body = f"movi a3, 0x5A5A5A5F\n wsr.{register.name} a2\n rsr.{register.name} a4\n"
        made = machine(
            body + f"xsr.{register.name} a3\n rsr.{register.name} a5\n j stop", translating=translating
        )
        made.a[2] = 0xFFFFFFFF
        made.cpu.special[sr.INTENABLE] = 0
        made.cpu.run(100)
        assert made.a[4] == made.a[3] == register.mask, register.name
        assert made.a[5] == 0x5A5A5A5F & register.mask, register.name


@BOTH
def test_ccount_counts_and_can_be_set(translating: bool) -> None:
    body = "movi a2, 1000\n wsr.ccount a2\n nop\n nop\n rsr.ccount a3\n j stop"
    made = machine(body, translating=translating)
    made.cpu.run(100)
    assert made.a[3] == 1003


@BOTH
def test_litbase_moves_literals_and_back(translating: bool) -> None:
    body = """
 movi a2, table + 0x40000 + 1
 wsr.litbase a2
 isync
 .byte 0x31, 0, 0  // l32r a3, the first word
 .byte 0x41, 1, 0
 movi a5, 0
 wsr.litbase a5
 movi a6, 0x12345678
 j stop
 .org 0x1000
 table: .word 11, 22
"""
    made = machine(body, translating=translating)
    made.cpu.run(100)
    assert made.a[3:5] == [11, 22]
    assert made.a[6] == 0x12345678


@BOTH
def test_a_barred_region_prohibits(translating: bool) -> None:
    body = "movi a2, 15\n movi a3, 0x20000000\n l32i a5, a4, 0\n wdtlb a2, a3\n rdtlb1 a6, a3\n at: {}"
    for access, cause in (("l32i a5, a4, 0", 28), ("s8i a5, a4, 0", 29)):
        made = machine(body.format(access), translating=translating)
        made.a[4] = RAM
        made.cpu.run(100)
        assert made.a[15] == 5
        assert made.cpu.special[sr.EXCCAUSE] == cause
        assert made.cpu.special[sr.EXCVADDR] == RAM
        assert made.a[6] == 0x2000000F
    made = machine("movi a2, 15\n movi a3, 0x40000000\n movi a4, 0\n jx a4", translating=translating)
    made.cpu.attributes[0][0] = 15
    made.cpu.run(100)
    assert made.cpu.special[sr.EXCCAUSE] == 20


@BOTH
def test_run_stops_at_an_address_and_goes_on_from_where_it_is_told(translating: bool) -> None:
    body = "movi a2, native\n callx0 a2\n addi a3, a2, 1\n j stop\n .org 0x800\n native: ill"
    program = build(VECTORS + body)
    made = Machine(program, translating=translating, stops=(program.names["native"], program.names["stop"]))
    assert made.cpu.run(1000) is StopReason.ADDRESS
    assert made.cpu.pc == program.names["native"]
    made.a[2] = 41
    made.cpu.pc = made.a[0]
    made.cpu.run(1000)
    assert made.a[3] == 42


@BOTH
def test_a_peripheral_can_stop_the_run_right_behind_its_access(translating: bool) -> None:
    body = "l: addi a3, a3, 1\n s32i a3, a2, 0\n addi a4, a4, 1\n j l"
    made = machine(body, translating=translating, io=True)
    made.a[2] = IO
    at: list[int] = []
    plain = made.memory.store32

    def store32(address: int, value: int) -> None:
        at.append(made.cpu.cycles)
        plain(address, value)
        made.cpu.stop()

    made.memory.store32 = store32  # type: ignore[method-assign]
    for turn in range(1, 6):
        assert made.cpu.run(10_000) is StopReason.ASKED
        assert (made.a[3], made.a[4]) == (turn, turn - 1)
    assert at == [2, 6, 10, 14, 18]


def test_single_steps() -> None:
    made = machine("addi a3, a3, 1\n addi a3, a3, 1\n ill", translating=True)
    start = made.cpu.pc
    made.cpu.step()
    made.cpu.step()
    assert (made.a[3], made.cpu.pc, made.cpu.cycles) == (2, start + 6, 2) or made.cpu.pc == start + 4
    made.cpu.step()
    assert made.cpu.pc == CODE + 0x50

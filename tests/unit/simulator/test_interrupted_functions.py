# SPDX-License-Identifier: Apache-2.0
"""ROM functions that wait while handlers of the program run: re-entered, faulting, two sources on a line.

Programs in C; what they find is left in words at RAM.
"""

import pytest

from esp8266sim.bootrom.activity import CpuState
from esp8266sim.clock import MS, SECOND
from esp8266sim.line import Burst
from esp8266sim.trace import Kind
from esprom.protocol import slip
from tests.bench import BAUD, Bench
from tests.lx106 import RAM, build
from tests.programs import C, enter, load, word

HEAD = r"""
typedef unsigned int u32;
typedef unsigned char u8;
#define REG(address) (*(volatile u32 *)(address))
#define FOUND ((volatile u32 *)0x3FFE8000)
static void (*const attach)(int, void (*)(void *), void *) = (void *)0x40000F88;
static int (*const mask)(u32) = (void *)0x40000F98;
static int (*const unmask)(u32) = (void *)0x40000FA8;
static void (*const delay_us)(u32) = (void *)0x40002ECC;
static int (*const read_flash)(u32, u32 *, int) = (void *)0x40004B1C;
static void *(*const handle)(int, void *) = (void *)0x40000454;
static int (*const receive)(void *, int, u8) = (void *)0x40003D08;
static u32 now(void) { u32 cycles; __asm__ volatile("rsr.ccount %0" : "=a"(cycles)); return cycles; }
__asm__(".section .text\n.global _start\n.literal_position\n_start: j run\n");
__attribute__((used)) void run(void);
"""


def told_to_run(source: str) -> Bench:
    """Return a board that was told to enter `run` a moment ago."""
    bench = Bench(content=bytearray(range(256)) * (0x400000 // 256)).sync()
    enter(bench, load(bench, build(HEAD + source, name="program.c", options=C)), 3 * MS)
    bench.tap.take()
    return bench


def hears(bench: Bench, data: bytes) -> None:
    bench.board.receive(Burst(bench.clock.now, round(SECOND / BAUD), data))


def test_a_function_is_entered_again_from_a_handler() -> None:
    """Each call ends at its own time: the inner one within the outer, which does not start over."""
    bench = told_to_run(
        """
static void received(void *unused)
{
    u32 since = now();
    delay_us(1000);
    FOUND[1] = now() - since;
    (void)REG(0x60000000);
    REG(0x60000010) = 0x1FF;
    FOUND[2]++;
}
void run(void)
{
    FOUND[2] = 0;
    attach(5, received, 0);
    unmask(1 << 5);
    u32 since = now();
    delay_us(20000);
    FOUND[0] = now() - since;
    for (;;) {}
}
"""
    )
    hears(bench, b"!")
    bench.clock.advance(bench.clock.now + 50 * MS)
    assert [word(bench, 8), word(bench), word(bench, 4)] == [
        1,
        pytest.approx(20_000 * 80, abs=300),  # the ROM believes that it runs at 80 MHz
        pytest.approx(1_000 * 80, abs=300),
    ]


def test_the_flash_is_read_by_a_handler_while_the_program_reads_it() -> None:
    bench = told_to_run(
        """
static void received(void *unused)
{
    (void)REG(0x60000000);
    REG(0x60000010) = 0x1FF;
    read_flash(0x80, (u32 *)0x3FFE9000, 64);
    FOUND[0]++;
}
void run(void)
{
    FOUND[0] = FOUND[1] = 0;
    attach(5, received, 0);
    unmask(1 << 5);
    for (int round = 0; round < 8; round++)
        FOUND[1] += read_flash(0, (u32 *)0x3FFEA000, 0x1000) == 0;
    FOUND[1] |= 0x100;
    for (;;) {}
}
"""
    )
    hears(bench, b"!" * 20)
    bench.clock.advance(bench.clock.now + 500 * MS)
    assert word(bench, 4) == 0x108
    assert word(bench) > 5
    assert bench.bus.peek(RAM + 0x1000, 64) == bytes(range(0x80, 0xC0))
    assert bench.bus.peek(RAM + 0x2000, 0x1000) == bytes(range(256)) * 16


ROM_HANDLER = 0x40000FCC  # which prints "Fatal exception"
FAULTS = """
struct frame { u32 pc, ps, sar, free, a0, a2_to_a15[14], cause; };
extern void after(void);
static void fault(struct frame *frame, u32 cause)
{
    FOUND[0]++;
    FOUND[1] = cause;
    FOUND[2] = frame->cause;
    FOUND[3] = frame->a2_to_a15[12];
    if (FOUND[0] == 3) frame->pc = (u32)&after;
}
void run(void)
{
    FOUND[0] = FOUND[4] = FOUND[6] = 0;
    FOUND[5] = (u32)handle(29, fault);
    __asm__ volatile(
        "movi a14, 0x5A5A\\n movi a2, 0\\n movi a3, 0\\n movi a4, 64\\n movi a5, 0x40004B1C\\n callx0 a5\\n"
        "movi a14, 0\\n .global after\\n after: movi a2, 0x3FFE8010\\n s32i a14, a2, 0"
        ::: "a0", "a2", "a3", "a4", "a5", "a14", "memory");
    FOUND[6] = (u32)handle(29, 0) == (u32)fault;
    *(volatile u32 *)0 = 1;
    for (;;) {}
}
"""


def test_a_fault_in_a_waiting_function_comes_back_until_the_handler_goes_elsewhere() -> None:
    """SPIRead to nowhere faults when it has the data. The handler in C sees and changes the frame."""
    bench = told_to_run(FAULTS)
    bench.clock.advance(bench.clock.now + 50 * MS)
    assert [word(bench, 4 * at) for at in range(7)] == [3, 29, 29, 0x5A5A, 0x5A5A, ROM_HANDLER, 1]
    assert [event.cause for event in bench.board.trace.of(Kind.EXCEPTION)][:4] == [29] * 4
    assert bench.board.cpu_state is CpuState.DEAD  # no handler any more, not even the ROM's


def test_an_interrupt_line_of_two_uarts_stays_up_until_both_are_served() -> None:
    """Each call silences one of them only; the handler is called again for the other."""
    bench = told_to_run(
        """
static void empty(void *unused)
{
    FOUND[FOUND[0]++ + 2] = (REG(0x60000008) != 0) | (REG(0x60000F08) != 0) << 1;
    if (REG(0x60000008)) REG(0x6000000C) = 0;
    else REG(0x60000F0C) = 0;
}
void run(void)
{
    FOUND[0] = FOUND[1] = 0;
    mask(1 << 5);  /* which the loader has left enabled */
    attach(5, empty, 0);
    REG(0x60000024) = REG(0x60000F24) = 8 << 8;
    REG(0x6000000C) = REG(0x60000F0C) = 2;
    unmask(1 << 5);
    FOUND[1] = 1;
    for (;;) {}
}
"""
    )
    assert [word(bench, 4 * at) for at in range(4)] == [2, 1, 3, 2]


@pytest.mark.parametrize("nonblocking", [0, 1])
def test_a_program_receives_frames_as_the_loader_does(nonblocking: int) -> None:
    """Cut at the size given, told in full; without waiting, nothing while nothing has come."""
    bench = told_to_run(
        f"""
void run(void)
{{
    void (*uart_attach)(void) = (void *)0x4000383C;
    uart_attach();
    REG(0x6000000C) = 1;
    unmask(1 << 5);
    FOUND[0] = FOUND[1] = 0;
    int got;
    do FOUND[1]++; while (!(got = receive((void *)0x3FFE9000, 5, {nonblocking})));
    FOUND[0] = got;
    for (;;) {{}}
}}
"""
    )
    assert word(bench) == 0
    hears(bench, slip.encode(b"\xc0\xdb12345678"))
    bench.clock.advance(bench.clock.now + 10 * MS)
    assert word(bench) == 10
    assert bench.bus.peek(RAM + 0x1000, 6) == b"\xc0\xdb123\0"
    assert (word(bench, 4) > 1) == bool(nonblocking)
    assert bench.board.cpu_state is CpuState.USER_CODE

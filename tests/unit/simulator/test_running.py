# SPDX-License-Identifier: Apache-2.0
"""Programs on the board: what they call in the ROM, what interrupts them, what they die of.

Assembled or compiled for the LX106 by the tests; put into RAM and entered as MEM_END would.
"""

import pytest

from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import W25Q32
from esp8266sim.clock import MS, SECOND, US
from esp8266sim.line import Burst
from esp8266sim.trace import Kind
from tests.bench import Bench, words
from tests.lx106 import CODE, RAM, build
from tests.programs import C, enter, load, started, word

PATTERN = bytes((7 * at + at // 251) & 0xFF for at in range(0x4000))
CYCLE = SECOND / 52e6  # ps


def call(function: int, *arguments: int) -> str:
    """Return assembly that calls a function of the ROM and stores its result at RAM."""
    loads = "".join(f" movi a{2 + index}, {value}\n" for index, value in enumerate(arguments))
    store = f" movi a4, {RAM}\n s32i a2, a4, 0\n"
    return f".text\n.global _start\n_start:\n{loads} movi a0, {function}\n callx0 a0\n{store}here: j here\n"


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        (0x4000E21C, (1000, 7), 142),  # __udivsi3
        (0x4000E268, (1000, 7), 6),  # __umodsi3
        (0x4000DC88, (-1000, 7), -142 & 0xFFFFFFFF),  # __divsi3
        (0x40003B30, (0x41,), 0),  # uart_tx_one_char
        (0x40003B8C, (RAM + 16,), 1),  # uart_rx_one_char: nothing there
        (0x400025E0, (), 2),  # rtc_get_reset_reason
        (0x40002F0C, (), 80),  # ets_get_cpu_frequency
        (0x40004A4C, (0x400000, RAM, 4), 1),  # SPIWrite behind the end
        (0x40004B1C, (0, RAM + 16, 64), 0),  # SPIRead
        (0x40003F4C, (), 0x3FFFDE10),  # GetUartDevice
        (0x40000FA8, (1,), 0x20),  # ets_isr_unmask: what was unmasked
        (0x400018A4, (RAM + 64, 0xAB, 5), RAM + 64),  # ets_memset
    ],
)
def test_functions_return_in_a2(function: int, arguments: tuple[int, ...], result: int) -> None:
    bench = started(call(function, *arguments))
    assert word(bench) == result
    assert bench.board.trace.of(Kind.UNMODELLED) == []


def test_printf_prints_and_counts() -> None:
    """Its text is in RAM before the program is entered, and its fifth argument in a6."""
    source = call(0x400024CC, RAM + 0x100, -1234, 0xBEEF, RAM + 0x140, 0x41)
    program = build(source)
    bench = Bench().sync()
    start = load(bench, program)
    bench.bus.poke(RAM + 0x100, b"%d 0x%08x <%5s> %c\n\0")
    bench.bus.poke(RAM + 0x140, b"abc\0")
    enter(bench, start)
    assert bench.tap.take().endswith(b"-1234 0x0000beef <  abc> A\r\n")
    assert word(bench) == len("-1234 0x0000beef <  abc> A\n")


LISTING = r"""
__asm__(".section .text\n.global _start\n_start: j start\n");
static int listing(const char *form, ...) {
    __builtin_va_list list;
    __builtin_va_start(list, form);
    int printed = ((int (*)(int, const char *, __builtin_va_list))0x40001F00)(0x40001DA0, form, list);
    __builtin_va_end(list);
    return printed;
}
void start(void) {
    *(int *)0x3FFE8000 = listing((const char *)0x3FFE8100, 1, 2, 3, 4, 5, 6, 7, 8);
    for (;;) {}
}
"""


def test_vprintf_takes_a_va_list_as_the_compiler_makes_it() -> None:
    program = build(LISTING, name="program.c", options=C)
    bench = Bench().sync()
    start = load(bench, program)
    bench.bus.poke(RAM + 0x100, b"%d %d %d %d %d %d %d %d\n\0")
    enter(bench, start)
    assert bench.tap.take().endswith(b"1 2 3 4 5 6 7 8\r\n")
    assert word(bench) == 16


def test_a_delay_takes_its_time() -> None:
    source = f"""
.text
.global _start
_start: rsr.ccount a12
 movi a2, 1000
 movi a0, 0x40002ECC
 callx0 a0
 rsr.ccount a13
 sub a13, a13, a12
 movi a4, {RAM}
 s32i a13, a4, 0
here: j here
"""
    assert word(started(source)) == pytest.approx(80_000, abs=100)


ERASE_WHILE_RECEIVING = """
typedef unsigned int u32;
typedef unsigned char u8;
#define REG(address) (*(volatile u32 *)(address))
#define RAM 0x3FFE8000
static void (*const attach)(int, void (*)(void *), void *) = (void *)0x40000F88;
static int (*const unmask)(u32) = (void *)0x40000FA8;
static int (*const erase_block)(u32) = (void *)0x400049B4;
static int (*const unlock)(void) = (void *)0x40004878;

static void received(void *at)
{
    u32 *count = at;
    while (REG(0x6000001C) & 0xFF) ((u8 *)RAM)[0x100 + (*count)++] = REG(0x60000000);
    REG(0x60000010) = REG(0x60000008);
}

__asm__(".section .text\\n.global _start\\n.literal_position\\n_start: j run\\n");

__attribute__((used)) void run(void)
{
    volatile u32 *count = (u32 *)RAM;
    count[0] = count[1] = 0;
    REG(0x60000014) = 56;  /* 921600 baud */
    REG(0x60000024) = 32 | 10 << 24 | 1u << 31;  /* at 32 bytes, or when it is quiet */
    REG(0x6000000C) = 1 | 1 << 8;
    attach(5, received, (void *)count);
    unmask(1 << 5);
    count[2] = unlock();
    count[3] = erase_block(1);
    count[1] = 1;
    for (;;) {}
}
"""


def test_nothing_is_lost_while_the_rom_erases() -> None:
    """16 KiB at 921600 baud come in the 150 ms of a block erase, through a handler of the program's."""
    program = build(ERASE_WHILE_RECEIVING, name="program.c", options=C)
    bench = Bench(W25Q32, bytearray(W25Q32.size)).sync()
    enter(bench, load(bench, program), 8 * MS)
    assert bench.board.flash.busy_until > bench.clock.now
    assert word(bench, 4) == 0
    bench.board.receive(Burst(bench.clock.now, round(56 * CYCLE), PATTERN))
    bench.clock.advance(bench.clock.now + 500 * MS)
    assert word(bench, 4) == 1
    assert word(bench) == len(PATTERN)
    assert bench.bus.peek(RAM + 0x100, len(PATTERN)) == PATTERN
    assert bytes(bench.board.flash.array[0x10000:0x20000]) == b"\xff" * 0x10000
    assert bench.board.trace.of(Kind.OVERRUN) == []


CRASHES = {
    "illegal instruction": (" ill\n", 0),
    "a call of nowhere": (" movi a0, 0\n callx0 a0\n", 20),
    "a load from nowhere": (" movi a2, 0\n l32i a3, a2, 0\n", 28),
    "a store to nowhere": (" movi a2, 0\n s32i a2, a2, 0\n", 29),
    "a byte from IRAM": (f" movi a2, {CODE}\n l8ui a3, a2, 0\n", 3),
}


@pytest.mark.parametrize("what", CRASHES)
def test_a_crash_is_printed_again_and_again(what: str) -> None:
    code, cause = CRASHES[what]
    bench = started(f".text\n.global _start\n_start:\n{code}here: j here\n")
    bench.clock.advance(bench.clock.now + 50 * MS)
    said = bench.tap.take()
    assert {event.cause for event in bench.board.trace.of(Kind.EXCEPTION)} == {cause}
    printed = cause != 20  # of which the ROM's printer is not told
    assert (said.count(b"Fatal exception (%d): \r\n" % cause) > 1) == printed
    assert bench.board.cpu_state is (CpuState.USER_CODE if printed else CpuState.DEAD)


def test_a_stack_that_overflows_ends_in_the_double_vector() -> None:
    bench = started(".text\n.global _start\n_start: movi a1, 0x100\n ill\n")
    assert bench.board.cpu_state is CpuState.DEAD
    assert bench.board.trace.of(Kind.HALTED)


def test_an_endless_loop_is_quiet_and_costs_no_events() -> None:
    bench = started(".text\n.global _start\n_start: j _start\n")
    assert bench.board.cpu_state is CpuState.USER_CODE
    assert bench.clock.next_due() is None


def test_a_rom_function_that_is_not_modelled_stops_with_its_name() -> None:
    bench = started(call(0x40002870))
    (event,) = bench.board.trace.of(Kind.UNMODELLED)
    assert "rtc_enter_sleep" in event.detail
    assert event.address == 0x40002870
    assert bench.board.cpu_state is CpuState.STUCK


def test_code_that_jumps_into_a_waiting_function_stops() -> None:
    bench = started(call(0x40002870 + 2))
    (event,) = bench.board.trace.of(Kind.UNMODELLED)
    assert "rtc_enter_sleep+0x2" in event.detail


def test_returning_goes_on_with_the_boot() -> None:
    """To 0x400010A8, as stub loaders do: with no entry point left, the flash is booted."""
    forget_entry = " movi a2, 0\n movi a0, 0x40000FBC\n callx0 a0\n"
    bench = started(f".text\n.global _start\n_start:\n{forget_entry} movi a0, 0x400010A8\n ret\n")
    bench.clock.advance(bench.clock.now + 10 * MS)
    assert b"excvaddr=0x000000b5" in bench.tap.take()  # it is blank, and what dies is printed by now


def test_the_reset_vector_boots_again() -> None:
    bench = Bench().sync()
    enter(bench, 0x40000080, 50 * MS)
    assert b"ets Jan  8 2013,rst cause:2, boot mode:(1,7)" in bench.tap.take()
    assert bench.board.cpu_state is CpuState.AUTOBAUD


def test_the_chip_resets_itself_when_it_is_told_to() -> None:
    bench = started(call(0x4000264C))  # software_reset
    bench.clock.advance(bench.clock.now + 50 * MS)
    assert bench.board.cpu_state is CpuState.AUTOBAUD
    assert [event.detail for event in bench.board.trace.of(Kind.RESET)] == ["the chip resets itself, cause 2"]


def test_a_watchdog_that_nobody_feeds_resets_with_cause_4() -> None:
    source = """
.text
.global _start
_start: movi a2, 0x60000900
 movi a3, 4
 s32i a3, a2, 4
 s32i a3, a2, 8
 movi a3, 1
 s32i a3, a2, 0
 movi a4, 0x3FF00004
 s32i a3, a4, 0
here: j here
"""
    bench = started(source)
    bench.clock.advance(bench.clock.now + 70 * MS)
    said = bench.tap.take()
    assert b"rst cause:4" in said
    assert b"wdt reset\r\n" in said


def test_code_runs_from_the_flash_window() -> None:
    """After Cache_Read_Enable(0, 0, 0) from the first MiB; IRAM is then smaller by 16 KiB."""
    program = build(".text\n.global _start\n_start: movi a2, 42\n ret\n", base=0x40200010)
    content = bytearray(b"\xff" * 0x400000)
    content[0x10 : 0x10 + len(program.image)] = program.image
    source = f"""
.text
.global _start
_start: movi a2, 0
 movi a3, 0
 movi a4, 0
 movi a0, 0x40004678
 callx0 a0
 movi a0, {program.names["_start"]}
 callx0 a0
 movi a4, {RAM}
 s32i a2, a4, 0
here: j here
"""
    bench = Bench(content=content).sync()
    enter(bench, load(bench, build(source)))
    assert word(bench) == 42
    bench.bus.store32(0x4010C000, 1)
    assert [event.address for event in bench.board.trace.of(Kind.UNMODELLED)] == [0x4010C000]


def test_a_cpu_at_double_clock_counts_twice_as_fast() -> None:
    source = f"""
.text
.global _start
_start: movi a2, 0x3FF00014
 movi a3, 1
 s32i a3, a2, 0
 rsr.ccount a12
 movi a4, {RAM}
 s32i a12, a4, 0
wait: l32i a5, a4, 4
 beqz a5, wait
 rsr.ccount a13
 s32i a13, a4, 8
here: j here
"""
    bench = started(source)
    first, began = word(bench), bench.clock.now
    bench.clock.advance(began + 100 * MS)
    bench.bus.poke(RAM + 4, words(1))
    bench.board._processor.wake()
    bench.clock.advance(bench.clock.now + MS)
    assert word(bench, 8) - first == pytest.approx(104_000_000 * 0.1, rel=0.2)


def test_an_interrupt_keeps_every_register() -> None:
    """A loop in registers is interrupted by each byte; its sum and SAR come out right."""
    source = f"""
.text
.global _start
handler: movi a2, {RAM}
 l32i a3, a2, 8
 addi a3, a3, 1
 s32i a3, a2, 8
 movi a4, 0x60000000
 l32i a5, a4, 0
 movi a5, 0x1FF
 s32i a5, a4, 16
 ssl a3
 ret
_start: movi a2, 5
 movi a3, handler
 movi a4, 0
 movi a0, 0x40000F88
 callx0 a0
 movi a2, 32
 movi a0, 0x40000FA8
 callx0 a0
 movi a12, 0
 movi a13, 300000
 ssai 7
loop: add a12, a12, a13
 addi a13, a13, -1
 bnez a13, loop
 rsr.sar a14
 movi a4, {RAM}
 s32i a12, a4, 0
 s32i a14, a4, 4
here: j here
"""
    bench = started(source)
    bench.board.receive(Burst(bench.clock.now, round(SECOND / 115200), b"interrupt" * 3))
    bench.clock.advance(bench.clock.now + 100 * MS)
    assert word(bench) == sum(range(1, 300001)) & 0xFFFFFFFF
    assert word(bench, 4) == 7
    assert word(bench, 8) > 0


def test_the_cpu_does_not_run_past_what_is_asked() -> None:
    """Not by more than the few cycles that translated code may take."""
    count = " l32i a3, a2, 0\n addi a3, a3, 1\n s32i a3, a2, 0\n"
    bench = started(f".text\n.global _start\n_start: movi a2, {RAM}\nloop:\n{count} j loop\n")
    for _ in range(50):
        until = bench.clock.now + 37 * US
        bench.clock.advance(until)
        assert until <= bench.clock.now <= until + 130 * CYCLE

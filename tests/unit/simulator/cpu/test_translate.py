# SPDX-License-Identifier: Apache-2.0
"""What only translated code can get wrong: code that changes, code that polls, deadlines, odd branches."""

import random
from collections.abc import Callable

import pytest

from esp8266sim.cpu import StopReason, flow, translate
from esp8266sim.cpu import special as sr
from esp8266sim.cpu.decode import Decoded
from tests.lx106 import CODE, IO, RAM, Machine, build

BOTH = pytest.mark.parametrize("translating", [False, True], ids=["interpreted", "translated"])
CONDITIONS = ("blt", "bgeu", "bany", "bbc", "beq", "bne")
START = ".text\n.global _start\n.literal_position\n_start:\n"


def machine(body: str, *, translating: bool = True, hot: int = 0) -> Machine:
    program = build(START + body + "\n.balign 4\nstop: ill\n")
    made = Machine(program, translating=translating, hot=hot, stops=(program.names["stop"],))
    made.names = program.names  # type: ignore[attr-defined]
    return made


PATCH = """
 movi a2, here
 movi a6, 20
 movi a5, 0
 j here
 .org 0x80
loop:
here: .byte 0x42, 0xA0, 1  // movi a4, 1, and the 1 is in bits 16 to 23
 nop
 add a5, a5, a4
 addi a6, a6, -1
 movi a8, 10
 bne a6, a8, over
 l32i a7, a2, 0
 movi a8, 0x10000
 add a7, a7, a8
 s32i a7, a2, 0
over: bnez a6, loop
 j stop
"""


@BOTH
@pytest.mark.parametrize("hot", [0, 3])
def test_code_that_overwrites_itself_within_its_own_loop(translating: bool, hot: int) -> None:
    made = machine(PATCH, translating=translating, hot=hot)
    assert made.cpu.run(10_000) is StopReason.ADDRESS
    assert made.a[5] == 10 * 1 + 10 * 2


@BOTH
def test_code_written_from_outside_counts_once_invalidated(translating: bool) -> None:
    made = machine("l: addi a3, a3, 1\n j l", translating=translating)
    made.cpu.run(50)
    before = made.a[3]
    new = build(START + "l: addi a3, a3, 2\n j l").image[:5]
    start = made.names["l"] - CODE  # type: ignore[attr-defined]
    made.memory.code[start : start + 5] = new
    made.cpu.invalidate(CODE + start, 5)
    made.cpu.run(150)
    assert made.a[3] - before == pytest.approx(100, abs=4)


@BOTH
def test_a_literal_that_is_overwritten_counts(translating: bool) -> None:
    body = """
 movi a5, 9
 l: l32r a3, lit
 add a4, a4, a3
 addi a6, a3, 1
 movi a2, lit
 s32i a6, a2, 0
 addi a5, a5, -1
 bnez a5, l
 j stop
"""
    program = build(
        ".text\n.global _start\n.balign 4\nlit: .word 5\n.literal_position\n_start:\n"
        + body
        + "\nstop: ill\n"
    )
    made = Machine(program, translating=translating, stops=(program.names["stop"],))
    made.cpu.run(1000)
    assert made.a[4] == sum(range(5, 14))


def test_a_translation_serves_every_machine_that_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    graph = flow.graph

    def noted(entry: int, code: tuple[Decoded, ...]) -> list[flow.Block]:
        written.append(entry)
        return graph(entry, code)

    def ends_with(literal: int) -> int:
        made = machine(f" movi a2, {literal}\n movi a3, 77\n add a2, a2, a3\n j stop")
        assert made.cpu.run(100) is StopReason.ADDRESS
        return made.a[2]

    translate._written.cache_clear()
    monkeypatch.setattr(flow, "graph", noted)
    assert ends_with(0x123456) == 0x123456 + 77
    assert len(written) == 1
    assert ends_with(0x123456) == 0x123456 + 77
    assert len(written) == 1
    assert ends_with(0x654321) == 0x654321 + 77  # the same instructions
    assert len(written) == 2


def _elsewhere(made: Machine) -> None:
    made.a[2] = IO


def _barred(made: Machine) -> None:
    made.cpu.attributes[1][RAM >> 29] = 15


def _met_before(made: Machine) -> None:
    made.cpu.slow_sites.add(made.names["l"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", [_elsewhere, _barred, _met_before], ids=lambda change: change.__name__)
def test_where_anything_else_is_different_so_is_the_translation(change: Callable[[Machine], None]) -> None:
    def state(*, translating: bool, changed: bool) -> tuple[object, ...]:
        made = machine(
            "l: l32i a3, a2, 4\n addi a3, a3, 1\n s32i a3, a2, 0\n addi a4, a4, 1\n blti a4, 5, l\n j stop",
            translating=translating,
        )
        made.a[2] = RAM
        if changed:
            change(made)
        reason = made.cpu.run(100)
        return reason, made.cpu.pc, made.cpu.cycles, list(made.a), list(made.cpu.special)

    plain = state(translating=True, changed=False)
    assert plain == state(translating=False, changed=False)
    assert state(translating=True, changed=True) == state(translating=False, changed=True)


def test_an_overlapping_upload_is_what_runs() -> None:
    first, second = (
        build(START + "movi a3, 1\n nop\n nop\n l: j l"),
        build(START + "nop\n movi a3, 2\n l: j l"),
    )
    made = Machine(first)
    made.cpu.run(10_000)
    made.memory.code[: len(second.image)] = second.image
    made.cpu.invalidate(CODE, len(second.image))
    made.cpu.pc = CODE
    made.cpu.run(20_000)
    assert made.a[3] == 2


def test_forgotten_code_is_dropped_for_good() -> None:
    made = machine("l: addi a3, a3, 1\n j l")
    made.cpu.run(5000)
    made.cpu.invalidate(CODE, 0x10000)
    assert not made.cpu._blocks
    assert not made.cpu._operations
    assert not any(made.cpu._code.values())


POLL = "movi a5, 0\n l: l32i a3, a2, 0\n addi a5, a5, 0\n bbci a3, 0, l\n movi a4, 7\n j stop"
CALLING = """
 l: call0 ready
 beqz a2, l
 movi a4, 7
 j stop
 ready: addi a1, a1, -16
 s32i a0, a1, 0
 memw
 l32i a2, a6, 0
 l32i a0, a1, 0
 addi a1, a1, 16
 ret
"""


@pytest.mark.parametrize("body", [POLL, CALLING], ids=["register", "function"])
def test_a_polling_loop_is_skipped_to_the_deadline(body: str) -> None:
    made = machine(body, hot=40)
    made.a[2] = made.a[6] = IO
    made.memory.io[IO] = 0
    assert made.cpu.run(10**12) is StopReason.IDLE
    assert 10**12 <= made.cpu.cycles < 10**12 + 256
    assert len(made.memory.log) < 5000
    made.memory.io[IO] = 1
    assert made.cpu.run(2 * 10**12) is StopReason.ADDRESS
    assert made.a[4] == 7


def test_a_crash_without_vectors_is_idle_for_good() -> None:
    made = machine("ill")
    assert made.cpu.run(10**12) is StopReason.IDLE
    assert made.cpu.pc == 0x40000070
    assert made.cpu.special[sr.DEPC] == 0x40000070


def test_a_skipped_loop_is_where_it_would_be_had_it_run() -> None:
    ends = []
    for hot, until in ((40, 1_000_003), (0, 1_000_003)):
        made = machine("l: addi a3, a2, 1\n nop\n mov a4, a3\n nop\n nop\n nop\n j l", hot=hot)
        assert made.cpu.run(until) is StopReason.IDLE
        ends.append((made.cpu.cycles - until < 8, made.a[:8]))
        assert (made.cpu.cycles - 0) % 7 == {0: 0, 3: 1, 6: 2}.get(made.cpu.pc - CODE, made.cpu.cycles % 7)
    assert ends[0] == ends[1]


@pytest.mark.parametrize("what", ["counts", "stores", "effects", "ccount"])
def test_a_loop_that_changes_something_is_run(what: str) -> None:
    body = {
        "counts": "l: addi a3, a3, 1\n j l",
        "stores": "l: l32i a3, a1, 0\n addi a3, a3, 1\n s32i a3, a1, 0\n movi a3, 0\n j l",
        "effects": "l: l32i a3, a2, 0\n movi a3, 0\n j l",
        "ccount": "l: rsr.ccount a3\n j l",
    }[what]
    made = machine(body, hot=3)
    made.a[2] = IO
    made.memory.io[IO] = 0
    made.memory.noisy.add(IO)
    assert made.cpu.run(20_000) is StopReason.DEADLINE


def test_a_loop_that_looks_at_the_time_ends_when_that_has_come() -> None:
    """Its registers are the same at the beginning of each round: what it has read is dead by then."""
    body = (
        "l: movi a3, 0\n rsr.ccount a3\n movi a4, 300000\n bgeu a3, a4, done\n movi a3, 0\n j l\ndone: j stop"
    )
    made = machine(body, hot=3)
    assert made.cpu.run(10**9) is StopReason.ADDRESS
    assert 300_000 <= made.cpu.cycles < 300_200


def test_a_spinning_loop_is_left_by_the_timer() -> None:
    body = "movi a2, 5000000\n wsr.ccompare0 a2\n movi a3, 0x40\n wsr.intenable a3\n rsil a3, 0\n l: j l"
    made = machine(body)
    made.cpu.stops = made.cpu.stops | {CODE + 0x50}
    made.cpu.special[sr.VECBASE] = CODE
    assert made.cpu.run(10**9) is StopReason.ADDRESS
    assert 5_000_000 <= made.cpu.cycles < 5_000_200


def test_no_deadline_is_missed_by_more_than_promised() -> None:
    body = "l: " + "addi a3, a3, 1\n" * 1000 + "j l"
    made = machine(body)
    for until in random.Random(1).sample(range(1, 100_000), 60):
        now = made.cpu.cycles
        made.cpu.run(now + until % 700)
        assert made.cpu.cycles - now - until % 700 in range(129)
        assert (made.cpu.cycles * 1000 // 1001 - made.a[3]) in range(-1, 2)


def _tangle(dice: random.Random) -> str:
    """Return blocks that branch anywhere, each at most `a14` times in all."""
    count = dice.randint(3, 14)
    lines = ["movi a14, 400"]
    for number in range(count):
        lines += [f"b{number}:", "addi a14, a14, -1", "beqz a14, out"]
        lines += [f"addi a{dice.randint(2, 7)}, a{dice.randint(2, 7)}, {dice.randint(-9, 9)}"] * dice.randint(
            0, 3
        )
        lines += [f"xor a{dice.randint(2, 7)}, a{dice.randint(2, 7)}, a14"] * dice.randint(0, 1)
        lines += [f"s32i a{dice.randint(2, 7)}, a1, {4 * dice.randint(0, 40)}"] * dice.randint(0, 1)
        kind, target = dice.random(), f"b{dice.randrange(count)}"
        if kind < 0.75:
            lines.append(f"{dice.choice(CONDITIONS)} a{dice.randint(2, 7)}, a{dice.randint(2, 14)}, {target}")
        elif kind < 0.9:
            lines.append(f"j {target}")
    return "\n".join([*lines, "out: j stop"])


@pytest.mark.parametrize("seed", range(40))
def test_any_tangle_of_branches_ends_alike_however_it_is_run(seed: int) -> None:
    """Jumps into loops included, which compilers do not make; compared with the interpreter."""
    body = _tangle(random.Random(seed))
    ends = []
    for translating, hot, slice_ in ((False, 0, 10**6), (True, 0, 10**6), (True, 2, 37)):
        made = machine(body, translating=translating, hot=hot)
        made.a[1] = RAM + 0x100
        while made.cpu.run(made.cpu.cycles + slice_) is not StopReason.ADDRESS:
            assert made.cpu.cycles < 10**5
        ends.append((made.cpu.cycles, made.a[:], bytes(made.memory.ram)))
    assert ends[0] == ends[1] == ends[2]


HANDLER = """
.text
.global _start
_start:
 wsr.excsave1 a0
 rsr.ccount a0
 addi a0, a0, 111
 wsr.ccompare0 a0
 addi a15, a15, 1
 rsr.excsave1 a0
 rfe
"""


@pytest.mark.parametrize("seed", range(100, 112))
def test_interrupts_at_any_place_disturb_nothing(seed: int) -> None:
    program = build(START + _tangle(random.Random(seed)) + "\n.balign 4\nstop: ill\n", base=CODE + 0x100)
    handler = build(HANDLER, base=CODE + 0x50).image
    ends = []
    for timer, translating, hot in ((0, False, 0), (64, False, 0), (64, True, 0), (64, True, 5)):
        made = Machine(handler, translating=translating, hot=hot, stops=(program.names["stop"],))
        made.memory.code[0x50 : 0x50 + len(handler)] = handler
        made.memory.code[0x100 : 0x100 + len(program.image)] = program.image
        made.cpu.write_special(sr.VECBASE, CODE)
        made.cpu.write_special(sr.INTENABLE, timer)
        made.cpu.write_special(sr.CCOMPARE0, 100)
        made.cpu.pc, made.a[1] = program.names["_start"], RAM + 0x100
        assert made.cpu.run(10**6) is StopReason.ADDRESS
        assert (made.a[15] > 0) == (timer > 0 and made.cpu.cycles > 250)
        ends.append((made.a[:15], bytes(made.memory.ram)))
    assert ends[0] == ends[1] == ends[2] == ends[3]

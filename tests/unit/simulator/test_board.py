# SPDX-License-Identifier: Apache-2.0
"""A board's wires and resets: DTR and RTS, the jumper, the supply."""

from dataclasses import replace

import pytest

from esp8266sim import PROFILES, Board, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import RECORDER, W25Q32
from esp8266sim.clock import MS, SECOND, US
from esp8266sim.faults import Fault
from esp8266sim.line import Burst
from esp8266sim.soc import rtc
from esp8266sim.soc.bus import DRAM, IRAM
from esp8266sim.trace import Kind, Trace, TraceEvent
from tests.bench import SYNC, banner, read_reg, write_reg
from tests.vectors.runner import Tap

ESP01 = PROFILES["esp01"]


class Rig:
    """A board with its wires, heard at its own rate (`tests.bench` has one that sets straps without them)."""

    def __init__(self, wiring: Wiring = Wiring.AUTO) -> None:
        self.board = Board(ESP01, wiring=wiring)
        self.tap = Tap()
        self.board.attach(self.tap)

    def run(self, seconds: float = 0.1) -> bytes:
        clock = self.board.clock
        clock.advance(clock.now + round(seconds * SECOND))
        return self.tap.take()

    def lines(self, *, dtr: bool, rts: bool) -> None:
        self.board.set_lines(dtr=dtr, rts=rts)

    def state(self) -> CpuState:
        return self.board.cpu_state

    def send(self, data: bytes) -> bytes:
        self.board.receive(Burst(self.board.clock.now, round(SECOND / 115200), data))
        return self.run()


def test_a_new_board_is_powered_and_boots_its_flash() -> None:
    assert banner(1, 3) in Rig().run()


@pytest.mark.spec("LINE-14")
def test_the_jumper_leads_to_download_mode() -> None:
    rig = Rig(Wiring.JUMPER)
    assert banner(1, 1) in rig.run()
    assert rig.state() is CpuState.AUTOBAUD


@pytest.mark.spec("LINE-11")
def test_rts_alone_holds_the_chip_in_reset() -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    assert rig.state() is CpuState.RESET
    assert rig.run(10) == b""
    rig.lines(dtr=False, rts=False)
    assert banner(2, 3) in rig.run()


@pytest.mark.spec("LINE-17")
@pytest.mark.parametrize("dtr", [True, False])
def test_a_chip_that_resets_itself_reads_no_straps(dtr: bool) -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.lines(dtr=dtr, rts=False)
    mode = 1 if dtr else 3
    assert banner(2, mode) in rig.run()
    rig.lines(dtr=not dtr, rts=False)
    rig.board.rtc.store(rtc.CONTROL, rtc.SOFTWARE_RESET)
    assert banner(2, mode) in rig.run()


@pytest.mark.spec("LINE-12")
def test_reset_rises_a_millisecond_after_it_is_let_go() -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.lines(dtr=False, rts=False)
    now = rig.board.clock.now
    rig.board.clock.advance(now + MS - 1)
    assert rig.state() is CpuState.RESET
    rig.board.clock.advance(now + MS + US)  # and an instruction
    assert rig.state() is CpuState.BOOTING


@pytest.mark.spec("LINE-11", "LINE-12")
def test_the_usual_sequence_leads_to_download_mode() -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.run()
    rig.lines(dtr=True, rts=True)  # a host that changes one line at a time
    rig.lines(dtr=True, rts=False)
    assert banner(2, 1) in rig.run(0.05)
    rig.lines(dtr=False, rts=False)
    rig.run()
    assert rig.state() is CpuState.AUTOBAUD


@pytest.mark.spec("LINE-11")
def test_the_straps_count_when_reset_rises() -> None:
    rig = Rig()
    rig.lines(dtr=False, rts=True)
    rig.lines(dtr=True, rts=False)
    rig.lines(dtr=False, rts=False)  # let go too early
    assert banner(2, 3) in rig.run()


@pytest.mark.spec("LINE-11")
def test_both_lines_asserted_let_reset_go_with_gpio0_high() -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.lines(dtr=True, rts=True)
    assert banner(2, 3) in rig.run()


@pytest.mark.spec("LINE-11")
@pytest.mark.parametrize(("dtr", "rts"), [(True, True), (True, False), (False, False)])
def test_no_other_setting_resets(dtr: bool, rts: bool) -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=dtr, rts=rts)
    rig.run()
    assert rig.run() == b""
    assert rig.state() is CpuState.DEAD  # where the blank flash has led


def test_reset_pulled_again_before_it_rises_starts_nothing() -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.lines(dtr=False, rts=False)
    rig.lines(dtr=False, rts=True)
    assert rig.run() == b""
    assert rig.state() is CpuState.RESET


@pytest.mark.spec("LINE-14")
def test_the_modem_lines_reach_nothing_on_a_jumper_board() -> None:
    rig = Rig(Wiring.JUMPER)
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.lines(dtr=False, rts=False)
    assert rig.run() == b""
    assert rig.state() is CpuState.AUTOBAUD
    rig.board.press_reset()
    assert rig.run() == banner(2, 1)


def test_the_reset_button() -> None:
    rig = Rig()
    rig.run()
    rig.board.press_reset()
    assert banner(2, 3) in rig.run()
    rig.lines(dtr=True, rts=False)
    rig.board.press_reset()
    assert banner(2, 1) in rig.run()


def test_neither_button_nor_supply_starts_a_chip_that_is_held_in_reset() -> None:
    rig = Rig()
    rig.run()
    rig.lines(dtr=False, rts=True)
    rig.board.press_reset()
    assert rig.run() == b""
    rig.board.power_cycle()
    assert rig.run() == b""
    assert rig.state() is CpuState.RESET


def test_nothing_goes_on_in_a_chip_that_is_held_in_reset() -> None:
    rig = Rig()
    rig.run()
    for register, value in (
        (0x60000904, 0),  # the watchdog's stages, and that it runs
        (0x60000900, 1),
        (0x60000600, 1000),  # a timer's load, and that it runs, over and over
        (0x60000608, 1 << 7 | 1 << 6),
    ):
        rig.board.soc.bus.store32(register, value)
    rig.lines(dtr=False, rts=True)
    assert rig.board.clock.next_due() is None
    assert Kind.RESET not in [event.kind for event in rig.board.trace.events]


def test_ram_survives_a_reset_and_not_the_supply() -> None:
    rig = Rig()
    rig.board.soc.bus.poke(DRAM, b"kept")
    rig.board.soc.bus.poke(IRAM, b"kept")
    rig.board.press_reset()
    assert (rig.board.soc.bus.peek(DRAM, 4), rig.board.soc.bus.peek(IRAM, 4)) == (b"kept", b"kept")
    rig.board.power_cycle()
    assert banner(1, 3) in rig.run()
    assert (rig.board.soc.bus.peek(DRAM, 4), rig.board.soc.bus.peek(IRAM, 4)) == (bytes(4), bytes(4))


def test_the_supply_wakes_a_sleeping_flash_and_a_reset_does_not() -> None:
    rig = Rig()
    rig.board.flash.transfer(0xB9, None, b"", 0)
    rig.board.press_reset()
    assert rig.board.flash.transfer(0x9F, None, b"", 3) == bytes(3)
    rig.board.power_cycle()
    assert rig.board.flash.transfer(0x9F, None, b"", 3) == b"\xef\x40\x14"


@pytest.mark.spec("LINE-13")
def test_a_reset_cuts_what_was_being_said() -> None:
    rig = Rig()
    board = Board(ESP01)
    board.bridge.baud = 74880
    board.clock.advance(5 * MS)
    board.set_lines(dtr=False, rts=True)
    board.clock.advance(SECOND)
    said = bytes(board.bridge.delivered)
    whole = rig.run(1)
    assert 0 < len(said) < 40
    assert whole.startswith(said)


def test_a_reset_gives_peripherals_their_values_back() -> None:
    rig = Rig(Wiring.JUMPER)
    rig.run()
    rig.send(SYNC)
    rig.send(write_reg(0x60000300, 0x1234))
    rig.send(write_reg(0x6000021C, 0x1234))
    assert rig.board.soc.bus.load32(0x60000300) == 0x1234
    rig.board.press_reset()
    rig.run()
    assert rig.board.soc.bus.load32(0x60000300) == 0
    assert rig.board.soc.bus.load32(0x6000021C) == 4
    assert rig.board.soc.uart.divisor == 694


def test_a_reset_ends_an_open_frame_and_the_rate_is_found_anew() -> None:
    rig = Rig(Wiring.JUMPER)
    rig.run()
    rig.send(SYNC + SYNC[:20])
    rig.board.press_reset()
    rig.run()
    assert rig.send(SYNC) == b""
    assert len(rig.send(SYNC)) == 96


@pytest.mark.spec("REG-3")
def test_the_mac_address_is_in_the_efuses() -> None:
    rig = Rig(Wiring.JUMPER)
    rig.run()
    rig.send(SYNC)
    words = [int.from_bytes(rig.send(read_reg(0x3FF00050 + 4 * index))[5:9], "little") for index in range(4)]
    assert words == [0x56000000, 0x02001234, 0x0000B000, 0x005CCF7F]


def test_another_chip_and_its_content() -> None:
    content = bytearray(W25Q32.size)
    board = Board(ESP01, content, chip=W25Q32)
    assert board.flash.array is content
    with pytest.raises(ValueError, match="W25Q80 has 1048576 bytes"):
        Board(ESP01, content)


def test_the_same_calls_give_the_same_times_and_bytes() -> None:
    def life() -> tuple[list[int], bytes]:
        rig = Rig(Wiring.JUMPER)
        said, times = rig.run(), []
        for data in (SYNC, SYNC, read_reg(DRAM), SYNC[:7], SYNC):
            said += rig.send(data)
            times.append(rig.board.clock.now)
        return times, said

    assert life() == life()


@pytest.mark.spec("LINE-10")
def test_the_bridge_hears_the_board_at_the_hosts_rate() -> None:
    board = Board(ESP01, wiring=Wiring.JUMPER)
    board.bridge.baud = 115200
    board.clock.advance(100 * MS)
    garbage = bytes(board.bridge.delivered)
    assert garbage and b"ets" not in garbage
    board = Board(ESP01, wiring=Wiring.JUMPER)
    board.bridge.baud = 74880
    board.clock.advance(100 * MS)
    assert bytes(board.bridge.delivered) == banner(1, 1)


@pytest.mark.spec("LINE-2", "BOOT-9")
def test_sync_travels_both_ways_at_a_divisor_that_no_baud_hits() -> None:
    board = Board(ESP01, wiring=Wiring.JUMPER)
    board.clock.advance(100 * MS)
    board.bridge.discard()
    for _ in range(2):
        board.bridge.write(SYNC)
        board.clock.advance(board.clock.now + 100 * MS)
    assert board.soc.uart.divisor == 450  # the bridge makes 115385 baud, the chip 115556
    assert bytes(board.bridge.delivered).count(b"\xc0\x01\x08") == 8


def test_the_trace_is_limited() -> None:
    trace = Trace()
    for _ in range(Trace.LIMIT + 5):
        trace.add(TraceEvent(0, Kind.UNMODELLED, "load"))
    assert len(trace.of(Kind.UNMODELLED)) == Trace.LIMIT
    assert trace.of(Kind.EXCEPTION) == []


def test_a_dead_flash_bus_does_not_keep_the_board_from_answering() -> None:
    board = Board(replace(ESP01, flash=RECORDER), wiring=Wiring.JUMPER, faults=[Fault.MISO_HIGH])
    tap = Tap()
    board.attach(tap)
    for data in (b"", SYNC, SYNC):
        board.receive(Burst(board.clock.now, round(SECOND / 115200), data))
        board.clock.advance(board.clock.now + SECOND)
    assert tap.take().endswith(b"\x00\x00\xc0")


@pytest.mark.spec("SERVE-7")
def test_a_chip_that_waits_for_its_flash_is_not_asleep() -> None:
    rig = Rig()
    rig.board.soc.cpu.waiting = True
    assert rig.board.is_asleep
    rig.board.flash.busy_until = rig.board.clock.now + MS
    assert not rig.board.is_asleep

# SPDX-License-Identifier: Apache-2.0
"""From reset to the download loop or the booted image: what is printed, and the autobaud.

The logs of several segments are those that users of real modules published; the rest is what the mask
ROM's code does.
"""

import pytest

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import RECORDER
from esp8266sim.clock import SECOND, US
from esp8266sim.line import Burst
from esp8266sim.soc import uart
from esp8266sim.soc.bus import DRAM, IRAM
from esp8266sim.trace import Kind
from esprom.image.layout import ImageHeader, Segment, build_image
from tests.bench import MAGIC, MAGIC_REPLY, SYNC, Bench, banner
from tests.vectors.runner import DEFAULT_VECTORS, load

VECTORS = {vector.name: vector for file in DEFAULT_VECTORS for vector in load(file)}
APB = 52_000_000
POLL = round(80_000 * SECOND / APB)  # ps: ets_delay_us(1000) at 52 MHz
ENTRY = IRAM + 4
READ_REG_AND_END = MAGIC[1:]  # a frame without its first byte


def flash_with(image: bytes) -> bytearray:
    return bytearray(image.ljust(RECORDER.size, b"\xff"))


def image(*segments: Segment, mode: int = 2) -> bytes:
    return build_image(ImageHeader(len(segments), mode, 0, ENTRY), segments)


def booted(flash: bytes, cause: int = 2) -> Bench:
    return Bench(content=flash_with(flash), boot_mode=3, cause=cause)


def log_of(bench: Bench) -> bytes:
    """Return what was printed after the banner."""
    return bench.boot_log.split(b"\r\n\r\n", 1)[1]


@pytest.mark.spec("BOOT-3")
@pytest.mark.parametrize("cause", [1, 2])
def test_the_uart_strap_leads_to_the_download_loop(cause: int) -> None:
    bench = Bench(cause=cause)
    assert bench.boot_log == banner(cause, 1)
    assert bench.state() is CpuState.AUTOBAUD


@pytest.mark.spec("BOOT-3")
def test_a_watchdog_reset_says_so_and_looks_at_the_straps() -> None:
    bench = Bench(cause=4)
    assert bench.boot_log == banner(4, 1) + b"wdt reset\r\n"
    assert bench.state() is CpuState.AUTOBAUD


@pytest.mark.spec("BOOT-12")
@pytest.mark.parametrize(("cause", "mode"), [(3, 0), (3, 2), (6, 4)])
def test_software_reset_with_straps_for_neither_uart_nor_flash_runs_nothing(cause: int, mode: int) -> None:
    bench = Bench(cause=cause, boot_mode=mode)
    assert bench.boot_log == banner(cause, mode) + b"user code done\r\n"
    assert bench.state() is CpuState.IDLE


@pytest.mark.spec("BOOT-3", "BOOT-12")
@pytest.mark.parametrize("cause", [3, 6])
def test_software_reset_boots_the_flash_with_the_uart_strap_too(cause: int) -> None:
    bench = Bench(cause=cause)
    assert bench.boot_log == banner(cause, 1) + b"ets_main.c "
    assert bench.state() is CpuState.DEAD


@pytest.mark.spec("BOOT-3", "BOOT-6")
@pytest.mark.parametrize("cause", [0, 7, 8, 15])
def test_an_unknown_cause_is_the_end(cause: int) -> None:
    bench = Bench(cause=cause)
    assert bench.boot_log == banner(cause, 1) + b"unknown reset\r\nets_main.c "
    assert (bench.state(), bench.faults()) == (CpuState.DEAD, [(28, 0xBB)])


@pytest.mark.spec("BOOT-3")
@pytest.mark.parametrize(("detail", "cause"), [(1, 6), (8, 5), (0, 0), (2, 0), (0x3F, 0)])
def test_cause_5_is_refined_by_the_next_register(detail: int, cause: int) -> None:
    bench = Bench()
    bench.board.reset(5, boot_mode=1)
    bench.board.rtc.values[0x18] = detail << 8
    bench.settle()
    ending = b"ets_main.c " if cause else b"unknown reset\r\nets_main.c "
    assert bench.tap.take() == banner(cause, 1) + ending


@pytest.mark.parametrize("mode", [0, 4, 5, 6, 7])
def test_sdio_modes_wait_for_a_host(mode: int) -> None:
    bench = Bench(boot_mode=mode)
    assert log_of(bench) == (b"" if mode == 0 else b"waiting for host\r\n")
    assert bench.state() is CpuState.SDIO


def test_beside_a_second_uart_the_sdio_mode_prints_nothing() -> None:
    bench = Bench()
    bench.board.reset(2, boot_mode=5, sdio=2)
    bench.settle()
    assert bench.tap.take() == banner(2, 5, sdio=2)


def test_mode_2_jumps_to_iram() -> None:
    bench = Bench(boot_mode=2)
    (event,) = bench.board.trace.of(Kind.ENTERED)
    assert event.address == 0x40100000


def test_the_banner_is_sent_at_115200_with_40_mhz_and_at_74880_with_26() -> None:
    for crystal_hz, baud in ((40_000_000, 115200), (26_000_000, 74880)):
        bench = Bench(crystal_hz=crystal_hz)
        assert bench.board.soc.uart.divisor == 694
        assert bench.board.soc.uart.bit == pytest.approx(SECOND / baud, rel=1e-3)


def test_the_uart_is_set_up_to_interrupt_at_every_byte() -> None:
    bench = Bench()
    registers = [bench.bus.load32(uart.BASE + at) for at in (uart.CONF0, uart.CONF1, uart.INT_ENA)]
    assert registers == [0x0C, 1, 1]


def test_the_roms_data_is_as_its_start_up_code_leaves_it() -> None:
    bench = Bench()
    assert [memory.word(bench.bus, 0x3FFFCBA0 + 4 * opcode) for opcode in range(12)] == [
        *(0x40003435, 0x40003435, 0x40003500, 0x400034EB, 0x400034D0, 0x40003440),
        *(0x400034B9, 0x400034A3, 0x4000348D, 0x4000347D, 0x40003468, 0x40003455),
    ]
    assert memory.word(bench.bus, 0x3FFFC000 + 4 * 9) == 0x4000DC44


def test_a_reset_keeps_ram_but_not_what_the_rom_clears() -> None:
    bench = Bench()
    for address in (DRAM, 0x3FFFA000, 0x3FFFDAB0, 0x3FFFDCD0, 0x3FFFDE00, 0x3FFFDF5C):
        bench.bus.poke(address, b"\xa5" * 4)
    bench.board.reset(2, boot_mode=1)
    bench.settle()
    kept = [bench.bus.load32(address) for address in (DRAM, 0x3FFFA000)]
    cleared = [bench.bus.load32(address) for address in (0x3FFFDAB0, 0x3FFFDCD0, 0x3FFFDE00, 0x3FFFDF5C)]
    assert (kept, cleared) == ([0xA5A5A5A5] * 2, [0] * 4)


# -- autobaud ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("baud", "divisor"),
    [(9600, 5416), (57600, 902), (74880, 694), (115200, 451), (230400, 225), (460800, 112), (921600, 56)],
)
def test_autobaud_finds_the_divisor_and_loses_what_it_learned_from(baud: int, divisor: int) -> None:
    bench = Bench()
    assert bench.send(SYNC, baud) == b""
    assert bench.board.soc.uart.divisor == divisor
    assert bench.state() is CpuState.DOWNLOAD
    assert len(bench.send(SYNC, baud)) == 8 * 12


def test_autobaud_with_a_40_mhz_crystal() -> None:
    bench = Bench(crystal_hz=40_000_000).sync()
    assert bench.board.soc.uart.divisor == 694


def test_twenty_nine_edges_are_not_enough() -> None:
    bench = Bench()
    bench.send(b"UU" + b"\x05")  # 10 + 10 + 6 edges
    assert bench.state() is CpuState.AUTOBAUD
    bench.send(b"\x00")  # the 27th and 28th
    assert bench.state() is CpuState.AUTOBAUD
    bench.send(b"\x00")
    assert bench.state() is CpuState.DOWNLOAD


def test_bytes_without_single_bits_find_a_wrong_divisor() -> None:
    bench = Bench()
    bench.send(b"\x00" * 15)  # nine bits low, one bit high: the mean is five bits
    assert bench.board.soc.uart.divisor == ((9 * APB // 115200 - 12) + (APB // 115200 - 12)) // 2 + 12


@pytest.mark.parametrize("edges_at_a_poll", [3, 28, 29, 30])
def test_autobaud_looks_once_a_poll(edges_at_a_poll: int) -> None:
    bench = Bench()
    began = bench.clock.now  # the line has been idle, so the clock stands where the autobaud began
    bit = round(SECOND / 115200)
    bench.clock.advance(began + POLL // 3)
    burst = Burst(began + 3 * POLL - edges_at_a_poll * bit + bit // 2, bit, b"U" * 30)
    bench.board.receive(burst)
    edge = burst.start + 29 * bit  # the thirtieth
    poll = began - -(edge - began) // POLL * POLL
    bench.clock.advance(poll - US)
    assert bench.state() is CpuState.AUTOBAUD
    bench.clock.advance(poll + US)
    assert bench.state() is CpuState.DOWNLOAD


def test_a_long_burst_is_heard_from_the_poll_on() -> None:
    """Of a burst that outlasts the poll the rest is received: here a whole READ_REG."""
    bench = Bench()
    assert bench.send(b"U" * 60 + b"\xc0" + READ_REG_AND_END) == MAGIC_REPLY


def test_the_tail_of_the_sync_opens_a_frame() -> None:
    bench = Bench()
    bench.send(SYNC)
    assert bench.send(READ_REG_AND_END) == MAGIC_REPLY


def test_of_a_quick_sync_nothing_is_left() -> None:
    bench = Bench()
    bench.send(SYNC, 460800)
    assert bench.send(READ_REG_AND_END, 460800) == b""


def test_the_loader_is_reached_without_any_sync() -> None:
    bench = Bench()
    bench.send(b"UUU")
    assert bench.value(0x40001000) == 0xFFF0C101


# -- booting from flash -----------------------------------------------------------------------------


@pytest.mark.spec("BOOT-5", "BOOT-12")
def test_the_recorded_image_is_loaded_with_the_roms_messages() -> None:
    vector = VECTORS["flash/end-boots-image"]
    recorded = bytes.fromhex(vector.setup["flash_put"][0][1])
    bench = Bench(content=flash_with(recorded)).sync()
    assert bench.send(vector.sent[0]) == vector.received[0]
    assert bench.bus.peek(IRAM, 24) == recorded[16:40]
    assert [event.address for event in bench.board.trace.of(Kind.ENTERED)] == [0x40100004]


def test_an_image_is_put_in_place_and_entered() -> None:
    bench = booted(image(Segment(IRAM, b"code"), Segment(DRAM + 0x100, b"data" * 3)))
    assert bench.bus.peek(IRAM, 4) == b"code"
    assert bench.bus.peek(DRAM + 0x100, 12) == b"data" * 3
    (event,) = bench.board.trace.of(Kind.ENTERED)
    assert (bench.state(), event.address) == (CpuState.USER_CODE, ENTRY)


def shape(log: bytes) -> list[bytes]:
    """Return a log's lines without addresses and checksums."""
    lines = log.split(b"\r\n")[:-1]
    return [line for line in lines if not line.startswith((b"chksum", b"csum"))]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (  # github.com/espressif/ESP8266_RTOS_SDK/issues/242
            (2592, 764, 676),
            (b"2592, room 16 ", b"tail 0", b"764, room 8 ", b"tail 4", b"676, room 4 ", b"tail 0"),
        ),
        (  # bbs.espressif.com/viewtopic.php?t=10362
            (25700, 848, 184),
            (
                *(b"25700, room 16 ", b"tail 4", b"848, room 4 ", b"tail 12", b"ho 0 tail 12 room 4"),
                *(b"184, room 12 ", b"tail 12"),
            ),
        ),
        (  # bbs.espressif.com/viewtopic.php?t=2826, where the segments were misread
            (212, 0, 0),
            (
                *(b"212, room 16 ", b"tail 4", b"0, room 4 ", b"tail 0", b"ho 12 tail 0 room 4"),
                *(b"0, room 12 ", b"tail 0"),
            ),
        ),
        (  # the same page, another image
            (31320, 2132),
            (b"31320, room 16 ", b"tail 8", b"2132, room 0 ", b"tail 4"),
        ),
        (  # a published log whose last segment is shorter than its room
            (25952, 2276, 8),
            (
                *(b"25952, room 16 ", b"tail 0", b"2276, room 8 ", b"tail 12", b"ho 0 tail 12 room 4"),
                *(b"8, room 12 ", b"tail 8"),
            ),
        ),
    ],
)
def test_the_boot_log_reads_as_on_real_modules(sizes: tuple[int, ...], expected: tuple[bytes, ...]) -> None:
    addresses = (IRAM, DRAM, DRAM + 0x8000)
    segments = (Segment(address, bytes(size)) for address, size in zip(addresses, sizes, strict=False))
    lines = shape(log_of(booted(image(*segments))))
    loaded = tuple(line.split(b"len ")[-1] for line in lines)
    assert loaded[: len(expected)] == expected
    assert loaded[len(expected)].startswith(b"Fatal exception (0)")  # the segments hold no instructions


def test_the_printed_checksum_runs_on_from_segment_to_segment() -> None:
    log = log_of(booted(image(Segment(IRAM, b"\x01\x00\x00\x00"), Segment(DRAM, b"\xe9\x00\x00\x00"))))
    found = [line for line in log.split(b"\r\n") if b"sum" in line]
    assert found == [b"chksum 0xee", b"chksum 0x07", b"csum 0x07"]


@pytest.mark.spec("BOOT-5", "BOOT-6")
def test_a_wrong_checksum_is_told_and_is_the_end() -> None:
    flash = bytearray(image(Segment(IRAM, b"code")))
    flash[-1] ^= 1
    bench = booted(bytes(flash))
    assert log_of(bench).endswith(b"csum 0x%02x\r\ncsum err\r\nets_main.c " % (flash[-1] ^ 1))
    assert (bench.state(), bench.faults()) == (CpuState.DEAD, [(28, 0xB5)])


@pytest.mark.parametrize("flash", [b"", b"\xea\x04", b"\x00"])
def test_no_image_is_the_end(flash: bytes) -> None:
    assert log_of(booted(flash)) == b"ets_main.c "


def test_a_segment_header_that_is_erased_flash_ends_in_a_fault() -> None:
    header = image(Segment(IRAM, b"code" * 2))[:8]
    bench = booted(header)
    assert log_of(bench) == b"load 0xffffffff, len -1, room 16 \r\n"
    assert bench.state() is CpuState.DEAD


def test_the_image_says_how_the_flash_is_wired() -> None:
    operations = []
    for mode in (0, 2):
        bench = Bench()
        bench.board.flash.array[: len(image())] = image(mode=mode)
        bench.board.flash.observer = lambda op: operations.append((op.opcode, op.sent))
        bench.board.reset(3, boot_mode=3)
        bench.settle()
    assert operations == [(0x01, b"\x00\x02"), (0x01, b"\x02\x00")]

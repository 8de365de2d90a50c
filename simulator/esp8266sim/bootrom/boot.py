# SPDX-License-Identifier: Apache-2.0
r"""From reset to whoever runs next: banner, boot mode, download loader, flash boot (BOOT-*).

The texts are the ROM's own; `\n` goes out as `\r\n`. Where its code dies (it prints a line number as if
it were a string, which loads from the barred region) the model dies too. Source: the mask ROM's code,
executed in an interpreter with modelled peripherals; for images of several segments, boot logs of real
modules that their users published (`chksum` runs on from segment to segment, `ho` is printed where fewer
than eight bytes of a line are left for the next header). Images and uploaded programs are put in place, but
this release has no CPU to run them: that is a traced event, and then silence.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, CpuState, Halt, Wait
from esp8266sim.bootrom.download import DownloadLoader
from esp8266sim.bootrom.flash import RomFlash
from esp8266sim.soc import registers
from esp8266sim.soc import uart as serial
from esp8266sim.soc.bus import IRAM, LOAD_PROHIBITED, CpuException
from esp8266sim.soc.chip import Soc
from esp8266sim.trace import Kind, TraceEvent
from esprom.image.layout import IMAGE_HEADER, MAGIC, SEGMENT_HEADER
from esprom.protocol.checksum import SEED, checksum
from esprom.protocol.record import Overlay

# Boot modes, from the straps: bit 0 GPIO2, bit 1 GPIO0, bit 2 GPIO15.
SDIO_WAIT, UART_DOWNLOAD, IRAM_JUMP, FLASH_BOOT = 0, 1, 2, 3
FIRST_SDIO_MODE = 4
SDIO_BESIDE_UART = 2  # SDIO field: a UART is polled besides
WATCHDOG_RESET, DEEP_SLEEP_RESET = 4, 5
MODE_CAUSES = (1, 2, 4)  # power-on, external, watchdog: the boot mode decides
STARTING_CAUSES = (3, 5, 6)  # software and deep sleep: no loader, straight to the program
REFINED_CAUSE = {1: 6, 8: 5}  # of cause 5, by bits 13:8 of the next RTC register

UART_CLOCK_HZ = 80_000_000  # what Uart_Init takes for granted; it is 52 MHz with a 26 MHz crystal
BOOT_BAUD = 115200
AUTOBAUD_ON = 0x801  # glitch filter 8
AUTOBAUD_EDGES = 29  # more than this must have been seen
AUTOBAUD_POLL_CYCLES = 80_000
PULSE_MASK = 0xFFFFF
MASK32 = 0xFFFFFFFF
AUTOBAUD_CORRECTION = 12

ASSERT_TEXT = b"ets_main.c "
LINE_NO_IMAGE = 181  # the line numbers that the ROM takes for strings
LINE_UNKNOWN_RESET = 187
LINE = 16  # bytes the boot reads at a time, which its messages show
PIECE = 0x1000  # bytes of a segment stored at a time

HEADER = Overlay(*IMAGE_HEADER.layout)
SEGMENT = Overlay(*SEGMENT_HEADER.layout)


@dataclass(frozen=True, slots=True)
class SegmentPlace:
    """Where in a line of flash a segment's data ended, in the ROM's terms."""

    in_room: int  # bytes of the line before the data, if all of these fit behind the header
    tail: int  # bytes of the data in its last line

    @property
    def left(self) -> int:
        """How many bytes of the line are left."""
        return LINE - self.in_room - self.tail


def _signed(word: int) -> int:
    """Return a word as `%d` prints it."""
    return word - (word >> 31 << 32)


def _place(size: int, room: int) -> SegmentPlace:
    if size < room:
        return SegmentPlace(LINE - room, size)
    return SegmentPlace(0, (size - room) % LINE)


class BootRom:
    """The ROM's main(). `enter` is told where the CPU is."""

    def __init__(self, soc: Soc, enter: Callable[[CpuState], None]) -> None:
        self._soc = soc
        self._bus = soc.bus
        self._uart = soc.uart
        self._flash = RomFlash(soc)
        self._enter = enter

    def run(self) -> Activity:
        """Boot, until the CPU has nothing more to do."""
        self._enter(CpuState.BOOTING)
        memory.initialise(self._bus)
        self._start_uart()
        yield self._soc.cycles(memory.COST_BOOT)
        straps = self._bus.load32(registers.GPIO + registers.GPIO_IN)
        mode, sdio = straps >> 16 & 7, straps >> 29
        cause = self._reset_cause()
        banner = f"\r\n ets Jan  8 2013,rst cause:{cause}, boot mode:({mode},{sdio})\r\n\r\n"
        yield self._print(banner.encode())
        if cause not in MODE_CAUSES + STARTING_CAUSES:
            yield self._print(b"unknown reset\r\n")
            yield from self._die(LINE_UNKNOWN_RESET)
        if cause == WATCHDOG_RESET:
            yield self._print(b"wdt reset\r\n")
        if cause in MODE_CAUSES:
            yield from self._dispatch(mode, sdio)
        yield from self._start_program(mode)

    def _start_uart(self) -> None:
        """Uart_Init: an interrupt for each byte received."""
        self._uart.store(serial.CLKDIV, UART_CLOCK_HZ // BOOT_BAUD)
        self._uart.store(serial.CONF0, serial.CONF0_8N1)
        self._uart.store(serial.CONF1, 1)
        self._uart.store(serial.INT_ENA, serial.INT_RX_FULL)

    def _reset_cause(self) -> int:
        cause = self._bus.load32(registers.RTC + registers.RESET_CAUSE) & 15
        if cause == DEEP_SLEEP_RESET:
            detail = self._bus.load32(registers.RTC + registers.RESET_CAUSE + 4) >> 8 & 0x3F
            return REFINED_CAUSE.get(detail, 0)
        return cause

    def _dispatch(self, mode: int, sdio: int) -> Activity:
        if mode >= FIRST_SDIO_MODE and sdio != SDIO_BESIDE_UART:
            yield self._print(b"waiting for host\r\n")
        if mode == SDIO_WAIT or mode >= FIRST_SDIO_MODE:
            raise Halt(CpuState.SDIO)  # neither an SDIO host nor the second UART is modelled
        if mode == IRAM_JUMP:
            memory.set_word(self._bus, memory.USER_START, IRAM)
        elif mode == FLASH_BOOT:
            yield from self._flash.attach()
        else:
            yield from self._detect_baud()
            self._enter(CpuState.DOWNLOAD)
            yield from DownloadLoader(self._soc, self._flash).run()

    def _start_program(self, mode: int) -> Activity:
        """Boot the flash, or call the entry point; the idle loop where there is none."""
        entry = memory.word(self._bus, memory.USER_START)
        if mode == FLASH_BOOT or (mode == UART_DOWNLOAD and entry == 0):
            yield from self._boot_flash()
        if entry:
            self._run_code(entry, f"code at 0x{entry:08x}")
        yield self._print(b"user code done\r\n")
        raise Halt(CpuState.IDLE)

    def _detect_baud(self) -> Activity:
        """uart_baudrate_detect: wait for edges, set the divisor, lose what was received."""
        self._enter(CpuState.AUTOBAUD)
        self._uart.store(serial.AUTOBAUD, AUTOBAUD_ON)
        since, period = self._soc.clock.now, self._soc.cycles(AUTOBAUD_POLL_CYCLES)
        while self._load(serial.RXD_COUNT) <= AUTOBAUD_EDGES:
            yield Wait.LINE  # polling an idle line changes nothing
            yield period - (self._soc.clock.now - since) % period
        low, high = self._load(serial.LOW_PULSE) & PULSE_MASK, self._load(serial.HIGH_PULSE) & PULSE_MASK
        self._uart.store(serial.AUTOBAUD, 0)
        self._uart.store(serial.CLKDIV, (low + high) // 2 + AUTOBAUD_CORRECTION & 0xFFFF)
        self._uart.reset_receiver()

    def _load(self, register: int) -> int:
        return self._bus.load32(serial.BASE + register)

    # -- booting from flash ---------------------------------------------------------------------

    def _boot_flash(self) -> Activity:
        """Load the image at flash offset 0 and enter it, or die as the ROM does."""
        header = yield from self._read(0, HEADER.size)
        if header[HEADER.offset("magic")] != MAGIC:
            yield from self._die(LINE_NO_IMAGE)
        yield from self._flash.read_mode(header[HEADER.offset("mode")])
        at, total = HEADER.size, SEED
        place = SegmentPlace(in_room=0, tail=HEADER.size)
        for _ in range(header[HEADER.offset("segments")]):
            if place.left < SEGMENT.size:
                yield self._print(b"ho %d tail %d room %d\r\n" % (place.in_room, place.tail, place.left))
            at, total, place = yield from self._load_segment(at, total)
        end = yield from self._read(at | LINE - 1, 1)
        yield self._print(b"csum 0x%02x\r\n" % total)
        if end[0] != total:
            yield self._print(b"csum err\r\n")
            yield from self._die(LINE_NO_IMAGE)
        entry = HEADER.read(bytearray(header), 0, "entry")
        self._run_code(entry, f"booted image, entry 0x{entry:08x}")

    def _load_segment(
        self, at: int, total: int
    ) -> Generator[int | Wait, None, "tuple[int, int, SegmentPlace]"]:
        """Load the segment whose header is at flash offset `at`.

        Returns the offset behind it, the xor of all segments so far, and how it ended in its line.
        """
        header = bytearray((yield from self._read(at, SEGMENT.size)))
        address, size = SEGMENT.read(header, 0, "address"), SEGMENT.read(header, 0, "size")
        first = at == HEADER.size  # the whole line that both headers fill counts as room
        at += SEGMENT.size
        room = LINE if first else -at % LINE
        yield self._print(b"load 0x%08x, len %d, room %d \r\n" % (address, _signed(size), room))
        for piece in range(0, size, PIECE):
            data = yield from self._read(at + piece, min(PIECE, size - piece))
            self._bus.copy_in(address + piece & MASK32, data)
            total ^= checksum(data) ^ SEED
        place = _place(size, room)
        yield self._print(b"tail %d\r\nchksum 0x%02x\r\n" % (place.tail, total))
        return at + size, total, place

    def _read(self, offset: int, size: int) -> Generator[int | Wait, None, bytes]:
        found = yield from self._flash.read(offset, size)
        if found is None:  # beyond what the ROM takes for the end of the chip
            yield from self._die(LINE_NO_IMAGE)
        return found or b""

    # -- ends -----------------------------------------------------------------------------------

    def _print(self, text: bytes) -> int:
        """Print; return how long the CPU is at it."""
        return max(0, self._uart.transmit(text) - self._soc.clock.now)

    def _die(self, line: int) -> Activity:
        """The ROM's assertion: it prints the file's name, and faults on the line number."""
        yield self._print(ASSERT_TEXT)
        raise CpuException(LOAD_PROHIBITED, line)

    def _run_code(self, entry: int, what: str) -> None:
        self._soc.trace.add(TraceEvent(self._soc.clock.now, Kind.NOT_EXECUTED, what, entry))
        raise Halt(CpuState.USER_CODE)

# SPDX-License-Identifier: Apache-2.0
r"""From reset to whoever runs next: banner, boot mode, download loader, flash boot (BOOT-*).

The texts are the ROM's own; `\n` goes out as `\r\n`. Where its code dies (it prints a line number as if
it were a string, which loads from the barred region) the model dies too. Source: the mask ROM's code,
executed in an interpreter with modelled peripherals; for images of several segments, boot logs of real
modules that their users published (`chksum` runs on from segment to segment, `ho` is printed where fewer
than eight bytes of a line are left for the next header).
"""

from dataclasses import dataclass

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Call, CpuState, Halt, Wait
from esp8266sim.bootrom.download import DownloadLoader
from esp8266sim.bootrom.flash import FlashFunctions
from esp8266sim.bootrom.functions import arithmetic, exceptions, printf, serial, system
from esp8266sim.bootrom.rom import Function, Rom
from esp8266sim.cpu import special as sr
from esp8266sim.cpu.special import LOAD_PROHIBITED
from esp8266sim.soc import gpio
from esp8266sim.soc.bus import IRAM, CpuException
from esp8266sim.trace import Kind, TraceEvent
from esprom.image.layout import IMAGE_HEADER, MAGIC, SEGMENT_HEADER
from esprom.protocol.checksum import SEED, checksum
from esprom.protocol.record import Overlay

# Boot modes, from the straps: bit 0 GPIO2, bit 1 GPIO0, bit 2 GPIO15.
SDIO_WAIT, UART_DOWNLOAD, IRAM_JUMP, FLASH_BOOT = 0, 1, 2, 3
FIRST_SDIO_MODE = 4
SDIO_BESIDE_UART = 2  # SDIO field: a UART is polled besides
WATCHDOG_RESET = 4
MODE_CAUSES = (1, 2, 4)  # power-on, external, watchdog: the boot mode decides
STARTING_CAUSES = (3, 5, 6)  # software and deep sleep: no loader, straight to the program
MASK32 = 0xFFFFFFFF
RUNNING_PS = 0x20  # interrupts on, user vector
ATTRIBUTES = 0x2222211F  # of the regions of 512 MiB, from the lowest nibble on: region 0 is barred
FATAL_CAUSES = (0, 2, 3, 8, 28, 29)  # whose exceptions are printed once a program runs
FATAL_HEAD = "Fatal exception (%d): \r\n"
FATAL_REGISTERS = "epc1=0x%08x, epc2=0x%08x, epc3=0x%08x, excvaddr=0x%08x, depc=0x%08x\r\n"

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
    """The ROM's main()."""

    def __init__(self, rom: Rom) -> None:
        self._rom = rom
        self._soc = rom.soc
        self._cpu = rom.cpu
        self._bus = rom.soc.bus
        self._uart = rom.soc.uart
        self._flash = FlashFunctions(rom.soc)

    def run(self) -> Activity[None]:
        """Boot, until the CPU has nothing more to do."""
        self._rom.enter(CpuState.BOOTING)
        self._start_cpu()
        memory.initialise(self._bus)
        printf.install_uart(self._rom)
        arithmetic.initialise(self._rom)
        self._uart.drained = True
        serial.initialise(self._rom, 0)
        yield self._soc.cycles(memory.COST_BOOT)
        mode, sdio = self._straps()
        cause = system.reset_reason(self._rom)
        banner = f"\r\n ets Jan  8 2013,rst cause:{cause}, boot mode:({mode},{sdio})\r\n\r\n"
        yield from self._print(banner.encode())
        if cause not in MODE_CAUSES + STARTING_CAUSES:
            yield from self._print(b"unknown reset\r\n")
            yield from self._die(LINE_UNKNOWN_RESET)
        if cause == WATCHDOG_RESET:
            yield from self._print(b"wdt reset\r\n")
        if cause in MODE_CAUSES:
            yield from self._dispatch(mode, sdio)
        yield from self.start_program()

    def _start_cpu(self) -> None:
        """What the reset code does before main: region attributes, interrupts on, a stack."""
        cpu = self._cpu
        for region in range(8):
            for side in (0, 1):
                cpu.write_attribute(side, region << 29, ATTRIBUTES >> 4 * region & 0xF)
        cpu.write_special(sr.PS, RUNNING_PS)
        cpu.write_special(sr.INTENABLE, 0)
        cpu.registers[1] = memory.STACK

    def _straps(self) -> tuple[int, int]:
        straps = self._cpu.load32(gpio.BASE + gpio.IN)
        return straps >> 16 & 7, straps >> 29

    def _dispatch(self, mode: int, sdio: int) -> Activity[None]:
        if mode >= FIRST_SDIO_MODE and sdio != SDIO_BESIDE_UART:
            yield from self._print(b"waiting for host\r\n")
        if mode == SDIO_WAIT or mode >= FIRST_SDIO_MODE:
            raise Halt(CpuState.SDIO)  # neither an SDIO host nor the second UART is modelled
        if mode == IRAM_JUMP:
            memory.set_word(self._bus, memory.USER_START, IRAM)
        elif mode == FLASH_BOOT:
            yield from self._flash.attach()
        else:
            yield from self._download()

    def _download(self) -> Activity[None]:
        """Find the rate, losing what was received, and serve commands until one of them leaves."""
        self._rom.enter(CpuState.AUTOBAUD)
        divisor = yield from serial.detect_baud_waiting(self._rom)
        serial.set_divisor(self._rom, 0, divisor)
        self._rom.enter(CpuState.DOWNLOAD)
        serial.attach(self._rom)
        exceptions.interrupts_on(self._rom, 1 << memory.UART_INTERRUPT)
        yield from DownloadLoader(self._rom).run()

    def start_program(self) -> Activity[None]:
        """Boot the flash, or call the entry point; the idle loop where there is none."""
        mode, _ = self._straps()
        entry = memory.word(self._bus, memory.USER_START)
        if mode == FLASH_BOOT or (mode == UART_DOWNLOAD and entry == 0):
            entry = yield from self._boot_flash()
        for cause in FATAL_CAUSES:
            exceptions.set_exception_handler(self._rom, cause, FATAL.address)
        self._uart.drained = False
        if entry:
            self._rom.enter(CpuState.USER_CODE)
            what = f"code at 0x{entry:08x}"
            self._soc.trace.add(TraceEvent(self._soc.clock.now, Kind.ENTERED, what, entry))
            yield Call(entry)
        yield from self._print(b"user code done\r\n")
        self._rom.enter(CpuState.IDLE)
        while True:
            yield Wait.EVER

    # -- booting from flash ---------------------------------------------------------------------

    def _boot_flash(self) -> Activity[int]:
        """Load the image at flash offset 0 and return its entry, or die as the ROM does."""
        header = yield from self._read(0, HEADER.size)
        if header[HEADER.offset("magic")] != MAGIC:
            yield from self._die(LINE_NO_IMAGE)
        yield from self._flash.read_mode(header[HEADER.offset("mode")])
        at, total = HEADER.size, SEED
        place = SegmentPlace(in_room=0, tail=HEADER.size)
        for _ in range(header[HEADER.offset("segments")]):
            if place.left < SEGMENT.size:
                yield from self._print(b"ho %d tail %d room %d\r\n" % (place.in_room, place.tail, place.left))
            at, total, place = yield from self._load_segment(at, total)
        end = yield from self._read(at | LINE - 1, 1)
        yield from self._print(b"csum 0x%02x\r\n" % total)
        if end[0] != total:
            yield from self._print(b"csum err\r\n")
            yield from self._die(LINE_NO_IMAGE)
        return HEADER.read(bytearray(header), 0, "entry")

    def _load_segment(self, at: int, total: int) -> "Activity[tuple[int, int, SegmentPlace]]":
        """Load the segment whose header is at flash offset `at`.

        Returns the offset behind it, the xor of all segments so far, and how it ended in its line.
        """
        header = bytearray((yield from self._read(at, SEGMENT.size)))
        address, size = SEGMENT.read(header, 0, "address"), SEGMENT.read(header, 0, "size")
        first = at == HEADER.size  # the whole line that both headers fill counts as room
        at += SEGMENT.size
        room = LINE if first else -at % LINE
        yield from self._print(b"load 0x%08x, len %d, room %d \r\n" % (address, _signed(size), room))
        for piece in range(0, size, PIECE):
            data = yield from self._read(at + piece, min(PIECE, size - piece))
            self._rom.write(address + piece & MASK32, data)
            total ^= checksum(data) ^ SEED
        place = _place(size, room)
        yield from self._print(b"tail %d\r\nchksum 0x%02x\r\n" % (place.tail, total))
        return at + size, total, place

    def _read(self, offset: int, size: int) -> Activity[bytes]:
        found = yield from self._flash.read(offset, size)
        if found is None:  # beyond what the ROM takes for the end of the chip
            yield from self._die(LINE_NO_IMAGE)
        return (found or b"")[:size]

    # -- ends -----------------------------------------------------------------------------------

    def _print(self, text: bytes) -> Activity[None]:
        return serial.send_bytes(self._rom, text)

    def _die(self, line: int) -> Activity[None]:
        """The ROM's assertion: it prints the file's name, and faults on the line number."""
        yield from self._print(ASSERT_TEXT)
        raise CpuException(LOAD_PROHIBITED, line)


def reset(rom: Rom) -> Activity[None]:
    """The reset vector."""
    return BootRom(rom).run()


def go_on(rom: Rom) -> Activity[None]:
    """Where stub loaders return to when they want the boot to go on."""
    rom.enter(CpuState.BOOTING)
    return BootRom(rom).start_program()


def print_fatal_exception(rom: Rom, _frame: int, cause: int) -> Activity[None]:
    """Print what a program died of; it then dies of it again."""
    special = rom.cpu.special
    epc = (special[sr.EPC1], special[sr.EPC1 + 1], special[sr.EPC1 + 2])
    text = FATAL_HEAD % cause + FATAL_REGISTERS % (*epc, special[sr.EXCVADDR], special[sr.DEPC])
    yield from serial.send_bytes(rom, text.encode())


FATAL = Function("fatal_exception", print_fatal_exception)
FUNCTIONS = (
    FATAL,
    Function("_ResetVector", reset),
    Function("main_continues", go_on),
)

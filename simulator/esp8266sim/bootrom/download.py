# SPDX-License-Identifier: Apache-2.0
"""The serial download loader of the boot ROM, as it behaves (ROM-*).

One rule: it has no state of its own that silicon keeps in RAM. A frame is unescaped into the packet buffer,
fields are read from there through the declared layouts (stale bytes of earlier frames included), and all
answers come from one reply buffer whose fields stick. So the quirks are not listed; they happen.
Source: the mask ROM's code, executed in an interpreter with modelled peripherals.
"""

from collections.abc import Callable

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Call
from esp8266sim.bootrom.flash import FlashFunctions
from esp8266sim.bootrom.functions.serial import send_bytes
from esp8266sim.bootrom.functions.system import cache_disable, delay_cycles
from esp8266sim.bootrom.receiver import Receiver
from esp8266sim.bootrom.rom import Rom
from esp8266sim.bootrom.state import ERROR, LEAVE, RUN, DownloadState
from esp8266sim.soc.bus import DRAM
from esprom.protocol import packets, slip
from esprom.protocol.checksum import checksum
from esprom.protocol.packets import Command
from esprom.protocol.record import Overlay
from esprom.protocol.status import STATUS, RomError

HEADER = Overlay(*packets.REQUEST.layout)
REPLY_HEADER = Overlay(*packets.RESPONSE.layout)
REPLY_STATUS = Overlay(*STATUS.layout)
REPLY_SIZE = REPLY_HEADER.size + REPLY_STATUS.size
SYNC = Overlay(*packets.SYNC.layout)
READ_REG = Overlay(*packets.READ_REG.layout)
REGISTER_WRITE = Overlay(*packets.REGISTER_WRITE.layout)
MEM_BEGIN = Overlay(*packets.MEM_BEGIN.layout)
MEM_END = Overlay(*packets.MEM_END.layout)
FLASH_BEGIN = Overlay(*packets.FLASH_BEGIN.layout)
DATA = Overlay(*packets.DATA_BLOCK.layout)
SPI_PARAMETERS = ("flash_id", "chip_size", "block_size", "sector_size", "page_size", "status_mask")
SPI_SET_PARAMS = Overlay(*packets.SPI_SET_PARAMS.layout)

PACKET = memory.PACKET - DRAM
DIRECTION = PACKET + HEADER.offset("direction")
COMMAND = PACKET + HEADER.offset("command")
BODY = PACKET + HEADER.size
BLOCK = BODY + DATA.size
REPLY = memory.REPLY - DRAM
REPLY_COMMAND = REPLY + REPLY_HEADER.offset("command")
REPLY_STATUS_BYTE = REPLY + REPLY_HEADER.size + REPLY_STATUS.offset("status")
REPLY_ERROR = REPLY + REPLY_HEADER.size + REPLY_STATUS.offset("error")

MAX_BLOCK = 0x1800
SYNC_REPLIES = 8

Handler = Callable[[], Activity[int]]
"""Does a command; yields time that passes; returns the ROM's error code, 0 for success."""


class DownloadLoader:
    """UartDwnLdProc: receive, dispatch, reply, until a command leaves the loop."""

    def __init__(self, rom: Rom) -> None:
        self._rom = rom
        self._soc = rom.soc
        self._bus = rom.soc.bus
        self._flash = FlashFunctions(rom.soc)
        self._receiver = Receiver(rom, memory.PACKET, memory.PACKET_SIZE)
        self._state = DownloadState(rom.soc.bus)
        handlers: dict[int, Handler] = {
            Command.FLASH_BEGIN: self._flash_begin,
            Command.FLASH_DATA: self._flash_data,
            Command.FLASH_END: self._flash_end,
            Command.MEM_BEGIN: self._mem_begin,
            Command.MEM_DATA: self._mem_data,
            Command.MEM_END: self._mem_end,
            Command.SYNC: self._sync,
            Command.WRITE_REG: self._write_reg,
            Command.READ_REG: self._read_reg,
            Command.SPI_SET_PARAMS: self._spi_set_params,
        }
        self._code = {memory.COMMAND_ENTRIES[opcode]: (opcode, handlers[opcode]) for opcode in handlers}

    def run(self) -> Activity[None]:
        """Serve commands. Returns when one of them has left the loop and its reply is out."""
        self._start_reply()
        while self._bus.dram[RUN] != LEAVE:
            yield from self._receiver.frame()
            failed = yield from self._dispatch()
            if failed:
                self._bus.dram[ERROR] = failed
            yield from self._reply(1 if failed else 0)

    def _dispatch(self) -> Activity[int]:
        """Jump through the table in RAM, to code that first sets the reply's opcode."""
        dram = self._bus.dram
        opcode, target = dram[COMMAND], memory.COMMAND_REFUSED
        if dram[DIRECTION] == 0 and opcode < len(memory.COMMAND_ENTRIES):
            target = memory.word(self._bus, memory.COMMAND_TABLE + 4 * opcode)
        if target == memory.COMMAND_REFUSED:
            yield self._soc.cycles(memory.COST_OTHER)
            return RomError.INVALID  # the reply keeps the opcode of the command before
        if target not in self._code:  # somebody has written to the table
            return (yield Call(target))
        dram[REPLY_COMMAND], handler = self._code[target]
        return (yield from handler())

    # -- the reply buffer -----------------------------------------------------------------------

    def _start_reply(self) -> None:
        """Direction and size are set once, on entry to the loop."""
        REPLY_HEADER.write(self._bus.dram, REPLY, "direction", 1)
        REPLY_HEADER.write(self._bus.dram, REPLY, "size", REPLY_STATUS.size)

    def _set_value(self, value: int) -> None:
        REPLY_HEADER.write(self._bus.dram, REPLY, "value", value)
        self._bus.dram[ERROR] = 0

    def _reply(self, status: int) -> Activity[None]:
        dram = self._bus.dram
        dram[REPLY_STATUS_BYTE], dram[REPLY_ERROR] = status, dram[ERROR]
        frame = slip.encode(bytes(dram[REPLY : REPLY + REPLY_SIZE]))
        for _ in range(SYNC_REPLIES if dram[REPLY_COMMAND] == Command.SYNC else 1):
            yield from send_bytes(self._rom, frame)

    # -- commands -------------------------------------------------------------------------------

    def _header(self, name: str) -> int:
        return HEADER.read(self._bus.dram, PACKET, name)

    def _body(self, layout: Overlay, name: str, at: int = 0) -> int:
        return layout.read(self._bus.dram, BODY + at, name)

    def _sync(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_SYNC)
        self._set_value(self._body(SYNC, "magic"))
        return 0

    def _read_reg(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_READ_REG)
        self._receiver.interrupts()  # so that the FIFO and the ring are seen as the handler left them
        self._set_value(self._rom.cpu.load32(self._body(READ_REG, "address")))
        return 0

    def _write_reg(self) -> Activity[int]:
        self._bus.dram[ERROR] = 0
        yield self._soc.cycles(memory.COST_OTHER)
        for index in range(self._header("size") // REGISTER_WRITE.size):
            address, value, mask, delay = (
                self._body(REGISTER_WRITE, name, index * REGISTER_WRITE.size)
                for name in ("address", "value", "mask", "delay_us")
            )
            if delay & 0xFFFF:
                yield self._soc.cycles(delay_cycles(self._rom, delay & 0xFFFF))
            self._receiver.interrupts()
            old = self._rom.cpu.load32(address)
            self._rom.cpu.store32(address, old & ~mask | value & mask)
        return 0

    def _mem_begin(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_OTHER)
        block_size = self._body(MEM_BEGIN, "block_size")
        if self._header("size") != MEM_BEGIN.size or block_size > MAX_BLOCK:
            return RomError.INVALID
        size, blocks, address = (self._body(MEM_BEGIN, name) for name in ("size", "blocks", "address"))
        self._state.begin(size, blocks, block_size, address)
        return 0

    def _block(self, multiple: int) -> "bytes | RomError":
        """Check a data block's header and checksum; its number counts once the header is right."""
        length = self._body(DATA, "length")
        if (
            self._header("size") > MAX_BLOCK + DATA.size
            or self._body(DATA, "sequence") != self._state.read("sequence")
            or length > self._state.read("block_size")
            or length % multiple
        ):
            return RomError.INVALID
        self._state.advance(sequence=1)
        data = bytes(self._bus.dram[BLOCK : BLOCK + length])
        if checksum(data) != self._header("checksum") & 0xFF:
            return RomError.BAD_CHECKSUM
        return data

    def _mem_data(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_OTHER)
        data = self._block(multiple=1)
        if isinstance(data, RomError):
            return data
        yield self._soc.cycles(len(data) * memory.COST_MEM_BYTE)
        self._rom.write(self._state.read("address"), data)
        self._state.advance(address=len(data), received=len(data))
        return 0

    def _mem_end(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_OTHER)
        if self._header("size") > MEM_END.size:
            return RomError.INVALID
        if not self._body(MEM_END, "stay") & 0xFF:
            self._state.write(run=LEAVE)
        memory.set_word(self._bus, memory.USER_START, self._body(MEM_END, "entry"))
        return 0

    def _flash_begin(self) -> Activity[int]:
        yield from self._flash.attach()
        yield self._soc.cycles(memory.COST_FLASH_BEGIN)
        block_size = self._body(FLASH_BEGIN, "block_size")
        if self._header("size") != FLASH_BEGIN.size or block_size > MAX_BLOCK:
            return RomError.INVALID
        size, blocks, offset = (self._body(FLASH_BEGIN, name) for name in ("erase_size", "blocks", "offset"))
        self._state.begin(size, blocks, block_size, offset)
        cache_disable(self._rom)
        erased = yield from self._flash.erase_area(offset, size)
        return 0 if erased else RomError.FLASH_FAILED

    def _flash_data(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_OTHER)
        data = self._block(multiple=4)
        if isinstance(data, RomError):
            return data
        yield self._soc.cycles(2 * len(data) * memory.COST_CHECKSUM_BYTE)
        # What the two return is not looked at: past the end of the chip the block in RAM proves itself.
        address = self._state.read("address")
        yield from self._flash.write(address, len(data), lambda at, length: data[at : at + length])
        found = yield from self._flash.read(address, len(data))
        if found is not None:
            self._bus.dram[BLOCK : BLOCK + len(found)] = found
        read_back = bytes(self._bus.dram[BLOCK : BLOCK + len(data)])
        if checksum(read_back) != self._header("checksum") & 0xFF:
            return RomError.READ_BACK_DIFFERS
        self._state.advance(address=len(data), received=len(data))
        return 0

    def _flash_end(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_OTHER)
        self._state.write(run=LEAVE)
        memory.set_word(self._bus, memory.USER_START, 0)
        if not self._state.complete():
            return RomError.FLASH_FAILED
        yield from self._flash.lock()
        return 0

    def _spi_set_params(self) -> Activity[int]:
        yield self._soc.cycles(memory.COST_OTHER)
        if self._header("size") != SPI_SET_PARAMS.size:
            return RomError.INVALID
        for index, name in enumerate(SPI_PARAMETERS):
            value = self._body(SPI_SET_PARAMS, name)
            self._rom.cpu.store32(memory.flash_parameter(self._bus, index), value)
        return 0

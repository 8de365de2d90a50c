# SPDX-License-Identifier: Apache-2.0
"""The ROM's flash functions, done through the SPI controller's registers as the ROM's code does them.

They believe the geometry in RAM, poll the status register without any limit, and move 32 bytes a command.
SPIEraseArea erases more than asked (ERASE-1): the sectors up to the first block boundary are not taken off
the count. Each is an activity that returns whether it succeeded.
"""

from collections.abc import Callable

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, CpuState, Halt
from esp8266sim.soc import spi as reg
from esp8266sim.soc.chip import Soc

WIP = 1
WEL = 2
CHUNK = 32  # bytes a program or read command
CTRL_ATTACHED = 0x00688313  # CTRL as FLASH_BEGIN leaves it
STATUS_LOCKED = 0x1C  # BP0 to BP2
STATUS_QUAD = 0x200  # QE
QUAD_MODES = (0, 1)  # QIO, QOUT
SLOW_READ = 5
MASK32 = 0xFFFFFFFF


def _quotient(value: int, divisor: int) -> int:
    return value // divisor if divisor else 0


class FlashFunctions:
    """SPIRead, SPIWrite, SPIEraseArea and their kin."""

    def __init__(self, soc: Soc) -> None:
        self._soc = soc
        self._spi = soc.spi

    def attach(self) -> Activity[None]:
        """spi_flash_attach: pins and controller, then the slow read mode."""
        self._spi.store(reg.CTRL, CTRL_ATTACHED)
        yield from self.read_mode(SLOW_READ)

    def read_mode(self, mode: int) -> Activity[None]:
        """SPIReadModeCnfig. The value written back was read with WEL set, and QE is not in it."""
        control = self._spi.load(reg.CTRL) or 0
        self._spi.store(reg.CTRL, control | reg.CTRL_TWO_BYTE_STATUS)
        yield from self.write_enable()
        status = STATUS_QUAD if mode in QUAD_MODES else self._status()
        yield from self.write_status(status)

    def unlock(self) -> Activity[None]:
        """SPIUnlock: status := 0."""
        yield from self.write_enable()
        yield from self.write_status(0)

    def lock(self) -> Activity[None]:
        """SPILock: all block protection bits on."""
        yield from self.write_enable()
        yield from self.write_status(STATUS_LOCKED)

    def erase_area(self, offset: int, size: int) -> Activity[bool]:
        """SPIEraseArea: head sectors, whole blocks, tail sectors; the head is counted twice."""
        chip, block, sector = (self._parameter(index) for index in (1, 2, 3))
        yield from self.read_mode(SLOW_READ)
        if offset + size & MASK32 > chip or (sector and offset % sector):
            return False
        yield from self.unlock()
        count = _quotient(size + sector - 1, sector)
        per_block = _quotient(block, sector)
        at = _quotient(offset, sector)
        head = min(count, per_block - (at % per_block if per_block else 0))
        if not (yield from self.erase_sectors(at, head)):
            return False
        at, left = at + head, count  # the ROM takes off a counter that has run down to 0, not the head
        while left > per_block:
            if not per_block:
                raise Halt(CpuState.STUCK)  # the ROM's loop never ends
            if not (yield from self.erase_block(at // per_block)):
                return False
            at, left = at + per_block, left - per_block
        return (yield from self.erase_sectors(at, left))

    def write(self, address: int, size: int, source: Callable[[int, int], bytes]) -> Activity[bool]:
        """SPIWrite: split at pages; a piece that is no multiple of 4 long is refused.

        `source(at, length)` gives the bytes when their turn comes.
        """
        if address + size & MASK32 > self._parameter(1):
            return False
        page = self._parameter(4)
        at = 0
        while at < size:
            length = min(page - (address + at) % page if page else size, size - at)
            if not (yield from self.program_page(address + at, source(at, length))):
                return False
            at += length
        return True

    def read(self, address: int, size: int) -> Activity[bytes | None]:
        """SPIRead: whole words, up to three bytes more than asked; None where it refuses."""
        if address + size & MASK32 > self._parameter(1):
            return None
        found = bytearray()
        while len(found) < size:
            length = min(CHUNK, size - len(found))
            self._spi.store(reg.ADDR, address + len(found) & reg.ADDRESS_MASK | length << 24)
            yield from self._command(reg.CMD_READ)
            found += self._spi.buffer[: length + 3 & ~3]
        yield self._soc.cycles(size * memory.COST_READ_BYTE)
        return bytes(found)

    # -- pieces ---------------------------------------------------------------------------------

    def _parameter(self, index: int) -> int:
        return self._soc.cpu.load32(memory.flash_parameter(self._soc.bus, index))

    def _command(self, command: int) -> Activity[None]:
        self._spi.store(reg.CMD, command)
        yield self._spi.done_at - self._soc.clock.now

    def _status(self) -> int:
        self._spi.store(reg.CMD, reg.CMD_READ_STATUS)
        return self._spi.load(reg.RD_STATUS) or 0

    def wait_idle(self) -> Activity[None]:
        """Poll until WIP is clear. A chip that is busy without being at work never ends it."""
        while self._status() & WIP:
            left = self._spi.flash.busy_until - self._soc.clock.now
            if left <= 0:
                raise Halt(CpuState.STUCK)
            yield left

    def write_enable(self) -> Activity[None]:
        """SPI_write_enable: a chip that does not set WEL hangs it."""
        yield from self.wait_idle()
        yield from self._command(reg.CMD_WRITE_ENABLE)
        if not self._status() & WEL:
            raise Halt(CpuState.STUCK)

    def write_status(self, value: int) -> Activity[None]:
        """SPI_write_status: one byte or two, as CTRL says."""
        self._spi.store(reg.RD_STATUS, value)
        yield from self._command(reg.CMD_WRITE_STATUS)
        yield from self.wait_idle()

    def erase_sectors(self, first: int, count: int) -> Activity[bool]:
        """Erase sectors by number, as long as the chip has them."""
        sector = self._parameter(3)
        for index in range(first, first + count):
            if index >= _quotient(self._parameter(1), sector):
                return False
            yield from self.erase_sector_at(index * sector)
        return True

    def erase_block(self, index: int) -> Activity[bool]:
        """SPIEraseBlock: by number, if the chip has it."""
        block = self._parameter(2)
        if index >= _quotient(self._parameter(1), block):
            return False
        yield from self.erase_block_at(index * block)
        return True

    def erase_block_at(self, address: int) -> Activity[None]:
        """SPI_block_erase."""
        yield from self._erase(reg.CMD_BLOCK_ERASE, address)

    def erase_sector_at(self, address: int) -> Activity[None]:
        """SPI_sector_erase."""
        yield from self._erase(reg.CMD_SECTOR_ERASE, address)

    def erase_chip(self) -> Activity[None]:
        """SPIEraseChip."""
        yield from self._erase(reg.CMD_CHIP_ERASE, 0)

    def quad_mode(self) -> Activity[None]:
        """Enable_QMode."""
        yield from self.write_enable()
        yield from self.write_status(STATUS_QUAD)

    def idle_status(self) -> Activity[int]:
        """SPI_read_status: the first one without WIP."""
        yield from self.wait_idle()
        return self._status()

    def _erase(self, command: int, address: int) -> Activity[None]:
        yield from self.write_enable()
        self._spi.store(reg.ADDR, address & reg.ADDRESS_MASK)
        yield from self._command(command)
        yield self._soc.cycles(memory.COST_ERASE)
        yield from self.wait_idle()

    def program_page(self, address: int, data: bytes) -> Activity[bool]:
        """SPI_page_program, 32 bytes a command."""
        if len(data) & 3:
            return False
        for at in range(0, len(data), CHUNK):
            piece = data[at : at + CHUNK]
            yield from self.write_enable()
            self._spi.store(reg.ADDR, address + at & reg.ADDRESS_MASK | len(piece) << 24)
            for index in range(0, len(piece), 4):
                self._spi.store(reg.W0 + index, int.from_bytes(piece[index : index + 4], "little"))
            yield from self._command(reg.CMD_PAGE_PROGRAM)
            yield self._soc.cycles(len(piece) * memory.COST_PROGRAM_BYTE)
            yield from self.wait_idle()
        return True

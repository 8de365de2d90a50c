# SPDX-License-Identifier: Apache-2.0
"""The ROM's flash functions with the C calling convention; the work is `bootrom.flash`'s."""

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity
from esp8266sim.bootrom.flash import FlashFunctions
from esp8266sim.bootrom.rom import Function, Rom
from esp8266sim.soc import registers

FAILED = 1
SPI_PADS = range(0x08, 0x20, 4)  # of the pin multiplexer: SD_CLK to SD_CMD
SPI_FUNCTION = 0x10  # function 1: bits 5:4


def _result(done: bool) -> int:
    return 0 if done else FAILED


def attach(rom: Rom) -> Activity[int]:
    """spi_flash_attach."""
    yield from FlashFunctions(rom.soc).attach()
    return 0


def select_pins(rom: Rom) -> None:
    """SelectSpiFunction: the pads that lead to the flash are the SPI controller's."""
    for pad in SPI_PADS:
        rom.cpu.store32(registers.IO_MUX + pad, SPI_FUNCTION)


def read(rom: Rom, address: int, to: int, size: int) -> Activity[int]:
    """SPIRead; stores whole words."""
    found = yield from FlashFunctions(rom.soc).read(address, size)
    if found is None:
        return FAILED
    rom.write(to, found)
    return 0


def read_data(rom: Rom, _chip: int, address: int, to: int, size: int) -> Activity[int]:
    """SPI_read_data: SPIRead is this with the ROM's own chip, which is all there is."""
    return (yield from read(rom, address, to, size))


def write(rom: Rom, address: int, source: int, size: int) -> Activity[int]:
    """SPIWrite."""
    flash = FlashFunctions(rom.soc)
    return _result((yield from flash.write(address, size, lambda at, n: rom.read(source + at, n))))


def page_program(rom: Rom, _chip: int, address: int, source: int, size: int) -> Activity[int]:
    """SPI_page_program: refuses what crosses the end of a page."""
    page = memory.word(rom.soc.bus, memory.flash_parameter(rom.soc.bus, 4))
    if page and address % page + size > page:
        return FAILED
    return _result((yield from FlashFunctions(rom.soc).program_page(address, rom.read(source, size))))


def erase_chip(rom: Rom) -> Activity[int]:
    """SPIEraseChip."""
    yield from FlashFunctions(rom.soc).erase_chip()
    return 0


def erase_chip_of(rom: Rom, _chip: int) -> Activity[int]:
    """SPI_chip_erase."""
    return (yield from erase_chip(rom))


def erase_block(rom: Rom, index: int) -> Activity[int]:
    """SPIEraseBlock: by the block's number."""
    return _result((yield from FlashFunctions(rom.soc).erase_block(index)))


def erase_sector(rom: Rom, index: int) -> Activity[int]:
    """SPIEraseSector: by the sector's number."""
    return _result((yield from FlashFunctions(rom.soc).erase_sectors(index, 1)))


def erase_block_at(rom: Rom, _chip: int, address: int) -> Activity[int]:
    """SPI_block_erase: by the address."""
    yield from FlashFunctions(rom.soc).erase_block_at(address)
    return 0


def erase_sector_at(rom: Rom, _chip: int, address: int) -> Activity[int]:
    """SPI_sector_erase: by the address."""
    yield from FlashFunctions(rom.soc).erase_sector_at(address)
    return 0


def erase_area(rom: Rom, address: int, size: int) -> Activity[int]:
    """SPIEraseArea."""
    return _result((yield from FlashFunctions(rom.soc).erase_area(address, size)))


def unlock(rom: Rom) -> Activity[int]:
    """SPIUnlock."""
    yield from FlashFunctions(rom.soc).unlock()
    return 0


def lock(rom: Rom) -> Activity[int]:
    """SPILock."""
    yield from FlashFunctions(rom.soc).lock()
    return 0


def read_mode(rom: Rom, mode: int) -> Activity[int]:
    """SPIReadModeCnfig."""
    yield from FlashFunctions(rom.soc).read_mode(mode)
    return 0


def quad_mode(rom: Rom, _chip: int) -> Activity[int]:
    """Enable_QMode: sets QE."""
    yield from FlashFunctions(rom.soc).quad_mode()
    return 0


def read_status(rom: Rom, _chip: int, to: int) -> Activity[int]:
    """SPI_read_status: waits until the chip is not busy; the status goes to `to`."""
    status = yield from FlashFunctions(rom.soc).idle_status()
    rom.cpu.store32(to, status)
    return 0


def write_status(rom: Rom, _chip: int, status: int) -> Activity[int]:
    """SPI_write_status; write enable is the caller's."""
    yield from FlashFunctions(rom.soc).write_status(status)
    return 0


def write_enable(rom: Rom, _chip: int) -> Activity[int]:
    """SPI_write_enable: waits for WEL."""
    yield from FlashFunctions(rom.soc).write_enable()
    return 0


def wait_idle(rom: Rom, _chip: int) -> Activity[int]:
    """Wait_SPI_Idle."""
    yield from FlashFunctions(rom.soc).wait_idle()
    return 0


def configure(  # noqa: PLR0917  these are its arguments
    rom: Rom, flash_id: int, chip: int, block: int, sector: int, page: int, mask: int
) -> int:
    """SPIParamCfg: the geometry that all of these believe."""
    for index, value in enumerate((flash_id, chip, block, sector, page, mask)):
        rom.cpu.store32(memory.flash_parameter(rom.soc.bus, index), value)
    return 0


FUNCTIONS = (
    Function("spi_flash_attach", attach),
    Function("SelectSpiFunction", select_pins),
    Function("SPIRead", read),
    Function("SPI_read_data", read_data),
    Function("SPIWrite", write),
    Function("SPI_page_program", page_program),
    Function("SPIEraseChip", erase_chip),
    Function("SPI_chip_erase", erase_chip_of),
    Function("SPIEraseBlock", erase_block),
    Function("SPIEraseSector", erase_sector),
    Function("SPI_block_erase", erase_block_at),
    Function("SPI_sector_erase", erase_sector_at),
    Function("SPIEraseArea", erase_area),
    Function("SPIUnlock", unlock),
    Function("SPILock", lock),
    Function("SPIReadModeCnfig", read_mode),
    Function("Enable_QMode", quad_mode),
    Function("SPI_read_status", read_status),
    Function("SPI_write_status", write_status),
    Function("SPI_write_enable", write_enable),
    Function("Wait_SPI_Idle", wait_idle),
    Function("SPIParamCfg", configure),
)

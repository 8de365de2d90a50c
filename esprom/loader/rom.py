# SPDX-License-Identifier: Apache-2.0
"""The mask ROM's loader: one blocking verb per command, named after the command.

What the ROM does not check is checked here where it would kill the chip until the next reset: a load or
store below 0x20000000, or at an address that is no multiple of 4 (ROM-14). Both are a caller's
mistakes, hence ValueError.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

from esprom.errors import CommandFailed
from esprom.loader.gather import MARK, gather
from esprom.loader.session import Prepared, Session, prepare
from esprom.protocol.packets import (
    Command,
    DataBlock,
    FlashBegin,
    MemBegin,
    MemEnd,
    ReadReg,
    RegisterWrite,
    SpiSetParams,
    WriteReg,
)
from esprom.protocol.status import RomError

WORD = 4  # bytes
GROUP = 16  # words between two marks
LOWEST_ADDRESS = 0x20000000
LONGEST_DELAY_US = 0xFFFF
LARGEST_BLOCK = 0x1800  # bytes of data in MEM_DATA and FLASH_DATA
BLOCK_ATTEMPTS = 4


@lru_cache(maxsize=1024)  # polled registers: building a request costs more than all else on this side
def read_request(address: int) -> Prepared:
    """Return READ_REG of one word. Raises ValueError for an address that would hang the chip."""
    return prepare(Command.READ_REG, ReadReg(checked(address)))


def checked(address: int) -> int:
    """Return `address` if the chip survives a load from it."""
    if address % WORD:
        raise ValueError(f"0x{address:x} is no multiple of 4; the chip would hang until reset")
    if not LOWEST_ADDRESS <= address <= 0xFFFFFFFF:
        raise ValueError(f"nothing is mapped at 0x{address:x}; the chip would hang until reset")
    return address


class RomLoader:
    """The commands of the mask ROM."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def read_reg(self, address: int) -> int:
        """READ_REG: return the word at `address`."""
        return self.session.ask(read_request(address)).value

    def read_words(self, address: int, count: int) -> Iterator[list[int]]:
        """READ_REG, pipelined: yield `count` words from `address` on, in lists of GROUP, the last shorter."""
        groups = [
            range(first, min(first + GROUP * WORD, address + count * WORD), WORD)
            for first in range(checked(address), address + count * WORD, GROUP * WORD)
        ]
        return gather(self.session, groups, lambda group: (MARK, *map(read_request, group)), lambda: None)

    def write_reg(self, address: int, value: int, mask: int = 0xFFFFFFFF, delay_us: int = 0) -> None:
        """WRITE_REG with one record: wait, then set the bits of `mask`."""
        self.write_regs((RegisterWrite(address, value, mask, delay_us),))

    def write_regs(self, writes: tuple[RegisterWrite, ...]) -> None:
        """WRITE_REG: do all of `writes`, in order."""
        self.session.ask(write_request(writes))

    def mem_begin(self, size: int, blocks: int, block_size: int, address: int) -> None:
        """MEM_BEGIN: announce data for RAM."""
        self.session.command(Command.MEM_BEGIN, MemBegin(size, blocks, block_size, address))

    def mem_data(self, sequence: int, data: bytes) -> None:
        """MEM_DATA: the next block."""
        self.session.command(Command.MEM_DATA, DataBlock(sequence, data))

    def mem_end(self, *, stay: int, entry: int) -> None:
        """MEM_END: unless `stay`, leave the loader and jump to `entry`; 0 boots the flash."""
        self.session.command(Command.MEM_END, MemEnd(stay, entry))

    def flash_begin(self, erase_size: int, blocks: int, block_size: int, offset: int) -> None:
        """FLASH_BEGIN: attach the flash, clear its status, erase (more than asked), announce data."""
        self.session.command(Command.FLASH_BEGIN, FlashBegin(erase_size, blocks, block_size, offset))

    def flash_data(self, sequence: int, data: bytes) -> None:
        """FLASH_DATA: the next block; answered when it is programmed and was read back."""
        self.session.command(Command.FLASH_DATA, DataBlock(sequence, data))

    def spi_set_params(self, flash_id: int, chip_size: int) -> None:
        """SPI_SET_PARAMS: tell the ROM, which assumes 4 MiB, how large the flash is."""
        self.session.command(Command.SPI_SET_PARAMS, SpiSetParams(flash_id, chip_size))


def write_request(writes: tuple[RegisterWrite, ...]) -> Prepared:
    """Return WRITE_REG, after a look at what it would do to the chip."""
    for write in writes:
        checked(write.address)
        if not 0 <= write.delay_us <= LONGEST_DELAY_US:
            raise ValueError(f"a delay of {write.delay_us} us; the loader can wait 0 to {LONGEST_DELAY_US}")
    return prepare(Command.WRITE_REG, WriteReg(writes))


def send_blocks(data: bytes, send: Callable[[int, bytes], None]) -> Iterator[int]:
    """Send `data` by `mem_data` or `flash_data` in blocks; yield each one's size when it is stored.

    A block that arrived damaged is sent again under the next number: the ROM counts a block before it looks
    at the checksum, and puts the next one where the damaged one should have gone (mask ROM, MEM_DATA).
    """
    sequence = 0
    for first in range(0, len(data), LARGEST_BLOCK):
        block = data[first : first + LARGEST_BLOCK]
        for attempt in range(BLOCK_ATTEMPTS):
            try:
                send(sequence + attempt, block)
            except CommandFailed as exc:
                if exc.error != RomError.BAD_CHECKSUM or attempt == BLOCK_ATTEMPTS - 1:
                    raise
            else:
                sequence += attempt + 1
                break
        yield len(block)

# SPDX-License-Identifier: Apache-2.0
"""The flash chip's own commands, sent through the SPI controller. Opcodes: the datasheets of 25-series NOR.

The chip's status registers are one number everywhere, the first register in the low byte.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from esprom.errors import NoResponse, ProtocolError
from esprom.flash import jedec
from esprom.loader.rom import RomLoader
from esprom.loader.spi import BUFFER, SpiController, Transaction

WRITE_STATUS = (0x01, 0x31, 0x11)
READ_STATUS = (0x05, 0x35, 0x15)
READ_UNIQUE_ID = 0x4B
READ_SFDP = 0x5A
READ_JEDEC_ID = 0x9F

WRITE_DISABLE = Transaction(0x04)
WRITE_ENABLE = Transaction(0x06)
VOLATILE_ENABLE = Transaction(0x50)
RELEASE_POWER_DOWN = Transaction(0xAB)

WIP = 1 << 0
WEL = 1 << 1
WAKE_UP_US = 100  # datasheets: 3 to 30
UNIQUE_ID_SIZE = 8
STATUS_WRITE_S = 1.0  # datasheets: 15 ms typical, some say 0.8 s at most for a worn chip


@dataclass(frozen=True, slots=True)
class EraseUnit:
    """One of the chip's erase commands."""

    opcode: int
    size: int  # bytes; 0 is the whole chip
    limit_s: float  # twice the longest time in a datasheet at hand
    poll_us: int  # between two looks


SECTOR_ERASE = EraseUnit(0x20, 0x1000, 2.0, 1_000)
HALF_BLOCK_ERASE = EraseUnit(0x52, 0x8000, 4.0, 10_000)
BLOCK_ERASE = EraseUnit(0xD8, 0x10000, 6.0, 10_000)
CHIP_ERASE = EraseUnit(0xC7, 0, 400.0, 60_000)

log = logging.getLogger("esprom.flash")


class NorFlash:
    """The chip on SPI0."""

    def __init__(self, rom: RomLoader) -> None:
        self.rom = rom
        self.jedec_id = 0
        self._spi = SpiController(rom)
        self._attached = False

    def attach(self) -> None:
        """Make the chip answer, and remember its id; once.

        The ROM attaches the flash in FLASH_BEGIN alone, and that also writes the chip's status register,
        which lifts block protection and clears QE: no way to begin a backup. So first the pins are routed
        by hand. If that gives no id (it was not tried on silicon), the chip may be in deep power-down;
        and FLASH_BEGIN comes last.

        Raises:
            ProtocolError: no flash chip answers.
        """
        if self._attached:
            return
        self._spi.route_pins()
        for step in (self._look, self._wake, self._let_rom_attach):
            step()
            if jedec.present(self.jedec_id):
                self._attached = True
                return
        raise _no_flash(self.jedec_id)

    def attach_again(self) -> None:
        """Make the chip answer once more: a restart of the ESP8266 in mid-work has undone it."""
        self._attached = False
        self.attach()

    def give_back(self) -> None:
        """Leave the SPI controller to the ROM's own flash commands."""
        self._spi.give_back()

    def read(self, pieces: Sequence[range]) -> Iterator[bytes]:
        """Yield what the flash holds at `pieces`, each of at most 64 bytes."""
        return self._spi.read(pieces)

    def read_status(self, registers: int) -> int:
        """Return the first 1 to 3 status registers."""
        return sum(self._read_register(index) << 8 * index for index in range(_checked(registers)))

    def write_status(self, value: int, registers: int, *, volatile: bool) -> None:
        """Set the first 1 to 3 status registers, others kept.

        Chips differ: opcode 01 writes one register or two, 31 and 11 exist or not, and 01 with one byte
        clears the second register of some. So 01 with two bytes first, then what does not read back.
        """
        if not 0 <= value < 1 << 8 * _checked(registers):
            raise ValueError(f"0x{value:x} does not fit {registers} status registers")
        if registers == 1:
            value, registers = value | self._read_register(1) << 8, 2
        wanted = value.to_bytes(registers, "little")
        enable = VOLATILE_ENABLE if volatile else WRITE_ENABLE
        self._write_registers(enable, WRITE_STATUS[0], wanted[:2])
        for index, byte in enumerate(wanted):
            if self._read_register(index) != byte:
                self._write_registers(enable, WRITE_STATUS[index], bytes([byte]))

    def erase(self, unit: EraseUnit, address: int) -> bool:
        """Erase one unit, wait for the end; False if the chip did not accept the command.

        Raises:
            NoResponse: the chip stays busy for longer than it may.
        """
        where = address if unit.size else None
        self._spi.transfer(WRITE_ENABLE, Transaction(unit.opcode, where))
        status = self._wait(unit.limit_s, unit.poll_us)
        if status & WEL:  # a command that was carried out clears it
            self._spi.transfer(WRITE_DISABLE)
            return False
        return True

    def read_sfdp(self, offset: int, size: int) -> bytes:
        """Return a part of the chip's parameter tables."""
        if offset < 0 or size < 0 or offset + size > 1 << 24:
            raise ValueError(f"0x{offset:x} + 0x{size:x} is no range of SFDP, which has 24-bit addresses")
        pieces = (
            Transaction(READ_SFDP, first, dummy=8, read=min(BUFFER, offset + size - first))
            for first in range(offset, offset + size, BUFFER)
        )
        return b"".join(self._spi.transfer(piece) for piece in pieces)

    def read_unique_id(self) -> bytes | None:
        """Return the chip's serial number; None if it has none."""
        found = self._spi.transfer(Transaction(READ_UNIQUE_ID, dummy=32, read=UNIQUE_ID_SIZE))
        return None if len(set(found)) == 1 else found

    def _look(self) -> None:
        self.jedec_id = int.from_bytes(self._spi.transfer(Transaction(READ_JEDEC_ID, read=3)), "big")

    def _wake(self) -> None:
        log.info("the flash answers id %06x; waking it up", self.jedec_id)
        self._spi.transfer(RELEASE_POWER_DOWN)
        self._spi.transfer(Transaction(READ_STATUS[0], read=1), delay_us=WAKE_UP_US)
        self._look()

    def _let_rom_attach(self) -> None:
        log.info("the flash answers id %06x; letting the ROM attach it", self.jedec_id)
        self._spi.give_back()
        try:
            self.rom.flash_begin(0, 0, 0, 0)
        except NoResponse as exc:
            raise _no_flash(self.jedec_id) from exc  # the ROM waits for the chip without end
        self._look()

    def _read_register(self, index: int) -> int:
        return self._spi.transfer(Transaction(READ_STATUS[index], read=1))[0]

    def _write_registers(self, enable: Transaction, opcode: int, values: bytes) -> None:
        self._spi.transfer(enable, Transaction(opcode, sent=values))
        self._wait(STATUS_WRITE_S, 1_000)

    def _wait(self, limit_s: float, poll_us: int) -> int:
        """Wait until the chip is no longer busy; return its first status register."""
        clock = self.rom.session.port.clock
        began = clock.now()
        look = Transaction(READ_STATUS[0], read=1)
        while (status := self._spi.transfer(look, delay_us=poll_us)[0]) & WIP:
            if clock.now() - began > limit_s:
                raise NoResponse(
                    f"the flash chip is busy for more than {limit_s:.0f} s (status 0x{status:02x});"
                    " check its supply, then reset and try again",
                    asked="flash status",
                    waited_s=limit_s,
                )
        return status


def _checked(registers: int) -> int:
    if registers not in (1, 2, 3):
        raise ValueError(f"a flash chip has 1 to 3 status registers, not {registers}")
    return registers


def _no_flash(jedec_id: int) -> ProtocolError:
    return ProtocolError(
        f"no flash chip answers (id {jedec_id:06x}): its supply or a solder joint of the board is bad,"
        " or something else uses GPIO6 to GPIO11"
    )

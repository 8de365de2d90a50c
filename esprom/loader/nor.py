# SPDX-License-Identifier: Apache-2.0
"""The flash chip's own commands, sent through the SPI controller. Opcodes: the datasheets of 25-series NOR.

The chip's status registers are one number everywhere, the first register in the low byte.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from esprom.errors import NoResponse, ProtocolError, Refused
from esprom.flash import jedec
from esprom.flash.geometry import PAGE
from esprom.flash.registers import StatusForm, status_form
from esprom.loader.rom import RomLoader
from esprom.loader.spi import BUFFER, READ, SpiController, Transaction
from esprom.loader.stub import StubLoader

WRITE_STATUS = (0x01, 0x31, 0x11)
PAGE_PROGRAM = 0x02
READ_STATUS = (0x05, 0x35, 0x15)
READ_UNIQUE_ID = 0x4B
READ_SFDP = 0x5A
READ_JEDEC_ID = 0x9F

WRITE_DISABLE = Transaction(0x04)
WRITE_ENABLE = Transaction(0x06)
VOLATILE_ENABLE = Transaction(0x50)
RELEASE_POWER_DOWN = Transaction(0xAB)
LOOK = Transaction(READ_STATUS[0], read=1)

WIP = 1 << 0
WEL = 1 << 1
WAKE_UP_US = 100  # datasheets: 3 to 30
UNIQUE_ID_SIZE = 8
NOT_DRIVEN = 0xFF  # what a register reads as that the chip does not have, on a line that is pulled up
STATUS_WRITE_S = 1.0  # datasheets: 10 ms typical and 15 at most (W25Q80DV); the rest is margin
PROGRAM_US = 4_000  # datasheets: 3 ms at most
LOOKS = 3  # at the id, before anything that changes the chip is tried
AGREEMENT_ATTEMPTS = 8  # readings of a register, until two in a row are the same
ATTEMPTS = 4  # at enabling writing
STATUS_ATTEMPTS = 2  # few, as registers wear and some bits cannot be written

# Which pin is which: ESP8266EX datasheet, pin list.
STUCK = {
    0x000000: (
        "its data line to the chip (SD_D0, GPIO7) is always low: the flash chip has no supply, or the line is"
        " shorted to ground"
    ),
    0xFFFFFF: (
        "its data line to the chip (SD_D0, GPIO7) is always high: the flash chip does not drive it, for want"
        " of its clock (SD_CLK, GPIO6), its select (SD_CMD, GPIO11) or a good solder joint, or the line is"
        " shorted to 3.3 V"
    ),
}
NO_ID = "what came is no id: a bad solder joint of the flash chip, or its supply"


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


class StillBusy(NoResponse):
    """The chip is busy for longer than it may; asking once more does not help."""


class NorFlash:
    """The chip on SPI0."""

    def __init__(self, rom: RomLoader) -> None:
        self.rom = rom
        self.stub: StubLoader | None = None  # which does what takes long
        self.jedec_id = 0
        self.seen_size = 0  # bytes, of which its content has shown that it has them
        self._spi = SpiController(rom)
        self._attached = False

    @property
    def form(self) -> StatusForm:
        """What its status registers are to be asked and told."""
        return status_form(self.jedec_id)

    def attach(self, busy_s: float = BLOCK_ERASE.limit_s) -> None:
        """Make the chip answer, and remember its id; once.

        The ROM attaches the flash in FLASH_BEGIN alone, and that also writes the chip's status register,
        which lifts block protection and clears QE: no way to begin a backup. So first the pins are routed
        by hand. If that gives no id (it was not tried on silicon), the chip may be in deep power-down;
        and FLASH_BEGIN comes last, after several tries.

        Args:
            busy_s: for how long the chip may still be at work that was begun before.

        Raises:
            ProtocolError: no flash chip answers.
        """
        if self._attached:
            return
        for step in (*(self._look, self._wake) * LOOKS, self._let_rom_attach):
            self._spi.route_pins()
            self._settle(busy_s)
            step()
            if jedec.present(self.jedec_id):
                self._attached = True
                return
        raise _no_flash(self.jedec_id)

    def attach_again(self, busy_s: float = BLOCK_ERASE.limit_s) -> None:
        """Make the chip answer once more: a restart of the ESP8266 in mid-work has undone it."""
        before, self._attached = self.jedec_id, False
        self.attach(busy_s)
        if before and before != self.jedec_id:
            found, self.jedec_id, self._attached = self.jedec_id, before, False
            raise ProtocolError(f"the flash chip's id was {before:06x} and is {found:06x} now")

    def read_id(self) -> int:
        """Return the id that the chip answers now; `jedec_id` is what it answered when it was attached."""
        return int.from_bytes(self._spi.transfer(Transaction(READ_JEDEC_ID, read=3)), "big")

    def give_back(self) -> None:
        """Leave the SPI controller to the ROM's own flash commands."""
        self._spi.give_back()

    def read(
        self, pieces: Sequence[range], *, descending: bool = False, short: bool = False
    ) -> Iterator[bytes]:
        """Yield what the flash holds at `pieces`, each of at most 64 bytes; see `SpiController.read`."""
        return self._spi.read(pieces, descending=descending, short=short)

    def read_piece(self, address: int, size: int) -> bytes:
        """Return at most 64 bytes, by one transaction: slower than `read`, and for any loader."""
        return self._spi.transfer(Transaction(READ, address, read=size))

    def read_status(self, registers: int) -> int:
        """Return the first 1 to 3 status registers, as two readings agree on them.

        Raises:
            Refused: the chip has fewer registers; asking for more is another command to it.
        """
        self._check_registers(registers)
        return sum(self._read_register(index) << 8 * index for index in range(registers))

    def write_status(self, value: int, registers: int, *, volatile: bool) -> None:
        """Set the first 1 to 3 status registers, others kept; repeated until they read back so.

        Chips differ: opcode 01 writes one register or two, 31 and 11 exist or not, and 01 with one byte
        clears the second register of some. So 01 with two bytes first, then what does not read back. Bits
        that cannot be written are no error: who must know reads the registers.
        """
        self._check_registers(registers)
        if not 0 <= value < 1 << 8 * registers:
            raise ValueError(f"0x{value:x} does not fit {registers} status registers")
        together = 1
        if self.form.registers > 1:
            second = self._read_register(1)
            if registers == 1 and second != NOT_DRIVEN:
                value |= second << 8
            together = 1 if second == NOT_DRIVEN else 2
        wanted = value.to_bytes(max(registers, together), "little")
        enable = VOLATILE_ENABLE if volatile else WRITE_ENABLE
        for _ in range(STATUS_ATTEMPTS):
            self._write_registers(enable, WRITE_STATUS[0], wanted[:together])
            differing = self._differing(wanted)
            for index in differing:
                self._write_registers(enable, WRITE_STATUS[index], wanted[index : index + 1])
            if not differing or not self._differing(wanted):
                return
        if together > 1:  # the last word: the single bytes may have cleared the second register
            self._write_registers(enable, WRITE_STATUS[0], wanted[:together])

    def erase(self, unit: EraseUnit, address: int) -> bool:
        """Erase one unit, wait for the end; False if the chip did not accept the command.

        Raises:
            NoResponse: the chip stays busy for longer than it may.
            ProtocolError: it cannot be made ready to erase.
        """
        self._enable_writing()
        self._spi.change(Transaction(unit.opcode, address if unit.size else None))
        status = self._wait(unit.limit_s, unit.poll_us)
        if status & WEL:  # it was set; a command that was carried out clears it
            self._spi.transfer(WRITE_DISABLE)
            return False
        return True

    def program(self, address: int, data: bytes) -> None:
        """Program at most 64 bytes, which do not cross a page.

        Neither the requests nor what became of it is looked at: for a stretch that nobody needs, and a caller
        who reads it back.
        """
        if not 0 < len(data) <= BUFFER or address % PAGE + len(data) > PAGE:
            raise ValueError(f"{len(data)} bytes at 0x{address:x} are none, too many, or on two pages")
        self._spi.transfer(WRITE_ENABLE)
        self._spi.transfer(Transaction(PAGE_PROGRAM, address, sent=data))
        self._spi.transfer(LOOK, delay_us=PROGRAM_US)

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
        """Read the id until two readings agree: what the chip is told depends on it."""
        self.jedec_id = self._read_agreed(Transaction(READ_JEDEC_ID, read=3), "big")

    def _wake(self) -> None:
        log.info("the flash answers id %06x; waking it up", self.jedec_id)
        self._spi.transfer(RELEASE_POWER_DOWN)
        self._spi.transfer(Transaction(READ_STATUS[0], read=1), delay_us=WAKE_UP_US)
        self._look()

    def _let_rom_attach(self) -> None:
        log.warning(
            "the flash answers id %06x; letting the ROM attach it, which clears the chip's block protection"
            " and its quad enable bit",
            self.jedec_id,
        )
        self._spi.give_back()
        try:
            self.rom.flash_begin(0, 0, 0, 0)
        except NoResponse as exc:
            raise _no_flash(self.jedec_id) from exc  # the ROM waits for the chip without end
        self._look()

    def _settle(self, busy_s: float) -> None:
        """Wait for the end of what the chip may be doing: meanwhile it does not answer to anything else."""
        clock = self.rom.session.port.clock
        began = clock.now()
        while clock.now() - began < busy_s:
            status = self._look_at(0, delay_us=SECTOR_ERASE.poll_us)
            if not status & WIP or status == NOT_DRIVEN:
                return

    def _check_registers(self, registers: int) -> None:
        if registers not in (1, 2, 3):
            raise ValueError(f"a flash chip has 1 to 3 status registers, not {registers}")
        if registers > self.form.registers:
            raise Refused(
                f"this chip ({jedec.manufacturer(self.jedec_id)}, id {self.jedec_id:06x}) has"
                f" {self.form.registers} status register; what reads the second of other chips is none of its"
                " opcodes, or another command to it"
            )

    def _read_register(self, index: int) -> int:
        return self._read_agreed(Transaction(READ_STATUS[index], read=1), "little")

    def _read_agreed(self, look: Transaction, order: Literal["big", "little"]) -> int:
        before = self._spi.transfer(look)
        for _ in range(AGREEMENT_ATTEMPTS):
            again = self._spi.transfer(look)
            if again == before:
                return int.from_bytes(again, order)
            before = again
        raise ProtocolError("the flash chip answers differently each time; try a lower --baud")

    def _look_at(self, index: int, delay_us: int = 0) -> int:
        return self._spi.transfer(Transaction(READ_STATUS[index], read=1), delay_us=delay_us)[0]

    def _differing(self, wanted: bytes) -> list[int]:
        return [index for index, byte in enumerate(wanted) if self._read_register(index) != byte]

    def _enable_writing(self) -> None:
        """Set WEL, and see it: where it is not set nothing that follows is carried out."""
        for _ in range(ATTEMPTS):
            if self._spi.transfer(WRITE_ENABLE, LOOK)[0] & (WIP | WEL) == WEL:
                return
        raise ProtocolError("the flash chip does not accept write enable; reset the chip and try again")

    def _write_registers(self, enable: Transaction, opcode: int, values: bytes) -> None:
        if enable is WRITE_ENABLE:
            self._enable_writing()
        else:  # it counts for the very next command alone, so there is no looking at the chip
            self._spi.transfer(enable)
        self._spi.change(Transaction(opcode, sent=values))
        self._wait(STATUS_WRITE_S, 1_000)

    def _wait(self, limit_s: float, poll_us: int) -> int:
        """Wait until the chip is no longer busy; return its first status register."""
        clock = self.rom.session.port.clock
        began = clock.now()
        while True:
            status = self._look_at(0, delay_us=poll_us)
            if not status & WIP and self._look_at(0) == status:
                return status
            if clock.now() - began > limit_s:
                raise StillBusy(
                    f"the flash chip is busy for more than {limit_s:.0f} s (status 0x{status:02x});"
                    " check its supply, then reset and try again",
                    asked="flash status",
                    waited_s=limit_s,
                )


def _no_flash(jedec_id: int) -> ProtocolError:
    return ProtocolError(
        f"no flash chip answers (id {jedec_id:06x}): {STUCK.get(jedec_id, NO_ID)};"
        " disconnect what hangs on GPIO6 to GPIO11, which belong to the flash, and power the board again"
    )

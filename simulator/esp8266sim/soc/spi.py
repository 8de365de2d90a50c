# SPDX-License-Identifier: Apache-2.0
"""SPI0: the controller between the CPU and the flash chip.

Two ways to the flash, both by writing CMD: a bit for one of the flash commands that the controller
knows, or USR with the transaction spelt out in USER, USER1, USER2 (command, address, dummy, data out,
data in). A command is done after the clocks it takes; until then CMD reads back the bit. Register
layout from the vendor's public headers; that ADDR carries the length in its top byte, that the status
is written with two bytes when CTRL bit 22 is set, and the divider found after FLASH_BEGIN, from the
mask ROM's code.
"""

from collections.abc import Callable
from typing import Protocol

from esp8266sim.clock import SECOND, Clock

BASE = 0x60000200
CMD = 0x00
ADDR = 0x04
CTRL = 0x08
RD_STATUS = 0x10
CLOCK = 0x18
USER = 0x1C
USER1 = 0x20
USER2 = 0x24
W0 = 0x40
BUFFER_SIZE = 64  # bytes, W0 to W15
EXT2 = 0xF8  # state machine; 0 when idle

CMD_READ = 1 << 31
CMD_WRITE_ENABLE = 1 << 30
CMD_WRITE_DISABLE = 1 << 29
CMD_READ_ID = 1 << 28
CMD_READ_STATUS = 1 << 27
CMD_WRITE_STATUS = 1 << 26
CMD_PAGE_PROGRAM = 1 << 25
CMD_SECTOR_ERASE = 1 << 24
CMD_BLOCK_ERASE = 1 << 23
CMD_CHIP_ERASE = 1 << 22
CMD_POWER_DOWN = 1 << 21
CMD_RELEASE = 1 << 20
CMD_USR = 1 << 18

CTRL_TWO_BYTE_STATUS = 1 << 22

USER_COMMAND = 1 << 31
USER_ADDRESS = 1 << 30
USER_DUMMY = 1 << 29
USER_DATA_IN = 1 << 28
USER_DATA_OUT = 1 << 27

ADDRESS_MASK = 0xFFFFFF
# After FLASH_BEGIN CTRL's low bits mean APB / 4; nothing else is modelled.
CLOCK_DIVIDER = 4
FOR_EVER = 1 << 100  # ps
STEADY = (*range(0x00, 0x80, 4), 0xF0, 0xF4, EXT2, 0xFC)  # of CMD, which time alone changes, `busy` tells


class Flash(Protocol):
    """What hangs on the bus."""

    @property
    def busy_until(self) -> int:
        """When it will be ready, in picoseconds."""

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        """Do one chip-select period."""


class StuckBus:
    """A bus on which nothing answers: every bit read is the level the line is stuck at."""

    busy_until = 0

    def __init__(self, level: int) -> None:
        self._byte = bytes([level])

    def transfer(self, opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        """Return `read` bytes of the stuck level."""
        return self._byte * read


# CMD bit -> opcode, address wanted, bytes read into W0
SIMPLE_COMMANDS = {
    CMD_WRITE_ENABLE: (0x06, False, 0),
    CMD_WRITE_DISABLE: (0x04, False, 0),
    CMD_READ_ID: (0x9F, False, 3),
    CMD_SECTOR_ERASE: (0x20, True, 0),
    CMD_BLOCK_ERASE: (0xD8, True, 0),
    CMD_CHIP_ERASE: (0xC7, False, 0),
    CMD_POWER_DOWN: (0xB9, False, 0),
    CMD_RELEASE: (0xAB, False, 0),
}


class SpiController:
    """The controller's registers; storing CMD does the transaction."""

    def __init__(
        self,
        clock: Clock,
        apb_hz: int,
        flash: Flash,
        busy: Callable[[int, int], None] = lambda until, since: None,
    ) -> None:
        self._clock = clock
        self._clock_ps = round(CLOCK_DIVIDER * SECOND / apb_hz)
        self.flash = flash
        self._busy_until = busy  # told when CMD will change and since when it is so, each time it is read
        self.reset()

    def reset(self) -> None:
        """Power-on state. The value of USER is what clients read before they use it."""
        self._registers = {offset: 0 for offset in range(0x00, 0x40, 4)}
        self._registers |= {0xF0: 0, 0xF4: 0, EXT2: 0, 0xFC: 0}
        self._registers[USER] = 0x04
        self.buffer = bytearray(BUFFER_SIZE)
        self._command = self._began = 0
        self._asked_busy = False  # in this round of a polling loop, whether the chip is busy
        self.done_at = 0  # ps

    def begin_round(self) -> object:
        """A round of a polling loop begins; see `bus.Pollable`."""
        self._asked_busy = False
        return self._registers[RD_STATUS], self._clock.now >= self.done_at

    def is_harmless(self, offset: int, value: int) -> bool:
        """Reading the status of a chip that is busy changes nothing, nor does setting what that will fill."""
        if offset == CMD:
            self._asked_busy = True
            return value == CMD_READ_STATUS and self.flash.busy_until > self._clock.now
        return offset == RD_STATUS

    def end_round(self, before: object) -> int | None:
        """The same holds as long as the chip is busy, or for ever."""
        if before != (self._registers[RD_STATUS], self._clock.now >= self.done_at):
            return None
        if not self._asked_busy:
            return FOR_EVER
        busy = self.flash.busy_until
        return busy if busy > self._clock.now else None

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""
        if offset == CMD:
            if self._clock.now >= self.done_at:
                return 0
            self._busy_until(self.done_at, self._began)
            return self._command
        if W0 <= offset < W0 + BUFFER_SIZE:
            return int.from_bytes(self.buffer[offset - W0 : offset - W0 + 4], "little")
        return self._registers.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the register. False if nothing models it."""
        if offset == CMD:
            self._start(value)
        elif W0 <= offset < W0 + BUFFER_SIZE:
            self.buffer[offset - W0 : offset - W0 + 4] = value.to_bytes(4, "little")
        elif offset in self._registers:
            self._registers[offset] = value
        else:
            return False
        return True

    def _start(self, command: int) -> None:
        self._command, self._began = command, self._clock.now
        if command & CMD_USR:
            clocks = self._user()
        elif command & CMD_READ:
            clocks = self._read()
        elif command & CMD_PAGE_PROGRAM:
            clocks = self._program()
        elif command & CMD_READ_STATUS:
            clocks = 16
            self._registers[RD_STATUS] = self.flash.transfer(0x05, None, b"", 1)[0]
        elif command & CMD_WRITE_STATUS:
            clocks = self._write_status()
        else:
            clocks = self._simple(command)
        self.done_at = self._clock.now + clocks * self._clock_ps

    def _simple(self, command: int) -> int:
        for bit, (opcode, addressed, read) in SIMPLE_COMMANDS.items():
            if command & bit:
                address = self._registers[ADDR] & ADDRESS_MASK if addressed else None
                self._fill_buffer(self.flash.transfer(opcode, address, b"", read))
                return 8 + 24 * addressed + 8 * read
        return 0

    def _length(self) -> int:
        return min(self._registers[ADDR] >> 24, BUFFER_SIZE)

    def _read(self) -> int:
        length = self._length()
        self._fill_buffer(self.flash.transfer(0x03, self._registers[ADDR] & ADDRESS_MASK, b"", length))
        return 32 + 8 * length

    def _program(self) -> int:
        length = self._length()
        self.flash.transfer(0x02, self._registers[ADDR] & ADDRESS_MASK, bytes(self.buffer[:length]), 0)
        return 32 + 8 * length

    def _write_status(self) -> int:
        count = 2 if self._registers[CTRL] & CTRL_TWO_BYTE_STATUS else 1
        self.flash.transfer(0x01, None, self._registers[RD_STATUS].to_bytes(4, "little")[:count], 0)
        return 8 + 8 * count

    def _user(self) -> int:
        """Do the transaction that USER, USER1 and USER2 describe; return its clocks."""
        user, user1, user2 = (self._registers[offset] for offset in (USER, USER1, USER2))
        if not user & USER_COMMAND:
            return 0  # no flash chip hears a transaction without an opcode
        clocks = (user2 >> 28) + 1
        address = None
        if user & USER_ADDRESS:
            bits = (user1 >> 26) + 1
            clocks += bits
            address = self._registers[ADDR] >> (32 - min(bits, 32)) & ADDRESS_MASK
        if user & USER_DUMMY:
            clocks += (user1 & 0xFF) + 1
        out_bits = (user1 >> 17 & 0x1FF) + 1 if user & USER_DATA_OUT else 0
        in_bits = (user1 >> 8 & 0x1FF) + 1 if user & USER_DATA_IN else 0
        sent = bytes(self.buffer[: out_bits // 8])
        self._fill_buffer(self.flash.transfer(user2 & 0xFF, address, sent, -(-in_bits // 8)), in_bits)
        return clocks + out_bits + in_bits

    def _fill_buffer(self, data: bytes, bits: int | None = None) -> None:
        """Put what was read into W0 and on. A word that the bits only begin has its other bits cleared."""
        if not data:
            return
        if bits is not None and bits % 8:
            last = data[-1] & (1 << bits % 8) - 1
            data = data[:-1] + bytes([last])
        padded = data + bytes(-len(data) % 4)
        self.buffer[: len(padded)] = padded

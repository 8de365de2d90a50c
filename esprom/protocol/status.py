# SPDX-License-Identifier: Apache-2.0
"""How a loader says yes or no: two bytes at the end of a response's body (STATUS-1 to STATUS-5).

The ROM loader: status 0 or 1, then a reason that is stale after a success. The stub loaders: a code
that is 0 or the reason, then 0. So only the first byte decides (STATUS-2).
"""

from dataclasses import dataclass
from functools import lru_cache

from construct import Int8ul

from esprom.errors import CommandFailed
from esprom.protocol.packets import Command, OpenIntEnum, Response
from esprom.protocol.record import Record


class RomError(OpenIntEnum):
    """Reasons of the ROM loader, and NONE_GIVEN, with which the older stub loader fails (STATUS-4)."""

    NONE_GIVEN = 0x00
    INVALID = 0x05
    FLASH_FAILED = 0x06
    BAD_CHECKSUM = 0x07
    READ_BACK_DIFFERS = 0x08


class StubError(OpenIntEnum):
    """Status codes of the known stub loaders."""

    BAD_DATA_LENGTH = 0xC0
    BAD_DATA_CHECKSUM = 0xC1
    BAD_BLOCK_SIZE = 0xC2
    INVALID_COMMAND = 0xC3
    FAILED_SPI_OPERATION = 0xC4
    FAILED_SPI_UNLOCK = 0xC5
    NOT_IN_FLASH_MODE = 0xC6
    INFLATE_FAILED = 0xC7
    NOT_ENOUGH_DATA = 0xC8
    TOO_MUCH_DATA = 0xC9
    BAD_ADDRESS = 0xE1  # ours, as is the next
    OUT_OF_ORDER = 0xE2
    COMMAND_NOT_IMPLEMENTED = 0xFF


MEANING: dict[OpenIntEnum, str] = {
    RomError.NONE_GIVEN: "the loader gave no reason",
    RomError.INVALID: "the packet was not valid at this point (opcode, size or sequence)",
    RomError.FLASH_FAILED: "the flash could not be erased, or the totals do not match",
    RomError.BAD_CHECKSUM: "the data arrived damaged (checksum); lower the baud rate",
    RomError.READ_BACK_DIFFERS: "the flash does not hold what was written (not erased, or protected)",
    StubError.BAD_DATA_LENGTH: "the data has the wrong length",
    StubError.BAD_DATA_CHECKSUM: "the data arrived damaged (checksum)",
    StubError.BAD_BLOCK_SIZE: "the block size is too large",
    StubError.INVALID_COMMAND: "the loader does not know this command",
    StubError.FAILED_SPI_OPERATION: "the flash chip did not do it",
    StubError.FAILED_SPI_UNLOCK: "the flash chip's protection could not be lifted",
    StubError.NOT_IN_FLASH_MODE: "no write has been begun",
    StubError.INFLATE_FAILED: "the compressed data is damaged",
    StubError.NOT_ENOUGH_DATA: "less data arrived than was announced",
    StubError.TOO_MUCH_DATA: "more data arrived than was announced",
    StubError.BAD_ADDRESS: "an address, or another number in the request, is out of range",
    StubError.OUT_OF_ORDER: "a block is missing before this one",
    StubError.COMMAND_NOT_IMPLEMENTED: "the loader does not implement this command",
}


@dataclass(frozen=True, slots=True)
class Status:
    """The status bytes: success is `status == 0`, whatever `error` says (STATUS-2)."""

    status: int
    error: int


STATUS = Record(Status, "status" / Int8ul, "error" / Int8ul)
STATUS_SIZE = 2  # bytes, for every loader of this chip (STATUS-1)


def answer(response: Response) -> bytes:
    """Return the body without its status bytes.

    Raises:
        CommandFailed: the status is not success.
        MalformedPacket: there are no two status bytes.
    """
    status = _status(response.body[-STATUS_SIZE:])
    if status.status:
        raise failure(response.command, status)
    return response.body[:-STATUS_SIZE]


@lru_cache(maxsize=64)  # every answer ends in one of a few pairs
def _status(pair: bytes) -> Status:
    return STATUS.parse(pair)


def failure(command: Command, status: Status) -> CommandFailed:
    """Return the exception for a failure status, with the reason in words."""
    reason: OpenIntEnum = RomError(status.error) if status.status == 1 else StubError(status.status)
    meaning = MEANING.get(reason, "a reason that is not documented")
    return CommandFailed(
        f"{command.name} failed with status {status.status:02x}{status.error:02x}: {meaning}",
        command=command.name,
        status=status.status,
        error=status.error,
    )

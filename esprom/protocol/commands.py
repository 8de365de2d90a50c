# SPDX-License-Identifier: Apache-2.0
"""The command table: for each opcode its bodies, who has it, and how long it may take (CMD-*).

`packet()` is the one way to make a request; it fills in the checksum where the command carries data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any
from zlib import crc32

from esprom.protocol import own, packets
from esprom.protocol.checksum import checksum
from esprom.protocol.packets import EMPTY, REQUEST, Command, Request
from esprom.protocol.record import Overlay, Record

MIB = 1 << 20


class Loader(Enum):
    """Who answers: the mask ROM's loader, or a program uploaded into RAM."""

    ROM = "rom"
    STUB = "stub"  # of any tool
    OURS = "esprom"


Timeout = Callable[[Any], float]
"""Seconds that the device may take over a request body, time on the line not counted."""


def fixed(seconds: float) -> Timeout:
    """Return the rule for a command whose work does not depend on its body."""
    return lambda body: seconds


def per_mib(seconds: float, size: str, at_least: float = 3.0) -> Timeout:
    """Return the rule for a command whose work grows with the body's field `size`, in bytes."""
    return lambda body: max(at_least, seconds * getattr(body, size) / MIB)


def per_data(seconds: float, at_least: float = 3.0) -> Timeout:
    """Return the rule for a data block."""
    return lambda body: max(at_least, seconds * len(body.data) / MIB)


def per_write(body: packets.WriteReg) -> float:
    """WRITE_REG: the delays that it asks for come on top."""
    return 3.0 + sum(write.delay_us & 0xFFFF for write in body.writes) / 1e6


class Covered(Enum):
    """What the checksum in a request's header is of (PROTO-3)."""

    NOTHING = ""
    DATA = "data"  # the body's `data`, by XOR
    BODY = "body"  # all of it, by CRC-32; in answers the value is that of their body


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One row of the table."""

    command: Command
    request: Record[Any]  # the request's body
    answer: Record[Any]  # what the response's body holds before the status bytes
    loaders: frozenset[Loader]
    covered: Covered
    timeout_s: Timeout
    spare: int = 0  # bytes that may follow the request's body, and mean nothing (BODY-FLASH-BEGIN)

    def asked(self, body: bytes) -> Any:
        """Return what the body of a request means. Raises MalformedPacket."""
        if self.spare and len(body) == Overlay(*self.request.layout).size + self.spare:
            return self.request.parse(body[: -self.spare])
        return self.request.parse(body)


BOTH = frozenset(Loader)
STUB = frozenset({Loader.STUB, Loader.OURS})
OURS = frozenset({Loader.OURS})
NONE: frozenset[Loader] = frozenset()
NOTHING, DATA, BODY = Covered
FIFTH_WORD = 4  # bytes

_QUICK = fixed(3.0)  # register access: far more than a slow USB bridge needs
# 256 sectors of 4 KiB at 400 ms (datasheets, maximum); the ROM may erase twice what it is asked to (ERASE-1).
_ERASE = per_mib(205.0, "erase_size")
_REGION = per_mib(103.0, "size")
_PROGRAM = per_data(40.0)
_DIGEST = per_mib(8.0, "size")  # reading and hashing at 52 MHz takes under 4 s a MiB
_SECTOR = fixed(3.0)  # erased and programmed at a datasheet's longest times: 0.4 s and 16 times 3 ms

COMMANDS: dict[Command, CommandSpec] = {
    spec.command: spec
    for spec in (
        CommandSpec(Command.FLASH_BEGIN, packets.FLASH_BEGIN, EMPTY, BOTH, NOTHING, _ERASE, FIFTH_WORD),
        CommandSpec(Command.FLASH_DATA, packets.DATA_BLOCK, EMPTY, BOTH, DATA, _PROGRAM),
        CommandSpec(Command.FLASH_END, packets.FLASH_END, EMPTY, BOTH, NOTHING, _QUICK),
        CommandSpec(Command.MEM_BEGIN, packets.MEM_BEGIN, EMPTY, BOTH, NOTHING, _QUICK),
        CommandSpec(Command.MEM_END, packets.MEM_END, EMPTY, BOTH, NOTHING, _QUICK),
        CommandSpec(Command.MEM_DATA, packets.DATA_BLOCK, EMPTY, BOTH, DATA, _QUICK),
        CommandSpec(Command.SYNC, packets.SYNC, EMPTY, BOTH, NOTHING, fixed(0.1)),
        CommandSpec(Command.WRITE_REG, packets.WRITE_REG, EMPTY, BOTH, NOTHING, per_write),
        CommandSpec(Command.READ_REG, packets.READ_REG, EMPTY, BOTH, NOTHING, _QUICK),
        CommandSpec(Command.SPI_SET_PARAMS, packets.SPI_SET_PARAMS, EMPTY, BOTH, NOTHING, _QUICK),
        CommandSpec(Command.SPI_ATTACH, packets.SPI_ATTACH, EMPTY, STUB, NOTHING, _QUICK),
        CommandSpec(Command.READ_FLASH_SLOW, packets.READ_FLASH_SLOW, EMPTY, NONE, NOTHING, _QUICK),
        CommandSpec(Command.CHANGE_BAUDRATE, packets.CHANGE_BAUDRATE, EMPTY, STUB, NOTHING, _QUICK),
        CommandSpec(Command.FLASH_DEFL_BEGIN, packets.FLASH_BEGIN, EMPTY, STUB, NOTHING, _ERASE, FIFTH_WORD),
        CommandSpec(Command.FLASH_DEFL_DATA, packets.DATA_BLOCK, EMPTY, STUB, DATA, _PROGRAM),
        CommandSpec(Command.FLASH_DEFL_END, packets.FLASH_END, EMPTY, STUB, NOTHING, _QUICK),
        CommandSpec(Command.SPI_FLASH_MD5, packets.SPI_FLASH_MD5, packets.MD5_DIGEST, STUB, NOTHING, _DIGEST),
        CommandSpec(Command.GET_SECURITY_INFO, EMPTY, EMPTY, NONE, NOTHING, _QUICK),
        CommandSpec(Command.ERASE_FLASH, EMPTY, EMPTY, STUB, NOTHING, fixed(120.0)),
        CommandSpec(Command.ERASE_REGION, packets.ERASE_REGION, EMPTY, STUB, NOTHING, _REGION),
        CommandSpec(Command.READ_FLASH, packets.READ_FLASH, EMPTY, STUB, NOTHING, _QUICK),
        CommandSpec(Command.RUN_USER_CODE, EMPTY, EMPTY, STUB, NOTHING, _QUICK),
        CommandSpec(Command.INFO, own.ASK_INFO, own.INFO, OURS, BODY, _QUICK),
        CommandSpec(Command.ECHO, own.PATTERN, own.PATTERN, OURS, BODY, _QUICK),
        CommandSpec(Command.DIGESTS, own.DIGESTS, own.DIGEST_LIST, OURS, BODY, _DIGEST),
        CommandSpec(Command.STREAM, own.STREAM, EMPTY, OURS, BODY, _QUICK),
        CommandSpec(Command.STREAM_FRAME, EMPTY, own.STREAM_FRAME, OURS, BODY, _QUICK),
        CommandSpec(Command.STREAM_CONTROL, own.STREAM_CONTROL, EMPTY, OURS, BODY, _QUICK),
        CommandSpec(Command.PUT, own.PUT, own.PUT_DONE, OURS, BODY, _SECTOR),
        CommandSpec(Command.ERASE, packets.ERASE_REGION, own.ERASE_DONE, OURS, BODY, _REGION),
        CommandSpec(Command.TRY_BAUDRATE, own.TRY_BAUDRATE, EMPTY, OURS, BODY, _QUICK),
    )
}


def packet(command: Command, body: object) -> bytes:
    """Return the request packet, not yet framed.

    Raises:
        ValueError: `body` is not this command's, or a field does not fit.
    """
    spec = COMMANDS[command]
    if not isinstance(body, spec.request.kind):
        raise ValueError(f"{command.name} takes {spec.request.kind.__name__}, not {type(body).__name__}")
    built = spec.request.build(body)
    check = 0
    if spec.covered is Covered.BODY:
        check = crc32(built)
    elif spec.covered is Covered.DATA:
        check = checksum(body.data)
    return REQUEST.build(Request(command, check, built))

# SPDX-License-Identifier: Apache-2.0
"""Packets in words: what is asked for, where, and what was answered. No I/O."""

from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from typing import Any

from esprom.errors import MalformedPacket
from esprom.port.reset import EN_LOW, RELEASED
from esprom.protocol import own, packets
from esprom.protocol.packets import Command, Request, Response
from esprom.protocol.status import MEANING, STATUS, STATUS_SIZE, RomError, StubError
from esprom.wire.dialogue import NO_STATUS, REQUEST_HEAD, RESPONSE_HEAD, body_of, refused, told_by
from esprom.wire.events import Span

HEX = frozenset(
    {"address", "offset", "entry", "flash_id", "status_mask", "mask", "value", "confirmed", "pins"}
)
EFUSE = range(0x3FF00050, 0x3FF00060, 4)
ROM_WORD = 0x40001000  # by which tools know the chip (REG-2)
MOST_WRITES = 3  # of a WRITE_REG that are told
LEFT_OUT = "left out"


def register(address: int) -> str:
    """Return an address with its name, where it has one."""
    if address in EFUSE:
        name = f"EFUSE.WORD{(address - EFUSE.start) // 4}"
    elif address == ROM_WORD:
        name = "ROM.ID"
    else:
        from esp8266sim.tracing import register_name

        name = register_name(address)
    return name if name.startswith("0x") else f"{name} (0x{address:08x})"


def request(found: Request, left_out: tuple[Span, ...]) -> str:
    """Return what a request asks for."""
    body = body_of(found)
    match body:
        case None:
            return f"{sized(len(found.body))} that are not as this command wants them"
        case packets.Sync():
            return ""
        case packets.ReadReg():
            return register(body.address)
        case packets.WriteReg():
            return _writes(body.writes, left_out)
        case packets.DataBlock():
            return f"{body.sequence}, {sized(len(body.data))}{_hidden(left_out)}"
        case own.Pattern():
            return sized(len(body.data)) + _hidden(left_out)
        case packets.FlashBegin() if len(found.body) > len(packets.FLASH_BEGIN.build(body)):
            return f"{listed(body)}, and a fifth word"
    return listed(body) + _hidden(left_out)


def answer(found: Response, asked: Request | None, left_out: tuple[Span, ...]) -> str:
    """Return what an answer says; `asked` is what it answers."""
    if found.command in NO_STATUS:
        return _told(found, left_out)
    parts = [status(found.body[-STATUS_SIZE:])]
    if found.command is Command.READ_REG and asked is not None and not failed(found):
        hidden = overlaps(left_out, RESPONSE_HEAD.offset("value"), 4)
        parts = [LEFT_OUT if hidden else f"0x{found.value:08x}"]
    if len(found.body) > STATUS_SIZE:
        parts.append(_told(found, left_out))
    return ", ".join(part for part in parts if part)


def failed(found: Response) -> bool:
    """Say whether an answer is a refusal."""
    return found.command not in NO_STATUS and refused(found)


@cache  # thousands of answers end alike
def status(tail: bytes) -> str:
    """Return status bytes in words."""
    try:
        found = STATUS.parse(tail)
    except MalformedPacket:
        return "no status bytes"
    if not found.status:
        return "ok"
    reason = RomError(found.error) if found.status == 1 else StubError(found.status)
    meaning = MEANING.get(reason, "a reason that is not documented")
    return f"failed, {found.status:02x}{found.error:02x}: {meaning}"


def lines(*, dtr: bool, rts: bool) -> str:
    """Return what modem lines do to a chip behind the usual two transistors."""
    said = f"DTR {'on' if dtr else 'off'}, RTS {'on' if rts else 'off'}"
    if (dtr, rts) == (EN_LOW.dtr, EN_LOW.rts):
        return f"{said}: the chip is held in reset"
    if (dtr, rts) == (RELEASED.dtr, RELEASED.rts):
        return f"{said}: reset and GPIO0 let go"
    return f"{said}: GPIO0 low, reset let go" if dtr and not rts else f"{said}: both, which does nothing"


def listed(value: Any) -> str:
    """Return the fields of a packet's body, bytes as how many there are."""
    return ", ".join(
        f"{field.name.replace('_', ' ')} {_value(field.name, getattr(value, field.name))}"
        for field in fields(value)
        if field.name not in ("reserved", "fill")
    )


def content(body: Any) -> int:
    """Return how many bytes of flash or RAM a packet's body is about to move."""
    match body:
        case packets.DataBlock() | own.Pattern():
            return len(body.data)
        case own.Put():
            return len(body.payload)
        case own.StreamFrame():
            return int(body.size)
    return 0


def overlaps(spans: Iterable[Span], at: int, size: int) -> bool:
    """Say whether any of the spans has a byte of this stretch."""
    return any(first < at + size and at < first + length for first, length in spans)


def hidden_size(left_out: tuple[Span, ...]) -> int:
    """Return how many bytes of content are left out; the word in the header is none."""
    return sum(size for at, size in left_out if at >= REQUEST_HEAD.size)


def _told(found: Response, left_out: tuple[Span, ...]) -> str:
    """Return what stands before the status bytes of an answer."""
    hidden = _hidden(left_out)
    match told_by(found):
        case None:
            return f"{sized(len(found.body))} that are not as they should be{hidden}"
        case packets.Md5Digest() as body:
            return f"MD5 {LEFT_OUT}" if hidden else f"MD5 {body.digest.hex()}"
        case own.DigestList() as body:
            return f"{len(body.digests)} digests{hidden}"
        case own.Pattern() as body:
            return sized(len(body.data)) + hidden
        case own.Info() as body if hidden:
            return listed(body).replace(_efuse(body), LEFT_OUT)
        case body:
            return listed(body) + hidden


def _efuse(body: own.Info) -> str:
    return _value("efuse", body.efuse)


def _writes(writes: tuple[packets.RegisterWrite, ...], left_out: tuple[Span, ...]) -> str:
    one = packets.REGISTER_WRITE.build(packets.RegisterWrite(0, 0))
    told = []
    for index, write in enumerate(writes[:MOST_WRITES]):
        at = REQUEST_HEAD.size + index * len(one) + 4
        value = LEFT_OUT if overlaps(left_out, at, 4) else f"0x{write.value:08x}"
        mask = "" if write.mask == 0xFFFFFFFF else f" mask 0x{write.mask:08x}"
        delay = f" after {write.delay_us & 0xFFFF} us" if write.delay_us else ""
        told.append(f"{register(write.address)} = {value}{mask}{delay}")
    more = f" and {len(writes) - MOST_WRITES} more" if len(writes) > MOST_WRITES else ""
    return ", ".join(told) + more if told else "nothing"


def _value(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        return sized(len(value))
    if isinstance(value, tuple):
        return " ".join(f"{word:08x}" for word in value)
    if isinstance(value, packets.OpenIntEnum):
        return value.name
    return f"0x{value:x}" if name in HEX else str(value)


def _hidden(left_out: tuple[Span, ...]) -> str:
    size = hidden_size(left_out)
    return f" ({sized(size)} {LEFT_OUT})" if size else ""


def sized(size: int) -> str:
    """Return how many bytes, in words."""
    return "1 byte" if size == 1 else f"{size} bytes"

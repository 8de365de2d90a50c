# SPDX-License-Identifier: Apache-2.0
r"""The ROM's printf: every character goes to the function that `ets_install_putc1` was given.

By default that is uart_tx_one_char, before which a `\n` becomes `\r\n`. Where the pointer lies in RAM was not
recorded; PUTC1 is a choice among words that nothing else uses. Conversions: d i u x X p c s %, with the flags
`0` and `-`, a width, a precision for s, and `l`, which changes nothing. What else may follow a % is printed
as it stands (assumed).
"""

import re
from collections.abc import Callable, Iterator

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Call
from esp8266sim.bootrom.functions.serial import SEND, send_bytes
from esp8266sim.bootrom.rom import Function, Rom

PUTC1 = 0x3FFFDD30
PUTC2 = PUTC1 + 4
COST_CALL = 100  # assumed, besides the time for sending
CONVERSION = re.compile(
    rb"%(?P<flags>[-0]*)(?P<width>\d*)(?:\.(?P<precision>\d+))?l{0,2}(?P<kind>[diuxXpcs%])"
)


def pieces(text: bytes, arguments: Iterator[int], read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what a format becomes, piece by piece; `read` gives the text at a pointer."""
    at = 0
    for found in CONVERSION.finditer(text):
        yield text[at : found.start()]
        at = found.end()
        yield _converted(found, arguments, read)
    yield text[at:]


def _converted(found: "re.Match[bytes]", arguments: Iterator[int], read: Callable[[int], bytes]) -> bytes:
    kind = found["kind"].decode()
    if kind == "%":
        return b"%"
    value = next(arguments)
    negative = False
    if kind == "s":
        body = read(value)
        if found["precision"]:
            body = body[: int(found["precision"])]
    elif kind == "c":
        body = bytes([value & 0xFF])
    elif kind in "di":
        number = value - (value >> 31 << 32)
        negative, body = number < 0, b"%d" % abs(number)
    elif kind == "u":
        body = b"%d" % value
    else:
        body = b"%X" % value if kind == "X" else b"%x" % value
    width = int(found["width"] or 0)
    sign = b"-" if negative else b""
    if b"-" in found["flags"]:
        return (sign + body).ljust(width)
    if b"0" in found["flags"] and kind not in "sc":
        return sign + body.rjust(width - len(sign), b"0")
    return (sign + body).rjust(width)


def print_formatted(rom: Rom, text: int) -> Activity[int]:
    """ets_printf: returns how many characters were printed."""
    arguments = [rom.argument(index) for index in range(1, 1 + rom.text(text).count(b"%"))]
    yield rom.soc.cycles(COST_CALL)
    printed = 0
    for piece in pieces(rom.text(text), iter(arguments), rom.text):
        printed += len(piece)
        yield from put(rom, piece)
    return printed


def put(rom: Rom, text: bytes) -> Activity[None]:
    """Give text to the installed function; the ROM's own is not called but done."""
    putc = memory.word(rom.soc.bus, PUTC1)
    plain = text.replace(b"\n", b"\r\n")
    if putc == SEND.address:
        yield from send_bytes(rom, plain)
        return
    for character in plain:
        yield Call(putc, (character,))


def put_character(rom: Rom, character: int) -> Activity[None]:
    r"""ets_putc, ets_write_char: one character, `\n` as `\r\n`."""
    yield from put(rom, bytes([character & 0xFF]))


def install_putc1(rom: Rom, putc: int) -> None:
    """ets_install_putc1."""
    memory.set_word(rom.soc.bus, PUTC1, putc)


def install_putc2(rom: Rom, putc: int) -> None:
    """ets_install_putc2: kept, as the second output of ets_printf; nothing is sent there (assumed off)."""
    memory.set_word(rom.soc.bus, PUTC2, putc)


def install_uart(rom: Rom) -> None:
    """ets_install_uart_printf: the UART again."""
    install_putc1(rom, SEND.address)


FUNCTIONS = (
    Function("ets_printf", print_formatted),
    Function("ets_uart_printf", print_formatted),
    Function("ets_putc", put_character),
    Function("ets_write_char", put_character),
    Function("ets_install_putc1", install_putc1),
    Function("ets_install_putc2", install_putc2),
    Function("ets_install_uart_printf", install_uart),
)

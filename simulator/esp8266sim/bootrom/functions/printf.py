# SPDX-License-Identifier: Apache-2.0
r"""The ROM's printf: every character goes to the functions that `ets_install_putc1` and putc2 were given.

By default that is the ROM's own _putc1, which drops `\r` and sends `\n` as `\r\n`; one of the program's gets
the `\n` as it stands, and adds a `\r` itself if it wants one, as the Arduino core's does. ets_uart_printf
always uses _putc1, and ets_putc is uart_tx_one_char (Arduino's and pvvx's headers). Where the pointers lie in
RAM was not recorded; PUTC1 is a choice among words that nothing else uses. Conversions: d i u x X p c s %,
with the flags `0` and `-`, a width, a precision for s, and `l`, which changes nothing. What else may follow a
% is printed as it stands (assumed).
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from esp8266sim.bootrom import memory
from esp8266sim.bootrom.activity import Activity, Call
from esp8266sim.bootrom.functions.serial import SEND, send_byte, send_bytes
from esp8266sim.bootrom.rom import MASK32, Function, Rom
from esp8266sim.bootrom.symbols import SYMBOLS

OWN = SYMBOLS["_putc1"]
LAST_SAVED, FIRST_STACKED = 20, 32  # indices of a va_list: of a7, and of the first argument on the stack
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
    return _print(rom, SYMBOLS["ets_write_char"], text, rom.arguments(1))


def print_on_uart(rom: Rom, text: int) -> Activity[int]:
    """ets_uart_printf: the same, whatever is installed."""
    return _print(rom, OWN, text, rom.arguments(1))


def print_list(rom: Rom, putc: int, text: int) -> Activity[int]:
    """ets_vprintf: the va_list is a struct passed by value, in a4 to a6."""
    stack, saved, index = islice(rom.arguments(2), 3)
    return _print(rom, putc, text, _listed(rom, stack, saved, index))


def _listed(rom: Rom, stack: int, saved: int, index: int) -> Iterator[int]:
    """Yield the arguments of a va_list as GCC's va_arg does: of six saved registers, then of the stack.

    `index` is in bytes; `stack` lies 32 bytes before the first argument on the stack.
    """
    while True:
        if index <= LAST_SAVED:
            yield rom.cpu.load32(saved + index & MASK32)
        else:
            index = max(index, FIRST_STACKED)
            yield rom.cpu.load32(stack + index & MASK32)
        index += 4


def _print(rom: Rom, putc: int, text: int, arguments: Iterator[int]) -> Activity[int]:
    """Print; a text that faults does so when what is before it is on its way."""
    form = rom.text(text)
    wanted = sum(found["kind"] != b"%" for found in CONVERSION.finditer(form))
    values = list(islice(arguments, wanted))  # now, as registers do not outlast a call
    yield rom.soc.cycles(COST_CALL)
    printed = 0
    for piece in pieces(form, iter(values), rom.text):
        printed += len(piece)
        yield from put(rom, piece, putc)
    return printed


def put(rom: Rom, text: bytes, putc: int = SYMBOLS["ets_write_char"]) -> Activity[None]:
    """Give text to a function; the ROM's own are not called but done."""
    if putc == OWN:
        yield from send_bytes(rom, text.replace(b"\r", b"").replace(b"\n", b"\r\n"))
    elif putc == SEND.address:
        yield from send_bytes(rom, text)
    elif putc != SYMBOLS["ets_write_char"]:
        for character in text:
            yield Call(putc, (character,))
    elif (installed := _installed(rom)) in ([OWN], [SEND.address]):
        yield from put(rom, text, installed[0])
    else:
        for character in text:
            for one in _installed(rom):
                yield from put(rom, bytes([character]), one)


def _installed(rom: Rom) -> list[int]:
    """Return the outputs of ets_write_char; that both are served is assumed."""
    pointers = memory.word(rom.soc.bus, PUTC1), memory.word(rom.soc.bus, PUTC2)
    return [pointer for pointer in pointers if pointer]


def put_character(rom: Rom, character: int) -> Activity[None]:
    """ets_write_char: one character to the installed functions."""
    yield from put(rom, bytes([character & 0xFF]))


def put_own(rom: Rom, character: int) -> Activity[int]:
    """_putc1: returns the character."""
    yield from put(rom, bytes([character & 0xFF]), OWN)
    return character


def install_putc1(rom: Rom, putc: int) -> None:
    """ets_install_putc1."""
    memory.set_word(rom.soc.bus, PUTC1, putc)


def install_putc2(rom: Rom, putc: int) -> None:
    """ets_install_putc2: a second output."""
    memory.set_word(rom.soc.bus, PUTC2, putc)


def install_uart(rom: Rom) -> int:
    """ets_install_uart_printf: the UART again; a2 is left at that, which the Arduino core once used."""
    install_putc1(rom, OWN)
    return OWN


FUNCTIONS = (
    Function("ets_printf", print_formatted),
    Function("ets_uart_printf", print_on_uart),
    Function("ets_vprintf", print_list),
    Function("_putc1", put_own),
    Function("ets_putc", send_byte),
    Function("ets_write_char", put_character),
    Function("ets_install_putc1", install_putc1),
    Function("ets_install_putc2", install_putc2),
    Function("ets_install_uart_printf", install_uart),
)

# SPDX-License-Identifier: Apache-2.0
"""What arrived instead of an answer, and what that means, in words for a beginner; pure functions.

Each explanation names one cause, the likeliest, and what to do about it.
"""

from enum import Enum

from esprom.port import bootlog
from esprom.port.bootlog import FLASH_MODE, UPLOAD_MODE, BootLog

BOOT_BAUD = bootlog.BOOT_BAUD
SYNC_ECHO = b"\x07\x12\x20\x55\x55\x55"  # from the middle of our own SYNC requests
SLIP_END = 0xC0
FRAME = 32  # bytes; answers are 12 to 20, with an END at each side
TEXT = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
MOSTLY = 0.9

WIRING = (
    "check that the board has power (3.3 V, at least 300 mA), that TX and RX are crossed, that CH_PD (EN) is"
    " high, and that GPIO0 is connected to ground at the moment of reset"
)
RESTARTED = (
    "the chip has restarted meanwhile: its supply broke down; it takes over 300 mA at times, which the 3.3 V"
    " pin of a USB adapter does not give; use a regulator of its own, and a capacitor at the chip"
)
LINE = "check the cable and the board's supply, or try a lower --baud"
BOOT_MODES = {
    UPLOAD_MODE: "it is in its loader, but hears nothing: TX of the adapter may not reach RX of the chip",
    FLASH_MODE: "GPIO0 was high at reset; connect it to ground, then reset or power the board again",
    None: "connect GPIO0 to ground, then reset or power the board again",
}
STRAPS = "GPIO15 was high or GPIO2 low at reset; connect GPIO15 to ground, leave GPIO2 open, then reset"


class Cause(Enum):
    """Why no answer came, as far as what came instead tells."""

    NOTHING = "nothing arrived"
    ECHO = "what was sent came back"
    DEAF = "the chip is in its loader and hears nothing"
    FLASH_BOOT = "the chip boots its flash"
    STRAPS = "the chip boots neither loader nor flash"
    BOOT = "the chip boots"
    TEXT = "a program prints text"
    NOISE = "frames arrive, and are damaged"
    MEANINGLESS = "what arrives means nothing at this rate"
    RESTARTED = "the chip has restarted meanwhile"
    STOPPED = "the chip answers no more"
    DAMAGED = "an answer was damaged"


BY_MODE = {UPLOAD_MODE: Cause.DEAF, FLASH_MODE: Cause.FLASH_BOOT, None: Cause.BOOT}


def judge(received: bytes, baud: int, *, spoken: bool = False) -> Cause:
    """Return what `received` at `baud` tells about the reason.

    A chip whose loader has `spoken` before is wired well and was in its loader: then it is something else.
    """
    log = bootlog.find(received, baud)
    if spoken:
        if log is not None:
            return Cause.RESTARTED
        return Cause.STOPPED if not received else Cause.TEXT if _is_text(received) else Cause.DAMAGED
    if not received:
        return Cause.NOTHING
    if SYNC_ECHO in received:
        return Cause.ECHO
    if log is not None:
        return BY_MODE.get(log.mode, Cause.STRAPS)
    if _is_text(received):
        return Cause.TEXT
    if received.count(SLIP_END) > 1 + len(received) // FRAME:  # more than chance puts there
        return Cause.NOISE
    return Cause.MEANINGLESS


def explain(received: bytes, baud: int, *, spoken: bool = False) -> str:
    """Return what `received` at `baud` tells about the reason.

    A chip whose loader has `spoken` before is wired well and was in its loader: then it is something else.
    """
    match judge(received, baud, spoken=spoken):
        case Cause.NOTHING:
            return f"nothing arrived at all: {WIRING}"
        case Cause.ECHO:
            return (
                "what was sent came back: TX and RX are joined somewhere (a solder bridge, a wire in the"
                " wrong row), or this is a port of something that echoes; connect TX to the chip's RX and RX"
                " to its TX"
            )
        case Cause.RESTARTED:
            return RESTARTED
        case Cause.STOPPED:
            return f"the chip stopped answering, or what was sent to it got lost; {LINE}, then reset the chip"
        case Cause.TEXT if spoken:
            return f"text arrived ({_sample(received)}): the chip has left its loader; reset it and try again"
        case Cause.TEXT:
            return (
                f"text arrived ({_sample(received)}): a program runs there, no loader; connect GPIO0 to"
                " ground and reset the chip, or choose another --port if this is none of an ESP8266"
            )
        case Cause.NOISE:
            return (
                f"{len(received)} bytes with the loader's framing arrived, but no valid answer: the line is"
                " noisy, or the rate too high; try a lower --baud, and reset the chip"
            )
        case Cause.MEANINGLESS:
            return (
                f"{len(received)} bytes arrived that mean nothing at {baud} baud: a program or the boot log"
                f" at another rate (boot log: {BOOT_BAUD} with a 26 MHz crystal); connect GPIO0 to ground,"
                " then reset"
            )
        case Cause.DAMAGED:
            return f"it was lost or damaged on the line ({len(received)} bytes are no answer); {LINE}"
        case _:
            log = bootlog.find(received, baud)
            assert log is not None  # it is what the others are told by
            return _explain_boot_log(log)


def restarted(received: bytes, baud: int = BOOT_BAUD) -> bool:
    """Tell whether the chip has sent its boot banner, in what was received at `baud`."""
    return bootlog.find(received, baud) is not None


def _is_text(received: bytes) -> bool:
    return sum(byte in TEXT for byte in received) >= MOSTLY * len(received)


def _explain_boot_log(log: BootLog) -> str:
    return f"{log}: {BOOT_MODES.get(log.mode, STRAPS)}"


def _sample(received: bytes) -> str:
    return repr(received[:40].decode("latin-1"))

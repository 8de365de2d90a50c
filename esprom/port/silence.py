# SPDX-License-Identifier: Apache-2.0
"""What arrived instead of an answer, and what that means, in words for a beginner; pure functions.

Each explanation names one cause, the likeliest, and what to do about it. `MEANINGS` has that for all, and for
`esprom doctor`.
"""

from dataclasses import dataclass
from enum import Enum

from esprom.port import bootlog
from esprom.port.bootlog import FLASH_MODE, UPLOAD_MODE

BOOT_BAUD = bootlog.BOOT_BAUD
SYNC_ECHO = b"\x07\x12\x20\x55\x55\x55"  # from the middle of our own SYNC requests
SLIP_END = 0xC0
FRAME = 32  # bytes; answers are 12 to 20, with an END at each side
TEXT = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
MOSTLY = 0.9


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


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a cause means, and what to do, step by step."""

    means: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.means}: {'; '.join(self.steps)}"


_INTO_THE_LOADER = (
    "connect GPIO0 to GND",
    "take the power off and put it on again, or pull RESET to GND for a moment; GPIO0 stays at GND",
)
_LINE = ("check the cable and the board's supply, or try a lower --baud", "then reset the chip")
_SHORTER = "shorten the wires, and join the grounds"

MEANINGS = {
    Cause.NOTHING: Meaning(
        "nothing arrived at all",
        (
            "check that the board has power: 3.2 to 3.4 V between VCC and GND, while it starts too (300 mA)",
            "CH_PD (EN) must be at 3.3 V",
            "RX of the adapter goes to TX of the chip, and TX to RX; adapter, supply and board share GND",
            "without a reset line, power the board again with GPIO0 at GND",
        ),
    ),
    Cause.ECHO: Meaning(
        "what was sent came back, so TX and RX are joined somewhere",
        (
            "look for a solder bridge, or two wires in one row of the breadboard",
            "TX of the adapter goes to RX of the chip alone, and RX to its TX",
            "choose another --port if this is one of something that echoes",
        ),
    ),
    Cause.DEAF: Meaning(
        "the chip is in its loader, but hears nothing",
        (
            "TX of the adapter may not reach RX of the chip: look at that wire",
            "the adapter's signals are 3.3 V, not less; some have a jumper for that",
        ),
    ),
    Cause.FLASH_BOOT: Meaning("GPIO0 was high at reset, and the chip starts its firmware", _INTO_THE_LOADER),
    Cause.BOOT: Meaning("the chip starts, and no loader answers: GPIO0 may be high", _INTO_THE_LOADER),
    Cause.STRAPS: Meaning(
        "GPIO15 was high or GPIO2 low at reset, and the chip starts neither its loader nor its flash",
        ("connect GPIO15 to GND, by 10 kOhm or less", "leave GPIO2 open", "reset it again"),
    ),
    Cause.TEXT: Meaning(
        "a program runs there, no loader",
        (
            "connect GPIO0 to GND, then reset the board or power it again",
            "choose another --port if there is no ESP8266 on this one",
        ),
    ),
    Cause.NOISE: Meaning("the line is noisy, or the rate too high", ("try a lower --baud", _SHORTER)),
    Cause.MEANINGLESS: Meaning(
        "it is something at another rate (a program, or the boot log, "
        f"which has {BOOT_BAUD} baud with a 26 MHz crystal), or the line is bad",
        (
            "connect GPIO0 to GND, then reset",
            "leave --baud away: 115200 is what every adapter carries",
            _SHORTER,
        ),
    ),
    Cause.RESTARTED: Meaning(
        "the chip has restarted meanwhile: its supply broke down",
        (
            "do not take the 3.3 V from the adapter: an FTDI chip gives 50 mA, the board takes over 300",
            "use a regulator that gives 500 mA, and 100 uF or more at the board",
            "shorten the wires of supply and ground",
        ),
    ),
    Cause.STOPPED: Meaning("the chip stopped answering, or what was sent to it got lost", _LINE),
    Cause.DAMAGED: Meaning("it was lost or damaged on the line", _LINE),
}
LEFT = Meaning("the chip has left its loader", ("reset it and try again",))


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
    cause = judge(received, baud, spoken=spoken)
    meaning = LEFT if spoken and cause is Cause.TEXT else MEANINGS[cause]
    arrived = _arrived(cause, received, baud)
    return f"{arrived}: {meaning}" if arrived else str(meaning)


def _arrived(cause: Cause, received: bytes, baud: int) -> str:
    """Return what was heard, where the cause alone does not tell."""
    match cause:
        case Cause.DEAF | Cause.FLASH_BOOT | Cause.BOOT | Cause.STRAPS:
            return str(bootlog.find(received, baud))
        case Cause.TEXT:
            return f"text arrived ({_sample(received)})"
        case Cause.NOISE:
            return f"{len(received)} bytes with the loader's framing arrived, but no valid answer"
        case Cause.MEANINGLESS:
            return f"{len(received)} bytes arrived that mean nothing at {baud} baud"
        case Cause.DAMAGED:
            return f"{len(received)} bytes are no answer"
        case _:
            return ""


def restarted(received: bytes, baud: int = BOOT_BAUD) -> bool:
    """Tell whether the chip has sent its boot banner, in what was received at `baud`."""
    return bootlog.find(received, baud) is not None


def _is_text(received: bytes) -> bool:
    return sum(byte in TEXT for byte in received) >= MOSTLY * len(received)


def _sample(received: bytes) -> str:
    return repr(received[:40].decode("latin-1"))

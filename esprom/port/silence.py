# SPDX-License-Identifier: Apache-2.0
"""What arrived instead of an answer, and what that means, in words for a beginner; pure functions.

The banner is the mask ROM's: `ets Jan  8 2013,rst cause:C, boot mode:(M,S)`, sent with a divisor for 80 MHz,
which makes 74880 baud with the usual 26 MHz crystal and 115200 with 40 MHz.
"""

import re

BOOT_BAUD = 74880
BANNER = re.compile(rb"rst cause:(\d+), boot mode:\((\d+),")
SYNC_ECHO = b"\x07\x07\x12\x20\x55\x55"  # from the middle of our own SYNC request
SLIP_END = 0xC0
FRAME = 32  # bytes; answers are 12 to 20, with an END at each side
TEXT = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
MOSTLY = 0.9

WIRING = (
    "check that the board has power (3.3 V, at least 300 mA), that TX and RX are crossed, that CH_PD (EN) is"
    " high, and that GPIO0 is connected to ground at the moment of reset"
)
LINE = "check the cable and the board's supply, or try a lower --baud"
UPLOAD_MODE = 1
BOOT_MODES = {
    UPLOAD_MODE: "the chip is in its loader; TX of the adapter may not reach RX of the chip",
    3: "the chip booted its flash: GPIO0 was high at reset; connect it to ground, then reset",
}


def explain(received: bytes, baud: int, *, spoken: bool = False) -> str:
    """Return what `received` at `baud` tells about the reason.

    A chip whose loader has `spoken` before is wired well and was in its loader: then it is something else.
    """
    if spoken:
        return _explain_break(received)
    banner = BANNER.search(received)
    if banner is not None:
        return _explain_banner(int(banner[1]), int(banner[2]))
    if not received:
        return f"nothing arrived at all: {WIRING}"
    if SYNC_ECHO in received:
        return "what was sent came back: TX and RX are joined, or the adapter echoes"
    if _is_text(received):
        return (
            f"text arrived ({_sample(received)}): a program runs on the chip, it is not in its loader;"
            " connect GPIO0 to ground and reset it"
        )
    if received.count(SLIP_END) > 1 + len(received) // FRAME:  # more than chance puts there
        return (
            f"{len(received)} bytes with the loader's framing arrived, but no valid answer: the line is"
            " noisy, or the rate too high; try a lower --baud, and reset the chip"
        )
    return (
        f"{len(received)} bytes arrived that mean nothing at {baud} baud: a program or the boot log at"
        f" another rate (boot log: {BOOT_BAUD} with a 26 MHz crystal); connect GPIO0 to ground, then reset"
    )


def restarted(received: bytes) -> bool:
    """Tell whether the chip has sent its boot banner."""
    return BANNER.search(received) is not None


def _explain_break(received: bytes) -> str:
    if restarted(received):
        return "the chip has restarted meanwhile; the supply may be too weak"
    if not received:
        return f"the chip stopped answering, or what was sent to it got lost; {LINE}, then reset the chip"
    if _is_text(received):
        return f"text arrived ({_sample(received)}): the chip has left its loader; reset it and try again"
    return f"it was lost or damaged on the line ({len(received)} bytes are no answer); {LINE}"


def _is_text(received: bytes) -> bool:
    return sum(byte in TEXT for byte in received) >= MOSTLY * len(received)


def _explain_banner(cause: int, mode: int) -> str:
    meaning = BOOT_MODES.get(mode, "GPIO15 must be low and GPIO2 high at reset")
    return f"the boot log arrived (reset cause {cause}, boot mode {mode}): {meaning}"


def _sample(received: bytes) -> str:
    return repr(received[:40].decode("latin-1"))

# SPDX-License-Identifier: Apache-2.0
"""The lines of a trace, in the form of esptool's `--trace` (WIRE-13): how they are written, and known.

One rule: `trace` writes with what stands here, `esptool_trace` reads by it, and neither has the words itself.
What esprom's trace alone has (`OPENED`, `RATE`, `SET`) is what a capture says too.
"""

import re

from esprom.port.recorded import Way

LINE = re.compile(r"TRACE \+(?P<after>\d+\.\d+) +(?P<what>.*)")
VERBS = {Way.TO_CHIP: "Write", Way.FROM_CHIP: "Read"}
WAYS = {verb: way for way, verb in VERBS.items()}
MOVED = re.compile(rf"(?P<verb>{'|'.join(WAYS)}) (?P<size>\d+) bytes: *(?P<hex>[0-9a-f]*)$")
COMMAND = "command op="
PACKET = "Received full packet"
JUNK = "a frame that is no request, "
ABOUT_BYTES = re.compile(rf"{COMMAND}|--- Cmd |{PACKET}|{JUNK}|[ -]*$")  # which come anyhow
OPENED = re.compile(r"esprom opens the port at (?P<baud>\d+) baud")
RATE = re.compile(r"the port goes to (?P<baud>\d+) baud")
SET = re.compile(r"DTR (?P<dtr>[01]), RTS (?P<rts>[01])")


def line(after_s: float, what: str) -> str:
    """Return a line: how long after the one before it, and what."""
    return f"TRACE +{after_s:.3f} {what}"


def moved(way: Way, data: bytes) -> str:
    """Say that bytes were written, or read."""
    return f"{VERBS[way]} {len(data)} bytes: {data.hex()}"


def command(opcode: int, body: bytes) -> str:
    """Say which request the bytes that follow are."""
    return f"{COMMAND}0x{opcode:02x} data len={len(body)} data={body.hex()}"


def junk(frame: bytes) -> str:
    """Say the same of a frame that is none."""
    return f"{JUNK}{len(frame)} bytes"


def packet(frame: bytes) -> str:
    """Say which packet the bytes before were the last ones of."""
    return f"{PACKET}: {frame.hex()}"


def opened(baud: int) -> str:
    """Say that esprom begins, at a rate."""
    return f"esprom opens the port at {baud} baud"


def rate(baud: int) -> str:
    """Say that the rate changes."""
    return f"the port goes to {baud} baud"


def lines_set(*, dtr: bool, rts: bool) -> str:
    """Say how the modem lines are set."""
    return f"DTR {int(dtr)}, RTS {int(rts)}"

# SPDX-License-Identifier: Apache-2.0
"""Recordings of others. The logs of esptool are what it printed in front of a virtual board."""

import json

import pytest

from esprom.errors import ImageError
from esprom.wire.decode import wire_messages
from esprom.wire.events import Event, EventType
from esprom.wire.loading import wire_log

TRACE_4 = """esptool.py v4.12.0
Connecting...
TRACE +0.000 command op=0x08 data len=36 wait_response=1 timeout=0.100 data=
    0707122055555555 5555555555555555 | ... UUUUUUUUUUUU
    5555555555555555 5555555555555555 | UUUUUUUUUUUUUUUU
    55555555                          | UUUU
TRACE +0.000 Write 46 bytes:
    c000082400000000 0007071220555555 | ...$........ UUU
    5555555555555555 5555555555555555 | UUUUUUUUUUUUUUUU
    5555555555555555 5555555555c0     | UUUUUUUUUUUUU.
TRACE +0.100 No serial data received.
.TRACE +0.353 command op=0x0a data len=4 wait_response=1 timeout=3.000 data=00100040
TRACE +0.000 Write 14 bytes: c0000a04000000000000100040c0
TRACE +0.003 Read 1 bytes: c0
TRACE +0.001 Read 11 bytes: 010a020001c1f0ff0000c0
TRACE +0.000 Received full packet: 010a020001c1f0ff0000
Hard resetting via RTS pin...
"""
TRACE_5 = """esptool v5.6.0
  TRACE +0.000   --- Cmd READ_REG (0x0a) | data_len 4 | wait_response 1 | timeout 3.000 | data 5c00f03f ---
  TRACE +0.001   Write 14 bytes:       c0000a0400000000005c00f03fc0
  TRACE +0.005   Read 1 bytes:         c0
  TRACE +0.000   Read 11 bytes:        010a02007fcf5c000000c0
  TRACE +0.000   Received full packet: 010a02007fcf5c000000
Chip type:          ESP8266EX

  TRACE +0.202   --- Cmd WRITE_REG (0x09) | data_len 16 | wait_response 1 | timeout 3.000 | data 00 ---
  TRACE +0.001   Write 26 bytes:
    c000091000000000 0040020060000000 | .........@..`...
    00ffffffff000000 00c0             | ..........
"""


def lines(data: bytes) -> list[str]:
    log = wire_log(data)
    return [
        f"{message.at_s:.3f} {message.way}{message.name} {message.whole_text}".strip()
        for stream in log.streams
        for message in wire_messages(stream)
    ]


@pytest.mark.spec("WIRE-13")
def test_what_esptool_4_prints() -> None:
    assert lines(TRACE_4.encode()) == [
        "0.000 note esptool: esptool.py v4.12.0",
        "0.000 note esptool: Connecting",
        "0.000 >SYNC",
        "0.100 note esptool gives up waiting: nothing arrived in time",
        "0.453 >READ_REG ROM.ID (0x40001000)",
        "0.457 <READ_REG 0xfff0c101; 4.0 ms",
        "0.457 note esptool: Hard resetting via RTS pin",
    ]


@pytest.mark.spec("WIRE-13")
@pytest.mark.parametrize("coloured", [False, True])
def test_what_esptool_5_prints(coloured: bool) -> None:
    text = TRACE_5.replace("TRACE", "\x1b[36mTRACE\x1b[0m") if coloured else TRACE_5
    assert lines(text.encode()) == [
        "0.000 note esptool: esptool v5.6.0",
        "0.001 >READ_REG EFUSE.WORD3 (0x3ff0005c)",
        "0.006 <READ_REG 0x005ccf7f; 5.0 ms",
        "0.006 note esptool: Chip type:          ESP8266EX",
        "0.209 >WRITE_REG SPI0.W0 (0x60000240) = 0x00000000",
    ]


@pytest.mark.spec("WIRE-13")
def test_a_dump_that_is_cut_short_is_no_reason_to_fail() -> None:
    cut = TRACE_4[: TRACE_4.index("    5555555555555555 5555555555c0")]
    assert lines(cut.encode()) == lines(TRACE_4.encode())[:2]


@pytest.mark.spec("WIRE-12")
def test_a_report_of_selftest() -> None:
    frames = [
        {
            "ms": 0.0,
            "way": ">",
            "command": "READ_REG",
            "size": 12,
            "hex": "000a04000000000050 00f03f".replace(" ", ""),
        },
        {"ms": 2.5, "way": "<", "command": "READ_REG", "size": 10, "hex": ""},
        {"ms": 3.0, "way": ">", "command": "UNKNOWN_0x77", "size": 8, "hex": ""},
        {"ms": 4.0, "way": "<", "command": "", "size": 30, "hex": ""},
    ]
    found = json.dumps({"wire": [{"loader": "rom", "frames": frames, "left_out": 0}]}).encode()
    assert lines(found) == [
        "0.000 >READ_REG EFUSE.WORD0 (0x3ff00050)",
        "0.003 <READ_REG left out; 2.5 ms",
        "0.003 >UNKNOWN_0x77 0 bytes that are not as this command wants them",
        "0.004 <bytes 30 bytes, 30 left out; no packet of the protocol",
    ]
    log = wire_log(found)
    assert (log.source, log.payload) == ("selftest", False)
    assert log.streams[0].events[3] == Event(
        4000, EventType.FROM_CHIP, b"\xc0" + bytes(30) + b"\xc0", left_out=((0, 30),)
    )


@pytest.mark.parametrize("data", [b"", b"{}", b'{"wire": 1}', b"[1]", b"TRACE", bytes(300)])
def test_what_is_no_recording_is_said_to_be(data: bytes) -> None:
    with pytest.raises(ImageError, match="no recording of a line"):
        wire_log(data)


@pytest.mark.parametrize("frame", [{}, {"ms": 1, "way": "x", "command": "", "size": 1, "hex": ""}, 7])
def test_a_report_that_is_none_too(frame: object) -> None:
    found = json.dumps({"wire": [{"loader": "rom", "frames": [frame]}]}).encode()
    with pytest.raises(ImageError, match="not as selftest writes it"):
        wire_log(found)

# SPDX-License-Identifier: Apache-2.0
"""Somebody else's flasher, as small as can be: it knows pyserial and the ROM's protocol, not esprom.

The tests beside it show how such a program is tested without hardware.
"""

import struct
import sys

import serial

SYNC, FLASH_BEGIN, FLASH_DATA = 0x08, 0x02, 0x03
BLOCK = 0x400
SYNC_BODY = b"\x07\x07\x12\x20" + b"\x55" * 32


def command(port: serial.SerialBase, number: int, body: bytes, checksum: int = 0) -> bytes:
    """Send a command; return the status and error bytes of what answers it, or nothing."""
    packet = struct.pack("<BBHI", 0, number, len(body), checksum) + body
    port.write(b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0")
    while frame := port.read_until(b"\xc0"):
        answer = frame[:-1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
        if answer[:2] == bytes([1, number]):
            return answer[8:10]
    return b""


def flash(url: str, offset: int, data: bytes) -> None:
    """Write data to the flash. Raises SystemExit if the chip says no, or nothing."""
    with serial.serial_for_url(url, 115200, timeout=0.5) as port:
        if not any(command(port, SYNC, SYNC_BODY) for _ in range(5)):
            sys.exit("no answer")
        port.timeout = 5
        blocks = -(-len(data) // BLOCK)
        steps = [(FLASH_BEGIN, struct.pack("<4I", len(data), blocks, BLOCK, offset), 0)]
        for number in range(blocks):
            block = data[number * BLOCK :][:BLOCK].ljust(BLOCK, b"\xff")
            checksum = 0xEF
            for byte in block:
                checksum ^= byte
            steps.append((FLASH_DATA, struct.pack("<4I", BLOCK, number, 0, 0) + block, checksum))
        for step in steps:
            if command(port, *step)[:1] != b"\x00":
                sys.exit("the chip refuses")


if __name__ == "__main__":
    with open(sys.argv[3], "rb") as image:
        flash(sys.argv[1], int(sys.argv[2], 0), image.read())

# SPDX-License-Identifier: Apache-2.0
"""A host tool of many faults: fake_client.py BEHAVIOUR URL [FILE]. It knows pyserial and three commands."""

import os
import signal
import struct
import subprocess
import sys

import serial

EFUSE = 0x3FF00050
SYNC, READ_REG = 0x08, 0x0A
SYNC_BODY = b"\x07\x07\x12\x20" + b"\x55" * 32


def ask(port: serial.SerialBase, number: int, body: bytes) -> int | None:
    """Send a command; return the value of what answers it."""
    packet = struct.pack("<BBHI", 0, number, len(body), 0) + body
    port.write(b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0")
    while frame := port.read_until(b"\xc0"):
        answer = frame[:-1].replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
        if answer[:2] == bytes([1, number]):
            return int(struct.unpack("<I", answer[4:8])[0])
    return None


def mac(url: str) -> str:
    with serial.serial_for_url(url, 115200, timeout=0.5) as port:
        if all(ask(port, SYNC, SYNC_BODY) is None for _ in range(9)):
            sys.exit("no answer")
        words = [ask(port, READ_REG, struct.pack("<I", EFUSE + 4 * index)) for index in range(4)]
    if None in words:
        sys.exit("the chip does not say what it is")
    word0, word1, _, word3 = (word or 0 for word in words)
    octets = word3.to_bytes(4, "big")[1:] + word1.to_bytes(4, "big")[2:] + word0.to_bytes(4, "big")[:1]
    return octets.hex(":")


def main() -> None:
    behaviour, url, *more = sys.argv[1:]
    match behaviour:
        case "lie":
            print("MAC: 5c:cf:7f:00:00:00")
        case "say-nothing":
            pass
        case "hang":
            print("wait a moment", flush=True)
            signal.pause()
        case "give-up":
            sys.exit("I do not like this board")
        case "mute":
            sys.exit(3)
        case "raise":
            raise RuntimeError("what is this")
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave-child" | "hang-with-child":
            child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
            with open(more[0], "w", encoding="ascii") as file:
                file.write(str(child.pid))
            print(mac(url), flush=True)
            if behaviour == "hang-with-child":
                signal.pause()
        case "read-zeros":
            with open(more[0], "wb") as file:
                file.write(bytes(0x8000))
        case "false-alarm":
            print(mac(url))
            sys.exit(1)
        case "right":
            print(f"MAC: {mac(url)}")


if __name__ == "__main__":
    main()

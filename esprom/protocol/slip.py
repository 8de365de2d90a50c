# SPDX-License-Identifier: Apache-2.0
"""SLIP framing as the host speaks it (SLIP-1 to SLIP-4).

A frame is END, the packet with END and ESC escaped, END. The decoder is strict where the mask
ROM's receiver is not: a frame in which ESC is followed by anything but the two it escapes is `Damaged`.
Everything between two ENDs is a frame; bytes of a boot log are therefore frames too, and the caller
tells them apart by parsing.
"""

END = b"\xc0"
ESC = b"\xdb"
ESC_END = b"\xdb\xdc"
ESC_ESC = b"\xdb\xdd"

MAX_FRAME = 0x10000  # bytes; no loader sends a longer one (the stub's largest is 4 KiB of data)


class Damaged(bytes):
    """A frame whose escapes are wrong, as it came: a byte was changed on the way (SLIP-4)."""


def encode(packet: bytes) -> bytes:
    """Return the frame that carries `packet`."""
    return END + packet.replace(ESC, ESC_ESC).replace(END, ESC_END) + END


class Decoder:
    """Collects bytes in any pieces; gives whole frames, unescaped, in order."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take `data`; return the frames that it completes, some of them `Damaged`.

        Empty frames are no frames (SLIP-3).
        """
        self._partial += data
        if len(self._partial) > MAX_FRAME and END not in self._partial:
            self._partial += END  # a flood without any END: hand it out rather than grow without limit
        if END not in data and END not in self._partial:
            return []
        *whole, rest = bytes(self._partial).split(END)
        self._partial = bytearray(rest)
        return [_unescape(frame) for frame in whole if frame]

    def pending(self) -> bytes:
        """Return what has arrived since the last END, as it came."""
        return bytes(self._partial)

    def reset(self) -> None:
        """Forget a frame that has begun."""
        self._partial.clear()


def _unescape(frame: bytes) -> bytes:
    escapes = frame.count(ESC)
    if not escapes:
        return frame
    if escapes != frame.count(ESC_END) + frame.count(ESC_ESC):
        return Damaged(frame)
    return frame.replace(ESC_END, END).replace(ESC_ESC, ESC)

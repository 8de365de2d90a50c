# SPDX-License-Identifier: Apache-2.0
"""The mask ROM's banner, `ets Jan  8 2013,rst cause:C, boot mode:(M,S)`, as text or at another rate.

It is sent with a divisor for 80 MHz, which makes 74880 baud with the usual 26 MHz crystal and 115200 with
40 MHz. Heard at another rate it is garbage, but always the same garbage: the receiver takes the middle of
each of its own bits. So a restart is recognised without a second look. (The pattern is arithmetic; on silicon
a sample that lies near an edge may fall the other way, so parts of it are enough.)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

BOOT_BAUD = 74880
UPLOAD_MODE, FLASH_MODE = 1, 3
CAUSES = {
    0: "unknown",
    1: "power-on",
    2: "the reset pin",
    3: "a program's own restart",
    4: "a watchdog",
    5: "waking from deep sleep",
    6: "a program's own restart or deep sleep",
}
MODES = {
    UPLOAD_MODE: "the loader",
    FLASH_MODE: "the flash",
}

TEXT = re.compile(rb"rst cause:(\d{1,3}), boot mode:\((\d{1,3}),")
BANNER = b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,%d)\r\n\r\n"
USUAL_SDIO = 7
HEARD_MODES = (
    UPLOAD_MODE,
    FLASH_MODE,
    7,
)  # of those that boards are wired for; others sound like one of these
PART = 6  # bytes of the pattern that no chance puts together
VARIETY = 4  # of them that differ
COARSE_PART, COARSE_VARIETY = (
    32,
    2,
)  # where a bit lasts for so many of the receiver's that each byte has only one
STOP_BIT = 9


@dataclass(frozen=True, slots=True)
class BootLog:
    """What the banner says. None where it was recognised, and this part of it was not."""

    cause: int | None
    mode: int | None

    def __str__(self) -> str:
        told = []
        if self.cause is not None:
            told.append(f"reset cause {self.cause}: {CAUSES.get(self.cause, 'unknown')}")
        if self.mode is not None:
            told.append(f"boot mode {self.mode}: {MODES.get(self.mode, 'neither flash nor loader')}")
        return f"the boot log arrived ({'; '.join(told)})" if told else "the boot log arrived"


def find(received: bytes, baud: int) -> BootLog | None:
    """Return the last banner in what was received at `baud`, if there is one."""
    texts = TEXT.findall(received)
    if texts:
        cause, mode = texts[-1]
        return BootLog(int(cause), int(mode))
    patterns = _patterns(baud)
    if not any(part in received for part in patterns.common):
        return None
    return BootLog(_told(received, patterns.causes), _told(received, patterns.modes))


def _told(received: bytes, patterns: dict[int, frozenset[bytes]]) -> int | None:
    """Return the only value whose own pattern is there."""
    there = [value for value, parts in patterns.items() if any(part in received for part in parts)]
    return there[0] if len(there) == 1 else None


def sounds_like(text: bytes, sent: int, heard: int) -> bytes:
    """Return what a receiver at `heard` baud takes for bytes when `text` is sent at `sent` baud."""
    wave = "".join("0" + format(byte, "08b")[::-1] + "1" for byte in text)
    return bytes(_sampled(wave, sent / heard))


def _sampled(wave: str, step: float) -> Iterator[int]:
    at = 0.0  # in bits of the sender
    while (start := wave.find("0", int(at))) >= 0:
        begin = max(at, start)
        samples = [int(begin + (index + 0.5) * step) for index in range(1, STOP_BIT + 1)]
        if samples[-1] >= len(wave):
            return
        bits = [wave[sample] for sample in samples]
        yield int("".join(bits[:8])[::-1], 2)
        at = begin + (STOP_BIT + 0.5) * step
        if bits[-1] == "0":  # no stop bit: it waits for the line to go high
            at = wave.find("1", int(at))
            if at < 0:
                return


@dataclass(frozen=True, slots=True)
class Patterns:
    """What banners sound like at one rate, in parts of some bytes."""

    common: frozenset[bytes]  # in every banner
    causes: dict[int, frozenset[bytes]]  # in banners with this reset cause, and in no others
    modes: dict[int, frozenset[bytes]]


@lru_cache(maxsize=32)  # all the usual rates: who looks for the one that a chip speaks at asks for each
def _patterns(baud: int) -> Patterns:
    heard = {
        (cause, mode): _parts(sounds_like(BANNER % (cause, mode, USUAL_SDIO), BOOT_BAUD, baud))
        for cause in CAUSES
        for mode in HEARD_MODES
    }
    return Patterns(
        frozenset.intersection(*heard.values()),
        {cause: _own(heard, 0, cause) for cause in CAUSES},
        {mode: _own(heard, 1, mode) for mode in HEARD_MODES},
    )


def _own(heard: dict[tuple[int, int], frozenset[bytes]], which: int, value: int) -> frozenset[bytes]:
    with_it = [parts for key, parts in heard.items() if key[which] == value]
    without = [parts for key, parts in heard.items() if key[which] != value]
    return frozenset.union(*with_it) - frozenset.union(*without)


def _parts(heard: bytes) -> frozenset[bytes]:
    """Return the parts, without those that a line held low or a row of equal bytes has too."""
    coarse = len(set(heard)) < VARIETY
    size, variety = (COARSE_PART, COARSE_VARIETY) if coarse else (PART, VARIETY)
    parts = (heard[at : at + size] for at in range(len(heard) - size + 1))
    return frozenset(part for part in parts if len(set(part)) >= variety)

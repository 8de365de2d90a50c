# SPDX-License-Identifier: Apache-2.0
"""A demonstration firmware of our own making, laid out like a stock AT-firmware module.

Not one byte of it is anybody else's. It is there to be backed up: its parts lie where the stock ones lie, it
is blank where they are blank, and its live part compresses about as well as real firmware does. The two
entry points hold an endless loop; behind it comes filler that looks like Xtensa code.

    0x00000       boot loader, an image of version 1 whose header fits the flash
    0x01000       user1, an image of version 2
    half + 0x1000 user2: blank, for an update over the air (half = 256 KiB to 1 MiB, by the flash size)
    last five sectors: radio calibration, init data, system parameters twice and which of them holds
"""

import random
from dataclasses import dataclass
from functools import lru_cache

from esprom.image.layout import IMAGE_HEADER_V2, ImageHeader, Segment, build_image, build_segment

SECTOR = 0x1000  # bytes
USER1 = SECTOR
INIT_DATA_SIZE = 128

LOOP = bytes.fromhex("06 ff ff")  # Xtensa `j .`
IRAM, DRAM = 0x40100000, 0x3FFE8000
DIO, DOUT = 2, 3
AT_40_MHZ = 0x0


@dataclass(frozen=True, slots=True)
class FlashMap:
    """What depends on the size of the flash."""

    number: int  # in the high nibble of an image header's size and frequency byte
    half: int  # bytes that one of the two alternating user images has, boot loader included
    flash_code: int  # bytes of code in user1 that stay in the flash


MAPS = {
    0x080000: FlashMap(number=0, half=0x40000, flash_code=0x28000),
    0x100000: FlashMap(number=2, half=0x80000, flash_code=0x4A000),
    0x200000: FlashMap(number=3, half=0x80000, flash_code=0x4A000),
    0x400000: FlashMap(number=4, half=0x100000, flash_code=0x4A000),
    0x1000000: FlashMap(number=9, half=0x100000, flash_code=0x4A000),
}


@lru_cache(maxsize=4)
def firmware(size: int, *, seed: int = 1, mode: int = DIO) -> bytes:
    """Return a whole flash.

    Args:
        size: of the flash in bytes: a key of `MAPS`.
        seed: another one makes another firmware of the same layout.
        mode: how the image headers say the flash is read: `DIO` or `DOUT`.

    Raises:
        ValueError: no such flash is made.
    """
    if size not in MAPS:
        raise ValueError(f"no demonstration firmware of {size} bytes; there are {sorted(MAPS)}")
    chance = random.Random(f"{size} {seed}")
    flash = bytearray(b"\xff") * size
    _place(flash, 0, boot(chance, size, mode))
    _place(flash, USER1, user(chance, size, mode))
    for number, sector in enumerate(parameters(chance)):
        _place(flash, size + (number - 5) * SECTOR, sector)
    return bytes(flash)


def boot(chance: random.Random, size: int, mode: int = DIO) -> bytes:
    """Return the boot loader: an image of version 1 of less than a sector."""
    segments = (
        Segment(IRAM, LOOP + b"\0" + code(chance, 2500)),
        Segment(DRAM, strings() + table(0x200)),
    )
    return build_image(_header(size, mode, len(segments)), segments)


def user(chance: random.Random, size: int, mode: int = DIO) -> bytes:
    """Return an application: an image of version 2."""
    in_flash = Segment(0, code(chance, MAPS[size].flash_code))
    front = IMAGE_HEADER_V2.build(_header(size, mode, 4)) + build_segment(in_flash)
    segments = (
        Segment(IRAM, LOOP + b"\0" + code(chance, 0x6A00)),
        Segment(DRAM, table(0x400) + bytes(0x80)),
        Segment(DRAM + 0x480, strings() * 4 + table(0x200)),
    )
    return front + build_image(_header(size, mode, len(segments)), segments, begins_at=len(front))


def parameters(chance: random.Random) -> tuple[bytes, ...]:
    """Return what the last five sectors begin with; the rest of each is blank."""
    calibration = bytes(128 + step for step in chance.choices(range(-20, 20), k=628))
    init_data = bytes((5 * place + 3) % 251 for place in range(INIT_DATA_SIZE))
    station = b"esprom-demo".ljust(32, b"\0") + b"not a secret".ljust(64, b"\0")
    kept = b"\x01\0\0\0" + station + bytes(0x200)
    before = b"\x00\0\0\0" + bytes(len(station)) + bytes(0x200)
    which = b"\0\0\0\0" + b"\x55\xaa\x55\xaa"
    return calibration, init_data, before, kept, which


def code(chance: random.Random, size: int) -> bytes:
    """Return `size` bytes with the statistics of compiled code: few common bytes, phrases that recur."""
    count = size // PHRASE + 1
    literals = chance.randbytes(count * PHRASE)
    instructions = literals.translate(_COMMON_BYTES)
    phrases: list[bytes] = []
    for number, back in enumerate(chance.choices(_STEPS_BACK, k=count)):
        if 0 < back <= number:
            phrases.append(phrases[number - back])
        else:
            source = literals if back == _LITERALS else instructions
            phrases.append(source[number * PHRASE : (number + 1) * PHRASE])
    return b"".join(phrases)[:size]


def strings() -> bytes:
    """Return the texts of the firmware."""
    return b"".join(line.encode() + b"\0" for line in _TEXTS)


def table(size: int) -> bytes:
    """Return a table of 32-bit words such as a filter or a checksum has."""
    words = (pow(3, place, 0xFFFFFFFB) for place in range(size // 4))
    return b"".join(word.to_bytes(4, "little") for word in words)


def _header(size: int, mode: int, segments: int) -> ImageHeader:
    return ImageHeader(segments, mode, MAPS[size].number << 4 | AT_40_MHZ, IRAM)


def _place(flash: bytearray, at: int, data: bytes) -> None:
    flash[at : at + len(data)] = data


PHRASE = 12  # bytes: about four instructions
_LITERALS = -1  # a phrase of constants, where every byte is as likely
# What a phrase is: new, constants, or one that stood some phrases before, as neighbours in a library have.
_STEPS_BACK = (0, 0, 0, 0, 0, 0, 0, 0, 0, _LITERALS, _LITERALS, 7, 50, 300, 1500)
# The bytes that compiled Xtensa code is full of: first bytes, registers, and 0xC0, which SLIP must escape.
_OFTEN = bytes.fromhex(
    "00 0c 0d 21 22 01 12 c1 20 f0 c0 c0 82 32 02 42 52 31 92 03 08 28 38 09 29 10 40 1b 8c 26 56 66"
)
_COMMON_BYTES = bytes(
    _OFTEN[(byte // 16 * 7 + byte % 16) % 32] if byte % 16 < 7 else byte for byte in range(256)
)
_TEXTS = (
    "esprom demonstration firmware",
    "made to be backed up, laid out like a stock module, not run",
    "ready",
    "OK",
    "ERROR",
    "busy, ask again",
    "link %d opened by %d.%d.%d.%d port %d",
    "link %d closed after %u bytes",
    "station %02x:%02x:%02x:%02x:%02x:%02x joined channel %d",
    "the password of %s was not accepted",
    "heap %u of %u bytes free, least ever %u",
    "update: image %d of %d at 0x%06x, checksum %s",
)

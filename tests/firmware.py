# SPDX-License-Identifier: Apache-2.0
"""Whole flashes as they are found in modules, and hypothesis strategies for what may lie in a flash.

The one rule: deterministic, and quick enough to be made anew in every test.
"""

import random

from hypothesis import strategies as st

from esp8266sim import demo
from esprom.image import Program, Segment, program_images

KIB, MIB = 1 << 10, 1 << 20
SECTOR = 4 * KIB
SIZES = (512 * KIB, 1 * MIB, 4 * MIB)


def stock(size: int, seed: int = 1) -> bytes:
    """A module as it is sold: boot, user1, blank user2, init data and system parameters."""
    return demo.firmware(size, seed=seed)


def used(size: int, seed: int = 1) -> bytes:
    """A module that has lived: updated over the air into user2, and a file system in the space left."""
    flash = bytearray(stock(size, seed))
    chance = random.Random(seed)
    update = demo.user(chance, size)
    user2 = demo.MAPS[size].half + demo.USER1
    flash[user2 : user2 + len(update)] = update
    for at in range(user2 + len(update) + -len(update) % SECTOR, size - 5 * SECTOR, SECTOR):
        flash[at : at + SECTOR] = _file_system_sector(chance)
    return bytes(flash)


def _file_system_sector(chance: random.Random) -> bytes:
    """A sector of a SPIFFS-like file system: pages of 256 bytes with a header; some deleted, some blank."""
    kind = chance.choice(["blank", "deleted", "text", "text"])
    if kind == "blank":
        return b"\xff" * SECTOR
    pages = []
    for number in range(SECTOR // 256):
        head = (chance.randrange(1, 0x7FFF)).to_bytes(2, "little") + number.to_bytes(2, "little") + b"\xfc"
        line = b'{"name":"kitchen","relay":%d,"seconds":%d}\r\n' % (
            chance.randrange(2),
            chance.randrange(10**6),
        )
        pages.append((head + line * 6)[:256])
    sector = b"".join(pages)
    return sector.translate(_BITS_CLEARED) if kind == "deleted" else sector


_BITS_CLEARED = bytes(byte & 0x0F for byte in range(256))


def rtos(size: int, flash: str) -> bytes:
    """A flash that begins with an image of the RTOS SDK's form, which states the size `flash`."""
    code = bytes(range(256)) * 32  # more than a sector
    program = Program(0x40100000, (Segment(0x40210010, code), Segment(0x40100000, bytes(8))))
    return program_images(program, 3, size=flash)[0].data.ljust(size, b"\xff")


def mirrored(flash: bytes, times: int) -> bytes:
    """What a tool reads that takes the flash for `times` its size."""
    return flash * times


# Few places and few values, so that they collide.
PLACES = (0, 1, 255, 256, SECTOR - 1, SECTOR, 0x10000 - 1, 0x10000, 0x7FFFF)
PATCHES = st.tuples(
    st.sampled_from(PLACES), st.sampled_from([b"\0", b"\xff", b"\xc0\xdb", b"\xe9", b"\xff" * 256])
)


@st.composite
def flashes(draw: st.DrawFn, sizes: tuple[int, ...] = (512 * KIB,)) -> bytes:
    """Any flash: stock, used, blank or zeroed, with a few bytes changed at the edges of things."""
    size = draw(st.sampled_from(sizes))
    seed = draw(st.integers(0, 3))
    make = draw(st.sampled_from([stock, used, _blank, _zeroed]))
    flash = bytearray(make(size, seed))
    for at, patch in draw(st.lists(PATCHES, max_size=4)):
        flash[at : at + len(patch)] = patch
    return bytes(flash[:size])


def _blank(size: int, seed: int) -> bytes:
    return b"\xff" * size


def _zeroed(size: int, seed: int) -> bytes:
    return bytes(size)

# SPDX-License-Identifier: Apache-2.0
"""The demonstration firmware: laid out, blank and compressible as real ones are, and harmless."""

import hashlib
import subprocess
import sys
import zlib

import pytest

from esp8266sim import demo
from esprom.image import FlashHeader, flash_header, parse_image
from tests.firmware import KIB, MIB, SECTOR

SIZES = {512 * KIB: "512KB", 1 * MIB: "1MB", 2 * MIB: "2MB", 4 * MIB: "4MB", 16 * MIB: "16MB"}
HALVES = {512 * KIB: 256 * KIB, 1 * MIB: 512 * KIB, 2 * MIB: 512 * KIB, 4 * MIB: 1 * MIB, 16 * MIB: 1 * MIB}
BLANK = b"\xff" * SECTOR

every_size = pytest.mark.parametrize("size", SIZES)


def live(flash: bytes) -> bytes:
    sectors = (flash[at : at + SECTOR] for at in range(0, len(flash), SECTOR))
    return b"".join(sector for sector in sectors if sector != BLANK)


@every_size
def test_boot_loader_fits_the_flash_and_its_sector(size: int) -> None:
    flash = demo.firmware(size)
    boot = parse_image(flash)
    assert len(flash) == size
    assert (boot.version, boot.checksum_good) == (1, True)
    assert boot.size <= SECTOR
    assert flash_header(flash) == FlashHeader("dio", "40m", SIZES[size])


@every_size
def test_user1_is_an_image_that_ends_before_user2(size: int) -> None:
    user1 = parse_image(demo.firmware(size)[SECTOR:])
    assert (user1.version, user1.checksum_good) == (2, True)
    assert SECTOR + user1.size < HALVES[size]


@every_size
def test_entry_points_hold_an_endless_loop(size: int) -> None:
    flash = demo.firmware(size)
    for image in (parse_image(flash), parse_image(flash[SECTOR:])):
        code = next(segment for segment in image.segments if segment.address == image.entry)
        assert code.data[:3] == b"\x06\xff\xff"


@every_size
def test_user2_is_blank_and_the_last_five_sectors_are_not(size: int) -> None:
    flash = demo.firmware(size)
    end_of_user1 = SECTOR + parse_image(flash[SECTOR:]).size
    between = flash[end_of_user1 : size - 5 * SECTOR]
    assert between == b"\xff" * len(between)
    tail = [flash[size - number * SECTOR :][:SECTOR] for number in range(5, 0, -1)]
    assert BLANK not in tail
    assert tail[1][128:] == BLANK[128:]  # the init data has 128 bytes


@every_size
def test_it_compresses_and_escapes_like_the_real_ones(size: int) -> None:
    part = live(demo.firmware(size))
    assert 0.6 < len(zlib.compress(part, 9)) / len(part) < 0.8
    escaped = part.count(b"\xc0") + part.count(b"\xdb")
    assert 0.01 < escaped / len(part) < 0.05


def test_it_is_the_same_everywhere_and_every_time() -> None:
    digests = [hashlib.sha256(demo.firmware.__wrapped__(size)).hexdigest()[:16] for size in SIZES]
    assert digests == [
        "5f53ff6f7eddd660",
        "16a2902aa93f047b",
        "5fd853b838561477",
        "54919cc5ddf46c84",
        "798f807de28163c7",
    ]


def test_the_flash_mode_is_in_every_header() -> None:
    flash = demo.firmware(MIB, mode=demo.DOUT)
    assert flash_header(flash) == FlashHeader("dout", "40m", "1MB")
    assert flash[SECTOR + 2] == demo.DOUT
    assert sum(a != b for a, b in zip(flash, demo.firmware(MIB), strict=True)) == 3  # boot, user1 twice


def test_a_seed_makes_another_one_of_the_same_layout() -> None:
    one, other = demo.firmware(MIB), demo.firmware(MIB, seed=2)
    assert one != other
    assert parse_image(one[SECTOR:]).size == parse_image(other[SECTOR:]).size


def test_no_such_flash() -> None:
    with pytest.raises(ValueError, match="no demonstration firmware of 1000 bytes"):
        demo.firmware(1000)


def test_import_builds_nothing_and_loads_no_line_or_port() -> None:
    script = (
        "import sys; from esp8266sim import demo; assert demo.firmware.cache_info().currsize == 0;"
        "assert not {'serial', 'threading', 'esprom.port', 'esprom.device'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)

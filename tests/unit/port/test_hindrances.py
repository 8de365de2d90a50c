# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import pytest

from esprom.port import surroundings
from esprom.port.adapters import ADAPTERS, adapter
from esprom.port.hindrances import PortFacts, hindrances, no_permission, without_port

NOBODY: frozenset[str] = frozenset()
CH340, FTDI, CP2102 = 0x1A86, 0x0403, 0x10C4

CASES = [
    ("nothing", "linux", PortFacts("/dev/ttyUSB0", CH340, 0x7523, True), NOBODY, []),
    (
        "dialout",
        "linux",
        PortFacts("/dev/ttyUSB0", CH340, 0x7523, usable=False, group="dialout"),
        NOBODY,
        ["usermod -a -G dialout $USER, then log out"],
    ),
    (
        "uucp, as on Arch",
        "linux",
        PortFacts("/dev/ttyUSB0", CH340, 0x7523, usable=False, group="uucp"),
        NOBODY,
        ["usermod -a -G uucp"],
    ),
    (
        "nobody but root",
        "linux",
        PortFacts("/dev/ttyS0", usable=False, group="root"),
        NOBODY,
        ["ask who administers"],
    ),
    (
        "ModemManager",
        "linux",
        PortFacts("/dev/ttyUSB0", FTDI, 0x6001, True),
        {"ModemManager", "brltty"},
        ["systemctl disable --now ModemManager"],
    ),
    (
        "both",
        "linux",
        PortFacts("/dev/ttyUSB0", CP2102, 0xEA60, True),
        {"ModemManager", "brltty"},
        ["ModemManager talks", "apt remove brltty"],
    ),
    ("a board's own port", "linux", PortFacts("/dev/ttyS0", usable=True), {"ModemManager", "brltty"}, []),
    (
        "slow timer",
        "linux",
        PortFacts("/dev/ttyUSB3", FTDI, 0x6001, True, latency_ms=16),
        NOBODY,
        ["latency timer is 16 ms; .*/sys/bus/usb-serial/devices/ttyUSB3/latency_timer"],
    ),
    ("quick timer", "linux", PortFacts("/dev/ttyUSB3", FTDI, 0x6001, True, latency_ms=1), NOBODY, []),
    ("cu", "darwin", PortFacts("/dev/cu.usbserial-A1", FTDI, 0x6001, True), {"brltty"}, []),
    (
        "tty",
        "darwin",
        PortFacts("/dev/tty.usbserial-A1", FTDI, 0x6001, True),
        NOBODY,
        ["use /dev/cu.usbserial-A1"],
    ),
    ("windows", "win32", PortFacts("COM3", CH340, 0x7523), {"ModemManager"}, []),
    (
        "windows, slow timer",
        "win32",
        PortFacts("COM3", FTDI, 0x6001, latency_ms=16),
        NOBODY,
        ["Device Manager"],
    ),
]


@pytest.mark.parametrize(
    ("platform", "port", "running", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_stands_in_the_way(platform: str, port: PortFacts, running: set[str], said: list[str]) -> None:
    found = hindrances(platform, port, running)
    assert len(found) == len(said)
    for sentence, words in zip(found, said, strict=True):
        assert re.search(words.replace("$", r"\$"), sentence), sentence


@pytest.mark.parametrize(
    ("platform", "ids", "running", "words"),
    [
        ("linux", (CH340, 0x7523), NOBODY, "CH340 adapter is plugged in.*modprobe ch341"),
        ("linux", (CH340, 0x55D4), NOBODY, "modprobe cdc_acm"),
        ("linux", (CH340, 0x7523), {"brltty"}, "brltty takes"),
        ("linux", (FTDI, 0x6001), {"brltty"}, "modprobe ftdi_sio"),
        ("darwin", (CP2102, 0xEA60), NOBODY, "macOS has no driver"),
        ("win32", (0x067B, 0x2303), NOBODY, "PL2303.*Windows has no driver"),
        ("linux", (0x046D, 0xC52B), NOBODY, None),  # a mouse
    ],
)
def test_an_adapter_without_a_port(
    platform: str, ids: tuple[int, int], running: set[str], words: str | None
) -> None:
    said = without_port(platform, *ids, running)
    assert said is None if words is None else said is not None and re.search(words, said)


def test_on_windows_no_permission_means_that_somebody_has_it() -> None:
    assert "another program holds it" in no_permission("win32", None)
    assert "administers" in no_permission("darwin", "wheel")


def test_an_adapter_is_known_by_both_its_ids() -> None:
    found = adapter(0x1A86, 0x7523)
    assert found is not None and found.name == "CH340"
    assert adapter(0x1A86, 0x0001) is adapter(None, None) is None
    assert all(0 < vid <= 0xFFFF and 0 < pid <= 0xFFFF for vid, pid in ADAPTERS)


def test_facts_are_read_from_the_system_s_files(tmp_path: Path) -> None:
    timer = tmp_path / "serial" / "ttyUSB0"
    timer.mkdir(parents=True)
    (timer / "latency_timer").write_text("16\n")
    assert surroundings.latency_ms("/dev/ttyUSB0", tmp_path / "serial") == 16
    assert surroundings.latency_ms("/dev/ttyUSB1", tmp_path / "serial") is None
    for number, name in (("17", "brltty"), ("18", "bash"), ("self", "brltty")):
        (tmp_path / "proc" / number).mkdir(parents=True)
        (tmp_path / "proc" / number / "comm").write_text(f"{name}\n")
    wanted = frozenset({"brltty", "ModemManager"})
    assert surroundings.running(wanted, tmp_path / "proc") == {"brltty"}
    assert surroundings.running(wanted, tmp_path / "nowhere") == frozenset()
    device = tmp_path / "usb" / "1-1"
    device.mkdir(parents=True)
    (device / "idVendor").write_text("1a86\n")
    (device / "idProduct").write_text("7523\n")
    (tmp_path / "usb" / "1-1:1.0").mkdir()
    assert surroundings.usb_adapters(tmp_path / "usb") == [(0x1A86, 0x7523)]


def test_who_may_use_a_device(tmp_path: Path) -> None:
    assert surroundings.usable(str(tmp_path)) is True
    assert surroundings.usable("COM3") is None
    assert surroundings.group_of("/dev/there-is-none") is None

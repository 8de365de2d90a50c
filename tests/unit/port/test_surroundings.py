# SPDX-License-Identifier: Apache-2.0
"""On a file system like Linux's, made for the test."""

import os
from pathlib import Path

import pytest

from esprom.port import surroundings


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_programs_that_run(tmp_path: Path) -> None:
    put(tmp_path / "proc/1/comm", "systemd\n")
    put(tmp_path / "proc/77/comm", "ModemManager\n")
    put(tmp_path / "proc/sys/comm", "brltty\n")  # no process
    (tmp_path / "proc/99").mkdir()  # it has just ended
    assert surroundings.programs(tmp_path) == {"ModemManager"}


@pytest.mark.parametrize(("text", "latency"), [("16\n", 16), ("1\n", 1), ("", None), ("fast", None)])
def test_latency_timer(tmp_path: Path, text: str, latency: int | None) -> None:
    put(tmp_path / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer", text)
    assert surroundings.latency_ms("/dev/ttyUSB0", tmp_path) == latency
    assert surroundings.latency_ms("/dev/ttyACM0", tmp_path) is None


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links and colons in names")
@pytest.mark.parametrize(("driver", "driverless"), [("ch341", 0), ("usbfs", 1), (None, 1)])
def test_adapter_without_driver(tmp_path: Path, driver: str | None, driverless: int) -> None:
    usb = tmp_path / "sys/bus/usb/devices"
    put(usb / "1-2/idVendor", "1a86\n")
    put(usb / "1-2/idProduct", "7523\n")
    put(usb / "1-3/idVendor", "046d\n")  # a mouse
    put(usb / "1-3/idProduct", "c077\n")
    interface = usb / "1-2/1-2:1.0"
    interface.mkdir()
    if driver is not None:
        (tmp_path / driver).mkdir()
        (interface / "driver").symlink_to(tmp_path / driver)
    assert [adapter.name for adapter in surroundings.driverless(tmp_path)] == ["CH340"] * driverless


def test_nothing_is_known_of_what_is_not_there(tmp_path: Path) -> None:
    gone = str(tmp_path / "ttyUSB0")
    assert surroundings.usable(gone) is None
    assert surroundings.group_of(gone) == (None, False)
    assert surroundings.programs(tmp_path / "nowhere") == frozenset()
    assert surroundings.driverless(tmp_path / "nowhere") == ()

# SPDX-License-Identifier: Apache-2.0
import sys

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from esprom.port import surroundings
from esprom.port.listing import PortInfo, missing_ports, ports


def found(device: str, vid: int | None, pid: int | None) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid, info.pid = vid, pid
    info.description, info.hwid, info.serial_number = "an adapter", "USB", "A1"
    return info


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        found("/dev/ttyS0", None, None),
        found("/dev/ttyUSB1", 0x1A86, 0x7523),
        found("/dev/ttyACM0", 0x1234, 0x5678),
        found("/dev/ttyUSB0", 0x0403, 0x6001),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(surroundings, "running", lambda wanted: frozenset({"brltty"}))
    monkeypatch.setattr(surroundings, "latency_ms", lambda device: 16)
    monkeypatch.setattr(surroundings, "usable", lambda device: True)
    monkeypatch.setattr(
        surroundings, "usb_adapters", lambda: [(0x1A86, 0x7523), (0x10C4, 0xEA60), (0x10C4, 0xEA60)]
    )


@pytest.mark.usefixtures("plugged")
def test_usb_adapters_come_first_and_are_named() -> None:
    listed = ports()
    assert [(port.device, port.adapter, port.likely) for port in listed] == [
        ("/dev/ttyACM0", None, False),
        ("/dev/ttyUSB0", "FT232R", True),
        ("/dev/ttyUSB1", "CH340", True),
        ("/dev/ttyS0", None, False),
    ]
    assert listed[3] == PortInfo("/dev/ttyS0", "an adapter", "USB", None, None, "A1")


@pytest.mark.usefixtures("plugged")
def test_what_stands_in_the_way_is_told_for_each_port() -> None:
    hints = {port.device: " ".join(port.hints) for port in ports()}
    assert "latency timer is 16 ms" in hints["/dev/ttyUSB0"]
    assert "brltty takes" in hints["/dev/ttyUSB1"]
    assert hints["/dev/ttyACM0"] == ""


@pytest.mark.usefixtures("plugged")
def test_adapters_without_a_port_are_told_once() -> None:
    (said,) = missing_ports()
    assert said.startswith("a CP2102 adapter is plugged in, but has no port: brltty takes")

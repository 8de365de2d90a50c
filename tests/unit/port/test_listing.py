# SPDX-License-Identifier: Apache-2.0
import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from esprom.port.listing import PortInfo, ports


def found(device: str, vid: int | None) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid = info.pid = vid
    info.description, info.hwid, info.serial_number = "an adapter", "USB", "A1"
    return info


def test_usb_adapters_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [found("/dev/ttyS0", None), found("/dev/ttyUSB1", 0x1A86), found("/dev/ttyUSB0", 0x0403)]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    listed = ports()
    assert [port.device for port in listed] == ["/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyS0"]
    assert listed[0] == PortInfo("/dev/ttyUSB0", "an adapter", "USB", 0x0403, 0x0403, "A1")

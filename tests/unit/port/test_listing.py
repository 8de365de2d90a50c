# SPDX-License-Identifier: Apache-2.0
import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from esprom.port.hindrances import Facts, Hindrance
from esprom.port.listing import PortInfo, described, ports


def found(device: str, vid: int | None) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid = info.pid = vid
    info.description, info.hwid, info.serial_number = "an adapter", "USB", "A1"
    return info


def test_likely_ports_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [found("/dev/ttyS0", None), found("/dev/ttyACM0", 0x2341), found("/dev/ttyUSB0", 0x0403)]
    there[2].pid = 0x6001
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    listed = ports()
    assert [port.device for port in listed] == ["/dev/ttyUSB0", "/dev/ttyACM0", "/dev/ttyS0"]
    assert [port.likely for port in listed] == [True, False, False]


def test_what_is_told_of_a_port() -> None:
    facts = Facts("darwin", "/dev/tty.usb", usable=True)
    (port,) = described([found("/dev/tty.usb", 0x2341)], lambda _: facts)
    hindrance = Hindrance("tty", "this one waits for a call that comes in; use /dev/cu.usb")
    assert port == PortInfo(
        "/dev/tty.usb", "an adapter", "USB", 0x2341, 0x2341, "A1", hindrances=(hindrance,)
    )

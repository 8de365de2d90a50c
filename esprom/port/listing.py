# SPDX-License-Identifier: Apache-2.0
"""Which serial ports this computer has, as pyserial lists them."""

from dataclasses import dataclass

from serial.tools import list_ports


@dataclass(frozen=True, slots=True)
class PortInfo:
    """One serial port."""

    device: str  # what to give to `connect`
    description: str
    hwid: str
    vid: int | None  # USB vendor and product
    pid: int | None
    serial: str | None  # serial number of the USB adapter


def ports() -> tuple[PortInfo, ...]:
    """Return the ports, USB adapters first, since a board hangs on one of those."""
    found = (
        PortInfo(port.device, port.description, port.hwid, port.vid, port.pid, port.serial_number)
        for port in list_ports.comports()
    )
    return tuple(sorted(found, key=lambda port: (port.vid is None, port.device)))

# SPDX-License-Identifier: Apache-2.0
"""Which serial ports this computer has, as pyserial lists them, and what stands in the way of each."""

import sys
from dataclasses import dataclass

from serial.tools import list_ports

from esprom.port import surroundings
from esprom.port.adapters import adapter
from esprom.port.hindrances import GRABBERS, PortFacts, hindrances, without_port


@dataclass(frozen=True, slots=True)
class PortInfo:
    """One serial port."""

    device: str  # what to give to `connect`
    description: str
    hwid: str
    vid: int | None  # USB vendor and product
    pid: int | None
    serial: str | None  # serial number of the USB adapter
    adapter: str | None = None  # the adapter's chip, where it is a known one
    hints: tuple[str, ...] = ()  # what stands in the way, and what to do about it

    @property
    def likely(self) -> bool:
        """Whether a board may well hang on it: its adapter is one of those that people use for that."""
        return self.adapter is not None


def ports() -> tuple[PortInfo, ...]:
    """Return the ports, USB adapters first, since a board hangs on one of those."""
    running = surroundings.running(frozenset(GRABBERS))
    found = []
    for port in list_ports.comports():
        chip = adapter(port.vid, port.pid)
        facts = PortFacts(
            device=port.device,
            vid=port.vid,
            pid=port.pid,
            usable=surroundings.usable(port.device),
            group=surroundings.group_of(port.device),
            latency_ms=surroundings.latency_ms(port.device) if chip and chip.latency_timer else None,
        )
        found.append(
            PortInfo(
                port.device,
                port.description,
                port.hwid,
                port.vid,
                port.pid,
                port.serial_number,
                chip.name if chip else None,
                hindrances(sys.platform, facts, running),
            )
        )
    return tuple(sorted(found, key=lambda port: (port.vid is None, port.device)))


def missing_ports() -> tuple[str, ...]:
    """Return a sentence for each USB adapter that is plugged in and has no port (known on Linux alone)."""
    running = surroundings.running(frozenset(GRABBERS))
    plugged = dict.fromkeys(surroundings.usb_adapters())
    listed = {(port.vid, port.pid) for port in list_ports.comports()}
    said = (without_port(sys.platform, *ids, running) for ids in plugged if ids not in listed)
    return tuple(sentence for sentence in said if sentence is not None)

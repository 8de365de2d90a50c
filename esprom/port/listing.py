# SPDX-License-Identifier: Apache-2.0
"""Which serial ports this computer has, what hangs on them, and what stands in the way."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from serial.tools import list_ports

from esprom.port import surroundings
from esprom.port.adapters import Adapter, known
from esprom.port.hindrances import Facts, Hindrance, hindrances, without_driver


@dataclass(frozen=True, slots=True)
class PortInfo:
    """One serial port."""

    device: str  # what to give to `connect`
    description: str
    hwid: str
    vid: int | None  # USB vendor and product
    pid: int | None
    serial: str | None  # serial number of the USB adapter
    adapter: str | None = None  # the bridge's name, if it is one of those that boards have
    boards: tuple[str, ...] = ()  # where that bridge is usual
    hindrances: tuple[Hindrance, ...] = ()

    @property
    def likely(self) -> bool:
        """Whether a board may well be there: its bridge is one of those that boards have."""
        return self.adapter is not None


@dataclass(frozen=True, slots=True)
class DriverlessAdapter:
    """A USB adapter that is plugged in and has no port."""

    vid: int
    pid: int
    adapter: str
    hindrance: Hindrance


def ports() -> tuple[PortInfo, ...]:
    """Return the ports, USB adapters first, since a board hangs on one of those."""
    running = surroundings.programs()
    return described(list_ports.comports(), lambda port: _facts(port, running))


def driverless_adapters() -> tuple[DriverlessAdapter, ...]:
    """Return the adapters that no driver has made a port of. Only Linux tells; elsewhere there are none."""
    running = surroundings.programs()
    return tuple(_driverless(adapter, running) for adapter in surroundings.driverless())


def described(found: Iterable[Any], look: Callable[[Any], Facts]) -> tuple[PortInfo, ...]:
    """Return what pyserial lists, with what `look` tells about each, in order."""
    listed = (_described(port, look(port)) for port in found)
    return tuple(sorted(listed, key=lambda port: (not port.likely, port.vid is None, port.device)))


def _described(port: Any, facts: Facts) -> PortInfo:
    adapter = known(port.vid, port.pid)
    return PortInfo(
        port.device,
        port.description,
        port.hwid,
        port.vid,
        port.pid,
        port.serial_number,
        adapter=adapter.name if adapter else None,
        boards=adapter.boards if adapter else (),
        hindrances=hindrances(facts),
    )


def _driverless(adapter: Adapter, running: frozenset[str]) -> DriverlessAdapter:
    return DriverlessAdapter(adapter.vid, adapter.pid, adapter.name, without_driver(adapter, running))


def _facts(port: Any, running: frozenset[str]) -> Facts:
    group, enrolled = surroundings.group_of(port.device)
    return Facts(
        system=sys.platform,
        device=port.device,
        description=port.description or "",
        vid=port.vid,
        pid=port.pid,
        usable=surroundings.usable(port.device),
        group=group,
        enrolled=enrolled,
        programs=running,
        latency_ms=surroundings.latency_ms(port.device),
    )

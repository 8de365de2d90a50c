# SPDX-License-Identifier: Apache-2.0
"""What this computer knows of its ports: the facts that `hindrances` judges. All of it is optional.

Nothing is opened or started to find it out; what cannot be read is not known.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

USB_DEVICES = Path("/sys/bus/usb/devices")
USB_SERIAL = Path("/sys/bus/usb-serial/devices")
PROCESSES = Path("/proc")


def usable(device: str) -> bool | None:
    """Say whether this user may open the device; None where it is no file."""
    return os.access(device, os.R_OK | os.W_OK) if os.path.exists(device) else None


def group_of(device: str) -> str | None:
    """Return the name of the group that the device belongs to."""
    if sys.platform == "win32":
        return None
    import grp

    try:
        return grp.getgrgid(os.stat(device).st_gid).gr_name
    except (OSError, KeyError):
        return None


def latency_ms(device: str, devices: Path = USB_SERIAL) -> int | None:
    """Return the latency timer of an FTDI chip, where the driver tells it (Linux)."""
    with suppress(OSError, ValueError):
        return int((devices / Path(device).name / "latency_timer").read_text())
    return None


def running(wanted: frozenset[str], processes: Path = PROCESSES) -> frozenset[str]:
    """Return which of the wanted programs run (Linux)."""
    return frozenset(wanted & set(_names(processes)))


def usb_adapters(devices: Path = USB_DEVICES) -> list[tuple[int, int]]:
    """Return vendor and product of all USB devices (Linux)."""
    found = []
    for place in sorted(_entries(devices)):
        with suppress(OSError, ValueError):
            vendor, product = (int((place / name).read_text(), 16) for name in ("idVendor", "idProduct"))
            found.append((vendor, product))
    return found


def _names(processes: Path) -> Iterator[str]:
    for place in _entries(processes):
        if place.name.isdigit():
            with suppress(OSError):
                yield (place / "comm").read_text(errors="replace").strip()


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []

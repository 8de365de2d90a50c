# SPDX-License-Identifier: Apache-2.0
"""The facts about ports that `hindrances` judges: permissions, programs that run, what sysfs tells.

Nothing here raises: what cannot be found out is not known. `root` is where the file system begins; tests
put one of their own there.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from esprom.port.adapters import Adapter, known
from esprom.port.hindrances import PROGRAMS

ROOT = Path("/")


def usable(device: str) -> bool | None:
    """Say whether we may read and write a device; on Windows that is not told before it is opened."""
    if sys.platform == "win32" or not os.path.exists(device):
        return None
    return os.access(device, os.R_OK | os.W_OK)


def group_of(device: str) -> tuple[str | None, bool]:
    """Return the group that a device is of, and whether the user is entered as a member of it."""
    if sys.platform == "win32":
        return None, False
    import grp
    import pwd

    with suppress(OSError, KeyError):
        entry = grp.getgrgid(os.stat(device).st_gid)
        name = None
        with suppress(KeyError):
            name = pwd.getpwuid(os.getuid()).pw_name
        return entry.gr_name, name in entry.gr_mem
    return None, False


def programs(root: Path = ROOT) -> frozenset[str]:
    """Return those of PROGRAMS that run. Linux; elsewhere there are none."""
    running = set()
    with suppress(OSError):
        for process in (root / "proc").iterdir():
            if process.name.isdecimal():
                running.add(_text(process / "comm"))
    return PROGRAMS & running


def latency_ms(device: str, root: Path = ROOT) -> int | None:
    """Return the latency timer of an adapter that has one (FTDI)."""
    text = _text(root / "sys/bus/usb-serial/devices" / Path(device).name / "latency_timer")
    return int(text) if text.isdecimal() else None


def driverless(root: Path = ROOT) -> tuple[Adapter, ...]:
    """Return the known adapters that are plugged in and of which no part has a driver. Linux."""
    return tuple(adapter for device, adapter in _plugged_in(root) if not _has_driver(device))


def _plugged_in(root: Path) -> Iterator[tuple[Path, Adapter]]:
    devices: list[Path] = []
    with suppress(OSError):
        devices = sorted((root / "sys/bus/usb/devices").iterdir())
    for device in devices:
        with suppress(ValueError):
            adapter = known(int(_text(device / "idVendor"), 16), int(_text(device / "idProduct"), 16))
            if adapter is not None:
                yield device, adapter


def _has_driver(device: Path) -> bool:
    """Look for a driver at the interfaces; `usbfs` is a program that has taken one, not a driver."""
    for interface in device.glob(f"{device.name}:*"):
        driver = interface / "driver"
        with suppress(OSError):
            if driver.exists() and driver.resolve().name != "usbfs":
                return True
    return False


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

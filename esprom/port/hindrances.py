# SPDX-License-Identifier: Apache-2.0
"""What stands between a user and a port, and what to do about it; pure functions over facts.

The facts are gathered in `surroundings`. Each sentence names the cause and the remedy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from esprom.port.adapters import Adapter, adapter

DEFAULT_LATENCY_MS = 16  # FTDI's latency timer at power-on
GRABBERS = {
    "ModemManager": (
        "ModemManager talks to every new port for some seconds, as if it were a modem; wait, or:"
        " sudo systemctl disable --now ModemManager"
    ),
    "brltty": (
        "brltty takes CH340 and CP210x adapters for Braille displays, and the port vanishes;"
        " sudo apt remove brltty, then plug the adapter in again"
    ),
}
BRLTTY_WANTS = frozenset({0x1A86, 0x10C4})  # the vendors whose ids its udev rules name
NAMES = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}


@dataclass(frozen=True, slots=True)
class PortFacts:
    """What the system knows of one port.

    Attributes:
        device: its name.
        vid: USB vendor, None where it is no USB device.
        pid: USB product.
        usable: whether this user may open it; None where nobody knows before trying.
        group: of those who may, where it is a file with one.
        latency_ms: of an FTDI chip's timer, where the driver tells it.
    """

    device: str
    vid: int | None = None
    pid: int | None = None
    usable: bool | None = None
    group: str | None = None
    latency_ms: int | None = None


def hindrances(platform: str, port: PortFacts, running: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what stands in the way of one port.

    Args:
        platform: as `sys.platform` names it.
        port: which port.
        running: names of the programs that run.
    """
    found = []
    if port.usable is False:
        found.append(no_permission(platform, port.group))
    if platform == "darwin" and port.device.startswith("/dev/tty."):
        found.append(f"use /dev/cu.{port.device.removeprefix('/dev/tty.')}: /dev/tty.* waits for a carrier")
    if port.vid is not None and platform.startswith("linux"):
        grabbers = {"ModemManager", *({"brltty"} if port.vid in BRLTTY_WANTS else ())}
        found += [GRABBERS[name] for name in sorted(grabbers & set(running))]
    if port.latency_ms is not None and port.latency_ms >= DEFAULT_LATENCY_MS:
        found.append(
            f"the adapter's latency timer is {port.latency_ms} ms; esprom asks for 1 ms when it opens the"
            f" port, other programs need: {_set_latency(platform, port.device)}"
        )
    return tuple(found)


def no_permission(platform: str, group: str | None) -> str:
    """Return what to do about a port that may not be opened."""
    if platform == "win32":
        return "another program holds it; close serial monitors and IDEs"
    if not platform.startswith("linux") or group is None or group == "root":
        return "you may not use this port; ask who administers this computer"
    return (
        f"you may not use this port: it is for members of the group {group};"
        f" sudo usermod -a -G {group} $USER, then log out and in again"
    )


def without_port(platform: str, vid: int, pid: int, running: Iterable[str] = ()) -> str | None:
    """Return why an adapter that is plugged in may have no port; None for what is no adapter."""
    chip = adapter(vid, pid)
    if chip is None:
        return None
    said = f"a {chip.name} adapter is plugged in, but has no port: "
    if platform.startswith("linux") and vid in BRLTTY_WANTS and "brltty" in running:
        return said + GRABBERS["brltty"]
    return said + _no_driver(platform, chip)


def _no_driver(platform: str, chip: Adapter) -> str:
    if platform.startswith("linux"):
        module = chip.driver or "cdc_acm"
        return f"its driver is not loaded; sudo modprobe {module}, and see what `sudo dmesg` says of it"
    name = NAMES.get(platform, "this system")
    return f"{name} has no driver for it; install the one of the chip's maker"


def _set_latency(platform: str, device: str) -> str:
    if platform.startswith("linux"):
        name = device.rpartition("/")[2]
        return f"echo 1 | sudo tee /sys/bus/usb-serial/devices/{name}/latency_timer"
    return "the port's advanced settings in the Device Manager"

# SPDX-License-Identifier: Apache-2.0
"""What may stand between a person and a port, and what to do about it; pure functions over facts.

`surroundings` gathers the facts. What is not known is None, and nothing is said about it.
"""

from dataclasses import dataclass

from esprom.port.adapters import FTDI, PROLIFIC, SILABS, WCH, Adapter

SLOW_MS = 2  # a latency timer above this costs time with every answer
BRAILLE = {(FTDI, 0x6001), (WCH, 0x7523), (SILABS, 0xEA60)}  # brltty's udev rules have named these
REFUSALS = ("PHASED OUT", "NOT SUPPORT")  # Prolific's Windows driver puts them in the name of the port


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that stands in the way, or may."""

    kind: str  # a word: "permission", "modemmanager", "brltty", "tty", "latency", "driver"
    text: str  # what it means and what to do


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one port."""

    system: str  # as in `sys.platform`
    device: str
    description: str = ""
    vid: int | None = None
    pid: int | None = None
    usable: bool | None = None  # whether we may read and write it
    group: str | None = None  # whose group the device is
    enrolled: bool = False  # whether the user is in that group by now, if not in this session
    programs: frozenset[str] = frozenset()  # those that run, of PROGRAMS
    latency_ms: int | None = None


PROGRAMS = frozenset({"ModemManager", "brltty"})


def hindrances(facts: Facts) -> tuple[Hindrance, ...]:
    """Return what stands in the way of using a port, the worst first."""
    permission = not_allowed(facts) if facts.usable is False else None
    found = (permission, _driver(facts), _tty(facts), _brltty(facts), _modem_manager(facts))
    return tuple(each for each in (*found, _latency(facts)) if each is not None)


def without_driver(adapter: Adapter, programs: frozenset[str]) -> Hindrance:
    """Return why an adapter that is plugged in has no port; Linux."""
    if "brltty" in programs and (adapter.vid, adapter.pid) in BRAILLE:
        return Hindrance(
            "brltty",
            "brltty has taken it for a Braille display: sudo apt remove brltty, then plug it in again",
        )
    return Hindrance(
        "driver",
        f"no driver has taken it: sudo modprobe {adapter.driver}, then plug it in again; after an update of"
        " the kernel, restart the computer first",
    )


def not_allowed(facts: Facts) -> Hindrance:
    """Return what to do about a port that we may not open."""
    if facts.system != "linux" or facts.group in (None, "root"):
        return Hindrance("permission", "you may not read and write it")
    if facts.enrolled:
        return Hindrance(
            "permission",
            f"you may not use it yet: you are in the group {facts.group} from your next login on;"
            " log out and in again",
        )
    return Hindrance(
        "permission",
        f"you may not use it: you are not in the group {facts.group}; sudo usermod -a -G {facts.group} $USER,"
        " then log out and in again",
    )


def _driver(facts: Facts) -> Hindrance | None:
    described = facts.description.upper()
    if facts.system != "win32" or facts.vid != PROLIFIC or not any(word in described for word in REFUSALS):
        return None
    return Hindrance(
        "driver",
        "Prolific's driver refuses this chip, which is an old one or a copy: install the older driver that"
        " supports it, or use another adapter",
    )


def _tty(facts: Facts) -> Hindrance | None:
    if facts.system != "darwin" or not facts.device.startswith("/dev/tty."):
        return None
    outgoing = facts.device.replace("/dev/tty.", "/dev/cu.", 1)
    return Hindrance("tty", f"this one waits for a call that comes in; use {outgoing}")


def _brltty(facts: Facts) -> Hindrance | None:
    if facts.system != "linux" or "brltty" not in facts.programs or (facts.vid, facts.pid) not in BRAILLE:
        return None
    return Hindrance(
        "brltty",
        "brltty runs and may take it for a Braille display; if the port disappears: sudo apt remove brltty",
    )


def _modem_manager(facts: Facts) -> Hindrance | None:
    if facts.system != "linux" or "ModemManager" not in facts.programs or facts.vid is None:
        return None
    return Hindrance(
        "modemmanager",
        "ModemManager runs and may hold it for some seconds after it is plugged in, looking for a modem;"
        " if the port is busy: sudo systemctl stop ModemManager",
    )


def _latency(facts: Facts) -> Hindrance | None:
    if facts.system != "linux" or facts.latency_ms is None or facts.latency_ms <= SLOW_MS:
        return None
    timer = f"/sys/bus/usb-serial/devices/{facts.device.rpartition('/')[2]}/latency_timer"
    return Hindrance(
        "latency",
        f"its latency timer is at {facts.latency_ms} ms; esprom asks for less when it opens the port, and if"
        f" reading is slow all the same: echo 1 | sudo tee {timer}",
    )

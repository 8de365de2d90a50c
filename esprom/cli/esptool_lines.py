# SPDX-License-Identifier: Apache-2.0
"""What scripts look for in esptool's output, for the verbs that it has too (`specs/esptool-output.md`).

Who spells a verb with underscores, as esptool 4 does, gets that one's lines; with hyphens, those of
version 5. A line is printed where it is true, and not otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import esprom

RESET = "Hard resetting via RTS pin..."
AFTER = {
    "soft-reset": "Soft resetting...",
    "no-reset": "Staying in bootloader.",
    "no-reset-stub": "Staying in flasher stub.",
}


def preamble(device: "esprom.Device", *, old: bool, detected: bool) -> list[str]:
    """Return what is said of a chip that has answered. `detected`: nobody has said which chip it is."""
    chip = device.chip
    first = ["Detecting chip type... ESP8266"] if detected else []
    flash = ", Embedded Flash" if len(chip.features) > 1 else ""
    if old:
        return [
            *first,
            f"Chip is {chip.name}",
            f"Features: WiFi{flash}",
            f"Crystal is {chip.crystal_mhz}MHz",
            f"MAC: {chip.mac}",
        ]
    return [
        *first,
        f"Connected to ESP8266 on {device.port_name}:",
        f"Chip type:          {chip.name}",
        f"Features:           Wi-Fi, 160MHz{flash}",
        f"Crystal frequency:  {chip.crystal_mhz}MHz",
        mac_line(chip.mac),
    ]


def mac_line(mac: str) -> str:
    """Return the address as version 5 says it."""
    return f"MAC:                {mac}"


def parting(after: str, *, reset: bool) -> list[str]:
    """Return what is said of how the board was left. `reset`: it was reset by its lines, and has noticed."""
    if after in AFTER:
        return [AFTER[after]]
    return [RESET] if reset else []


def rate(size: int, seconds: float) -> str:
    """Return how quickly so many bytes went."""
    return f"{8 * size / max(seconds, 1e-3) / 1000:.1f} kbit/s"


@dataclass(slots=True)
class Taken:
    """How long something took."""

    seconds: float = 0.0


@contextmanager
def timed(device: "esprom.Device") -> Iterator[Taken]:
    """Measure what is done inside, by the board's clock, as the library's own times and rates are."""
    taken, began = Taken(), device.clock.now()
    yield taken
    taken.seconds = device.clock.now() - began

# SPDX-License-Identifier: Apache-2.0
"""Which ports are meant when none is named: those where a board is likely to be, in the order to try."""

from collections.abc import Sequence

import click

import esprom

HOW = "add --port PORT, or set ESPROM_PORT"


def likely(found: "Sequence[esprom.PortInfo]", filters: Sequence[str]) -> "list[esprom.PortInfo]":
    """Return the ports that are likely, or those that all filters fit. Raises UsageError if there is none."""
    chosen = [
        port for port in found if (all(_fits(port, one) for one in filters) if filters else port.likely)
    ]
    if chosen:
        return chosen
    others = f" (there are {', '.join(map(in_words, found))})" if found else ""
    missing = "no port is as --port-filter says" if filters else "no adapter that boards have is plugged in"
    raise click.UsageError(f"no port given, and {missing}{others}: {HOW}; 'esprom ports' lists what is there")


CHANGING = "what changes a board does not look for one"


def the_only(ports: "Sequence[esprom.PortInfo]", reason: str = CHANGING) -> "esprom.PortInfo":
    """Return the port, where there is one. Raises UsageError, which lists them, and says why, if several."""
    if len(ports) > 1:
        raise click.UsageError(
            f"no port given, and a board may be on any of {', '.join(map(in_words, ports))}: {HOW}; {reason}"
        )
    return ports[0]


def in_words(port: "esprom.PortInfo") -> str:
    """Return a port as one says it: /dev/ttyUSB0 (CH340)."""
    return f"{port.device} ({port.adapter})" if port.adapter else port.device


def _fits(port: "esprom.PortInfo", condition: str) -> bool:
    key, _, wanted = condition.partition("=")
    match key:
        case "vid":
            return port.vid == int(wanted, 0)
        case "pid":
            return port.pid == int(wanted, 0)
        case "serial":
            return port.serial is not None and wanted.lower() in port.serial.lower()
        case _:
            return any(wanted.lower() in text.lower() for text in (port.device, port.description))

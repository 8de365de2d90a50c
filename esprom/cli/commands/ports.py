# SPDX-License-Identifier: Apache-2.0
"""The serial ports of this computer."""

import esprom
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session


@command("ports")
def ports(session: Session) -> Facts:
    """List the serial ports of this computer.

    Names the adapter and the boards on which it is usual, and says what stands in the way of using it.
    """
    found, driverless = esprom.ports(), esprom.driverless_adapters()
    width = max((len(port.device) for port in found), default=0)
    for port in found:
        session.output.result(f"{port.device:<{width}}  {_in_words(port)}".rstrip())
        for hindrance in port.hindrances:
            session.output.result(f"{'':<{width}}  ! {hindrance.text}")
    for adapter in driverless:
        session.output.result(f"without a port: {adapter.adapter} ({adapter.vid:04x}:{adapter.pid:04x})")
        session.output.result(f"  ! {adapter.hindrance.text}")
    if not found:
        session.output.note(
            "no serial port found: plug the adapter in; without one, --port sim://esp01 is a virtual board"
        )
    return {
        "ports": [_port_facts(port) for port in found],
        "without_driver": [
            {
                "vid": adapter.vid,
                "pid": adapter.pid,
                "adapter": adapter.adapter,
                "hindrance": _hindrance_facts(adapter.hindrance),
            }
            for adapter in driverless
        ],
    }


def _in_words(port: "esprom.PortInfo") -> str:
    """Return the adapter, where it is usual, and what the system calls it."""
    if port.adapter is None:
        return port.description
    usual = f", usual on {', '.join(port.boards)}" if port.boards else ""
    return f"{port.adapter}{usual}: {port.description}"


def _port_facts(port: "esprom.PortInfo") -> Facts:
    return {
        "device": port.device,
        "description": port.description,
        "vid": port.vid,
        "pid": port.pid,
        "serial": port.serial,
        "adapter": port.adapter,
        "boards": list(port.boards),
        "likely": port.likely,
        "hindrances": [_hindrance_facts(hindrance) for hindrance in port.hindrances],
    }


def _hindrance_facts(hindrance: "esprom.Hindrance") -> Facts:
    return {"kind": hindrance.kind, "text": hindrance.text}

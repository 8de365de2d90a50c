# SPDX-License-Identifier: Apache-2.0
"""The commands that need no board: ports, version."""

import esprom
from esprom.cli.group import command
from esprom.cli.output import Facts
from esprom.cli.session import Session


@command("ports")
def ports(session: Session) -> Facts:
    """List the serial ports of this computer."""
    found = esprom.ports()
    width = max((len(port.device) for port in found), default=0)
    for port in found:
        session.output.result(f"{port.device:<{width}}  {port.description}".rstrip())
    if not found:
        session.output.note(
            "no serial port found: plug the adapter in; without one, --port sim://esp01 is a virtual board"
        )
    return {
        "ports": [
            {
                "device": port.device,
                "description": port.description,
                "vid": port.vid,
                "pid": port.pid,
                "serial": port.serial,
            }
            for port in found
        ]
    }


@command("version")
def version(session: Session) -> Facts:
    """Print the version of esprom."""
    session.output.result(f"esprom {esprom.__version__}")
    return {"version": esprom.__version__}

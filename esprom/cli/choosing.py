# SPDX-License-Identifier: Apache-2.0
"""Which port is meant when none is named: the only one on which a board is likely to be."""

from collections.abc import Sequence

import click

import esprom

HOW = "add --port PORT, or set ESPROM_PORT"


def only_likely(found: "Sequence[esprom.PortInfo]") -> "esprom.PortInfo":
    """Return the one port that is likely. Raises UsageError, which lists what there is."""
    likely = [port for port in found if port.likely]
    if len(likely) == 1:
        return likely[0]
    if likely:
        raise click.UsageError(
            f"no port given, and a board may be on any of {', '.join(map(in_words, likely))}: {HOW}"
        )
    others = f" (there are {', '.join(map(in_words, found))})" if found else ""
    raise click.UsageError(
        f"no port given, and no adapter that boards have is plugged in{others}: {HOW};"
        " 'esprom ports' lists what is there"
    )


def in_words(port: "esprom.PortInfo") -> str:
    """Return a port as one says it: /dev/ttyUSB0 (CH340)."""
    return f"{port.device} ({port.adapter})" if port.adapter else port.device

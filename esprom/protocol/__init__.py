# SPDX-License-Identifier: Apache-2.0
"""The serial bootloader's protocol, without I/O, clock or log (public)."""

from esprom.protocol.checksum import checksum
from esprom.protocol.commands import COMMANDS, CommandSpec, Loader, packet
from esprom.protocol.exchange import Exchange, Stray
from esprom.protocol.packets import Command, Request, Response

__all__ = [
    "COMMANDS",
    "Command",
    "CommandSpec",
    "Exchange",
    "Loader",
    "Request",
    "Response",
    "Stray",
    "checksum",
    "packet",
]

# SPDX-License-Identifier: Apache-2.0
"""One command of our own stub, asked once."""

from dataclasses import replace
from typing import Any

from esprom.loader.session import Session, prepare
from esprom.protocol.commands import COMMANDS
from esprom.protocol.packets import Command, Response
from esprom.protocol.status import answer


def ask_once(session: Session, command: Command, body: object, timeout_s: float | None = None) -> Any:
    """Return the record that is answered, within the command's own time or `timeout_s`.

    Raises:
        CommandFailed: the stub says no.
        NoResponse, ProtocolError: no good answer came.
    """
    request = prepare(command, body)
    if timeout_s is not None:
        request = replace(request, timeout_s=timeout_s)
    return parse_answer(session.ask(request))


def parse_answer(response: Response) -> Any:
    """Return the record that an answer holds. Raises MalformedPacket."""
    return COMMANDS[response.command].answer.parse(answer(response))

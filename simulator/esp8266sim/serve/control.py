# SPDX-License-Identifier: Apache-2.0
"""The hand that plugs, presses and moves the jumper of a served board.

A line of text is a command of COMMANDS; the line that comes back is "ok", with a JSON list of lines behind it
where the command asks for something, or "error" and why.
"""

import json
import socket
from collections.abc import Callable, Mapping

COMMANDS = ("power-cycle", "press-reset", "jumper on", "jumper off", "registers", "disassemble ADDRESS COUNT")
LINE_LIMIT = 64  # bytes; longer ones are nobody's command
TIMEOUT_S = 10.0
OK = "ok"


class ControlClient:
    """A connection of somebody who acts on the board."""

    def __init__(
        self, connection: socket.socket, actions: Mapping[str, Callable[..., "list[str] | None"]]
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._actions = actions
        self._received = bytearray()

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._connection.fileno()

    def receive(self) -> bool:
        """Do what whole lines say. False if the connection is over."""
        try:
            data = self._connection.recv(1024)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._received += data
        while b"\n" in self._received:
            line, _, rest = self._received.partition(b"\n")
            self._received = rest
            if not self._answer(self._do(line.decode("ascii", "replace").strip())):
                return False
        return bool(data) and len(self._received) <= LINE_LIMIT

    def close(self) -> None:
        """Close the socket."""
        self._connection.close()

    def _do(self, command: str) -> str:
        action = self._actions.get(command)
        numbers: list[int] = []
        if action is None:
            name, *words = command.split() or [""]
            action = self._actions.get(name) if words else None
            try:
                numbers = [int(word, 0) for word in words]
            except ValueError:
                action = None
        if action is None:
            return f"error there is no {command!r}; there are {', '.join(COMMANDS)}"
        try:
            lines = action(*numbers)
        except (TypeError, ValueError) as error:
            return f"error {error}"
        return OK if lines is None else f"{OK} {json.dumps(lines)}"

    def _answer(self, line: str) -> bool:
        try:
            self._connection.send(line.encode() + b"\n")
        except OSError:
            return False
        return True


def ask(address: str, command: str) -> list[str]:
    """Make the server whose control address is `address` (HOST:PORT) do `command`.

    Returns, when it is done, the lines that it answers; none where it was only to act.

    Raises:
        ValueError: that is no address, or the server refuses.
        OSError: no server answers there.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 0xFFFF:
        raise ValueError(f"{address!r} is no HOST:PORT, such as the server prints after 'control'")
    with socket.create_connection((host.strip("[]"), int(port)), TIMEOUT_S) as connection:
        connection.sendall(command.encode() + b"\n")
        answer = connection.makefile("r", encoding="utf-8", errors="replace").readline().strip()
    done, _, said = answer.partition(" ")
    if done != OK:
        raise ValueError(answer.removeprefix("error ") or "the server closed the connection")
    return [str(line) for line in json.loads(said)] if said else []

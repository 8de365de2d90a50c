# SPDX-License-Identifier: Apache-2.0
"""Host tools as data: for each job a command line with placeholders, from the command line or a TOML file.

    [client.mytool]
    version = "1.2"
    write = "mytool --port {port} write {offset} {file}"
    read = ["mytool", "--port", "{port}", "read", "{offset}", "{size}", "{file}"]
    environment = { MYTOOL_COLOUR = "no" }
    way = "rfc2217"

`{port}` is the URL, `{host}` and `{number}` are its parts; `{offset}` and `{size}` are hexadecimal.
"""

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from esprom.conformance.host.jobs import Job, guessed
from esprom.errors import EspromError

WAYS = ("tcp", "rfc2217", "pty")
PLACEHOLDERS = ("port", "host", "number", "file", "offset", "size", "baud")
PORTS = {"port", "number"}
BAUD = 115200


@dataclass(frozen=True, slots=True)
class HostClient:
    """A tool, and how it is told to do each of its jobs."""

    name: str
    commands: Mapping[Job, tuple[str, ...]]
    version: str = ""
    way: str = "tcp"
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """See that all can be used. Raises EspromError."""
        if self.way not in WAYS:
            raise EspromError(f"{self.name}: there is no way {self.way!r}; there are {', '.join(WAYS)}")
        if not self.commands:
            raise EspromError(
                f"{self.name} has nothing to do; give it a command line for one of "
                + ", ".join(job.value for job in Job)
            )
        for job, words in self.commands.items():
            self._check(job, words)

    def _check(self, job: Job, words: Sequence[str]) -> None:
        try:
            used = {name for word in words for _, name, _, _ in Formatter().parse(word) if name is not None}
        except ValueError as exc:
            raise EspromError(
                f"{self.name}, {job.value}: {exc}; a brace that is meant as such is doubled"
            ) from exc
        if unknown := used - set(PLACEHOLDERS):
            raise EspromError(
                f"{self.name}, {job.value}: there is no placeholder {{{min(unknown)}}}; there are "
                + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            )
        if not used & PORTS:
            raise EspromError(
                f"{self.name}, {job.value}: the command has no {{port}}, so it would reach no board"
            )
        if job in {Job.READ, Job.WRITE} and "file" not in used:
            raise EspromError(f"{self.name}, {job.value}: the command has no {{file}}")

    def words(self, job: Job, values: Mapping[str, object]) -> list[str]:
        """Return the command line with its placeholders filled in."""
        return [word.format_map(values) for word in self.commands[job]]


def host_client(words: Sequence[str], job: str | None = None, way: str = "tcp") -> HostClient:
    """Return the client that a bare command line is; `job` is the name of what it does.

    Raises:
        EspromError: it cannot be used, or nobody says what it does.
    """
    if not words:
        raise EspromError("there is no command: esprom conformance --host -- TOOL --port {port} write {file}")
    chosen = guessed(words[1:]) if job is None else Job(job)
    if chosen is None:
        raise EspromError(
            "the command does not tell which job it does; add --job " + "|".join(job.value for job in Job)
        )
    return HostClient(Path(words[0]).stem, {chosen: tuple(words)}, way=way)


def host_clients(text: str, where: str) -> list[HostClient]:
    """Return the clients that a TOML file describes. Raises EspromError."""
    try:
        found = tomllib.loads(text).get("client", {})
    except tomllib.TOMLDecodeError as exc:
        raise EspromError(f"{where} is no TOML: {exc}") from exc
    if not isinstance(found, dict) or not found:
        raise EspromError(f"{where} describes no client: it needs a table [client.NAME]")
    return [_client(name, entry, where) for name, entry in found.items()]


def _client(name: str, entry: Any, where: str) -> HostClient:
    if not isinstance(entry, dict):
        raise EspromError(f"{where}: {name} is no client; it needs a table [client.{name}]")
    if unknown := set(entry) - {job.value for job in Job} - {"version", "way", "environment"}:
        raise EspromError(f"{where}, client {name}: {min(unknown)} means nothing there")
    environment = entry.get("environment", {})
    if not isinstance(environment, dict):
        raise EspromError(f"{where}, client {name}: environment is a table of names and values")
    return HostClient(
        name,
        {job: _words(entry[job.value], name, job) for job in Job if job.value in entry},
        version=str(entry.get("version", "")),
        way=str(entry.get("way", "tcp")),
        environment={key: str(value) for key, value in environment.items()},
    )


def _words(said: object, name: str, job: Job) -> tuple[str, ...]:
    if isinstance(said, str):
        try:
            said = shlex.split(said)
        except ValueError as exc:
            raise EspromError(f"{name}, {job.value}: {exc}") from exc
    if not isinstance(said, list) or not said or not all(isinstance(word, str) for word in said):
        raise EspromError(f"{name}, {job.value}: a command is a line, or a list of its words")
    return tuple(said)

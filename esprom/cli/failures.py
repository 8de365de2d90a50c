# SPDX-License-Identifier: Apache-2.0
"""What is said, and with which exit code, when a command did not do what was asked.

The exit codes of esprom's own errors are in `esprom.errors`; here are 2 (usage), 130 (Ctrl-C), and 1 for
what nobody expected. `Refused` is refined where JSON should carry the facts behind the refusal.
"""

from dataclasses import dataclass, field
from typing import Any

import click
from click.core import ParameterSource

from esprom.errors import Cancelled, EspromError, Refused


class BeyondFlash(Refused):
    """What is asked for does not lie in the flash.

    Attributes:
        end: where it would end.
        flash_size: where the flash does.
        command: what to type instead, where that can be told.
    """

    def __init__(self, message: str, *, end: int, flash_size: int, command: str | None = None) -> None:
        super().__init__(message)
        self.end = end
        self.flash_size = flash_size
        self.command = command


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception, in the terms of the one that reads about it."""

    type: str
    message: str
    exit_code: int
    details: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return the failure as JSON says it."""
        return {
            "type": self.type,
            "message": self.message,
            "exit_code": self.exit_code,
            "facts": self.details,
        }


def describe(error: Exception) -> Failure:
    """Return what to say about an exception; one that is none of ours is a bug, and is called so."""
    match error:
        case EspromError():
            return Failure(type(error).__name__, explained(error), error.exit_code, attributes(error))
        case click.UsageError():
            return Failure("UsageError", usage(error), 2)
        case click.ClickException():
            return Failure("UsageError", error.format_message(), 2)
        case click.Abort():
            return Failure("Cancelled", "interrupted", Cancelled.exit_code)
        case _:
            message = f"this is a bug in esprom, please report it: {type(error).__name__}: {error}"
            return Failure("InternalError", message, 1)


def explained(error: EspromError) -> str:
    """Return the error's line, and the sentences that were added to it on its way here."""
    return "; ".join([str(error), *getattr(error, "__notes__", [])])


def usage(error: click.UsageError) -> str:
    """Return the mistake in one line; where click found it, also where the right way is described."""
    said = " ".join(error.format_message().split()).rstrip(".")
    if (variable := _exported(error)) is not None:
        return f"{variable}: {error.message.rstrip('.')}"
    return f"{said}; see '{error.ctx.command_path} --help'" if error.ctx else said


def _exported(error: click.UsageError) -> str | None:
    """Return the variable that has the value which is wrong, if it is from one."""
    if not isinstance(error, click.BadParameter) or error.param is None or error.ctx is None:
        return None
    source = error.ctx.get_parameter_source(error.param.name or "")
    return str(error.param.envvar) if source is ParameterSource.ENVIRONMENT else None


def attributes(error: EspromError) -> dict[str, Any]:
    """Return the facts that an error carries, as JSON can say them."""
    return {name: _in_json(value) for name, value in vars(error).items() if name != "__notes__"}


def _in_json(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {f"{key:#x}" if isinstance(key, int) else key: _in_json(item) for key, item in value.items()}
    return value if value is None or isinstance(value, int | float | str) else str(value)

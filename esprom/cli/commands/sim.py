# SPDX-License-Identifier: Apache-2.0
"""The virtual board for other programs: `esprom sim serve`, and the hand that acts on a running one.

The one place of the command line that knows the simulator, and only when it is asked for.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlencode

import click

from esprom.cli.doors import PORT, doors, tell_addresses
from esprom.cli.group import SubGroup, command
from esprom.cli.output import Facts
from esprom.cli.session import Session
from esprom.cli.settings import RECORDED, WITHOUT_BOARD
from esprom.cli.values import NumberType
from esprom.errors import EspromError, PortError

if TYPE_CHECKING:
    from esp8266sim.board import Board
    from esp8266sim.serve.flashfile import FlashFile
    from esp8266sim.serve.server import Server
    from esp8266sim.trace import TraceEvent

TRACE_KINDS = ("wire", "commands", "mmio", "cpu")  # as in esp8266sim.tracing, which is not loaded for --help


@click.group("sim", cls=SubGroup)
def sim() -> None:
    """Serve a virtual board to other programs, and act on one that is served."""


def _kinds(_context: click.Context, _option: click.Parameter, value: str | None) -> Sequence[str]:
    kinds = [kind.strip() for kind in value.split(",")] if value else []
    unknown = [kind for kind in kinds if kind not in TRACE_KINDS]
    if unknown:
        raise click.BadParameter(f"there is no {unknown[0]!r}; there are {', '.join(TRACE_KINDS)}")
    return kinds


def _profiles(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the boards for the shell to complete the word to."""
    from esp8266sim.profiles import PROFILES

    return [name for name in PROFILES if name.startswith(incomplete)]


def _flash_chips(_context: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """Return the flash chips for the shell to complete the word to."""
    from esp8266sim.chips import CHIPS

    return [name for name in CHIPS if name.startswith(incomplete)]


def on_running_server(function: Any) -> Any:
    """Add the option that says which server."""
    return click.option(
        "--control",
        envvar="ESPROM_SIM_CONTROL",
        show_envvar=True,
        required=True,
        metavar="HOST:PORT",
        help="Address that the server prints after 'control'.",
    )(function)


@command("serve", shared=(*WITHOUT_BOARD, *RECORDED))
@click.option(
    "--profile",
    default="esp01",
    show_default=True,
    metavar="NAME",
    shell_complete=_profiles,
    help="Which board: esp01, nodemcu, ...",
)
@click.option("--flash", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option(
    "--chip",
    metavar="NAME",
    shell_complete=_flash_chips,
    help="Another flash chip than the board's own.",
)
@click.option("--latency-ms", type=click.FloatRange(min=0), help="Latency timer of the USB adapter.")
@click.option(
    "--rom",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A dump of the mask ROM, 64 KiB, to execute instead of the model of it.",
)
@doors
@click.option(
    "--control-port", type=PORT, metavar="PORT", default=0, help="Port of the control address; 0 picks one."
)
@click.option(
    "--wiring",
    type=click.Choice(["auto", "jumper"]),
    help="auto: DTR and RTS reset the board. jumper: they do not, and GPIO0 is on ground."
    " Unless told, auto for clients by RFC 2217 and jumper for the others.",
)
@click.option(
    "--on-connect",
    type=click.Choice(["keep", "power-cycle"]),
    default="keep",
    show_default=True,
    help="What a new client does to the board.",
)
@click.option(
    "--pace",
    type=click.Choice(["real", "max"]),
    default="real",
    show_default=True,
    help="real: the board keeps to the clock on the wall. max: its time passes as quickly as it can.",
)
@click.option(
    "--trace",
    metavar="KINDS",
    callback=_kinds,
    help="Write down what happens: any of wire, commands, mmio, cpu, with commas between.",
)
@click.option(
    "--trace-to",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("esprom-trace.txt"),
    show_default=True,
    metavar="FILE",
    help="Where to; only its owner may read it, for there may be passwords in it.",
)
def serve(
    session: Session,
    *,
    profile: str,
    flash: Path | None,
    chip: str | None,
    latency_ms: float | None,
    rom: Path | None,
    pty: str | None,
    tcp: int | None,
    rfc2217: int | None,
    control_port: int,
    host: str,
    wiring: str | None,
    on_connect: str,
    pace: str,
    trace: Sequence[str],
    trace_to: Path,
) -> Facts | None:
    """Serve a virtual board until Ctrl-C.

    Prints a line for each way in, one for the control address, then 'ready'. FILE holds the flash; a new one
    gets a demonstration firmware. One client at a time; the next gets in when it leaves.
    """
    if pty is None and tcp is None and rfc2217 is None:
        raise click.UsageError("nothing to serve on: add --pty PATH, --tcp PORT or --rfc2217 PORT")
    from esp8266sim.board import Wiring
    from esp8266sim.serve.pace import Pace
    from esp8266sim.serve.server import NoPty, OnConnect, Server, Ways, is_local

    options = {"flash": flash, "chip": chip, "latency_ms": latency_ms, "rom": rom}
    board, kept = _open_board(profile, options)
    board.trace.observers.append(partial(_tell_of_stops, session))
    traced = _trace(board, trace, trace_to) if trace else None
    if session.recording is not None:
        session.recording.board(board)
    try:
        server = Server(
            board,
            Ways(host=host, tcp=tcp, rfc2217=rfc2217, pty=pty, control=control_port),
            wiring=None if wiring is None else Wiring(wiring),
            on_connect=OnConnect(on_connect),
            pace=Pace(pace),
        )
    except NoPty as error:
        raise EspromError(f"--pty: {error}") from error
    except OSError as error:
        raise PortError(
            f"cannot serve: {error}; choose another address, port or path, or 0 for a free port", port=host
        ) from error
    if not is_local(host):
        session.output.note(f"warning: whoever reaches {host} can read and erase this board")
    try:
        _run(session, server)
    except OSError as error:
        raise EspromError(f"the flash file {flash} takes nothing any more: {error}") from error
    finally:
        for file in (kept, traced):
            if file is not None:
                file.close()
    return None


def _tell_of_stops(session: Session, event: "TraceEvent") -> None:
    from esp8266sim.trace import Kind

    if event.kind in {Kind.HALTED, Kind.RESET}:
        session.output.note(f"the chip: {event.kind.value}: {event.detail}")


def _trace(board: "Board", kinds: Sequence[str], to: Path) -> TextIO:
    """Begin to write down what the board does; return the file, for closing."""
    from esp8266sim.tracing import Kind, Tracer

    try:
        to.unlink(missing_ok=True)
        descriptor = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise EspromError(f"cannot write the trace: {error}") from error
    Tracer(board, [Kind(kind) for kind in kinds], lambda line: print(line, file=file))
    return file


def _open_board(profile: str, options: Mapping[str, object]) -> "tuple[Board, FlashFile | None]":
    from esp8266sim.serve.sim import open_board

    query = urlencode({name: value for name, value in options.items() if value is not None})
    try:
        return open_board(f"sim://{profile}?{query}" if query else f"sim://{profile}")
    except (ValueError, OSError) as error:
        raise EspromError(f"cannot make the board: {error}") from error


def _run(session: Session, server: "Server") -> None:
    """Say where the board is to be reached, then serve it until Ctrl-C."""
    with session.service() as stop, server:
        addresses = {address.kind: address.url for address in server.addresses}
        tell_addresses(session.output.result, addresses)
        session.output.finish({"addresses": addresses})
        server.run(stop)
    session.output.note("stopped")


@command("power-cycle", shared=WITHOUT_BOARD)
@on_running_server
def power_cycle(session: Session, control: str) -> Facts:
    """Take the board's supply away and give it back."""
    return _act(session, control, "power-cycle")


@command("press-reset", shared=WITHOUT_BOARD)
@on_running_server
def press_reset(session: Session, control: str) -> Facts:
    """Press the board's reset button."""
    return _act(session, control, "press-reset")


@command("jumper", shared=WITHOUT_BOARD)
@click.argument("state", type=click.Choice(["on", "off"]))
@on_running_server
def jumper(session: Session, state: str, control: str) -> Facts:
    """Connect GPIO0 to ground (on) or not (off); the chip looks at its next reset."""
    return _act(session, control, f"jumper {state}")


@command("registers", shared=WITHOUT_BOARD)
@on_running_server
def registers(session: Session, control: str) -> Facts:
    """Show where the CPU is: its registers, and the code there."""
    return _show(session, control, "registers")


@command("disassemble", shared=WITHOUT_BOARD)
@click.argument("address", type=NumberType("address"))
@click.argument("count", type=click.IntRange(1, 200), default=16)
@on_running_server
def disassemble(session: Session, address: int, count: int, control: str) -> Facts:
    """Show COUNT instructions of the code at ADDRESS, as the chip would fetch them."""
    return _show(session, control, f"disassemble {address} {count}")


def _show(session: Session, control: str, question: str) -> Facts:
    lines = _ask(control, question)
    for line in lines:
        session.output.result(line)
    return {"lines": lines}


def _act(session: Session, control: str, action: str) -> Facts:
    _ask(control, action)
    session.output.result(f"{action}: done")
    return {"action": action}


def _ask(control: str, what: str) -> list[str]:
    from esp8266sim.serve.control import ask

    try:
        return ask(control, what)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise PortError(
            f"no virtual board is served at {control}: {error}; `esprom sim serve` prints the address",
            port=control,
        ) from error


for verb in (serve, power_cycle, press_reset, jumper, registers, disassemble):
    sim.add_command(verb)

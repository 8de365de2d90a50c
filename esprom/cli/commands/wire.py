# SPDX-License-Identifier: Apache-2.0
"""wire: record what a tool and a chip say to each other, read it, and play the chip's part."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import esprom
from esprom.cli.doors import doors, tell_addresses
from esprom.cli.group import SubGroup, command
from esprom.cli.output import Facts, in_colour
from esprom.cli.session import Session
from esprom.cli.settings import WITHOUT_BOARD
from esprom.cli.values import count
from esprom.errors import Cancelled, EspromError

PLACE = "{port}"  # in a command: where the address goes
WITH_PORT = (*WITHOUT_BOARD, "port", "baud", "before")
LONG_AGO = 10**15  # us since 1970: what is less counts from another moment
END_S = 5.0  # for a command to end that is told to
COLOURS = {">": "cyan", "<": "green", "": "bright_black"}


@click.group("wire", cls=SubGroup)
def wire() -> None:
    """Record what a tool and a chip say, read it, and play it back."""


def _recorded(function: Any) -> Any:
    """Add the options that say where a recording goes."""
    function = click.option(
        "--payload",
        is_flag=True,
        help="Keep content too: flash, registers, digests. There may be passwords in it, and the MAC.",
    )(function)
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("esprom-wire.pcapng"),
        show_default=True,
        metavar="FILE",
        help="The capture (pcapng); an older capture of this name is replaced.",
    )(function)


_via = click.option(
    "--via",
    type=click.Choice(["rfc2217", "tcp", "pty"]),
    default="rfc2217",
    show_default=True,
    help="What the command gets: rfc2217 has modem lines and baud rate, pty the baud rate, tcp neither.",
)
_command = click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND ... {port}")


@command("capture", shared=WITH_PORT)
@_command
@_recorded
@_via
def capture(session: Session, words: Sequence[str], output: Path, *, payload: bool, via: str) -> Facts:
    """Run a tool, and record what it and the board say.

    In COMMAND, which is any tool, {port} stands for the address that it is to use; the board is that of
    --port. Exits as COMMAND does. Where the address has no modem lines, the board is put into its loader
    first (--before no-reset leaves it as it is).
    """
    _check(words)
    port = session.chosen_port()
    try:
        with esprom.WireCapture(output, payload=payload) as recording:
            proxy = esprom.WireProxy(
                port, recording, _door(via), baud=_baud(session), enter_loader=_enters_loader(session)
            )
            with (
                session.service() as cancel,
                proxy,
                _running(session, words, proxy.addresses[via]) as child,
            ):
                code = proxy.run(child, cancel=cancel)
    except Cancelled:
        _tell_of_file(session, output, payload=payload)
        raise
    _tell_of_file(session, output, payload=payload)
    return _ended(session, code, {"file": str(output), "payload": payload, "exit_code": code})


@command("proxy", shared=WITH_PORT)
@doors
@_recorded
def proxy(
    session: Session,
    output: Path,
    *,
    payload: bool,
    rfc2217: int | None,
    tcp: int | None,
    pty: str | None,
    host: str,
) -> Facts | None:
    """Stand between tools and the board of --port, and record, until Ctrl-C.

    Prints a line for each way in, then 'ready'. Unless told, RFC 2217 on a free port. One client at a time.
    """
    ways = _doors(rfc2217, tcp, pty, host)
    port = session.chosen_port()
    with esprom.WireCapture(output, payload=payload) as recording:
        served = esprom.WireProxy(
            port, recording, ways, baud=_baud(session), enter_loader=_enters_loader(session)
        )
        with session.service() as cancel, served:
            if not served.local:
                session.output.note(f"warning: whoever reaches {host} can read and erase this board")
            tell_addresses(session.output.result, served.addresses)
            session.output.finish({"addresses": served.addresses, "file": str(output), "payload": payload})
            with suppress(Cancelled):
                served.run(cancel=cancel)
    session.output.note("stopped")
    session.output.note(f"recorded: {output}")
    return None


@command("replay", shared=WITHOUT_BOARD)
@click.argument("file", type=click.Path(path_type=Path))
@_command
@doors
@_via
@click.option(
    "--pace",
    type=click.Choice(["max", "recorded"]),
    default="max",
    show_default=True,
    help="max: answers come at once. recorded: they take as long as they did.",
)
def replay(
    session: Session,
    file: Path,
    words: Sequence[str],
    *,
    rfc2217: int | None,
    tcp: int | None,
    pty: str | None,
    host: str,
    via: str,
    pace: str,
) -> Facts:
    """Play the chip's part of a recording to a client.

    What the client says is compared with what was recorded; at the first difference it is told which message
    differs and how, and the exit code is 6. With COMMAND, in which {port} stands for the address, that is the
    client; else whoever comes first is, and its address is printed.
    """
    if words:
        _check(words)
        if (pty, tcp, rfc2217) != (None, None, None):
            raise click.UsageError(
                "a command gets one way in: --via says which, not --pty, --tcp or --rfc2217"
            )
    ways = _doors(rfc2217, tcp, pty, host, via)
    log = esprom.wire_log(esprom.load(file))
    with session.service() as cancel, esprom.WireReplay(log, ways, paced=pace == "recorded") as board:
        if board.left_out:
            session.output.note(
                f"warning: content was left out of {count(board.left_out, 'answer')} when {file} was"
                " recorded; a client that looks at it sees 0"
            )
        if words:
            with _running(session, words, board.addresses[via]) as child:
                code = board.run(child, cancel=cancel)
        else:
            tell_addresses(
                session.output.note if session.output.json else session.output.result, board.addresses
            )
            code = board.run(cancel=cancel)
        session.output.result(f"as recorded: {count(board.matched, 'message')}")
    return _ended(session, code, {"addresses": board.addresses, "matched": board.matched, "exit_code": code})


@command("decode", shared=WITHOUT_BOARD)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--html", type=click.Path(path_type=Path), help="Write it as one HTML page that can be filtered."
)
@click.option("--all", "unfold", is_flag=True, help="Show each message of long transfers.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def decode(session: Session, file: Path, *, html: Path | None, unfold: bool, force: bool) -> Facts:
    """Tell what was said, message by message.

    FILE is a capture of esprom or of another tool (pcapng or pcap with link type 250), what esptool printed
    with --trace, or the report of a selftest.
    """
    if html is not None:
        esprom.check_targets([html], overwrite=force)
    log = esprom.wire_log(esprom.load(file))
    messages = [list(esprom.wire_messages(stream)) for stream in log.streams]
    for stream, found in zip(log.streams, messages, strict=True):
        for line in _stream(log, stream, found, unfold=unfold):
            session.output.result(line)
    if log.truncated:
        session.output.result("the recording ends in the middle of a record")
    if html is not None:
        esprom.save(html, esprom.wire_page(log, file.name, messages).encode(), overwrite=force)
        session.output.result(f"Page: {html}")
    return {
        "file": str(file),
        "source": log.source,
        "payload": log.payload,
        "truncated": log.truncated,
        "streams": [
            {"name": stream.name, "messages": list(map(_facts, found))}
            for stream, found in zip(log.streams, messages, strict=True)
        ],
        "html": str(html) if html is not None else None,
    }


def _facts(message: "esprom.WireMessage") -> Facts:
    return {field.name: getattr(message, field.name) for field in fields(message) if field.name != "group"}


def _stream(
    log: "esprom.WireLog",
    stream: "esprom.WireStream",
    found: Sequence["esprom.WireMessage"],
    *,
    unfold: bool,
) -> Iterator[str]:
    began = ""
    if stream.events and stream.events[0].at_us > LONG_AGO:
        began = datetime.fromtimestamp(stream.events[0].at_us / 1e6, UTC).strftime(", %Y-%m-%d %H:%M:%S UTC")
    left_out = "" if log.payload else "; content was left out when it was recorded"
    yield f"{stream.name}{began}, {count(len(found), 'message')}{left_out}"
    for item in found if unfold else esprom.wire_folded(found):
        yield _fold(item) if isinstance(item, esprom.WireFold) else _message(item)


def _message(message: "esprom.WireMessage") -> str:
    text = message.text
    if message.took_ms is not None:
        text += _styled(f"  {message.took_ms:.1f} ms", "bright_black")
    for problem in message.problems:
        text += _styled(f"  ! {problem}", "red")
    name = _styled(f"{message.way:1} {message.name:<16}", COLOURS[message.way])
    return f"{message.at_s:11.3f} {name} {text}".rstrip()


def _fold(fold: "esprom.WireFold") -> str:
    return f"{fold.first.at_s:11.3f} {_styled('~ ' + fold.text, 'blue')}"


def _styled(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if in_colour() else text


def _check(words: Sequence[str]) -> None:
    if not words:
        raise click.UsageError(
            f"no command: put it at the end, after --, with {PLACE} where the address goes"
        )
    if not any(PLACE in word for word in words):
        raise click.UsageError(f"the command does not say {PLACE}, which stands for the address it is to use")
    if shutil.which(words[0]) is None:  # looked at first, so that it costs no older capture
        raise EspromError(f"cannot run {words[0]}: there is no such command")


def _door(via: str) -> "esprom.WireDoors":
    return {
        "rfc2217": esprom.WireDoors(rfc2217=0),
        "tcp": esprom.WireDoors(tcp=0),
        "pty": esprom.WireDoors(pty=""),
    }[via]


def _doors(
    rfc2217: int | None, tcp: int | None, pty: str | None, host: str, unless_told: str = "rfc2217"
) -> "esprom.WireDoors":
    if (pty, tcp, rfc2217) == (None, None, None):
        return replace(_door(unless_told), host=host)
    return esprom.WireDoors(rfc2217=rfc2217, tcp=tcp, pty=pty, host=host)


def _baud(session: Session) -> int:
    baud = session.settings.baud
    if baud == "auto":
        raise click.UsageError(
            "--baud auto is nothing here: the tool sets the rate; give the one to begin with"
        )
    return baud


def _enters_loader(session: Session) -> bool:
    return session.settings.before == "default-reset"


def _tell_of_file(session: Session, file: Path, *, payload: bool) -> None:
    what = "with content" if payload else "content left out; --payload keeps it"
    session.output.note(f"recorded: {file} ({what}); `esprom wire decode {file}` tells what was said")


@contextmanager
def _running(session: Session, words: Sequence[str], address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command; what it prints is seen, and never mixed into our JSON."""
    line = [word.replace(PLACE, address) for word in words]
    try:
        child = subprocess.Popen(line, stdout=sys.stderr if session.output.json else None)
    except OSError as error:
        raise EspromError(f"cannot run {line[0]}: {error.strerror or error}") from error
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
        try:
            child.wait(END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _ended(session: Session, code: int, facts: Facts) -> Facts:
    """Return the facts, or exit with the code of the command that has failed."""
    if code:
        session.output.finish(facts)
        click.get_current_context().exit(code if code > 0 else 128 - code)
    return facts


for verb in (capture, decode, proxy, replay):
    wire.add_command(verb)

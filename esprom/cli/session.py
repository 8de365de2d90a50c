# SPDX-License-Identifier: Apache-2.0
"""One run of one command: its settings, its output, and the board it talks to."""

import logging
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import click

import esprom
from esprom.cli import choosing, esptool_lines, power, progress, reader, rescue
from esprom.cli.chain import Chain
from esprom.cli.interrupts import Interrupts
from esprom.cli.output import Output, somebody_is_there, write
from esprom.cli.settings import Settings
from esprom.cli.verbs import CHANGING, ESPTOOLS
from esprom.errors import Cancelled, EdgeLost, EspromError, NoResponse, PortError, ProtocolError, Refused

PORT_PAUSE_S = 0.1
# What the library calls the ways that have names in esptool only.
ENTERED_BY = {"usb-reset": "default-reset"}  # the ESP8266 has no USB of its own
LEFT_BY = {"watchdog-reset": "hard-reset"}  # esptool does that too, where a chip has no such reset
LOOKING = frozenset({"compare", "read", "prove", "reread", "verify"})  # stages that change nothing

log = logging.getLogger("esprom.cli")


@dataclass(frozen=True, slots=True)
class Job:
    """The two callbacks of one job of the library."""

    progress: "esprom.ProgressCallback"
    cancel: "esprom.CancelCallback"


class Session:
    """What a command's function is given first."""

    def __init__(self, settings: Settings, output: Output) -> None:
        self.settings = settings
        self.output = output
        self._interrupts = Interrupts(output.note)
        self._failure: EspromError | None = None
        self._left: esprom.Device | None = None
        self.recording: esprom.WireCapture | None = None

    @contextmanager
    def device(self, *, small: bool = False) -> Iterator["esprom.Device"]:
        """Connect, and leave the board as `--after` says; between commands of a chain, stay connected.

        `small`: for a job that is done before a stub would be in RAM, so that `auto` means the ROM.
        """
        if isinstance(self.output, Chain):
            yield self.output.device(self._connect)
            return
        with self._connect(small=small) as device:
            yield device
        self._left = device

    def say_goodbye(self) -> None:
        """Say how the board was left, and what is left to do; in a chain that comes at its end."""
        if self._left is not None:
            power.say_goodbye(self._left, self.output, self.settings)

    def chosen_port(self) -> str:
        """Return the port that is named, or else the only likely one."""
        if self.settings.port is not None:
            return self.settings.port
        chosen = choosing.the_only(self._likely())
        self.output.note(f"using {choosing.in_words(chosen)}")
        return chosen.device

    def _likely(self) -> "list[esprom.PortInfo]":
        return choosing.likely(esprom.ports(), self.settings.port_filter)

    def _connect(self, *, small: bool = False) -> "esprom.Device":
        changing = isinstance(self.output, Chain) or self.output.command in CHANGING
        candidates = [] if self.settings.port is not None or changing else self._likely()
        if len(candidates) > 1:
            for option, wanted in (
                ("--wait", self.settings.wait),
                ("--power-command", self.settings.power_command),
            ):
                if wanted:  # while the others are tried nobody would know which board is meant
                    choosing.the_only(candidates, f"{option} is for one board")
            return self._first_that_answers(candidates, small=small)
        return self._connected(self.chosen_port(), power.wait_s(self.settings), small=small)

    def _first_that_answers(self, ports: "Sequence[esprom.PortInfo]", *, small: bool) -> "esprom.Device":
        """Try one port after the other. Raises the error of the last one."""
        named = [choosing.in_words(port) for port in ports]
        for port, name in zip(ports, named, strict=True):
            self.output.note(f"trying {name}")
            try:
                return self._connected(port.device, 0.0, small=small)
            except (PortError, NoResponse, ProtocolError) as error:
                if port is ports[-1]:
                    raise _explained(
                        error, f"tried {', '.join(named)}; --port names the one that is meant"
                    ) from None
                self.output.note(f"{name}: {error}")
        raise AssertionError("there is no port")

    def _connected(self, port: str, wait_s: float, *, small: bool) -> "esprom.Device":
        settings = self.settings
        self.output.note(f"connecting to {port}")
        stays = settings.after == "no-reset-stub"
        device = self._opened(
            partial(
                esprom.connect,
                port,
                baud=settings.baud,
                before=ENTERED_BY.get(settings.before, settings.before),
                after=LEFT_BY.get(settings.after, settings.after),
                flash_size=settings.chip_size,
                wait_s=wait_s,
                ask=power.asker(settings, self.output),
                loader="rom" if small and settings.loader == "auto" and not stays else settings.loader,
                resets=esprom.Resets.of(
                    into_loader=settings.reset_sequence,
                    hard=settings.hard_reset_sequence,
                    attempts=settings.connect_attempts,
                    delay_s=settings.reset_delay,
                ),
            )
        )
        try:
            self._introduce(device)
        except BaseException:
            device.close()
            raise
        return device

    def _opened(self, connect: "Callable[[], esprom.Device]") -> "esprom.Device":
        """Connect; where the port is not there yet, as often as `--open-port-attempts` says."""
        told = self.settings.open_port_attempts
        left = 1 if told is None else told
        while True:
            try:
                return connect()
            except PortError:
                left -= 1
                if left == 0:  # which 0, for ever, never comes to
                    raise
                time.sleep(PORT_PAUSE_S)

    def _introduce(self, device: "esprom.Device") -> None:
        if self.output.command in ESPTOOLS:
            detected = self.settings.chip != "esp8266"
            for line in esptool_lines.preamble(device, old=self.output.old, detected=detected):
                self.output.aside(line)

    @contextmanager
    def job(self) -> Iterator[Job]:
        """Show how far a job is, and let Ctrl-C stop it."""
        with self._interrupts.job(), self._display() as display:
            try:
                yield Job(display, lambda: self._interrupts.asked)
            except EspromError as error:
                self._failure = error
                raise

    @contextmanager
    def service(self) -> Iterator["esprom.CancelCallback"]:
        """Let Ctrl-C end what is served here by the callback, between two pieces of its work."""
        with self._interrupts.service():
            yield lambda: self._interrupts.asked

    @contextmanager
    def change(self, device: "esprom.Device", meaning: str) -> Iterator[Job]:
        """The same for a job that changes the flash; `meaning` is what it means if it ends early."""
        reported: list[str] = []  # stages; the library tells of one when nothing forbids it any more

        def show(progress: "esprom.Progress") -> None:
            if progress.stage not in LOOKING:
                reported.append(progress.stage)
            job.progress(progress)

        with self.job() as job:
            try:
                yield Job(show, job.cancel)
            except KeyboardInterrupt as error:
                cancelled = Cancelled("interrupted")
                raise _explained(cancelled, meaning) if reported else cancelled from error
            except EdgeLost as error:
                _explained(error, meaning)
                with self._interrupts.rescue():
                    self._rescue(error, device.chip.mac)
                raise
            except EspromError as error:
                if reported:
                    _explained(error, meaning)
                raise

    def command(self, *words: str) -> str:
        """Return a command for the user to type, with the shared options of this one."""
        json = ["--json"] if self.output.json else []
        return shlex.join(["esprom", *self.settings.words(), *json, *words])

    def confirm(self, action: str, *, yes: bool) -> None:
        """Say what is about to be done; ask first, where somebody can answer. Raises Refused."""
        if yes or not somebody_is_there():
            self.output.note(f"about to {action}")
        elif not click.confirm(f"About to {action}. Go on?", err=True):
            raise Refused("not confirmed, nothing was done")

    @contextmanager
    def running(self, origins: Sequence[str] = ()) -> Iterator[None]:
        """Take over signals and log for the time of one command. Ctrl-C ends it like any other reason to.

        `origins`: where the settings are from, for the log.
        """
        try:
            with (
                self._interrupts.handled(),
                self._logged(),
                reader.failures_logged(),
                self._recorded(),
                self._traced(),
            ):
                for line in origins:
                    log.info("%s", line)
                yield
        except KeyboardInterrupt:  # where a job has failed before, there is more to say about that
            raise self._failure or Cancelled("interrupted") from None

    @contextmanager
    def _traced(self) -> Iterator[None]:
        """Print what goes over the line, if that is wanted."""
        if not self.settings.trace:
            yield
            return
        with esprom.WireTrace(_print_trace).ports():
            yield

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Record every port that is opened, if that is wanted; for a chain, until its end."""
        if self.settings.capture is None:
            yield
        elif isinstance(self.output, Chain):
            with self.output.recording(self._begin_recording).ports():
                yield
        else:
            with self._begin_recording() as self.recording, self.recording.ports():
                yield
            if not self.recording.begun:
                self.output.note("nothing was recorded: this command has opened no port")

    def _begin_recording(self) -> "esprom.WireCapture":
        file, payload = self.settings.capture, self.settings.capture_payload
        assert file is not None
        found = esprom.WireCapture(file, payload=payload)
        self.output.note(f"recording to {file}" + ("" if payload else ", content left out"))
        return found

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Show what the library warns of; all that it logs, if that is wanted."""
        handler: logging.Handler
        if self.settings.verbose:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        else:
            handler = Warnings(self.output.note)
        logger = logging.getLogger("esprom")
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(self.settings.verbose, 2)])
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

    def _display(self) -> progress.Display:
        if self.settings.no_progress:
            return progress.Hidden()
        return progress.display(self.output, plain=bool(self.settings.verbose))

    def _rescue(self, error: EdgeLost, mac: str) -> None:
        try:
            saved = rescue.save(error.kept, mac)
        except EspromError as failure:
            _explained(error, f"and what is lost cannot be saved: {failure}")
            return
        pairs = [word for address, file in saved.items() for word in (f"{address:#x}", str(file))]
        files = " and ".join(str(file) for file in saved.values())
        _explained(
            error, f"it is saved in {files}; this writes it back: {self.command('write-flash', *pairs)}"
        )


def _print_trace(line: str) -> None:
    """Print what was asked for by itself, and so with `-q` too. A stderr that is full stops no job."""
    with suppress(OSError):
        write(sys.stderr, line)


class Warnings(logging.Handler):
    """Shows warnings as notes."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        """Show one."""
        self._note(f"warning: {self.format(record)}")


def _explained(error: EspromError, sentence: str) -> EspromError:
    """Add what it means to what happened; `failures.describe` puts the two together."""
    error.add_note(sentence)
    return error

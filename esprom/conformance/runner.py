# SPDX-License-Identifier: Apache-2.0
"""Runs cases against a device, each from a known state (CONF-3): a loader that answers and has said all.

A device may stop answering at any case. It is then reset, where something resets it; after DEAD_ENDS
resets in vain the rest is not run. So a run ends, whatever is at the other end.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from esprom.conformance import scratch
from esprom.conformance.case import Case, Level
from esprom.conformance.conversation import (
    BOOT_S,
    QUIET_S,
    Addresses,
    Bench,
    Conversation,
    Outcome,
    Verdict,
    Wire,
    answer_to_sync,
    answers,
    is_of_stub,
)
from esprom.conformance.program import Program
from esprom.conformance.scratch import ScratchFlash
from esprom.errors import EspromError, NoResponse, PortError, ProtocolError, Refused
from esprom.flash.geometry import BLOCK
from esprom.loader.connect import ROM_WORD, ROM_WORD_VALUE
from esprom.loader.rom import RomLoader
from esprom.loader.session import Session
from esprom.port import DEFAULT_BAUD, Port, reset, silence
from esprom.protocol.commands import Loader

RAM = 0x3FFE8400  # free as long as the ROM's loader runs
IRAM = 0x40100400  # free under every stub that is known
CHIP_SIZE_WORD = 0x3FFFC71C  # the ROM's own idea of the flash: 4 MiB after a reset (ROM-1)
CHIP_SIZE, OTHER_SIZE = 0x400000, 0x200000
DEAD_ENDS = 2  # resets after which nothing answers

log = logging.getLogger("esprom.conformance")


@dataclass(frozen=True, slots=True)
class Target:
    """Who is checked: the ROM's loader, or a program that it is told to start."""

    loader: Loader
    program: Program | None = None

    @property
    def name(self) -> str:
        """What it is called in a report."""
        return "rom" if self.program is None else self.program.name


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    case: Case
    target: str
    outcome: Outcome

    @property
    def as_it_should_be(self) -> bool:
        """Whether there is nothing to say about it."""
        return self.outcome.verdict is Verdict.CONFORMS


class NoDevice(NoResponse):
    """There is nothing that could be checked."""


class DeviceBench(Bench):
    """Resets the chip in the way that works here."""

    def __init__(self, port: Port, flash: ScratchFlash | None) -> None:
        self._port = port
        self._flash = flash
        self._program: Program | None = None  # that a restart is to start again

    def serve(self, target: "Target") -> None:
        """Be the bench of this target from now on."""
        self._program = target.program
        if self._flash is not None:
            self._flash.one_by_one = target.loader is Loader.STUB

    def restart(self) -> None:
        """Reset the chip into its loader, and start the program that is checked, if there is one."""
        self.reset()
        if self._program is not None:
            start(self._port, self._program)

    def reset(self) -> None:
        """Reset the chip; where there are no lines, a virtual board may be powered anew when it is opened."""
        if self._port.has_modem_lines:
            reset.play(self._port, reset.CLASSIC)
        else:
            self._port.reopen()
        self._port.clock.sleep(BOOT_S)

    def mark(self) -> None:
        """Prepare the scratch area."""
        assert self._flash is not None  # no destructive case is run without
        self._flash.mark()

    def holds(self, at: int, size: int) -> bytes:
        """Return bytes of it."""
        assert self._flash is not None
        return self._flash.holds(at, size)

    def differing(self, *, kept: tuple[int, ...], blank: tuple[int, ...]) -> list[int]:
        """Return the sectors that are not so."""
        assert self._flash is not None
        return self._flash.differing(kept=kept, blank=blank)


def expect_loader(port: Port) -> Wire:
    """Return the line to a loader that answers SYNC, with nothing left to say.

    Raises:
        NoResponse: nothing does.
    """
    wire = Wire(port)
    wire.forget()
    if not answers(wire):
        raise NoResponse("it does not answer SYNC", asked="SYNC", waited_s=0.0)
    return wire


def start(port: Port, program: Program) -> None:
    """Have the ROM's loader start a program, right after a reset.

    Raises:
        EspromError: nothing answers, or it does not greet.
    """
    wire = expect_loader(port)
    program.start(RomLoader(Session(port)))
    wire.rest(QUIET_S)


class Runner:
    """Plays cases on one device, one after another."""

    def __init__(self, port: Port, scratch_offset: int | None = None) -> None:
        self._port = port
        flash = None if scratch_offset is None else ScratchFlash(port, scratch_offset)
        self._bench = DeviceBench(port, flash)
        self._addresses = Addresses(RAM, IRAM, scratch_offset or 0)
        self._ready: Target | None = None  # who answers, as far as we know
        self._started: Target | None = None  # who was made to answer last
        self._dead_ends = 0
        self.resets = True  # whether something resets the chip

    def reach(self) -> None:
        """See that there is an ESP8266 in its ROM's loader, and whether it can be reset.

        Raises:
            NoDevice: there is none; the message says what is there. A stub that no reset ends is none: what
                the ROM refuses, an erase of the whole flash among it, a stub does.
        """
        self._port.baud = DEFAULT_BAUD
        self._bench.reset()
        wire = Wire(self._port)
        wire.forget()
        answer = answer_to_sync(wire)
        if answer is None:
            heard = b"".join(spoken.bytes for spoken in wire.spoken if spoken.way == "<")
            raise NoDevice(
                f"nothing here can be checked: no answer to SYNC; {silence.explain(heard, DEFAULT_BAUD)}",
                asked="SYNC",
                waited_s=0.0,
                received=heard,
                cause=silence.judge(heard, DEFAULT_BAUD).value,
            )
        self._identify()
        self.resets = self._restarts()
        if is_of_stub(answer) and not self.resets:
            raise NoDevice(
                "a stub loader runs, and nothing here resets the chip into its ROM: power the board again"
                " with GPIO0 at GND, then check it",
                asked="SYNC",
                waited_s=0.0,
                received=answer,
            )

    def run(self, cases: Iterable[Case], target: Target) -> Iterator[Result]:
        """Play those of `cases` that are demanded of `target`."""
        for case in cases:
            if target.loader in case.loaders:
                yield Result(case, target.name, self._run(case, target))

    def _run(self, case: Case, target: Target) -> Outcome:
        if self._dead_ends >= DEAD_ENDS:
            return Outcome(Verdict.NOT_RUN, "nothing answers any more")
        if case.needs_reset and not self.resets:
            return Outcome(Verdict.NOT_RUN, "it needs a reset, and no line of this port resets the chip")
        try:
            self._settle(target)
        except PortError:
            raise
        except EspromError as exc:
            self._ready = None
            self._dead_ends += 1
            return Outcome(Verdict.NO_ANSWER, f"the loader cannot be reached: {exc}")
        self._dead_ends = 0
        return self._play(case)

    def _play(self, case: Case) -> Outcome:
        try:
            outcome = Conversation(self._port, self._addresses, self._bench).play(case)
        except PortError:
            raise
        except EspromError as exc:  # of who looks at the flash
            outcome = Outcome(Verdict.VIOLATES, f"the flash cannot be looked at: {exc}")
        if case.needs_reset or outcome.verdict not in (Verdict.CONFORMS, Verdict.TOLERATED):
            self._ready = None
            self._port.baud = DEFAULT_BAUD
        return outcome

    def _settle(self, target: Target) -> None:
        """Make the target answer, with nothing left to say."""
        lasting = self._ready if self.resets else self._started  # what nothing resets goes on
        if lasting == target and answers(Wire(self._port)):
            self._ready = target
            return
        self._ready = None
        if self.resets:
            self._bench.reset()
        self._bench.serve(target)
        if target.program is not None:
            start(self._port, target.program)
        else:
            expect_loader(self._port)
        self._ready = self._started = target

    def _identify(self) -> None:
        """Raises NoDevice for another chip."""
        try:
            found = RomLoader(Session(self._port)).read_reg(ROM_WORD)
        except (NoResponse, ProtocolError) as exc:
            log.info("it is not known which chip this is: %s", exc)
            return
        except EspromError as exc:
            raise NoDevice(
                f"this is no ESP8266: it refuses READ_REG ({exc})", asked="READ_REG", waited_s=0.0
            ) from exc
        if found != ROM_WORD_VALUE:
            raise NoDevice(
                f"this is no ESP8266: its word at 0x{ROM_WORD:x} is {found:08x}, not {ROM_WORD_VALUE:08x}",
                asked="READ_REG",
                waited_s=0.0,
            )

    def _restarts(self) -> bool:
        """Tell whether the chip restarts: by lines unless it is seen not to, without them if it is seen."""
        found = self._after_reset()
        return found != OTHER_SIZE if self._port.has_modem_lines else found == CHIP_SIZE

    def _after_reset(self) -> int | None:
        """Change the word that a reset puts back; return what it is after one, None if nobody says."""
        try:
            rom = RomLoader(Session(self._port))
            before = rom.read_reg(CHIP_SIZE_WORD)
            rom.write_reg(CHIP_SIZE_WORD, OTHER_SIZE)
            self._bench.reset()
            if not answers(Wire(self._port)):
                return None
            rom = RomLoader(Session(self._port))
            found = rom.read_reg(CHIP_SIZE_WORD)
            if found == OTHER_SIZE:
                rom.write_reg(CHIP_SIZE_WORD, before)
        except PortError:
            raise
        except EspromError:
            return None
        return found


def chosen(cases: Sequence[Case], level: Level, *, destructive: bool, only: Sequence[str]) -> list[Case]:
    """Return the cases that are asked for: up to a level, or by the beginning of their id.

    Raises:
        ValueError: no case has such an id.
    """
    levels = list(Level)
    for name in only:
        if not any(case.id.startswith(name) for case in cases):
            raise ValueError(f"no case's id begins with {name!r}")
    return [
        case
        for case in cases
        if (destructive or not case.destructive)
        and (
            any(case.id.startswith(name) for name in only)
            if only
            else levels.index(case.level) <= levels.index(level)
        )
    ]


@contextmanager
def scratch_area(
    port: Port, offset: int | None, folder: Path, told: Callable[[str], None], *, reader: str, writer: str
) -> Iterator[int]:
    """Lend an area of the flash; what it held is back when this ends, however it ends.

    `reader` and `writer` are who reads it before, and writes it back: loaders, as for `connect`.
    """
    area = scratch.take(port, offset, folder, loader=reader)
    kept = f"; what it holds is in {area.kept}" if area.kept else ", which is blank"
    told(f"scratch area: 0x{area.offset:x} to 0x{area.offset + BLOCK:x}{kept}")
    try:
        yield area.offset
    finally:
        port.baud = DEFAULT_BAUD
        area.put_back(port, loader=writer)
        told("scratch area: put back, and compared")


def check_device(
    port: Port,
    targets: Sequence[Target],
    cases: Sequence[Case],
    *,
    scratch_offset: int | None = None,
    folder: Path = Path(),
    told: Callable[[str], None] = lambda line: None,
    heard: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Run `cases` on the device at `port` once for each of `targets`.

    Args:
        port: at 115200 baud; it stays open.
        targets: who is checked.
        cases: which; see `chosen`.
        scratch_offset: where destructive cases may write; unless told, the last 64 KiB that are blank.
        folder: for a copy of what that area holds.
        told: is given sentences about what is going on.
        heard: is given each result as it comes.

    Raises:
        NoDevice: there is nothing that could be checked.
        Refused: there is no scratch area, or what is checked would stand in the way of putting it back.
        EspromError: the port is gone, or the scratch area cannot be put back.
    """
    results: list[Result] = []

    def run(offset: int | None) -> None:
        runner = Runner(port, offset)
        runner.reach()
        for target in targets:
            for result in runner.run(cases, target):
                heard(result)
                results.append(result)

    if any(case.destructive for case in cases):
        first = Runner(port)
        first.reach()  # before anything else is asked of what may be no ESP8266
        if not first.resets and any(target.loader is Loader.STUB for target in targets):
            raise Refused(
                "nothing here resets the chip, so this stub would stay in it, and the scratch area could not"
                " be put back: use an adapter with reset lines"
            )
        # Where nothing resets the chip a stub stays: none may be there before the ROM is checked.
        reader = "auto" if first.resets else "rom"
        writer = "auto" if any(target.program for target in targets) else reader
        with scratch_area(port, scratch_offset, folder, told, reader=reader, writer=writer) as offset:
            run(offset)
    else:
        run(None)
    return results

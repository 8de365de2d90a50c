# SPDX-License-Identifier: Apache-2.0
"""Check a device: the public face of the cases, the runner and the reports."""

from collections.abc import Callable, Sequence
from pathlib import Path

from esprom.conformance.case import Case, Level
from esprom.conformance.cases import CASES
from esprom.conformance.program import load_program, our_program
from esprom.conformance.report import DeviceReport, line
from esprom.conformance.runner import Target, check_device, chosen
from esprom.port import DEFAULT_BAUD, Port, open_port
from esprom.protocol.commands import Loader

ROM, STUB, ALL = "rom", "stub", "all"


def conformance_cases(
    level: str = Level.QUIRK.value, *, destructive: bool = True, only: Sequence[str] = ()
) -> list[Case]:
    """Return the cases up to a level ("must", "should", "quirk"), or those whose ids begin so.

    Raises:
        ValueError: there is no such level, or no case with such an id.
    """
    return chosen(CASES, Level(level), destructive=destructive, only=only)


def device_conformance(
    port: str | Port,
    *,
    loader: str = ALL,
    level: str = Level.SHOULD.value,
    destructive: bool = False,
    scratch: int | None = None,
    only: Sequence[str] = (),
    folder: Path = Path(),
    told: Callable[[str], None] = lambda line: None,
    heard: Callable[[str], None] = lambda line: None,
) -> DeviceReport:
    """Check whether a device does as the specification says.

    Args:
        port: as for `connect`; an open Port has to be at 115200 baud, and stays open.
        loader: "rom", "stub" (ours), "all" (both), or the path of a stub's image, ours or another tool's.
        level: which cases: "must", "should" (and must), or "quirk" (all).
        destructive: whether to run those that write to the flash.
        scratch: where these may: 64 KiB from here on, put back after it; unless told, the last blank ones.
        only: beginnings of ids; then no other case is run, whatever its level.
        folder: for a copy of what the scratch area holds, as long as it is not back.
        told: is given sentences about what is going on.
        heard: is given a line for each result that is not as it should be, as it comes.

    Raises:
        ValueError: there is no such level, no case with such an id, or none of them is to be run.
        ImageError: the file is no image of a stub.
        NoResponse: there is nothing that could be checked; the message says what is there.
        Refused: there is no scratch area.
        EspromError: the port is gone, or the scratch area cannot be put back.
    """
    cases = conformance_cases(level, destructive=destructive, only=only)
    targets = _targets(loader)
    _see_that_something_runs(cases, targets)
    opened = open_port(port, DEFAULT_BAUD) if isinstance(port, str) else port
    told(f"checking {opened.name}: {', '.join(target.name for target in targets)}")
    try:
        results = check_device(
            opened,
            targets,
            cases,
            scratch_offset=scratch,
            folder=folder,
            told=told,
            heard=lambda result: None if result.as_it_should_be else heard(line(result)),
        )
    finally:
        if isinstance(port, str):
            opened.close()
    return DeviceReport(opened.name, Level(level), tuple(results))


def _see_that_something_runs(cases: Sequence[Case], targets: Sequence[Target]) -> None:
    """Raises ValueError: nothing checked must not look like nothing wrong."""
    if not any(target.loader in case.loaders for case in cases for target in targets):
        names = " or ".join(target.name for target in targets)
        raise ValueError(
            f"none of these cases is to be run: they are not about {names}, or write to the flash, which has"
            " to be allowed (--destructive)"
        )


def _targets(loader: str) -> list[Target]:
    rom, ours = Target(Loader.ROM), Target(Loader.OURS, our_program())
    known = {ROM: [rom], STUB: [ours], ALL: [rom, ours]}
    if loader in known:
        return known[loader]
    program = load_program(Path(loader))
    return [Target(Loader.OURS if program.ours else Loader.STUB, program)]

# SPDX-License-Identifier: Apache-2.0
"""Safe checks of a real board, beside a virtual one, as a report that somebody can send in (STUB-14).

Nothing is written to the flash unless that is asked for, and then to a blank sector. The report has no MAC,
no serial number, and none of the flash's content: where content is compared, it says whether it agreed.
"""

import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Literal

from esprom._version import __version__
from esprom.device import Device, connect
from esprom.errors import EspromError
from esprom.port import DEFAULT_BAUD, open_port
from esprom.port.listing import ports
from esprom.port.recorded import RecordedPort
from esprom.selfcheck.capture import Capture, Recording
from esprom.selfcheck.checks import DESTRUCTIVE_CHECKS, ROM_CHECKS, STUB_CHECKS, Check
from esprom.stub import image

FORMAT = 1
VIRTUAL = "sim://esp12"


@dataclass(frozen=True, slots=True)
class SelftestCheck:
    """What one check has found."""

    name: str
    found: str  # which a virtual board should find too, or why it failed
    seconds: float
    measured: str = ""  # figures, which differ from board to board

    @property
    def failed(self) -> bool:
        """Whether it could not be done."""
        return self.found.startswith("failed: ")


@dataclass(frozen=True, slots=True)
class SelftestReport:
    """Everything that is worth sending in."""

    format: int
    esprom: str
    stub_sha256: str
    python: str
    pyserial: str
    system: str
    adapter: str
    baud: int  # at which the stub was checked
    checks: tuple[SelftestCheck, ...]
    differences: tuple[str, ...]  # names of the checks in which a virtual board finds something else
    wire: tuple[Recording, ...]  # one for each loader

    def facts(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return asdict(self)


def selftest(
    port: str,
    baud: int | Literal["auto"] = DEFAULT_BAUD,
    *,
    destructive: bool = False,
    told: Callable[[SelftestCheck], None] = lambda check: None,
) -> SelftestReport:
    """Do all checks on the board at `port`, then on a virtual one; tell of each as it ends.

    `destructive`: program and erase a sector too, one that is blank.

    Raises:
        EspromError: no loader answers there, so there is nothing to check.
    """
    run = _Run(port, baud, destructive)
    checks = []
    for check in run.checks():
        told(check)
        checks.append(check)
    expected = {check.name: check.found for check in _Run(VIRTUAL, baud, destructive).checks()}
    return SelftestReport(
        format=FORMAT,
        esprom=__version__,
        stub_sha256=image().sha256,
        python=platform.python_version(),
        pyserial=version("pyserial"),
        system=f"{platform.system()} {platform.release()} {platform.machine()} ({sys.platform})",
        adapter=_adapter(port),
        baud=run.used_baud,
        checks=tuple(checks),
        differences=tuple(check.name for check in checks if check.found != expected.get(check.name)),
        wire=tuple(run.recordings),
    )


class _Run:
    """All checks of one board, and what went over the wire meanwhile."""

    def __init__(self, port: str, baud: int | Literal["auto"], destructive: bool) -> None:
        self._port = port
        self._baud: int | Literal["auto"] = baud
        self._destructive = destructive
        self.used_baud = 0
        self.recordings: list[Recording] = []

    def checks(self) -> Iterator[SelftestCheck]:
        """Do them, one after another."""
        yield from self._with("rom", ROM_CHECKS, after="no-reset")
        chosen = STUB_CHECKS | DESTRUCTIVE_CHECKS if self._destructive else STUB_CHECKS
        yield from self._with("stub", chosen, after="hard-reset")

    def _with(self, loader: str, checks: Mapping[str, Check], after: str) -> Iterator[SelftestCheck]:
        capture = Capture()
        first_baud = DEFAULT_BAUD if self._baud == "auto" else self._baud
        port = RecordedPort(open_port(self._port, first_baud), capture.track)
        try:
            with connect(port, baud=self._baud, loader=loader, after=after) as device:
                self.used_baud = device.baud
                for name, check in checks.items():
                    yield _done(device, name, check)
        except EspromError as exc:
            if loader == "rom":  # then there is nothing to check
                raise
            yield SelftestCheck("start of the stub", _failed(exc), 0.0)
        finally:
            port.close()
            capture.track.close()
            self.recordings.append(Recording(loader, tuple(capture.frames), capture.left_out))


def _adapter(port: str) -> str:
    """Return which adapter it is, without what tells one from another of its kind."""
    for info in ports():
        if info.device == port:
            usb = (
                f"{info.vid:04x}:{info.pid:04x}"
                if info.vid is not None and info.pid is not None
                else "no USB"
            )
            return f"{usb} {info.adapter or 'unknown'}"
    return "a URL"


def _done(device: Device, name: str, check: Check) -> SelftestCheck:
    clock = device._rom.session.port.clock
    began = clock.now()
    try:
        found, measured = check(device)
    except EspromError as exc:
        found, measured = _failed(exc), ""
    return SelftestCheck(name, found, round(clock.now() - began, 4), measured)


def _failed(exc: EspromError) -> str:
    """Return what failed, without the message: that may quote what arrived, or name an adapter."""
    facts = {
        name: value
        for name in ("asked", "status", "address")
        if (value := getattr(exc, name, None)) is not None
    }
    return f"failed: {type(exc).__name__}" + "".join(f", {name} {value}" for name, value in facts.items())

# SPDX-License-Identifier: Apache-2.0
"""From "nothing answers" to a working connection: one check after another, up to the first that fails.

Nothing is changed on the board, with one exception that has to be asked for: the supply is tried by erasing a
sector that is blank already.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from esprom.device import Device, connect
from esprom.doctor.advice import ADVICE, Advice, Trouble
from esprom.doctor.wiring import Wire
from esprom.errors import EspromError, FlashProtected, NoResponse, PortError, ProtocolError
from esprom.flash.geometry import SECTOR
from esprom.loader import rates
from esprom.loader.by_hand import AskCallback
from esprom.loader.guard import Distrusted
from esprom.port import DEFAULT_BAUD, silence
from esprom.port.silence import Cause
from esprom.streamed import blank_sectors

GOOD_BAUD = 460_800  # from which on nothing is said of the line

__all__ = ["ADVICE", "Advice", "Diagnosis", "Finding", "Trouble", "Wire", "diagnose"]

CAUSES = {
    Cause.NOTHING: Trouble.SILENT,
    Cause.ECHO: Trouble.ECHO,
    Cause.DEAF: Trouble.DEAF,
    Cause.FLASH_BOOT: Trouble.GPIO0,
    Cause.BOOT: Trouble.GPIO0,
    Cause.STRAPS: Trouble.STRAPS,
    Cause.TEXT: Trouble.PROGRAM,
    Cause.NOISE: Trouble.RATE,
    Cause.MEANINGLESS: Trouble.RATE,
    Cause.RESTARTED: Trouble.SUPPLY,
    Cause.STOPPED: Trouble.SUPPLY,
    Cause.DAMAGED: Trouble.RATE,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found."""

    check: str
    good: bool
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found, and what is wrong, if anything is."""

    findings: tuple[Finding, ...]
    trouble: Trouble | None

    @property
    def advice(self) -> Advice | None:
        """What to do."""
        return ADVICE[self.trouble] if self.trouble is not None else None


class _Stop(Exception):  # no error: the end of the examination
    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble


def diagnose(
    port: str,
    *,
    baud: int = DEFAULT_BAUD,
    wait_s: float = 0.0,
    ask: AskCallback | None = None,
    power_test: bool = False,
    told: Callable[[Finding], None] = lambda finding: None,
) -> Diagnosis:
    """Examine the board at `port`; tell of each check as it ends.

    `port`, `baud`, `wait_s` and `ask` are those of `connect`. With `power_test` a sector that is blank
    already is erased, which takes the most current that anything takes. `told` is given each finding.
    """
    examination = _Examination(told)
    try:
        examination.run(port, baud, Waiting(wait_s, ask), power_test=power_test)
        trouble = examination.trouble
    except _Stop as stop:
        trouble = stop.trouble
    return Diagnosis(tuple(examination.findings), trouble)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether somebody can power the board again."""

    wait_s: float
    ask: AskCallback | None


@dataclass(slots=True)
class _Examination:
    told: Callable[[Finding], None]
    findings: list[Finding] = field(default_factory=list)
    trouble: Trouble | None = None  # that does not end it

    def run(self, port: str, baud: int, waiting: Waiting, *, power_test: bool) -> None:
        with self._connected(port, baud, waiting) as device:
            self._good(
                "chip", f"{device.chip.name}, MAC {device.chip.mac}, crystal {device.chip.crystal_mhz} MHz"
            )
            self._flash(device)
            self._protection(device)
        self._stub(port, baud, waiting, power_test=power_test)

    def _connected(self, port: str, baud: int, waiting: Waiting) -> Device:
        try:
            device = connect(
                port, baud=baud, loader="rom", after="no-reset", wait_s=waiting.wait_s, ask=waiting.ask
            )
        except PortError as exc:
            self._bad("port", str(exc))
            raise _Stop(Trouble.PORT) from exc
        except NoResponse as exc:
            self._good("port", f"{port} opens")
            self._bad("loader", str(exc))
            raise _Stop(_trouble(exc)) from exc
        except ProtocolError as exc:
            self._good("port", f"{port} opens")
            self._bad("loader", str(exc))
            raise _Stop(Trouble.OTHER_CHIP) from exc
        self._good("port", f"{port} opens")
        self._good("loader", f"the chip's loader answers at {device.baud} baud")
        return device

    def _flash(self, device: Device) -> None:
        try:
            flash = device.flash()
        except NoResponse as exc:
            self._bad("flash", str(exc))
            raise _Stop(_trouble(exc)) from exc
        except EspromError as exc:
            self._bad("flash", str(exc))
            low, high = ("always low" in str(exc)), ("always high" in str(exc))
            raise _Stop(Trouble.FLASH_LOW if low else Trouble.FLASH_HIGH if high else Trouble.FLASH) from exc
        part = f"{flash.manufacturer} {flash.part or 'flash'}"
        self._good("flash", f"{part}, id {flash.jedec_id:06x}, {flash.size // 1024} KiB")

    def _protection(self, device: Device) -> None:
        try:
            device.check_protection()
        except FlashProtected as exc:
            self._bad("protection", str(exc))
            self.trouble = Trouble.PROTECTED
        except EspromError as exc:
            self._bad("protection", str(exc))
            raise _Stop(_trouble(exc)) from exc
        else:
            self._good("protection", "the flash can be written")

    def _stub(self, port: str, baud: int, waiting: Waiting, *, power_test: bool) -> None:
        try:
            device = connect(port, baud=baud, loader="stub", wait_s=waiting.wait_s, ask=waiting.ask)
        except Distrusted as exc:
            self._good("stub", f"does without: {exc}")
            return
        except EspromError as exc:
            self._bad("stub", str(exc))
            raise _Stop(_trouble(exc)) from exc
        with device:
            stub = device._nor.stub
            assert stub is not None  # it was asked for
            try:
                rates.highest(stub.session)
            except EspromError as exc:
                self._bad("line", str(exc))
                raise _Stop(_trouble(exc)) from exc
            if device.baud < GOOD_BAUD:
                self.trouble = Trouble.LINE
                self._bad("line", f"no rate above {device.baud} baud carries everything")
            else:
                most = "" if device.baud == rates.RATES[0] else ", and not at more"
                self._good("line", f"carries everything at {device.baud} baud{most}")
            if self.trouble is Trouble.PROTECTED:
                self._good("supply", "not tried: the flash is protected")
            elif power_test:
                self._supply(device)
            else:
                self._good("supply", "not tried: --power-test erases a sector that is blank already")

    def _supply(self, device: Device) -> None:
        try:
            stub = device._nor.stub
            assert stub is not None  # it was asked for
            blank = next(blank_sectors(stub, device.flash().size), None)
            if blank is None:
                self._good("supply", "not tried: no sector is blank")
                return
            device.erase_region(blank, SECTOR)
        except EspromError as exc:
            self._bad("supply", str(exc))
            lost = isinstance(exc, NoResponse | ProtocolError)  # contact, in the middle of an erase
            raise _Stop(Trouble.SUPPLY if lost else Trouble.FLASH) from exc
        self._good("supply", f"stands erasing a sector (the blank one at 0x{blank:x})")

    def _good(self, check: str, text: str) -> None:
        self._tell(Finding(check, good=True, text=text))

    def _bad(self, check: str, text: str) -> None:
        self._tell(Finding(check, good=False, text=text))

    def _tell(self, finding: Finding) -> None:
        self.findings.append(finding)
        self.told(finding)


def _trouble(exc: EspromError) -> Trouble:
    cause = getattr(exc, "cause", "")
    return CAUSES[silence.Cause(cause)] if cause else Trouble.RATE

# SPDX-License-Identifier: Apache-2.0
"""From "nothing answers" to a working connection: one check after another, up to the first that fails.

Nothing is changed on the board, with one exception that has to be asked for: the supply is tried by erasing a
sector that is blank already. Its voltage cannot be asked for: the chip can measure that only with its radio
set up, by the vendor's library. The crystal is measured by the loader (autobaud), and compared with what the
radio's init data in the flash is made for; Arduino's firmware has that in the program, where it is not found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from esprom.chip import INIT_DATA_SIZE, made_for_crystal_mhz
from esprom.device import Device, connect
from esprom.doctor.advice import ADVICE, Advice, Trouble
from esprom.doctor.wiring import Wire
from esprom.errors import EspromError, FlashProtected, NoResponse, PortError, ProtocolError
from esprom.flash.geometry import SECTOR
from esprom.flash.regions import identity
from esprom.image.header import stated_sizes
from esprom.image.program import images, is_arduino
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


REMARKS = {Trouble.LINE, Trouble.PROTECTED, Trouble.CRYSTAL}  # with which a board can be used
NO_PORT = {Trouble.NO_PORT, Trouble.PORT}
NO_FLASH = {Trouble.FLASH, Trouble.FLASH_LOW, Trouble.FLASH_HIGH}  # answers, and its flash cannot be used


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
    def works(self) -> bool:
        """Whether a connection came about that commands can use."""
        return self.trouble is None or self.trouble in REMARKS

    @property
    def exit_code(self) -> int:
        """What a command ends with that meets this: of the table in `esprom.errors`; 0 where it works."""
        if self.works:
            return 0
        if self.trouble in NO_PORT:
            return PortError.exit_code
        return EspromError.exit_code if self.trouble in NO_FLASH else NoResponse.exit_code

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
            self._crystal(device)
        self._stub(port, baud, waiting, power_test=power_test)

    def _connected(self, port: str, baud: int, waiting: Waiting) -> Device:
        try:
            device = connect(
                port, baud=baud, loader="rom", after="no-reset", wait_s=waiting.wait_s, ask=waiting.ask
            )
        except PortError as exc:
            raise self._ended("port", exc, Trouble.PORT) from exc
        except EspromError as exc:
            self._good("port", f"{port} opens")
            other = isinstance(exc, ProtocolError)
            raise self._ended("loader", exc, Trouble.OTHER_CHIP if other else _trouble(exc)) from exc
        self._good("port", f"{port} opens")
        self._good("loader", f"the chip's loader answers at {device.baud} baud")
        return device

    def _flash(self, device: Device) -> None:
        try:
            flash = device.flash()
        except EspromError as exc:
            raise self._ended("flash", exc, _flash_trouble(exc)) from exc
        part = f"{flash.manufacturer} {flash.part or 'flash'}"
        self._good("flash", f"{part}, id {flash.jedec_id:06x}, {flash.size // 1024} KiB")

    def _protection(self, device: Device) -> None:
        try:
            device.check_protection()
        except FlashProtected as exc:
            self._bad("protection", str(exc))
            self.trouble = Trouble.PROTECTED
        except EspromError as exc:
            raise self._ended("protection", exc, _trouble(exc)) from exc
        else:
            self._good("protection", "the flash can be written")

    def _crystal(self, device: Device) -> None:
        try:
            made_for = _made_for_crystal_mhz(device)
        except EspromError as exc:
            raise self._ended("crystal", exc, _trouble(exc)) from exc
        measured = device.chip.crystal_mhz
        if made_for is None:
            self._good("crystal", f"{measured} MHz; no init data in the flash tells what firmware expects")
        elif made_for == measured:
            self._good("crystal", f"{measured} MHz, which the init data in the flash is made for")
        else:
            self._bad("crystal", f"{measured} MHz, and the init data in the flash is made for {made_for} MHz")
            self.trouble = self.trouble or Trouble.CRYSTAL

    def _stub(self, port: str, baud: int, waiting: Waiting, *, power_test: bool) -> None:
        try:
            device = connect(port, baud=baud, loader="stub", wait_s=waiting.wait_s, ask=waiting.ask)
        except Distrusted as exc:
            self._good("stub", f"does without: {exc}")
            return
        except EspromError as exc:
            raise self._ended("stub", exc, _trouble(exc)) from exc
        with device:
            self._line(device)
            if self.trouble is Trouble.PROTECTED:
                self._good("supply", "not tried: the flash is protected")
            elif power_test:
                self._supply(device)
            else:
                self._good("supply", "not tried: --power-test erases a sector that is blank already")

    def _line(self, device: Device) -> None:
        stub = device._nor.stub
        assert stub is not None  # it was asked for
        try:
            rates.highest(stub.session)
        except EspromError as exc:
            raise self._ended("line", exc, _trouble(exc)) from exc
        if device.baud < GOOD_BAUD:
            self.trouble = self.trouble or Trouble.LINE
            self._bad("line", f"no rate above {device.baud} baud carries everything")
        else:
            most = "" if device.baud == rates.RATES[0] else ", and not at more"
            self._good("line", f"carries everything at {device.baud} baud{most}")

    def _supply(self, device: Device) -> None:
        stub = device._nor.stub
        assert stub is not None  # it was asked for
        try:
            blank = next(blank_sectors(stub, device.flash().size), None)
            if blank is not None:
                device.erase_region(blank, SECTOR)
        except EspromError as exc:
            lost = isinstance(exc, NoResponse | ProtocolError)  # contact, in the middle of an erase
            raise self._ended("supply", exc, Trouble.SUPPLY if lost else Trouble.FLASH) from exc
        if blank is None:
            self._good("supply", "not tried: no sector is blank")
        else:
            self._good("supply", f"stands erasing a sector (the blank one at 0x{blank:x})")

    def _ended(self, check: str, exc: EspromError, trouble: Trouble) -> _Stop:
        """Tell what a check has failed with; return what ends the examination."""
        self._bad(check, str(exc))
        return _Stop(trouble)

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


def _made_for_crystal_mhz(device: Device) -> int | None:
    first, size = device.read_flash(0, SECTOR), device.flash().size
    if is_arduino(tuple(images(first))):
        return None
    for stated in stated_sizes(first) or (size,):
        _, init_data, _ = identity(min(stated, size))
        crystal = made_for_crystal_mhz(device.read_flash(init_data.offset, INIT_DATA_SIZE))
        if crystal is not None:
            return crystal
    return None


def _flash_trouble(exc: EspromError) -> Trouble:
    if isinstance(exc, NoResponse):
        return _trouble(exc)
    levels = {"always low": Trouble.FLASH_LOW, "always high": Trouble.FLASH_HIGH}
    return next((trouble for level, trouble in levels.items() if level in str(exc)), Trouble.FLASH)

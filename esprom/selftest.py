# SPDX-License-Identifier: Apache-2.0
"""Safe checks of a real board, beside a virtual one, as a report that somebody can send in (STUB-14).

Nothing is written to the flash. The report has no MAC, no serial number, and none of the flash's content:
where content is compared, it says whether it agreed.
"""

import hashlib
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from esprom._version import __version__
from esprom.device import Device, connect
from esprom.errors import EspromError
from esprom.flash.geometry import SECTOR
from esprom.loader.spi import BUFFER
from esprom.loader.stub import StubLoader
from esprom.port.listing import ports
from esprom.protocol import packets
from esprom.protocol.packets import Command
from esprom.stub import image

FORMAT = 1
VIRTUAL = "sim://esp12"
ROM_WORDS = (0x40000080, 0x40001000)  # the reset vector, and an instruction that no other chip has there
BAUDS = (115200, 230400, 460800, 921600, 1_500_000, 2_000_000)
ROUND_TRIPS = 9
STREAMED = 0x10000  # bytes
PATTERN = bytes(range(256)) * 8


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
    baud: int
    checks: tuple[SelftestCheck, ...]
    differences: tuple[str, ...]  # names of the checks in which a virtual board finds something else

    def facts(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return asdict(self)


def selftest(
    port: str, baud: int = 115200, told: Callable[[SelftestCheck], None] = lambda check: None
) -> SelftestReport:
    """Do all checks on the board at `port`, then on a virtual one; tell of each as it ends.

    Raises:
        EspromError: no loader answers there, so there is nothing to check.
    """
    checks = []
    for check in _checks(port, baud):
        told(check)
        checks.append(check)
    expected = {check.name: check.found for check in _checks(VIRTUAL, baud)}
    return SelftestReport(
        format=FORMAT,
        esprom=__version__,
        stub_sha256=image().sha256,
        python=platform.python_version(),
        pyserial=version("pyserial"),
        system=f"{platform.system()} {platform.release()} {platform.machine()} ({sys.platform})",
        adapter=_adapter(port),
        baud=baud,
        checks=tuple(checks),
        differences=tuple(check.name for check in checks if check.found != expected.get(check.name)),
    )


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


def _checks(port: str, baud: int) -> Iterator[SelftestCheck]:
    with connect(port, baud=baud, loader="rom", after="no-reset") as device:
        for name, job in ROM_CHECKS.items():
            yield _done(device, name, job)
    with connect(port, baud=baud, loader="stub") as device:
        for name, job in STUB_CHECKS.items():
            yield _done(device, name, job)


def _done(device: Device, name: str, job: Callable[[Device], tuple[str, str]]) -> SelftestCheck:
    clock = device._rom.session.port.clock
    began = clock.now()
    try:
        found, measured = job(device)
    except EspromError as exc:
        found, measured = f"failed: {exc}", ""
    return SelftestCheck(name, found, round(clock.now() - began, 4), measured)


def _rom_words(device: Device) -> tuple[str, str]:
    return " ".join(f"{device.read_reg(address):08x}" for address in ROM_WORDS), ""


def _crystal(device: Device) -> tuple[str, str]:
    return f"{device.chip.crystal_mhz} MHz", f"divisor {device.read_reg(0x60000014) & 0xFFFFF}"


def _round_trip(device: Device) -> tuple[str, str]:
    clock = device._rom.session.port.clock
    times = []
    for _ in range(ROUND_TRIPS):
        began = clock.now()
        device.read_reg(ROM_WORDS[0])
        times.append(clock.now() - began)
    return "answers", f"{1000 * statistics.median(times):.2f} ms"


def _flash(device: Device) -> tuple[str, str]:
    return "answers", f"id {device.flash().jedec_id:06x}, {device.flash().size} bytes"


def _stub(device: Device) -> StubLoader:
    stub = device._nor.stub
    assert stub is not None  # who asked for it has it
    return stub


def _info(device: Device) -> tuple[str, str]:
    info = _stub(device).info()
    return f"version {info.version}", f"divisor {info.divisor}, overflows {info.overflows}"


def _rates(device: Device) -> tuple[str, str]:
    stub, good = _stub(device), []
    used = device.baud
    for baud in BAUDS:
        stub.change_baud(baud)
        if all(stub.echo(PATTERN) == PATTERN for _ in range(4)):
            good.append(baud)
    stub.change_baud(used)
    return f"carried {len(good)} of {len(BAUDS)}", ", ".join(map(str, good))


def _sectors(device: Device) -> tuple[str, str]:
    stub, size = _stub(device), device.flash().size
    agreed = 0
    for offset in (0, size // 2, size - SECTOR):
        (digest,) = stub.digests(offset, SECTOR, SECTOR)
        pieces = [range(at, at + BUFFER) for at in range(offset, offset + SECTOR, BUFFER)]
        agreed += hashlib.md5(b"".join(device._nor.read(pieces))).digest() == digest
    return f"{agreed} of 3 sectors read the same through the registers", ""


def _streamed(device: Device) -> tuple[str, str]:
    clock, size = device._rom.session.port.clock, min(STREAMED, device.flash().size)
    began = clock.now()
    data = device.read_flash(0, size)
    took = clock.now() - began
    response = device._rom.session.command(Command.SPI_FLASH_MD5, packets.FlashMd5(0, size))
    same = response.body[:16] == hashlib.md5(data).digest()
    overflows = _stub(device).info().overflows
    return f"digest {'agrees' if same else 'differs'}, {overflows} overflows", f"{size / took:.0f} bytes/s"


ROM_CHECKS: dict[str, Callable[[Device], tuple[str, str]]] = {
    "mask ROM": _rom_words,
    "crystal": _crystal,
    "round trip": _round_trip,
}
STUB_CHECKS: dict[str, Callable[[Device], tuple[str, str]]] = {
    "stub": _info,
    "rates": _rates,
    "flash": _flash,
    "sectors": _sectors,
    "stream": _streamed,
}

# SPDX-License-Identifier: Apache-2.0
"""The checks: each returns what it has found, which a virtual board should find too, and its figures."""

import hashlib
import statistics
from collections.abc import Callable

from esprom.device import Device
from esprom.errors import Refused, VerifyFailed
from esprom.flash.geometry import BLANK_SECTOR, SECTOR
from esprom.loader import rates
from esprom.loader.connect import CLKDIV_MASK, ROM_WORD, UART_CLKDIV
from esprom.loader.spi import BUFFER
from esprom.loader.stub import StubLoader
from esprom.protocol import own
from esprom.streamed import blank_sectors

RESET_VECTOR = 0x40000080
ROUND_TRIPS = 9
STREAMED = 0x10000  # bytes
TRIED = bytes(range(256)) * (SECTOR // 256)

Check = Callable[[Device], tuple[str, str]]


def _rom_words(device: Device) -> tuple[str, str]:
    return " ".join(f"{device.read_reg(address):08x}" for address in (RESET_VECTOR, ROM_WORD)), ""


def _crystal(device: Device) -> tuple[str, str]:
    return f"{device.chip.crystal_mhz} MHz", f"divisor {device.read_reg(UART_CLKDIV) & CLKDIV_MASK}"


def _round_trip(device: Device) -> tuple[str, str]:
    clock = device._rom.session.port.clock
    times = []
    for _ in range(ROUND_TRIPS):
        began = clock.now()
        device.read_reg(ROM_WORD)
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
    session, used = _stub(device).session, device.baud
    good = []
    for baud in sorted(rates.RATES):
        if rates.change(session, baud) and rates.carries(session, rates.LONG, rates.LONG_ONES):
            good.append(baud)
        rates.go_back(session, used)
    return f"carried {len(good)} of {len(rates.RATES)}", ", ".join(map(str, good))


def _sectors(device: Device) -> tuple[str, str]:
    stub, size = _stub(device), device.flash().size
    agreed = 0
    for offset in (0, size // 2, size - SECTOR):
        (digest,) = stub.digests(offset, SECTOR, SECTOR)
        agreed += hashlib.md5(_by_registers(device, offset)).digest() == digest
    return f"{agreed} of 3 sectors read the same through the registers", ""


def _streamed(device: Device) -> tuple[str, str]:
    clock, size = device._rom.session.port.clock, min(STREAMED, device.flash().size)
    began = clock.now()
    data = device.read_flash(0, size)
    took = clock.now() - began
    same = _stub(device).md5(0, size) == hashlib.md5(data).digest()
    overflows = _stub(device).info().overflows
    return f"digest {'agrees' if same else 'differs'}, {overflows} overflows", f"{size / took:.0f} bytes/s"


def _written(device: Device) -> tuple[str, str]:
    """Program a sector that is blank, and erase it again; look at it by the registers each time."""
    stub, clock = _stub(device), device._rom.session.port.clock
    offset = next(blank_sectors(stub, device.flash().size), None)
    if offset is None:
        raise Refused("no sector is blank, and what others hold is not put at risk")
    began = clock.now()
    try:
        (programmed,) = stub.carry_out([own.Put(offset, *own.pack(TRIED))])
        between = clock.now()
        seen = _by_registers(device, offset)
    finally:  # whatever fails, it is not left there
        erasing = clock.now()
        stub.erase(offset, SECTOR)
        erased = clock.now()
    if seen != TRIED:
        raise VerifyFailed("what was programmed is not what the registers give", address=offset)
    if _by_registers(device, offset) != BLANK_SECTOR:
        raise VerifyFailed("the sector is not blank after it was erased", address=offset)
    figures = f"at 0x{offset:x}: {1000 * (between - began):.0f} ms and {1000 * (erased - erasing):.0f} ms"
    return f"{programmed.done.name.lower()}, erased, blank again", figures


def _by_registers(device: Device, offset: int) -> bytes:
    pieces = [range(at, at + BUFFER) for at in range(offset, offset + SECTOR, BUFFER)]
    return b"".join(device._nor.read(pieces))


ROM_CHECKS: dict[str, Check] = {
    "mask ROM": _rom_words,
    "crystal": _crystal,
    "round trip": _round_trip,
}
STUB_CHECKS: dict[str, Check] = {
    "stub": _info,
    "rates": _rates,
    "flash": _flash,
    "sectors": _sectors,
    "stream": _streamed,
}
DESTRUCTIVE_CHECKS: dict[str, Check] = {
    "written": _written,
}

# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.port.adapters import ADAPTERS, known
from esprom.port.hindrances import PROGRAMS, Facts, hindrances, without_driver

CH340, FT232R, PL2303 = (0x1A86, 0x7523), (0x0403, 0x6001), (0x067B, 0x2303)


def linux(ids: tuple[int, int] | None = CH340, **facts: object) -> Facts:
    return _facts("linux", "/dev/ttyUSB0", ids, facts)


def mac(device: str = "/dev/cu.usbserial-10", **facts: object) -> Facts:
    return _facts("darwin", device, CH340, facts)


def windows(ids: tuple[int, int] = CH340, **facts: object) -> Facts:
    return _facts("win32", "COM5", ids, facts)


def _facts(system: str, device: str, ids: tuple[int, int] | None, facts: dict[str, object]) -> Facts:
    vid, pid = ids or (None, None)
    return Facts(system, device, vid=vid, pid=pid, **facts)  # type: ignore[arg-type]


MM, BRLTTY = frozenset({"ModemManager"}), frozenset({"brltty"})

TABLE = [
    ("all well", linux(usable=True, group="dialout", latency_ms=1), {}),
    ("nothing known", linux(), {}),
    ("dialout", linux(usable=False, group="dialout"), {"permission": "usermod -a -G dialout $USER"}),
    ("uucp", linux(usable=False, group="uucp"), {"permission": "usermod -a -G uucp $USER"}),
    ("login", linux(usable=False, group="dialout", enrolled=True), {"permission": "log out and in again"}),
    ("root's", linux(usable=False, group="root"), {"permission": "you may not read and write it"}),
    ("modem", linux(programs=MM), {"modemmanager": "systemctl stop ModemManager"}),
    ("modem, but no USB", linux(None, programs=MM), {}),
    ("braille", linux(programs=BRLTTY), {"brltty": "apt remove brltty"}),
    ("braille, another adapter", linux(PL2303, programs=BRLTTY), {}),
    ("slow", linux(FT232R, latency_ms=16), {"latency": "tee /sys/bus/usb-serial/devices/ttyUSB0/latency_"}),
    (
        "all at once",
        linux(FT232R, usable=False, group="dialout", programs=PROGRAMS, latency_ms=16),
        {"permission": "dialout", "brltty": "brltty", "modemmanager": "ModemManager", "latency": "16 ms"},
    ),
    ("mac", mac(usable=True, group="wheel", programs=PROGRAMS), {}),
    ("mac, incoming", mac("/dev/tty.usbserial-10"), {"tty": "use /dev/cu.usbserial-10"}),
    ("mac, forbidden", mac(usable=False, group="wheel"), {"permission": "you may not read and write it"}),
    ("windows", windows(description="USB-SERIAL CH340 (COM5)", programs=PROGRAMS), {}),
    (
        "windows, old PL2303",
        windows(PL2303, description="PL2303HXA PHASED OUT SINCE 2012"),
        {"driver": "older"},
    ),
    ("windows, PL2303", windows(PL2303, description="Prolific USB-to-Serial (COM5)"), {}),
    ("linux, PL2303", linux(PL2303, description="PL2303HXA PHASED OUT SINCE 2012"), {}),
]


@pytest.mark.parametrize(("facts", "said"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_stands_in_the_way(facts: Facts, said: dict[str, str]) -> None:
    found = hindrances(facts)
    assert [hindrance.kind for hindrance in found] == list(said)
    for hindrance in found:
        assert said[hindrance.kind] in hindrance.text
        assert "\n" not in hindrance.text


@pytest.mark.parametrize(
    ("ids", "programs", "kind", "said"),
    [
        (CH340, BRLTTY, "brltty", "apt remove brltty"),
        (CH340, MM, "driver", "modprobe ch341"),
        (PL2303, BRLTTY, "driver", "modprobe pl2303"),
    ],
)
def test_an_adapter_without_a_port(
    ids: tuple[int, int], programs: frozenset[str], kind: str, said: str
) -> None:
    adapter = known(*ids)
    assert adapter is not None
    hindrance = without_driver(adapter, programs)
    assert hindrance.kind == kind
    assert said in hindrance.text


@pytest.mark.parametrize(
    ("vid", "pid", "name"),
    [
        (0x0403, 0x6001, "FTDI FT232R"),
        (0x1A86, 0x7523, "CH340"),
        (0x1A86, 0x5523, "CH341"),
        (0x10C4, 0xEA60, "CP210x"),
        (0x067B, 0x2303, "PL2303"),
        (0x2341, 0x0043, None),  # an Arduino Uno
        (None, None, None),
    ],
)
def test_adapters(vid: int | None, pid: int | None, name: str | None) -> None:
    adapter = known(vid, pid)
    assert (adapter.name if adapter else None) == name


def test_no_two_adapters_have_the_same_numbers() -> None:
    assert len({(adapter.vid, adapter.pid) for adapter in ADAPTERS}) == len(ADAPTERS)

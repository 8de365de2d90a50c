# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import esprom

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run

CH340 = esprom.PortInfo("/dev/ttyUSB0", "USB Serial", "USB", 0x1A86, 0x7523, None, "CH340")
CP210X = esprom.PortInfo("/dev/ttyUSB1", "CP2102", "USB", 0x10C4, 0xEA60, None, "CP210x")
ARDUINO = esprom.PortInfo("/dev/ttyACM0", "Arduino Uno", "USB", 0x2341, 0x0043, None)
BUILT_IN = esprom.PortInfo("/dev/ttyS0", "ttyS0", "n/a", None, None, None)


def there_are(monkeypatch: pytest.MonkeyPatch, *ports: esprom.PortInfo) -> None:
    monkeypatch.setattr(esprom, "ports", lambda: ports)


def test_the_only_likely_port_is_used_and_named(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    there_are(monkeypatch, CH340, ARDUINO, BUILT_IN)
    ran = run("read-mac", port=False)
    assert ran.code == 0
    assert ran.err.startswith("using /dev/ttyUSB0 (CH340)\n")
    assert device.log[0][:2] == ("connect", "/dev/ttyUSB0")
    assert json.loads(run("read-mac", "--json", port=False).out)["ok"]


def test_a_port_that_is_named_counts_more(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    there_are(monkeypatch, CH340)
    assert "using" not in run("read-mac").err
    monkeypatch.setenv("ESPROM_PORT", "/dev/ttyS9")
    run("read-mac", port=False)
    assert [entry[1] for entry in device.log if entry[0] == "connect"] == ["fake", "/dev/ttyS9"]


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ((), "no adapter that boards have is plugged in: add --port PORT"),
        ((ARDUINO, BUILT_IN), "is plugged in (there are /dev/ttyACM0, /dev/ttyS0): add --port PORT"),
        ((CH340, CP210X, BUILT_IN), "may be on any of /dev/ttyUSB0 (CH340), /dev/ttyUSB1 (CP210x): add"),
    ],
    ids=["none", "none likely", "several"],
)
def test_else_the_error_lists_them(
    run: Run,
    device: FakeDevice,
    monkeypatch: pytest.MonkeyPatch,
    ports: tuple[esprom.PortInfo, ...],
    said: str,
) -> None:
    there_are(monkeypatch, *ports)
    ran = run("erase-flash", port=False)
    assert (ran.code, ran.out, device.log) == (2, "", [])
    assert said in ran.err
    assert ran.err.count("\n") == 1

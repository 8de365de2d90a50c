# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import esprom
from esprom.errors import NoResponse

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeDevice, Run

CH340 = esprom.PortInfo("/dev/ttyUSB0", "USB Serial", "USB", 0x1A86, 0x7523, None, "CH340")
CP210X = esprom.PortInfo("/dev/ttyUSB1", "CP2102", "USB", 0x10C4, 0xEA60, None, "CP210x")
ARDUINO = esprom.PortInfo("/dev/ttyACM0", "Arduino Uno", "USB", 0x2341, 0x0043, None)
WITH_SERIAL = esprom.PortInfo("/dev/ttyUSB7", "UART", "USB", 1, 2, "A50285BI")
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


def test_several_are_tried_until_a_chip_answers(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    there_are(monkeypatch, CH340, CP210X, BUILT_IN)
    connect = esprom.connect
    deaf = NoResponse("nobody is there", asked="SYNC", waited_s=1.0)

    def second(port: str, **options: Any) -> Any:
        assert options["wait_s"] == 0.0
        if port == CH340.device:
            raise deaf
        return connect(port, **options)

    monkeypatch.setattr(esprom, "connect", second)
    ran = run("read-mac", port=False)
    assert ran.code == 0
    assert "/dev/ttyUSB0 (CH340): nobody is there\ntrying /dev/ttyUSB1 (CP210x)\n" in ran.err
    there_are(monkeypatch, CH340, CH340)
    ran = run("read-mac", port=False)
    assert (ran.code, ran.out) == (4, "")
    assert "nobody is there; tried /dev/ttyUSB0 (CH340), /dev/ttyUSB0 (CH340); --port names" in ran.err


@pytest.mark.parametrize(("option", "value"), [("--wait", "5"), ("--power-command", "true")])
def test_who_powers_a_board_says_which(
    run: Run, device: FakeDevice, monkeypatch: pytest.MonkeyPatch, option: str, value: str
) -> None:
    there_are(monkeypatch, CH340, CP210X)
    ran = run("read-mac", option, value, port=False)
    assert (ran.code, device.log) == (2, [])
    assert f"or set ESPROM_PORT; {option} is for one board" in ran.err
    assert run("read-mac", "--wait", "0", port=False).code == 0
    assert run("read-mac", option, value, "--port-filter", "vid=0x1a86", port=False).code == 0


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (["vid=0x10c4"], CP210X),
        (["pid=29987"], CH340),
        (["name=ACM"], ARDUINO),
        (["name=cp2102", "vid=0x10C4"], CP210X),
        (["serial=a5"], WITH_SERIAL),
    ],
)
def test_filters_choose_also_what_is_not_likely(
    run: Run,
    device: FakeDevice,
    monkeypatch: pytest.MonkeyPatch,
    filters: list[str],
    chosen: esprom.PortInfo,
) -> None:
    there_are(monkeypatch, CH340, CP210X, ARDUINO, BUILT_IN, WITH_SERIAL)
    words = [word for one in filters for word in ("--port-filter", one)]
    assert run(*words, "read-mac", port=False).code == 0
    assert device.log[0][1] == chosen.device


@pytest.mark.parametrize("condition", ["colour=red", "vid=red", "vid", "name="])
def test_a_filter_that_is_none_is_refused(run: Run, condition: str) -> None:
    assert run("--port-filter", condition, "read-mac", port=False).code == 2


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ((), "no adapter that boards have is plugged in: add --port PORT"),
        ((ARDUINO, BUILT_IN), "is plugged in (there are /dev/ttyACM0, /dev/ttyS0): add --port PORT"),
        ((CH340, CP210X, BUILT_IN), "may be on any of /dev/ttyUSB0 (CH340), /dev/ttyUSB1 (CP210x): add"),
    ],
    ids=["none", "none likely", "several, and it changes the board"],
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

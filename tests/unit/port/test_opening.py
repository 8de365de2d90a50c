# SPDX-License-Identifier: Apache-2.0
"""What is done with a device once it is open: low latency, never a reason to fail; a warning on a Mac."""

import logging
import sys
from typing import Any

import pytest
import serial

from esprom.errors import PortError
from esprom.port import open_port


class Handle:
    """An opened port that answers `set_low_latency_mode` as some systems do."""

    cts = False
    baudrate = 115200

    def __init__(self, refusal: Exception | None = None) -> None:
        self.asked: list[bool] = []
        self._refusal = refusal

    def set_low_latency_mode(self, wanted: bool) -> None:
        self.asked.append(wanted)
        if self._refusal is not None:
            raise self._refusal


class Bare:
    """Pyserial on Windows: there is no such method."""

    cts = False
    baudrate = 115200


def opens(monkeypatch: pytest.MonkeyPatch, handle: Any) -> None:
    monkeypatch.setattr(serial, "serial_for_url", lambda *_, **__: handle)


def test_a_device_is_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opens(monkeypatch, handle := Handle())
    open_port("/dev/ttyUSB0")
    assert handle.asked == [True]


def test_a_url_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    opens(monkeypatch, handle := Handle())
    open_port("rfc2217://host:2217")
    assert handle.asked == []


@pytest.mark.parametrize(
    "handle",
    [
        Handle(ValueError("Failed to update ASYNC_LOW_LATENCY flag")),
        Handle(NotImplementedError("Low latency not supported on this platform")),
        Handle(OSError("Inappropriate ioctl for device")),
        Bare(),
    ],
    ids=["driver", "system", "ioctl", "no such method"],
)
def test_what_does_not_offer_it_is_opened_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, handle: Any
) -> None:
    opens(monkeypatch, handle)
    with caplog.at_level(logging.DEBUG, "esprom.port"):
        assert open_port("/dev/ttyUSB0").name == "/dev/ttyUSB0"
    assert [record.levelno for record in caplog.records] == [logging.DEBUG]
    assert "no low latency mode" in caplog.text


@pytest.mark.parametrize(
    ("system", "device", "warned"),
    [
        ("darwin", "/dev/tty.usbserial-1", "use /dev/cu.usbserial-1"),
        ("darwin", "/dev/cu.usbserial-1", ""),
        ("linux", "/dev/tty.usbserial-1", ""),
    ],
)
def test_the_wrong_one_of_the_two_names_on_a_mac(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    system: str,
    device: str,
    warned: str,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    opens(monkeypatch, Handle())
    open_port(device)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * bool(warned)
    assert warned in caplog.text


@pytest.mark.parametrize("baud", [1, 299, 12_000_001, 99_999_999])
def test_a_rate_that_no_adapter_has_is_told_as_such(baud: int) -> None:
    with pytest.raises(PortError, match=f"no adapter carries {baud} baud"):
        open_port("sim://esp01", baud)


@pytest.mark.parametrize("baud", [300, 12_000_000])
def test_the_first_and_the_last_rate_that_one_has(baud: int) -> None:
    assert open_port("sim://esp01", baud).baud == baud

# SPDX-License-Identifier: Apache-2.0
"""How long proxy and replay serve."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import esprom
from esprom.errors import Cancelled, RecordingDiffers

DOORS = esprom.WireDoors(tcp=0)


@dataclass
class Command:
    """One that has ended, or runs on."""

    code: int | None

    def poll(self) -> int | None:
        return self.code


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "a.pcapng"
    with esprom.WireCapture(file) as capture, capture.ports():
        esprom.connect("sim://esp01").close()
    return file


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[esprom.WireProxy]:
    with (
        esprom.WireCapture(tmp_path / "b.pcapng") as capture,
        esprom.WireProxy("sim://esp01", capture, DOORS) as served,
    ):
        yield served


@pytest.fixture
def replay(recording: Path) -> Iterator[esprom.WireReplay]:
    with esprom.WireReplay(esprom.wire_log(recording.read_bytes()), DOORS) as served:
        yield served


def third_time() -> Iterator[bool]:
    yield from (False, False, True)


def test_a_proxy_ends_with_its_command(proxy: esprom.WireProxy) -> None:
    assert proxy.run(Command(3), cancel=lambda: False) == 3
    assert proxy.run(Command(0)) == 0


@pytest.mark.parametrize("command", [None, Command(None)], ids=["none", "runs on"])
def test_a_proxy_and_a_replay_end_when_told_to(
    proxy: esprom.WireProxy, replay: esprom.WireReplay, command: Command | None
) -> None:
    for served in (proxy, replay):
        with pytest.raises(Cancelled, match="interrupted"):
            served.run(command, cancel=third_time().__next__)


@pytest.mark.parametrize("code", [0, -2])
def test_a_command_that_ctrl_c_has_ended_too_is_no_result(
    proxy: esprom.WireProxy, replay: esprom.WireReplay, code: int
) -> None:
    for served in (proxy, replay):
        with pytest.raises(Cancelled, match="interrupted"):
            served.run(Command(code), cancel=lambda: True)


def test_a_command_that_says_nothing_differs(replay: esprom.WireReplay) -> None:
    with pytest.raises(RecordingDiffers, match="message 1 of"):
        replay.run(Command(0), cancel=lambda: False)

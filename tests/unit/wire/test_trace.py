# SPDX-License-Identifier: Apache-2.0
"""`--trace`: what it prints is what a capture of the same session holds."""

import re
from pathlib import Path

import pytest

import esprom


def messages(data: bytes) -> list[esprom.WireMessage]:
    """Return what happened: what was said, and how rate and modem lines were set."""
    return [message for stream in esprom.wire_log(data).streams for message in esprom.wire_messages(stream)]


def content(message: esprom.WireMessage) -> tuple[str, str, str]:
    """Return who said what, without the time that it took, which a trace has in milliseconds."""
    return message.way, message.name, re.sub(r"[\d.]+ m?s", "TIME", message.whole_text)


@pytest.mark.spec("WIRE-13")
@pytest.mark.parametrize(
    ("board", "loader", "baud"),
    [("esp01", "rom", 115200), ("esp01", "stub", 115200), ("nodemcu", "stub", 230400)],
)
def test_the_trace_and_the_capture_of_a_session_tell_the_same(
    board: str, loader: str, baud: int, tmp_path: Path
) -> None:
    lines: list[str] = []
    capture = esprom.WireCapture(tmp_path / "a.pcapng", payload=True)
    with (
        capture,
        capture.ports(),
        esprom.WireTrace(lines.append).ports(),
        esprom.connect(f"sim://{board}", loader=loader, baud=baud) as device,
    ):
        device.read_flash(0, 0x1000)
        device.read_reg(0x3FF00050)
    traced = messages("\n".join(lines).encode())
    captured = messages((tmp_path / "a.pcapng").read_bytes())
    assert [*map(content, traced)] == [*map(content, captured)]
    assert len(traced) > 20
    late = traced[-1].at_s - traced[0].at_s - (captured[-1].at_s - captured[0].at_s)
    assert abs(late) < 0.002  # roundings do not add up


@pytest.mark.spec("WIRE-13")
def test_the_trace_is_known_to_be_ours() -> None:
    lines: list[str] = []
    with esprom.WireTrace(lines.append).ports(), esprom.connect("sim://nodemcu") as device:
        device.read_reg(0x3FF00050)
    log = esprom.wire_log("\n".join(["connecting to COM5", *lines, "MAC: 5c:cf:7f:12:34:56"]).encode())
    (stream,) = log.streams
    assert (log.source, stream.name) == ("esprom --trace", "esprom")
    notes = [event.note for event in stream.events if event.note]
    assert [note for note in notes if "esptool" in note] == []
    assert (notes[0], notes[-1]) == ("esprom: connecting to COM5", "esprom: MAC: 5c:cf:7f:12:34:56")


def test_it_ends_with_its_context() -> None:
    lines: list[str] = []
    with esprom.WireTrace(lines.append).ports():
        pass
    with esprom.connect("sim://esp01"):
        pass
    assert lines == []


def test_lines_rate_and_packets_are_told() -> None:
    lines: list[str] = []
    with esprom.WireTrace(lines.append).ports(), esprom.connect("sim://nodemcu", baud=230400, loader="stub"):
        pass
    said = "\n".join(lines)
    assert all(line.startswith("TRACE +") for line in lines)
    assert "DTR 0, RTS 1" in said  # EN low
    assert "the port goes to 230400 baud" in said
    assert "command op=0x08 data len=36 data=0707122055" in said
    assert "Write 46 bytes: c000082400000000000707122055" in said
    assert "Received full packet: 01080200" in said

# SPDX-License-Identifier: Apache-2.0
import logging
import os
import socket
import stat
from pathlib import Path

import pytest

import esprom
from esp8266sim.serve.sim import Serial
from esprom.errors import EspromError, PortError, Refused
from esprom.port import open_port
from esprom.port.recorded import RecordedPort
from esprom.protocol import packets, slip
from esprom.protocol.commands import packet
from esprom.protocol.packets import Command
from esprom.wire.events import EventType
from esprom.wire.loading import wire_log

SYNC = slip.encode(packet(Command.SYNC, packets.Sync()))


def record(capture: esprom.WireCapture) -> None:
    with capture.ports():
        open_port("sim://esp01").close()


@pytest.mark.spec("WIRE-9")
def test_a_port_that_cannot_be_opened_costs_no_older_capture(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    with esprom.WireCapture(file) as capture:
        record(capture)
    before = file.read_bytes()
    with esprom.WireCapture(file) as capture, capture.ports(), pytest.raises(PortError):
        open_port(str(tmp_path / "nothing"))
    assert file.read_bytes() == before


@pytest.mark.spec("WIRE-9")
def test_a_proxy_that_cannot_be_reached_costs_no_older_capture(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    with esprom.WireCapture(file) as capture:
        record(capture)
    before = file.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as taken, esprom.WireCapture(file) as capture:
        doors = esprom.WireDoors(tcp=taken.getsockname()[1])
        with pytest.raises(PortError, match="cannot serve"):
            esprom.WireProxy("sim://esp01", capture, doors)
        assert not capture.begun
    assert file.read_bytes() == before


@pytest.mark.spec("WIRE-9")
@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be replaced there")
def test_a_capture_that_something_else_replaces_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, other = tmp_path / "a.pcapng", tmp_path / "b"
    with esprom.WireCapture(file) as capture:
        record(capture)
        other.write_bytes(b"what the command made")
        other.replace(file)
    assert "the capture is gone" in caplog.text


@pytest.mark.spec("WIRE-9")
def test_each_record_is_in_the_file_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    capture = esprom.WireCapture(file)
    with capture.ports():
        port = open_port("sim://esp01")
    port.set_lines(dtr=True, rts=False)
    port.write(SYNC + b"\xc0\x00")
    events = wire_log(file.read_bytes()).streams[0].events
    assert [event.data for event in events if event.type is EventType.TO_CHIP] == [SYNC]
    assert [(event.dtr, event.rts) for event in events] == [(False, False), (True, False), (True, False)]
    capture.close()
    assert wire_log(file.read_bytes()).streams[0].events[-1].data == b"\xc0\x00"
    port.close()


@pytest.mark.spec("WIRE-9")
@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with esprom.WireCapture(tmp_path / "a.pcapng") as capture:
        record(capture)
        assert stat.S_IMODE((tmp_path / "a.pcapng").stat().st_mode) == 0o600


@pytest.mark.spec("WIRE-9")
def test_an_older_capture_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    for _ in range(2):
        with esprom.WireCapture(tmp_path / "a.pcapng") as capture:
            record(capture)
        assert len(wire_log((tmp_path / "a.pcapng").read_bytes()).streams) == 1
    (tmp_path / "backup.bin").write_bytes(b"\xe9 a backup")
    with pytest.raises(Refused, match="no capture"):
        esprom.WireCapture(tmp_path / "backup.bin")
    assert (tmp_path / "backup.bin").read_bytes() == b"\xe9 a backup"
    with pytest.raises(EspromError, match="cannot write"):
        esprom.WireCapture(tmp_path / "nowhere" / "a.pcapng")


@pytest.mark.spec("WIRE-9")
def test_a_full_disk_does_not_stop_what_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with esprom.WireCapture(tmp_path / "a.pcapng") as capture, capture.ports():
        monkeypatch.setattr("esprom.wire.recording.os.write", full)
        with caplog.at_level(logging.WARNING), esprom.connect("sim://esp01") as device:
            assert device.chip.name == "ESP8266EX"
    assert len([record for record in caplog.records if "ends here" in record.message]) == 1


def test_ports_opened_later_are_not_recorded(tmp_path: Path) -> None:
    with esprom.WireCapture(tmp_path / "a.pcapng") as capture:
        with capture.ports():
            inside = open_port("sim://esp01")
        outside = open_port("sim://esp01")
    assert isinstance(inside, RecordedPort)
    assert not isinstance(outside, RecordedPort)
    inside.close()
    outside.close()


@pytest.mark.spec("WIRE-1")
def test_what_is_discarded_is_recorded_all_the_same(tmp_path: Path) -> None:
    with esprom.WireCapture(tmp_path / "a.pcapng", payload=True) as capture:
        port = capture.port(open_port("sim://esp01"))
        port.set_lines(dtr=False, rts=True)
        port.set_lines(dtr=False, rts=False)
        port.clock.sleep(1.0)
        port.discard_input()
        assert port.read(0.0) == b""
        port.close()
    events = wire_log((tmp_path / "a.pcapng").read_bytes()).streams[0].events
    assert [event for event in events if event.type is EventType.FROM_CHIP]


@pytest.mark.spec("WIRE-1", "WIRE-2")
def test_a_virtual_board_is_recorded_frame_by_frame(tmp_path: Path) -> None:
    with Serial("sim://esp01", timeout=0.5) as port, esprom.WireCapture(tmp_path / "a.pcapng") as capture:
        capture.board(port.board)
        port.rts = True
        port.rts, port.dtr = False, True
        port.read(200)
        port.write(SYNC)
        port.read(200)
        before = port.clock.now()
        read = slip.encode(packet(Command.READ_REG, packets.ReadReg(0x40001000)))
        port.write(read * 3)
        assert len(port.read(3 * 12)) == 3 * 12
        took_us = (port.clock.now() - before) * 1e6
    (stream,) = wire_log((tmp_path / "a.pcapng").read_bytes()).streams
    last = [event for event in stream.events if event.type is not EventType.STATUS_CHANGE][-6:]
    assert [event.type for event in last if event.type is EventType.TO_CHIP] == [EventType.TO_CHIP] * 3
    assert last[1].type is EventType.FROM_CHIP or last[2].type is EventType.FROM_CHIP  # answered in between
    one = len(read) * 10 * 1e6 / 115200
    asked = [event.at_us for event in last if event.type is EventType.TO_CHIP]
    assert asked[1] - asked[0] == pytest.approx(one, rel=0.02)
    assert last[-1].at_us - asked[0] < took_us
    assert [(event.dtr, event.rts) for event in stream.events if event.type is EventType.STATUS_CHANGE][
        1:
    ] == [*((False, True), (False, False), (True, False))]

# SPDX-License-Identifier: Apache-2.0
"""sim:// behind pyserial's own door, as programs that know nothing of virtual boards use it."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from esp8266sim.clock import SECOND
from esp8266sim.serve import protocol_sim
from esp8266sim.trace import Kind
from tests.bench import SYNC, read_reg

REPLY = bytes.fromhex("c0010a020001c1f0ff0000c0")
LAUNCH_ESPTOOL = (
    "import serial, sys\n"
    "serial.protocol_handler_packages.append('esp8266sim.serve')\n"
    "import esptool\n"
    "esptool.main(sys.argv[1:])\n"
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [*serial.protocol_handler_packages, "esp8266sim.serve"]
    monkeypatch.setattr(serial, "protocol_handler_packages", packages)


def opened(url: str = "sim://esp01?wiring=jumper", **options: object) -> protocol_sim.Serial:
    port = serial.serial_for_url(url, **options)  # type: ignore[arg-type]
    assert isinstance(port, protocol_sim.Serial)
    return port


@pytest.fixture
def port() -> Iterator[protocol_sim.Serial]:
    with opened(baudrate=115200, timeout=0.1) as port:
        yield port


def synced(port: protocol_sim.Serial) -> protocol_sim.Serial:
    port.read(1000)
    for _ in range(2):
        port.write(SYNC)
        port.read(200)
    return port


def test_bytes_go_both_ways(port: protocol_sim.Serial) -> None:
    synced(port).write(bytearray(read_reg(0x40001000)))
    assert port.read(12) == REPLY


def test_inherited_helpers_work(port: protocol_sim.Serial) -> None:
    synced(port).write(read_reg(0x40001000))
    assert port.read_until(b"\xff\x00\x00\xc0") == REPLY


def test_opening_asserts_both_lines_which_resets_nothing(port: protocol_sim.Serial) -> None:
    assert (port.dtr, port.rts, port.link.dtr, port.link.rts) == (True, True, True, True)


def test_lines_set_before_opening_hold_when_opened() -> None:
    port = opened("sim://esp01", do_not_open=True, timeout=0.5)
    assert not port.is_open
    port.dtr = False
    port.rts = False
    port.baudrate = 74880
    port.open()
    assert (port.link.dtr, port.link.rts, port.link.baudrate) == (False, False, 74880)
    assert b"boot mode:(3,7)" in port.read(200)


def test_baud_rate_and_timeout_can_be_changed(port: protocol_sim.Serial) -> None:
    port.baudrate = 9600
    assert port.link.baudrate == 9600
    port.timeout = 2
    began = port.link.clock.now()
    port.read(1000)
    assert port.link.clock.now() - began >= 2


def test_reading_takes_virtual_time_and_hardly_any_other(port: protocol_sim.Serial) -> None:
    port.read(1000)
    port.timeout = 3600
    assert port.read(1) == b""
    assert port.link.clock.now() >= 3600


def test_the_board_lives_through_the_wall_clocks_time(
    port: protocol_sim.Serial, monkeypatch: pytest.MonkeyPatch
) -> None:
    port.in_waiting  # noqa: B018
    now = port.link.board.clock.now
    monkeypatch.setattr("time.monotonic", lambda: port._seen + 0.25)
    port.in_waiting  # noqa: B018
    assert port.link.board.clock.now - now == pytest.approx(0.25 * SECOND)


def test_buffers(port: protocol_sim.Serial) -> None:
    synced(port).write(read_reg(0x40001000))
    port.flush()
    port.link.clock.sleep(0.1)
    assert (port.in_waiting, port.out_waiting) == (12, 0)
    port.reset_output_buffer()
    port.reset_input_buffer()
    assert port.in_waiting == 0


def test_modem_inputs_are_not_connected(port: protocol_sim.Serial) -> None:
    assert not (port.cts or port.dsr or port.ri or port.cd)


def test_reads_and_writes_can_be_cancelled_for_they_never_wait(port: protocol_sim.Serial) -> None:
    port.cancel_read()
    port.cancel_write()
    port.write_timeout = 1
    assert port.write(b"abc") == 3


def test_a_break_reaches_nobody_and_is_traced(port: protocol_sim.Serial) -> None:
    port.break_condition = True
    port.break_condition = False
    assert port.link.board.trace.of(Kind.UNMODELLED)


def test_there_is_no_file_descriptor(port: protocol_sim.Serial) -> None:
    with pytest.raises(OSError, match="no file descriptor") as caught:
        port.fileno()
    assert caught.value.errno == 25  # ENOTTY


def test_exclusive_is_accepted() -> None:
    with opened(exclusive=True) as port:
        assert port.exclusive is True


def test_a_port_opens_once(port: protocol_sim.Serial) -> None:
    with pytest.raises(serial.SerialException, match="already open"):
        port.open()


def test_a_port_without_a_name_does_not_open() -> None:
    with pytest.raises(serial.SerialException, match="must be configured"):
        protocol_sim.Serial().open()


@pytest.mark.parametrize("url", ["sim://esp99", "sim://esp01?flash=/no/such/folder/cells.bin"])
def test_what_cannot_be_opened_says_why(url: str) -> None:
    with pytest.raises(serial.SerialException, match=r"could not open port sim://.*(esp99|cells\.bin)"):
        opened(url)


def test_a_closed_port_does_nothing_any_more(port: protocol_sim.Serial) -> None:
    port.close()
    port.close()
    assert not port.is_open
    for use in (lambda: port.read(1), lambda: port.write(b"a"), lambda: port.in_waiting, port.flush):
        with pytest.raises(serial.PortNotOpenError):
            use()


def test_a_port_reopened_is_a_board_made_anew(tmp_path: Path) -> None:
    port = opened(f"sim://esp01?flash={tmp_path / 'cells.bin'}")
    port.link.board.flash.array[:4] = b"kept"
    first = port.link.board
    port.close()
    port.open()
    assert port.link.board is not first
    assert bytes(port.link.board.flash.array[:4]) == b"kept"
    port.close()


@pytest.mark.skipif(importlib.util.find_spec("esptool") is None, reason="esptool is not installed")
@pytest.mark.parametrize(
    "options", [["--port", "sim://esp01?wiring=jumper", "--before", "no-reset"], ["--port", "sim://esp01"]]
)
def test_esptool_finds_chip_and_flash(options: list[str]) -> None:
    command = [sys.executable, "-c", LAUNCH_ESPTOOL, *options, "--no-stub", "flash-id"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for found in ("ESP8266EX", "26MHz", "5c:cf:7f:12:34:56", "Device: 4014", "1MB"):
        assert found in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("esptool") is None, reason="esptool is not installed")
@pytest.mark.spec("REG-5", "REG-6")
@pytest.mark.parametrize(
    ("board", "found"),
    [
        ("esp8285", ["ESP8285N08", "Embedded Flash", "26MHz", "Manufacturer: 51", "Device: 4014", "1MB"]),
        ("esp12-40mhz", ["ESP8266EX", "40MHz", "Manufacturer: ef", "Device: 4016", "4MB"]),
        ("d1mini-pro", ["ESP8266EX", "26MHz", "Manufacturer: ef", "Device: 4018", "16MB"]),
    ],
)
def test_esptool_tells_boards_apart(board: str, found: list[str]) -> None:
    command = [sys.executable, "-c", LAUNCH_ESPTOOL, "--port", f"sim://{board}", "--no-stub", "flash-id"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in found:
        assert words in done.stdout

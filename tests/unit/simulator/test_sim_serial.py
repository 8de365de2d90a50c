# SPDX-License-Identifier: Apache-2.0
"""The port with a board on it: virtual time, and what a sim:// URL may say."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from esp8266sim import PROFILES, Board, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.bridges import CP2102
from esp8266sim.chips import W25Q32, W25Q80
from esp8266sim.clock import MS
from esp8266sim.demo import DOUT, firmware
from esp8266sim.serve.sim import Serial
from tests.bench import MAGIC, MAGIC_REPLY, SYNC, data, flash_begin


@pytest.fixture
def port() -> Serial:
    """A port on a board that has had its SYNC."""
    port = Serial("sim://esp01?wiring=jumper", timeout=0.1)
    port.clock.sleep(0.1)
    for _ in range(2):
        port.write(SYNC)
        port.read(200)
    port.reset_input_buffer()
    return port


def test_a_round_trip_takes_line_latency_and_work(port: Serial) -> None:
    began = port.clock.now()
    port.write(MAGIC)
    assert port.read(12) == MAGIC_REPLY
    request, first = 14 * 10 / 115200, 10 / 115200
    elapsed = port.clock.now() - began
    assert elapsed == pytest.approx(125e-6 + request + first + 16e-3, abs=30e-6)


def test_low_latency_is_quicker(port: Serial) -> None:
    port.board.bridge.low_latency = True
    began = port.clock.now()
    port.write(MAGIC)
    assert port.read(12) == MAGIC_REPLY
    assert port.clock.now() - began < 0.004


def test_read_returns_what_has_come_when_the_timeout_is_over(port: Serial) -> None:
    port.write(MAGIC)
    began = port.clock.now()
    assert port.read(13) == MAGIC_REPLY
    assert port.clock.now() - began == pytest.approx(0.1)


def test_read_keeps_to_a_timeout_of_nothing(port: Serial) -> None:
    port.timeout = 0
    port.write(MAGIC)
    began = port.clock.now()
    assert port.read(1) == b""
    assert port.clock.now() == began


def test_read_takes_what_is_there_without_waiting(port: Serial) -> None:
    port.write(MAGIC)
    port.clock.sleep(0.1)
    began = port.clock.now()
    assert port.in_waiting == 12
    assert port.read(5) == MAGIC_REPLY[:5]
    assert port.read(7) == MAGIC_REPLY[5:]
    assert port.clock.now() == began


def test_without_a_timeout_read_ends_with_the_boards_work(port: Serial) -> None:
    port.timeout = None
    port.write(MAGIC)
    assert port.read(1000) == MAGIC_REPLY


def test_sleeping_runs_the_board() -> None:
    port = Serial("sim://esp01")
    port.clock.sleep(1)
    assert port.clock.now() == 1.0
    assert port.board.cpu_state is CpuState.USER_CODE
    port.clock.sleep(-1)
    assert port.clock.now() == 1.0


def test_flush_runs_until_all_has_left(port: Serial) -> None:
    began = port.clock.now()
    assert port.write(bytes(100)) == 100
    port.flush()
    assert port.clock.now() - began == pytest.approx(125e-6 + 1000 / 115385, abs=1e-6)


def test_what_was_received_can_be_forgotten(port: Serial) -> None:
    port.write(MAGIC)
    port.clock.sleep(0.1)
    port.reset_input_buffer()
    port.reset_output_buffer()
    assert (port.in_waiting, port.read(1)) == (0, b"")


def test_the_modem_lines_reset_into_download_mode() -> None:
    port = Serial("sim://esp01", baudrate=74880, timeout=0.1)
    port.dtr, port.rts = False, True
    assert (port.dtr, port.rts) == (False, True)
    port.clock.sleep(0.1)
    port.dtr = True
    port.rts = False
    assert b"boot mode:(1,7)" in port.read(100)


def test_the_host_hears_garbage_at_another_rate() -> None:
    port = Serial("sim://esp01?wiring=jumper", baudrate=115200, timeout=0.2)
    heard = port.read(100)
    assert heard
    assert b"ets" not in heard


@pytest.mark.parametrize("baud", [0, -1])
def test_a_baud_rate_is_positive(port: Serial, baud: int) -> None:
    with pytest.raises(ValueError, match="not positive"):
        port.baudrate = baud


def test_a_port_on_an_existing_board() -> None:
    board = Board(PROFILES["esp12"])
    port = Serial(None, board=board)
    assert (port.board, port.name) == (board, "sim://esp12")


# -- the URL -------------------------------------------------------------------------------------------


def test_a_bare_board_holds_the_demonstration_firmware() -> None:
    board = Serial("sim://esp01").board
    assert (board.flash.model, board.wiring) == (W25Q80, Wiring.AUTO)
    assert bytes(board.flash.array) == firmware(W25Q80.size)


def test_every_option(tmp_path: Path) -> None:
    file = tmp_path / "cells.bin"
    port = Serial(f"sim://esp01?flash={file}&chip=W25Q32&latency_ms=1&wiring=jumper")
    board = port.board
    assert (board.flash.model, board.wiring, board.bridge.latency_ps) == (W25Q32, Wiring.JUMPER, MS)
    assert file.read_bytes() == firmware(W25Q32.size)


def test_bridge_and_crystal() -> None:
    board = Serial("sim://esp01?bridge=cp2102&crystal=40").board
    assert (board.bridge.model, board.profile.crystal_hz) == (CP2102, 40_000_000)
    assert board.bridge.latency_ps is None
    assert Serial("sim://esp01?bridge=ch340&latency_ms=3").board.bridge.latency_ps == 3 * MS


def test_a_board_holds_firmware_in_its_own_flash_mode(tmp_path: Path) -> None:
    file = tmp_path / "cells.bin"
    board = Serial(f"sim://esp8285?flash={file}").board
    assert board.flash.array[2] == file.read_bytes()[2] == DOUT
    assert Serial("sim://esp8285").board.flash.array[2] == DOUT


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sim://esp99", r"no board 'esp99'; there are d1mini, .*esp01, .*nodemcu"),
        ("sim://", r"no board ''"),
        ("sim://esp01?chip=W25Q99", r"no flash chip 'W25Q99'; there are .*W25Q80"),
        ("sim://esp01?wiring=loose", r"no wiring 'loose'; there are auto, jumper"),
        (
            "sim://esp01?speed=9",
            r"unknown option speed; there are flash, chip, bridge, latency_ms,",
        ),
        ("sim://esp01?bridge=pl2303", r"no bridge 'pl2303'; there are ch340, cp2102, cp2104, ftdi"),
        ("sim://esp01?crystal=24", r"no crystal '24'; there are 26, 40"),
        ("sim://esp01?latency_ms=soon", r"latency_ms"),
        ("sim://esp01?latency_ms=-1", r"latency_ms"),
        ("sim://esp01?latency_ms=nan", r"latency_ms"),
        ("sim://esp01?latency_ms=inf", r"latency_ms"),
        ("sim://esp01?cpi=0.5", r"cpi is how many"),
        ("sim://esp01?cpi=few", r"cpi is how many"),
        ("sim://esp01?chip", r"sim://esp01\?chip: bad query"),
        ("sim://esp01?chip=", r"no flash chip ''"),
        ("socket://esp01", r"socket://esp01: a virtual board's URL begins with sim://"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Serial(url)


def test_a_port_needs_a_board() -> None:
    with pytest.raises(ValueError, match="URL or a board"):
        Serial()


def test_a_flash_file_of_another_size_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "short.bin"
    file.write_bytes(b"short")
    with pytest.raises(ValueError, match=r"short\.bin is 5 bytes long, the flash chip 1048576"):
        Serial(f"sim://esp01?flash={file}")
    assert file.read_bytes() == b"short"


def test_nothing_is_made_for_a_url_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="latency_ms"):
        Serial(f"sim://esp01?flash={tmp_path / 'cells.bin'}&latency_ms=soon")
    assert list(tmp_path.iterdir()) == []


def test_a_flash_file_in_no_folder_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Serial(f"sim://esp01?flash={tmp_path / 'none' / 'cells.bin'}")


def write_block(port: Serial, offset: int) -> None:
    for frame in (flash_begin(offset, 0x1000), data(0x03, b"kept" * 16, 0)):
        port.write(frame)
        assert port.read(12)[-3:] == b"\x00\x00\xc0"


def test_the_flash_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "cells.bin"
    with Serial(f"sim://esp01?flash={file}&wiring=jumper", timeout=1) as port:
        port.clock.sleep(0.1)
        for _ in range(2):
            port.write(SYNC)
            port.read(96)
        write_block(port, 0x4000)
    assert not port.is_open
    assert file.read_bytes()[0x4000:0x4040] == b"kept" * 16
    again = Serial(f"sim://esp01?flash={file}")
    assert bytes(again.board.flash.array[0x4000:0x4040]) == b"kept" * 16


def test_the_flash_file_is_kept_when_the_process_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "cells.bin"
    program = (
        "import os, signal\n"
        "from esp8266sim.serve.sim import Serial\n"
        f"port = Serial({f'sim://esp01?flash={file}'!r})\n"
        "port.board.flash.transfer(0x06, None, b'', 0)\n"
        "port.board.flash.transfer(0x20, 0x1000, b'', 0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert file.read_bytes()[0x1000:0x2000] == b"\xff" * 0x1000

# SPDX-License-Identifier: Apache-2.0
"""`esprom sim serve` as a user starts it: what it prints, who gets in, what it survives."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import esprom
from esp8266sim.serve.pace import Pace
from esp8266sim.serve.server import OnConnect, Ways
from tests import served
from tests.bench import SYNC, SYNC_ANSWER
from tests.unit.cli.test_json import validator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals and signals are POSIX's")


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "esprom", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def connected(url: str) -> socket.socket:
    host, _, port = url.removeprefix("socket://").rpartition(":")
    return socket.create_connection((host, int(port)), 10)


def answers(connection: socket.socket) -> bool:
    """Say whether a loader answers; its autobaud may take the first SYNC."""
    connection.settimeout(0.5)
    for _ in range(20):
        connection.sendall(SYNC)
        try:
            heard = connection.recv(1024)
            while SYNC_ANSWER not in heard:
                heard += connection.recv(1024)
        except TimeoutError:
            continue
        return True
    return False


def heard(connection: socket.socket, end: bytes) -> bytes:
    """Return what comes, up to `end` and a little more."""
    connection.settimeout(10)
    data = b""
    while end not in data:
        piece = connection.recv(1024)
        assert piece, data
        data += piece
    return data


@pytest.mark.spec("SERVE-1", "SERVE-3")
def test_every_way_in_is_printed_and_works(tmp_path: Path) -> None:
    flash, link = tmp_path / "flash", tmp_path / "tty"
    with served.process(
        "--flash", flash, "--pty", link, "--tcp", 0, "--rfc2217", 0, "--pace", "max"
    ) as server:
        assert list(server.urls) == ["pty", "tcp", "rfc2217", "control"]
        for kind in ("pty", "tcp", "rfc2217"):
            with esprom.connect(server.urls[kind]) as device:
                assert device.chip.mac == "5c:cf:7f:12:34:56"
                assert device.read_flash(0, 64) == flash.read_bytes()[:64]
        assert server.stop() == 0
    assert not link.is_symlink()
    assert flash.stat().st_size == 0x100000


@pytest.mark.spec("SERVE-1")
def test_json_tells_the_addresses_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "esprom", "sim", "serve", "--tcp", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        while lines[-1] != "}\n":
            lines.append(child.stdout.readline())
        found = json.loads("".join(lines))
        validator("sim").validate(found)
        acted = run("sim", "jumper", "on", "--control", found["addresses"]["control"], "--json")
        validator("sim").validate(json.loads(acted.stdout))
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0


@pytest.mark.spec("SERVE-10")
def test_the_hand_at_the_board() -> None:
    with served.process("--tcp", 0, "--wiring", "auto", "--pace", "max") as server:
        control = server.urls["control"]
        with connected(server.urls["tcp"]) as client:
            assert run("sim", "press-reset", "--control", control).returncode == 0
            assert b"rst cause:2, boot mode:(3," in heard(client, b"(3,")  # GPIO0 high: it boots the flash
            assert run("sim", "jumper", "on", "--control", control).returncode == 0
            assert run("sim", "power-cycle", "--control", control).stdout == "power-cycle: done\n"
            assert answers(client)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["serve"], 2, "nothing to serve on"),
        (["serve", "--tcp", "70000"], 2, "70000"),
        (["serve", "--tcp", "0", "--profile", "esp99"], 1, "esp99"),
        (["serve", "--tcp", "0", "--flash", "/no/such/folder/flash"], 1, "cannot make the board"),
        (["serve", "--tcp", "0", "--host", "192.0.2.1"], 3, "cannot serve"),
        (["serve", "--pty", "/"], 3, "cannot serve"),
        (["power-cycle", "--control", "127.0.0.1:1"], 3, "no virtual board is served"),
        (["power-cycle", "--control", "nowhere"], 2, "HOST:PORT"),
        (["jumper", "sideways", "--control", "127.0.0.1:1"], 2, "sideways"),
        (["fly"], 2, "fly"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(words: list[str], code: int, said: str) -> None:
    done = run("sim", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said() -> None:
    with served.process("--tcp", 0) as server:
        port = server.urls["tcp"].rpartition(":")[2]
        done = run("sim", "serve", "--tcp", port)
    assert done.returncode == 3
    assert "in use" in done.stderr


@pytest.mark.spec("SERVE-2")
def test_the_next_client_gets_in_when_the_first_leaves() -> None:
    with served.serving(Ways(tcp=0)) as board, connected(board.urls["tcp"]) as first:
        assert answers(first)
        with connected(board.urls["tcp"]) as second:
            second.sendall(SYNC)
            assert answers(first)
            second.settimeout(0.2)
            with pytest.raises(TimeoutError):
                second.recv(1)
            first.close()
            assert answers(second)


def test_a_client_that_is_killed_in_the_middle_leaves_the_board_to_the_next() -> None:
    script = "import sys, esprom; esprom.connect(sys.argv[1]).read_flash(0, 0x100000)"
    with served.process("--tcp", 0) as server:
        url = server.urls["tcp"]
        with subprocess.Popen([sys.executable, "-c", script, url]) as victim:
            with pytest.raises(subprocess.TimeoutExpired):
                victim.wait(2.0)
            victim.kill()
        with connected(url) as client:
            assert answers(client)


def test_many_connections_in_a_row() -> None:
    with served.serving(Ways(tcp=0)) as board:
        for _ in range(1000):
            with connected(board.urls["tcp"]) as client:
                assert answers(client)


@pytest.mark.spec("SERVE-4")
def test_power_cycle_on_connect() -> None:
    with served.serving(Ways(tcp=0), on_connect=OnConnect.POWER_CYCLE) as board:
        for _ in range(3):
            with connected(board.urls["tcp"]) as client:
                assert b"rst cause:1, boot mode:(1," in heard(client, b"(1,")
                assert answers(client)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyserial drops a dead socket
@pytest.mark.spec("SERVE-9")
def test_a_flash_file_survives_kill_9_with_each_page_old_or_new(tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    old, new = b"\xff" * 256, bytes(range(256))
    with served.process("--flash", flash, "--tcp", 0, "--pace", "max") as server:
        before = flash.read_bytes()
        with esprom.connect(server.urls["tcp"], after="no-reset") as device:
            seen: list[int] = []

            def kill(progress: "esprom.Progress") -> None:
                seen.append(progress.done)
                if progress.done > 0x2000 and server.process.poll() is None:
                    server.process.kill()

            with pytest.raises(esprom.errors.EspromError):
                device.write_flash(0x80000, new * 256, progress=kill)
    after = flash.read_bytes()
    assert len(after) == len(before)
    assert after[:0x80000] == before[:0x80000]
    pages = [after[at : at + 256] for at in range(0x80000, 0x90000, 256)]
    whole = sum(page in (old, new) for page in pages)
    assert whole >= len(pages) - 1  # one may be programmed half: the ROM takes 32 bytes a command
    assert new in pages


@pytest.mark.soak
def test_an_idle_server_takes_next_to_no_cpu(tmp_path: Path) -> None:
    with served.process("--pty", tmp_path / "tty", "--tcp", 0) as server:
        if not Path("/proc/self/stat").exists():
            pytest.skip("no /proc to read the CPU time from")
        with connected(server.urls["tcp"]) as client:
            assert answers(client)

        def ticks() -> int:
            fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
            return int(fields[11]) + int(fields[12])

        began, wall = ticks(), time.monotonic()
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(4.0)
        used = (ticks() - began) / os.sysconf("SC_CLK_TCK")
        assert used < 0.05 * (time.monotonic() - wall)


@pytest.mark.soak
@pytest.mark.parametrize("pace", Pace)
@pytest.mark.spec("SERVE-3", "SERVE-11")
def test_rfc2217_carries_baud_lines_purge_and_break(pace: Pace) -> None:
    serial = pytest.importorskip("serial")
    with served.serving(Ways(rfc2217=0), pace=pace) as board:
        with serial.serial_for_url(board.urls["rfc2217"], baudrate=74880, timeout=3) as port:
            port.dtr = False
            port.rts = True
            port.reset_input_buffer()
            port.rts = False  # GPIO0 is high: it boots the flash, and says so at 74880 baud
            assert b"ets Jan  8 2013,rst cause:2, boot mode:(3,7)" in port.read_until(b"(3,7)")
            for baud in (9600, 115200, 921600):
                port.baudrate = baud
                assert board.board.bridge.baud == baud
            port.baudrate = 115200
            port.rts = True
            port.dtr = True
            port.rts = False  # and now it is low
            port.dtr = False
            port.timeout = 0.2
            for _ in range(20):
                port.write(SYNC)
                if SYNC_ANSWER in port.read(200):
                    break
            else:
                raise AssertionError("no loader answers")
            port.send_break(0.05)
            port.reset_output_buffer()
        with serial.serial_for_url(board.urls["rfc2217"], baudrate=115200, timeout=3) as port:
            assert port.is_open


@pytest.mark.soak
@pytest.mark.spec("SERVE-7")
def test_our_stub_is_not_too_quick_for_a_client_that_has_to_negotiate() -> None:
    with (
        served.serving(Ways(rfc2217=0), pace=Pace.MAX) as board,
        esprom.connect(board.urls["rfc2217"], loader="stub") as device,
    ):
        assert device.read_flash(0, 4096) == board.flash[:4096]


@pytest.mark.spec("SERVE-7")
def test_a_rate_is_on_trial_for_as_long_as_the_client_was_told() -> None:
    with (
        served.serving(Ways(pty=""), on_connect=OnConnect.POWER_CYCLE, pace=Pace.MAX) as board,
        esprom.connect(board.urls["pty"], baud="auto", loader="stub"),
    ):
        assert board.board.bridge.baud == 2_000_000

# SPDX-License-Identifier: Apache-2.0
"""`esprom wire` as a user runs it, with other people's tools on both sides."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import esprom
from tests import served, tools
from tests.unit.cli.test_json import validator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo terminals and signals are POSIX's")
ESPTOOLS = ("5.6.0", pytest.param("4.12.0", marks=pytest.mark.soak))
MAC = "5c:cf:7f:12:34:56"
RUN_S = 120.0


def run(*words: object, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "esprom", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=RUN_S, check=False, env={**os.environ, **(env or {})}
    )


def esptool(version: str, *words: object) -> tuple[list[str], dict[str, str]]:
    """Return how to run it on `{port}`, by a way without modem lines."""
    place = tools.Esptool(version).place
    flag, value = ("--before", "no-reset" if version.startswith("5") else "no_reset")
    command = [sys.executable, "-m", "esptool", "--port", "{port}", flag, value, *map(str, words)]
    return command, {"PYTHONPATH": str(place), "NO_COLOR": "1"}


def told(text: str) -> list[str]:
    """Return what a tool says, without what differs from run to run: times, and a dot for each SYNC."""
    lines = (line.rstrip(".") for line in text.splitlines())
    return [line for line in lines if line and "socket://" not in line and "seconds" not in line]


def decoded(file: Path, *words: object) -> str:
    done = run("wire", "decode", file, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.soak
@pytest.mark.spec("WIRE-14", "WIRE-15", "WIRE-16")
@pytest.mark.parametrize("version", ["5.6.0", "4.12.0"])
def test_esptool_is_recorded_decoded_and_replayed(version: str, tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    flash_id = "flash-id" if version.startswith("5") else "flash_id"
    command, env = esptool(version, flash_id)
    words = ["wire", "capture", "--via", "tcp", "--payload", "-o", file, "--", *command]
    first = run("--port", "sim://esp01", *words, env=env)
    assert first.returncode == 0, first.stdout + first.stderr
    assert MAC in first.stdout

    said = decoded(file)
    assert "MEM_BEGIN" in said
    assert "EFUSE.WORD0" in decoded(file, "--all")
    assert "the stub loader has started" in said
    assert "WRONG" not in said

    again = run("wire", "replay", file, "--via", "tcp", "--", *command, env=env)
    assert again.returncode == 0, again.stdout + again.stderr
    assert told(again.stdout)[: len(told(first.stdout))] == told(first.stdout)
    assert "as recorded: " in again.stdout

    command, env = esptool(version, flash_id.replace("flash", "chip"))
    other = run("wire", "replay", file, "--via", "tcp", "--", *command, env=env)
    assert other.returncode == 6
    assert " came" in other.stderr


@pytest.mark.spec("WIRE-14", "WIRE-5")
def test_modem_lines_pass_by_rfc2217_and_nothing_private_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    command = [sys.executable, "-m", "esprom", "--port", "{port}", "read-mac"]
    done = run("--port", "sim://esp01", "wire", "capture", "-o", file, "--", *command)
    assert done.returncode == 0, done.stderr
    assert MAC in done.stdout
    said = decoded(file)
    assert "DTR off, RTS on: the chip is held in reset" in said
    assert "it should start the loader" in said
    assert "left out" in said
    content = file.read_bytes()
    for word in (0x02001234, 0x005CCF7F):
        assert word.to_bytes(4, "little") not in content
        assert f"{word:08x}" not in said


@pytest.mark.soak
@pytest.mark.spec("WIRE-15")
def test_reading_with_our_stub_is_replayed(tmp_path: Path) -> None:
    file, first, second = tmp_path / "a.pcapng", tmp_path / "1.bin", tmp_path / "2.bin"
    done = run(
        "--port", "sim://esp01", "--capture", file, "--capture-payload", "read-flash", 0, 0x4000, first
    )
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "esprom", "--port", "{port}", "read-flash", "0", "0x4000", str(second)]
    again = run("wire", "replay", file, "--", *command)
    assert again.returncode == 0, again.stderr
    assert second.read_bytes() == first.read_bytes()


@pytest.mark.soak
@pytest.mark.spec("WIRE-16")
def test_a_tampered_recording_is_told_from_what_comes(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    run("--port", "sim://esp01", "--capture", file, "--capture-payload", "read-mem", "0x60000310")
    content = file.read_bytes()
    asked = bytes.fromhex("000a040000000000 10030060")
    assert content.count(asked) == 1
    file.write_bytes(content.replace(asked, asked[:-4] + bytes.fromhex("14030060")))
    command = [sys.executable, "-m", "esprom", "--port", "{port}", "read-mem", "0x60000310"]
    done = run("wire", "replay", file, "--json", "--", *command)
    found = json.loads(done.stdout)
    validator("wire").validate(found)
    assert done.returncode == 6
    assert found["error"]["type"] == "RecordingDiffers"
    assert found["error"]["message"].endswith("address is 0x60000310, recorded 0x60000314")


@pytest.mark.spec("WIRE-15")
def test_a_replay_is_served_by_the_way_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.pcapng"
    run("--port", "sim://esp01", "--capture", file, "--capture-payload", "read-mac")
    command = [sys.executable, "-m", "esprom", "wire", "replay", str(file), "--via", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as replay:
        assert replay.stdout is not None
        kind, url = replay.stdout.readline().split()
        assert kind == "tcp"
        with esprom.connect(url, before="no-reset") as device:
            assert device.chip.mac == MAC
        assert replay.wait(20) == 0


@pytest.mark.spec("WIRE-14")
def test_a_proxy_serves_one_client_after_another(tmp_path: Path) -> None:
    file, link = tmp_path / "a.pcapng", tmp_path / "tty"
    with served.process("--tcp", 0, "--pace", "max") as board:
        words = [
            "--port",
            board.urls["tcp"],
            "wire",
            "proxy",
            "--tcp",
            "0",
            "--pty",
            str(link),
            "-o",
            str(file),
        ]
        command = [sys.executable, "-m", "esprom", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as proxy:
            assert proxy.stdout is not None
            lines = [proxy.stdout.readline().split() for _ in range(3)]
            assert lines[1:] == [["pty", str(link)], ["ready"]]
            for url in (lines[0][1], str(link)):
                with esprom.connect(url, before="no-reset") as device:
                    assert device.chip.mac == MAC
            proxy.terminate()
            assert proxy.wait(20) == 0
            assert proxy.stderr is not None
            assert "recorded" in proxy.stderr.read()
    assert decoded(file, "--all").count("EFUSE.WORD1") >= 2


@pytest.mark.parametrize("code", [0, 3])
def test_capture_exits_as_the_command_does(code: int, tmp_path: Path) -> None:
    script = f"import sys; print('told'); sys.exit({code})"
    words = [
        "--json",
        "wire",
        "capture",
        "-o",
        tmp_path / "a.pcapng",
        "--",
        sys.executable,
        "-c",
        script,
        "{port}",
    ]
    done = run("--port", "sim://esp01", *words)
    found = json.loads(done.stdout)
    validator("wire").validate(found)
    assert (done.returncode, found["exit_code"]) == (code, code)
    assert "told" in done.stderr


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["wire", "capture"], "no command", 2),
        (["wire", "capture", "--", "true"], "does not say {port}", 2),
        (["wire", "capture", "--", "/no/such/tool", "{port}"], "cannot run /no/such/tool", 1),
        (["wire", "decode", "/no/such/file"], "cannot read /no/such/file", 2),
        (["wire", "replay", __file__], "no recording of a line", 1),
        (["wire", "replay", __file__, "--tcp", "0", "--", "true", "{port}"], "--via says which", 2),
        (["wire", "decode", "x", "--then", "read-mac"], "cannot be combined", 2),
        (["--baud", "auto", "wire", "proxy"], "give the one to begin with", 2),
        (["--capture", __file__, "read-mac"], "is no capture", 1),
        (["--capture-payload", "read-mac"], "name its file by --capture", 2),
    ],
)
def test_mistakes_are_told(words: list[str], said: str, code: int, tmp_path: Path) -> None:
    output = ["-o", str(tmp_path / "a")] if words[1:2] in (["capture"], ["proxy"]) else []
    done = run("--port", "sim://esp01", *words[:2], *output, *words[2:])
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_opens_no_port_says_that_nothing_is_recorded(tmp_path: Path) -> None:
    firmware, file = tmp_path / "a.bin", tmp_path / "a.pcapng"
    firmware.write_bytes(b"\xff" * 0x1000)
    done = run("--capture", file, "inspect", firmware)
    assert done.returncode == 0, done.stderr
    assert "nothing was recorded" in done.stderr
    assert not file.exists()


@pytest.mark.spec("WIRE-13")
@pytest.mark.parametrize("version", ESPTOOLS)
def test_what_esptool_prints_with_trace_is_what_was_on_the_wire(version: str, tmp_path: Path) -> None:
    file, trace = tmp_path / "a.pcapng", tmp_path / "trace.txt"
    command, env = esptool(version, "--no-stub", "read-mac" if version.startswith("5") else "read_mac")
    command.insert(3, "--trace")
    words = ["wire", "capture", "--via", "tcp", "--payload", "-o", file, "--", *command]
    done = run("--port", "sim://esp01", *words, env=env)
    assert done.returncode == 0, done.stderr
    trace.write_text(done.stdout)

    def packets(path: Path) -> list[tuple[str, str, str]]:
        log = esprom.wire_log(path.read_bytes())
        return [
            (message.way, message.name, message.text)
            for stream in log.streams
            for message in esprom.wire_messages(stream)
            if message.way == ">"
        ]

    assert packets(trace) == packets(file)
    assert len(packets(file)) > 5


@pytest.mark.spec("WIRE-9")
def test_a_served_board_and_commands_in_a_chain_are_recorded(tmp_path: Path) -> None:
    board, chain = tmp_path / "board.pcapng", tmp_path / "chain.pcapng"
    with served.process("--tcp", 0, "--pace", "max", "--capture", board) as server:
        words = ["--before", "no-reset", "--capture", chain, "read-mac", "--then", "read-mem", "0x3ff00050"]
        done = run("--port", server.urls["tcp"], *words)
        assert done.returncode == 0, done.stderr
        assert server.stop() == 0
    said = decoded(chain, "--all")
    assert said.count("EFUSE.WORD0 (0x3ff00050)") >= 2
    assert decoded(board, "--all").count("EFUSE.WORD0 (0x3ff00050)") >= 2
    assert " ! " not in decoded(board)


def test_decode_prints_what_the_schema_says_and_a_page(tmp_path: Path) -> None:
    file, page = tmp_path / "a.pcapng", tmp_path / "a.html"
    run("--port", "sim://esp01", "--capture", file, "read-mac")
    done = run("wire", "decode", file, "--html", page, "--json")
    found = json.loads(done.stdout)
    validator("wire").validate(found)
    assert found["payload"] is False
    assert [stream["name"] for stream in found["streams"]] == ["sim://esp01"]
    assert page.read_text().count("<tr ") >= len(found["streams"][0]["messages"])
    assert run("wire", "decode", file, "--html", page).returncode == 1  # it exists


def test_a_page_filters_itself(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    file, page = tmp_path / "a.pcapng", tmp_path / "a.html"
    run("--port", "sim://esp01", "--capture", file, "read-mac")
    decoded(file, "--html", page)
    text = page.read_text()
    page.write_text(text.replace("\nshow();\n</script>", "\nwords.value = 'efuse word1'; show();\n</script>"))
    assert page.read_text() != text
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=60, check=False
    )
    rows = [row for row in done.stdout.split("<tr ")[1:] if 'hidden=""' not in row.partition(">")[0]]
    assert rows
    assert all("EFUSE.WORD1" in row for row in rows)


@pytest.mark.spec("WIRE-3", "WIRE-4")
def test_tshark_reads_it(tmp_path: Path) -> None:
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    file = tmp_path / "a.pcapng"
    run("--port", "sim://esp01", "--capture", file, "--capture-payload", "read-mac")
    fields = ["frame.interface_name", "frame.comment", "rtacser.eventtype", "rtacser.rts", "rtacser.dtr"]
    command = [tshark, "-r", str(file), "-T", "fields", *(word for field in fields for word in ("-e", field))]
    command += ["-e", "frame.time_epoch", "-e", "rtacser.timestamp", "-e", "data.data"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    (stream,) = esprom.wire_log(file.read_bytes()).streams
    assert len(rows) == len(stream.events)
    for row, event in zip(rows, stream.events, strict=True):
        name, comment, kind, rts, dtr, epoch, inner, data = row
        assert (name, int(kind, 16), bytes.fromhex(data)) == ("sim://esp01", event.type, event.data)
        assert (rts, dtr) == (str(int(event.rts)), str(int(event.dtr)))
        assert round(float(epoch) * 1e6) == event.at_us
        assert abs(float(inner) * 1e6 - event.at_us) < 2
        assert (f"baud: {event.baud}" in comment) is bool(event.baud)

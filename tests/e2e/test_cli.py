# SPDX-License-Identifier: Apache-2.0
"""Command lines as a user types them, on virtual boards: in process where that will do, else as a process."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from esprom.cli.main import main

MAC = "5c:cf:7f:12:34:56"
SECTOR = 0x1000


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Bench:
    """A virtual ESP-01 whose flash is a file, and a keyboard."""

    flash: Path
    typed: Callable[..., Ran]

    @property
    def url(self) -> str:
        return f"sim://esp01?flash={self.flash}"

    def __call__(self, *words: object) -> Ran:
        return self.typed("--port", self.url, *words)


@pytest.fixture
def esprom(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Type a command line in this process."""
    monkeypatch.delenv("ESPROM_PORT", raising=False)
    monkeypatch.delenv("ESPROM_BAUD", raising=False)

    def typed(*words: object) -> Ran:
        with pytest.raises(SystemExit) as exited:
            main([str(word) for word in words])
        assert isinstance(exited.value.code, int)
        return Ran(exited.value.code, *capsys.readouterr())

    return Bench(tmp_path / "flash.img", typed)


@pytest.fixture
def content(esprom: Bench) -> bytes:
    """What is in the flash at first; it is there because the board has been switched on once."""
    assert esprom("read-mac").code == 0
    return esprom.flash.read_bytes()


def process(*words: object, **options: object) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "esprom", *map(str, words)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    return subprocess.Popen(command, env=environment, **options)  # type: ignore[call-overload,no-any-return]


def test_who_is_there(esprom: Bench) -> None:
    assert esprom("read_mac", "-q").out == f"MAC: {MAC}\n"
    assert f"MAC: {MAC}\nChip ID: 0x00123456\n" in esprom("chip_id").out
    assert "\nManufacturer: ef\nDevice: 4014\nDetected flash size: 1MB\n" in esprom("flash_id").out
    assert json.loads(esprom("flash-id", "--json").out)["flash"]["size"] == 0x100000


def test_the_tutorials_read_is_refused_on_a_smaller_flash_and_the_advice_works(
    esprom: Bench, content: bytes, tmp_path: Path
) -> None:
    ran = esprom("read_flash", "0x00000", "0x400000", tmp_path / "image.bin")
    assert ran.code == 1
    assert not (tmp_path / "image.bin").exists()
    advice = f"read-flash 0x0 0x100000 {tmp_path / 'image.bin'}"
    assert advice in ran.err
    words = advice.replace("0x0 0x100000", "0xfe000 all").split()  # the last two sectors of it, for time
    assert esprom(*words).code == 0
    assert (tmp_path / "image.bin").read_bytes() == content[0xFE000:]
    assert stat.S_IMODE((tmp_path / "image.bin").stat().st_mode) == 0o600


def test_write_verify_and_erase_touch_nothing_else(esprom: Bench, content: bytes, tmp_path: Path) -> None:
    patch = bytes(range(200))
    (tmp_path / "patch").write_bytes(patch)
    assert esprom("write_flash", "0x12345", tmp_path / "patch").code == 0
    expected = content[:0x12345] + patch + content[0x12345 + len(patch) :]
    assert esprom.flash.read_bytes() == expected
    assert esprom("verify_flash", "0x12345", tmp_path / "patch").code == 0
    assert esprom("erase_region", "0x12000", "4KB").code == 0
    assert esprom.flash.read_bytes() == content[:0x12000] + b"\xff" * SECTOR + content[0x13000:]
    ran = esprom("verify_flash", "0x12345", tmp_path / "patch", "--json")
    assert ran.code == 6
    assert json.loads(ran.out)["error"]["facts"]["address"] == 0x12345


@pytest.mark.soak
def test_write_flash_edits_the_header_as_told(esprom: Bench, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(content[:SECTOR])
    assert content[0] == 0xE9
    assert esprom("write_flash", "-fs", "4MB", "-fm", "dio", "0x0", tmp_path / "image").code == 1
    assert esprom.flash.read_bytes() == content
    assert esprom("write_flash", "-fs", "1MB", "-fm", "qio", "0x0", tmp_path / "image").code == 0
    assert esprom.flash.read_bytes()[:4] == content[:2] + bytes([0, 0x20 | content[3] & 0xF])
    assert esprom.flash.read_bytes()[4:] == content[4:]


def test_erase_flash(esprom: Bench, content: bytes) -> None:
    assert esprom("erase_flash").code == 0
    assert esprom.flash.read_bytes() == b"\xff" * len(content)


def test_a_volatile_status_is_gone_with_the_power(esprom: Bench) -> None:
    """Each command here makes its board anew, which is a power cycle."""
    ran = esprom("write_flash_status", "--bytes", "1", "0x1c", "-q")
    statuses = "Initial flash status: 0x0000\nSetting flash status: 0x001c\nAfter flash status:   0x001c\n"
    assert ran.out == statuses
    assert esprom("read_flash_status", "--bytes", "1", "-q").out == "Status value: 0x0000\n"


def test_memory(esprom: Bench, tmp_path: Path) -> None:
    assert esprom("read_mem", "0x3ff00050", "-q").out == "0x3ff00050 = 0x56000000\n"
    assert esprom("write_mem", "0x3ffe8000", "0x12345678").code == 0
    assert esprom("dump_mem", "0x3ff00051", "7", tmp_path / "efuse").code == 0
    assert (tmp_path / "efuse").read_bytes() == bytes.fromhex("000056 34120002")
    assert "SFDP[0..3]: 53 46 44 50\n" in esprom("read_flash_sfdp", "0", "4").out


def test_run_boots_the_flash(esprom: Bench) -> None:
    assert esprom("run").code == 0


def test_a_port_that_is_none(esprom: Bench, tmp_path: Path) -> None:
    for url in (str(tmp_path / "ttyUSB9"), "sim://esp99", "nonsense://x"):
        ran = esprom.typed("--port", url, "read-mac", "--json")
        assert (ran.code, json.loads(ran.out)["error"]["facts"]["port"]) == (3, url)


def test_a_process_prints_results_and_only_those_on_stdout(esprom: Bench) -> None:
    with process(
        "-p", esprom.url, "read_mac", "-q", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        out, err = running.communicate()
    assert (running.returncode, out) == (0, f"MAC: {MAC}{os.linesep}".encode())
    assert b"\x1b" not in err


@pytest.mark.skipif(os.name == "nt", reason="has no /dev/stdout")
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["lines", "json"])
@pytest.mark.parametrize("piped", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["pipe", "file"])
def test_data_on_stdout_has_it_for_itself(
    esprom: Bench, content: bytes, tmp_path: Path, more: list[str], *, piped: bool
) -> None:
    words = ("-p", esprom.url, "read-flash", "0", "4KB", "/dev/stdout", *more)
    with (
        (tmp_path / "out").open("wb") as file,
        process(*words, stdout=subprocess.PIPE if piped else file, stderr=subprocess.PIPE) as running,
    ):
        out, err = running.communicate()
    assert running.returncode == 0
    assert (out if piped else (tmp_path / "out").read_bytes()) == content[:SECTOR]
    assert (b'"sha256"' if more else b"Read 4096 bytes") in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["lines", "json"])
def test_results_that_cannot_be_printed_are_a_failure(more: list[str]) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        process("version", *more, stdout=full, stderr=subprocess.PIPE) as running,
    ):
        _, err = running.communicate()
    assert running.returncode == 1
    assert err.splitlines() == [b"esprom: cannot write to standard output: No space left on device"]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_ctrl_c_leaves_no_backup_and_one_line(esprom: Bench, tmp_path: Path) -> None:
    """But a journal, if a sector had come by then."""
    before = set(tmp_path.iterdir())
    words = ("-p", esprom.url, "backup", tmp_path / "lamp")
    with process(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        while b"will take" not in running.stderr.readline():  # it is reading after that
            pass
        running.send_signal(signal.SIGINT)
        _, err = running.communicate()
    assert err.splitlines()[-1].startswith(b"esprom: ")
    assert b"Traceback" not in err
    left = set(tmp_path.iterdir()) - before - {esprom.flash}
    assert (running.returncode, left) in ((130, set()), (7, {tmp_path / "lamp.partial"}))


@pytest.mark.skipif(os.name == "nt", reason="signals are another thing there")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.soak)])
def test_a_write_that_is_stopped_tears_no_neighbour(
    esprom: Bench, content: bytes, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "a").write_bytes(bytes(0x8000))
    words = ("-p", esprom.url, "-v", "write-flash", "0x10123", tmp_path / "a")
    with process(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert any(b"write: 100 %" in line for line in iter(running.stderr.readline, b""))
        running.send_signal(number)
        _, err = running.communicate()
    assert running.returncode == 130
    said = err.splitlines()
    assert b"stopping as soon as that does no harm; once more to stop at once" in said
    assert said[-1].endswith(b"the flash may be part old, part new; run the same command again to finish")
    flash = esprom.flash.read_bytes()
    assert flash[:0x10123] == content[:0x10123]
    assert flash[0x18123:] == content[0x18123:]


@pytest.mark.soak
@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")
def test_a_terminal_gets_a_bar_and_a_question(esprom: Bench, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(content)
    reading = on_terminal("-p", esprom.url, "read-flash", "0", "0x1000", tmp_path / "a")
    assert "\x1b[" in reading
    assert "100%" in reading
    asking = on_terminal("-p", esprom.url, "restore", tmp_path / "old.bin", typed="n\n")
    assert "Go on? [y/N]" in asking
    assert "esprom: not confirmed, nothing was done" in asking


def on_terminal(*words: object, typed: str = "") -> str:
    """Run a command on a pseudo terminal and return all that its screen was sent."""
    import pty

    ours, theirs = pty.openpty()
    with process(*words, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        os.write(ours, typed.encode())
        screen = b""
        while chunk := _read_terminal(ours):
            screen += chunk
        running.wait()
    os.close(ours)
    return screen.decode()


def _read_terminal(ours: int) -> bytes:
    try:
        return os.read(ours, 4096)
    except OSError:  # Linux says so where others say the end
        return b""


@pytest.mark.soak
def test_a_backup_comes_back_bit_for_bit(esprom: Bench, content: bytes, tmp_path: Path) -> None:
    assert esprom("backup", tmp_path / "lamp").code == 0
    assert (tmp_path / "lamp.bin").read_bytes() == content
    assert esprom("erase_flash").code == 0
    ran = esprom("restore", tmp_path / "lamp", "--no-safety-copy")  # it would lie in the working directory
    assert ran.code == 0
    assert "about to write 1MB" in ran.err
    assert esprom.flash.read_bytes() == content

# SPDX-License-Identifier: Apache-2.0
"""The command line in front of what is no ESP8266: one line, the exit code, and an end in time."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.bench import SYNC_ANSWER

IN_TIME_S = 20.0  # a twentieth of that on an idle computer
CHUNK = 0x8000  # bytes

Peer = Callable[[socket.socket], None]


def esprom(port: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from esprom.cli.main import main; main()", "--port", port, *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=IN_TIME_S, check=False, stdin=subprocess.DEVNULL
    )


@contextmanager
def listening(peer: Peer) -> Iterator[int]:
    """Serve one client after the other with `peer`; yield the port number."""

    def serve() -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = listener.accept()
                with closing(client), suppress(OSError):
                    peer(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        yield listener.getsockname()[1]
        with suppress(OSError):  # wakes up the one that waits in accept
            listener.shutdown(socket.SHUT_RDWR)
    server.join(IN_TIME_S)


def says(data: Callable[[], bytes], pause_s: float = 0.0) -> Peer:
    """Return a peer that says the same for ever and hears nothing."""

    def peer(client: socket.socket) -> None:
        while True:
            client.sendall(data())
            time.sleep(pause_s)

    return peer


def shell(client: socket.socket) -> None:
    client.sendall(b"raspberrypi login: ")
    while client.recv(4096):
        client.sendall(b"\r\nLogin incorrect\r\nraspberrypi login: ")


def echo(client: socket.socket) -> None:
    while data := client.recv(4096):
        client.sendall(data)


def deaf(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def hang_up(client: socket.socket) -> None:
    client.recv(4)


def knows_sync_alone(client: socket.socket) -> None:
    while client.recv(4096):
        client.sendall(8 * SYNC_ANSWER)


def noise(size: int) -> Callable[[], bytes]:
    return lambda: os.urandom(size)


PEERS: dict[str, tuple[Peer, int, str]] = {
    "random bytes": (says(noise(16), 0.005), 4, "bytes arrived that mean nothing at 115200 baud"),
    "random flood": (says(noise(CHUNK)), 4, "bytes arrived that mean nothing at 115200 baud"),
    "flood of zeros": (says(lambda: bytes(CHUNK)), 4, "bytes arrived that mean nothing at 115200 baud"),
    "flood of text": (says(lambda: b"Lorem ipsum " * 1000), 4, "text arrived"),
    "flood of frame ends": (says(lambda: b"\xc0" * CHUNK), 4, "no answer to SYNC"),
    "a frame without end": (says(lambda: b"\xc0\x01\x08" + b"A" * CHUNK), 4, "no answer to SYNC"),
    "answers to nothing": (
        says(lambda: bytes.fromhex("c0010a04000000000000000000c0") * 100),
        4,
        "no answer to SYNC",
    ),
    "shell": (shell, 4, "a program runs there, no loader"),
    "echo": (echo, 4, "what was sent came back"),
    "silence": (deaf, 4, "nothing arrived at all"),
    "knows SYNC alone": (knows_sync_alone, 4, "no answer to READ_REG"),
    "flood of half frames": (says(lambda: b"\xc0\x01" * 4096), 4, "framing arrived, but no valid answer"),
    "hangs up": (hang_up, 3, "was the adapter unplugged, or the server stopped?"),
}


USUAL = ("silence", "echo")  # each takes what esprom's patience does


@pytest.mark.parametrize(
    "name", [name if name in USUAL else pytest.param(name, marks=pytest.mark.soak) for name in PEERS]
)
def test_a_peer_that_is_no_esp8266(name: str, tmp_path: Path) -> None:
    peer, code, said = PEERS[name]
    with listening(peer) as number:
        ran = esprom(f"socket://127.0.0.1:{number}", "backup", str(tmp_path / "lamp"))
    one_line(ran, code, said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("peer", [shell, deaf, says(noise(CHUNK))], ids=["shell", "silence", "flood"])
def test_a_peer_that_does_not_speak_rfc2217(peer: Peer) -> None:
    with listening(peer) as number:
        one_line(esprom(f"rfc2217://127.0.0.1:{number}", "read-mac"), 3, "does not speak RFC2217")


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("socket://host", "it should be like socket://HOST:PORT"),
        ("socket://127.0.0.1:99999", "it should be like socket://HOST:PORT"),
        ("rfc2217://127.0.0.1:port", "it should be like rfc2217://HOST:PORT"),
        ("socket://host.invalid:4000", "check how it is spelled"),
        ("bogus://x", "protocol 'bogus' not known"),
    ],
)
def test_an_address_that_leads_nowhere(port: str, said: str) -> None:
    one_line(esprom(port, "read-mac"), 3, said)


@pytest.mark.skipif(os.name == "nt", reason="device files")
@pytest.mark.parametrize(
    ("port", "said"),
    [
        (os.devnull, "this is no serial port"),
        (__file__, "this is no serial port"),
        (os.path.dirname(__file__), "this is a folder"),
        ("/dev/ttyUSB99", "there is no such port"),
    ],
)
def test_a_file_that_is_no_port(port: str, said: str) -> None:
    one_line(esprom(port, "read-mac"), 3, said)


def test_a_port_in_use() -> None:
    pty = pytest.importorskip("pty", reason="pseudo terminals")
    fcntl = pytest.importorskip("fcntl", reason="locks of POSIX")
    ours, theirs = pty.openpty()
    try:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        one_line(esprom(os.ttyname(theirs), "read-mac"), 3, "another program holds it; close serial monitors")
    finally:
        os.close(ours)
        os.close(theirs)


def one_line(ran: subprocess.CompletedProcess[str], code: int, said: str) -> None:
    """Check that a run ended as it should: nothing on stdout, one line beside the note of connecting."""
    connecting, *told = ran.stderr.splitlines()
    assert (ran.returncode, ran.stdout, len(told)) == (code, "", 1), ran.stderr
    assert connecting.startswith("connecting to ")
    assert told[0].startswith("esprom: ")
    assert said in told[0]

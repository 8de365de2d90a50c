# SPDX-License-Identifier: Apache-2.0
"""Ports on which no ESP8266 is: one line, the right exit code, no traceback, and an end."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from esprom.cli.main import main
from esprom.errors import EspromError, NoResponse, PortError

NOISE = random.Random(8266).randbytes(1 << 14)
OK_TO_SYNC = bytes.fromhex("c001080200 07071220 0000 c0")
LONGEST_S = 30.0  # on a busy machine; a few seconds on an idle one


def answering(answer: Callable[[bytes], bytes]) -> Callable[[socket.socket], None]:
    def talk(line: socket.socket) -> None:
        while asked := line.recv(4096):
            line.sendall(answer(asked))

    return talk


def flooding(with_what: bytes) -> Callable[[socket.socket], None]:
    def talk(line: socket.socket) -> None:
        while True:
            line.sendall(with_what)

    return talk


def hang_up(line: socket.socket) -> None:
    line.recv(10)


PEERS: dict[str, tuple[Callable[[socket.socket], None], type[EspromError], str]] = {
    "a shell": (answering(lambda _: b"sh: not found\r\n$ "), NoResponse, "choose another --port"),
    "an echo": (answering(lambda asked: asked), NoResponse, "TX and RX are joined"),
    "noise": (answering(lambda _: NOISE[:200]), NoResponse, "mean nothing at 115200 baud"),
    "a flood of noise": (flooding(NOISE), NoResponse, "bytes arrived that mean nothing"),
    "a flood of frames": (flooding(b"\xc0\x01" * 4096), NoResponse, "framing arrived, but no valid answer"),
    "who knows SYNC alone": (answering(lambda _: OK_TO_SYNC * 8), NoResponse, "no answer to READ_REG"),
    "who hangs up": (hang_up, PortError, "was the adapter unplugged, or the server stopped?"),
}


@contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Let one client in, and talk to it until it leaves."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LONGEST_S)  # nobody may come

        def serve() -> None:
            with suppress(OSError):
                line, _ = server.accept()
                line.settimeout(LONGEST_S)
                with line:
                    talk(line)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


# pyserial leaves a socket whose other end has hung up to the garbage collector, which complains
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("peer", PEERS)
def test_one_line_says_that_this_is_none(peer: str, capsys: pytest.CaptureFixture[str]) -> None:
    talk, error, words = PEERS[peer]
    began = time.monotonic()
    with listening(talk) as url, pytest.raises(SystemExit) as exited:
        main(["--port", url, "--quiet", "read-mac"])
    said = capsys.readouterr()
    assert time.monotonic() - began < LONGEST_S
    assert (exited.value.code, said.out) == (error.exit_code, "")
    assert said.err.count("\n") == 1
    assert words in said.err

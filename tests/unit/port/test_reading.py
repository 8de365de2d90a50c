# SPDX-License-Identifier: Apache-2.0
"""The two readers, and what they ask of a handle."""

import socket
from collections.abc import Iterator

import pytest

from esprom.port import open_port, reading
from esprom.port.reading import DISCARD_LIMIT, PolledReader, SelectReader, drain
from tests.ports import VirtualClock


@pytest.fixture
def served() -> Iterator[tuple[str, socket.socket]]:
    """A TCP address, and the socket on which whoever connects will be met."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"socket://127.0.0.1:{server.getsockname()[1]}", server


class Counted:
    """A handle that is asked, and never told a timeout."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.asked: list[int] = []

    @property
    def in_waiting(self) -> int:
        return len(self.pieces[0]) if self.pieces else 0

    @property
    def timeout(self) -> float:
        return 0.0

    def read(self, size: int) -> bytes:
        self.asked.append(size)
        return self.pieces.pop(0) if self.pieces else b""


def test_a_handle_that_polls_is_asked_for_all_that_waits_or_is_sure_to_come() -> None:
    handle = Counted([b"0123456789", b"ab"])
    reader = PolledReader(handle, VirtualClock())
    assert reader.read(1.0, 4) == b"0123456789"
    assert reader.read(1.0, 12) == b"ab"
    assert handle.asked == [10, 12]


def test_nothing_is_waited_for_without_time() -> None:
    handle = Counted([])
    assert PolledReader(handle, VirtualClock()).read(0.0, 5) == b""
    assert handle.asked == []


def test_a_socket_is_read_in_large_pieces(served: tuple[str, socket.socket]) -> None:
    url, server = served
    port = open_port(url)
    peer, _ = server.accept()
    with peer:
        assert port.read(0.0) == b""
        peer.sendall(bytes(8192))
        heard, reads = b"", 0
        while len(heard) < 8192:
            heard += port.read(2.0)
            reads += 1
        assert reads <= 4
        peer.sendall(b"abc")
        assert port.read(2.0, at_least=3) == b"abc"
        port.write(b"hello")
        assert peer.recv(10) == b"hello"
    port.close()


def test_more_than_one_piece_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:

        class Handle:
            def fileno(self) -> int:
                return ours.fileno()

            def read(self, size: int) -> bytes:
                data = ours.recv(size)
                if data == b"first":
                    theirs.sendall(b"second")
                return data

        reader = SelectReader(Handle())
        theirs.sendall(b"first")
        assert reader.read(1.0, 11) == b"firstsecond"
        theirs.sendall(b"first")
        assert reader.read(1.0, 1) == b"first"
        assert reader.read(1.0, 1) == b"second"
        assert reader.read(0.0, 1) == b""


def test_a_flood_is_not_drained_for_ever() -> None:
    class Flood:
        taken = 0

        def read(self, timeout_s: float, at_least: int) -> bytes:
            self.taken += reading.CHUNK
            return bytes(reading.CHUNK)

    flood = Flood()
    drain(flood)
    assert flood.taken == DISCARD_LIMIT

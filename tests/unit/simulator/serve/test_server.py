# SPDX-License-Identifier: Apache-2.0
"""The lines of a client far away, and the socket protocols under hostile input."""

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esp8266sim.board import RESET_RISE_PS, Board, Wiring
from esp8266sim.serve.client import Outbox
from esp8266sim.serve.pace import Pace
from esp8266sim.serve.server import BOTH_ASSERTED_S, TOO_MUCH, Lines, Server, Ways
from esp8266sim.serve.sim import open_board
from esprom import Program, Segment, program_images
from tests.bench import SYNC
from tests.served import serving

# Feeds the watchdog without end, which is the slowest that code can be: l32r a2, the register's address;
# movi a3, 0x73; s32i a3, a2, 0; j to that.
FEEDS = bytes.fromhex("14090060 21ffff 32a073 326200 46feff")
FEEDING = program_images(Program(0x40100004, (Segment(0x40100000, FEEDS),)), 1)[0].data


class Wall:
    """A clock on the wall that the test moves."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def board() -> Board:
    found = open_board("sim://esp01")[0]
    found.clock.advance(10**11)
    return found


def lines(board: Board, wall: Wall) -> Lines:
    return Lines(board, lambda: None, wall)


def boot_mode(board: Board) -> int:
    board.clock.advance(board.clock.now + 10**11)
    return board.gpio.straps >> 16 & 7


@pytest.mark.spec("SERVE-5")
def test_classic_reset_with_a_pause_between_the_lines(board: Board, wall: Wall) -> None:
    far = lines(board, wall)
    far.set_lines(dtr=False, rts=True)
    far.set_lines(dtr=True, rts=True)  # 50 ms later the other one follows
    wall.time += 0.05
    far.settle()
    far.set_lines(dtr=True, rts=False)
    assert boot_mode(board) == 1


@pytest.mark.spec("SERVE-5")
def test_both_asserted_counts_when_nothing_follows(board: Board, wall: Wall) -> None:
    far = lines(board, wall)
    far.set_lines(dtr=False, rts=True)
    far.set_lines(dtr=True, rts=True)
    wall.time += BOTH_ASSERTED_S
    far.settle()
    board.clock.advance(board.clock.now + 2 * RESET_RISE_PS)
    far.set_lines(dtr=True, rts=False)  # too late: it has booted with GPIO0 high
    assert boot_mode(board) == 3


def test_what_is_written_meanwhile_makes_it_count_at_once(board: Board, wall: Wall) -> None:
    far = lines(board, wall)
    far.set_lines(dtr=False, rts=True)
    far.set_lines(dtr=True, rts=True)
    far.write(b"x")
    assert far.settle_at is None
    assert boot_mode(board) == 3


@pytest.mark.spec("SERVE-2")
def test_closing_drops_both(board: Board, wall: Wall) -> None:
    far = lines(board, wall)
    far.set_lines(dtr=False, rts=True)
    far.drop()
    assert boot_mode(board) == 3


@given(junk=st.binary(min_size=1, max_size=300))
@pytest.mark.parametrize("kind", ["tcp", "rfc2217"])
@pytest.mark.spec("SERVE-12")
def test_junk_harms_nobody(kind: str, junk: bytes) -> None:
    board = open_board("sim://esp01")[0]
    with serving(Ways(tcp=0) if kind == "tcp" else Ways(rfc2217=0), board) as served:
        host, _, port = served.urls[kind].partition("://")[2].rpartition(":")
        for _ in range(2):
            with socket.create_connection((host, int(port)), 10) as client:
                client.sendall(junk)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass


@pytest.mark.spec("SERVE-4")
def test_wiring_follows_the_way_in_unless_told() -> None:
    board = open_board("sim://esp01")[0]
    with serving(Ways(tcp=0, rfc2217=0), board) as served:
        assert board.wiring.value == "auto"
        host, _, port = served.urls["tcp"].partition("://")[2].rpartition(":")
        with socket.create_connection((host, int(port)), 10) as client:
            client.settimeout(10)
            client.recv(1)  # the banner: it was powered up anew, with GPIO0 on ground
            assert board.wiring.value == "jumper"
    with serving(Ways(tcp=0), wiring=Wiring.AUTO) as served:
        assert served.board.wiring is Wiring.AUTO


@pytest.mark.spec("SERVE-8")
def test_a_client_that_does_not_read_stops_the_boards_time(monkeypatch: pytest.MonkeyPatch) -> None:
    board = open_board("sim://esp01")[0]
    unsent = [TOO_MUCH + 1]
    monkeypatch.setattr(Outbox, "__len__", lambda self: unsent[0])
    with Server(board, Ways(tcp=0), pace=Pace.MAX) as server:
        host, _, port = server.addresses[0].url.partition("://")[2].rpartition(":")
        with socket.create_connection((host, int(port)), 10):
            server.step(1.0)  # lets the client in; the board, powered up anew, has much to do
            began = board.clock.now
            for _ in range(5):
                server.step(0.0)
            assert board.clock.now == began
            unsent[0] = 0
            for _ in range(5):
                server.step(0.0)
            assert board.clock.now > began


@pytest.mark.parametrize("pace", Pace)
def test_a_firmware_that_spins_keeps_nobody_out(pace: Pace) -> None:
    board = open_board("sim://esp01")[0]
    board.flash.array[: len(FEEDING)] = FEEDING
    board.press_reset()
    while board.soc.cpu.pc not in range(0x40100004, 0x40100010):
        board.clock.step()
    with Server(board, Ways(rfc2217=0), pace=pace) as server:
        host, _, port = server.addresses[0].url.partition("://")[2].rpartition(":")
        with socket.create_connection((host, int(port)), 10) as client:
            client.setblocking(False)
            client.sendall(b"\xff\xfd\x2c")  # DO COM-PORT-OPTION
            began = time.monotonic()
            server.step(0.0)
            client.sendall(b"\xff\xfa\x2c\x05\x08\xff\xf0")  # SET-CONTROL: DTR
            while b"\xff\xfa\x2c\x69\x08\xff\xf0" not in read(client):
                server.step(0.0)
            assert time.monotonic() - began < 2.0  # pyserial waits 3 s for each of these


def read(client: socket.socket) -> bytes:
    try:
        return client.recv(1000)
    except BlockingIOError:
        return b""


@pytest.mark.spec("SERVE-11")
def test_a_break_is_heard_as_a_zero(board: Board, wall: Wall) -> None:
    board.wire(Wiring.JUMPER)
    board.power_cycle()
    board.clock.advance(board.clock.now + 10**11)
    far = lines(board, wall)
    far.write(SYNC)
    board.clock.advance(board.clock.now + 10**11)
    board.soc.bus.poke(0x3FFFA000, b"\x55")
    far.write(b"\xc0")
    far.send_break()
    far.write(b"\xc0")
    board.clock.advance(board.clock.now + 10**11)
    assert board.soc.bus.peek(0x3FFFA000, 1) == b"\x00"  # where the loader keeps the frame

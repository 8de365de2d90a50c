# SPDX-License-Identifier: Apache-2.0
"""Erasing and writing when something goes wrong in the middle: what is not the caller's to lose stays."""

import logging
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

import esprom
from esp8266sim.board import Board, Wiring
from esp8266sim.chips import GD25Q32, W25Q32, W25Q80, ChipModel
from esp8266sim.flashchip import Operation
from esp8266sim.flaws import Stuck
from esp8266sim.profiles import PROFILES
from esp8266sim.scripts import Script, scripted_board
from esprom import Segment
from esprom.device import Device
from esprom.errors import Cancelled, EdgeLost, EspromError, NoResponse, PortError, Refused, VerifyFailed
from esprom.protocol.packets import Command
from tests.ports import HurtPort, board, on_board, requests

PATTERN = random.Random(5).randbytes(0x20000)
ERASES = frozenset({0x20, 0x52, 0xD8, 0xC7})
MACRONIX = replace(
    GD25Q32,
    name="MX25L3206E",
    jedec_id=0xC22016,
    status_registers=1,
    writable=0xFC,
    one_time=0,
    lockable=False,
)


class Interrupting(HurtPort):
    """Calls `strike` before the n-th request of a command, for every n in `at`."""

    command = Command.FLASH_DATA
    at: frozenset[int] = frozenset()
    count = 0

    def strike(self) -> None:
        raise KeyboardInterrupt

    def write(self, data: bytes) -> None:
        if [request.command for request in requests(data)] == [self.command]:
            self.count += 1
            if self.count - 1 in self.at:
                self.strike()
        super().write(data)


def connected(under_test: Board) -> tuple[Device, Interrupting]:
    port = Interrupting(on_board(under_test, latency_ms=0))
    device = esprom.connect(port, after="no-reset")
    device.flash()
    return device, port


@pytest.fixture
def under_test() -> Board:
    return board(content=PATTERN)


def test_ctrl_c_between_erasing_and_programming_an_edge_puts_it_back(under_test: Board) -> None:
    device, port = connected(under_test)
    before = bytes(under_test.flash.array)
    port.at = frozenset({0})
    with pytest.raises(KeyboardInterrupt):
        device.write_flash(0x1234, b"hello")
    assert bytes(under_test.flash.array) == before
    device.write_flash(0x1234, b"hello")
    assert bytes(under_test.flash.array) == before[:0x1234] + b"hello" + before[0x1239:]


def test_an_edge_that_cannot_be_put_back_is_handed_to_the_caller(under_test: Board) -> None:
    device, port = connected(under_test)
    port.at = frozenset(range(100))
    with pytest.raises(EdgeLost, match="0x1000 to 0x1233 and 0x1239 to 0x1fff") as caught:
        device.write_flash(0x1234, b"hello")
    assert caught.value.kept == {0x1000: PATTERN[0x1000:0x1234], 0x1239: PATTERN[0x1239:0x2000]}
    assert isinstance(caught.value.__cause__, KeyboardInterrupt)


def test_what_lies_between_pieces_is_handed_over_too(under_test: Board) -> None:
    device, port = connected(under_test)
    port.at = frozenset(range(100))
    with pytest.raises(EdgeLost) as caught:
        device.write_parts([Segment(0xFFE, b"across"), Segment(0x1300, b"x"), Segment(0x1FFF, b"y")])
    assert caught.value.kept == {0: PATTERN[:0xFFE]}
    port.at = frozenset(range(port.count, port.count + 100))
    with pytest.raises(EdgeLost, match="0x1004 to 0x12ff and 0x1301 to 0x1ffe") as caught:
        device.write_parts([Segment(0x1000, b"ross"), Segment(0x1300, b"x"), Segment(0x1FFF, b"y")])
    assert caught.value.kept == {0x1004: PATTERN[0x1004:0x1300], 0x1301: PATTERN[0x1301:0x1FFF]}


@pytest.mark.parametrize(
    ("offset", "size", "kept"), [(0x2FFF, 2, {0x2000: 0xFFF}), (0x3000, 0x10, {0x3010: 0xFF0})]
)
def test_the_line_that_goes_away_with_an_edge(
    under_test: Board, offset: int, size: int, kept: dict[int, int]
) -> None:
    device, port = connected(under_test)

    def gone() -> None:
        port.command, port.at = Command.SYNC, frozenset()
        raise PortError("gone", port=port.name)

    def always(data: bytes) -> None:
        raise PortError("gone", port=port.name)

    def strike() -> None:
        port.write = always  # type: ignore[method-assign]
        gone()

    port.strike = strike  # type: ignore[method-assign]
    port.at = frozenset({0})
    with pytest.raises(EdgeLost) as caught:
        device.write_flash(offset, bytes(size))
    assert caught.value.kept == {at: PATTERN[at : at + length] for at, length in kept.items()}


def test_an_interrupt_beside_the_edges_leaves_them_as_they_are_to_be(under_test: Board) -> None:
    device, port = connected(under_test)
    port.at = frozenset({1})
    with pytest.raises(KeyboardInterrupt):
        device.write_flash(0x2FF0, bytes(0x1010))
    array = bytes(under_test.flash.array)
    assert array[:0x3000] == PATTERN[:0x2FF0] + bytes(0x10)
    assert array[0x4000:0x20000] == PATTERN[0x4000:]


def test_writing_leaves_what_it_has_not_reached(under_test: Board) -> None:
    """Erased block by block, not all at first."""
    device, port = connected(under_test)
    port.at = frozenset({2})
    with pytest.raises(KeyboardInterrupt):
        device.write_flash(0, bytes(0x20000))
    assert bytes(under_test.flash.array[0x10000:0x20000]) == PATTERN[0x10000:]


class Deaf(HurtPort):
    """Loses the n-th answer after `begin`, whatever it is, for every n in `lost`."""

    lost: frozenset[int] = frozenset()
    count = 0

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        data = super().read(timeout_s, at_least)
        if data:
            self.count += 1
        return b"" if data and self.count - 1 in self.lost else data


@pytest.mark.parametrize("lost", range(0, 40, 3))
def test_one_lost_answer_does_not_end_an_erase(lost: int) -> None:
    under_test = board(content=PATTERN)
    port = Deaf(on_board(under_test, latency_ms=0))
    device = esprom.connect(port, after="no-reset")
    device.flash()
    device.read_flash_status()
    port.count, port.lost = (
        -8,
        frozenset({lost}),
    )  # the look at the protection comes first, nothing is touched
    device.erase_region(0x3000, 0x3000)
    expected = PATTERN[:0x3000] + b"\xff" * 0x3000 + PATTERN[0x6000:]
    assert bytes(under_test.flash.array[:0x20000]) == expected


def flips(count: int) -> list[tuple[int, int]]:
    draw = random.Random(4)
    return [(draw.randrange(1400), 1 << draw.randrange(8)) for _ in range(count)]


# The first two hit the form and the address of the erase: taken unseen, they erase another sector.
@pytest.mark.parametrize(("at", "bits"), [(600, 8), (637, 64), *flips(40)])
def test_a_damaged_byte_erases_nothing_else(at: int, bits: int) -> None:
    under_test = board(content=PATTERN)
    device, port = connected(under_test)
    port.hurt_from_here(sent={at: bits})
    told: list[Operation] = []
    under_test.flash.observer = told.append
    try:
        device.erase_region(0x3000, 0x1000)
    except EspromError:
        pass
    else:
        assert bytes(under_test.flash.array[0x3000:0x4000]) == b"\xff" * 0x1000
    assert {(o.opcode, o.address) for o in told if o.accepted and o.opcode in ERASES} <= {(0x20, 0x3000)}


class Weak(Board):
    """A chip that takes erase commands and does not erase."""

    def keep(self) -> None:
        held = bytes(self.flash.array)

        def put_back(told: Operation) -> None:
            if told.opcode in ERASES:
                self.flash.array[:] = held

        self.flash.observer = put_back


@pytest.mark.parametrize("size", [0x1000, W25Q80.size])
def test_an_erase_that_leaves_the_cells_fails(size: int) -> None:
    under_test = Weak(PROFILES["esp01"], bytearray(PATTERN.ljust(W25Q80.size, b"\x00")))
    device, _ = connected(under_test)
    under_test.keep()
    with pytest.raises(VerifyFailed, match="not blank") as caught:
        device.erase_region(0, size)
    assert caught.value.address == 0


@pytest.mark.soak
def test_a_damaged_reading_of_the_status_register_is_not_written_back(
    under_test: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reading with LB1 set, between right ones, as a flipped bit makes it."""
    device, _ = connected(under_test)
    under_test.flash.status = 0x0200
    transfer, turns = under_test.flash.transfer, [0]

    def wrong(opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        found = transfer(opcode, address, sent, read)
        turns[0] -= opcode == 0x35
        return bytes([found[0] | 0x08]) if opcode == 0x35 and turns[0] == 0 else found

    monkeypatch.setattr(under_test.flash, "transfer", wrong)
    for turn in range(1, 9):
        turns[0] = turn
        device.write_flash(0x1000, random.Random(turn).randbytes(0x100))
        assert under_test.flash.status == 0x0200


def test_a_lock_is_not_put_back_by_itself(under_test: Board, caplog: pytest.LogCaptureFixture) -> None:
    device, _ = connected(under_test)
    under_test.flash.status = 0x0280
    with caplog.at_level(logging.WARNING, "esprom"):
        device.write_flash(0x1000, PATTERN[:0x100])
    assert under_test.flash.status == 0x0200
    assert "was 0x280 and is 0x200" in caplog.text


def told_by(under_test: Board, job: Callable[[], None]) -> list[Operation]:
    told: list[Operation] = []
    under_test.flash.observer = told.append
    job()
    return told


def test_macronix_is_told_one_byte_and_never_asked_for_a_second_register() -> None:
    """On its chips opcode 35 is EQIO: four data lines, until the supply goes."""
    under_test = Board(PROFILES["esp12"], bytearray(PATTERN.ljust(MACRONIX.size, b"\xff")), chip=MACRONIX)
    device = esprom.connect(on_board(under_test, latency_ms=0), after="no-reset")
    under_test.flash.status = 0x24

    def jobs() -> None:
        device.write_flash(0x1010, b"hello", unprotect=True)
        device.write_flash_status(0x40, 1, volatile=False)
        device.write_flash(0x3010, b"hello")
        device.erase_region(0x5000, 0x1000)

    told = told_by(under_test, jobs)
    assert not {o.opcode for o in told} & {0x35, 0x31, 0x15, 0x11}
    assert under_test.flash.status & 0xFC == 0x40
    with pytest.raises(Refused, match="Macronix, id c22016"):
        device.read_flash_status(2)
    with pytest.raises(Refused, match="has 1 status register"):
        device.write_flash_status(0, 2, volatile=False)


def test_the_rom_is_told_the_id_in_its_own_order() -> None:
    large = Board(PROFILES["esp12"], chip=replace(W25Q32, jedec_id=0xEF4017, size=0x800000, sfdp=b""))
    port = on_board(large, latency_ms=0)
    device = esprom.connect(port, after="no-reset")
    device.write_flash(0x700000, b"far away")
    assert device.read_reg(0x3FFFC718) == 0x1740EF


def test_a_chip_that_is_still_busy_is_waited_for(under_test: Board) -> None:
    """As after a restart of the ESP8266 during an erase: until it is over the chip answers to nothing."""
    chip: ChipModel = under_test.flash.model
    under_test.flash.transfer(0x06, None, b"", 0)
    under_test.flash.transfer(0xD8, 0x10000, b"", 0)
    told: list[Operation] = []
    under_test.flash.observer = told.append
    device = esprom.connect(on_board(under_test, latency_ms=0), after="no-reset")
    under_test.flash.busy_until = under_test.clock.now + 2_000_000_000_000
    assert device.flash().jedec_id == chip.jedec_id
    assert [o.opcode for o in told if o.accepted] == []


def test_the_chip_that_does_not_answer_an_erase_command_in_time(under_test: Board) -> None:
    device, port = connected(under_test)
    transfer = under_test.flash.transfer

    def stuck(opcode: int, address: int | None, sent: bytes, read: int) -> bytes:
        found = transfer(opcode, address, sent, read)
        if opcode in ERASES:
            under_test.flash.busy_until += 10**15
        return found

    under_test.flash.transfer = stuck  # type: ignore[method-assign]
    began = port.clock.now()
    with pytest.raises(NoResponse, match="busy for more than 2 s"):
        device.erase_region(0x3000, 0x1000)
    assert port.clock.now() - began < 4


def test_a_cancelled_erase_stops_at_a_unit(under_test: Board) -> None:
    device, _ = connected(under_test)
    calls = iter(range(100))
    with pytest.raises(Cancelled):
        device.erase_region(0x1000, 0x4000, cancel=lambda: next(calls) >= 2)
    assert bytes(under_test.flash.array[0x4000:0x5000]) == PATTERN[0x4000:0x5000]


def liar(content: bytes, claims: int = 0xEF4016) -> Board:
    """A board whose flash has 1 MiB, and an id that says 4 MiB; no SFDP."""
    script = Script("liar", "", claims=claims)
    return scripted_board(
        PROFILES["esp01"], script, bytearray(content.ljust(W25Q80.size, b"\xff")), Wiring.AUTO
    )


@pytest.mark.spec("FLASH-2")
@pytest.mark.parametrize("change", ["write_flash", "write_parts", "erase_region", "write_sectors"])
def test_a_flash_that_ends_before_that_is_not_changed(change: str) -> None:
    under_test = liar(PATTERN)
    device, _ = connected(under_test)
    arguments = {
        "write_flash": (0x120000, b"new"),
        "write_parts": ([Segment(0x1000, b"before"), Segment(0x120000, b"new")],),
        "erase_region": (0x120000, 0x1000),
        "write_sectors": ({0x120000: bytes(0x1000)},),
    }
    with pytest.raises(Refused, match=r"seems to have 1MB, not the 4MB that it claims: .* --chip-size 1MB"):
        getattr(device, change)(*arguments[change])
    assert bytes(under_test.flash.array) == PATTERN.ljust(W25Q80.size, b"\xff")
    device.write_flash(0x20000, b"new")
    assert under_test.flash.array[0x20000:0x20003] == b"new"


def test_a_blank_flash_tells_nothing_of_its_size() -> None:
    device, _ = connected(liar(b""))
    device.write_flash(0x120000, b"new")


def test_what_was_written_may_show_that_the_flash_is_smaller() -> None:
    """Blank, it tells nothing; the first piece would be written over by the second."""
    under_test = liar(b"")
    device, _ = connected(under_test)
    with pytest.raises(Refused, match="seems to have 1MB"):
        device.write_parts([Segment(0, b"first"), Segment(0x100000, b"second")])
    assert under_test.flash.array[:6] == b"first\xff"


def test_a_size_that_was_seen_is_not_looked_at_again() -> None:
    honest = Board(PROFILES["esp12"], chip=replace(W25Q32, sfdp=b""))
    honest.flash.array[:0x20000] = PATTERN
    device, port = connected(honest)
    device.check_size(0x400000)
    began = port.clock.now()
    device.check_size(0x400000)
    assert port.clock.now() == began


def test_one_bit_that_is_stuck_is_found_after_an_erase() -> None:
    under_test = Board(PROFILES["esp01"], flaws=(Stuck(range(0x2777, 0x2778), at_zero=0x01),))
    device, _ = connected(under_test)
    with pytest.raises(VerifyFailed, match="not blank after it was erased") as caught:
        device.erase_region(0x1000, 0x3000)
    assert caught.value.address == 0x2777

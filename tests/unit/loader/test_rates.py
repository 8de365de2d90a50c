# SPDX-License-Identifier: Apache-2.0
"""The rate of the line: the highest that carries everything, and a lower one when it does not any more."""

import random
from collections.abc import Iterator

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.faults import Fault
from esp8266sim.profiles import PROFILES
from esprom.errors import NoResponse
from esprom.loader import connect, rates
from esprom.loader.stub import StubLoader, upload
from esprom.protocol import own
from esprom.protocol.packets import Command
from esprom.stub import image
from tests.ports import HurtPort, Noise, board, on_board

CONTENT = random.Random(3).randbytes(0x18000)


@pytest.fixture
def under_test() -> Board:
    return board(content=CONTENT)


@pytest.fixture
def port(under_test: Board) -> HurtPort:
    return HurtPort(on_board(under_test))


@pytest.fixture
def stub(port: HurtPort) -> Iterator[StubLoader]:
    stub = upload(connect.reach_rom(port, "default-reset"), image())
    yield stub
    assert stub.info().overflows == 0


def test_the_highest_rate_is_found(stub: StubLoader) -> None:
    rates.highest(stub.session)
    assert stub.session.port.baud == 2_000_000
    assert stub.read(0, 0x4000) == CONTENT[:0x4000]


@pytest.mark.parametrize("direction", ["received", "sent"])
@pytest.mark.parametrize(("limit", "found"), [(1_500_000, 1_500_000), (500_000, 460_800), (115_200, 115_200)])
def test_a_rate_that_fails_one_way_leaves_both_ends_where_they_were(
    port: HurtPort, stub: StubLoader, direction: str, limit: int, found: int
) -> None:
    port.hurt_from_here(**{direction: Noise(lambda: port.baud > limit, every=6)})
    rates.highest(stub.session)
    assert port.baud == found
    assert stub.read(0, 0x4000) == CONTENT[:0x4000]


@pytest.mark.parametrize("every", [100, 1000])
def test_a_rate_that_carries_most_is_not_high_enough(port: HurtPort, stub: StubLoader, every: int) -> None:
    port.hurt_from_here(received=Noise(lambda: port.baud > 921_600, every))
    rates.highest(stub.session)
    assert port.baud == 921_600


def test_long_wires() -> None:
    made = Board(PROFILES["esp12"], faults=[Fault.LONG_WIRES])
    with esprom.connect(on_board(made), baud="auto", loader="auto") as device:
        assert (device.baud, device.loader) == (921_600, "esprom")


@pytest.mark.parametrize(
    ("bridge", "found"), [("cp2102", 921_600), ("cp2104", 2_000_000), ("ch340", 2_000_000)]
)
def test_what_the_adapter_can_make(bridge: str, found: int) -> None:
    with esprom.connect(f"sim://esp01?bridge={bridge}", baud="auto", loader="stub") as device:
        assert device.baud == found


def test_the_rom_stays_where_it_is() -> None:
    with esprom.connect("sim://esp01", baud="auto", loader="rom") as device:
        assert device.baud == 115200


@pytest.mark.spec("STUB-15")
@pytest.mark.parametrize("lost", ["request", "answer", "confirmation", "answer to it", "all answers to it"])
def test_whatever_is_lost_in_a_trial_both_ends_agree_after_it(
    port: HurtPort, stub: StubLoader, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One frame is hit, whichever it is; the patterns between them have their own test."""
    told = rates._tell
    number = 0

    def hit(session: object, body: own.TryBaudrate) -> bool:
        nonlocal number
        number += 1
        plan = {index: 0x20 for index in range(12, 16)}
        if number == (1 if lost in ("request", "answer") else 2) or (
            lost.endswith("all of it") and number > 1
        ):
            if lost in ("request", "confirmation"):
                port.hurt_from_here(sent=plan)
            else:
                port.hurt_from_here(received=plan)
        try:
            return told(stub.session, body)
        finally:
            port.hurt_from_here()

    monkeypatch.setattr(rates, "_tell", hit)
    changed = rates.change(stub.session, 460_800)
    assert changed == (lost != "request")
    assert port.baud == (460_800 if changed else 115_200)
    assert stub.echo(rates.PATTERN) == rates.PATTERN


@pytest.mark.spec("STUB-15")
def test_a_trial_that_nobody_confirms_ends(under_test: Board, stub: StubLoader) -> None:
    used = under_test.soc.uart.bit
    stub.ask(Command.TRY_BAUDRATE, own.TryBaudrate(921_600, 115_200, 200))
    clock = stub.session.port.clock
    clock.sleep(0.01)
    assert under_test.soc.uart.bit < used / 7
    clock.sleep(0.25)
    assert under_test.soc.uart.bit == used
    stub.info()


@pytest.mark.soak
@pytest.mark.spec("STUB-16")
def test_a_read_goes_on_at_a_lower_rate_and_keeps_what_it_has(
    under_test: Board, port: HurtPort, stub: StubLoader, caplog: pytest.LogCaptureFixture
) -> None:
    rates.highest(stub.session)
    come = 0
    least = 0

    def advance(count: int) -> None:
        nonlocal come, least
        come += count
        if port.baud == 2_000_000:
            least = max(least, come)

    port.hurt_from_here(received=Noise(lambda: port.baud > 500_000 and come > 0x8000, every=300))
    assert stub.read(0, len(CONTENT), advance) == CONTENT
    assert come == len(CONTENT)
    assert port.baud == 460_800
    assert least > 0x8000
    assert "the line is bad at 2000000 baud, going on at " in caplog.text


@pytest.mark.spec("STUB-16")
@pytest.mark.parametrize(
    ("direction", "every"), [("received", 15), pytest.param("sent", 200, marks=pytest.mark.soak)]
)
def test_a_write_goes_on_at_a_lower_rate(under_test: Board, direction: str, every: int) -> None:
    port = HurtPort(on_board(under_test))
    with esprom.connect(port, baud="auto", loader="stub") as device:
        device.flash()
        port.hurt_from_here(**{direction: Noise(lambda: port.baud > 500_000, every)})
        device.write_flash(0x1000, CONTENT[0x8000:0x10000])
        assert device.baud == 460_800
    assert under_test.flash.array[0x1000:0x9000] == CONTENT[0x8000:0x10000]


def test_where_nothing_is_lower_a_bad_line_is_put_up_with(port: HurtPort, stub: StubLoader) -> None:
    port.hurt_from_here(received=Noise(lambda: True, every=3000))
    assert stub.read(0, 0x8000) == CONTENT[:0x8000]
    assert port.baud == 115_200
    port.hurt_from_here()


@pytest.mark.parametrize("baud", [115_200, 2_000_000])
def test_a_board_that_is_gone_is_not_sought_for_long(under_test: Board, baud: int) -> None:
    port = HurtPort(on_board(under_test))
    stub = upload(connect.reach_rom(port, "default-reset"), image())
    assert baud == 115_200 or rates.change(stub.session, baud)
    under_test.power_cycle()
    began = port.clock.now()
    with pytest.raises(NoResponse):
        stub.read(0, 0x4000)
    assert port.clock.now() - began < 60.0

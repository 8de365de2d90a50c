# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from esp8266sim.board import Board, Wiring
from esp8266sim.bridges import BRIDGES
from esp8266sim.profiles import PROFILES
from esp8266sim.scripts import (
    Act,
    Frames,
    Lost,
    Overtaken,
    Passed,
    Revalued,
    Script,
    ScriptedLine,
    Twice,
    Way,
)
from esp8266sim.trace import Kind
from esprom.errors import NoResponse, ProtocolError
from esprom.loader.connect import ROM_WORD, ROM_WORD_VALUE, identify, reach_rom
from esprom.loader.rom import RomLoader
from esprom.protocol import slip
from esprom.protocol.packets import Command
from tests.ports import ScriptedPort, board, loader, on_board, reply


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("baud", [9600, 74880, 115200, 230400, 460800])
def test_a_board_is_reached_and_identified(profile: str, baud: int) -> None:
    under_test = board(profile)
    port = on_board(under_test)
    port.baud = baud
    info = identify(reach_rom(port, "default-reset"))
    name = "ESP8285N08" if profile == "esp8285" else "ESP8266EX"
    assert (info.name, info.efuse) == (name, PROFILES[profile].efuse)
    assert info.crystal_mhz * 1_000_000 == PROFILES[profile].crystal_hz
    assert info.mac.startswith("5c:cf:7f:")
    assert not under_test.trace.of(Kind.UNMODELLED)
    assert port.clock.now() < 1.2


@pytest.mark.parametrize("bridge", sorted(BRIDGES))
@pytest.mark.parametrize("crystal_hz", [26_000_000, 40_000_000])
@pytest.mark.parametrize("baud", [1_000_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 4_000_000])
def test_the_crystal_whatever_the_adapter_makes_of_a_rate(bridge: str, crystal_hz: int, baud: int) -> None:
    profile = replace(PROFILES["esp01"], bridge=BRIDGES[bridge], crystal_hz=crystal_hz)
    port = on_board(Board(profile))
    port.baud = baud
    assert identify(reach_rom(port, "default-reset")).crystal_mhz * 1_000_000 == crystal_hz


def test_a_crystal_that_cannot_be_told_is_called_a_guess(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = on_board(board("d1mini-pro"))  # whose adapter makes 2 Mbaud
    port.baud = 3_000_000
    rom = reach_rom(port, "default-reset")
    monkeypatch.setattr(RomLoader, "write_regs", lambda rom, writes: None)  # takes no time, as at --pace max
    assert identify(rom).crystal_mhz == 26
    assert "cannot be told at 3000000 baud" in caplog.text


def test_without_reset_lines_the_loader_must_be_there() -> None:
    under_test = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    port = on_board(under_test)
    reach_rom(port, "no-reset")
    rom = reach_rom(port, "no-reset-no-sync")
    assert rom.read_reg(ROM_WORD) == ROM_WORD_VALUE


def test_a_jumper_board_needs_no_reset_to_work() -> None:
    under_test = Board(PROFILES["esp01"], wiring=Wiring.JUMPER)
    assert reach_rom(on_board(under_test), "default-reset")


class NoGpio0(Board):
    """A board on which GPIO0 is not connected, so that every reset boots the flash."""

    def _gpio0_low(self) -> bool:
        return False


def test_a_board_that_boots_its_flash_is_recognised_by_its_boot_log() -> None:
    port = on_board(NoGpio0(PROFILES["esp01"]))
    with pytest.raises(NoResponse, match="GPIO0 was high at reset") as caught:
        reach_rom(port, "default-reset")
    assert b"rst cause:2, boot mode:(3,7)" in caught.value.received
    assert port.baud == 115200


@pytest.mark.parametrize("act", [Revalued(0x0100), Overtaken(1), Twice(), Lost()], ids=repr)
@pytest.mark.parametrize("answers", range(12))
def test_one_wrong_answer_makes_no_other_board_of_it(act: Act, answers: int) -> None:
    under_test = board()
    port = on_board(under_test)
    since = Passed(Way.FROM_CHIP, 13 * answers)  # an answer has 12 bytes, or 13 with an escape
    line = ((Frames(Way.FROM_CHIP, since, frozenset({Command.READ_REG})), act),)
    done = ScriptedLine(under_test, Script("test", "", line)).done
    try:
        info = identify(reach_rom(port, "default-reset"))
    except (NoResponse, ProtocolError):
        assert done
    else:
        assert (info.mac, info.crystal_mhz) == ("5c:cf:7f:12:34:56", 26)


def test_a_chip_that_says_something_else_each_time_is_not_believed() -> None:
    under_test = board()
    port = on_board(under_test)
    rom = reach_rom(port, "default-reset")
    flips = [Revalued(1 << bit) for bit in range(32)]
    which = frozenset({Command.READ_REG})
    line = tuple(
        (Frames(Way.FROM_CHIP, Passed(Way.FROM_CHIP, 75 * at), which), flips[at]) for at in range(32)
    )
    ScriptedLine(under_test, Script("test", "", line))
    with pytest.raises(ProtocolError, match="something else each time"):
        identify(rom)


def test_silence_names_the_wiring() -> None:
    with pytest.raises(NoResponse, match="nothing arrived at all: check that the board has power"):
        reach_rom(ScriptedPort(lambda written: b""), "no-reset")


def test_an_echo_is_recognised() -> None:
    with pytest.raises(NoResponse, match="TX and RX are joined"):
        reach_rom(ScriptedPort(lambda written: written), "no-reset")


def test_another_chip_is_refused() -> None:
    with pytest.raises(ProtocolError, match="not an ESP8266"):
        reach_rom(ScriptedPort(loader({ROM_WORD: 0x15122500})), "no-reset")


class OtherStub:
    """A stub of another tool, until the chip is told to reset itself; if it does."""

    def __init__(self, *, obeys: bool) -> None:
        self._obeys = obeys
        self._rom = loader({ROM_WORD: ROM_WORD_VALUE})
        self.left = False

    def __call__(self, written: bytes) -> bytes:
        packet = slip.Decoder().feed(written)[0]
        command = Command(packet[1])
        if self.left or command is Command.READ_REG:
            return self._rom(written)
        if command is Command.WRITE_REG:
            self.left = self._obeys and packet[8:16] == bytes.fromhex("00070060 00000080")
            return b""
        return reply(command, 0) * 8 if command is Command.SYNC else reply(command, 0, b"\xff\x00")


@pytest.mark.parametrize("before", ["no-reset", "no-reset-no-sync"])
def test_a_stub_of_another_tool_makes_way(before: str) -> None:
    other = OtherStub(obeys=True)
    rom = reach_rom(ScriptedPort(other), before)
    assert other.left
    assert not rom.session.with_stub


@pytest.mark.parametrize("before", ["no-reset", "no-reset-no-sync"])
def test_a_stub_that_cannot_be_left_is_refused(before: str) -> None:
    with pytest.raises(ProtocolError, match="stub loader"):
        reach_rom(ScriptedPort(OtherStub(obeys=False)), before)

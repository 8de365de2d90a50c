# SPDX-License-Identifier: Apache-2.0
"""State diagrams, as Mermaid, of what the virtual chip really does: every arrow was tried when it was drawn.

There is no table of states to print: the boot ROM is its code, and the flash chip its bits. So each stimulus
is given in each state that can be reached, on a model of its own, and what state follows is what is drawn.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from esp8266sim.board import Board
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import W25Q80
from esp8266sim.clock import SECOND
from esp8266sim.flashchip import WEL, WIP, FlashChip
from esp8266sim.line import Burst
from esp8266sim.profiles import PROFILES
from esprom.image.layout import ImageHeader, Segment, build_image
from esprom.protocol import Command, packet, packets, slip

BAUD = 115200
PROFILE = PROFILES["esp01"]
IRAM = 0x40100000
ENDLESS = bytes.fromhex("06ffff00")  # Xtensa `j .`
FIRMWARE = build_image(ImageHeader(1, 2, 0x20, IRAM), (Segment(IRAM, ENDLESS),))

Arrow = tuple[str, str, str]  # from a state, by what, to a state
Apply = Callable[[Board], None]


def mermaid(begin: Iterable[Arrow], arrows: Iterable[Arrow]) -> str:
    """Return a diagram. Arrows between the same two states are one; what leads nowhere is in the state."""
    names: dict[str, str] = {}
    joined: dict[tuple[str, str], list[str]] = {}
    for source, stimulus, target in (*begin, *arrows):
        for state in (source, target):
            names.setdefault(state, "[*]" if state == START else f"s{len(names)}")
        joined.setdefault((source, target), []).append(stimulus)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state}" as {name}' for state, name in names.items() if name != "[*]"]
    for (source, target), stimuli in joined.items():
        words = "<br/>".join(dict.fromkeys(stimuli))
        stays = source == target
        lines.append(f"    {names[source]}{'' if stays else ' --> ' + names[target]}: {STAYS * stays}{words}")
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


START = "reset"
STAYS = "stays so with<br/>"


# -- the boot ROM ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """One way to start the chip: what is in the flash, reset cause and boot mode (BOOT-3, BOOT-4)."""

    cause: int
    mode: int
    firmware: bool

    def board(self) -> Board:
        """Return a board that has been started so, and has done what it does by itself."""
        content = (FIRMWARE if self.firmware else b"").ljust(PROFILE.flash.size, b"\xff")
        board = Board(PROFILE, bytearray(content))
        board.reset(self.cause, boot_mode=self.mode, sdio=7)
        _settle(board)
        return board


@cache
def boot_diagram() -> str:
    """Return where each reset cause and boot mode lead, and what leads on from there."""
    return mermaid(_starts(), _steps())


def _starts() -> Iterator[Arrow]:
    alike: dict[tuple[str, CpuState], dict[int, list[int]]] = {}
    for cause in range(7):
        for mode in range(8):
            for condition, state in _after_reset(cause, mode):
                alike.setdefault((condition, state), {}).setdefault(cause, []).append(mode)
    for (condition, state), modes_of in alike.items():
        for modes in dict.fromkeys(map(tuple, modes_of.values())):
            causes = [cause for cause, found in modes_of.items() if tuple(found) == modes]
            which = f"mode {_listed(modes)}" if len(modes) < 8 else "any mode"
            yield START, f"cause {_listed(causes)}, {which}{condition}", state.value


def _after_reset(cause: int, mode: int) -> Iterator[tuple[str, CpuState]]:
    states = {firmware: Start(cause, mode, firmware).board().cpu_state for firmware in (True, False)}
    if states[True] is states[False]:
        yield "", states[True]
        return
    yield ", an image in the flash", states[True]
    yield ", no image in the flash", states[False]


def _listed(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))


def _request(command: Command, body: object) -> Apply:
    return lambda board: _send(board, slip.encode(packet(command, body)))


BLOCK = packets.DataBlock(0, bytes(4))
REQUESTS: dict[str, Apply] = {
    "SYNC": _request(Command.SYNC, packets.Sync()),
    "READ_REG": _request(Command.READ_REG, packets.ReadReg(IRAM)),
    "WRITE_REG": _request(Command.WRITE_REG, packets.WriteReg((packets.RegisterWrite(0x3FFE8000, 1),))),
    "SPI_SET_PARAMS": _request(Command.SPI_SET_PARAMS, packets.SpiSetParams(0, 0x100000)),
    "MEM_BEGIN": _request(Command.MEM_BEGIN, packets.MemBegin(4, 1, 4, IRAM)),
    "MEM_DATA": _request(Command.MEM_DATA, BLOCK),
    "MEM_END, stay 1": _request(Command.MEM_END, packets.MemEnd(1, IRAM)),
    "FLASH_BEGIN": _request(Command.FLASH_BEGIN, packets.FlashBegin(0x1000, 1, 4, 0x10000)),
    "FLASH_DATA": _request(Command.FLASH_DATA, BLOCK),
    "an opcode that it does not have": _request(Command.ERASE_FLASH, packets.Empty()),
    "READ_REG of an odd address": _request(Command.READ_REG, packets.ReadReg(IRAM + 1)),
    "READ_REG below 0x20000000": _request(Command.READ_REG, packets.ReadReg(0)),
    "MEM_END, stay 0, with code at its entry": _request(Command.MEM_END, packets.MemEnd(0, IRAM)),
    "MEM_END, stay 0, entry 0, an image in the flash": _request(Command.MEM_END, packets.MemEnd(0, 0)),
    "FLASH_END, an image in the flash": _request(Command.FLASH_END, packets.FlashEnd(1)),
}


def _steps() -> Iterator[Arrow]:
    download = Start(cause=2, mode=1, firmware=True)
    found = download.board()
    _send(found, b"\x55" * 3)  # BOOT-8
    yield CpuState.AUTOBAUD.value, "more than 29 edges on the line", found.cpu_state.value
    for words, request in REQUESTS.items():
        board = download.board()
        board.soc.bus.poke(IRAM, ENDLESS)
        for _ in range(2):  # the autobaud has the first
            _send(board, slip.encode(packet(Command.SYNC, packets.Sync())))
        assert board.cpu_state is CpuState.DOWNLOAD
        request(board)
        yield CpuState.DOWNLOAD.value, words, board.cpu_state.value


def _send(board: Board, data: bytes) -> None:
    burst = Burst(board.clock.now, round(SECOND / BAUD), data)
    board.receive(burst)
    board.clock.advance(burst.end)
    _settle(board)


def _settle(board: Board) -> None:
    board.clock.advance(board.clock.now + SECOND // 2)


# -- the flash chip -------------------------------------------------------------------------------


class _Flash:
    """A flash chip and its time."""

    def __init__(self) -> None:
        self.now = 0
        self.chip = FlashChip(W25Q80, now=lambda: self.now)

    def state(self) -> str:
        """Return what a host can tell of it, by what it answers."""
        if self.chip.transfer(0x9F, None, b"", 3) == bytes(3) and not self.chip.status & WIP:
            return "asleep"
        bits = [name for name, bit in (("WIP", WIP), ("WEL", WEL)) if self.chip.status & bit]
        return " and ".join(bits) or "idle"

    def send(self, opcode: int, address: int | None = None, sent: bytes = b"") -> None:
        self.chip.transfer(opcode, address, sent, 0)

    def wait(self) -> None:
        self.now = max(self.now, self.chip.busy_until) + 1


FLASH_STIMULI: dict[str, Callable[[_Flash], None]] = {
    "06 write enable": lambda flash: flash.send(0x06),
    "04 write disable": lambda flash: flash.send(0x04),
    "03 read": lambda flash: flash.send(0x03, 0),
    "02 program": lambda flash: flash.send(0x02, 0, b"\0"),
    "20 52 D8 erase": lambda flash: flash.send(0x20, 0),
    "C7 erase all": lambda flash: flash.send(0xC7),
    "01 write status": lambda flash: flash.send(0x01, None, b"\0\0"),
    "B9 power-down": lambda flash: flash.send(0xB9),
    "AB release": lambda flash: flash.send(0xAB),
    "its time is over": lambda flash: flash.wait(),
    "loss of supply": lambda flash: flash.chip.power_cycle(),
}


@cache
def flash_diagram() -> str:
    """Return the states of a flash chip, and what each command does in each (FLASH-6, FLASH-12, FLASH-20)."""
    return mermaid([(START, "power", _Flash().state())], _flash_arrows())


def _flash_arrows() -> Iterator[Arrow]:
    paths: dict[str, tuple[str, ...]] = {_Flash().state(): ()}
    for state in (todo := list(paths)):
        for stimulus, apply in FLASH_STIMULI.items():
            flash = _Flash()
            for earlier in paths[state]:
                FLASH_STIMULI[earlier](flash)
            assert flash.state() == state
            apply(flash)
            reached = flash.state()
            if reached not in paths:
                paths[reached] = (*paths[state], stimulus)
                todo.append(reached)
            if reached != state:
                yield state, stimulus, reached

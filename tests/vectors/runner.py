# SPDX-License-Identifier: Apache-2.0
"""Runs golden vectors on the virtual board and says what differs.

A vector is one JSON object: what was sent to the mask ROM's own code, executed in an interpreter with
modelled peripherals (not on silicon), what it answered, and the state it left. `specs/vectors/README.md`
has the form.

Compared: every byte sent, chunk by chunk; from `state` all of COMPARED. Not compared, with the reason:
IGNORED. Any other field is a difference, so that a new one cannot go unnoticed.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from esp8266sim import Board, Profile
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import RECORDER, W25Q32, ChipModel
from esp8266sim.clock import SECOND
from esp8266sim.faults import Fault
from esp8266sim.flashchip import Operation
from esp8266sim.line import Burst
from esp8266sim.trace import Kind
from esprom.protocol import Command, packet, slip
from esprom.protocol.packets import SYNC_MAGIC, Sync

DEFAULT_VECTORS = sorted((Path(__file__).parents[2] / "specs" / "vectors").glob("*.jsonl"))

# The recorder's flash was never busy; the second run takes the datasheet's times.
NEVER_BUSY = RECORDER
REAL_TIMES = replace(RECORDER, name="recorder, real times", times=W25Q32.times)

IGNORED = {
    "pc": "within the ROM the model has no instructions, so no program counter; `cpu` says where it is",
    "flash_fill": "repeats the set-up",
    "still_printing": "says how to compare the output, and is used for that",
}
SYNC_FRAME = slip.encode(packet(Command.SYNC, Sync()))
SYNC_BAUD = 115200
CPU_WORDS = {
    CpuState.STUCK: "elsewhere",
    CpuState.SDIO: "elsewhere",
    CpuState.BOOTING: "elsewhere",
}
ROM_PAGE = 0x4000  # upper half of the addresses of the mask ROM
OPERATION_NAMES = {0x01: "wrsr", 0x02: "pp", 0x20: "se", 0xD8: "be", 0xC7: "ce", 0x60: "ce"}
UNSEEN = {0x06, 0x04, 0x50, 0xAB}  # commands that the recorder does not list
ONLY_TEXT_COUNTS = "only the printed text counts"  # a vector's own note on its state


@dataclass(frozen=True, slots=True)
class Vector:
    """One case."""

    name: str
    setup: dict[str, Any]
    sent: tuple[bytes, ...]
    received: tuple[bytes, ...]
    state: dict[str, Any]
    notes: str


def load(path: Path) -> list[Vector]:
    """Return the vectors of a JSON lines file."""
    return [_vector(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]


def _vector(case: dict[str, Any]) -> Vector:
    sent = tuple(bytes.fromhex(chunk) for chunk in case["tx_hex"])
    received = tuple(bytes.fromhex(chunk) for chunk in case["rx_hex"])
    return Vector(case["name"], case["setup"], sent, received, case["state"], case["notes"])


class Tap:
    """Hears the chip's transmit pin at whatever rate it sends."""

    def __init__(self) -> None:
        self.heard = bytearray()

    def receive(self, burst: Burst) -> None:
        self.heard += burst.data

    def cut(self, now: int) -> None:
        """Nothing is reset while a vector runs."""

    def take(self) -> bytes:
        taken, self.heard = bytes(self.heard), bytearray()
        return taken


# What the recorder's `spi_miso_stuck` is on a virtual board.
STUCK_AT: dict[int | None, tuple[Fault, ...]] = {None: (), 0x00: (Fault.MISO_LOW,), 0xFF: (Fault.MISO_HIGH,)}


class Run:
    """One vector on a fresh board."""

    def __init__(self, vector: Vector, chip: ChipModel = NEVER_BUSY, rom: bytes | None = None) -> None:
        setup = vector.setup
        self.vector = vector
        self.fill = _fill(setup["flash_fill"], setup["flash_size"])
        content = bytearray(self.fill)
        for offset, data in setup["flash_put"]:
            content[offset : offset + len(data) // 2] = bytes.fromhex(data)
        a, b, c, d = (int(word, 16) for word in setup["efuse"])
        chip = replace(chip, jedec_id=int(setup["jedec"], 16))
        crystal_hz = setup["xtal_mhz"] * 1_000_000
        profile = Profile("vectors", "the recorder's board", chip, (a, b, c, d), crystal_hz)
        self.board = Board(profile, content, faults=STUCK_AT[setup["spi_miso_stuck"]], rom=rom)
        self.tap = Tap()
        self.board.attach(self.tap)
        self.operations: list[list[Any]] = []
        self.board.flash.observer = self._note
        self.received: list[bytes] = []

    def run(self) -> None:
        """Start the board as the vector says and send its chunks."""
        strap, sdio = self.vector.setup["strap"]
        self.board.reset(self.vector.setup["reset_cause"], boot_mode=strap, sdio=sdio)
        self._settle()
        boot_output = self.tap.take()
        start = self.vector.setup["start"]
        if start == "reset":
            self.received.append(boot_output)
        if start in ("autobaud", "synced"):
            self._send(SYNC_FRAME, SYNC_BAUD)
        if start == "synced":
            self._feed(SYNC_FRAME)
        self.tap.take()
        for address, data in self.vector.setup["ram_put"]:
            self.board.soc.bus.poke(int(address, 16), bytes.fromhex(data))
        for address, value in self.vector.setup["io"]:
            self.board.soc.bus.store32(int(address, 16), int(value, 16))
        for chunk in self.vector.sent:
            if self.vector.setup["feeding"] == "realtime":
                self._send(chunk, self.vector.setup["line_baud"])
                self._idle(self.vector.setup["idle_bits"])
            else:
                self._feed(chunk)
            self.received.append(self.tap.take())

    def differences(self) -> Iterator[str]:
        """Yield what differs from the vector; nothing if all is the same."""
        yield from self._received_differs()
        for field, expected in self.vector.state.items():
            if field in IGNORED or (ONLY_TEXT_COUNTS in self.vector.notes and field == "cpu"):
                continue
            compare = COMPARED.get(field)
            if compare is None:
                yield f"state has a field {field!r} that is not known here"
            elif difference := compare(self, expected):
                yield f"{field}: {difference}"

    def _received_differs(self) -> Iterator[str]:
        if len(self.received) != len(self.vector.received):
            yield f"{len(self.received)} answers, expected {len(self.vector.received)}"
        pairs = zip(self.received, self.vector.received, strict=False)
        for index, (got, expected) in enumerate(pairs):
            endless = self.vector.state.get("still_printing") and index == len(self.vector.received) - 1
            length = max(1, min(len(got), len(expected))) if endless else None
            if got[:length] != expected[:length]:
                yield f"answer {index}: {got.hex()}, expected {expected.hex()}"

    # -- state ----------------------------------------------------------------------------------

    def flash_changed(self, expected: list[dict[str, Any]]) -> str | None:
        """Compare the ranges that changed by digest, and everything else with the fill."""
        array, rest = bytes(self.board.flash.array), bytearray(self.board.flash.array)
        for offset, data in self.vector.setup["flash_put"]:
            rest[offset : offset + len(data) // 2] = self.fill[offset : offset + len(data) // 2]
        for change in expected:
            first, end = change["offset"], change["offset"] + change["length"]
            found = array[first:end]
            if "all_bytes" in change:
                same = found == bytes.fromhex(change["all_bytes"]) * len(found)
            else:
                same = hashlib.sha256(found).hexdigest() == change["sha256"]
            if not same:
                return f"0x{first:x}..0x{end:x} is {found[:16].hex()}..."
            rest[first:end] = self.fill[first:end]
        return None if rest == self.fill else "something else changed too"

    def flash_ops(self, expected: list[list[Any]]) -> str | None:
        return _differs(self.operations, expected)

    def flash_status_reg(self, expected: str) -> str | None:
        return _differs(f"{self.board.flash.status & 0xFFFC:04x}", expected)

    def ram(self, expected: dict[str, str]) -> str | None:
        bus = self.board.soc.bus
        return _differs(
            {at: bus.peek(int(at, 16), len(data) // 2).hex() for at, data in expected.items()}, expected
        )

    def io(self, expected: dict[str, str]) -> str | None:
        return _differs({at: f"{self.board.soc.bus.load32(int(at, 16)):08x}" for at in expected}, expected)

    def exceptions(self, expected: list[dict[str, Any]]) -> str | None:
        """Compare cause and address, and outside of the ROM the program counter.

        Where a program dies without end, the virtual board may have got further.
        """
        found = []
        for event in self.board.trace.of(Kind.EXCEPTION):
            pc = "in the ROM" if event.pc is None or event.pc >> 16 == ROM_PAGE else f"{event.pc:08x}"
            found.append((event.cause, pc, None if event.address is None else f"{event.address:08x}"))
        if self.vector.state.get("still_printing"):
            found = found[: len(expected)]
        wanted = [
            (
                event["cause"],
                "in the ROM" if int(event["pc"], 16) >> 16 == ROM_PAGE else event["pc"],
                event["vaddr"],
            )
            for event in expected
        ]
        return _differs(found, wanted)

    def uart_clkdiv(self, expected: int) -> str | None:
        return _differs(self.board.soc.uart.divisor, expected)

    def cpu(self, expected: str) -> str | None:
        state = self.board.cpu_state
        if self.vector.state.get("still_printing"):  # the recording ended somewhere in the ROM's printf
            return _differs(state, CpuState.USER_CODE)
        return _differs(CPU_WORDS.get(state, state.value), expected)

    def answers_sync_after(self, expected: bool) -> str | None:
        """Send a SYNC, and another where the first may have ended an open frame; autobaud loses the first."""
        for _ in range(1 if self.board.cpu_state is CpuState.AUTOBAUD else 2):
            self._feed(SYNC_FRAME)
            answer = bytes([0x01, Command.SYNC, 0x02, 0x00]) + SYNC_MAGIC.to_bytes(4, "little")
            if answer in self.tap.take():
                return _differs(True, expected)
        return _differs(False, expected)

    # -- driving the board ----------------------------------------------------------------------

    def _note(self, operation: Operation) -> None:
        if operation.opcode in UNSEEN:
            return
        name = OPERATION_NAMES.get(operation.opcode, f"op{operation.opcode:02x}")
        if not operation.accepted and operation.opcode in OPERATION_NAMES:
            name += "!"
        if operation.opcode == 0x01:
            self.operations.append([name, int.from_bytes(operation.sent, "little"), len(operation.sent)])
        elif name in ("se", "be", "se!", "be!"):
            self.operations.append([name, operation.address])
        elif name in ("ce", "ce!"):
            self.operations.append([name])
        else:
            self.operations.append([name, operation.address or 0, len(operation.sent)])

    def _settle(self) -> None:
        """Let the board run until nothing happens any more, or it prints more than was recorded."""
        clock = self.board.clock
        index = min(len(self.received), len(self.vector.received) - 1)
        enough = len(self.vector.received[index])
        while clock.step():
            if self.vector.state.get("still_printing") and len(self.tap.heard) > enough > 0:
                return

    def _send(self, data: bytes, baud: int) -> None:
        self._put(Burst(self.board.clock.now, round(SECOND / baud), data))

    def _put(self, burst: Burst) -> None:
        self.board.receive(burst)
        self.board.clock.advance(burst.end)
        self._settle()

    def _idle(self, bits: int) -> None:
        clock = self.board.clock
        clock.advance(clock.now + bits * SECOND // self.vector.setup["line_baud"])

    def _feed(self, data: bytes) -> None:
        """Send at the chip's own rate, each frame when the one before has been dealt with."""
        uart = self.board.soc.uart
        for piece in re.findall(rb"[^\xc0]*\xc0|[^\xc0]+", data):
            self._put(Burst(self.board.clock.now, uart.bit, piece))


def _fill(kind: str, size: int) -> bytes:
    if kind == "pat":
        pages = (bytes((7 * i + 3 & 0xFF) ^ (13 * k & 0xFF) for i in range(256)) for k in range(256))
        return b"".join(pages) * (size // 0x10000)
    return bytes.fromhex(kind) * size


def _differs(found: object, expected: object) -> str | None:
    return None if found == expected else f"{found}, expected {expected}"


COMPARED: dict[str, Callable[[Run, Any], str | None]] = {
    "flash_changed": Run.flash_changed,
    "flash_ops": Run.flash_ops,
    "flash_status_reg": Run.flash_status_reg,
    "ram": Run.ram,
    "io": Run.io,
    "exceptions": Run.exceptions,
    "uart_clkdiv": Run.uart_clkdiv,
    "cpu": Run.cpu,
    "answers_sync_after": Run.answers_sync_after,
}

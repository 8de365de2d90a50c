# SPDX-License-Identifier: Apache-2.0
"""A virtual board on a bench: raw bytes in at its pin, raw bytes out, and its time.

The flash is never busy unless a test asks for another chip. `raw` and `data` build frames by hand, with
whatever sizes, checksums and opcodes a test wants, because the client's own builder refuses to lie.
"""

from esp8266sim import Board, Profile, Wiring
from esp8266sim.bootrom.activity import CpuState
from esp8266sim.chips import RECORDER, ChipModel
from esp8266sim.clock import MS, SECOND
from esp8266sim.line import Burst
from esp8266sim.profiles import efuse_words
from esp8266sim.trace import Kind
from esprom.protocol import Command, checksum, packet, slip
from esprom.protocol.packets import RESPONSE, Response, Sync
from tests.vectors.runner import Tap

RAM = 0x3FFE8000  # free for everybody
IRAM = 0x40100000
BAUD = 115200
CODE_PS = 50 * MS  # long enough for what the tests' programs do; what they die of is printed without end
SYNC = slip.encode(packet(Command.SYNC, Sync()))
SYNC_ANSWER = bytes.fromhex("c001080200 07071220 0000 c0")  # one of eight; vector sync/one
OK = b"\x00\x00"  # status and error
INVALID, FAILED, BAD_CHECKSUM, DIFFERS = b"\x01\x05", b"\x01\x06", b"\x01\x07", b"\x01\x08"


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def raw(op: int, body: bytes = b"", *, size: int | None = None, check: int = 0, direction: int = 0) -> bytes:
    """Return a framed request; `size` is what its header claims."""
    claimed = len(body) if size is None else size
    return slip.encode(bytes([direction, op]) + claimed.to_bytes(2, "little") + words(check) + body)


def data(op: int, block: bytes, sequence: int, *, check: int | None = None, size: int | None = None) -> bytes:
    """Return a framed data block."""
    body = words(len(block), sequence, 0, 0) + block
    return raw(op, body, check=checksum(block) if check is None else check, size=size)


def read_reg(address: int) -> bytes:
    return raw(Command.READ_REG, words(address))


MAGIC = read_reg(0x40001000)
MAGIC_REPLY = bytes.fromhex("c0010a020001c1f0ff0000c0")


def write_reg(address: int, value: int, mask: int = 0xFFFFFFFF, delay_us: int = 0) -> bytes:
    return raw(Command.WRITE_REG, words(address, value, mask, delay_us))


def flash_begin(offset: int, size: int, blocks: int = 1, block_size: int = 0x400) -> bytes:
    return raw(Command.FLASH_BEGIN, words(size, blocks, block_size, offset))


def mem_begin(address: int, size: int = 0x400, blocks: int = 1, block_size: int = 0x400) -> bytes:
    return raw(Command.MEM_BEGIN, words(size, blocks, block_size, address))


def banner(cause: int, mode: int, sdio: int = 7) -> bytes:
    return b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,%d)\r\n\r\n" % (cause, mode, sdio)


class Bench:
    """A board in download mode, and what is said to it and by it."""

    def __init__(
        self,
        chip: ChipModel = RECORDER,
        content: bytearray | None = None,
        *,
        crystal_hz: int = 26_000_000,
        boot_mode: int = 1,
        cause: int = 2,
    ) -> None:
        profile = Profile("bench", "on the bench", chip, efuse_words("5c:cf:7f:12:34:56"), crystal_hz)
        self.board = Board(profile, content, wiring=Wiring.JUMPER)
        self.tap = Tap()
        self.board.attach(self.tap)
        self.clock = self.board.clock
        self.bus = self.board.soc.bus
        self.board.reset(cause, boot_mode=boot_mode)
        self.settle()
        self.boot_log = self.tap.take()

    def state(self) -> CpuState:
        return self.board.cpu_state

    def faults(self) -> list[tuple[int | None, int | None]]:
        """Return cause and address of what has killed the CPU."""
        return [(event.cause, event.address) for event in self.board.trace.of(Kind.EXCEPTION)]

    def settle(self) -> None:
        """Let the board run until nothing happens any more, or for `CODE_PS` after code was entered."""
        until = None
        while self.clock.step(until):
            if until is None and self.state() is CpuState.USER_CODE:
                until = self.clock.now + CODE_PS

    def send(self, sent: bytes, baud: int = BAUD) -> bytes:
        """Send back to back at `baud`; return what the board says until it is idle."""
        burst = Burst(self.clock.now, round(SECOND / baud), sent)
        self.board.receive(burst)
        self.clock.advance(burst.end)
        self.settle()
        return self.tap.take()

    def sync(self, baud: int = BAUD) -> "Bench":
        """Have the autobaud find the rate, and one SYNC answered."""
        self.send(SYNC, baud)
        assert self.send(SYNC, baud)
        return self

    def ask(self, sent: bytes) -> list[Response]:
        """Return the responses to `sent`."""
        return [RESPONSE.parse(frame) for frame in slip.Decoder().feed(self.send(sent))]

    def status(self, sent: bytes) -> bytes:
        """Return the status and error bytes of the one response to `sent`."""
        (response,) = self.ask(sent)
        return response.body

    def value(self, address: int) -> int:
        """READ_REG."""
        (response,) = self.ask(read_reg(address))
        return response.value

    def answers(self) -> bool:
        """Whether a SYNC is answered."""
        return self.send(SYNC).endswith(b"\x00\x00\xc0")

# SPDX-License-Identifier: Apache-2.0
"""What stub loaders have in common: esptool's two and ours, on the virtual chip, held to each paragraph.

esptool's are taken from its package as it is installed; each is uploaded into a fresh board, and spoken to in
bytes.
"""

import hashlib
import random
import zlib
from pathlib import Path

import pytest

import esprom
from esp8266sim.board import Board
from esp8266sim.trace import Kind
from esprom.conformance.program import Program, load_program, our_program
from esprom.loader import connect
from esprom.port import Port
from esprom.protocol import Command, checksum, packet, packets, slip
from esprom.protocol.packets import REQUEST, RESPONSE, Request, Response
from tests.ports import board, on_board
from tests.tools import Esptool

ESPTOOL = "5.6.0"
OLDER, NEWER, OURS = "older", "newer", "ours"
FOLDERS = {OLDER: "1", NEWER: "2"}
CONTENT = random.Random(9).randbytes(0x20000)
OK = b"\0\0"
ANSWER_S = 5.0  # of the board's time
SILENCE_S = 0.3

pytestmark = pytest.mark.soak  # the conformance cases say much of the same, and sooner


def program(name: str) -> Program:
    """Return a stub loader's program. Skips where esptool cannot be had."""
    if name == OURS:
        return our_program()
    folder = Path(Esptool(ESPTOOL).place, "esptool", "targets", "stub_flasher", FOLDERS[name])
    return load_program(folder / "esp8266.json")


class Talk:
    """Bytes to a stub, and the frames that come back."""

    def __init__(self, name: str, under_test: Board, port: Port) -> None:
        self.name = name
        self.board = under_test
        self.port = port
        self._decoder = slip.Decoder()
        self._frames: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.port.write(slip.encode(data))

    def frame(self, timeout_s: float = ANSWER_S) -> bytes | None:
        """Return the next frame; None if there is none in that time."""
        deadline = self.port.clock.now() + timeout_s
        while not self._frames and (left := deadline - self.port.clock.now()) > 0:
            self._frames += self._decoder.feed(self.port.read(left))
        return self._frames.pop(0) if self._frames else None

    def response(self) -> Response:
        frame = self.frame()
        assert frame is not None, "no answer"
        return RESPONSE.parse(frame)

    def ask(self, command: Command, body: object) -> Response:
        self.send(packet(command, body))
        return self.response()

    def raw(self, command: int, body: bytes, check: int = 0) -> Response:
        self.send(REQUEST.build(Request(Command(command), check, body)))
        return self.response()

    def silent(self) -> bool:
        return self.frame(SILENCE_S) is None

    @property
    def flash(self) -> bytes:
        return bytes(self.board.flash.array)


def started(name: str, baud: int = 460800) -> Talk:
    """Return a conversation with a stub that has just been entered and has not been heard yet."""
    loader = program(name)
    under_test = board(content=CONTENT)
    port = on_board(under_test, latency_ms=0)
    port.baud = baud
    rom = connect.reach_rom(port, "default-reset")
    talk = Talk(name, under_test, rom.session.port)
    for address, data in loader.segments:
        blocks = [data[at : at + 0x1800] for at in range(0, len(data), 0x1800)]
        begin = packets.MemBegin(len(data), len(blocks), 0x1800, address)
        assert talk.ask(Command.MEM_BEGIN, begin).body[:1] == b"\0"
        for sequence, block in enumerate(blocks):
            whole = block + bytes(-len(block) % 4)
            assert talk.ask(Command.MEM_DATA, packets.DataBlock(sequence, whole)).body[:1] == b"\0"
    assert talk.ask(Command.MEM_END, packets.MemEnd(0, loader.entry)).body[:1] == b"\0"
    return talk


@pytest.fixture(params=[OLDER, NEWER, OURS])
def fresh(request: pytest.FixtureRequest) -> Talk:
    return started(request.param)


@pytest.fixture
def talk(fresh: Talk) -> Talk:
    assert fresh.frame() == b"OHAI"
    return fresh


@pytest.mark.spec("COMMON-1")
def test_greets_when_it_runs(fresh: Talk) -> None:
    assert fresh.frame() == b"OHAI"
    assert fresh.silent()


@pytest.mark.parametrize("before", ["no-reset", "no-reset-no-sync"])
@pytest.mark.parametrize("name", [OLDER, NEWER])
def test_the_client_leaves_the_stub_of_another_tool(name: str, before: str) -> None:
    under_test = board(content=CONTENT)
    port = on_board(under_test, latency_ms=0)
    program(name).start(connect.reach_rom(port, "default-reset"))
    with esprom.connect(port, before=before) as device:
        assert device.read_flash(0, 0x1000) == CONTENT[:0x1000]


@pytest.mark.spec("COMMON-2")
def test_sync_is_answered_eight_times_with_the_value_0(talk: Talk) -> None:
    talk.send(packet(Command.SYNC, packets.Sync()))
    assert [talk.response() for _ in range(8)] == [Response(Command.SYNC, 0, OK)] * 8
    assert talk.silent()


@pytest.mark.spec("COMMON-3", "COMMON-5")
def test_each_request_is_answered_once_under_its_opcode(talk: Talk) -> None:
    word = talk.ask(Command.READ_REG, packets.ReadReg(0x40001000))
    assert (word.value, word.body) == (0xFFF0C101, OK)
    writes = packets.WriteReg((packets.RegisterWrite(0x60000240, 0x12345678),))
    assert talk.ask(Command.WRITE_REG, writes).body == OK
    assert talk.ask(Command.READ_REG, packets.ReadReg(0x60000240)).value == 0x12345678
    for command, body in (
        (Command.SPI_ATTACH, packets.SpiAttach()),
        (Command.SPI_SET_PARAMS, packets.SpiSetParams(0, 0x100000)),
    ):
        response = talk.ask(command, body)
        assert (response.command, response.body) == (command, OK)
    assert talk.silent()


@pytest.mark.spec("COMMON-4")
def test_refuses_what_it_does_not_know(talk: Talk) -> None:
    for opcode in (0x14, 0x0C, 0x77, 0xFE):
        response = talk.raw(opcode, b"")
        assert response.command == opcode
        assert response.body in (b"\xff\0", b"\xc3\0")
    assert talk.silent()


def begin(talk: Talk, command: Command, size: int, blocks: int, offset: int = 0) -> None:
    assert talk.ask(command, packets.FlashBegin(size, blocks, 0x4000, offset)).body == OK


def prove(talk: Talk, offset: int, data: bytes) -> None:
    """See by the stub's own word, and in the cells, that the flash holds the data."""
    response = talk.ask(Command.SPI_FLASH_MD5, packets.FlashMd5(offset, len(data)))
    assert response.body == hashlib.md5(data).digest() + OK
    assert talk.flash[offset : offset + len(data)] == data


@pytest.mark.spec("COMMON-6", "COMMON-7", "COMMON-8", "COMMON-10")
def test_writes_blocks(talk: Talk) -> None:
    data = random.Random(1).randbytes(0x6000)
    before = talk.flash
    begin(talk, Command.FLASH_BEGIN, len(data), 2, 0x3000)
    assert talk.flash[0x4000:] == before[0x4000:]  # the newer one begins with the first sector at once
    for sequence in range(2):
        block = data[sequence * 0x4000 : (sequence + 1) * 0x4000]
        assert talk.ask(Command.FLASH_DATA, packets.DataBlock(sequence, block)).body == OK
    assert talk.ask(Command.FLASH_END, packets.FlashEnd(1)).body == OK
    prove(talk, 0x3000, data)
    assert talk.flash[:0x3000] == before[:0x3000]
    assert talk.flash[0x9000:] == before[0x9000:]


@pytest.mark.spec("COMMON-7")
def test_a_fifth_word_is_taken(talk: Talk) -> None:
    body = packets.FLASH_BEGIN.build(packets.FlashBegin(0x1000, 1, 0x1000, 0)) + bytes(4)
    assert talk.raw(Command.FLASH_BEGIN, body).body == OK


@pytest.mark.spec("COMMON-8")
def test_a_damaged_block_is_refused(talk: Talk) -> None:
    before = talk.flash
    data = random.Random(2).randbytes(0x1000)
    begin(talk, Command.FLASH_BEGIN, 0x1000, 1, 0x4000)
    body = packets.DATA_BLOCK.build(packets.DataBlock(0, data))
    assert talk.raw(Command.FLASH_DATA, body, checksum(data) ^ 1).body == b"\xc1\0"
    assert data not in talk.flash
    assert talk.flash[:0x4000] == before[:0x4000]


@pytest.mark.spec("COMMON-8")
def test_a_block_before_a_begin_is_refused(talk: Talk) -> None:
    assert talk.ask(Command.FLASH_DATA, packets.DataBlock(0, bytes(64))).body == b"\xc6\0"


@pytest.mark.spec("COMMON-9", "COMMON-10")
@pytest.mark.parametrize("cut", [0x4000, 0x3FF])  # all in one block, and in pieces
def test_unpacks_what_it_writes(talk: Talk, cut: int) -> None:
    data = (random.Random(3).randbytes(0x300) + b"again and again " * 0xD0) * 16
    packed = zlib.compress(data, 9)
    blocks = [packed[at : at + cut] for at in range(0, len(packed), cut)]
    begin(talk, Command.FLASH_DEFL_BEGIN, len(data), len(blocks), 0x2000)
    for sequence, block in enumerate(blocks):
        assert talk.ask(Command.FLASH_DEFL_DATA, packets.DataBlock(sequence, block)).body == OK
    assert talk.ask(Command.FLASH_DEFL_END, packets.FlashEnd(1)).body == OK
    prove(talk, 0x2000, data)


@pytest.mark.spec("COMMON-9")
def test_refuses_what_cannot_be_unpacked(talk: Talk) -> None:
    begin(talk, Command.FLASH_DEFL_BEGIN, 0x1000, 1, 0x2000)
    found = [talk.ask(Command.FLASH_DEFL_DATA, packets.DataBlock(0, b"\xff" * 64)).body]
    found.append(talk.ask(Command.FLASH_DEFL_DATA, packets.DataBlock(1, b"\xff" * 64)).body)
    assert b"\xc7\0" in found


@pytest.mark.spec("COMMON-10")
def test_an_end_before_all_is_written_is_refused(talk: Talk) -> None:
    begin(talk, Command.FLASH_BEGIN, 0x8000, 2, 0x4000)
    assert talk.ask(Command.FLASH_DATA, packets.DataBlock(0, bytes(0x4000))).body == OK
    assert talk.ask(Command.FLASH_END, packets.FlashEnd(1)).body[0] != 0


@pytest.mark.spec("COMMON-11")
def test_hashes_any_range(talk: Talk) -> None:
    for offset, size in ((0, 0x1000), (3, 5), (0x123, 0x4567), (0x1FFFF, 1)):
        prove(talk, offset, CONTENT[offset : offset + size])


@pytest.mark.spec("COMMON-12")
def test_erases_just_what_is_asked(talk: Talk) -> None:
    expected = bytearray(talk.flash)
    for offset, size in ((0x1000, 0x1000), (0xF000, 0x2000), (0x3000, 0x1D000)):
        assert talk.ask(Command.ERASE_REGION, packets.FlashRegion(offset, size)).body == OK
        expected[offset : offset + size] = b"\xff" * size
        assert talk.flash == expected


@pytest.mark.spec("COMMON-12")
def test_erases_whole_sectors_alone(talk: Talk) -> None:
    for offset, size in ((0x1001, 0x1000), (0x1000, 0x801)):
        assert talk.ask(Command.ERASE_REGION, packets.FlashRegion(offset, size)).body[0] != 0
    assert talk.flash[:0x20000] == CONTENT


@pytest.mark.spec("COMMON-12")
def test_erases_all(talk: Talk) -> None:
    assert talk.ask(Command.ERASE_FLASH, packets.Empty()).body == OK
    assert set(talk.flash) == {0xFF}


def acknowledge(talk: Talk, received: int) -> None:
    talk.send(packets.READ_FLASH_ACK.build(packets.ReadFlashAck(received)))


@pytest.mark.spec("COMMON-13")
@pytest.mark.parametrize(("offset", "size", "block"), [(0x1000, 0x2800, 0x1000), (0x40, 0x100, 0x40)])
def test_reads_in_frames(talk: Talk, offset: int, size: int, block: int) -> None:
    assert talk.ask(Command.READ_FLASH, packets.ReadFlash(offset, size, block, 1)).body == OK
    data = b""
    while len(data) < size:
        frame = talk.frame()
        assert frame is not None
        assert len(frame) == min(block, size - len(data))
        assert talk.silent()  # until it is acknowledged
        data += frame
        acknowledge(talk, len(data))
    assert data == CONTENT[offset : offset + size]
    assert talk.frame() == hashlib.md5(data).digest()
    assert talk.ask(Command.READ_REG, packets.ReadReg(0x40001000)).value == 0xFFF0C101


@pytest.mark.spec("COMMON-14")
def test_a_reading_can_be_broken_off(talk: Talk) -> None:
    assert talk.ask(Command.READ_FLASH, packets.ReadFlash(0, 0x10000, 0x1000, 1)).body == OK
    assert talk.frame() == CONTENT[:0x1000]
    talk.send(b"\0")
    while (frame := talk.frame(SILENCE_S)) is not None:
        assert len(frame) in (0x1000, 16)
    assert talk.ask(Command.READ_REG, packets.ReadReg(0x40001000)).value == 0xFFF0C101


@pytest.mark.spec("COMMON-15")
@pytest.mark.parametrize("name", [OLDER, NEWER, OURS])
def test_changes_its_rate(name: str) -> None:
    talk = started(name, baud=115200)  # as which the newer one counts the rate in use
    assert talk.frame() == b"OHAI"
    assert talk.ask(Command.CHANGE_BAUDRATE, packets.ChangeBaudrate(921600, 115200)).body == OK
    talk.port.baud = 921600
    talk.port.clock.sleep(0.05)
    assert talk.ask(Command.READ_REG, packets.ReadReg(0x40001000)).value == 0xFFF0C101


def check_who_is_there(talk: Talk) -> None:
    """See where each goes when it leaves: the older one and ours away, the newer one nowhere."""
    assert talk.frame(SILENCE_S) != b"OHAI"
    talk.send(packet(Command.SYNC, packets.Sync()))
    stub_answers = talk.frame(SILENCE_S) == RESPONSE.build(Response(Command.SYNC, 0, OK))
    assert stub_answers is (talk.name == NEWER)


@pytest.mark.spec("COMMON-16")
def test_run_user_code_has_no_answer(talk: Talk) -> None:
    talk.send(packet(Command.RUN_USER_CODE, packets.Empty()))
    check_who_is_there(talk)


@pytest.mark.spec("COMMON-10")
def test_an_end_that_leaves(talk: Talk) -> None:
    begin(talk, Command.FLASH_BEGIN, 0x1000, 1, 0x4000)
    assert talk.ask(Command.FLASH_DATA, packets.DataBlock(0, bytes(0x1000))).body == OK
    assert talk.ask(Command.FLASH_END, packets.FlashEnd(0)).body == OK
    check_who_is_there(talk)


def test_nothing_was_asked_of_the_chip_that_is_not_modelled(talk: Talk) -> None:
    prove(talk, 0, CONTENT[:0x1000])
    assert not talk.board.trace.of(Kind.UNMODELLED)

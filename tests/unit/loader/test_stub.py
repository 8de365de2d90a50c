# SPDX-License-Identifier: Apache-2.0
"""Our stub on the virtual chip: its own commands, what it refuses, and who relies on it."""

import hashlib
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

import esprom
from esp8266sim import demo
from esp8266sim.board import Board
from esp8266sim.chips import W25Q80
from esp8266sim.flashchip import Operation
from esp8266sim.trace import Kind
from esprom.errors import CommandFailed, FlashProtected, NoResponse, VerifyFailed
from esprom.loader import connect, guard, rates, starting
from esprom.loader.by_hand import Hand
from esprom.loader.once import ask_once, parse_answer
from esprom.loader.session import Session, prepare
from esprom.loader.stream import PATIENCE, Received, control, stream
from esprom.loader.stub import StubLoader, upload
from esprom.port.forwarding import ForwardingPort
from esprom.port.serial_port import SerialPort
from esprom.port.silence import Cause
from esprom.protocol import own, packets, slip
from esprom.protocol.commands import packet
from esprom.protocol.own import Done
from esprom.protocol.own import Kind as DataKind
from esprom.protocol.packets import RESPONSE, Command, Response
from esprom.stub import image
from tests.ports import HurtPort, board, on_board

PATTERN = random.Random(8).randbytes(0x3000) + b"\xff" * 0x2000 + b"spelled out " * 0x400
SECTOR = 0x1000


@pytest.fixture
def under_test() -> Iterator[Board]:
    made = board(content=PATTERN)
    yield made
    assert not made.trace.of(Kind.UNMODELLED)


@pytest.fixture
def port(under_test: Board) -> SerialPort:
    opened = on_board(under_test, latency_ms=0)
    opened.baud = 460800
    return opened


@pytest.fixture
def stub(port: SerialPort) -> StubLoader:
    return upload(connect.reach_rom(port, "default-reset"), image())


@pytest.mark.spec("STUB-5")
def test_info_says_what_it_sits_on(stub: StubLoader) -> None:
    info = stub.info()
    assert info.version == own.VERSION
    assert info.flash_id == 0x1440EF
    assert info.receive_size == 0x4000
    assert info.overflows == 0


@pytest.mark.spec("STUB-4", "STUB-6")
def test_echo_and_its_checksum(stub: StubLoader) -> None:
    data = bytes(range(256)) * 60
    assert stub.echo(data) == data
    damaged = bytearray(packet(Command.ECHO, own.Pattern(b"abc")))
    damaged[-1] ^= 1
    stub.session.port.write(slip.encode(bytes(damaged)))
    (frame,) = slip.Decoder().feed(stub.session.port.read(1.0, 12))
    assert RESPONSE.parse(frame).body == b"\xc1\0"


@pytest.mark.spec("STUB-7")
@pytest.mark.parametrize("unit", [SECTOR, 0x10000, 0x3000])
def test_digests_are_md5_of_md5s(stub: StubLoader, under_test: Board, unit: int) -> None:
    content = bytes(under_test.flash.array[0x1000:0x22000])
    due = []
    for first in range(0, len(content), unit):
        part = content[first : first + unit]
        sectors = [hashlib.md5(part[at : at + SECTOR]).digest() for at in range(0, len(part), SECTOR)]
        due.append(sectors[0] if unit == SECTOR else hashlib.md5(b"".join(sectors)).digest())
    assert list(stub.digests(0x1000, len(content), unit)) == due


@pytest.mark.spec("STUB-7", "STUB-12")
@pytest.mark.parametrize(("offset", "size", "unit"), [(1, SECTOR, SECTOR), (0, 1, SECTOR), (0, SECTOR, 5)])
def test_parts_of_sectors_are_refused(stub: StubLoader, offset: int, size: int, unit: int) -> None:
    with pytest.raises(CommandFailed, match="e100"):
        stub.ask(Command.DIGESTS, own.Digests(offset, size, unit))
    if unit == SECTOR:
        with pytest.raises(CommandFailed, match="e100"):
            stub.erase(offset, size)


@pytest.mark.spec("STUB-8", "STUB-9")
@pytest.mark.parametrize(("offset", "size"), [(0, 0x8000), (0x40, 0x80), (0x2FC0, 0x2080), (0xFF000, SECTOR)])
def test_a_stream_brings_what_is_there(stub: StubLoader, under_test: Board, offset: int, size: int) -> None:
    told: list[int] = []
    assert stub.read(offset, size, told.append) == under_test.flash.array[offset : offset + size]
    assert sum(told) == size


@pytest.mark.spec("STUB-8")
def test_a_blank_flash_costs_a_few_frames(stub: StubLoader, under_test: Board) -> None:
    under_test.flash.array[:] = b"\xff" * W25Q80.size
    clock = stub.session.port.clock
    began = clock.now()
    assert set(stub.read(0, W25Q80.size)) == {0xFF}
    assert clock.now() - began < 1.0  # the bus alone takes 0.7 s


@pytest.mark.spec("STUB-11")
@pytest.mark.parametrize(
    ("address", "data", "done"),
    [
        (0, PATTERN[:SECTOR], Done.NOTHING),
        (0, b"\xff" * SECTOR, Done.ERASED),
        (0, bytes(SECTOR), Done.PROGRAMMED),
        (0x3000, b"text " * 819 + b"!", Done.PROGRAMMED),
        (0x1000, random.Random(1).randbytes(SECTOR), Done.ERASED),
    ],
)
def test_put_does_what_is_needed_and_no_more(
    stub: StubLoader, under_test: Board, address: int, data: bytes, done: Done
) -> None:
    operations: list[Operation] = []
    under_test.flash.observer = operations.append
    for expected in (done, Done.NOTHING):
        (answered,) = stub.carry_out([own.Put(address, *own.pack(data))])
        assert answered == own.PutDone(address, expected)
    assert under_test.flash.array[address : address + SECTOR] == data
    assert (
        under_test.flash.array[address + SECTOR : 0x8000]
        == (PATTERN.ljust(0x8000, b"\xff"))[address + SECTOR :]
    )
    assert len(operations) <= 2 * (1 + SECTOR // 64)


@pytest.mark.spec("STUB-11")
@pytest.mark.parametrize(
    ("put", "status"),
    [
        (own.Put(0x10, DataKind.RAW, bytes(SECTOR)), "e100"),
        (own.Put(0, DataKind.RAW, bytes(SECTOR - 1)), "c000"),
        (own.Put(0, DataKind.RAW, b""), "c000"),
        (own.Put(0, DataKind.PACKED, b"\x07nonsense"), "c700"),
        (own.Put(0, *own.pack(bytes(range(256)) * 17)), "c700"),
    ],
)
def test_put_refuses(stub: StubLoader, under_test: Board, put: own.Put, status: str) -> None:
    with pytest.raises(CommandFailed, match=status):
        list(stub.carry_out([put]))
    assert under_test.flash.array[: len(PATTERN)] == PATTERN


@pytest.mark.spec("STUB-12")
def test_erase(stub: StubLoader, under_test: Board) -> None:
    under_test.flash.array[:] = bytes(W25Q80.size)
    stub.erase(0xF000, 0x12000)
    assert under_test.flash.array[0xF000:0x21000] == b"\xff" * 0x12000
    assert under_test.flash.array[0xEFFF] == under_test.flash.array[0x21000] == 0


@pytest.mark.spec("STUB-3")
def test_a_block_that_comes_twice_is_programmed_once_and_a_gap_is_seen(
    stub: StubLoader, under_test: Board
) -> None:
    ask = stub.session.command
    ask(Command.FLASH_BEGIN, packets.FlashBegin(0x800, 2, 0x400, 0x10000))
    for sequence in (0, 0):
        ask(Command.FLASH_DATA, packets.DataBlock(sequence, b"\x5a" * 0x400))
    with pytest.raises(CommandFailed, match="e200"):
        ask(Command.FLASH_DATA, packets.DataBlock(2, b"\x5b" * 0x400))
    with pytest.raises(CommandFailed, match="c800"):
        ask(Command.FLASH_END, packets.FlashEnd(1))
    ask(Command.FLASH_DATA, packets.DataBlock(1, b"\x5b" * 0x400))
    ask(Command.FLASH_END, packets.FlashEnd(1))
    assert under_test.flash.array[0x10000:0x10800] == b"\x5a" * 0x400 + b"\x5b" * 0x400


@pytest.mark.spec("STUB-3")
@pytest.mark.parametrize(
    ("command", "body"),
    [
        (Command.READ_REG, packets.ReadReg(0x3FFE8002)),
        (Command.READ_REG, packets.ReadReg(0)),
        (Command.WRITE_REG, packets.WriteReg((packets.RegisterWrite(4, 0),))),
        (Command.MEM_BEGIN, packets.MemBegin(8, 1, 8, 0x4010C000)),
        (Command.MEM_BEGIN, packets.MemBegin(0x1000, 1, 0x1000, 0x3FFE8000)),
        (Command.ERASE_REGION, packets.FlashRegion(1, SECTOR)),
    ],
)
def test_what_would_hang_the_chip_or_hit_the_stub_is_refused(
    stub: StubLoader, command: Command, body: object
) -> None:
    with pytest.raises(CommandFailed, match="e100"):
        stub.session.command(command, body)
    stub.info()


@pytest.mark.spec("STUB-3")
@pytest.mark.parametrize("baud", [9600, 115200, 921600, 2_000_000])
def test_any_rate(stub: StubLoader, baud: int) -> None:
    port = stub.session.port
    stub.session.command(Command.CHANGE_BAUDRATE, packets.ChangeBaudrate(baud, port.baud))
    port.baud = baud
    port.clock.sleep(0.01)
    assert stub.echo(rates.PATTERN) == rates.PATTERN


def test_both_directions_are_full_at_2_mbaud(stub: StubLoader) -> None:
    """Each byte comes back, at nearly the line's rate: pieces travel while others come back."""
    assert rates.change(stub.session, 2_000_000)
    dice = random.Random(2)
    pieces = [dice.randbytes(0x0FC0) for _ in range(24)]
    requests = [prepare(Command.ECHO, own.Pattern(piece)) for piece in pieces]
    clock = stub.session.port.clock
    began = clock.now()
    answers = stub.session.pipeline(requests, stub.room)
    assert [parse_answer(answer).data for answer in answers] == pieces
    assert stub.info().overflows == 0
    wire = sum(len(request.frame) for request in requests)
    assert clock.now() - began < 1.6 * stub.session.line_time(wire)


def test_a_stream_stands_a_host_that_never_stops_talking_at_2_mbaud(
    under_test: Board, stub: StubLoader
) -> None:
    assert rates.change(stub.session, 2_000_000)
    size = 0x40000
    received = Received(0, size)
    asked = prepare(Command.STREAM, own.Stream(0, size, size, 4))
    chatter = control(0) * 64  # says nothing new
    decoder = slip.Decoder()
    with stub.session.lent() as port:
        port.write(asked.frame)
        deadline = port.clock.now() + 30.0
        free = 0.0
        while not received.complete and port.clock.now() < deadline:
            if port.clock.now() >= free:  # the line to the chip is never idle, and nothing piles up before it
                port.write(chatter)
                free = port.clock.now() + stub.session.line_time(len(chatter))
            for frame in decoder.feed(port.read(0.001)):
                if (found := own.stream_frame(frame)) is not None:
                    received.take(frame, *found)
        port.write(control(own.FINISHED))
        port.clock.sleep(0.01)
    assert received.data == under_test.flash.array[:size]
    assert received.damaged == 0
    assert stub.info().overflows == 0


@pytest.mark.spec("STUB-10")
def test_what_is_missing_is_asked_for_again(under_test: Board, stub: StubLoader) -> None:
    """Every frame but the last is damaged once, the digest as well."""
    port = HurtPort(stub.session.port)
    stub.session.port = port
    port.hurt_from_here({at: 0x10 for at in range(100, 0x3800, 3000)})
    assert stub.read(0, 0x7000) == PATTERN[:0x7000].ljust(0x7000, b"\xff")


@pytest.mark.spec("STUB-13")
def test_what_is_there_already_is_not_written_and_what_was_written_is_hashed(under_test: Board) -> None:
    device = esprom.connect(on_board(under_test, latency_ms=0), loader="stub")
    operations: list[Operation] = []
    under_test.flash.observer = operations.append
    device.write_flash(0, PATTERN)
    assert [op for op in operations if op.opcode in {0x02, 0x20, 0xD8}] == []
    changed = PATTERN[:0x1000] + bytes(0x1000) + PATTERN[0x2000:]
    device.write_flash(0, changed)
    assert {op.address & ~0xFFF for op in operations if op.opcode == 0x02 and op.address is not None} == {
        0x1000
    }
    assert under_test.flash.array[: len(PATTERN)] == changed


@pytest.mark.spec("STUB-13")
def test_a_cell_that_is_stuck_is_found(under_test: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    device = esprom.connect(on_board(under_test, latency_ms=0), loader="stub")
    device.flash()
    kept = under_test.flash._set_cells

    def stuck(first: int, data: bytes) -> None:
        kept(first, data)
        under_test.flash.array[0x11234] = 0xFF

    monkeypatch.setattr(under_test.flash, "_set_cells", stuck)
    with pytest.raises(VerifyFailed, match="0x11000"):
        device.write_flash(0x10000, bytes(0x2000))


@pytest.mark.soak
@pytest.mark.spec("STUB-1")
def test_it_stores_nowhere_but_in_its_own_memory(under_test: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that its code stores in RAM, whatever it is asked for; the ROM's functions store elsewhere."""
    cpu, program = under_test.soc.cpu, image()
    code = range(program.address, program.address + len(program.code))
    stored: set[int] = set()
    monkeypatch.setattr(type(cpu), "direct_size", 0)  # translated code stores by these methods too, then
    for name, plain in [(name, getattr(cpu, name)) for name in ("store8", "store16", "store32")]:

        def mapped(address: int, value: int, plain: Callable[[int, int], None] = plain) -> None:
            if address >= 0x3FFE8000 and not 0x60000000 <= address < 0x60001000 and cpu.pc in code:
                stored.add(address)
            plain(address, value)

        monkeypatch.setattr(cpu, name, mapped)
    device = esprom.connect(on_board(under_test, latency_ms=0), loader="stub", after="no-reset-stub")
    device.read_flash(0, 0x3000)
    device.write_flash(0x20, bytes(0x1100))
    stub = device._nor.stub
    assert stub is not None
    stub.session.command(Command.SPI_FLASH_MD5, packets.FlashMd5(0, 0x123))
    assert len(stored) > 0x1000
    memory = range(*program.memory)
    stack = range(0x3FFFFF50 - 0x600, 0x3FFFFF50)  # the build counts less
    assert {address for address in stored if address not in memory and address not in stack} == set()


@pytest.mark.spec("STUB-2")
def test_a_stub_that_is_damaged_is_not_relied_on(under_test: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    code = bytearray(image().code)
    code[0x40:0x400] = bytes(0x3C0)
    monkeypatch.setattr(starting, "image", lambda: replace(image(), code=bytes(code)))
    with esprom.connect(on_board(under_test, latency_ms=0), loader="auto") as device:
        assert device.loader == "rom"
        assert device.read_flash(0, 0x40) == PATTERN[:0x40]


@pytest.mark.spec("STUB-2")
def test_a_stub_that_does_not_hash_is_given_up(under_test: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(session: Session, command: Command, body: object) -> object:
        if command is Command.DIGESTS:
            raise NoResponse("no answer to DIGESTS", asked="DIGESTS", waited_s=8.0)
        return ask_once(session, command, body)

    monkeypatch.setattr(guard, "ask_once", silent)
    with esprom.connect(on_board(under_test, latency_ms=0), loader="auto") as device:
        assert device.read_flash(0, 0x100) == PATTERN[:0x100]
        assert device.loader == "rom"


@pytest.mark.parametrize("before", ["no-reset", "no-reset-no-sync"])
def test_a_stub_that_runs_is_used_again_however_it_is_met(under_test: Board, before: str) -> None:
    esprom.connect(on_board(under_test, latency_ms=0), loader="stub", after="no-reset-stub")
    with esprom.connect(on_board(under_test, latency_ms=0), loader="auto", before=before) as device:
        assert device.loader == "esprom"
        assert device.read_flash(0, 0x100) == PATTERN[:0x100]


@pytest.mark.spec("STUB-3")
def test_another_command_in_the_midst_of_unpacking_ends_that(under_test: Board, stub: StubLoader) -> None:
    ask = stub.session.command
    packed = zlib.compress(PATTERN[:0x2000])
    ask(Command.FLASH_DEFL_BEGIN, packets.FlashBegin(0x2000, 2, 0x1000, 0x10000))
    ask(Command.FLASH_DEFL_DATA, packets.DataBlock(0, packed[:0x1000]))
    ask(Command.READ_FLASH, packets.ReadFlash(0, 0x40, 0x40, 1))
    stub.session.port.write(slip.encode((0x40).to_bytes(4, "little")))
    stub.session.port.clock.sleep(0.1)
    stub.session.port.discard_input()
    with pytest.raises(CommandFailed, match="c600"):
        ask(Command.FLASH_DEFL_DATA, packets.DataBlock(1, packed[0x1000:0x2000]))


ENDS = {
    "flash end": [
        (Command.FLASH_BEGIN, packets.FlashBegin(0x1000, 1, 0x1000, 0x20000)),
        (Command.FLASH_DATA, packets.DataBlock(0, PATTERN[:0x1000])),
        (Command.FLASH_END, packets.FlashEnd(0)),
    ],
    "deflated end": [
        (Command.FLASH_DEFL_BEGIN, packets.FlashBegin(0x1000, 1, 0x2000, 0x20000)),
        (Command.FLASH_DEFL_DATA, packets.DataBlock(0, zlib.compress(PATTERN[:0x1000]))),
        (Command.FLASH_DEFL_END, packets.FlashEnd(0)),
    ],
}


@pytest.mark.spec("STUB-3")
def test_run_user_code_boots_the_flash() -> None:
    """In boot mode 1 too, where the ROM would enter again what it was told to enter (BOOT-12)."""
    opened = on_board(board(content=demo.firmware(W25Q80.size)), latency_ms=0)
    stub = upload(connect.reach_rom(opened, "default-reset"), image())
    stub.session.port.write(slip.encode(packet(Command.RUN_USER_CODE, packets.Empty())))
    stub.session.port.clock.sleep(0.3)
    assert b"load 0x40100000" in stub.session.port.read(2.0, 1 << 10)


@pytest.mark.spec("STUB-3")
@pytest.mark.parametrize("requests", ENDS.values(), ids=ENDS)
def test_an_end_that_does_not_stay_brings_the_roms_loader_back(
    requests: list[tuple[Command, object]],
) -> None:
    """esptool leaves a stub so: with `--after no-reset` it says that the chip stays in its boot loader."""
    opened = on_board(board(content=demo.firmware(W25Q80.size)), latency_ms=0)
    stub = upload(connect.reach_rom(opened, "default-reset"), image())
    for command, body in requests:
        stub.session.command(command, body)
    rom = connect.reach_rom(opened, "no-reset")
    assert not rom.session.with_stub


@pytest.mark.spec("STUB-3")
@pytest.mark.parametrize("cut", [2, 4, 6])
def test_the_check_of_an_unpacked_stream_is_looked_at(stub: StubLoader, cut: int) -> None:
    """Wherever the blocks are cut, in the check itself too."""
    ask = stub.session.command
    for flip in (0, 1):
        packed = bytearray(zlib.compress(PATTERN[:0x400]))
        packed[-3] ^= flip
        ask(Command.FLASH_DEFL_BEGIN, packets.FlashBegin(0x400, 2, 0x1000, 0x10000))
        ask(Command.FLASH_DEFL_DATA, packets.DataBlock(0, bytes(packed[:-cut])))
        ask(Command.FLASH_DEFL_DATA, packets.DataBlock(1, bytes(packed[-cut:])))
        if flip:
            with pytest.raises(CommandFailed, match="c700"):
                ask(Command.FLASH_DEFL_END, packets.FlashEnd(1))
        else:
            ask(Command.FLASH_DEFL_END, packets.FlashEnd(1))


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (Command.STREAM, own.Stream(0, 0x1000, 0, 0)),  # a window of nothing
        (Command.STREAM, own.Stream(0x20, 0x1000, 0x1000, 0)),
        (Command.STREAM, own.Stream(0xFFFFFFC0, 0x1000, 0x1000, 0)),
        (Command.TRY_BAUDRATE, own.TryBaudrate(0xFFFFFFF0, 115200, 0)),
        (Command.TRY_BAUDRATE, own.TryBaudrate(1, 115200, 0)),
        (Command.TRY_BAUDRATE, own.TryBaudrate(9600, 115200, 10001)),
        (Command.CHANGE_BAUDRATE, packets.ChangeBaudrate(0xFFFFFFF0, 115200)),
        (Command.PUT, own.Put(0, DataKind.DIGEST, bytes(16))),
    ],
)
def test_what_makes_no_sense_is_refused(stub: StubLoader, command: Command, body: object) -> None:
    with pytest.raises(CommandFailed, match="e100"):
        stub.session.command(command, body)
    stub.info()


@pytest.mark.spec("STUB-11")
def test_what_refers_to_what_is_not_there_is_asked_for_again(under_test: Board, stub: StubLoader) -> None:
    before = PATTERN[0x1000:0x2000]
    kind, payload = own.pack(before[::-1] + b"", before[::-1])
    assert kind is DataKind.PACKED_AFTER
    held = bytes(under_test.flash.array)
    for _ in range(2):
        with pytest.raises(CommandFailed, match="c100"):
            stub.session.command(Command.PUT, own.Put(0x2000, kind, payload))
        assert bytes(under_test.flash.array) == held
        stub.session.command(Command.PUT, own.Put(0x1000, *own.pack(before[::-1])))
        stub.session.command(Command.PUT, own.Put(0x2000, kind, payload))
        assert under_test.flash.array[0x1000:0x3000] == before[::-1] * 2
        under_test.flash.array[:] = held


@pytest.mark.parametrize("sectors", [1, 8, 255])
def test_nothing_lies_before_the_flash_or_too_far(stub: StubLoader, sectors: int) -> None:
    payload = own.AFTER.build(own.After(sectors, 0, b"\x03\0"))
    with pytest.raises(CommandFailed, match="c000"):
        stub.session.command(
            Command.PUT, own.Put(0 if sectors == 1 else 0x80000, DataKind.PACKED_AFTER, payload)
        )


def test_one_byte_is_one_byte(stub: StubLoader) -> None:
    with pytest.raises(CommandFailed, match="c000"):
        stub.session.command(Command.PUT, own.Put(0, DataKind.REPEAT, b"12"))


@pytest.mark.spec("STUB-10")
@pytest.mark.parametrize("bit", [7, *(pytest.param(bit, marks=pytest.mark.soak) for bit in range(7))])
def test_a_damaged_confirmation_ends_no_stream(stub: StubLoader, bit: int) -> None:
    port = HurtPort(stub.session.port)
    stub.session.port = port
    size = 0x42000  # more than the window: a confirmation that is lost is missed
    request = len(prepare(Command.STREAM, own.Stream(0, size, 0x40000, 24)).frame)
    port.hurt_from_here(sent={request + 2: 1 << bit})  # the command in what follows the request
    began = port.clock.now()
    assert stub.read(0, size)[: len(PATTERN)] == PATTERN
    assert port.clock.now() - began < 20.0


class BackInRom(ForwardingPort):
    """A chip that is reset at some point: from then on its ROM refuses whatever it is told."""

    reset = False
    refused = 0
    _ready = b""

    def write(self, data: bytes) -> None:
        if not self.reset:
            super().write(data)
            return
        self.refused += 1
        assert self.refused <= 4 * PATIENCE, "the stream goes on though nothing of it comes"
        self._ready += slip.encode(RESPONSE.build(Response(Command(0), 0, b"\x01\x05")))

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        if not self.reset:
            return super().read(timeout_s, at_least)
        if not self._ready:
            self.clock.sleep(timeout_s)
        ready, self._ready = self._ready, b""
        return ready


@pytest.mark.soak
@pytest.mark.spec("STUB-10")
def test_a_stream_ends_where_the_chip_was_reset_in_the_middle(stub: StubLoader) -> None:
    port = BackInRom(stub.session.port)
    stub.session.port = port

    def reset(count: int) -> None:
        port.reset = port.reset or count > 0

    with pytest.raises(NoResponse, match="the stream of flash data ended at"):
        stream(stub.session, Received(0, 0x42000), effort=24, advance=reset)
    assert port.refused


def test_a_stream_that_a_power_cut_ends_says_so(stub: StubLoader, under_test: Board) -> None:
    fails = iter([under_test.power_cycle])

    def cut(count: int) -> None:
        if count:
            next(fails, lambda: None)()

    with pytest.raises(NoResponse, match="restarted meanwhile: its supply broke down") as caught:
        stream(stub.session, Received(0, 0x42000), effort=24, advance=cut)
    assert caught.value.cause == Cause.RESTARTED.value


@pytest.mark.spec("STUB-2")
def test_a_stub_that_reads_otherwise_than_the_registers_is_given_up(
    under_test: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def otherwise(session: Session, command: Command, body: object) -> object:
        return (
            own.DigestList((bytes(16),)) if command is Command.DIGESTS else ask_once(session, command, body)
        )

    monkeypatch.setattr(guard, "ask_once", otherwise)
    monkeypatch.setattr(guard, "TRIES", 1)
    with esprom.connect(on_board(under_test, latency_ms=0), loader="auto") as device:
        assert device.loader == "esprom"
        assert device.read_flash(0, 0x100) == PATTERN[:0x100]
        used = device.loader
    assert used == "rom"
    with pytest.raises(guard.Distrusted, match="differently"):
        esprom.connect(on_board(under_test, latency_ms=0), loader="stub").flash()


@pytest.mark.spec("STUB-2")
def test_a_stub_that_does_not_greet_is_given_up(under_test: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esprom.loader.stub.GREETING", b"AHOI")
    with esprom.connect(on_board(under_test, latency_ms=0), loader="auto") as device:
        assert (device.loader, device.baud) == ("rom", 115200)
        assert device.read_flash(0x1000, 0x100) == PATTERN[0x1000:0x1100]
    with pytest.raises(guard.Distrusted, match="AHOI"):
        esprom.connect(on_board(under_test, latency_ms=0), loader="stub")


def test_a_stub_that_runs_already_is_used_again_at_whatever_rate_it_was_left(under_test: Board) -> None:
    esprom.connect(on_board(under_test), loader="stub", after="no-reset-stub").close()
    port = on_board(under_test)
    port.baud = 921600
    rom, stub = starting.reach(port, "no-reset", Hand(), "auto")
    assert stub is not None
    assert port.baud == 921600
    assert rom.read_reg(connect.ROM_WORD) == connect.ROM_WORD_VALUE


def test_protection_stays_and_is_told(under_test: Board) -> None:
    under_test.flash.status = 0x1C
    device = esprom.connect(on_board(under_test, latency_ms=0), loader="stub")
    with pytest.raises(FlashProtected):
        device.write_flash(0, b"abc")
    assert under_test.flash.array[: len(PATTERN)] == PATTERN
    device.write_flash(0, b"abc", unprotect=True)
    assert under_test.flash.array[: len(PATTERN)] == b"abc" + PATTERN[3:]


def test_what_differs_is_found_at_its_address(under_test: Board) -> None:
    device = esprom.connect(on_board(under_test, latency_ms=0), loader="stub")
    device.verify_flash(0x2FFF, PATTERN[0x2FFF:0x7001])
    with pytest.raises(VerifyFailed, match="0x3001"):
        device.verify_flash(0x2FFF, PATTERN[0x2FFF:0x3001] + b"\0" * 0x2000)

# SPDX-License-Identifier: Apache-2.0
"""The wire, for any bytes in any pieces: same events, only our errors, and the way back.

The host's framing is held against the ROM's own receiver, which shares none of its code with it.
"""

import zlib
from contextlib import suppress
from functools import reduce
from itertools import pairwise
from operator import xor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esp8266sim.bootrom import memory
from esp8266sim.bootrom import rom as bootrom
from esp8266sim.bootrom.activity import Wait
from esp8266sim.bootrom.download import PACKET
from esp8266sim.bootrom.receiver import Receiver
from esp8266sim.clock import Clock
from esp8266sim.cpu import Cpu
from esp8266sim.line import Burst
from esp8266sim.soc.bus import Bus
from esp8266sim.soc.chip import Soc
from esp8266sim.soc.spi import SpiController, StuckBus
from esp8266sim.soc.uart import INT_ENA, INT_RX_FULL, Uart
from esp8266sim.trace import Trace
from esprom.errors import EspromError
from esprom.protocol import Command, Exchange, Stray, checksum, own, packets, slip
from esprom.protocol.commands import COMMANDS, Covered, packet
from esprom.protocol.packets import REQUEST, RESPONSE
from esprom.protocol.record import Record
from esprom.protocol.status import STATUS, Status, answer

# Few values that collide: the two special bytes, their escapes, what packets begin with, and some others.
wire_bytes = st.lists(st.sampled_from(bytes.fromhex("c0dbdcdd 0001080a 02 55ff")), max_size=60).map(bytes)
byte_strings = st.one_of(wire_bytes, st.binary(max_size=80))
byte = st.integers(0, 0xFF)
word = st.one_of(st.sampled_from([0, 1, 0xC0, 0xDBDCC0DD, 0xFFFFFFFF]), st.integers(0, 0xFFFFFFFF))
commands = st.one_of(st.sampled_from(list(Command)), byte.map(Command))
eight = st.just(bytes(8))

BODIES: dict[Record[Any], st.SearchStrategy[Any]] = {
    packets.EMPTY: st.builds(packets.Empty),
    packets.SYNC: st.builds(packets.Sync, word, st.binary(min_size=32, max_size=32)),
    packets.READ_REG: st.builds(packets.ReadReg, word),
    packets.REGISTER_WRITE: st.builds(packets.RegisterWrite, word, word, word, word),
    packets.WRITE_REG: st.builds(
        packets.WriteReg,
        st.lists(st.builds(packets.RegisterWrite, word, word, word, word), max_size=4).map(tuple),
    ),
    packets.MEM_BEGIN: st.builds(packets.MemBegin, word, word, word, word),
    packets.FLASH_BEGIN: st.builds(packets.FlashBegin, word, word, word, word),
    packets.DATA_BLOCK: st.builds(packets.DataBlock, word, byte_strings),
    packets.MEM_END: st.builds(packets.MemEnd, word, word),
    packets.FLASH_END: st.builds(packets.FlashEnd, word),
    packets.SPI_SET_PARAMS: st.builds(packets.SpiSetParams, word, word, word, word, word, word),
    packets.SPI_ATTACH: st.builds(packets.SpiAttach, word),
    packets.READ_FLASH_SLOW: st.builds(packets.ReadFlashSlow, word, word),
    packets.CHANGE_BAUDRATE: st.builds(packets.ChangeBaudrate, word, word),
    packets.ERASE_REGION: st.builds(packets.FlashRegion, word, word),
    packets.SPI_FLASH_MD5: st.builds(packets.FlashMd5, word, word),
    packets.MD5_DIGEST: st.builds(packets.Md5Digest, st.binary(min_size=16, max_size=16)),
    packets.READ_FLASH: st.builds(packets.ReadFlash, word, word, word, word),
    packets.READ_FLASH_ACK: st.builds(packets.ReadFlashAck, word),
    own.ASK_INFO: st.builds(own.AskInfo, word),
    own.INFO: st.builds(
        own.Info, word, word, word, word, word, st.tuples(word, word, word, word), word, word
    ),
    own.PATTERN: st.builds(own.Pattern, byte_strings),
    own.DIGESTS: st.builds(own.Digests, word, word, word),
    own.DIGEST_LIST: st.builds(
        own.DigestList, st.lists(st.binary(min_size=16, max_size=16), max_size=3).map(tuple)
    ),
    own.STREAM: st.builds(own.Stream, word, word, word, word),
    own.STREAM_FRAME: st.builds(own.StreamFrame, word, word, byte.map(own.Kind), byte_strings),
    own.STREAM_CONTROL: st.builds(own.StreamControl, word, word, word),
    own.PUT: st.builds(own.Put, word, byte.map(own.Kind), byte_strings),
    own.PUT_DONE: st.builds(own.PutDone, word, byte.map(own.Done)),
    own.ERASE_DONE: st.builds(own.EraseDone, word),
    own.AFTER: st.builds(own.After, byte, word, byte_strings),
    own.TRY_BAUDRATE: st.builds(own.TryBaudrate, word, word, word),
    REQUEST: st.builds(packets.Request, commands, word, byte_strings),
    RESPONSE: st.builds(packets.Response, commands, word, byte_strings),
    STATUS: st.builds(Status, byte, byte),
}


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return `data` in pieces, some of them perhaps empty."""
    at = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[first:end] for first, end in pairwise(at)]


class Rom:
    """The mask ROM's receiver with nothing around it."""

    def __init__(self) -> None:
        clock, trace, hertz = Clock(), Trace(), 52_000_000
        self.clock = clock
        self.bus = Bus(clock, trace, lambda offset, size: bytes(size))
        self.uart = Uart(clock, trace, hertz, send=lambda burst: None)
        spi = SpiController(clock, hertz, StuckBus(0))
        memory.initialise(self.bus)
        self.uart.store(INT_ENA, INT_RX_FULL)
        self.uart.drained = True
        rom = bootrom.Rom(Soc(clock, trace, self.bus, Cpu(self.bus), self.uart, spi, hertz))
        self.receiver = Receiver(rom, memory.PACKET, memory.PACKET_SIZE)

    def packets(self, frames: bytes, sizes: list[int]) -> list[bytes]:
        """Send all of `frames`; return what the packet buffer holds after each: so many bytes of it."""
        burst = Burst(self.clock.now, self.uart.bit, frames)
        self.uart.receive(burst)
        self.clock.advance(burst.end)
        found = []
        for size in sizes:
            for _ in self.receiver.frame():
                pytest.fail("the ROM waits for more than was sent")
            found.append(bytes(self.bus.dram[PACKET : PACKET + size]))
        assert isinstance(next(self.receiver.frame()), Wait), "the ROM found more frames than there are"
        return found


def test_every_record_is_here() -> None:
    names = {**vars(packets), **vars(own)}
    declared = {record for record in names.values() if isinstance(record, Record)} | {STATUS}
    assert set(BODIES) == declared
    assert {spec.request for spec in COMMANDS.values()} <= declared


@pytest.mark.spec("PROTO-3", "PROTO-4")
@given(data=st.data())
@pytest.mark.parametrize("record", BODIES, ids=lambda record: record.kind.__name__)
def test_what_was_built_is_parsed(record: Record[Any], data: st.DataObject) -> None:
    value = data.draw(BODIES[record])
    assert record.parse(record.build(value)) == value


@pytest.mark.spec("PROTO-7")
@given(junk=byte_strings)
@pytest.mark.parametrize("record", BODIES, ids=lambda record: record.kind.__name__)
def test_junk_raises_only_ours_and_what_parses_is_exact(record: Record[Any], junk: bytes) -> None:
    try:
        value = record.parse(junk)
    except EspromError:
        return
    kept = bytes(8)  # the reserved bytes are not part of the value
    assert record.build(value) in (junk, junk[:8] + kept + junk[16:])


@pytest.mark.spec("STUB-9")
@given(frame=BODIES[own.STREAM_FRAME], value=word, junk=byte_strings)
def test_a_frame_is_read_in_place_as_it_is_parsed(frame: own.StreamFrame, value: int, junk: bytes) -> None:
    body = own.STREAM_FRAME.build(frame)
    built = RESPONSE.build(packets.Response(Command.STREAM_FRAME, value, body))
    assert own.stream_frame(built) == (frame, value)
    with suppress(EspromError):
        if (found := own.stream_frame(junk)) is not None:
            response = RESPONSE.parse(junk)
            assert found == (own.STREAM_FRAME.parse(response.body), response.value)


@pytest.mark.spec("SLIP-7", "PROTO-1", "PROTO-7")
@given(
    stream=st.lists(
        st.one_of(
            byte_strings,
            BODIES[RESPONSE].map(lambda response: slip.encode(RESPONSE.build(response))),
        ),
        max_size=6,
    ).map(b"".join),
    cuts=st.lists(st.integers(0, 500), max_size=8),
    awaited=st.lists(commands, max_size=4),
)
def test_any_split_gives_the_same_events(stream: bytes, cuts: list[int], awaited: list[Command]) -> None:
    def run(parts: list[bytes]) -> tuple[list[packets.Response | Stray], bytes]:
        exchange = Exchange()
        for command in awaited:
            exchange.expect(command)
        events = [event for part in parts for event in exchange.receive(part)]
        return events, exchange.abandon()

    whole = run([stream])
    assert run(pieces(stream, cuts)) == whole
    for event in whole[0]:
        if isinstance(event, packets.Response):
            with suppress(EspromError):
                answer(event)


@pytest.mark.spec("SLIP-1", "SLIP-2", "SLIP-3")
@given(sent=st.lists(byte_strings.filter(bool), max_size=5), cuts=st.lists(st.integers(0, 900), max_size=5))
def test_frames_come_out_as_they_went_in(sent: list[bytes], cuts: list[int]) -> None:
    decoder = slip.Decoder()
    stream = b"".join(slip.encode(packet) for packet in sent)
    assert [frame for part in pieces(stream, cuts) for frame in decoder.feed(part)] == sent


@given(junk=byte_strings, packet=byte_strings.filter(bool))
def test_after_junk_the_second_frame_is_whole(junk: bytes, packet: bytes) -> None:
    assert slip.Decoder().feed(junk + slip.encode(packet))[-1] == packet


@pytest.mark.spec("SLIP-1", "SLIP-2", "SLIP-9", "SLIP-10", "ROM-2")
@given(sent=st.lists(st.one_of(wire_bytes, st.binary(max_size=40)).filter(bool), min_size=1, max_size=4))
def test_the_rom_receives_what_the_host_sends(sent: list[bytes]) -> None:
    frames = b"".join(slip.encode(plain) for plain in sent)
    rom = Rom()
    # At most a ring full is under way while nobody looks.
    for plain, frame in zip(sent, map(slip.encode, sent), strict=True):
        if len(frame) < memory.RING_SIZE:
            assert rom.packets(frame, [len(plain)]) == [plain]
    if len(frames) < memory.RING_SIZE:
        assert Rom().packets(frames, [len(plain) for plain in sent]) == sent


def rom_reading(data: bytes) -> list[bytes]:
    """Return the frames that SLIP-8 to SLIP-10 find, a byte at a time, straight from their words."""
    frames: list[bytes] = []
    inside = escaped = False
    stored = bytearray()
    for byte in data:
        if escaped:
            stored.append({0xDC: 0xC0, 0xDD: 0xDB}.get(byte, byte))
            escaped = False
        elif not inside:
            inside = byte == 0xC0
        elif byte == 0xDB:
            escaped = True
        elif byte != 0xC0:
            stored.append(byte)
        elif stored:
            frames.append(bytes(stored))
            stored.clear()
            inside = False
    return frames


@pytest.mark.spec("SLIP-8", "SLIP-9", "SLIP-10")
@given(data=st.lists(st.sampled_from(b"\xc0\xdb\xdc\xdd\x41"), max_size=50).map(bytes))
def test_the_rom_reads_anything_by_its_rules(data: bytes) -> None:
    frames = rom_reading(data)
    assert Rom().packets(data, [len(frame) for frame in frames]) == frames


@pytest.mark.spec("ROM-3")
@given(
    missed=st.one_of(st.integers(0, 800), st.sampled_from([0, 255, 256, 257, 512])),
    sent=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=4),
)
def test_a_ring_that_was_not_looked_at_has_lapped(missed: int, sent: list[bytes]) -> None:
    stream = b"-" * missed + b"".join(slip.encode(plain) for plain in sent)
    kept = len(stream) % memory.RING_SIZE
    seen = rom_reading(stream[-kept:] if kept else b"")
    assert Rom().packets(stream, [len(plain) for plain in seen]) == seen


@pytest.mark.spec("PROTO-5")
@given(data=st.binary(max_size=600))
def test_checksum_is_the_plain_loop(data: bytes) -> None:
    assert checksum(data) == reduce(xor, data, 0xEF)


@given(command=st.sampled_from(list(Command)), data=st.data())
def test_any_request_is_read_in_place_as_it_was_built(command: Command, data: st.DataObject) -> None:
    body = data.draw(BODIES[COMMANDS[command].request])
    request = REQUEST.parse(packet(command, body))
    assert request.command is command
    assert COMMANDS[command].request.parse(request.body) == body
    match COMMANDS[command].covered:
        case Covered.NOTHING:
            assert request.checksum == 0
        case Covered.DATA:
            assert request.checksum == checksum(body.data)
        case Covered.BODY:
            assert request.checksum == zlib.crc32(request.body)

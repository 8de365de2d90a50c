# SPDX-License-Identifier: Apache-2.0
import zlib

import pytest

from esprom.port.recorded import Way
from esprom.protocol import own, packets, slip
from esprom.protocol.commands import packet
from esprom.protocol.packets import REQUEST, RESPONSE, Command, Request, Response
from esprom.wire.capture import Track
from esprom.wire.decode import WireMessage, wire_messages
from esprom.wire.events import Event, WireLog, WireStream
from esprom.wire.folding import WireFold, wire_folded
from esprom.wire.page import wire_page

OK = b"\0\0"


class Talk:
    """What is said, a millisecond apart, and what becomes of it."""

    def __init__(self, *, payload: bool = True) -> None:
        self.events: list[Event] = []
        self.now = 0.0
        self.track = Track(self.events.append, payload=payload)

    def ask(self, command: Command, body: object, *, check: bytes = b"") -> "Talk":
        whole = packet(command, body)
        return self.say(Way.TO_CHIP, slip.encode(whole[:4] + check + whole[8:] if check else whole))

    def answer(self, command: Command, value: int = 0, body: bytes = OK) -> "Talk":
        return self.say(Way.FROM_CHIP, slip.encode(RESPONSE.build(Response(command, value, body))))

    def say(self, way: Way, data: bytes, after_s: float = 0.001) -> "Talk":
        self.now += after_s
        self.track.hear(self.now, way, data)
        return self

    @property
    def messages(self) -> list[WireMessage]:
        self.track.close()
        return list(wire_messages(WireStream("a port", tuple(self.events))))

    @property
    def lines(self) -> list[str]:
        return [f"{message.way}{message.name} {message.whole_text}".strip() for message in self.messages]


@pytest.mark.spec("WIRE-10")
def test_commands_in_words() -> None:
    talk = Talk()
    talk.ask(Command.SYNC, packets.Sync()).answer(Command.SYNC, packets.SYNC_MAGIC)
    talk.answer(Command.SYNC, packets.SYNC_MAGIC)
    talk.ask(Command.READ_REG, packets.ReadReg(0x3FF00054)).answer(Command.READ_REG, 0x1234)
    talk.ask(Command.WRITE_REG, packets.WriteReg((packets.RegisterWrite(0x60000200, 5, 0xFF, 9),)))
    talk.answer(Command.WRITE_REG)
    talk.ask(Command.FLASH_BEGIN, packets.FlashBegin(0x1000, 4, 0x400, 0x10000))
    talk.answer(Command.FLASH_BEGIN, body=b"\1\6")
    talk.ask(Command.SPI_FLASH_MD5, packets.FlashMd5(0x1000, 0x20))
    talk.answer(Command.SPI_FLASH_MD5, body=bytes(range(16)) + OK)
    assert talk.lines == [
        ">SYNC",
        "<SYNC ok; 1.0 ms",
        "<SYNC ok, surplus",
        ">READ_REG EFUSE.WORD1 (0x3ff00054)",
        "<READ_REG 0x00001234; 1.0 ms",
        ">WRITE_REG SPI0.CMD (0x60000200) = 0x00000005 mask 0x000000ff after 9 us",
        "<WRITE_REG ok; 1.0 ms",
        ">FLASH_BEGIN erase size 4096, blocks 4, block size 1024, offset 0x10000",
        "<FLASH_BEGIN failed, 0106: the flash could not be erased, or the totals do not match; refused;"
        " 1.0 ms",
        ">SPI_FLASH_MD5 offset 0x1000, size 32",
        "<SPI_FLASH_MD5 ok, MD5 000102030405060708090a0b0c0d0e0f; 1.0 ms",
    ]


@pytest.mark.spec("WIRE-10")
def test_what_is_wrong_is_a_problem() -> None:
    talk = Talk()
    talk.ask(Command.FLASH_DATA, packets.DataBlock(7, b"abc"), check=b"\x01\0\0\0")
    talk.ask(Command.MEM_END, packets.MemEnd(0, 0x40100000))
    talk.now += 0.1
    talk.ask(Command.MEM_END, packets.MemEnd(0, 0x40100000))
    talk.answer(Command.MEM_END).answer(Command.MEM_END)
    talk.answer(Command.ERASE_FLASH)
    talk.say(Way.FROM_CHIP, b"\xc0what\xdb\x01\xc0")
    assert [message.problems for message in talk.messages] == [
        ("checksum is WRONG",),
        (),
        ("again, no answer so far",),
        (),
        (),  # the first request may be what it answers
        ("nobody asked",),
        ("no packet of the protocol",),
    ]


@pytest.mark.spec("WIRE-10", "STUB-4")
def test_another_stub_that_refuses_what_is_ours_makes_no_crc() -> None:
    talk = Talk().ask(Command.INFO, own.AskInfo(own.VERSION)).answer(Command.INFO, body=b"\xff\0")
    assert talk.messages[-1].problems == ("refused",)
    talk = Talk().ask(Command.INFO, own.AskInfo(own.VERSION)).answer(Command.INFO, 1)
    assert talk.messages[-1].problems == ("checksum is WRONG",)


@pytest.mark.spec("WIRE-10", "ROM-6")
def test_what_the_rom_refuses_by_another_opcode_is_named() -> None:
    """As esptool's question for the security information goes, which no ESP8266 knows."""
    talk = Talk()
    talk.ask(Command.SYNC, packets.Sync()).answer(Command.SYNC, packets.SYNC_MAGIC)
    for _ in range(2):
        talk.ask(Command.GET_SECURITY_INFO, packets.Empty())
        for _ in range(8):
            talk.answer(Command.SYNC, body=b"\1\5")
        talk.now += 0.1
    refused = [message for message in talk.messages if message.problems]
    assert [message.problems for message in refused] == [("refused",)] * 2
    assert refused[0].text.endswith(", to GET_SECURITY_INFO, under the opcode of an earlier command")
    told = [item for item in wire_folded(talk.messages) if isinstance(item, WireFold)]
    assert [len(fold.messages) for fold in told] == [7, 7]


@pytest.mark.spec("WIRE-10", "BODY-FLASH-BEGIN")
@pytest.mark.parametrize("payload", [True, False])
def test_a_fifth_word_behind_a_begin_is_none_of_its_numbers(payload: bool) -> None:
    body = packets.FLASH_BEGIN.build(packets.FlashBegin(0x10000, 1, 0x4000, 0xF0000)) + bytes(4)
    talk = Talk(payload=payload)
    talk.say(Way.TO_CHIP, slip.encode(REQUEST.build(Request(Command.FLASH_DEFL_BEGIN, 0, body))))
    (line,) = talk.lines
    assert line.endswith("erase size 65536, blocks 1, block size 16384, offset 0xf0000, and a fifth word")


@pytest.mark.spec("WIRE-10")
@pytest.mark.parametrize("payload", [True, False])
@pytest.mark.parametrize("damaged", [False, True])
def test_the_verdict_on_a_checksum_outlives_the_content(payload: bool, damaged: bool) -> None:
    talk = Talk(payload=payload)
    talk.ask(Command.FLASH_DATA, packets.DataBlock(7, b"abc"), check=b"\x01\0\0\0" if damaged else b"")
    head = own.STREAM_FRAME.build(own.StreamFrame(0x2000, 4096, own.Kind.REPEAT, b"\xff"))
    crc = zlib.crc32(head) ^ damaged
    talk.say(Way.FROM_CHIP, slip.encode(RESPONSE.build(Response(Command.STREAM_FRAME, crc, head))))
    said = "checksum is WRONG" if damaged else "checksum good"
    assert all(said in line for line in talk.lines)
    assert ("3 bytes left out" in talk.lines[0]) is not payload


@pytest.mark.spec("WIRE-8", "WIRE-10")
@pytest.mark.parametrize("payload", [True, False])
def test_reading_by_frames_without_header(payload: bool) -> None:
    talk = Talk(payload=payload)
    looks_like_one = RESPONSE.build(Response(Command.SYNC, 0, OK))
    talk.ask(Command.READ_FLASH, packets.ReadFlash(0, 20, 10, 1)).answer(Command.READ_FLASH)
    for received in (10, 20):
        talk.say(Way.FROM_CHIP, slip.encode(looks_like_one))
        talk.say(Way.TO_CHIP, slip.encode(packets.READ_FLASH_ACK.build(packets.ReadFlashAck(received))))
    talk.say(Way.FROM_CHIP, slip.encode(bytes(16)))
    assert [message.name for message in talk.messages] == [
        *("READ_FLASH", "READ_FLASH", "FLASH_DATA", "FLASH_ACK", "FLASH_DATA", "FLASH_ACK", "FLASH_DIGEST")
    ]
    assert talk.messages[-1].problems == ("MD5 is not that of what came",)
    assert talk.messages[2].left_out == (0 if payload else 10)


@pytest.mark.spec("WIRE-7", "WIRE-10")
def test_boot_log_lines_and_gaps() -> None:
    talk = Talk(payload=False)
    talk.track.hear_baud(0.0, 74880)
    talk.track.hear_lines(0.1, dtr=False, rts=True)
    talk.track.hear_lines(0.2, dtr=True, rts=False)
    talk.now = 0.2
    talk.say(Way.FROM_CHIP, b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,6)\r\n\r\nssid=home\r\n")
    talk.say(Way.TO_CHIP, b"x", after_s=1.5)
    assert talk.lines == [
        "rate 74880 baud",
        "lines DTR off, RTS on: the chip is held in reset",
        "lines DTR on, RTS off: GPIO0 low, reset let go; it should start the loader",
        "<boot log the boot log arrived (reset cause 2: the reset pin; boot mode 1: the loader), 62 bytes"
        " (18 left out)",
        "gap 1.500 s without anything",
        ">bytes 1 byte, 1 left out",
    ]


def write(blocks: int, *, damaged: int | None = None) -> Talk:
    talk = Talk()
    for number in range(blocks):
        check = b"\x01\0\0\0" if number == damaged else b""
        talk.ask(Command.FLASH_DATA, packets.DataBlock(number, bytes(1024)), check=check)
        talk.say(
            Way.FROM_CHIP, slip.encode(RESPONSE.build(Response(Command.FLASH_DATA, 0, OK))), after_s=0.05
        )
    return talk


@pytest.mark.spec("WIRE-11")
def test_a_long_write_is_one_line() -> None:
    (fold,) = wire_folded(write(240).messages)
    assert isinstance(fold, WireFold)
    assert fold.text == (
        "FLASH_DATA 0 to 239, 240 of 1024 bytes, 245760 in all, 240 answers, 12.239 s,"
        " median answer 50.0 ms, longest 50.0 ms"
    )


@pytest.mark.spec("WIRE-11")
def test_a_problem_is_never_folded() -> None:
    items = list(wire_folded(write(20, damaged=9).messages))
    assert [isinstance(item, WireFold) for item in items] == [True, False, True]
    assert isinstance(items[1], WireMessage)
    assert items[1].problems == ("checksum is WRONG",)


@pytest.mark.spec("WIRE-11")
def test_a_short_write_is_not_folded() -> None:
    assert not any(isinstance(item, WireFold) for item in wire_folded(write(2).messages))


def test_a_page_needs_nothing_else_and_escapes() -> None:
    talk = write(20).say(Way.FROM_CHIP, b"<script>alert(1)</script>")
    talk.track.close()
    page = wire_page(WireLog("capture", True, (WireStream("<b>", tuple(talk.events)),)), "a & b")
    assert "alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<h1>a &amp; b</h1>" in page
    assert "<h2>&lt;b&gt;</h2>" in page
    assert "http" not in page.replace("<!doctype html>", "")
    assert page.count("<tr ") == 42
    assert "Content is in this recording" in page

# SPDX-License-Identifier: Apache-2.0
"""The host's half of a conversation, with frames from outside."""

import pytest

from esprom.protocol import Command, Exchange, Response, Stray
from esprom.protocol.commands import packet
from esprom.protocol.packets import ReadReg, Sync

READ = bytes.fromhex("c0 01 0a 0200 06080000 00 00 c0")  # vector read/rom
SYNCED = bytes.fromhex("c0 01 08 0200 07071220 00 00 c0")  # vector sync/one, one of eight
READ_RESPONSE = Response(Command.READ_REG, 0x806, b"\0\0")
SYNC_RESPONSE = Response(Command.SYNC, 0x20120707, b"\0\0")


def asked(*commands: Command) -> Exchange:
    exchange = Exchange()
    for command in commands:
        exchange.expect(command)
    return exchange


def test_send_frames_the_packet_and_awaits_its_answer() -> None:
    exchange = Exchange()
    sent = exchange.send(Command.READ_REG, packet(Command.READ_REG, ReadReg(0x3FFFC000)))
    assert sent == bytes.fromhex("c0 00 0a 0400 00000000 00dbdcff3f c0")  # vector read/romdata
    assert list(exchange.awaiting) == [Command.READ_REG]


@pytest.mark.spec("PROTO-1")
@pytest.mark.parametrize("step", [1, 3, 100])
def test_answers_pair_with_requests_in_order(step: int) -> None:
    exchange = asked(Command.SYNC, Command.READ_REG, Command.READ_REG)
    stream = SYNCED + READ + READ + b"\xc0\x01"
    events = [e for at in range(0, len(stream), step) for e in exchange.receive(stream[at : at + step])]
    assert events == [SYNC_RESPONSE, READ_RESPONSE, READ_RESPONSE]
    assert not exchange.awaiting


@pytest.mark.spec("PROTO-1")
def test_seven_surplus_answers_to_sync_are_strays() -> None:
    exchange = asked(Command.SYNC)
    assert exchange.receive(SYNCED * 8) == [SYNC_RESPONSE] + [Stray(SYNCED[1:-1])] * 7


@pytest.mark.spec("PROTO-1")
def test_answer_out_of_turn_is_a_stray_and_changes_nothing() -> None:
    exchange = asked(Command.SYNC, Command.READ_REG)
    assert exchange.receive(READ) == [Stray(READ[1:-1])]
    assert list(exchange.awaiting) == [Command.SYNC, Command.READ_REG]
    assert exchange.receive(SYNCED + READ) == [SYNC_RESPONSE, READ_RESPONSE]


@pytest.mark.spec("PROTO-1", "SLIP-5")
@pytest.mark.spec("SLIP-4")
def test_a_word_damaged_into_an_escape_is_a_stray() -> None:
    """Its length still fits: a READ_REG of 0x806 would read as 0x8db."""
    damaged = READ.replace(b"\x06\x08", b"\xdb\x08")
    assert asked(Command.READ_REG).receive(damaged) == [Stray(damaged.strip(b"\xc0"))]


def test_boot_log_is_a_stray() -> None:
    exchange = asked(Command.READ_REG)
    assert exchange.receive(b"\r\n ets Jan" + READ) == [Stray(b"\r\n ets Jan"), READ_RESPONSE]


def test_nothing_asked_nothing_answered() -> None:
    assert Exchange().receive(READ) == [Stray(READ[1:-1])]


def test_same_bytes_are_an_answer_or_a_stray_by_what_is_awaited() -> None:
    exchange = asked(Command.READ_REG)
    assert exchange.receive(READ + READ) == [READ_RESPONSE, Stray(READ[1:-1])]
    exchange.expect(Command.READ_REG)
    assert exchange.receive(READ) == [READ_RESPONSE]


def test_abandon_forgets_both_the_question_and_half_an_answer() -> None:
    exchange = asked(Command.READ_REG)
    exchange.receive(READ[:6])
    assert exchange.abandon() == READ[1:6]
    assert not exchange.awaiting
    exchange.send(Command.SYNC, packet(Command.SYNC, Sync()))
    assert exchange.receive(SYNCED) == [SYNC_RESPONSE]

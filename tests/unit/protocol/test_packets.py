# SPDX-License-Identifier: Apache-2.0
"""Every packet, built and parsed, against bytes from outside."""

from typing import Any

import pytest

from esprom.errors import MalformedPacket
from esprom.protocol import packets, slip
from esprom.protocol.commands import COMMANDS, Loader, packet
from esprom.protocol.packets import REQUEST, RESPONSE, Command
from esprom.protocol.record import Record
from esprom.protocol.status import STATUS
from tests import wire
from tests.vectors.runner import DEFAULT_VECTORS, load

VECTORS = {vector.name: vector for file in DEFAULT_VECTORS for vector in load(file)}

requests = pytest.mark.parametrize("case", wire.REQUESTS, ids=lambda case: case.name)
responses = pytest.mark.parametrize("case", wire.RESPONSES, ids=lambda case: case.name)


def deliveries(frame: bytes) -> list[list[bytes]]:
    """Return ways to hand over a frame: whole, byte by byte, with trailing bytes."""
    return [[frame], [frame[i : i + 1] for i in range(len(frame))], [frame + b"\xc0\x01\x0a"]]


def received(pieces: list[bytes]) -> list[bytes]:
    decoder = slip.Decoder()
    return [packet for piece in pieces for packet in decoder.feed(piece)]


@pytest.mark.spec("PROTO-3", "PROTO-5", "SLIP-1", "SLIP-2")
@requests
def test_request_is_built_as_others_build_it(case: wire.Request) -> None:
    assert slip.encode(packet(case.command, case.body)) == case.frame


@pytest.mark.spec(
    *("PROTO-3", "PROTO-5", "BODY-EMPTY", "BODY-SYNC", "BODY-READ-REG", "BODY-WRITE-REG", "BODY-MEM-BEGIN"),
    *("BODY-FLASH-BEGIN", "BODY-DATA", "BODY-MEM-END", "BODY-FLASH-END", "BODY-SPI-PARAMS", "BODY-MD5"),
    *("BODY-SPI-ATTACH", "BODY-READ-SLOW", "BODY-BAUD", "BODY-REGION", "BODY-READ-FLASH"),
)
@requests
def test_request_is_parsed_as_others_mean_it(case: wire.Request) -> None:
    for pieces in deliveries(case.frame):
        (plain,) = received(pieces)
        request = REQUEST.parse(plain)
        assert request.command is case.command
        assert COMMANDS[case.command].request.parse(request.body) == case.body
        assert REQUEST.build(request) == plain


@pytest.mark.spec("PROTO-4", "STATUS-1", "SLIP-1", "SLIP-2")
@responses
def test_response_is_built_as_others_build_it(case: wire.Response) -> None:
    body = case.answer + STATUS.build(case.status)
    assert slip.encode(RESPONSE.build(packets.Response(case.command, case.value, body))) == case.frame


@pytest.mark.spec("PROTO-4", "STATUS-1")
@responses
def test_response_is_parsed_as_others_mean_it(case: wire.Response) -> None:
    for pieces in deliveries(case.frame):
        (plain,) = received(pieces)
        response = RESPONSE.parse(plain)
        assert (response.command, response.value) == (case.command, case.value)
        assert response.body[:-2] == case.answer
        assert STATUS.parse(response.body[-2:]) == case.status


@pytest.mark.parametrize(
    "case",
    [case for table in (wire.REQUESTS, wire.RESPONSES) for case in table if case.vector],
    ids=lambda case: f"{type(case).__name__} {case.name}",
)
def test_bytes_are_from_where_the_table_says(case: wire.Request | wire.Response) -> None:
    vector = VECTORS[case.vector or ""]
    chunks = vector.sent if isinstance(case, wire.Request) else vector.received
    assert chunks[case.chunk] == case.frame


@pytest.mark.spec("CMD-1")
def test_table_of_outside_bytes_has_every_command() -> None:
    """All but those of our own stub: nobody else has built any."""
    assert set(Command) == set(COMMANDS)
    ours = {command for command, spec in COMMANDS.items() if spec.loaders == {Loader.OURS}}
    assert {case.command for case in wire.REQUESTS} == set(Command) - ours


@pytest.mark.spec("BODY-READ-ACK")
@pytest.mark.parametrize(("count", "frame"), wire.ACKS)
def test_acknowledgement_during_read_flash(count: int, frame: bytes) -> None:
    assert slip.encode(packets.READ_FLASH_ACK.build(packets.ReadFlashAck(count))) == frame
    (plain,) = received([frame])
    assert packets.READ_FLASH_ACK.parse(plain) == packets.ReadFlashAck(count)


@pytest.mark.spec("BODY-MD5")
def test_digest_is_raw() -> None:
    (case,) = (case for case in wire.RESPONSES if case.answer)
    answer = COMMANDS[case.command].answer
    assert answer.parse(case.answer) == packets.Md5Digest(wire.DIGEST)
    assert answer.build(packets.Md5Digest(wire.DIGEST)) == case.answer


@pytest.mark.spec("PROTO-7")
@requests
def test_request_of_another_length_is_refused(case: wire.Request) -> None:
    (plain,) = received([case.frame])
    for damaged in (plain + b"\x00", plain[:-1], plain[:7], b"", b"\x01" + plain[1:]):
        with pytest.raises(MalformedPacket, match="Request"):
            REQUEST.parse(damaged)


@pytest.mark.spec("PROTO-7")
@responses
def test_response_of_another_length_is_refused(case: wire.Response) -> None:
    (plain,) = received([case.frame])
    for damaged in (plain + b"\x00", plain[:-1], plain[:7], b"", b"\x00" + plain[1:]):
        with pytest.raises(MalformedPacket, match="Response"):
            RESPONSE.parse(damaged)


FIXED = [
    record
    for record in vars(packets).values()
    if isinstance(record, Record)
    and record not in (REQUEST, RESPONSE, packets.WRITE_REG, packets.DATA_BLOCK, packets.EMPTY)
]


@pytest.mark.spec("PROTO-7")
@pytest.mark.parametrize("record", FIXED, ids=lambda record: record.kind.__name__)
def test_body_of_another_length_is_refused(record: Record[Any]) -> None:
    size = sum(field.sizeof() for field in record.layout)
    record.parse(bytes(size))
    for wrong in (size - 1, size + 1, 0):
        with pytest.raises(MalformedPacket, match=record.kind.__name__):
            record.parse(bytes(wrong))


@pytest.mark.spec("PROTO-7")
@pytest.mark.parametrize("size", [1, 15, 17, 47])
def test_write_reg_holds_whole_records(size: int) -> None:
    with pytest.raises(MalformedPacket, match="WriteReg"):
        packets.WRITE_REG.parse(bytes(size))


@pytest.mark.spec("PROTO-7")
def test_data_block_is_as_long_as_it_says() -> None:
    for data in (b"\x05\0\0\0" + bytes(12) + b"abcd", b"\x03\0\0\0" + bytes(12) + b"abcd"):
        with pytest.raises(MalformedPacket, match="DataBlock"):
            packets.DATA_BLOCK.parse(data)


@pytest.mark.spec("PROTO-2")
def test_unknown_opcode_parses_and_builds() -> None:
    request = REQUEST.parse(bytes.fromhex("00 77 0100 00000000 aa"))
    assert request.command == 0x77
    assert request.command.name == "UNKNOWN_0x77"
    assert REQUEST.build(request) == bytes.fromhex("00 77 0100 00000000 aa")


def test_a_command_is_a_number() -> None:
    with pytest.raises(ValueError, match="SYNC"):
        Command("SYNC")  # type: ignore[arg-type]

# SPDX-License-Identifier: Apache-2.0
"""Yes or no, and why."""

import pytest

from esprom.errors import CommandFailed, MalformedPacket
from esprom.protocol.packets import Command, Response
from esprom.protocol.status import MEANING, RomError, StubError, answer
from tests import wire


@pytest.mark.spec("STATUS-1", "STATUS-2")
@pytest.mark.parametrize(
    "case", [case for case in wire.RESPONSES if not case.status.status], ids=lambda case: case.name
)
def test_success_whatever_the_second_byte_says(case: wire.Response) -> None:
    body = case.answer + bytes([case.status.status, case.status.error])
    assert answer(Response(case.command, case.value, body)) == case.answer


REASONS = [
    ("rom", 1, 0x00, "gave no reason"),
    ("rom", 1, 0x05, "not valid at this point"),
    ("rom", 1, 0x06, "could not be erased, or the totals"),
    ("rom", 1, 0x07, "damaged"),
    ("rom", 1, 0x08, "does not hold what was written"),
    ("stub", 0xC0, 0, "wrong length"),
    ("stub", 0xC1, 0, "damaged"),
    ("stub", 0xC2, 0, "block size"),
    ("stub", 0xC3, 0, "does not know this command"),
    ("stub", 0xC4, 0, "flash chip did not do it"),
    ("stub", 0xC5, 0, "protection could not be lifted"),
    ("stub", 0xC6, 0, "no write has been begun"),
    ("stub", 0xC7, 0, "compressed data is damaged"),
    ("stub", 0xC8, 0, "less data"),
    ("stub", 0xC9, 0, "more data"),
    ("stub", 0xE1, 0, "out of range"),
    ("stub", 0xE2, 0, "a block is missing before"),
    ("stub", 0xFF, 0, "does not implement"),
]


@pytest.mark.spec("STATUS-3", "STATUS-4")
@pytest.mark.parametrize(("who", "status", "error", "words"), REASONS)
def test_failure_says_why(who: str, status: int, error: int, words: str) -> None:
    with pytest.raises(CommandFailed, match=words) as caught:
        answer(Response(Command.FLASH_DATA, 0, bytes([status, error])))
    assert (caught.value.command, caught.value.status, caught.value.error) == ("FLASH_DATA", status, error)


@pytest.mark.spec("STATUS-3", "STATUS-4")
def test_there_are_no_other_reasons() -> None:
    assert {int(code) for code in RomError} == {error for who, _, error, _ in REASONS if who == "rom"}
    assert {int(code) for code in StubError} == {status for who, status, _, _ in REASONS if who == "stub"}
    assert set(MEANING) == {*RomError, *StubError}


@pytest.mark.spec("STATUS-4", "STATUS-5")
@pytest.mark.parametrize("pair", ["0109", "7f00", "02ff"])
def test_reason_not_documented_is_a_failure_that_shows_both_bytes(pair: str) -> None:
    with pytest.raises(CommandFailed, match=f"status {pair}: a reason that is not documented"):
        answer(Response(Command.ERASE_REGION, 0, bytes.fromhex(pair)))


@pytest.mark.spec("STATUS-5")
@pytest.mark.parametrize("body", [b"", b"\x00"])
def test_body_without_two_status_bytes_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPacket, match="Status"):
        answer(Response(Command.READ_REG, 0, body))

# SPDX-License-Identifier: Apache-2.0
"""The command table, and requests that are made by it."""

import pytest

from esprom.errors import MalformedPacket
from esprom.protocol import packets
from esprom.protocol.commands import COMMANDS, Covered, Loader, packet
from esprom.protocol.packets import Command

ROM_OPCODES = {0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B}  # the mask ROM's jump table
STUB_ONLY = {0x0D, 0x0F, 0x10, 0x11, 0x12, 0x13, 0xD0, 0xD1, 0xD2, 0xD3}  # answered by both known stubs
NOBODYS = {0x0E, 0x14}


def of(loader: Loader) -> set[int]:
    return {int(spec.command) for spec in COMMANDS.values() if loader in spec.loaders}


@pytest.mark.spec("CMD-1")
def test_who_has_what() -> None:
    assert of(Loader.ROM) == ROM_OPCODES
    assert of(Loader.STUB) == ROM_OPCODES | STUB_ONLY


@pytest.mark.spec("CMD-3")
def test_nobody_on_this_chip_has_these() -> None:
    assert {int(spec.command) for spec in COMMANDS.values() if not spec.loaders} == NOBODYS


@pytest.mark.spec("CMD-1")
def test_key_and_row_agree() -> None:
    assert all(command is spec.command for command, spec in COMMANDS.items())


@pytest.mark.spec("CMD-1", "PROTO-5")
def test_data_commands_carry_the_checksum_and_no_others_do() -> None:
    carrying = {int(spec.command) for spec in COMMANDS.values() if spec.covered is Covered.DATA}
    assert carrying == {0x03, 0x07, 0x11}
    assert carrying == {int(spec.command) for spec in COMMANDS.values() if spec.request is packets.DATA_BLOCK}
    assert packet(Command.MEM_DATA, packets.DataBlock(0, b"\x01\x02"))[4:8] == b"\xec\0\0\0"
    assert packet(Command.READ_REG, packets.ReadReg(0x12345678))[4:8] == bytes(4)


@pytest.mark.spec("BODY-FLASH-BEGIN")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_fifth_word_may_stand_behind_a_begin_and_nothing_else_anywhere(command: Command) -> None:
    spec, body = COMMANDS[command], packets.FlashBegin(1, 2, 3, 4)
    if command in (Command.FLASH_BEGIN, Command.FLASH_DEFL_BEGIN):
        built = spec.request.build(body)
        assert spec.asked(built) == spec.asked(built + bytes(4)) == body
        for more in (3, 5, 8):
            with pytest.raises(MalformedPacket):
                spec.asked(built + bytes(more))
    else:
        assert spec.spare == 0


MIB = 1 << 20
TIMES = [
    (Command.SYNC, packets.Sync(), 0.1),
    (Command.READ_REG, packets.ReadReg(0), 3.0),
    (Command.WRITE_REG, packets.WriteReg(()), 3.0),
    (
        Command.WRITE_REG,
        packets.WriteReg((packets.RegisterWrite(0, 0, delay_us=0x1FFFF),) * 2),
        3.0 + 2 * 0xFFFF / 1e6,
    ),
    (Command.FLASH_BEGIN, packets.FlashBegin(0x1000, 1, 0x400, 0), 3.0),
    (Command.FLASH_BEGIN, packets.FlashBegin(4 * MIB, 1, 0x400, 0), 820.0),
    (Command.ERASE_REGION, packets.FlashRegion(0, MIB // 2), 51.5),
    (Command.SPI_FLASH_MD5, packets.FlashMd5(0, 4 * MIB), 32.0),
    (Command.FLASH_DATA, packets.DataBlock(0, bytes(0x1800)), 3.0),
    (Command.FLASH_DEFL_DATA, packets.DataBlock(0, bytes(MIB // 4)), 10.0),
    (Command.ERASE_FLASH, packets.Empty(), 120.0),
]


@pytest.mark.spec("CMD-2")
@pytest.mark.parametrize(("command", "body", "seconds"), TIMES, ids=[case[0].name for case in TIMES])
def test_time_allowed_grows_with_the_work(command: Command, body: object, seconds: float) -> None:
    assert COMMANDS[command].timeout_s(body) == pytest.approx(seconds)


def test_wrong_body_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="READ_REG takes ReadReg, not FlashEnd"):
        packet(Command.READ_REG, packets.FlashEnd(0))


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (Command.READ_REG, packets.ReadReg(1 << 32)),
        (Command.READ_REG, packets.ReadReg(-1)),
        (Command.SYNC, packets.Sync(0, b"short")),
        (Command.WRITE_REG, packets.WriteReg((packets.RegisterWrite(0, 1 << 32),))),
        (Command.MEM_DATA, packets.DataBlock(0, bytes(0x10000))),
    ],
    ids=["too large", "negative", "fill too short", "in a record", "size field overflows"],
)
def test_what_does_not_fit_is_the_callers_mistake(command: Command, body: object) -> None:
    with pytest.raises(ValueError, match=r"ReadReg|Sync|WriteReg|Request"):
        packet(command, body)

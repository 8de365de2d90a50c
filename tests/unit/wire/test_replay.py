# SPDX-License-Identifier: Apache-2.0
import time
from collections.abc import Callable

import pytest

from esprom.errors import RecordingDiffers
from esprom.port.recorded import Way
from esprom.protocol import own, packets, slip
from esprom.protocol.commands import packet
from esprom.protocol.packets import RESPONSE, Command, Response
from esprom.wire.capture import Track
from esprom.wire.events import Event, WireStream
from esprom.wire.replay import Replay

OK = b"\0\0"
SYNC = slip.encode(packet(Command.SYNC, packets.Sync()))
SYNCED = slip.encode(RESPONSE.build(Response(Command.SYNC, 0, OK)))
BEGIN = slip.encode(packet(Command.FLASH_BEGIN, packets.FlashBegin(0x1000, 4, 0x400, 0x10000)))
BEGUN = slip.encode(RESPONSE.build(Response(Command.FLASH_BEGIN, 0, OK)))
DATA = slip.encode(packet(Command.FLASH_DATA, packets.DataBlock(0, b"secret")))
DONE = slip.encode(RESPONSE.build(Response(Command.FLASH_DATA, 0, OK)))
BOOT = b"ets Jan  8 2013"


def recorded(*, payload: bool = True, more: Callable[[Track], None] = lambda track: None) -> WireStream:
    """Return: a reset, a SYNC in vain, one that is answered twice, and a write."""
    events: list[Event] = []
    track = Track(events.append, payload=payload)
    track.hear_lines(0.0, dtr=False, rts=True)
    track.hear_lines(0.1, dtr=True, rts=False)
    said = [(Way.FROM_CHIP, BOOT), (Way.TO_CHIP, SYNC), (Way.TO_CHIP, SYNC), (Way.FROM_CHIP, SYNCED * 2)]
    said += [(Way.TO_CHIP, BEGIN), (Way.FROM_CHIP, BEGUN), (Way.TO_CHIP, DATA), (Way.FROM_CHIP, DONE)]
    for index, (way, data) in enumerate(said):
        track.hear(0.2 + index * 0.02, way, data)
    more(track)
    track.close()
    return WireStream("a port", tuple(events))


def begun(stream: WireStream, *, lines: bool = False) -> Replay:
    replay = Replay(stream)
    replay.arrived(lines=lines)
    return replay


@pytest.mark.spec("WIRE-15")
def test_answers_come_when_what_they_answer_is_there() -> None:
    replay = begun(recorded())
    assert replay.read() == BOOT
    replay.write(SYNC)
    assert replay.read() == b""
    replay.write(SYNC)
    assert replay.read() == SYNCED * 2
    replay.write(BEGIN[:5])
    assert replay.read() == b""
    replay.write(BEGIN[5:] + DATA)
    assert replay.read() == BEGUN + DONE
    replay.check_finished()
    assert replay.matched == replay.to_match == 4


@pytest.mark.spec("WIRE-15")
def test_with_modem_lines_the_boot_log_comes_after_the_reset() -> None:
    replay = begun(recorded(), lines=True)
    assert replay.read() == b""
    replay.set_lines(dtr=False, rts=False)  # not recorded
    replay.set_lines(dtr=False, rts=True)
    assert replay.read() == b""
    replay.set_lines(dtr=True, rts=False)
    assert replay.read() == BOOT


@pytest.mark.spec("WIRE-15")
@pytest.mark.parametrize("syncs", [1, 2, 5])
def test_a_sync_more_or_less_does_not_matter(syncs: int) -> None:
    replay = begun(recorded())
    replay.write(SYNC * syncs + BEGIN + DATA)
    assert replay.read().endswith(SYNCED * 2 + BEGUN + DONE)
    replay.check_finished()


@pytest.mark.spec("WIRE-15")
def test_confirmations_of_a_stream_are_as_many_as_time_makes() -> None:
    def confirm(end: int) -> bytes:
        return slip.encode(packet(Command.STREAM_CONTROL, own.StreamControl(end)))

    def stream(track: Track) -> None:
        track.hear(1.0, Way.TO_CHIP, confirm(0x1000))
        track.hear(1.1, Way.FROM_CHIP, DONE)
        track.hear(1.2, Way.TO_CHIP, confirm(own.FINISHED))

    replay = begun(recorded(more=stream))
    replay.write(SYNC * 2 + BEGIN + DATA)
    assert replay.read().endswith(DONE * 2)
    replay.write(confirm(0x800) + confirm(0x900) + confirm(own.FINISHED))
    replay.check_finished()


@pytest.mark.spec("WIRE-15")
def test_what_was_left_out_is_not_compared() -> None:
    other = slip.encode(packet(Command.FLASH_DATA, packets.DataBlock(0, b"SECRET")))
    replay = begun(recorded(payload=False))
    replay.write(SYNC * 2 + BEGIN + other)
    replay.check_finished()
    with pytest.raises(RecordingDiffers):
        begun(recorded()).write(SYNC * 2 + BEGIN + other)


@pytest.mark.spec("WIRE-16")
@pytest.mark.parametrize(
    ("command", "body", "said"),
    [
        (
            Command.FLASH_BEGIN,
            packets.FlashBegin(0x1000, 4, 0x400, 0x20000),
            "message 3 of 4 differs: recorded is FLASH_BEGIN erase size 4096, blocks 4, block size 1024,"
            " offset 0x10000, and FLASH_BEGIN erase size 4096, blocks 4, block size 1024, offset 0x20000"
            " came: offset is 0x20000, recorded 0x10000",
        ),
        (Command.FLASH_END, packets.FlashEnd(1), "and FLASH_END stay 1 came: another message"),
    ],
)
def test_a_difference_says_which_message_and_how(command: Command, body: object, said: str) -> None:
    replay = begun(recorded())
    replay.write(SYNC * 2)
    with pytest.raises(RecordingDiffers) as caught:
        replay.write(slip.encode(packet(command, body)))
    assert str(caught.value).endswith(said)
    assert caught.value.message == 3


@pytest.mark.spec("WIRE-16")
def test_a_byte_of_content_is_named() -> None:
    replay = begun(recorded())
    whole = packet(Command.FLASH_DATA, packets.DataBlock(0, b"sEcret"))
    with pytest.raises(RecordingDiffers, match=r"byte 4 of the packet is 0x[0-9a-f]{2}, recorded 0x"):
        replay.write(SYNC * 2 + BEGIN + slip.encode(whole))


@pytest.mark.spec("WIRE-16")
def test_a_client_that_leaves_early_or_says_more_differs_too() -> None:
    replay = begun(recorded())
    replay.write(SYNC * 2)
    with pytest.raises(
        RecordingDiffers, match="message 3 of 4 differs: the client left; recorded is FLASH_BEGIN"
    ):
        replay.check_finished()
    replay = begun(recorded())
    with pytest.raises(RecordingDiffers, match="the recording of 4 messages is over, and FLASH_BEGIN"):
        replay.write(SYNC * 2 + BEGIN + DATA + BEGIN)


@pytest.mark.spec("WIRE-15")
def test_at_the_pace_of_the_recording_an_answer_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    replay = Replay(recorded(), paced=True)
    replay.arrived(lines=False)
    now[0] += 0.3
    assert replay.read() == BOOT
    replay.write(SYNC * 2)
    now[0] += 0.019
    assert SYNCED not in replay.read()
    assert 0 < replay.wait_s() < 0.002
    now[0] += 0.002
    assert replay.read().endswith(SYNCED * 2)

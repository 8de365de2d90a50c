# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.errors import EspromError, NoResponse
from esprom.loader.gather import MARK, RETRIES, gather
from esprom.loader.rom import read_request
from esprom.loader.session import Prepared, Session, prepare, shortened
from esprom.protocol import slip
from esprom.protocol.packets import Command, RegisterWrite, WriteReg
from tests.ports import PacketBuffer, ScriptedPort, loader, reply

BASE = 0x60000200
ITEMS = [range(BASE + 64 * item, BASE + 64 * item + 64, 4) for item in range(6)]
WORDS = {address: address ^ 0x5A5A for item in ITEMS for address in item}


def group(item: range) -> tuple[Prepared, ...]:
    return (MARK, *map(read_request, item))


class Forgetful:
    """A loader that loses the answers whose running numbers are listed."""

    def __init__(self, lost: set[int]) -> None:
        self.lost = lost
        self.count = 0
        self.frames: list[int] = []  # sizes of those of READ_REG, unescaped
        self._buffer = PacketBuffer()

    def __call__(self, written: bytes) -> bytes:
        out = b""
        self.frames += [len(frame) for frame in slip.Decoder().feed(written) if frame[1] == Command.READ_REG]
        for request in self._buffer.requests(written):
            self.count += 1
            if self.count not in self.lost:
                value = WORDS.get(int.from_bytes(request.body[:4], "little"), 0)
                if request.command is Command.SYNC:
                    value = int.from_bytes(request.body[:4], "little")
                out += reply(request.command, value)
        return out


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize(
    "lost",
    [set(), {1}, {2}, {17}, {18}, {50}, {102}, {3, 40, 41, 90}, {17, 18}, {16, 17, 18}, set(range(10, 26))],
    ids=str,
)
def test_a_lost_answer_costs_a_group(lost: set[int], short: bool) -> None:
    set_ups: list[int] = []
    script = Forgetful(lost)
    session = Session(ScriptedPort(script))
    found = list(gather(session, ITEMS, group, lambda: set_ups.append(script.count), short=short))
    assert found == [[WORDS[address] for address in item] for item in ITEMS]
    assert (len(set_ups) > 1) == bool(lost)


def test_it_gives_up() -> None:
    set_ups: list[int] = []
    with pytest.raises(NoResponse):
        list(gather(Session(ScriptedPort(lambda written: b"")), ITEMS, group, lambda: set_ups.append(1)))
    assert len(set_ups) == RETRIES + 1


def test_the_bound_is_on_failures_in_a_row() -> None:
    every_third_group = set(range(20, 2000, 51))
    found = list(gather(Session(ScriptedPort(Forgetful(every_third_group))), ITEMS * 10, group, lambda: None))
    assert len(found) == 60


def test_trouble_in_the_set_up_counts_too() -> None:
    def set_up() -> None:
        raise NoResponse("gone", asked="READ_REG", waited_s=0.0)

    with pytest.raises(EspromError, match="gone"):
        list(gather(Session(ScriptedPort(loader(WORDS))), ITEMS, group, set_up))


@pytest.mark.spec("ROM-4")
@pytest.mark.parametrize(
    ("before", "address", "size"),
    [
        (read_request(BASE).packet, BASE + 4, 9),  # the lowest byte of the address differs
        (read_request(BASE).packet, BASE + 0x100, 10),
        (read_request(BASE).packet, 0x3FFE8000, 12),
        (read_request(BASE).packet, BASE, 1),  # an empty frame would be none
        (MARK.packet, BASE, 12),  # it has no body, so what stands behind it is not known
        (prepare(Command.WRITE_REG, WriteReg((RegisterWrite(BASE, 0),))).packet, BASE + 4, 9),
        (b"", BASE, 12),
    ],
)
def test_a_request_stops_where_the_rest_is_in_the_buffer(before: bytes, address: int, size: int) -> None:
    whole = read_request(address)
    assert slip.Decoder().feed(shortened(whole, before).frame) == [whole.packet[:size]]


@pytest.mark.spec("PROTO-8")
def test_reads_are_whole_unless_they_are_compared_with_others() -> None:
    script = Forgetful(set())
    list(gather(Session(ScriptedPort(script)), ITEMS, group, lambda: None))
    assert script.frames == [12] * 16 * len(ITEMS)


@pytest.mark.spec("ROM-4", "PROTO-8")
def test_short_reads_are_whole_once_something_has_gone_wrong() -> None:
    script = Forgetful({40})
    session = Session(ScriptedPort(script))
    list(gather(session, ITEMS, group, lambda: None, short=True))
    assert script.frames[:16] == [12] + [9] * 15  # what follows a MARK is whole
    assert script.frames[-16:] == [12] * 16
    script.frames.clear()
    list(gather(session, ITEMS, group, lambda: None, short=True))
    assert script.frames == [12] * 16 * len(ITEMS)  # for the rest of the conversation


def test_a_loader_that_wants_whole_frames_gets_them() -> None:
    answer = loader(WORDS)

    def strict(written: bytes) -> bytes:
        whole = [slip.encode(frame) for frame in slip.Decoder().feed(written) if len(frame) != 9]
        return b"".join(answer(frame) for frame in whole)

    found = list(gather(Session(ScriptedPort(strict)), ITEMS, group, lambda: None, short=True))
    assert found == [[WORDS[address] for address in item] for item in ITEMS]

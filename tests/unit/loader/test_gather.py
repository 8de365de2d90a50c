# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.errors import EspromError, NoResponse
from esprom.loader.gather import RETRIES, gather
from esprom.loader.rom import MARK, read_request
from esprom.loader.session import Prepared, Session
from esprom.protocol.packets import Command
from tests.ports import ScriptedPort, loader, reply, requests

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
        self._answer = loader(WORDS)

    def __call__(self, written: bytes) -> bytes:
        out = b""
        for request in requests(written):
            self.count += 1
            if self.count not in self.lost:
                value = WORDS.get(int.from_bytes(request.body[:4], "little"), 0)
                if request.command is Command.SYNC:
                    value = int.from_bytes(request.body[:4], "little")
                out += reply(request.command, value)
        return out


@pytest.mark.parametrize("lost", [set(), {1}, {2}, {17}, {18}, {50}, {102}, {3, 40, 41, 90}], ids=str)
def test_a_lost_answer_costs_a_group(lost: set[int]) -> None:
    set_ups: list[int] = []
    script = Forgetful(lost)
    found = list(gather(Session(ScriptedPort(script)), ITEMS, group, lambda: set_ups.append(script.count)))
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

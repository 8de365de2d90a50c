# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.wire.splitting import GIVEN_UP_US, MOST, PAUSE_US, Run, Splitter, packet_of, with_packet

pytestmark = pytest.mark.spec("WIRE-2")


@pytest.mark.parametrize(
    ("name", "data", "runs"),
    [
        ("a frame", b"\xc0ab\xc0", [b"\xc0ab\xc0"]),
        ("two frames", b"\xc0ab\xc0\xc0cd\xc0", [b"\xc0ab\xc0", b"\xc0cd\xc0"]),
        ("two that share an END", b"\xc0ab\xc0cd\xc0", [b"\xc0ab\xc0", b"cd\xc0"]),
        ("ENDs before a frame belong to it", b"\xc0\xc0\xc0ab\xc0", [b"\xc0\xc0\xc0ab\xc0"]),
        ("text before a frame", b"text\xc0ab\xc0", [b"text\xc0", b"ab\xc0"]),
        ("nothing is whole yet", b"\xc0ab", []),
        ("ENDs alone are no frame", b"\xc0\xc0", []),
    ],
)
def test_a_run_ends_with_the_end_that_closes_it(name: str, data: bytes, runs: list[bytes]) -> None:
    whole = Splitter()
    assert whole.feed(7, data) == [Run(7, run) for run in runs], name
    single = Splitter()
    assert [run for at in range(len(data)) for run in single.feed(7, data[at : at + 1])] == [
        Run(7, run) for run in runs
    ]


def test_text_is_over_after_a_pause_or_when_the_other_side_speaks() -> None:
    splitter = Splitter()
    assert splitter.feed(0, b"ets Jan") == []
    assert splitter.look(PAUSE_US) == []
    assert splitter.look(PAUSE_US + 1) == [Run(0, b"ets Jan")]
    splitter.feed(0, b"more")
    assert splitter.look(1, other_spoke=True) == [Run(0, b"more")]


def test_a_frame_is_waited_for_while_the_other_side_speaks_but_not_for_ever() -> None:
    splitter = Splitter()
    splitter.feed(10, b"\xc0ab")
    assert splitter.look(10 + GIVEN_UP_US, other_spoke=True) == []
    assert splitter.feed(11 + GIVEN_UP_US, b"\xc0cd\xc0") == [
        Run(10, b"\xc0ab"),
        Run(11 + GIVEN_UP_US, b"\xc0cd\xc0"),
    ]


def test_a_flood_without_an_end_is_handed_out() -> None:
    assert [len(run.data) for run in Splitter().feed(0, b"x" * (2 * MOST + 1))] == [MOST, MOST]


def test_the_rest_is_as_it_came() -> None:
    splitter = Splitter()
    splitter.feed(3, b"\xc0\xc0")
    assert splitter.rest() == [Run(3, b"\xc0\xc0")]
    assert splitter.rest() == []


@pytest.mark.parametrize(
    ("run", "packet"),
    [
        (b"\xc0ab\xc0", b"ab"),
        (b"\xc0a\xdb\xdcb\xdb\xdd\xc0", b"a\xc0b\xdb"),
        (b"\xc0a\xdbb\xc0", None),  # an escape of nothing
        (b"\xc0ab", None),
        (b"\xc0\xc0", None),
    ],
)
def test_what_a_run_carries(run: bytes, packet: bytes | None) -> None:
    assert packet_of(run) == packet
    if packet is not None:
        assert with_packet(run, packet) == run


def test_a_frame_keeps_its_ends_when_its_packet_is_replaced() -> None:
    assert with_packet(b"\xc0\xc0ab\xc0", b"\xc0") == b"\xc0\xc0\xdb\xdc\xc0"
    assert with_packet(b"ab\xc0", b"cd") == b"cd\xc0"

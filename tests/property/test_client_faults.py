# SPDX-License-Identifier: Apache-2.0
"""Whatever the line does: an end in bounded time, in success with the right bytes or in an EspromError.

Damage on the way to the chip is left out where the job writes: the ROM checks no command but the data
blocks, so a damaged WRITE_REG does what it has become.
"""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import esprom
from esp8266sim.flashchip import POWER_DOWN
from esprom.device import Device
from esprom.errors import EspromError
from esprom.loader.session import Session
from esprom.protocol import slip
from tests.ports import HurtPort, ScriptedPort, board, on_board, reply, requests

PATTERN = random.Random(5).randbytes(0x4000)

flips = st.one_of(st.none(), st.integers(1, 255))  # None: the byte is lost
pieces = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [slip.END, slip.ESC, b"\x01\x0a\x02\x00", b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,7)"]
        ),
    ),
    max_size=8,
)

JOBS: list[Callable[[Device], object]] = [
    lambda device: device.read_reg(0x60000000),
    lambda device: device.write_reg(0x60000000, 1),
    lambda device: device.flash(),
    lambda device: device.read_memory(0x3FFE8000, 200),
    lambda device: device.read_flash_status(),
    lambda device: device.write_flash_status(0, volatile=True),
    lambda device: device.read_sfdp(0, 8),
    lambda device: device.load_ram([(0x40100000, b"abcd")], 0x40100000),
    lambda device: device.run(),
    lambda device: device.erase_region(0, 0x1000),
    lambda device: device.write_flash(1, b"abc"),
]


def junk_port(junk: list[bytes], honest: int, chunk: int = 1 << 16) -> ScriptedPort:
    """Return a port that answers the first `honest` requests sensibly, and junk from then on."""
    count = 0

    def answer(written: bytes) -> bytes:
        nonlocal count
        out = b""
        for request in requests(written):
            count += 1
            first = int.from_bytes(request.body[:4], "little")
            known = {0x40001000: 0xFFF0C101, 0x60000240: 0x1640EF}
            value = known.get(first, 0) if request.body[4:] == b"" else first
            out += (
                reply(request.command, value) if count <= honest else junk[count % len(junk)] if junk else b""
            )
        return out

    return ScriptedPort(answer, chunk)


@pytest.mark.parametrize("job", range(len(JOBS)))
@given(junk=pieces, honest=st.integers(7, 40), chunk=st.sampled_from([1, 3, 1 << 16]))
@settings(max_examples=15)
def test_junk_gives_only_our_errors_in_bounded_time(
    job: int, junk: list[bytes], honest: int, chunk: int
) -> None:
    port = junk_port(junk, honest, chunk)
    try:
        with esprom.connect(port, before="no-reset", flash_size=0x100000) as device:
            JOBS[job](device)
    except EspromError:
        pass
    assert port.clock.time < 1000


@given(junk=pieces)
def test_junk_from_the_start(junk: list[bytes]) -> None:
    port = junk_port(junk, honest=0)
    with pytest.raises(EspromError):
        esprom.connect(port, before="no-reset")
    assert port.clock.time < 10


@given(junk=st.binary(max_size=400), split=st.integers(1, 50))
def test_an_answer_is_found_behind_any_junk_that_ends_a_frame(junk: bytes, split: int) -> None:
    """Bytes of a boot log in front of the answers to SYNC, in any pieces."""
    port = ScriptedPort(
        lambda written: junk + slip.END + reply(requests(written)[0].command, 0x20120707) * 8, chunk=split
    )
    assert Session(port).synchronise() in (0, 0x20120707)


@given(plan=st.dictionaries(st.integers(0, 4000), flips, max_size=6), offset=st.integers(0, 0x1000))
@settings(max_examples=20)
def test_a_proved_read_is_right_or_fails(plan: dict[int, int | None], offset: int) -> None:
    port = HurtPort(on_board(board(content=PATTERN), latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.hurt_from_here(received=plan)
    try:
        found = device.read_flash_proved(offset, 0x300).data
    except EspromError:
        return
    assert found == PATTERN[offset : offset + 0x300]


@given(plan=st.dictionaries(st.integers(0, 4000), flips, max_size=6))
@settings(max_examples=20)
def test_a_read_whose_requests_are_hurt_is_right_or_fails(plan: dict[int, int | None]) -> None:
    port = HurtPort(on_board(board(content=PATTERN), latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.hurt_from_here(sent=plan)
    try:
        found = device.read_flash_proved(0x123, 0x200).data
    except EspromError:
        return
    assert found == PATTERN[0x123:0x323]


@given(naps=st.sets(st.integers(0, 60), max_size=4))
@settings(max_examples=20)
def test_a_flash_that_falls_asleep_is_read_right_or_not_at_all(naps: set[int]) -> None:
    """A sleeping chip reads as zeros, as often as one likes."""
    under_test = board(content=PATTERN)

    class Lulls(HurtPort):
        """Sends the chip to sleep before those writes to the port whose running numbers are in `naps`."""

        count = -1000

        def write(self, data: bytes) -> None:
            if self.count in naps:
                under_test.flash.transfer(POWER_DOWN, None, b"", 0)
            self.count += 1
            super().write(data)

    port = Lulls(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.count = 0
    try:
        found = device.read_flash_proved(0, 0x200).data
    except EspromError:
        return
    assert found == PATTERN[:0x200]


@given(lost=st.sets(st.integers(0, 16000), max_size=4))
@settings(max_examples=8)
def test_a_write_whose_answers_get_lost_is_exact_or_fails(lost: set[int]) -> None:
    under_test = board(content=PATTERN)
    port = HurtPort(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    device.flash()
    port.hurt_from_here(received=dict.fromkeys(lost))
    data = PATTERN[0x800:0x1800]
    try:
        device.write_flash(0x1000, data)
    except EspromError:
        return
    assert bytes(under_test.flash.array[:0x4000]) == PATTERN[:0x1000] + data + PATTERN[0x2000:]


@given(lost=st.sets(st.integers(0, 700), max_size=4))
def test_memory_whose_answers_get_lost_is_right_or_fails(lost: set[int]) -> None:
    under_test = board()
    under_test.soc.bus.dram[:200] = bytes(range(1, 101)) * 2  # nothing that SLIP escapes
    port = HurtPort(on_board(under_test, latency_ms=0))
    device = esprom.connect(port)
    port.hurt_from_here(received=dict.fromkeys(lost))
    assert device.read_memory(0x3FFE8000, 200) == bytes(range(1, 101)) * 2

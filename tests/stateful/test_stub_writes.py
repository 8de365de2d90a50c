# SPDX-License-Identifier: Apache-2.0
"""What our stub writes, beside what the flash should hold; the power fails in the middle of some of it.

After a power cut a sector that was being written may hold anything. All others hold what they did, and the
same job again makes it right.
"""

import os
import random
from itertools import pairwise

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import esprom
from esprom import Segment
from esprom.device import Device
from esprom.errors import EspromError
from tests.ports import board, on_board

SECTOR = 0x1000
AREA = 0x28000  # bytes from 0 on, more than two blocks
MS = 10**9  # ps
# An example takes seconds: what fails is shown as it is found, not for minutes made smaller.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)

offsets = st.one_of(
    st.integers(0, AREA - 1), st.sampled_from([0, SECTOR - 1, SECTOR, 0x10000 - 3, 0x10000, 0x20000])
)
sizes = st.sampled_from([1, 5, 0x100, SECTOR - 1, SECTOR, SECTOR + 1, 0x3001])
kinds = st.sampled_from(["noise", "blank", "zeros", "as it is, but for a byte"])
sectors = st.integers(0, AREA // SECTOR - 1)
cuts = st.integers(1, 400)  # ms into the job


class WritesAndPowerCuts(RuleBasedStateMachine):
    """Write, erase, verify; with and without power cuts."""

    def __init__(self) -> None:
        super().__init__()
        self.board = board(content=random.Random(5).randbytes(AREA))
        self.holds = bytearray(self.board.flash.array)
        self.device = self.connected()

    def connected(self) -> Device:
        port = on_board(self.board, latency_ms=0)
        port.baud = 921600
        device = esprom.connect(port, loader="stub", after="no-reset-stub")
        device.flash()
        return device

    def wanted(self, offset: int, size: int, kind: str) -> bytes:
        size = min(size, AREA - offset)
        match kind:
            case "noise":
                return random.Random(offset * size).randbytes(size)
            case "blank":
                return b"\xff" * size
            case "zeros":
                return bytes(size)
        data = bytearray(self.holds[offset : offset + size])
        data[size // 2] ^= 0x11
        return bytes(data)

    def cut_in(self, milliseconds: int) -> None:
        clock = self.board.clock
        self.was_cut = False

        def cut() -> None:
            self.was_cut = True
            self.board.power_cycle()

        self.undo = clock.at(clock.now + milliseconds * MS, cut).cancel

    @rule(offset=offsets, size=sizes, kind=kinds)
    def write(self, offset: int, size: int, kind: str) -> None:
        data = self.wanted(offset, size, kind)
        self.device.write_flash(offset, data)
        self.holds[offset : offset + len(data)] = data

    @rule(starts=st.lists(offsets, min_size=2, max_size=6, unique=True), size=sizes)
    def write_several(self, starts: list[int], size: int) -> None:
        """Pieces that may touch, or share a sector."""
        borders = [*sorted(starts), AREA]
        parts = [Segment(at, self.wanted(at, min(size, end - at), "noise")) for at, end in pairwise(borders)]
        self.device.write_parts(parts)
        for part in parts:
            self.holds[part.address : part.end] = part.data

    @rule(first=sectors, count=st.sampled_from([1, 2, 20]))
    def erase(self, first: int, count: int) -> None:
        start, end = first * SECTOR, min(AREA, (first + count) * SECTOR)
        self.device.erase_region(start, end - start)
        self.holds[start:end] = b"\xff" * (end - start)

    @rule(offset=offsets, size=sizes, kind=kinds, cut=cuts)
    def write_while_the_power_fails(self, offset: int, size: int, kind: str, cut: int) -> None:
        data = self.wanted(offset, size, kind)
        first, end = offset // SECTOR * SECTOR, -(-(offset + len(data)) // SECTOR) * SECTOR
        self.cut_in(cut)
        try:
            self.device.write_flash(offset, data)
        except EspromError:
            assert self.was_cut
            self.others_are_as_they_were(first, end)
            self.device = self.connected()
            # What lay beside it in its sectors is only safe with who asked; a restore writes whole sectors.
            whole = self.holds[first:offset] + data + self.holds[offset + len(data) : end]
            self.device.write_flash(first, bytes(whole))
        else:
            self.undo()
            self.device = self.connected()  # the cut may have come behind the end
        self.holds[offset : offset + len(data)] = data

    def others_are_as_they_were(self, first: int, end: int) -> None:
        now = self.board.flash.array
        assert now[:first] == self.holds[:first]
        assert now[end:] == self.holds[end:]

    @invariant()
    def the_flash_holds_what_it_should(self) -> None:
        assert self.board.flash.array == self.holds


TestWritesAndPowerCuts = WritesAndPowerCuts.TestCase
TestWritesAndPowerCuts.settings = settings(
    phases=PHASES,
    max_examples=2 if os.environ.get("HYPOTHESIS_PROFILE") != "ci" else 25,
    stateful_step_count=6,
    suppress_health_check=list(HealthCheck),
    deadline=None,
)

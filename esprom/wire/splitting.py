# SPDX-License-Identifier: Apache-2.0
"""Bytes in any pieces to runs: a SLIP frame with its ENDs, or what stands outside of frames (WIRE-2).

One rule: the runs of a direction, one after the other, are the bytes of that direction. Nothing is lost or
changed, and how the bytes came in pieces does not show.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from esprom.protocol import slip

END = slip.END[0]
PAUSE_US = 50_000  # ends a run outside of frames
GIVEN_UP_US = 1_000_000  # a frame that is not ended so long after its last byte
MOST = slip.MAX_FRAME  # bytes of a run


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes that belong together, and when the last of them was there."""

    at_us: int
    data: bytes

    @property
    def ended(self) -> bool:
        """Whether an END closes it."""
        return self.data.endswith(slip.END)


@dataclass(slots=True)
class Splitter:
    """One direction."""

    _begun: bytearray = field(default_factory=bytearray)
    _last_us: int = 0

    def feed(self, at_us: int, data: bytes) -> list[Run]:
        """Take bytes; return the runs that are whole now."""
        runs = self.look(at_us)
        self._last_us = at_us
        runs += [Run(at_us, run) for run in self._cut(data)]
        return runs

    def look(self, at_us: int, *, other_spoke: bool = False) -> list[Run]:
        """Return what is over because time has passed, or because the other side has spoken."""
        if not self._begun:
            return []
        passed, in_frame = at_us - self._last_us, self._begun[0] == END
        over = passed > GIVEN_UP_US if in_frame else other_spoke or passed > PAUSE_US
        return self.rest() if over else []

    def rest(self) -> list[Run]:
        """Return what has begun, as it is."""
        if not self._begun:
            return []
        run = Run(self._last_us, bytes(self._begun))
        self._begun.clear()
        return [run]

    def _cut(self, data: bytes) -> Iterator[bytes]:
        """Yield each run that ends here: ENDs, what follows them, and the END that closes it."""
        *closed, rest = data.split(slip.END)
        for piece in closed:
            self._begun += piece + slip.END
            if self._begun.strip(slip.END) or len(self._begun) >= MOST:
                yield self._taken()
        for at in range(0, len(rest), MOST):
            self._begun += rest[at : at + MOST]
            if len(self._begun) >= MOST:
                yield self._taken()

    def _taken(self) -> bytes:
        run = bytes(self._begun)
        self._begun.clear()
        return run


def packet_of(run: bytes) -> bytes | None:
    """Return what a run's frame carries; None where it is no whole and sound frame."""
    if not run.endswith(slip.END):
        return None
    frames = slip.Decoder().feed(run)
    return frames[0] if len(frames) == 1 and not isinstance(frames[0], slip.Damaged) else None


def with_packet(run: bytes, packet: bytes) -> bytes:
    """Return the run with another packet in its frame."""
    ends = run[: len(run) - len(run.lstrip(slip.END))]
    return ends + slip.encode(packet)[1:]

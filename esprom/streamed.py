# SPDX-License-Identifier: Apache-2.0
"""The jobs of `operations` and `rewriting` by way of our stub: streams, digests, sectors that are put.

The same rule holds: what was read counts if the flash chip answers with its id behind it. And one more: our
stub has not met silicon, so what it wrote is read back by the chip, all of it, and hashed (STUB-13).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from esprom.errors import CommandFailed, VerifyFailed
from esprom.flash.equality import check_equal
from esprom.flash.geometry import BLANK_SECTOR, BLOCK, SECTOR, round_down, round_up
from esprom.loader.stub import PIECE, StubLoader
from esprom.progress import Stage, Watch
from esprom.protocol.own import MOST_AFTER, Put, pack
from esprom.protocol.packets import FlashRegion
from esprom.protocol.status import StubError

DIGEST_STRETCH = 0x40000  # bytes whose digests are asked for at once: 0.2 s
BLANK_DIGEST = hashlib.md5(BLANK_SECTOR).digest()
FAR = MOST_AFTER * SECTOR
WORTH_A_BLOCK = 4  # sectors: they take 45 ms each (datasheets, typical), a block of 64 KiB 150 ms


@dataclass(frozen=True, slots=True)
class Change:
    """A sector that does not hold what it should."""

    address: int
    blank: bool  # as it is now


def read(
    stub: StubLoader,
    offset: int,
    size: int,
    stage: Stage,
    keep: Callable[[int, bytes], None] = lambda at, data: None,
) -> bytearray:
    """Read any range once; the chip's MD5 of the same pass agrees with what came.

    `keep` is given the sectors that have come whole, with their address, as they come.
    """
    first, end = round_down(offset, PIECE), round_up(offset + size, PIECE)
    head, tail = offset - first, end - offset - size
    around = head + tail  # bytes that nobody has asked for

    def advance(count: int) -> None:
        nonlocal around
        not_asked = min(around, count)
        around -= not_asked
        stage.advance(count - not_asked)

    data = stub.read(first, end - first, advance, keep)
    return data[head : len(data) - tail]


def digest(data: bytes, unit: int) -> Iterator[bytes]:
    """Yield what DIGESTS answers for a flash that holds `data`, whole sectors."""
    for first in range(0, len(data), unit):
        sectors = [
            hashlib.md5(data[at : at + SECTOR]).digest()
            for at in range(first, min(first + unit, len(data)), SECTOR)
        ]
        yield sectors[0] if unit == SECTOR else hashlib.md5(b"".join(sectors)).digest()


def changes(stub: StubLoader, offset: int, data: bytes, stage: Stage | None = None) -> Iterator[Change]:
    """Yield the sectors that do not hold their part of `data`, which is whole sectors from `offset` on.

    An unchanged 64 KiB costs one digest; where it has changed, its sectors are asked for.

    Raises:
        VerifyFailed: the 64 KiB are not what they should be, and each of their sectors is.
    """
    for start in range(offset, offset + len(data), DIGEST_STRETCH):
        part = data[start - offset : start - offset + DIGEST_STRETCH]
        found = stub.digests(start, len(part), BLOCK)
        for index, (there, due) in enumerate(zip(found, digest(part, BLOCK), strict=True)):
            if there != due:
                at = index * BLOCK
                found_there = list(_changed(stub, start + at, part[at : at + BLOCK]))
                if not found_there:
                    raise _unsteady(start + at)
                yield from found_there
        if stage is not None:
            stage.advance(len(part))


def _changed(stub: StubLoader, offset: int, data: bytes) -> Iterator[Change]:
    found = stub.digests(offset, len(data), SECTOR)
    for index, (there, due) in enumerate(zip(found, digest(data, SECTOR), strict=True)):
        if there != due:
            yield Change(offset + index * SECTOR, there == BLANK_DIGEST)


def blank_sectors(stub: StubLoader, size: int) -> Iterator[int]:
    """Yield the addresses of the sectors that are blank, of a flash of `size` bytes, the last first."""
    for start in reversed(range(0, size, DIGEST_STRETCH)):
        found = list(stub.digests(start, min(DIGEST_STRETCH, size - start), SECTOR))
        for index in reversed(range(len(found))):
            if found[index] == BLANK_DIGEST:
                yield start + index * SECTOR


def verify(stub: StubLoader, offset: int, data: bytes, watch: Watch, name: str = "verify") -> None:
    """Compare by digests; what differs is read, to say where.

    Raises:
        VerifyFailed: it differs, or does not read the same each time.
    """
    stage = watch.stage(name, len(data))
    first = min(round_up(offset, SECTOR), offset + len(data))
    end = max(first, round_down(offset + len(data), SECTOR))
    if offset < first:
        _compare(stub, offset, data[: first - offset], watch)
        stage.advance(first - offset)
    for change in changes(stub, first, data[first - offset : end - offset], stage):
        at = change.address - offset
        _compare(stub, change.address, data[at : at + SECTOR], watch)
        raise _unsteady(change.address)
    if end < offset + len(data):
        _compare(stub, end, data[end - offset :], watch)
        stage.advance(offset + len(data) - end)


def _unsteady(address: int) -> VerifyFailed:
    """Return the error for what differs and does not: no line does that, as both are covered by CRCs."""
    return VerifyFailed(
        f"the flash from 0x{address:x} on does not read the same each time: a failing cell, or the flash"
        " chip's supply; do not rely on what is read there",
        address=address,
    )


def _compare(stub: StubLoader, offset: int, wanted: bytes, watch: Watch) -> None:
    quiet = Watch(watch.clock)
    found = read(stub, offset, len(wanted), quiet.stage("read", len(wanted)))
    check_equal(offset, found, wanted)


def replace(stub: StubLoader, offset: int, data: bytes, stage: Stage) -> set[int]:
    """Make whole sectors hold `data`; those that do already are left alone.

    Return the addresses of the others.

    Raises:
        VerifyFailed: a sector does not take it.
    """
    found = list(changes(stub, offset, data))
    stage.advance(len(data) - SECTOR * len(found))
    jobs = list(_jobs(offset, data, found))
    done = 0
    try:
        for _ in stub.carry_out(jobs):
            if isinstance(jobs[done], Put):
                stage.advance(SECTOR)
            done += 1
    except CommandFailed as exc:
        if exc.status != StubError.FAILED_SPI_OPERATION:
            raise
        address = jobs[done].offset
        raise VerifyFailed(
            f"the flash does not take what is written at 0x{address:x}: {exc}", address=address
        ) from exc
    return {change.address for change in found}


def _jobs(offset: int, data: bytes, found: Sequence[Change]) -> Iterator[Put | FlashRegion]:
    """Yield what makes the changes: where all of a block is to be erased, that is one command.

    Each sector is packed with a look at those before it, which are right by the time that it is put.
    """
    for start, group in groupby(found, lambda change: round_down(change.address, BLOCK)):
        changed = list(group)
        erasing = sum(not change.blank for change in changed)
        if len(changed) == BLOCK // SECTOR and erasing >= WORTH_A_BLOCK:
            yield FlashRegion(start, BLOCK)
        for change in changed:
            at = change.address - offset
            yield Put(change.address, *pack(data[at : at + SECTOR], data[max(0, at - FAR) : at]))

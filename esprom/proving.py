# SPDX-License-Identifier: Apache-2.0
"""Read a part of the flash so that it can be believed.

What the flash probably holds may be given: what an interrupted reading has left, or an older backup. It is a
guess, no more: by our stub the chip hashes what it holds there, by the ROM it takes the place of the first of
two readings. So it saves time, and cannot make a result wrong.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from esprom import streamed
from esprom.flash.geometry import SECTOR, round_up, whole_sectors
from esprom.loader.nor import NorFlash
from esprom.loader.stub import StubLoader
from esprom.operations import (
    Keep,
    cut,
    pieces_of,
    read_by_stub,
    read_pieces,
    read_until_agreed,
    sectors_of,
    while_present,
)
from esprom.progress import Stage, Watch

BY_DIGEST = (
    "each piece came with a CRC-32 of what the chip had read, and each stretch with the MD5 that it made"
    " of it in the same pass"
)
AND_AGAIN = "; the chip has then read it all once more, and the digests of that agree as well"
BY_TWO = "two full readings, the second in descending order, are equal"

log = logging.getLogger("esprom.operations")

Guess = Mapping[int, bytes]  # whole sectors by their address, of what the flash probably holds


@dataclass(frozen=True, slots=True)
class ProvedRead:
    """What was read, and why it can be believed."""

    data: bytes
    method: str  # "digest" or "reread", one of PROOFS
    proof: str  # in words
    reread_sectors: tuple[int, ...]  # addresses of sectors on which the two passes differed
    known_sectors: int = 0  # that were guessed right, and not read again


DIGEST, REREAD = PROOFS = ("digest", "reread")  # the first needs our stub


def read_proved(
    nor: NorFlash,
    offset: int,
    size: int,
    watch: Watch,
    *,
    reread: bool = False,
    guess: Guess | None = None,
    keep: Keep = lambda at, data: None,
) -> ProvedRead:
    """Read the flash upwards, then downwards; sectors that differ, until two readings agree.

    The orders differ, of the pieces and of the words in each, so that a fault which follows the position in
    the stream, as a bridge that loses every n-th byte, hits other addresses the second time. So do the
    forms of the requests, since each form hides a damage that the other shows (PROTO-8).

    With our stub once is enough, unless `reread` says otherwise: it says of every piece what it has read,
    and of all of them. The second time the chip reads for itself, and only tells digests.

    `guess` is what the flash probably holds. `keep` is given what comes the first time, as it comes, whole
    sectors of it where the range is one of whole sectors.

    Raises:
        VerifyFailed: a sector never reads the same twice in a row.
    """
    whole = {at: data for at, data in (guess or {}).items() if offset <= at <= offset + size - len(data)}
    reading = _Reading(nor, offset, size, watch, whole, keep)
    return reading.by_two() if nor.stub is None else reading.by_digest(nor.stub, reread=reread)


def differing_sectors(nor: NorFlash, offset: int, data: bytes, watch: Watch) -> dict[int, bytes]:
    """Return what the flash holds, by address, in the sectors that do not hold their part of `data`.

    What a sector holds behind the end of `data` does not count, and is there too.
    """
    if offset % SECTOR:
        raise ValueError(f"0x{offset:x} is not where a sector begins")
    size = round_up(len(data), SECTOR)
    found = read_proved(nor, offset, size, watch, guess=whole_sectors(data, offset)).data
    return {
        offset + at: found[at : at + SECTOR]
        for at in range(0, size, SECTOR)
        if found[at : at + SECTOR][: len(data) - at] != data[at : at + SECTOR]
    }


@dataclass(frozen=True, slots=True)
class _Reading:
    """One proved reading. `known` is what was guessed, less what has turned out wrong."""

    nor: NorFlash
    offset: int
    size: int
    watch: Watch
    known: dict[int, bytes]
    keep: Keep

    def by_digest(self, stub: StubLoader, *, reread: bool) -> ProvedRead:
        """Read what is not known. The chip hashes all of it."""
        proof = BY_DIGEST
        if self.known:
            self._forget_what_is_wrong(stub)
            proof = self._known_proof()
        data, stage = self._begin()
        for part in self._unknown():
            found = read_by_stub(self.nor, stub, part, stage, self.keep)
            data[part.start - self.offset : part.stop - self.offset] = found
        _warn_of_one_byte(data)
        if not reread:
            return ProvedRead(bytes(data), DIGEST, proof, (), len(self.known))
        streamed.verify(stub, self.offset, bytes(data), self.watch, "prove")
        return ProvedRead(bytes(data), REREAD, proof + AND_AGAIN, (), len(self.known))

    def by_two(self) -> ProvedRead:
        """Read what is not known, then everything."""
        data, stage = self._begin()
        for part in self._unknown():
            pieces = pieces_of(part.start, len(part))
            found = read_pieces(self.nor, part.start, pieces, stage, short=True, keep=self.keep)
            data[part.start - self.offset : part.stop - self.offset] = found
        pieces = pieces_of(self.offset, self.size)[::-1]
        stage = self.watch.stage("prove", self.size)
        second = read_pieces(self.nor, self.offset, pieces, stage, descending=True)
        proof, reread = BY_TWO, self._settle(data, second)
        if self.known:
            proof += f", where what {len(self.known)} sectors were known to hold took the place of the first"
        if reread:
            proof += f", except for {len(reread)} sectors that were read again until two readings agreed"
        _warn_of_one_byte(data)
        return ProvedRead(bytes(data), REREAD, proof, tuple(reread), len(self.known))

    def _known_proof(self) -> str:
        """Return what proves a reading of which some sectors were known."""
        sectors, known = len(sectors_of(self.offset, self.size)), len(self.known)
        by_known = f"the chip's MD5s of {known} sectors, which were not read, are those of what was known"
        if not self.known:
            return BY_DIGEST
        if known == sectors:
            return by_known
        return f"{by_known}; of the other {sectors - known} {BY_DIGEST}"

    def _begin(self) -> tuple[bytearray, Stage]:
        data = bytearray(self.size)
        for address, sector in self.known.items():
            data[address - self.offset : address - self.offset + len(sector)] = sector
        stage = self.watch.stage("read", self.size)
        stage.advance(sum(map(len, self.known.values())))
        return data, stage

    def _unknown(self) -> list[range]:
        """Return the parts that are not known, each as long as can be."""
        parts: list[range] = []
        for sector in sectors_of(self.offset, self.size):
            if sector.start in self.known:
                continue
            if parts and parts[-1].stop == sector.start:
                parts[-1] = range(parts[-1].start, sector.stop)
            else:
                parts.append(sector)
        return parts

    def _forget_what_is_wrong(self, stub: StubLoader) -> None:
        """Let the chip hash what it should hold. What only the line got wrong is read, no more."""
        self.nor.attach()
        size = sum(map(len, self.known.values()))
        stage = self.watch.stage("compare", size)

        def wrong() -> list[int]:
            return [
                change.address
                for run in _runs(self.known)
                for change in streamed.changes(stub, run.start, b"".join(self.known[at] for at in run), stage)
            ]

        for address in while_present(self.nor, wrong, lambda: stage.take_back(size)):
            del self.known[address]

    def _settle(self, data: bytearray, second: bytearray) -> list[int]:
        """Where the second reading differs read until two agree; return where the first was one as well."""
        differing = [
            sector
            for sector in sectors_of(self.offset, self.size)
            if cut(data, sector, self.offset) != cut(second, sector, self.offset)
        ]
        if not differing:
            return []
        reread = []
        stage = self.watch.stage("reread", sum(map(len, differing)))
        for sector in differing:
            if self.known.pop(sector.start, None) is None:
                log.warning("the two readings of sector 0x%x differ; reading it again", sector.start)
                reread.append(sector.start)
            agreed = read_until_agreed(self.nor, sector, cut(second, sector, self.offset))
            data[sector.start - self.offset : sector.stop - self.offset] = agreed
            stage.advance(len(sector))
        return reread


def _runs(addresses: Iterable[int]) -> Iterator[range]:
    """Yield the addresses of sectors that follow one another, run by run."""
    run = range(0)
    for address in sorted(addresses):
        if run and address == run.stop:
            run = range(run.start, address + SECTOR, SECTOR)
            continue
        if run:
            yield run
        run = range(address, address + SECTOR, SECTOR)
    if run:
        yield run


def _warn_of_one_byte(data: bytearray) -> None:
    if len(data) > SECTOR and data.count(data[0]) == len(data):
        log.warning(
            "all that was read is 0x%02x: this flash is blank, or its content does not come out", data[0]
        )

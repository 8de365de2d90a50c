# SPDX-License-Identifier: Apache-2.0
"""A user's jobs that leave the flash as it is: find out what it is, read, compare, look at memory.

What changes the flash is in `rewriting`. Each job is a plain function over the loader, with a `Watch` for
progress and cancelling; ranges are checked before anything is touched.

One rule: what was read counts if the flash chip answers with its id behind it. A chip that went away, into
power-down or for want of supply, reads as zeros or ones, twice the same.
"""

import logging
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from esprom import streamed
from esprom.errors import CommandFailed, MalformedPacket, NoResponse, ProtocolError, Refused, VerifyFailed
from esprom.flash import jedec, sfdp
from esprom.flash.equality import check_equal
from esprom.flash.geometry import SECTOR, round_down, round_up
from esprom.loader.nor import NorFlash
from esprom.loader.rom import LARGEST_BLOCK, LOWEST_ADDRESS, WORD, RomLoader, send_blocks
from esprom.loader.session import BITS_PER_BYTE, OutOfStep
from esprom.loader.spi import BUFFER
from esprom.loader.stub import StubLoader
from esprom.progress import Stage, Watch
from esprom.sizes import size_name

ADDRESSABLE = 1 << 24  # bytes that a 24-bit address reaches
PLAUSIBLE_SIZES = frozenset(1 << exponent for exponent in range(16, 25))  # for a density that SFDP states
AGREEMENT_ATTEMPTS = 8  # readings, until two in a row are the same
PRESENCE_ATTEMPTS = 4  # readings of one stretch, until the chip is still there behind it
STREAM_STRETCH = 0x100000  # bytes between two looks at the id, where a stream costs less than a second
STRETCH = 1024  # pieces between two looks at the id, 64 KiB: what is lost if the chip goes away

PIECE_REQUESTS = 266  # bytes on the wire for BUFFER bytes of flash: WRITE_REG 42, 16 whole READ_REG of 14
ROUND_TRIPS = 7
SAMPLE = 2048  # bytes of flash
STRETCH_TRIPS = 6  # round trips between two stretches: id, pins, set-up, and filling the pipeline
STREAM_OVERHEAD = 1.02  # escapes and headers, at most, of what cannot be packed
MARGIN = 1.015  # the sample's last piece is cheaper than the others, which makes 0.6 % of it
UART_DATE = 0x60000078  # a register that never changes
READ_REG_WIRE = 26  # bytes: request 14, answer 12
FAR_ABOVE_LINE_S = 0.004
FTDI_LATENCY_MS = range(11, 21)  # what the default of 16 ms looks like from here
LATENCY_TIMER_MS = range(2, 256)  # what such a timer can be set to

T = TypeVar("T")
Keep = Callable[[int, bytes], None]  # is given the address of what was read, and that

log = logging.getLogger("esprom.operations")


@dataclass(frozen=True, slots=True)
class FlashInfo:
    """A flash chip, as it describes itself."""

    jedec_id: int  # manufacturer in the high byte: 0xEF4016
    manufacturer: str
    part: str | None
    size: int  # bytes
    size_source: str  # "jedec+sfdp", "jedec", "sfdp" (also where the two disagree), "user"
    unique_id: bytes | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a reading will take, as measured."""

    seconds: float
    round_trip_s: float  # 0 where it does not matter
    bytes_per_s: float
    reason: str  # what limits it, in words


def identify_flash(nor: NorFlash, given_size: int | None) -> FlashInfo:
    """Ask the chip for its id, its parameter tables and its serial number, each until two answers agree."""
    nor.attach()
    nor.jedec_id = _agreed(nor.read_id)
    by_id = jedec.size(nor.jedec_id)
    by_table = _density(nor)
    size, source = _decide_size(by_id, by_table, given_size)
    if size is None:
        raise ProtocolError(
            f"the flash chip (id {nor.jedec_id:06x}) does not tell its size; give it with --chip-size"
        )
    return FlashInfo(
        nor.jedec_id,
        jedec.manufacturer(nor.jedec_id),
        jedec.part(nor.jedec_id),
        size,
        source,
        _agreed(nor.read_unique_id),
    )


def check_range(flash: FlashInfo, offset: int, size: int) -> None:
    """Raise Refused, which tells the real size, unless the flash has the range."""
    if offset < 0 or size < 0:
        raise ValueError(f"offset {offset} and size {size} must not be negative")
    if offset + size > flash.size:
        raise Refused(
            f"the flash has {_sized(flash.size)}; 0x{offset:x} + 0x{size:x} reaches past its end,"
            f" at most 0x{max(0, flash.size - offset):x} bytes lie from there on"
        )
    if offset + size > ADDRESSABLE:
        raise Refused(f"only the first {_sized(ADDRESSABLE)} can be reached, with 24-bit addresses")


def read(nor: NorFlash, offset: int, size: int, watch: Watch) -> bytes:
    """Read the flash once, from the start to the end."""
    if nor.stub is not None:
        return bytes(read_by_stub(nor, nor.stub, range(offset, offset + size), watch.stage("read", size)))
    return bytes(read_pieces(nor, offset, pieces_of(offset, size), watch.stage("read", size)))


def verify(nor: NorFlash, offset: int, data: bytes, watch: Watch) -> None:
    """Read the flash and compare. What differs is read again until two readings agree, and then judged."""
    if nor.stub is not None:
        nor.attach()
        streamed.verify(nor.stub, offset, data, watch)
        return
    stage = watch.stage("verify", len(data))
    pieces = pieces_of(offset, len(data))
    for first in range(0, len(pieces), STRETCH):
        part = pieces[first : first + STRETCH]
        found = _read_stretch(nor, part, stage)
        for sector in sectors_of(part[0].start, len(found)):
            wanted = data[sector.start - offset : sector.stop - offset]
            read = cut(found, sector, part[0].start)
            if read != wanted:
                check_equal(sector.start, read_until_agreed(nor, sector, read), wanted)


def read_memory(rom: RomLoader, address: int, size: int, watch: Watch) -> bytes:
    """Read the memory map, in words, and cut out what was asked."""
    if size < 0 or not LOWEST_ADDRESS <= address <= address + size <= 1 << 32:
        raise ValueError(
            f"0x{address:x} + 0x{size:x} is not within 0x{LOWEST_ADDRESS:x} to 0xffffffff;"
            " below that the chip would hang until reset"
        )
    first, end = round_down(address, WORD), round_up(address + size, WORD)
    stage = watch.stage("read", end - first)
    data = bytearray()
    for words in rom.read_words(first, (end - first) // WORD):
        data += b"".join(word.to_bytes(WORD, "little") for word in words)
        stage.advance(len(words) * WORD)
    return bytes(data[address - first : address - first + size])


def load_ram(rom: RomLoader, segments: Sequence[tuple[int, bytes]], entry: int) -> None:
    """Store the segments and jump. Segments are filled up to whole words: IRAM takes nothing else."""
    for address, data in segments:
        padded = data + bytes(-len(data) % WORD)
        blocks = -(-len(padded) // LARGEST_BLOCK)
        rom.mem_begin(len(padded), blocks, LARGEST_BLOCK, address)
        for _ in send_blocks(padded, rom.mem_data):
            pass
    rom.mem_end(stay=0, entry=entry)


def estimate_read(nor: NorFlash, size: int) -> Estimate:
    """Time single commands, then whole requests in a pipeline: rather too long than too short.

    With our stub, what it will not exceed is stated: how much of the flash is blank, nobody knows yet.
    """
    session = nor.rom.session
    if nor.stub is not None:
        line_bytes_per_s = session.port.baud / BITS_PER_BYTE / STREAM_OVERHEAD
        reason = f"the line at {session.port.baud} baud; less time where the flash is blank or can be packed"
        return Estimate(size / line_bytes_per_s, 0.0, line_bytes_per_s, reason)
    clock = session.port.clock
    nor.rom.read_reg(UART_DATE)
    round_trips = []
    for _ in range(ROUND_TRIPS):
        began = clock.now()
        nor.rom.read_reg(UART_DATE)
        round_trips.append(clock.now() - began)
    round_trip_s = statistics.median(round_trips)
    pieces = iter(nor.read(pieces_of(0, SAMPLE)))
    next(pieces)  # by now the pipeline is full
    began = clock.now()
    rest = sum(len(piece) for piece in pieces)
    bytes_per_s = rest / max(clock.now() - began, 1e-9)
    stretches = -(-size // (STRETCH * BUFFER))
    seconds = MARGIN * size / bytes_per_s + (1 + stretches * STRETCH_TRIPS) * round_trip_s
    return Estimate(seconds, round_trip_s, bytes_per_s, _reason(session.port.baud, round_trip_s, bytes_per_s))


def read_pieces(
    nor: NorFlash,
    offset: int,
    pieces: Sequence[range],
    stage: Stage,
    *,
    descending: bool = False,
    short: bool = False,
    keep: Keep = lambda at, data: None,
) -> bytearray:
    """Read pieces that follow one another, up or down; `keep` gets each stretch that has been read."""
    data = bytearray(sum(map(len, pieces)))
    for first in range(0, len(pieces), STRETCH):
        part = pieces[first : first + STRETCH]
        start = min(part[0].start, part[-1].start) - offset
        found = _read_stretch(nor, part, stage, descending=descending, short=short)
        data[start : start + len(found)] = found
        keep(offset + start, bytes(found))
    return data


def _read_stretch(
    nor: NorFlash, pieces: Sequence[range], stage: Stage, *, descending: bool = False, short: bool = False
) -> bytearray:
    """Read pieces that follow one another, up or down; again if the chip is not there behind it."""
    start = min(pieces[0].start, pieces[-1].start)

    def reading() -> bytearray:
        data = bytearray(sum(map(len, pieces)))
        for piece, found in zip(pieces, nor.read(pieces, descending=descending, short=short), strict=True):
            data[piece.start - start : piece.stop - start] = found
            stage.advance(len(piece))
        return data

    return while_present(nor, reading, lambda: stage.take_back(sum(map(len, pieces))))


def read_by_stub(
    nor: NorFlash, stub: StubLoader, part: range, stage: Stage, keep: Keep = lambda at, data: None
) -> bytearray:
    """Read a range of addresses by our stub; `keep` gets whole sectors of what has come, as they come."""
    nor.attach()
    data = bytearray()
    for start in range(part.start, part.stop, STREAM_STRETCH):
        length = min(STREAM_STRETCH, part.stop - start)
        reading = partial(streamed.read, stub, start, length, stage, keep)
        data += while_present(nor, reading, partial(stage.take_back, length))
    return data


def read_until_agreed(nor: NorFlash, sector: range, before: bytes) -> bytes:
    """Read `sector` upwards and downwards in turn, until a reading equals that `before` it."""
    pieces = pieces_of(sector.start, len(sector))
    for attempt in range(AGREEMENT_ATTEMPTS):
        again = while_present(nor, partial(_read_sector, nor, pieces, -1 if attempt % 2 else 1))
        if again == before:
            return again
        before = again
    raise VerifyFailed(
        f"sector 0x{sector.start:x} reads differently each time, {AGREEMENT_ATTEMPTS} times: a bad"
        " connection, a weak supply, or a dying flash chip; try a lower --baud",
        address=sector.start,
    )


def _read_sector(nor: NorFlash, pieces: Sequence[range], step: int) -> bytes:
    found = list(nor.read(pieces[::step], descending=step < 0))
    return b"".join(found[::step])


def while_present(nor: NorFlash, reading: Callable[[], T], undo: Callable[[], None] = lambda: None) -> T:
    """Return what `reading` gives, once the chip still answers with its id behind it.

    Raises:
        ProtocolError: it does not, or another chip answers now.
    """
    known = nor.jedec_id
    for _ in range(PRESENCE_ATTEMPTS):
        result = reading()
        now = _despite_trouble(nor.read_id)
        if now == known:
            return result
        log.warning("the flash answers id %06x instead of %06x; reading the last part again", now, known)
        undo()
        _despite_trouble(nor.attach_again)
    raise ProtocolError(
        f"the flash chip goes away while it is read (it was id {known:06x}): a weak supply, or bad solder"
        " joints; what was read is not to be relied on"
    )


def _despite_trouble(asking: Callable[[], T]) -> T:
    """Ask, and ask again if the line has failed; the last time lets the error out."""
    for _ in range(PRESENCE_ATTEMPTS):
        try:
            return asking()
        except (NoResponse, OutOfStep, CommandFailed) as exc:
            log.info("looking at the flash's id: %s", exc)
    return asking()


def _agreed(asking: Callable[[], T]) -> T:
    """Ask until two answers in a row are the same."""
    before = asking()
    for _ in range(AGREEMENT_ATTEMPTS):
        again = asking()
        if again == before:
            return again
        before = again
    raise ProtocolError(
        "the flash chip describes itself differently each time: a bad connection or a weak supply;"
        " try a lower --baud"
    )


def pieces_of(offset: int, size: int) -> list[range]:
    """Return the range, cut into what one transfer of the SPI controller reads."""
    end = offset + size
    return [range(first, min(first + BUFFER, end)) for first in range(offset, end, BUFFER)]


def sectors_of(offset: int, size: int) -> list[range]:
    """Return the range, cut at the borders of sectors."""
    end = offset + size
    starts = [offset, *range(round_down(offset, SECTOR) + SECTOR, end, SECTOR)] if size else []
    return [range(start, min(round_down(start, SECTOR) + SECTOR, end)) for start in starts]


def cut(data: bytearray, part: range, offset: int) -> bytes:
    """Return a part, by its addresses, of what was read from `offset` on."""
    return bytes(data[part.start - offset : part.stop - offset])


def _density(nor: NorFlash) -> int | None:
    """Return the size by the chip's parameter table."""
    try:
        where = sfdp.basic_header(_agreed(lambda: nor.read_sfdp(0, sfdp.FIRST_READ_SIZE)))
        table = _agreed(lambda: nor.read_sfdp(where.pointer, sfdp.BASIC_TABLE_SIZE))
        size = sfdp.BASIC_TABLE.parse(table).size
    except MalformedPacket:
        return None
    return size if size in PLAUSIBLE_SIZES else None


def _decide_size(by_id: int | None, by_table: int | None, given: int | None) -> tuple[int | None, str]:
    """Return the size and what it rests on.

    SFDP is the chip's own statement in a standard form; the last byte of the id is a habit of makers.
    """
    if given is not None:
        return given, "user"
    if by_table is None:
        return by_id, "jedec"
    if by_id == by_table:
        return by_id, "jedec+sfdp"
    if by_id is not None:
        log.warning(
            "the flash id says %s, the SFDP table %s; believing SFDP", _sized(by_id), _sized(by_table)
        )
    return by_table, "sfdp"


def _reason(baud: int, round_trip_s: float, bytes_per_s: float) -> str:
    beyond_s = round_trip_s - READ_REG_WIRE * 10 / baud
    line = f"the line at {baud} baud"
    if beyond_s < FAR_ABOVE_LINE_S:
        return line
    beyond_ms = round(beyond_s * 1000)
    latency = 16 if beyond_ms in FTDI_LATENCY_MS else beyond_ms
    cause = f"{latency} ms latency timer" if latency in LATENCY_TIMER_MS else f"{latency} ms for every answer"
    line_bytes_per_s = baud / 10 * BUFFER / PIECE_REQUESTS
    return cause if bytes_per_s < 0.8 * line_bytes_per_s else f"{line}; the {cause} is hidden by pipelining"


def _sized(size: int) -> str:
    return f"{size_name(size)} (0x{size:x} bytes)"

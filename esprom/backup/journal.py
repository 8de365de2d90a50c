# SPDX-License-Identifier: Apache-2.0
"""NAME.partial: the sectors that a backup has read so far, so that another can go on from there (JOURNAL-*).

It only grows. Each sector lies there with a digest, so a tail that a crash has torn is seen, and dropped.
What it says of the flash is a guess for `read_proved`: a wrong one costs time and nothing else.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from construct import Bytes, Int32ul

from esprom._version import __version__
from esprom.errors import EspromError, ImageError, MalformedPacket, Refused
from esprom.flash.geometry import SECTOR
from esprom.protocol.record import Record

FORMAT = "esprom-partial"
VERSION = 1
PUSHED = 0x20000  # bytes of flash after which the disk is told to keep them, at 2 Mbaud twice a second
DIGEST_SIZE = 16


@dataclass(frozen=True, slots=True)
class Origin:
    """Which flash of which board the sectors are from."""

    mac: str
    jedec_id: int
    size: int  # bytes
    unique_id: str | None  # hex


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands before the content of a sector."""

    offset: int
    size: int  # bytes
    digest: bytes  # MD5 of offset, size and content


ENTRY = Record(Entry, "offset" / Int32ul, "size" / Int32ul, "digest" / Bytes(DIGEST_SIZE))
ENTRY_SIZE = 4 + 4 + DIGEST_SIZE


class Journal:
    """The journal of one backup, open for more."""

    def __init__(self, path: Path, stream: BinaryIO, header_size: int, sectors: dict[int, bytes]) -> None:
        self.path = path
        self._header_size = header_size
        self.sectors = sectors  # by address: what was read before
        self._stream = stream
        self._unpushed = 0

    @classmethod
    def open(cls, path: Path, origin: Origin, *, force: bool) -> "Journal":
        """Go on with the journal at `path`, or begin one.

        Raises:
            Refused: the one that is there is of another flash, or no journal, and `force` is False.
            EspromError: the system does not let us.
        """
        try:
            sectors, head, good = _read(path, origin)
        except FileNotFoundError:
            sectors, head, good = {}, 0, 0
        except OSError as exc:
            raise EspromError(f"cannot read {path}: {exc.strerror or exc}") from exc
        except (ImageError, Refused) as exc:
            if not force:
                raise Refused(f"{exc}; take another name, delete the file, or give --force") from exc
            sectors, head, good = {}, 0, 0
        try:
            stream = _opened(path, origin, good)
            return cls(path, stream, head or stream.tell(), sectors)
        except OSError as exc:
            raise EspromError(f"cannot write {path}: {exc.strerror or exc}") from exc

    def add(self, offset: int, data: bytes) -> None:
        """Take whole sectors that were read. Raises EspromError where the disk is full."""
        try:
            for at in range(0, len(data), SECTOR):
                sector = data[at : at + SECTOR]
                digest = _digest(offset + at, sector)
                self._stream.write(ENTRY.build(Entry(offset + at, len(sector), digest)) + sector)
            self._stream.flush()
            self._unpushed += len(data)
            if self._unpushed >= PUSHED:
                os.fsync(self._stream.fileno())
                self._unpushed = 0
        except OSError as exc:
            raise EspromError(f"cannot write {self.path}: {exc.strerror or exc}") from exc

    @property
    def holds_something(self) -> bool:
        """Whether there is anything to go on from."""
        return self._stream.tell() > self._header_size

    def close(self) -> None:
        """Keep it for another time; one that holds nothing is taken away."""
        empty = False
        with suppress(OSError):
            empty = not self.holds_something
            self._stream.close()
        if empty:
            self._unlink()

    def remove(self) -> None:
        """The backup is there: the journal has done its work."""
        with suppress(OSError):
            self._stream.close()
        self._unlink()

    def _unlink(self) -> None:
        with suppress(OSError):
            self.path.unlink()


def _opened(path: Path, origin: Origin, good: int) -> BinaryIO:
    """Open for appending behind the first `good` bytes; 0 begins anew."""
    if not good:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        stream = os.fdopen(handle, "r+b")
        stream.write(_header(origin))
        stream.flush()
        return stream
    stream = path.open("r+b")
    stream.truncate(good)
    stream.seek(good)
    return stream


def _header(origin: Origin) -> bytes:
    facts = {"format": FORMAT, "version": VERSION, **asdict(origin), "esprom": __version__}
    return json.dumps(facts).encode() + b"\n"


def _read(path: Path, origin: Origin) -> tuple[dict[int, bytes], int, int]:
    """Return the sectors in a journal, how long its first line is, and up to where it is whole.

    Raises:
        ImageError: it is no journal that we understand.
        Refused: it is of another flash.
    """
    data = path.read_bytes()
    head, newline, _ = data.partition(b"\n")
    if not newline and _header(origin).startswith(head):
        return {}, 0, 0  # a crash came before the end of its first line
    _check(path, head, origin)
    sectors: dict[int, bytes] = {}
    begin = good = len(head) + len(newline)
    while good + ENTRY_SIZE <= len(data):
        entry = ENTRY.parse(data[good : good + ENTRY_SIZE])
        sector = data[good + ENTRY_SIZE : good + ENTRY_SIZE + entry.size]
        if entry.digest != _digest(entry.offset, sector) or len(sector) != SECTOR or entry.offset % SECTOR:
            break
        sectors[entry.offset] = sector
        good += ENTRY_SIZE + entry.size
    return sectors, begin, good


def _check(path: Path, head: bytes, origin: Origin) -> None:
    try:
        facts = json.loads(head)
        if facts["format"] != FORMAT:
            raise ImageError(f"{path} is there, and no unfinished backup")
        version = facts["version"]
        found = Origin(facts["mac"], facts["jedec_id"], facts["size"], facts["unique_id"])
    except (ValueError, KeyError, TypeError, RecursionError, MalformedPacket) as exc:
        raise ImageError(f"{path} is there, and no unfinished backup ({type(exc).__name__})") from exc
    if version != VERSION:
        raise ImageError(f"{path} is an unfinished backup in a form (version {version}) of a later esprom")
    if found != origin:
        raise Refused(f"{path} is the unfinished backup of another flash, of the board {found.mac}")


def _digest(offset: int, sector: bytes) -> bytes:
    place = offset.to_bytes(4, "little") + len(sector).to_bytes(4, "little")
    return hashlib.md5(place + sector).digest()

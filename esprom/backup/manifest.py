# SPDX-License-Identifier: Apache-2.0
"""NAME.json: what is known about the image beside it (BACKUP-7 to BACKUP-10).

The rule: values are dataclasses, and from whatever bytes only a `Manifest` or an `ImageError` comes.
Keys that this version does not know are passed over, since a later one may add some; a format version
that it does not know is refused, since a later one may have changed what the known keys mean.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

from esprom._version import __version__
from esprom.errors import ImageError
from esprom.image.header import FlashHeader

FORMAT = "esprom-backup"
VERSION = 1
MANIFEST_ROOM = 64 * 1024  # bytes; more than the manifest of a 16 MiB flash takes
BLOCK = 0x10000  # bytes that one digest of `Digests.blocks` covers


class ForeignManifest(ImageError):
    """JSON that does not say that it is a manifest of ours: somebody else's, by all that is known."""


@dataclass(frozen=True, slots=True)
class ChipRecord:
    """Which chip the image was read from."""

    name: str
    mac: str  # six bytes in lower case hex with colons
    id: int


@dataclass(frozen=True, slots=True)
class FlashRecord:
    """Which flash chip the image was read from."""

    jedec_id: int  # manufacturer in the high byte, as in 0xEF4014
    size: int  # bytes; that of the image
    size_source: str  # how the size was found
    unique_id: str | None  # hex


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 of the image and of each of its blocks, in hex. The last block may be a short one."""

    sha256: str
    block_size: int
    blocks: tuple[str, ...]

    @classmethod
    def of(cls, data: bytes, block_size: int = BLOCK) -> "Digests":
        """Return the digests of an image."""
        return cls(_sha256(data), block_size, tuple(_sha256(block) for block in _blocks(data, block_size)))

    def first_difference(self, data: bytes) -> int | None:
        """Return the offset of the first block that is not what was digested, None where all is the same."""
        if _sha256(data) == self.sha256:
            return None
        found = [_sha256(block) for block in _blocks(data, self.block_size)]
        same = (ours == theirs for ours, theirs in zip(found, self.blocks, strict=False))
        return self.block_size * next(
            (number for number, is_same in enumerate(same) if not is_same), min(len(found), len(self.blocks))
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """How it was made sure that the image is what the flash holds."""

    method: str  # a word: "digest" or "reread"
    description: str  # what was done, for people
    reread_sectors: tuple[int, ...]  # flash addresses of the sectors that had to be read again


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known about an image."""

    chip: ChipRecord
    flash: FlashRecord
    header: FlashHeader | None  # None where offset 0 holds no image
    digests: Digests
    proof: Proof
    baud: int
    loader: str
    time: datetime  # when the image was saved, UTC, whole seconds
    esprom: str = __version__

    def to_json(self) -> bytes:
        """Return the content of NAME.json: readable, and always the same for the same facts."""
        document = {"format": FORMAT, "version": VERSION, **asdict(self)}
        document["time"] = self.time.isoformat().replace("+00:00", "Z")
        document["flash"]["jedec_id"] = f"0x{self.flash.jedec_id:06x}"
        document["chip"]["id"] = f"0x{self.chip.id:08x}"
        return (json.dumps(document, indent=2) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Return the manifest in the content of a NAME.json. Raises ImageError."""
        return _manifest(_document(data))


def now() -> datetime:
    """Return the time as manifests state it."""
    return datetime.now(UTC).replace(microsecond=0)


def _document(data: bytes) -> "_Facts":
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise ImageError(f"not the manifest of a backup: it is no JSON ({type(exc).__name__})") from exc
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ForeignManifest(f'not the manifest of a backup: it does not say "format": "{FORMAT}"')
    facts = _Facts(document, "")
    if (version := facts.number("version")) != VERSION:
        raise ImageError(
            f"the manifest has format version {version}, and esprom {__version__} reads version {VERSION}: "
            "a newer esprom will read it"
        )
    return facts


def _manifest(facts: "_Facts") -> Manifest:
    chip, flash, proof = facts.part("chip"), facts.part("flash"), facts.part("proof")
    return Manifest(
        chip=ChipRecord(chip.text("name"), chip.text("mac", _MAC), chip.hexadecimal("id")),
        flash=FlashRecord(
            jedec_id=flash.hexadecimal("jedec_id"),
            size=flash.number("size", 1),
            size_source=flash.text("size_source"),
            unique_id=flash.optional_text("unique_id", r"([0-9a-f]{2})*"),
        ),
        header=_header(facts),
        digests=_digests(facts.part("digests"), flash.number("size", 1)),
        proof=Proof(proof.text("method"), proof.text("description"), proof.numbers("reread_sectors")),
        baud=facts.number("baud", 1),
        loader=facts.text("loader"),
        time=facts.utc("time"),
        esprom=facts.text("esprom"),
    )


def _header(facts: "_Facts") -> FlashHeader | None:
    if facts.is_null("header"):
        return None
    header = facts.part("header")
    return FlashHeader(header.text("mode"), header.text("frequency"), header.text("size"))


def _digests(facts: "_Facts", size: int) -> Digests:
    digests = Digests(
        sha256=facts.text("sha256", _DIGEST),
        block_size=facts.number("block_size", 1),
        blocks=facts.texts("blocks", _DIGEST),
    )
    if len(digests.blocks) != -(-size // digests.block_size):
        raise facts.wrong("blocks", f"one digest for every {digests.block_size} bytes of {size}")
    return digests


_DIGEST = r"[0-9a-f]{64}"
_MAC = r"([0-9a-f]{2}|\?\?)(:([0-9a-f]{2}|\?\?)){5}"  # ?? where an early chip does not tell its vendor's half


@dataclass(frozen=True, slots=True)
class _Facts:
    """A JSON object, from which values come checked. Every method raises ImageError."""

    items: dict[str, Any]
    place: str  # where the object is in the document, for messages

    def wrong(self, key: str, expected: str) -> ImageError:
        return ImageError(f"the manifest is damaged: {self.place}{key} should be {expected}")

    def is_null(self, key: str) -> bool:
        return key in self.items and self.items[key] is None

    def part(self, key: str) -> "_Facts":
        found = self.items.get(key)
        if not isinstance(found, dict):
            raise self.wrong(key, "an object")
        return _Facts(found, f"{self.place}{key}.")

    def text(self, key: str, pattern: str = r".+") -> str:
        found = self.items.get(key)
        if not isinstance(found, str) or not re.fullmatch(pattern, found, re.DOTALL):
            raise self.wrong(key, f"text like {pattern}")
        return found

    def optional_text(self, key: str, pattern: str) -> str | None:
        return None if self.is_null(key) else self.text(key, pattern)

    def number(self, key: str, least: int = 0) -> int:
        found = self.items.get(key)
        if not _is_whole(found) or found < least:
            raise self.wrong(key, f"a whole number, {least} or more")
        return found

    def hexadecimal(self, key: str) -> int:
        return int(self.text(key, r"0x[0-9a-f]{1,16}"), 16)

    def numbers(self, key: str) -> tuple[int, ...]:
        found = self.items.get(key)
        if not isinstance(found, list) or not all(_is_whole(item) and item >= 0 for item in found):
            raise self.wrong(key, "a list of whole numbers")
        return tuple(found)

    def texts(self, key: str, pattern: str) -> tuple[str, ...]:
        found = self.items.get(key)
        if not isinstance(found, list):
            raise self.wrong(key, "a list")
        return tuple(_Facts({key: item}, self.place).text(key, pattern) for item in found)

    def utc(self, key: str) -> datetime:
        try:
            found = datetime.fromisoformat(self.text(key))
        except ValueError:
            raise self.wrong(key, "a time like 2026-01-31T23:59:59Z") from None
        if found.utcoffset() != timedelta(0):
            raise self.wrong(key, "a time in UTC")
        return found.replace(tzinfo=UTC)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

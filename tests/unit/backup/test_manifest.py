# SPDX-License-Identifier: Apache-2.0
"""NAME.json. BACKUP-7, BACKUP-8, BACKUP-9, BACKUP-10."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from esprom.backup.manifest import ChipRecord, Digests, FlashRecord, Manifest, Proof, now
from esprom.errors import ImageError
from esprom.image import FlashHeader

IMAGE = b"firmware" * 12500  # one whole block of 64 KiB and a short one
MANIFEST = Manifest(
    chip=ChipRecord("ESP8266EX", "5c:cf:7f:00:12:34", 0x1234),
    flash=FlashRecord(0xEF4014, len(IMAGE), "jedec+sfdp", "0102030405060708"),
    header=FlashHeader("dio", "40m", "1MB"),
    digests=Digests.of(IMAGE),
    proof=Proof("reread", "two readings", (0x3000,)),
    baud=115200,
    loader="rom",
    time=datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC),
    esprom="0.1.0",
)
AS_JSON = {
    "format": "esprom-backup",
    "version": 1,
    "chip": {"name": "ESP8266EX", "mac": "5c:cf:7f:00:12:34", "id": "0x00001234"},
    "flash": {
        "jedec_id": "0xef4014",
        "size": 100000,
        "size_source": "jedec+sfdp",
        "unique_id": "0102030405060708",
    },
    "header": {"mode": "dio", "frequency": "40m", "size": "1MB"},
    "digests": {
        "sha256": hashlib.sha256(IMAGE).hexdigest(),
        "block_size": 65536,
        "blocks": [hashlib.sha256(IMAGE[:65536]).hexdigest(), hashlib.sha256(IMAGE[65536:]).hexdigest()],
    },
    "proof": {"method": "reread", "description": "two readings", "reread_sectors": [0x3000]},
    "baud": 115200,
    "loader": "rom",
    "time": "2026-01-31T23:59:59Z",
    "esprom": "0.1.0",
}


def document() -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(AS_JSON))
    return copy


def parse(content: object) -> Manifest:
    return Manifest.from_json(json.dumps(content).encode())


def test_says_what_the_format_says() -> None:
    assert json.loads(MANIFEST.to_json()) == AS_JSON
    assert parse(AS_JSON) == MANIFEST


@pytest.mark.parametrize(
    "manifest",
    [
        replace(MANIFEST, header=None),
        replace(MANIFEST, flash=replace(MANIFEST.flash, unique_id=None)),
        replace(MANIFEST, chip=replace(MANIFEST.chip, mac="??:??:??:00:12:34")),
        replace(MANIFEST, proof=Proof("tomorrow", "a method of tomorrow", ())),
    ],
)
def test_what_may_be_missing(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_unknown_keys_are_passed_over() -> None:
    content = document() | {"colour": "red"}
    content["chip"]["colour"] = "red"
    assert parse(content) == MANIFEST


def test_another_version_is_refused_kindly() -> None:
    with pytest.raises(ImageError, match=r"format version 2, and esprom .* reads version 1: a newer esprom"):
        parse(document() | {"version": 2})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"esprom-backup"',
        b"{}",
        b'{"format":"other"}',
        b"[" * 100000,
        b"1" * 5000,
    ],
)
def test_what_is_no_manifest(data: bytes) -> None:
    with pytest.raises(ImageError, match="not the manifest of a backup"):
        Manifest.from_json(data)


def places(content: dict[str, Any], front: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in content.items():
        found.append((*front, key))
        if isinstance(value, dict):
            found += places(value, (*front, key))
    return found


@pytest.mark.parametrize("place", places(AS_JSON), ids=".".join)
@pytest.mark.parametrize(
    "hurt", [lambda part, key: part.pop(key), lambda part, key: part.update({key: [True]})]
)
def test_every_fact_must_be_there_and_of_its_form(
    place: tuple[str, ...], hurt: Callable[[dict[str, Any], str], object]
) -> None:
    content = document()
    part = content
    for key in place[:-1]:
        part = part[key]
    hurt(part, place[-1])
    with pytest.raises(ImageError):
        parse(content)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("chip", "mac", "5C:CF:7F:00:12:34"),
        ("chip", "mac", "5c:cf:7f:00:12"),
        ("chip", "id", "1234"),
        ("flash", "size", 0),
        ("flash", "size", -1),
        ("flash", "size", True),
        ("flash", "size", 1e6),
        ("flash", "size", 65536),  # and two blocks
        ("digests", "block_size", 0),
        ("digests", "blocks", ["00" * 32]),
        ("digests", "sha256", "00" * 31),
        ("proof", "reread_sectors", [-1]),
    ],
)
def test_values_that_cannot_be(part: str, key: str, value: object) -> None:
    content = document()
    content[part][key] = value
    with pytest.raises(
        ImageError, match=f"the manifest is damaged: {part if key != 'size' else '(flash|digests)'}"
    ):
        parse(content)


@pytest.mark.parametrize(
    "time", ["yesterday", "2026-01-31T23:59:59", "2026-01-31T23:59:59+01:00", "2026-13-01T00:00:00Z"]
)
def test_times_that_cannot_be(time: str) -> None:
    with pytest.raises(ImageError, match="time should be"):
        parse(document() | {"time": time})


@pytest.mark.parametrize(
    ("size", "at"), [(0, 0), (1, 0), (65535, 0), (65536, 65536), (65537, 65536), (99999, 65536)]
)
def test_digests_tell_where_a_file_was_cut(size: int, at: int) -> None:
    assert MANIFEST.digests.first_difference(IMAGE[:size]) == at


@pytest.mark.parametrize(("at", "block"), [(0, 0), (65535, 0), (65536, 65536), (99999, 65536)])
def test_digests_tell_the_block_that_differs(at: int, block: int) -> None:
    damaged = bytearray(IMAGE)
    damaged[at] ^= 1
    assert MANIFEST.digests.first_difference(bytes(damaged)) == block
    assert MANIFEST.digests.first_difference(IMAGE) is None


def test_now_is_utc_in_whole_seconds() -> None:
    assert now().tzinfo is UTC
    assert now().microsecond == 0

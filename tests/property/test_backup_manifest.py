# SPDX-License-Identifier: Apache-2.0
"""A manifest survives its file, and from any bytes comes a manifest or an ImageError."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from esprom.backup.manifest import ChipRecord, Digests, FlashRecord, Manifest, Proof
from esprom.errors import ImageError
from esprom.image import FlashHeader

TEXT = st.text(min_size=1, max_size=8)
MACS = st.binary(min_size=6, max_size=6).map(lambda mac: mac.hex(":"))
TIMES = st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)).map(
    lambda time: time.replace(microsecond=0)
)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    image = draw(st.binary(min_size=1, max_size=64))
    return Manifest(
        chip=ChipRecord(draw(TEXT), draw(MACS), draw(st.integers(0, 0xFFFFFFFF))),
        flash=FlashRecord(
            draw(st.integers(0, 0xFFFFFF)),
            len(image),
            draw(TEXT),
            draw(st.none() | st.binary(max_size=16).map(bytes.hex)),
        ),
        header=draw(st.none() | st.builds(FlashHeader, TEXT, TEXT, TEXT)),
        digests=Digests.of(image, draw(st.sampled_from([1, 7, 16, 64, 0x10000]))),
        proof=Proof(draw(TEXT), draw(TEXT), tuple(draw(st.lists(st.integers(0, 1 << 24), max_size=3)))),
        baud=draw(st.integers(1, 4_000_000)),
        loader=draw(TEXT),
        time=draw(TIMES),
        esprom=draw(TEXT),
    )


@given(manifests())
def test_a_manifest_survives_its_file(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


@given(st.binary(max_size=100))
def test_junk_gives_an_image_error(data: bytes) -> None:
    try:
        Manifest.from_json(data)
    except ImageError:
        return
    raise AssertionError("junk was taken for a manifest")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(manifests(), st.data())
def test_any_value_anywhere_gives_a_manifest_or_an_image_error(
    manifest: Manifest, data: st.DataObject
) -> None:
    document = json.loads(manifest.to_json())
    part: dict[str, Any] = document
    key = data.draw(st.sampled_from(sorted(part)))
    while isinstance(part[key], dict) and data.draw(st.booleans()):
        part = part[key]
        key = data.draw(st.sampled_from(sorted(part)))
    part[key] = data.draw(JSON)
    try:
        found = Manifest.from_json(json.dumps(document).encode())
    except ImageError:
        return
    assert Manifest.from_json(found.to_json()) == found


@given(manifests(), st.integers(0))
def test_a_cut_file_gives_an_image_error(manifest: Manifest, at: int) -> None:
    whole = manifest.to_json().rstrip()
    try:
        Manifest.from_json(whole[: at % len(whole)])
    except ImageError:
        return
    raise AssertionError("a part was taken for a manifest")

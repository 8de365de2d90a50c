# SPDX-License-Identifier: Apache-2.0
"""Frames as the host reads and writes them; the ROM's reading is proved by the golden vectors."""

import pytest

from esprom.protocol import slip

FRAMES = [
    ("plain", b"\x01\x02", "c0 01 02 c0"),
    ("one END", b"\xc0", "c0 db dc c0"),
    ("one ESC", b"\xdb", "c0 db dd c0"),
    ("escaped bytes that stand for themselves", b"\xdc\xdd", "c0 dc dd c0"),
    ("what looks like an escape", b"\xdb\xdc", "c0 db dd dc c0"),
    ("what looks like the other", b"\xdb\xdd", "c0 db dd dd c0"),
    ("both in a row", b"\xc0\xdb\xdb\xc0", "c0 db dc db dd db dd db dc c0"),
    ("at the edges", b"\xdb\x00\xc0", "c0 db dd 00 db dc c0"),
]
frames = pytest.mark.parametrize(
    ("packet", "wire"),
    [(packet, bytes.fromhex(wire)) for _, packet, wire in FRAMES],
    ids=[name for name, _, _ in FRAMES],
)


@pytest.mark.spec("SLIP-1", "SLIP-2")
@frames
def test_encode(packet: bytes, wire: bytes) -> None:
    assert slip.encode(packet) == wire


@pytest.mark.spec("SLIP-1", "SLIP-2", "SLIP-7")
@frames
def test_decode_in_any_pieces(packet: bytes, wire: bytes) -> None:
    assert slip.Decoder().feed(wire) == [packet]
    decoder = slip.Decoder()
    assert [frame for byte in wire for frame in decoder.feed(bytes([byte]))] == [packet]
    assert slip.Decoder().feed(wire + wire + b"\xc0\x01") == [packet, packet]


@pytest.mark.spec("SLIP-3")
@pytest.mark.parametrize("wire", ["", "c0", "c0c0", "c0c0c0c0"])
def test_empty_frames_are_none(wire: str) -> None:
    decoder = slip.Decoder()
    assert decoder.feed(bytes.fromhex(wire)) == []
    assert decoder.feed(b"\x07\xc0") == [b"\x07"]


@pytest.mark.spec("SLIP-4")
@pytest.mark.parametrize("body", ["db 41", "db db", "db 00 db", "41 db"])
def test_a_bad_escape_is_damage(body: str) -> None:
    raw = bytes.fromhex(body)
    (frame,) = slip.Decoder().feed(b"\xc0" + raw + b"\xc0")
    assert isinstance(frame, slip.Damaged)
    assert frame == raw


@pytest.mark.spec("SLIP-5")
def test_boot_log_between_frames_is_a_frame() -> None:
    decoder = slip.Decoder()
    assert decoder.feed(b"\r\n ets\xc0\x01\x02\xc0more\r\n\xc0\xc0\x03\xc0") == [
        b"\r\n ets",
        b"\x01\x02",
        b"more\r\n",
        b"\x03",
    ]


@pytest.mark.spec("SLIP-6")
def test_flood_without_end_is_handed_out() -> None:
    decoder = slip.Decoder()
    assert decoder.feed(b"x" * slip.MAX_FRAME) == []
    assert decoder.feed(b"y") == [b"x" * slip.MAX_FRAME + b"y"]
    assert decoder.pending() == b""
    assert decoder.feed(b"\xc0\x01\xc0") == [b"\x01"]


def test_pending_is_what_came_since_the_last_end_as_it_came() -> None:
    decoder = slip.Decoder()
    decoder.feed(b"\xc0\x01\xc0\xdb\xdc\x02")
    assert decoder.pending() == b"\xdb\xdc\x02"
    decoder.reset()
    assert decoder.pending() == b""
    assert decoder.feed(b"\x03\xc0") == [b"\x03"]

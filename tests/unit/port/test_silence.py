# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.loader.session import prepare
from esprom.port.silence import explain, restarted
from esprom.protocol.packets import Command, Sync

BANNER = b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,7)\r\n\r\n"

CASES = [
    ("silence", b"", "nothing arrived at all"),
    ("echo", prepare(Command.SYNC, Sync()).frame, "came back"),
    ("flash boot", b"\xfe\x00" + BANNER % (2, 3) + b"load 0x40100000", "GPIO0 was high"),
    ("download mode", BANNER % (1, 1), "in its loader"),
    ("sdio mode", BANNER % (1, 7), "GPIO15 must be low"),
    ("a program", b"Connecting to WiFi...\r\n", "a program runs on the chip"),
    ("garbage", bytes(range(0x80, 0xB0)), "mean nothing at 115200 baud"),
    ("damaged answers", b"\xc0\x01\x08\x02\xc0\xc0\x01\x99\xc0", "the loader's framing"),
]


@pytest.mark.parametrize(("received", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_explains(received: bytes, words: str) -> None:
    assert words in explain(received, 115200)


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (b"", "the chip stopped answering"),
        (BANNER % (4, 1), "has restarted meanwhile"),
        (b"Connecting to WiFi...\r\n", "has left its loader"),
        (b"\xc0\x01\x0a\x02\xc0", "lost or damaged on the line"),
        (b"\x80\x81", "lost or damaged on the line"),
    ],
)
def test_explains_otherwise_when_the_loader_has_answered_before(received: bytes, words: str) -> None:
    assert words in explain(received, 115200, spoken=True)


def test_an_end_among_much_garbage_is_chance() -> None:
    assert "mean nothing" in explain(bytes(range(0x80, 0x100)) * 2, 115200)


def test_a_banner_is_a_restart() -> None:
    assert restarted(b"\xc0\x01" + BANNER % (4, 1))
    assert not restarted(b"rst cause")

# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.loader.session import prepare
from esprom.port.bootlog import BOOT_BAUD, sounds_like
from esprom.port.silence import MEANINGS, Cause, explain, restarted
from esprom.protocol.packets import Command, Sync

BANNER = b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,7)\r\n\r\n"

CASES = [
    ("silence", b"", "nothing arrived at all"),
    ("echo", prepare(Command.SYNC, Sync()).frame, "came back"),
    ("flash boot", b"\xfe\x00" + BANNER % (2, 3) + b"load 0x40100000", "GPIO0 was high"),
    ("download mode", BANNER % (1, 1), "TX of the adapter may not reach RX"),
    ("sdio mode", BANNER % (1, 7), "GPIO15 was high or GPIO2 low"),
    ("a program", b"Connecting to WiFi...\r\n", "a program runs there"),
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
    assert restarted(b"\xc0\x01" + BANNER % (4, 1), 115200)
    assert not restarted(b"rst cause", 115200)


def test_a_boot_log_at_another_rate_is_one_too() -> None:
    garbage = sounds_like(BANNER % (2, 3), BOOT_BAUD, 115200)
    assert "(reset cause 2: the reset pin; boot mode 3: the flash): GPIO0 was high" in explain(
        garbage, 115200
    )
    assert "its supply broke down" in explain(b"\xc0" + garbage[3:], 115200, spoken=True)


def test_an_echo_counts_more_than_the_boot_log_behind_it() -> None:
    request = prepare(Command.SYNC, Sync(0x20120709)).frame
    assert "TX and RX are joined" in explain(request + BANNER % (2, 1), 115200)


def test_every_cause_has_its_meaning() -> None:
    assert MEANINGS.keys() == set(Cause)
    assert all(meaning.means and meaning.steps for meaning in MEANINGS.values())


def test_an_explanation_has_every_step() -> None:
    said = explain(b"", 115200)
    assert said == f"{MEANINGS[Cause.NOTHING].means}: {'; '.join(MEANINGS[Cause.NOTHING].steps)}"

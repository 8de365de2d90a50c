# SPDX-License-Identifier: Apache-2.0
import logging
import threading

import pytest

from esprom.cli.reader import READER, failures_logged


def fall_over() -> None:
    raise TypeError("cannot convert")


@pytest.mark.parametrize(("name", "usual"), [(f"{READER} thread for x", 0), ("another", 1)])
def test_only_the_reader_of_pyserial_is_kept_off_the_screen(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, usual: int
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    before = threading.excepthook
    with caplog.at_level(logging.DEBUG, "esprom.cli"), failures_logged():
        thread = threading.Thread(target=fall_over, name=name)
        thread.start()
        thread.join()
    assert (len(told), len(caplog.records)) == (usual, 1 - usual)
    assert threading.excepthook == before

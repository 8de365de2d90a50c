# SPDX-License-Identifier: Apache-2.0
"""What every Port promises, whatever is behind it."""

from collections.abc import Callable

from esprom.port import Port

SOON_S = 2.0  # longer than any of these waits, on a busy machine too


def check_port(make_port: Callable[[], Port], ask: bytes, answer: bytes) -> None:
    """Raise AssertionError where a port breaks a promise.

    `make_port` opens a port at 115200 baud whose other end sends `answer` when `ask` is written to it.
    """
    port = make_port()
    _answers_come_whole(port, ask, answer)
    _silence_lasts_as_long_as_asked(port)
    _what_is_discarded_is_gone(port, ask)
    _answers_come_whole(port, ask, answer)
    assert port.name
    assert port.baud == 115200
    if not port.has_modem_lines:
        port.set_lines(dtr=True, rts=False)  # does nothing, and says nothing
    port.set_lines(dtr=False, rts=False)
    port.close()
    port.close()


def _answers_come_whole(port: Port, ask: bytes, answer: bytes) -> None:
    port.write(ask)
    heard = b""
    while len(heard) < len(answer):
        piece = port.read(SOON_S, at_least=2)
        assert piece, f"what was on its way did not arrive: {heard.hex()}"
        heard += piece
    assert heard == answer


def _silence_lasts_as_long_as_asked(port: Port) -> None:
    began = port.clock.now()
    assert port.read(0.0) == b""
    assert port.read(0.05) == b""
    assert 0.03 <= port.clock.now() - began < SOON_S


def _what_is_discarded_is_gone(port: Port, ask: bytes) -> None:
    port.write(ask)
    port.clock.sleep(0.25)
    port.discard_input()
    assert port.read(0.05) == b""

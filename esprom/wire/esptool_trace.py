# SPDX-License-Identifier: Apache-2.0
"""The log that esptool prints with `--trace`, as events (WIRE-13).

One rule: of its lines only the bytes written and read are taken; what esptool makes of them is told again by
us. Source: observed, esptool 4.12.0 and 5.6.0. What else it prints becomes notes.
"""

import re
from collections.abc import Iterable

from esprom.port.recorded import Way
from esprom.wire.capture import Track
from esprom.wire.events import Event, WireLog, WireStream

TRACE = re.compile(r"TRACE \+(?P<after>\d+\.\d+) +(?P<what>.*)")
MOVED = re.compile(r"(?P<verb>Write|Read) (?P<size>\d+) bytes: *(?P<hex>[0-9a-f]*)$")
DUMP = re.compile(r"^ {4}(?P<hex>[0-9a-f]{2,16}(?: [0-9a-f]{1,16})?) *\| ")
SILENT = "No serial data received."
OWN_WORDS = re.compile(r"command op=|--- Cmd |Received full packet|[ -]*$")  # about bytes that come anyhow
WAYS = {"Write": Way.TO_CHIP, "Read": Way.FROM_CHIP}


def is_trace(text: str) -> bool:
    """Say whether a text is such a log."""
    return TRACE.search(text) is not None


def parse(text: str) -> WireLog:
    """Return what a log says. Its times are from one line to the next, to a millisecond."""
    reading = _Reading()
    for line in text.splitlines():
        reading.take(line)
    return WireLog("esptool --trace", True, (WireStream("esptool", tuple(reading.finish())),))


class _Reading:
    """A log while it is read."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._track = Track(self._events.append, payload=True)
        self._now_s = 0.0
        self._way = Way.TO_CHIP
        self._bytes = bytearray()
        self._missing = 0  # bytes of a dump that is not over

    def take(self, line: str) -> None:
        traced = TRACE.search(line)
        if traced is None:
            self._take_other(line)
            return
        self._say(line[: traced.start()])
        self._now_s += float(traced["after"])
        self._take_traced(traced["what"].rstrip())

    def finish(self) -> Iterable[Event]:
        self._track.close()
        return self._events

    def _take_traced(self, what: str) -> None:
        self._missing = 0
        moved = MOVED.match(what)
        if moved is not None:
            self._way, self._missing = WAYS[moved["verb"]], int(moved["size"])
            self._add(moved["hex"])
        elif what == SILENT:
            self._track.hear_note(self._now_s, "esptool gives up waiting: nothing arrived in time")
        elif not OWN_WORDS.match(what):
            self._track.hear_note(self._now_s, f"esptool: {what}")

    def _take_other(self, line: str) -> None:
        dumped = DUMP.match(line)
        if dumped is None:
            self._say(line)
        elif self._missing:
            self._add(dumped["hex"])

    def _add(self, digits: str) -> None:
        found = bytes.fromhex(digits)[: self._missing]
        self._bytes += found
        self._missing -= len(found)
        if self._bytes and not self._missing:
            self._track.hear(self._now_s, self._way, bytes(self._bytes))
            self._bytes.clear()

    def _say(self, words: str) -> None:
        said = words.strip(" .-")
        if said:
            self._track.hear_note(self._now_s, f"esptool: {said}")

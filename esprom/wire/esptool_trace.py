# SPDX-License-Identifier: Apache-2.0
"""The log that esptool prints with `--trace`, and ours in its form, as events (WIRE-13).

One rule: of its lines only the bytes written and read are taken, and of ours the rate and the modem lines;
what a tool makes of its bytes is told again by us. What else is printed becomes notes, which name the tool.
Source: observed, esptool 4.12.0 and 5.6.0.
"""

import re
from collections.abc import Iterable

from esprom.port.recorded import Way
from esprom.wire import trace_lines
from esprom.wire.capture import Track
from esprom.wire.events import Event, WireLog, WireStream

DUMP = re.compile(r"^ {4}(?P<hex>[0-9a-f]{2,16}(?: [0-9a-f]{1,16})?) *\| ")
SILENT = "No serial data received."


def is_trace(text: str) -> bool:
    """Say whether a text is such a log."""
    return trace_lines.LINE.search(text) is not None


def parse(text: str) -> WireLog:
    """Return what a log says. Its times are from one line to the next, to a millisecond."""
    reading = _Reading("esprom" if trace_lines.OPENED.search(text) else "esptool")
    for line in text.splitlines():
        reading.take(line)
    events = tuple(reading.finish())
    return WireLog(f"{reading.tool} --trace", True, (WireStream(reading.tool, events),))


class _Reading:
    """A log while it is read."""

    def __init__(self, tool: str) -> None:
        self.tool = tool  # whose log it is
        self._events: list[Event] = []
        self._track = Track(self._events.append, payload=True)
        self._now_s = 0.0
        self._way = Way.TO_CHIP
        self._bytes = bytearray()
        self._missing = 0  # bytes of a dump that is not over

    def take(self, line: str) -> None:
        traced = trace_lines.LINE.search(line)
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
        moved = trace_lines.MOVED.match(what)
        if moved is not None:
            self._way, self._missing = trace_lines.WAYS[moved["verb"]], int(moved["size"])
            self._add(moved["hex"])
        elif what == SILENT:
            self._track.hear_note(self._now_s, f"{self.tool} gives up waiting: nothing arrived in time")
        elif not (trace_lines.ABOUT_BYTES.match(what) or self._take_state(what)):
            self._say(what)

    def _take_state(self, what: str) -> bool:
        """Take a rate, or how the modem lines are; return whether it was that."""
        rate = trace_lines.OPENED.fullmatch(what) or trace_lines.RATE.fullmatch(what)
        lines = trace_lines.SET.fullmatch(what)
        if rate is not None:
            self._track.hear_baud(self._now_s, int(rate["baud"]))
        if lines is not None:
            self._track.hear_lines(self._now_s, dtr=lines["dtr"] == "1", rts=lines["rts"] == "1")
        return rate is not None or lines is not None

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
            self._track.hear_note(self._now_s, f"{self.tool}: {said}")

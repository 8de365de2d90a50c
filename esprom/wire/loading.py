# SPDX-License-Identifier: Apache-2.0
"""Whatever recorded a line: a capture, esptool's log, or a report of `selftest`, as one log (WIRE-12)."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from esprom.errors import ImageError
from esprom.port.recorded import Way
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST, RESPONSE, Command, Request, Response
from esprom.wire import esptool_trace, pcapng
from esprom.wire.capture import TYPES, Track
from esprom.wire.dialogue import REQUEST_HEAD
from esprom.wire.events import Event, EventType, Span, WireLog, WireStream

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # of a terminal, where esptool's output was copied from one


def wire_log(data: bytes) -> WireLog:
    """Return what a file says, whichever kind it is.

    Raises:
        ImageError: it is none of the kinds, or damaged.
    """
    if pcapng.is_capture(data):
        log = pcapng.parse(data)
        return log if log.source == "capture" else _in_runs(log)
    text = ESCAPES.sub("", data.decode("utf-8", "replace"))
    if esptool_trace.is_trace(text):
        return esptool_trace.parse(text)
    report = _json(text)
    if isinstance(report, Mapping) and isinstance(report.get("wire"), list):
        return _selftest(report["wire"])
    raise ImageError(
        "this is no recording of a line: a capture (pcapng, pcap), the output of esptool --trace and a report"
        " of esprom selftest are known"
    )


def _in_runs(log: WireLog) -> WireLog:
    """Return a capture of somebody else with its bytes in runs as ours are."""
    return replace(log, streams=tuple(replace(stream, events=_runs(stream.events)) for stream in log.streams))


def _runs(events: Iterable[Event]) -> tuple[Event, ...]:
    found: list[Event] = []
    track = Track(found.append, payload=True)
    ways = {kind: way for way, kind in TYPES.items()}
    lines = (False, False)
    for event in events:
        if (event.dtr, event.rts) != lines:
            lines = (event.dtr, event.rts)
            track.hear_lines_us(event.at_us, dtr=event.dtr, rts=event.rts)
        if event.type in ways:
            track.hear_us(event.at_us, ways[event.type], event.data)
        elif event.type is not EventType.STATUS_CHANGE:
            found.append(event)
    track.close()
    return tuple(sorted(found, key=lambda event: event.at_us))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _selftest(recordings: list[Any]) -> WireLog:
    try:
        streams = tuple(
            WireStream(f"selftest, {recording['loader']}", tuple(map(_frame, recording["frames"])))
            for recording in recordings
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ImageError(f"the report is not as selftest writes it: {exc!r}") from exc
    return WireLog("selftest", False, streams)


def _frame(frame: Mapping[str, Any]) -> Event:
    way = Way(frame["way"])
    left_out: tuple[Span, ...] = ()
    packet = bytes.fromhex(frame["hex"])
    if not packet and frame["command"]:
        return _without_content(frame, way)
    if not packet:
        packet, left_out = bytes(frame["size"]), ((0, frame["size"]),)
    return Event(round(frame["ms"] * 1000), TYPES[way], slip.encode(packet), left_out=left_out)


def _without_content(frame: Mapping[str, Any], way: Way) -> Event:
    """Return a packet of which the report has command and size alone."""
    body = bytes(frame["size"] - REQUEST_HEAD.size)
    name = frame["command"]
    command = Command[name] if name in Command.__members__ else Command(int(name.partition("0x")[2], 16))
    if way is Way.TO_CHIP:
        packet = REQUEST.build(Request(command, 0, body))
    else:
        packet = RESPONSE.build(Response(command, 0, body))
    hidden = REQUEST_HEAD.offset("checksum")  # where a response has its value
    return Event(
        round(frame["ms"] * 1000),
        TYPES[way],
        slip.encode(packet),
        left_out=((hidden, len(packet) - hidden),),
    )

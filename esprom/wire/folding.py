# SPDX-License-Identifier: Apache-2.0
"""Long repeated transfers in one line (WIRE-11). A message with a problem is never folded away."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from esprom.wire.decode import SURPLUS, WireMessage

LEAST = {"registers": 24, "SYNC": 3}  # messages of a group that are worth it
LEAST_OF_OTHERS = 6


@dataclass(frozen=True, slots=True)
class WireFold:
    """Messages that are told together."""

    messages: tuple[WireMessage, ...]
    text: str

    @property
    def first(self) -> WireMessage:
        """The one that begins it."""
        return self.messages[0]


def wire_folded(messages: Iterable[WireMessage]) -> Iterator[WireMessage | WireFold]:
    """Yield the messages, long runs of a group together."""
    for group, run in groupby(messages, key=lambda message: message.group):
        found = tuple(run)
        least = 2 if group.startswith(SURPLUS) else LEAST.get(group, LEAST_OF_OTHERS)
        if group and len(found) >= least:
            yield WireFold(found, _told(group, found))
        else:
            yield from found


def _told(group: str, found: tuple[WireMessage, ...]) -> str:
    out = [message for message in found if message.way == ">"]
    back = [message for message in found if message.way == "<"]
    parts = [_what(group, out, back)]
    seconds = found[-1].at_s - found[0].at_s
    if seconds > 0:
        parts.append(f"{seconds:.3f} s")
    took = [message.took_ms for message in back if message.took_ms is not None]
    if took:
        parts.append(f"median answer {median(took):.1f} ms, longest {max(took):.1f} ms")
    hidden = sum(message.left_out for message in found)
    if hidden:
        parts.append(f"{hidden} bytes left out")
    return ", ".join(parts)


def _what(group: str, out: list[WireMessage], back: list[WireMessage]) -> str:
    if group.startswith(SURPLUS):
        return f"{back[0].name} {len(back)} times: {back[0].text}"
    match group:
        case "registers":
            return f"READ_REG and WRITE_REG, {len(out)} requests and {len(back)} answers"
        case "SYNC":
            return f"SYNC, {len(out)} requests and {len(back)} answers"
        case "READ_FLASH":
            return f"READ_FLASH, {_sizes(back)} and {len(out)} acknowledgements"
        case "STREAM":
            return f"STREAM_FRAME, {_sizes(back)} and {len(out)} confirmations"
    numbers = [message.number for message in out if message.number is not None]
    span = f" {numbers[0]} to {numbers[-1]}" if numbers else ""
    return f"{group}{span}, {_sizes(out)}, {len(back)} answers"


def _sizes(messages: list[WireMessage]) -> str:
    """Return how many there are, and how many bytes each and all are about."""
    sizes = [message.content for message in messages if message.content]
    sizes = sizes or [message.size for message in messages]
    if not sizes:
        return "none"
    each = f"of {sizes[0]}" if len(set(sizes)) == 1 else f"of {min(sizes)} to {max(sizes)}"
    return f"{len(sizes)} {each} bytes, {sum(sizes)} in all"

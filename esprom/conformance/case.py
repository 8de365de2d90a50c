# SPDX-License-Identifier: Apache-2.0
"""What a conformance case is: a rule, as data, that anybody may play in any language (CONF-1).

What is sent stands there as raw bytes with their meaning; what must come back as a pattern. Both are hex,
with spaces for the eye. `{ram}`, `{iram}` and `{flash}`, with an offset or without (`{flash+0x1000}`), are
addresses that the bench gives, four bytes. In a pattern `??` is any byte, `NN` any but 00, a `*` at the end
whatever follows, and ` | ` stands between patterns of which one has to fit.
"""

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from esprom.protocol.commands import Loader

QUICK_S = 3.0  # for commands whose work does not depend on their body (CMD-2)


class Level(Enum):
    """How much hangs on a rule."""

    MUST = "must"  # hosts rely on it
    SHOULD = "should"  # a careful host lives without it
    QUIRK = "quirk"  # an oddity of the mask ROM, or of a stub: a faithful copy has it


MUST, SHOULD, QUIRK = Level
ROM = frozenset({Loader.ROM})
STUBS = frozenset({Loader.STUB, Loader.OURS})
OURS = frozenset({Loader.OURS})
ALL = frozenset(Loader)
PIPELINED = ROM | OURS  # who takes a request before it has answered the last; others need not (COMMON-6)


@dataclass(frozen=True, slots=True)
class Send:
    """Write a packet in a frame."""

    hex: str
    means: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Write a request of our stub's: opcode and body; size and CRC are worked out (STUB-4)."""

    opcode: str
    body: str
    means: str


@dataclass(frozen=True, slots=True)
class Line:
    """Write bytes as they are, without any framing."""

    hex: str
    means: str


@dataclass(frozen=True, slots=True)
class Gets:
    """The next frames, unescaped, fit the pattern."""

    hex: str
    times: int = 1
    within_s: float = QUICK_S  # the line's time comes on top
    sealed: bool = False  # the value is the CRC that STUB-4 says
    instead: str = ""  # a pattern that is no violation either
    why: str = ""  # that is not


@dataclass(frozen=True, slots=True)
class GetsBytes:
    """The next bytes on the line, framing and all, fit the pattern."""

    hex: str
    within_s: float = QUICK_S


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing comes for so long."""

    for_s: float = 0.3


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No frame comes that begins so; whatever else comes, as from a firmware that starts, is let go."""

    hex: str
    for_s: float = 0.3


@dataclass(frozen=True, slots=True)
class Waits:
    """So much time passes before what comes next is written."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NoSooner:
    """Between what was last written and what came last lies at least so much time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """The host's rate changes."""

    baud: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Reset the chip into its loader; wait until the boot log is over, and forget it."""


@dataclass(frozen=True, slots=True)
class Banner:
    """Reset the chip, and find this text in what it says at the rate of the boot log."""

    text: str


@dataclass(frozen=True, slots=True)
class Dead:
    """The loader answers no SYNC any more."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """The loader is left, or elsewhere than where it was: what comes after begins with a reset."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Make each sector of the scratch area begin with the mark, and be blank behind it."""


@dataclass(frozen=True, slots=True)
class Holds:
    """The scratch area has these bytes there; `kept` and `blank` are sectors, counted from its beginning."""

    at: int = 0  # bytes from the beginning of the scratch area
    hex: str = ""
    kept: tuple[int, ...] = ()  # have the mark
    blank: tuple[int, ...] = ()


class Relation(Enum):
    """What has to be true of the frames that came."""

    LAST_IS_DIGEST = "the last frame is the MD5 of the frames of data before it"
    DIGESTS_AGREE = "the digest that was answered first is the one that came last"
    TAIL_OF_FIRST = "the data that came last are bytes 3 to 8 of those that came first"
    ONE_FAILED = "one of the last two answers is a failure"
    UNEQUAL_VALUES = "the values of the last two answers differ"
    STREAM_IS_WHOLE = "the frames of the stream are what its digest says"


@dataclass(frozen=True, slots=True)
class Compare:
    """What came stands in this relation."""

    relation: Relation


Step = (
    Send
    | Ask
    | Line
    | Gets
    | GetsBytes
    | Nothing
    | NoAnswer
    | Waits
    | NoSooner
    | Rate
    | Restart
    | Banner
    | Dead
    | Leaves
    | Marked
    | Holds
    | Compare
)


@dataclass(frozen=True, slots=True)
class Case:
    """A rule and how to see that it is kept."""

    id: str  # a name for good
    spec: str  # id of the requirement in specs/
    level: Level
    loaders: frozenset[Loader]  # of whom it is demanded
    rule: str
    steps: tuple[Step, ...]

    def facts(self) -> dict[str, Any]:
        """Return it as data, for whoever plays it in another language (CONF-1)."""
        return {
            "id": self.id,
            "spec": self.spec,
            "level": self.level.value,
            "loaders": sorted(loader.value for loader in self.loaders),
            "rule": self.rule,
            "steps": [_step_facts(step) for step in self.steps],
        }

    @property
    def destructive(self) -> bool:
        """Whether it writes to the flash."""
        return any(isinstance(step, Marked) for step in self.steps)

    @property
    def needs_reset(self) -> bool:
        """Whether the chip has to be reset for it, or after it."""
        return any(isinstance(step, Restart | Banner | Dead | Leaves) for step in self.steps)


def _step_facts(step: Step) -> dict[str, Any]:
    """Return a step with the fields that say something; its kind is what is to be done."""
    found = {field.name: getattr(step, field.name) for field in fields(step)}
    told = {
        name: value.name if isinstance(value, Relation) else value
        for name, value in found.items()
        if value or name not in ("instead", "why", "sealed", "hex", "kept", "blank", "at")
    }
    return {"do": type(step).__name__, **told}


def case(id: str, spec: str, level: Level, loaders: frozenset[Loader], rule: str, *steps: Step) -> Case:
    """Return the case; the steps come last, so that a table of cases reads from top to bottom."""
    return Case(id, spec, level, loaders, rule, steps)

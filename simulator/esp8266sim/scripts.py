# SPDX-License-Identifier: Apache-2.0
"""Boards that misbehave by a script: what is done to frames between host and adapter, and what the flash is.

One rule: a script is data, and the same traffic meets the same trouble every time. An act is done to whole
SLIP frames, chosen by their way, their command, and how many bytes have passed before; what is no frame (the
boot log, a lone END) goes by untouched. Bytes keep their order unless an act says otherwise.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from esp8266sim.board import Board, Wiring
from esp8266sim.chips import ChipModel
from esp8266sim.clock import SECOND
from esp8266sim.faults import Fault
from esp8266sim.flaws import Flaw
from esp8266sim.profiles import Profile
from esprom.errors import MalformedPacket
from esprom.protocol import slip
from esprom.protocol.packets import REQUEST, RESPONSE, Command, Response

IDLE_S = 0.5  # a frame that has begun and does not go on for so long is let through as it is


class Way(Enum):
    """Where a frame goes."""

    TO_CHIP = "to chip"
    FROM_CHIP = "from chip"


@dataclass(frozen=True, slots=True)
class Passed:
    """A moment: so many bytes of frames have gone this way. SYNC, sent until it is heard, does not count."""

    way: Way
    count: int


START = Passed(Way.TO_CHIP, 0)


@dataclass(frozen=True, slots=True)
class Frames:
    """Which frames: from a moment on, of some commands or all, each so manieth, at most so many."""

    way: Way
    since: Passed = START
    commands: frozenset[Command] | None = None
    every: int = 1
    times: int | None = 1  # None: without end


@dataclass(frozen=True, slots=True)
class Late:
    """The frame comes after so many seconds, and what is sent behind it piles up and comes with it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Pieces:
    """The frame comes in so many pieces, with a pause between them."""

    count: int
    gap_s: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The frame does not come."""


@dataclass(frozen=True, slots=True)
class Twice:
    """The frame comes two times."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The frame comes behind so many that were sent after it."""

    by: int


@dataclass(frozen=True, slots=True)
class Behind:
    """Other bytes come before the frame."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Torn:
    """Other bytes come in the middle of the frame."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Flipped:
    """Bits of a byte of the frame are inverted, as it goes over the wire: escapes are not looked at."""

    bits: int
    at: float = 0.5  # 0 is the first byte after END, 1 the last one before


@dataclass(frozen=True, slots=True)
class Shortened:
    """Bytes are missing in the middle of the frame."""

    count: int


@dataclass(frozen=True, slots=True)
class Renamed:
    """The response claims to be to another command."""

    command: Command


@dataclass(frozen=True, slots=True)
class Revalued:
    """The response carries another value."""

    flip: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The response says that the command failed, though it did not."""

    status: bytes


@dataclass(frozen=True, slots=True)
class Echoed:
    """What the host sends comes back to it too, and reaches the chip."""


class Hand(Enum):
    """What happens to the board instead of the frame."""

    RESET = "reset"
    POWER_CUT = "power cut"
    UNPLUGGED = "unplugged"  # the adapter goes away: the host's connection ends
    SILENCE = "silence"  # from now on nothing comes through, in either way


Act = (
    Late
    | Pieces
    | Lost
    | Twice
    | Overtaken
    | Behind
    | Torn
    | Flipped
    | Shortened
    | Renamed
    | Revalued
    | Refused
    | Echoed
    | Hand
)


@dataclass(frozen=True, slots=True)
class Script:
    """What is wrong with a board. `name` is how it is asked for, `what` says it to a person."""

    name: str
    what: str
    line: tuple[tuple[Frames, Act], ...] = ()
    flaws: tuple[Flaw, ...] = ()
    faults: tuple[Fault, ...] = ()
    status: int = 0  # of the flash chip, for good
    claims: int | None = None  # the JEDEC id that the flash chip gives instead of its own
    slower: float = 1.0  # how many times as long as usual the flash chip takes over an erase or a program


Later = Callable[[float, Callable[[], None]], None]
"""Does something when so many seconds are over; which seconds, is for whoever serves the board to say."""


def scripted_board(
    profile: Profile, script: Script, content: bytearray | None = None, wiring: Wiring = Wiring.JUMPER
) -> Board:
    """Return a board with the flash and the wires of a script; `ScriptedLine` does the rest."""
    board = Board(
        profile,
        content,
        chip=_chip(profile, script),
        wiring=wiring,
        faults=script.faults,
        flaws=script.flaws,
    )
    board.flash.status = script.status
    return board


def _chip(profile: Profile, script: Script) -> ChipModel | None:
    """Return the script's flash chip, None if it is the profile's."""
    model = profile.flash
    if script.claims is not None:
        model = replace(model, jedec_id=script.claims, sfdp=b"")
    if script.slower != 1.0:
        times, by = model.times, script.slower
        model = replace(
            model,
            times=replace(
                times,
                first_byte=times.first_byte * by,
                next_byte=times.next_byte * by,
                page=times.page * by,
                sector=times.sector * by,
                half_block=times.half_block * by,
                block=times.block * by,
                chip=times.chip * by,
            ),
        )
    return None if model is profile.flash else model


@dataclass(slots=True)
class Lane:
    """One way. What is put in comes out in order, each piece after its wait."""

    later: Later
    deliver: Callable[[bytes], None]
    _queue: deque[tuple[float, bytes]] = field(default_factory=deque)
    _waiting: bool = False

    def put(self, data: bytes, wait_s: float = 0.0) -> None:
        """Add a piece."""
        self._queue.append((wait_s, data))
        self._go_on()

    def clear(self) -> None:
        """Lose what has not come out."""
        self._queue.clear()

    def _go_on(self) -> None:
        while self._queue and not self._waiting:
            wait_s, data = self._queue.popleft()
            if wait_s:
                self._queue.appendleft((0.0, data))
                self._waiting = True
                self.later(wait_s, self._over)
            else:
                self.deliver(data)

    def _over(self) -> None:
        self._waiting = False
        self._go_on()


class Cutter:
    """Cuts a stream into frames, each with both its ENDs, and what is none."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list[tuple[bool, bytes]]:
        """Return what is complete: whether it is a frame, and its bytes as they came."""
        text, self._partial = self._partial + data, b""
        found = []
        while text:
            begin = text.find(slip.END)
            end = text.find(slip.END, begin + 1)
            if begin:
                cut, is_frame = (begin if begin > 0 else len(text)), False
            elif end < 0:
                self._partial = text
                break
            else:
                cut, is_frame = (end + 1, True) if end > 1 else (1, False)  # two ENDs: the second begins
            found.append((is_frame, text[:cut]))
            text = text[cut:]
        return found

    @property
    def pending(self) -> bytes:
        """What has come of a frame so far."""
        return self._partial

    def give_up(self) -> bytes:
        """Return and forget what has come of a frame."""
        partial, self._partial = self._partial, b""
        return partial


class ScriptedLine:
    """The line of a script, between a host and a board's bridge; it puts itself there.

    Args:
        board: whose line it is.
        script: what is done.
        later: how it waits; virtual time unless told otherwise.
        unplug: ends the host's connection; where there is none, the line falls silent.
    """

    def __init__(
        self,
        board: Board,
        script: Script,
        later: Later | None = None,
        unplug: Callable[[], None] = lambda: None,
    ) -> None:
        self._board = board
        self._script = script
        self._later = later or self._in_virtual_time
        self._unplug = unplug
        self._met = [0] * len(script.line)
        self._passed = dict.fromkeys(Way, 0)
        self._cutters = {way: Cutter() for way in Way}
        self._lanes = {
            Way.TO_CHIP: Lane(self._later, board.bridge.put),
            Way.FROM_CHIP: Lane(self._later, board.bridge.hand_over),
        }
        self._overtaken: list[tuple[int, Way, bytes]] = []  # how many are still to pass it
        self._silent = False
        self.done: list[str] = []  # what was done, for people
        if script.line:
            board.bridge.tap = self

    def to_chip(self, data: bytes) -> None:
        """Take what the host writes."""
        self._take(Way.TO_CHIP, data)

    def from_chip(self, data: bytes) -> None:
        """Take what the chip has sent."""
        self._take(Way.FROM_CHIP, data)

    def _take(self, way: Way, data: bytes) -> None:
        cutter = self._cutters[way]
        for is_frame, piece in cutter.feed(data):
            if is_frame:
                self._frame(way, piece)
            else:
                self._pass(way, piece)
            if is_frame and _command(way, piece) is not Command.SYNC:
                self._passed[way] += len(piece)
        if cutter.pending:
            begun = cutter.pending
            self._later(IDLE_S, lambda: self._let_through(way, begun))

    def _let_through(self, way: Way, begun: bytes) -> None:
        if self._cutters[way].pending == begun:
            self._pass(way, self._cutters[way].give_up())

    def _pass(self, way: Way, data: bytes, wait_s: float = 0.0) -> None:
        if not self._silent:
            self._lanes[way].put(data, wait_s)

    def _frame(self, way: Way, frame: bytes) -> None:
        line = enumerate(self._script.line)
        acts = [act for index, (which, act) in line if self._meets(index, which, way, frame)]
        for act in acts:
            where = f"{_named(way, frame)} {way.value}, after {self._passed[way]} bytes"
            self.done.append(f"{_shown(act)}: {where}")
        self._do(way, frame, acts)
        self._let_overtake(way)

    def _meets(self, index: int, which: Frames, way: Way, frame: bytes) -> bool:
        if way is not which.way or self._passed[which.since.way] < which.since.count:
            return False
        if which.commands is not None and _command(way, frame) not in which.commands:
            return False
        self._met[index] += 1
        count, rest = divmod(self._met[index], which.every)
        return not rest and (which.times is None or count <= which.times)

    def _do(self, way: Way, frame: bytes, acts: list[Act]) -> None:
        """Do the first act, and the others to what it leaves of the frame."""
        if not acts:
            self._pass(way, frame)
            return
        act, *others = acts
        match act:
            case Late(seconds):
                self._pass(way, b"", seconds)
            case Pieces(count, gap_s):
                self._pieces(way, frame, count, gap_s)
                return
            case Lost():
                return
            case Twice():
                self._pass(way, frame)
            case Overtaken(by):
                self._overtaken.append((by + 1, way, frame))
                return
            case Behind(data):
                self._pass(way, data)
            case Echoed():
                self._pass(Way.FROM_CHIP, frame)
            case Hand():
                self._act(act)
                return
            case _:
                frame = changed(frame, act)
        self._do(way, frame, others)

    def _pieces(self, way: Way, frame: bytes, count: int, gap_s: float) -> None:
        size = -(-len(frame) // count)
        for at in range(0, len(frame), size):
            self._pass(way, frame[at : at + size], gap_s if at else 0.0)

    def _let_overtake(self, way: Way) -> None:
        waiting, self._overtaken = self._overtaken, []
        for left, its_way, frame in waiting:
            if its_way is not way or left > 1:
                self._overtaken.append((left - (its_way is way), its_way, frame))
            else:
                self._pass(way, frame)

    def _act(self, hand: Hand) -> None:
        """Do something to the board; what it was sending is on its way through here, so a moment later."""
        clock = self._board.clock
        match hand:
            case Hand.RESET:
                clock.at(clock.now, self._board.press_reset)
            case Hand.POWER_CUT:
                clock.at(clock.now, self._board.power_cycle)
            case Hand.SILENCE:
                self._silent = True
            case Hand.UNPLUGGED:
                self._silent = True
                self._later(0.0, self._unplug)

    def _in_virtual_time(self, seconds: float, action: Callable[[], None]) -> None:
        clock = self._board.clock
        clock.at(clock.now + round(seconds * SECOND), action)


def changed(frame: bytes, act: Act) -> bytes:
    """Return what becomes of a frame by an act that changes its bytes; fields change in responses only."""
    inside = frame[1:-1]
    middle = len(inside) // 2
    match act:
        case Flipped(bits, at):
            hurt = bytearray(inside)
            hurt[round(at * (len(inside) - 1))] ^= bits
            inside = bytes(hurt)
        case Torn(data):
            inside = inside[:middle] + data + inside[middle:]
        case Shortened(count):
            inside = inside[:middle] + inside[middle + count :]
        case Renamed(command):
            return _rewritten(frame, lambda response: replace(response, command=command))
        case Revalued(flip):
            return _rewritten(frame, lambda response: replace(response, value=response.value ^ flip))
        case Refused(status):
            return _rewritten(
                frame, lambda response: replace(response, body=response.body[: -len(status)] + status)
            )
    return slip.END + inside + slip.END


def _rewritten(frame: bytes, change: Callable[[Response], Response]) -> bytes:
    packet = slip.Decoder().feed(frame)[0]
    try:
        return slip.encode(RESPONSE.build(change(RESPONSE.parse(packet))))
    except MalformedPacket:
        return frame


def _command(way: Way, frame: bytes) -> Command | None:
    packet = slip.Decoder().feed(frame)[0]
    try:
        return (REQUEST if way is Way.TO_CHIP else RESPONSE).parse(packet).command
    except MalformedPacket:
        return None


def _named(way: Way, frame: bytes) -> str:
    command = _command(way, frame)
    return f"frame of {len(frame)} bytes" if command is None else command.name


def _shown(act: Act) -> str:
    return act.value if isinstance(act, Hand) else type(act).__name__.lower()

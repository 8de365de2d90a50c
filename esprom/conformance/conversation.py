# SPDX-License-Identifier: Apache-2.0
"""One case, played over a port: writes what it says, and judges what comes (CONF-2).

Nothing of the client's own session is used: a device is not forgiven anything that the client forgives.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import md5
from zlib import crc32

from esprom.conformance import case as steps
from esprom.conformance.case import Case, Relation
from esprom.errors import EspromError, MalformedPacket
from esprom.port import Port, silence
from esprom.protocol import own, slip
from esprom.protocol.packets import REQUEST, RESPONSE, SYNC_MAGIC, Command, Request, Sync
from esprom.protocol.packets import SYNC as SYNC_BODY

BITS_PER_BYTE = 10  # on the line
QUIET_S = 0.06  # after which nothing more is taken to come: several times what an adapter holds bytes back
LONGEST_S = 2.0  # that is listened to a device which does not stop talking
BOOT_S = 0.25  # from a reset to where the loader waits for its autobaud, the boot log included
SYNC_S = 0.3
SYNCS = 3  # the first only trains the autobaud, and the end of a frame may be missing before the second
SHOWN = 48  # bytes of a frame, in what is told of it
NOT_KNOWN = (0xC3, 0xFF)  # status of a stub that does not have a command
ROM_INVALID = (0x01, 0x05)


class Verdict(Enum):
    """What became of a case."""

    CONFORMS = "conforms"
    TOLERATED = "tolerated"  # not as it should be, and no harm
    NOT_IMPLEMENTED = "not implemented"  # refused as an unknown command is
    VIOLATES = "violates"
    NO_ANSWER = "no answer"
    NOT_RUN = "not run"  # it cannot be, here


@dataclass(frozen=True, slots=True)
class Spoken:
    """Bytes that went one way."""

    ms: float  # since the case began
    way: str  # ">" to the chip, "<" from it
    bytes: bytes
    means: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case ended, and all that was said."""

    verdict: Verdict
    text: str  # what was wrong, "" if nothing
    spoken: tuple[Spoken, ...] = ()


class Deviation(Exception):
    """The device does not do as the case says."""

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Addresses:
    """What stands for `{ram}`, `{iram}` and `{flash}`: places that a case may change."""

    ram: int
    iram: int
    flash: int  # whole 64 KiB; meaningless where no destructive case is run

    def filled_in(self, text: str) -> str:
        """Return hex without names and spaces."""
        return re.sub(r"{(\w+)(?:\+(\w+))?}", self._word, text).replace(" ", "")

    def _word(self, found: re.Match[str]) -> str:
        base: int = getattr(self, found[1])
        return (base + int(found[2] or "0", 0)).to_bytes(4, "little").hex()


class Pattern:
    """What bytes have to be."""

    def __init__(self, text: str) -> None:
        self.text = " | ".join(filter(None, text.split("|")))
        self._ways = [_expression(way) for way in text.split("|")]
        self.size = max(len(way.replace("*", "")) // 2 for way in text.split("|"))

    def fits(self, data: bytes) -> bool:
        """Tell whether the whole of `data` does."""
        return any(way.fullmatch(data) for way in self._ways)


def _expression(text: str) -> "re.Pattern[bytes]":
    parts = []
    for pair in re.findall(r"\*|..", text):
        special = {"*": b".*", "??": b".", "NN": rb"[^\x00]"}.get(pair)
        parts.append(re.escape(bytes.fromhex(pair)) if special is None else special)
    return re.compile(b"".join(parts), re.DOTALL)


class Wire:
    """The line to a device: raw bytes, and the frames among them."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self._came = bytearray()  # and was not looked at yet
        self._began = port.clock.now()
        self.spoken: list[Spoken] = []
        self.sent_at = self._began
        self.came_at = self._began

    def write(self, data: bytes, means: str) -> None:
        """Send bytes."""
        self._note(">", data, means)
        self.sent_at = self.port.clock.now() + self.line_time(len(data))
        self.port.write(data)

    def line_time(self, size: int) -> float:
        """Return the seconds that so many bytes take."""
        return size * BITS_PER_BYTE / self.port.baud

    def frame(self, deadline: float) -> bytes | None:
        """Return the next frame as it came, without its ends; None if it is not whole in time."""
        while True:
            start = re.search(rb"[^\xc0]", self._came)
            end = self._came.find(slip.END, start.start()) if start else -1
            if start and end >= 0:
                found = bytes(self._came[start.start() : end])
                del self._came[: end + 1]
                return found
            if not self._receive(deadline):
                return None

    def take(self, size: int, deadline: float) -> bytes:
        """Return the next bytes, fewer if they do not come in time."""
        while len(self._came) < size and self._receive(deadline):
            pass
        found = bytes(self._came[:size])
        del self._came[:size]
        return found

    def rest(self, for_s: float) -> bytes:
        """Return what comes until nothing has come for so long; of what never ends, LONGEST_S of it."""
        end = self.port.clock.now() + LONGEST_S
        while self._receive(min(end, self.port.clock.now() + for_s)):
            pass
        found = bytes(self._came)
        self._came.clear()
        return found

    def forget(self) -> None:
        """Drop what has come."""
        self._came.clear()
        self.port.discard_input()

    def _receive(self, deadline: float) -> bool:
        left = deadline - self.port.clock.now()
        data = self.port.read(left) if left > 0 else b""
        if data:
            self.came_at = self.port.clock.now()
            self._came += data
            self._note("<", data, "")
        return bool(data)

    def _note(self, way: str, data: bytes, means: str) -> None:
        ms = round((self.port.clock.now() - self._began) * 1000, 2)
        self.spoken.append(Spoken(ms, way, data, means))


class Bench:
    """What a case needs beside the line: a reset, and somebody who looks at the flash."""

    def restart(self) -> None:
        """Reset the chip into its loader."""
        raise NotImplementedError

    def mark(self) -> None:
        """Make the sectors of the scratch area begin with the mark, and be blank behind it."""
        raise NotImplementedError

    def holds(self, at: int, size: int) -> bytes:
        """Return bytes of the scratch area."""
        raise NotImplementedError

    def differing(self, *, kept: tuple[int, ...], blank: tuple[int, ...]) -> list[int]:
        """Return the sectors that are not so."""
        raise NotImplementedError


class Conversation:
    """Plays one case."""

    def __init__(self, port: Port, addresses: Addresses, bench: Bench) -> None:
        self._wire = Wire(port)
        self._port = port
        self._addresses = addresses
        self._bench = bench
        self._frames: list[bytes] = []  # that came, unescaped
        self._asked = b""  # the last request

    def play(self, played: Case) -> Outcome:
        """Do its steps. Raises PortError if the port is gone."""
        tolerated: list[str] = []
        try:
            for step in played.steps:
                tolerated += self._do(step)
            if not any(isinstance(step, steps.Leaves | steps.Dead) for step in played.steps):
                self._see_the_end()
        except Deviation as found:
            return Outcome(found.verdict, str(found), tuple(self._wire.spoken))
        verdict = Verdict.TOLERATED if tolerated else Verdict.CONFORMS
        return Outcome(verdict, "; ".join(tolerated), tuple(self._wire.spoken))

    def _do(self, step: steps.Step) -> Iterator[str]:
        """Do one; yield what is tolerated."""
        match step:
            case steps.Gets():
                yield from self._get(step)
            case steps.Send(text, means):
                self._asked = bytes.fromhex(self._addresses.filled_in(text))
                self._wire.write(slip.encode(self._asked), means)
            case steps.Ask(opcode, body, means):
                self._ask(int(opcode, 16), bytes.fromhex(self._addresses.filled_in(body)), means)
            case steps.Line(text, means):
                self._wire.write(bytes.fromhex(self._addresses.filled_in(text)), means)
            case steps.GetsBytes():
                self._get_bytes(step)
            case steps.Nothing(for_s):
                self._get_nothing(for_s)
            case steps.NoAnswer(text, for_s):
                self._get_no_answer(bytes.fromhex(text), for_s)
            case steps.NoSooner(seconds):
                self._see_time(seconds)
            case steps.Compare(relation):
                self._compare(relation)
            case steps.Dead():
                self._see_dead()
            case steps.Banner(text):
                self._see_banner(text)
            case _:
                self._arrange(step)

    def _arrange(self, step: steps.Step) -> None:
        """Do what is no part of the conversation itself."""
        match step:
            case steps.Waits(seconds):
                self._port.clock.sleep(seconds)
            case steps.Rate(baud):
                self._port.baud = baud
            case steps.Restart():
                self._bench.restart()
                self._wire.forget()
            case steps.Marked():
                self._bench.mark()
            case steps.Holds():
                self._see_flash(step)

    def _ask(self, opcode: int, body: bytes, means: str) -> None:
        self._asked = REQUEST.build(Request(Command(opcode), crc32(body), body))
        self._wire.write(slip.encode(self._asked), means)

    def _get(self, step: steps.Gets) -> Iterator[str]:
        pattern = Pattern(self._addresses.filled_in(step.hex))
        for _ in range(step.times):
            line_s = self._wire.line_time(pattern.size * step.times * 2)
            frame, took = self._next_frame(pattern, max(step.within_s, steps.QUICK_S) + line_s)
            if not pattern.fits(frame):
                if not step.instead or not Pattern(self._addresses.filled_in(step.instead)).fits(frame):
                    raise self._unlike(frame, pattern)
                yield step.why
            if took > step.within_s + line_s:
                raise Deviation(
                    Verdict.VIOLATES,
                    f"the answer took {took:.3f} s, {step.within_s + line_s:.3f} are allowed",
                )
            if step.sealed and not self._sealed(frame):
                raise Deviation(Verdict.VIOLATES, f"the CRC of the answer is wrong: {_shown(frame)}")
            self._frames.append(frame)

    def _next_frame(self, pattern: Pattern, within_s: float) -> tuple[bytes, float]:
        """Return the frame, and how long it took."""
        deadline = max(self._wire.sent_at, self._port.clock.now()) + within_s
        raw = self._wire.frame(deadline)
        if raw is None:
            rest = self._wire.rest(0.0)
            came = f", but {_shown(rest)}" if rest else ""
            raise Deviation(
                Verdict.NO_ANSWER, f"no answer within {within_s:.2f} s{came}; expected {pattern.text}"
            )
        frame = slip.Decoder().feed(slip.END + raw + slip.END)[0]  # of a flood, which is cut (SLIP-6)
        if isinstance(frame, slip.Damaged):
            raise Deviation(Verdict.VIOLATES, f"DB is followed by neither DC nor DD: {_shown(frame)}")
        return frame, self._wire.came_at - self._wire.sent_at

    def _unlike(self, frame: bytes, pattern: Pattern) -> Deviation:
        verdict = Verdict.NOT_IMPLEMENTED if self._refused_as_unknown(frame) else Verdict.VIOLATES
        return Deviation(verdict, f"got {_shown(frame)}, expected {pattern.text[: 2 * SHOWN]}")

    def _refused_as_unknown(self, frame: bytes) -> bool:
        try:
            answer, asked = RESPONSE.parse(frame), REQUEST.parse(self._asked)
        except MalformedPacket:
            return False
        status = tuple(answer.body[-2:])
        if status == ROM_INVALID:
            return answer.command != asked.command  # the ROM refuses under the opcode of the command before
        return bool(status) and status[0] in NOT_KNOWN

    def _sealed(self, frame: bytes) -> bool:
        try:
            answer, asked = RESPONSE.parse(frame), REQUEST.parse(self._asked)
        except MalformedPacket:
            return False
        return answer.value == crc32(answer.body, crc32(asked.checksum.to_bytes(4, "little")))

    def _get_bytes(self, step: steps.GetsBytes) -> None:
        pattern = Pattern(self._addresses.filled_in(step.hex))
        line_s = self._wire.line_time(pattern.size)
        found = self._wire.take(pattern.size, self._wire.sent_at + step.within_s + line_s)
        if not found:
            raise Deviation(Verdict.NO_ANSWER, f"no answer within {step.within_s:.1f} s")
        if not pattern.fits(found):
            raise Deviation(Verdict.VIOLATES, f"got {_shown(found)}, expected {pattern.text[: 2 * SHOWN]}")

    def _get_nothing(self, for_s: float) -> None:
        began = self._port.clock.now()
        found = self._wire.take(1, began + for_s)
        if found:
            raise Deviation(
                Verdict.VIOLATES, f"got {_shown(found + self._wire.rest(QUIET_S))}, expected nothing"
            )
        left = for_s - (self._port.clock.now() - began)
        if left > 0:
            self._port.clock.sleep(left)

    def _get_no_answer(self, begins: bytes, for_s: float) -> None:
        frames = slip.Decoder().feed(self._wire.rest(for_s) + slip.END)
        for frame in frames:
            if frame.startswith(begins):
                raise Deviation(Verdict.VIOLATES, f"got {_shown(frame)}, expected no answer")

    def _see_time(self, seconds: float) -> None:
        took = max(0.0, self._wire.came_at - self._wire.sent_at)
        if took < seconds:
            raise Deviation(
                Verdict.VIOLATES, f"the answer took {took:.3f} s, expected {seconds:.3f} at least"
            )

    def _see_the_end(self) -> None:
        rest = self._wire.rest(QUIET_S)
        if rest.strip(slip.END):
            raise Deviation(Verdict.VIOLATES, f"and then this came: {_shown(rest)}")

    def _see_dead(self) -> None:
        if answers(self._wire):
            raise Deviation(Verdict.VIOLATES, "the loader goes on, and should be dead")

    def _see_banner(self, text: str) -> None:
        used = self._port.baud
        self._port.baud = silence.BOOT_BAUD
        try:
            self._wire.forget()
            self._bench.restart()
            said = self._wire.rest(BOOT_S)
        finally:
            self._port.baud = used
        if text.encode() not in said:
            verdict = Verdict.VIOLATES if said else Verdict.NO_ANSWER
            raise Deviation(verdict, f"it says {said[:200]!r}, expected {text!r} in it")

    def _see_flash(self, step: steps.Holds) -> None:
        wanted = bytes.fromhex(step.hex)
        found = self._bench.holds(step.at, len(wanted)) if wanted else b""
        if found != wanted:
            at = next(index for index, byte in enumerate(wanted) if found[index] != byte)
            raise Deviation(
                Verdict.VIOLATES,
                f"the flash holds {_shown(found[at : at + 16])} 0x{step.at + at:x} bytes into the scratch"
                f" area, expected {_shown(wanted[at : at + 16])}",
            )
        differing = self._bench.differing(kept=step.kept, blank=step.blank)
        if differing:
            sectors = ", ".join(map(str, differing))
            raise Deviation(
                Verdict.VIOLATES,
                f"sectors of the scratch area that are not erased, or not kept, as they should be: {sectors}",
            )

    def _compare(self, relation: Relation) -> None:
        if not RELATIONS[relation](self._frames):
            raise Deviation(Verdict.VIOLATES, f"this is not so: {relation.value}")


def answers(wire: Wire) -> bool:
    """Tell whether anything answers SYNC there."""
    return answer_to_sync(wire) is not None


def answer_to_sync(wire: Wire) -> bytes | None:
    """Return the first answer to SYNC, as it came; None if there is none."""
    packet = REQUEST.build(Request(Command.SYNC, 0, SYNC_BODY.build(Sync(SYNC_MAGIC))))
    for _ in range(SYNCS):
        wire.write(slip.encode(packet), "SYNC")
        deadline = wire.sent_at + SYNC_S
        while (frame := wire.frame(deadline)) is not None:
            if frame[:2] == bytes((1, Command.SYNC)):
                wire.rest(QUIET_S)
                return frame
    wire.rest(QUIET_S)
    return None


def is_of_stub(answer: bytes) -> bool:
    """Tell whether an answer to SYNC is a stub's: its value is 0 (COMMON-2)."""
    try:
        return RESPONSE.parse(answer).value == 0
    except MalformedPacket:
        return False


def _shown(data: bytes) -> str:
    more = f" and {len(data) - SHOWN} bytes more" if len(data) > SHOWN else ""
    return (data[:SHOWN].hex(" ", 4) or "nothing") + more


def _packets(frames: list[bytes], command: Command) -> int:
    """Return where the last answer to a command stands among frames."""
    for index in reversed(range(len(frames))):
        with_header = frames[index][:2] == bytes((1, command))
        if with_header:
            return index
    raise Deviation(Verdict.VIOLATES, f"there is no answer to {command.name}")


def _last_is_digest(frames: list[bytes]) -> bool:
    data = frames[_packets(frames, Command.READ_FLASH) + 1 : -1]
    return frames[-1] == md5(b"".join(data)).digest()


def _digests_agree(frames: list[bytes]) -> bool:
    return RESPONSE.parse(frames[0]).body[: own.DIGEST_SIZE] == frames[-1]


def _tail_of_first(frames: list[bytes]) -> bool:
    return frames[-2] == frames[1][3:8]


def _one_failed(frames: list[bytes]) -> bool:
    return any(frame[-2] for frame in frames[-2:])


def _unequal_values(frames: list[bytes]) -> bool:
    first, second = (RESPONSE.parse(frame).value for frame in frames[-2:])
    return first != second


def _stream_is_whole(frames: list[bytes]) -> bool:
    """The frames after the answer to STREAM: their CRCs, what they unpack to, and the digest of it."""
    content = b""
    for packet in frames[_packets(frames, Command.STREAM) + 1 :]:
        found = own.stream_frame(packet)
        if found is None:
            return False
        frame, crc = found
        size = own.DIGEST_SIZE if frame.kind is own.Kind.DIGEST else frame.size
        plain = own.unpack(frame.kind, frame.payload, size)
        meant = frame.payload if frame.kind in (own.Kind.DIGEST, own.Kind.REPEAT) else plain
        if crc != crc32(own.STREAM_FRAME.build(frame)[:9] + meant):
            return False
        if frame.kind is own.Kind.DIGEST:
            return frame.payload == md5(content).digest()
        content += plain
    return False


def _guarded(holds: Callable[[list[bytes]], bool]) -> Callable[[list[bytes]], bool]:
    """Frames that do not parse stand in no relation."""

    def checked(frames: list[bytes]) -> bool:
        try:
            return holds(frames)
        except (EspromError, IndexError, ValueError):
            return False

    return checked


RELATIONS: dict[Relation, Callable[[list[bytes]], bool]] = {
    Relation.LAST_IS_DIGEST: _guarded(_last_is_digest),
    Relation.DIGESTS_AGREE: _guarded(_digests_agree),
    Relation.TAIL_OF_FIRST: _guarded(_tail_of_first),
    Relation.ONE_FAILED: _guarded(_one_failed),
    Relation.UNEQUAL_VALUES: _guarded(_unequal_values),
    Relation.STREAM_IS_WHOLE: _guarded(_stream_is_whole),
}

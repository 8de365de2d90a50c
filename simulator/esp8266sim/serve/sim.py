# SPDX-License-Identifier: Apache-2.0
"""`sim://PROFILE?...`: a board in this process behind pyserial's interface, single-threaded.

One rule: reading runs the board. `read` advances virtual time until the bytes are there or `timeout` seconds
of virtual time have passed; nothing sleeps, and the same calls give the same result every time. The
object's `clock` is the board's time, for clients that measure.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from esp8266sim.board import Board, Wiring
from esp8266sim.bridges import BRIDGES
from esp8266sim.chips import CHIPS
from esp8266sim.clock import MS, SECOND
from esp8266sim.demo import firmware
from esp8266sim.faults import Fault
from esp8266sim.profiles import PROFILES
from esp8266sim.serve.flashfile import FlashFile

T = TypeVar("T")

OPTIONS = ("flash", "chip", "bridge", "latency_ms", "crystal", "wiring", "fault", "rom", "cpi")
CRYSTALS = {"26": 26_000_000, "40": 40_000_000}  # by their megahertz


class VirtualClock:
    """A board's time, in seconds."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def now(self) -> float:
        """Return the seconds since the board was made."""
        return self._board.clock.now / SECOND

    def sleep(self, seconds: float) -> None:
        """Let the board run for `seconds`."""
        clock = self._board.clock
        clock.advance(clock.now + round(seconds * SECOND))


class Serial:
    """A pyserial-like port with a virtual board on it.

    Args:
        url: `sim://PROFILE?flash=FILE&chip=NAME&bridge=NAME&latency_ms=N&crystal=26|40&wiring=auto|jumper`
            and `&fault=NAME,NAME&rom=FILE&cpi=1.5`, or None with `board`.
        baudrate: the host side's, in bits per second.
        timeout: of `read`, in seconds of virtual time; None waits until the board has nothing more to do.
        board: an existing board to attach to.

    Raises:
        ValueError: the URL names what is not there.
        OSError: the flash file cannot be used.
    """

    def __init__(
        self,
        url: str | None = None,
        baudrate: int = 115200,
        timeout: float | None = None,
        *,
        board: Board | None = None,
    ) -> None:
        self._kept: FlashFile | None = None
        if board is None:
            if url is None:
                raise ValueError("a sim:// URL or a board is needed")
            board, self._kept = open_board(url)
        self.board = board
        self.clock = VirtualClock(board)
        self.port = self.name = url or f"sim://{board.profile.name}"
        self.timeout = timeout
        self.is_open = True
        self._dtr = self._rts = False
        self.baudrate = baudrate

    @property
    def baudrate(self) -> int:
        """The host side's baud rate."""
        return self.board.bridge.baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        if baud <= 0:
            raise ValueError(f"baud rate {baud} is not positive")
        self.board.bridge.baud = baud

    @property
    def dtr(self) -> bool:
        """Whether DTR is asserted."""
        return self._dtr

    @dtr.setter
    def dtr(self, asserted: bool) -> None:
        self._dtr = bool(asserted)
        self.board.set_lines(dtr=self._dtr, rts=self._rts)

    @property
    def rts(self) -> bool:
        """Whether RTS is asserted."""
        return self._rts

    @rts.setter
    def rts(self, asserted: bool) -> None:
        self._rts = bool(asserted)
        self.board.set_lines(dtr=self._dtr, rts=self._rts)

    @property
    def in_waiting(self) -> int:
        """How many bytes can be read at once."""
        return len(self.board.bridge.delivered)

    def read(self, size: int = 1) -> bytes:
        """Return `size` bytes, or what has come when `timeout` is over."""
        bridge = self.board.bridge
        if len(bridge.delivered) < size:
            bridge.wanted = size
            try:
                self._run_until(size)
            finally:
                bridge.wanted = 1
        ready = bridge.delivered
        data = bytes(ready[:size])
        del ready[:size]
        return data

    def _run_until(self, size: int) -> None:
        clock, ready = self.board.clock, self.board.bridge.delivered
        deadline = None if self.timeout is None else clock.now + round(self.timeout * SECOND)
        while clock.step(deadline):
            if len(ready) >= size:
                return
        if deadline is not None:
            clock.advance(deadline)

    def write(self, data: bytes) -> int:
        """Put `data` on the line; it goes out as the board runs."""
        self.board.bridge.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Run the board until everything written has left."""
        self.board.clock.advance(self.board.bridge.flushed_at())

    def reset_input_buffer(self) -> None:
        """Forget what was received and not read."""
        self.board.bridge.discard()

    def reset_output_buffer(self) -> None:
        """Nothing waits on the host's side: what was written is on its way."""

    def close(self) -> None:
        """Let go of the board; a flash file is written out."""
        if self.is_open:
            self.is_open = False
            if self._kept is not None:
                self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_board(url: str) -> tuple[Board, FlashFile | None]:
    """Return the board that a sim:// URL describes, and the flash file if it names one; close that.

    Raises:
        ValueError: the URL names what is not there.
        OSError: the flash file cannot be used.
    """
    parts = urlsplit(url)
    if parts.scheme != "sim":
        raise ValueError(f"{url}: a virtual board's URL begins with sim://")
    options = _options(url, parts.query)
    profile = named("board", parts.netloc, PROFILES)
    if "bridge" in options:
        profile = replace(profile, bridge=named("bridge", options["bridge"], BRIDGES))
    if "crystal" in options:
        profile = replace(profile, crystal_hz=named("crystal", options["crystal"], CRYSTALS))
    chip = named("flash chip", options["chip"], CHIPS) if "chip" in options else None
    size, mode = (chip or profile.flash).size, profile.header_mode
    wiring = named("wiring", options.get("wiring", "auto"), {kind.value: kind for kind in Wiring})
    latency_ps = _latency_ps(options["latency_ms"]) if "latency_ms" in options else profile.bridge.latency_ps
    kept = None
    if "flash" in options:
        kept = FlashFile(Path(options["flash"]), size, lambda: firmware(size, mode=mode))
    content = bytearray(firmware(size, mode=mode)) if kept is None else kept
    names = options["fault"].split(",") if "fault" in options else []
    faults = [named("fault", name, {fault.value: fault for fault in Fault}) for name in names]
    rom = Path(options["rom"]).read_bytes() if "rom" in options else None
    board = Board(
        profile, content, chip=chip, wiring=wiring, faults=faults, rom=rom, cpi=_cpi(options.get("cpi", "1"))
    )
    board.bridge.latency_ps = latency_ps
    return board, kept


def _options(url: str, query: str) -> dict[str, str]:
    try:
        found = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as exc:
        raise ValueError(f"{url}: {exc}") from exc
    unknown = sorted(set(found) - set(OPTIONS))
    if unknown:
        raise ValueError(f"{url}: unknown option {', '.join(unknown)}; there are {', '.join(OPTIONS)}")
    return {name: values[-1] for name, values in found.items()}


def _latency_ps(milliseconds: str) -> int:
    try:
        latency_ps = round(float(milliseconds) * MS)
    except (ValueError, OverflowError):
        latency_ps = -1
    if latency_ps < 0:
        raise ValueError(f"latency_ms is a number of milliseconds, not {milliseconds!r}")
    return latency_ps


def _cpi(cycles: str) -> float:
    try:
        found = float(cycles)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 10:
        raise ValueError(f"cpi is how many cycles a cycle counts for, 1 to 10, not {cycles!r}")
    return found


def named(what: str, name: str, known: Mapping[str, T]) -> T:
    """Return what has this name. Raises ValueError, with the names there are."""
    if name not in known:
        raise ValueError(f"there is no {what} {name!r}; there are {', '.join(sorted(known))}")
    return known[name]

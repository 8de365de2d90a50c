# SPDX-License-Identifier: Apache-2.0
"""A board that is served from a thread of this process: for tests of programs that talk to a chip.

One rule: the board belongs to the thread that serves it. Whoever wants to look at it, or act on it, has that
thread do it between two of its steps, by `ask`.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

from esp8266sim.board import Board
from esp8266sim.serve.server import Server

T = TypeVar("T")
LOOK_S = 0.02  # how often the thread looks for questions while no client acts
END_S = 20.0


class ServedBoard:
    """A virtual board that `server` serves on this computer until `close`, which closes that too."""

    def __init__(self, server: Server) -> None:
        self.board = server.board  # to be looked at while no client acts, or by `ask`
        self._server = server
        self.urls = {address.kind: address.url for address in server.addresses}
        self._over = threading.Event()
        self._questions: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="virtual board", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where pyserial, and what uses it, finds the board: the bare socket, or else the first of `urls`."""
        return self.urls.get("tcp") or next(iter(self.urls.values()))

    def ask(self, question: Callable[[Board], T]) -> T:
        """Have the board's thread call `question` with the board; return or raise what that does."""
        answer: Future[T] = Future()
        self._questions.put((lambda: question(self.board), answer))
        return answer.result(END_S)

    @property
    def flash(self) -> bytes:
        """What the flash holds. Setting it replaces all of it; a shorter content is followed by 0xFF."""
        return self.ask(lambda board: bytes(board.flash.array[:]))

    @flash.setter
    def flash(self, content: bytes) -> None:
        def fill(board: Board) -> None:
            if len(content) > len(board.flash.array):
                raise ValueError(
                    f"{len(content)} bytes are more than the flash has: {len(board.flash.array)}"
                )
            board.flash.array[:] = content.ljust(len(board.flash.array), b"\xff")

        self.ask(fill)

    @property
    def misdeeds(self) -> list[str]:
        """What the board's script has done to frames so far, a line for each."""
        line = self._server.line
        return [] if line is None else self.ask(lambda board: list(line.done))

    @property
    def jumper(self) -> bool:
        """Whether GPIO0 is tied to ground; the chip looks at its next reset."""
        return self.ask(lambda board: board.jumper)

    @jumper.setter
    def jumper(self, in_place: bool) -> None:
        self.ask(lambda board: setattr(board, "jumper", in_place))

    def power_cycle(self) -> None:
        """Take the supply away and give it back."""
        self.ask(lambda board: board.power_cycle())

    def press_reset(self) -> None:
        """Press the reset button."""
        self.ask(lambda board: board.press_reset())

    def close(self) -> None:
        """End it. Raises what made the serving thread fail, if that is why it ended."""
        self._over.set()
        self._thread.join(END_S)
        self._server.close()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._server.step(LOOK_S)
                while not self._questions.empty():
                    self._answer(*self._questions.get())
        except BaseException as failure:
            self._failure = failure

    def _answer(self, question: Callable[[], Any], answer: "Future[Any]") -> None:
        try:
            answer.set_result(question())
        except Exception as failure:
            answer.set_exception(failure)

# SPDX-License-Identifier: Apache-2.0
"""The only I/O of the host: what a port is, what a clock is, and how a port is opened.

Everything above waits in `Port.read` and `Clock.sleep` and nowhere else. The clock belongs to the
port, because the time of a virtual board is not the wall's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

DEFAULT_BAUD = 115200


class Clock(Protocol):
    """Seconds, monotonic."""

    def now(self) -> float:
        """Return the time since some moment in the past."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class Port(Protocol):
    """A serial line to one board. Every method raises PortError if the line is gone."""

    @property
    def name(self) -> str:
        """As the user named it."""

    @property
    def clock(self) -> Clock:
        """The time that the other end lives in."""

    @property
    def has_modem_lines(self) -> bool:
        """Whether DTR and RTS reach somewhere."""

    @property
    def baud(self) -> int:
        """The rate of the line."""

    @baud.setter
    def baud(self, baud: int) -> None: ...

    def read(self, timeout_s: float, at_least: int = 1) -> bytes:
        """Return what has arrived; nothing if nothing came in time.

        Args:
            timeout_s: how long to wait for the first byte.
            at_least: a hint: so many bytes are certain to come, so there is no use in waking up for
                less. Fewer are returned if there is a pause among them.
        """

    def write(self, data: bytes) -> None:
        """Send `data`, all of it."""

    def set_lines(self, *, dtr: bool, rts: bool) -> None:
        """Set both lines, as far as possible at once. True is asserted, which is electrically low."""

    def discard_input(self) -> None:
        """Forget what has arrived and was not read."""

    def reopen(self) -> None:
        """Open the line anew, at the same rate, after it was gone: an adapter that was pulled and put back.

        Raises PortError while it is not there.
        """

    def close(self) -> None:
        """Let go of the line. Never raises."""


_between: ContextVar["Callable[[Port], Port] | None"] = ContextVar("between", default=None)


@contextmanager
def standing_between(wrap: Callable[[Port], Port]) -> Iterator[None]:
    """Put something between every port that is opened meanwhile and whoever opens it: a recorder.

    What stood there before stays, nearer to the port.
    """
    other = _between.get()
    before = _between.set(wrap if other is None else lambda port: wrap(other(port)))
    try:
        yield
    finally:
        _between.reset(before)


def open_port(url: str, baud: int = DEFAULT_BAUD) -> Port:
    """Open a device, any pyserial URL, or `sim://PROFILE` for a virtual board.

    Raises:
        PortError: it cannot be opened; the message says why and what to do.
    """
    from esprom.port.opening import open_port as opened

    port, wrap = opened(url, baud), _between.get()
    return port if wrap is None else wrap(port)

# SPDX-License-Identifier: Apache-2.0
"""Into the loader without reset lines: by a person at the board, or a relay in its supply.

A loader that still runs is looked for first, also at other rates: the mask ROM measures the rate once
after each reset (ROM-2), so one that another program has left answers only at the rate that it was left at.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from esprom.errors import NoResponse, PortError, ProtocolError
from esprom.loader.restart import restart
from esprom.loader.session import KEPT, Session
from esprom.loader.stub import Answering, who_answers
from esprom.port import Port, silence

ASK = "Hold GPIO0 to GND and power the board again now"
LIKELY_BAUDS = (115200, 460800, 921600, 230400, 2_000_000, 1_500_000, 74880, 9600)
PAUSE_S = 0.1
TRIES = 2  # SYNCs in a row: the first one after a reset only tells the rate

log = logging.getLogger("esprom.loader")

AskCallback = Callable[[str], None]


class Hand:
    """Who can power the board with GPIO0 at ground.

    Args:
        wait_s: how long to wait for that; 0 if nobody is there.
        ask: is given the sentence that asks for it. What it raises ends the attempt.
    """

    def __init__(self, wait_s: float = 0.0, ask: AskCallback | None = None) -> None:
        self.wait_s = wait_s
        self.asked = False
        self._ask = ask

    def ask(self) -> None:
        """Ask."""
        self.asked = True
        if self._ask is not None:
            self._ask(ASK)


def find_running(session: Session) -> int:
    """Return the answer to SYNC of a loader that runs, at any likely rate; the port keeps the one found.

    Raises:
        NoResponse: there is none; the port has the rate that it had.
    """
    port = session.port
    try:
        return session.synchronise()
    except NoResponse as exc:
        found = _at_other_rates(session)
        if found is None:
            raise exc
    log.warning("the loader that runs was left at %d baud, which is used now", port.baud)
    return found


def _at_other_rates(session: Session) -> int | None:
    port = session.port
    used = port.baud
    for baud in LIKELY_BAUDS:
        if baud == used:
            continue
        with suppress(NoResponse, PortError):  # not every adapter can do every rate
            port.baud = baud
            return session.synchronise(TRIES)
    port.baud = used
    return None


def wait_for_loader(session: Session, hand: Hand) -> None:
    """Ask, and send SYNC until a mask ROM's loader answers.

    Raises:
        NoResponse: the time is over; the message says what came instead.
        ProtocolError: the time is over, and what answers is still no mask ROM.
        PortError: the time is over, and the port has not come back since it was unplugged.
    """
    port = session.port
    hand.ask()
    received = b""
    stub: ProtocolError | None = None
    deadline = port.clock.now() + hand.wait_s
    while port.clock.now() < deadline:
        try:
            return sync(session, TRIES)
        except NoResponse as exc:
            received = (received + exc.received)[-KEPT:]
            stub = None
        except ProtocolError as exc:  # still what ran before; no power cycle yet
            stub = exc
            _pause(port, deadline)
        except PortError as exc:
            # The adapter was unplugged too: boards with a USB socket have no other supply.
            log.info("%s", exc)
            _pause(port, deadline)
            _open_again(port, deadline)
    if stub is not None:
        raise stub
    raise NoResponse(
        f"the chip did not answer within {hand.wait_s:g} s: {silence.explain(received, port.baud)}",
        asked="SYNC",
        waited_s=hand.wait_s,
        received=received,
        cause=silence.judge(received, port.baud).value,
    )


def _open_again(port: Port, deadline: float) -> None:
    """Wait for the port to come back. Raises PortError if the time is over before."""
    while True:
        try:
            return port.reopen()
        except PortError:
            if port.clock.now() >= deadline:
                raise
            _pause(port, deadline)


def _pause(port: Port, deadline: float) -> None:
    port.clock.sleep(min(PAUSE_S, max(0.0, deadline - port.clock.now())))


def sync(session: Session, attempts: int) -> None:
    """Send SYNC until a mask ROM answers, or our stub. Raises as `settle`."""
    settle(session, session.synchronise(attempts))


def settle(session: Session, value: int) -> None:
    """Go on with who answered SYNC with `value`; leave a stub of another tool. Raises as `leave_other`."""
    if value == 0 and who_answers(session) is not Answering.OURS:
        leave_other(session)


def leave_other(session: Session) -> None:
    """Bring the chip back into its ROM's loader from the stub of another tool.

    Raises:
        ProtocolError: the stub goes on.
        NoResponse: nothing answers any more.
    """
    log.warning("the stub loader of another tool runs; the chip goes back into its ROM's loader")
    restart(session)
    if session.synchronise() == 0:
        raise ProtocolError(
            "a program that another tool left in the chip's RAM (a stub loader) answers, not the ROM;"
            " reset the chip with GPIO0 at ground, or use --before default-reset"
        )


def without_lines(session: Session, hand: Hand) -> None:
    """Make a loader answer on a port whose lines, if it has any, do not reset the chip.

    Raises:
        NoResponse: nothing or something else came; the message says what that means.
        ProtocolError: what answers is no mask ROM.
    """
    used = session.port.baud
    try:
        return settle(session, find_running(session))
    except (NoResponse, ProtocolError) as exc:
        if hand.wait_s <= 0:
            if isinstance(exc, NoResponse):
                exc.add_note("--wait 60 gives you the time to power the board again with GPIO0 at ground")
            raise
        log.info("no loader runs: %s", exc)
        session.port.baud = used  # a stub may have been found at another rate; the ROM will take this one
    wait_for_loader(session, hand)

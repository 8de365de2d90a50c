# SPDX-License-Identifier: Apache-2.0
"""Which rate the line carries: the highest that does, and the next lower one when it does not any more.

A change is a trial (STUB-15): whatever gets lost, both ends are at the same rate when it is over.
"""

import logging
from contextlib import suppress

from esprom.errors import CommandFailed, NoResponse, PortError, ProtocolError
from esprom.loader.once import ask_once
from esprom.loader.session import BITS_PER_BYTE, Session
from esprom.protocol import own
from esprom.protocol.packets import Command

RATES = (2_000_000, 1_500_000, 921_600, 460_800, 230_400, 115_200)
TRIAL_S = 0.8  # several times what an adapter and its driver take to change their own rate
SETTLE_S = 0.005  # that the stub takes to change its rate, after its answer has left
QUICK_S = 0.2  # that a short answer takes, beyond the line's time
ATTEMPTS = 3  # at a lower rate: the line that carries the command is bad

# Every byte, what SLIP escapes, and long runs of each level.
PATTERN = bytes(range(256)) + b"\xc0\xdb" * 32 + b"\x00" * 32 + b"\xff" * 32
SHORT, LONG = PATTERN[:64], PATTERN * 8
LONG_ONES = 4

log = logging.getLogger("esprom.loader")


def carries(session: Session, pattern: bytes, times: int, timeout_s: float | None = None) -> bool:
    """Tell whether `pattern` comes back from the stub as it was sent, each time."""
    if timeout_s is not None:
        timeout_s += session.line_time(len(pattern))  # that of the request is added to it anyway
    with suppress(NoResponse, ProtocolError, CommandFailed):
        return all(
            ask_once(session, Command.ECHO, own.Pattern(pattern), timeout_s).data == pattern
            for _ in range(times)
        )
    return False


def highest(session: Session) -> None:
    """Go to the highest rate that carries everything, from one that does."""
    used = session.port.baud
    for baud in RATES:
        if baud <= used:
            return
        if change(session, baud):
            if carries(session, LONG, LONG_ONES):
                log.info("the line carries %d baud", baud)
                return
            log.info("the line carries %d baud badly", baud)
            go_back(session, used)


def lower(session: Session) -> bool:
    """Go to the next lower rate that works. False: there is none, or nothing answers there either."""
    used = session.port.baud
    for baud in RATES:
        if baud >= used:
            continue
        for _ in range(ATTEMPTS):
            if change(session, baud):
                log.warning("the line is bad at %d baud, going on at %d", used, baud)
                return True
    return False


def change(session: Session, baud: int, pattern: bytes = SHORT, times: int = 3) -> bool:
    """Try a rate; stay if `pattern` comes back, else both ends are where they were before.

    No error tells of a line that fails: that is what is tried.
    """
    port = session.port
    used = port.baud
    trial_s = TRIAL_S + 2 * times * len(pattern) * BITS_PER_BYTE / baud
    _tell(session, own.TryBaudrate(baud, used, round(trial_s * 1000)))
    over = port.clock.now() + trial_s
    confirmed = False
    try:
        port.baud = baud  # whatever was answered: the answer alone may be lost
        port.clock.sleep(SETTLE_S)
        if carries(session, pattern, times, QUICK_S):
            confirmed = True
            for _ in range(ATTEMPTS):
                if _tell(session, own.TryBaudrate(baud, baud, 0)):
                    return True
    except PortError as exc:  # not every adapter can do every rate
        log.info("%s", exc)
    port.baud = used
    port.clock.sleep(max(0.0, over - port.clock.now()) + SETTLE_S)
    port.discard_input()
    if confirmed and not carries(session, SHORT, 1, QUICK_S):
        port.baud = baud  # a confirmation was heard there, and none of the answers to them here
        port.clock.sleep(SETTLE_S)
        return carries(session, SHORT, 1, QUICK_S)
    return False


def _tell(session: Session, body: own.TryBaudrate) -> bool:
    with suppress(NoResponse, ProtocolError, CommandFailed):
        ask_once(session, Command.TRY_BAUDRATE, body, QUICK_S)
        return True
    return False


def go_back(session: Session, baud: int) -> None:
    """Go to a rate that has worked. Raises ProtocolError if it does not any more."""
    for _ in range(ATTEMPTS):
        if session.port.baud == baud or change(session, baud):
            return
    raise ProtocolError(f"the stub loader does not come back to {baud} baud")

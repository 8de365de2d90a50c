# SPDX-License-Identifier: Apache-2.0
"""Reading much, by READ_REGs in pipelined groups, over a line that may lose or damage something.

One rule: a group of READ_REGs stands between two WRITE_REGs, and counts when both have been answered.
Answers carry no number, so after a lost one the rest of a long row of READ_REG answers would silently
move up; the WRITE_REG's answer, coming early, or not where it should, shows it. (Only 17 lost in a row, a
whole group, look like none.) Whatever goes wrong, the work goes on from the last whole group, a bounded
number of times.

The hole that no retry closes: READ_REG has no checksum, so a request that was damaged on its way to the
chip may read another word, which its answer does not tell. `short` sends READ_REGs without the bytes that
the ROM's packet buffer holds from the request before, 11 bytes on the wire for 14; in them a lost byte is
worse (the rest is made up for from the request before: one lost byte at each of 600 places of a reading gave
wrong data in silence 311 times, with whole frames 82 times), in whole frames a flipped bit is (100 times, in
short ones 46). So neither is proof of anything, and only a reading that is compared with a second one, made
of whole frames in another order, may be short (PROTO-8). What writes is always sent whole, so that damage to
one frame cannot turn the next into a write elsewhere.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from esprom.errors import CommandFailed, NoResponse, ProtocolError
from esprom.loader.session import Prepared, Session, prepare, shortened
from esprom.protocol.packets import Command, WriteReg

T = TypeVar("T")

LINE_TROUBLE = (NoResponse, ProtocolError, CommandFailed)  # a damaged request is refused by the loader
MARK = prepare(Command.WRITE_REG, WriteReg(()))  # writes nothing; only its answer is wanted
RETRIES = 5  # in a row, without a single group in between

log = logging.getLogger("esprom.loader")


def gather(
    session: Session,
    items: Sequence[T],
    group: Callable[[T], tuple[Prepared, ...]],
    set_up: Callable[[], None],
    *,
    short: bool = False,
) -> Iterator[list[int]]:
    """Yield, for each of `items` in order, the words that the READ_REGs of its group have read.

    Args:
        session: the conversation.
        items: what is to be read.
        group: gives an item's requests: a WRITE_REG, then READ_REGs.
        set_up: is called first, and again after every failure: the chip may have lost its state.
        short: shorten READ_REGs, until anything has gone wrong in this conversation; see above.

    Raises:
        NoResponse, ProtocolError, CommandFailed: RETRIES attempts in a row got nowhere.
    """
    done = failures = 0
    while done < len(items):
        try:
            set_up()
            form = _short(group) if short and session.may_shorten else group
            for words in _run(session, items, done, form):
                yield words
                done += 1
                failures = 0
        except LINE_TROUBLE as exc:
            failures += 1
            session.may_shorten = False
            log.info("reading stopped at %d of %d groups: %s", done, len(items), exc)
            if failures > RETRIES:
                raise


def _short(group: Callable[[T], tuple[Prepared, ...]]) -> Callable[[T], tuple[Prepared, ...]]:
    """Return `group` with its READ_REGs shortened."""

    def short_group(item: T) -> tuple[Prepared, ...]:
        whole = group(item)
        pairs = zip(whole[1:], whole, strict=False)
        return (whole[0], *(shortened(request, before.packet) for request, before in pairs))

    return short_group


def _run(
    session: Session, items: Sequence[T], first: int, group: Callable[[T], tuple[Prepared, ...]]
) -> Iterator[list[int]]:
    groups = [group(items[first])]  # a queue of those that are asked and not yet read: a few at most

    def requests() -> Iterator[tuple[Prepared, ...]]:
        yield groups[0]
        for index in range(first + 1, len(items)):
            groups.append(group(items[index]))
            yield groups[-1]
        yield (MARK,)

    answers = session.pipeline(chain.from_iterable(requests()))
    next(answers)
    for _ in range(first, len(items)):
        words = [next(answers).value for _ in groups.pop(0)[1:]]
        next(answers)  # the next group's WRITE_REG: none is missing
        yield words

# SPDX-License-Identifier: Apache-2.0
"""From an open port to a loader that answers, and to the chip behind it.

Nothing here sleeps to let a line calm down: the answers that come too many (the ROM sends eight to one
SYNC) arrive before the answer to the next question, and are dropped there.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from itertools import count

from esprom import chip
from esprom.errors import NoResponse, PortError, ProtocolError
from esprom.loader import by_hand
from esprom.loader.by_hand import Hand
from esprom.loader.rom import RomLoader
from esprom.loader.session import KEPT, SYNC_ATTEMPTS, Session
from esprom.loader.stub import Answering, who_answers
from esprom.port import DEFAULT_BAUD, Port, reset, silence
from esprom.port.reset import Resets
from esprom.protocol.packets import RegisterWrite

ROM_WORD = 0x40001000  # an instruction of the mask ROM that no other ESP chip has there
ROM_WORD_VALUE = 0xFFF0C101
UART_CLKDIV = 0x60000014
CLKDIV_MASK = 0xFFFFF
EFUSE = 0x3FF00050  # the first of four words
CYCLES_PER_US = 0x3FFFC704  # a word of the ROM's, by which it delays

DELAYS, DELAY_US = 4, 50_000  # with the two crystals 0.1 s apart, which is more than adapters hold bytes back

AGREEMENT_ATTEMPTS = 8  # readings of what the chip is, until two in a row are the same
LISTEN_S = 0.5  # for the boot log, in the search for a reason

log = logging.getLogger("esprom.loader")


def reach_rom(
    port: Port,
    before: str,
    hand: Hand | None = None,
    first_baud: int | None = None,
    resets: Resets = reset.USUAL,
) -> RomLoader:
    """Reset the chip if `before` says so and make its loader answer; ask `hand` if nothing else helps.

    After the first reset `first_baud` is tried, where it is given: the ROM takes any rate, once.
    What answers may also be our stub, from a session before this one.

    Raises:
        NoResponse: nothing or something else came; the message says what that means.
        ProtocolError: what answers is not the ESP8266's mask ROM.
    """
    session = Session(port)
    hand = hand or Hand()
    if before == "default-reset" and port.has_modem_lines:
        _reset_and_sync(session, hand, first_baud or port.baud, resets)
    elif before != "no-reset-no-sync":
        by_hand.without_lines(session, hand)
    elif (answering := who_answers(session)) is Answering.OTHER:  # no SYNC has told that
        by_hand.leave_other(session)
    else:
        session.with_stub = answering is Answering.OURS
    rom = RomLoader(session)
    found = rom.read_reg(ROM_WORD)
    if found != ROM_WORD_VALUE:
        raise ProtocolError(
            f"this is not an ESP8266: its ROM has 0x{found:08x} at 0x{ROM_WORD:x}; esprom knows no other chip"
        )
    return rom


def identify(rom: RomLoader) -> chip.ChipInfo:
    """Read what the chip says of itself.

    Raises:
        ProtocolError: it says something else each time.
    """
    word0, word1, word2, word3, divisor = _agreed(rom)
    possible = chip.crystals_mhz(rom.session.port.baud, divisor)
    crystal_mhz = possible[0] if len(possible) == 1 else _timed_crystal(rom)
    return chip.describe((word0, word1, word2, word3), crystal_mhz)


def _timed_crystal(rom: RomLoader) -> int:
    """Return the crystal by how long a delay of the ROM's takes: that does not depend on the line's rate.

    Where it cannot be timed, as on a virtual board at --pace max, it is the one that all but few boards have,
    and a warning says so.
    """
    asked_s = DELAYS * DELAY_US / 1e6
    took_s = _delayed(rom, DELAY_US) - _delayed(rom, 0)  # the way there and back takes its time, too
    found = chip.crystal_of_delay_mhz(asked_s, took_s)
    if found is None:
        usual = chip.CRYSTALS_MHZ[0]
        baud = rom.session.port.baud
        log.warning("the crystal cannot be told at %d baud, and is taken for the usual %d MHz", baud, usual)
        return usual
    return found


def _delayed(rom: RomLoader, delay_us: int) -> float:
    """Return the seconds until DELAYS writes are answered, each of which waits and changes nothing."""
    clock = rom.session.port.clock
    began = clock.now()
    rom.write_regs((RegisterWrite(CYCLES_PER_US, 0, 0, delay_us),) * DELAYS)
    return clock.now() - began


def _agreed(rom: RomLoader) -> list[int]:
    """Return eFuses and divisor as two readings in a row have them: no checksum tells of a damaged answer."""
    before: list[int] = []
    for _ in range(AGREEMENT_ATTEMPTS):
        (words,) = rom.read_words(EFUSE, 4)
        found = [*words, rom.read_reg(UART_CLKDIV) & CLKDIV_MASK]
        if found == before:
            return found
        before = found
    raise ProtocolError(
        "the chip says something else each time it is asked what it is: a bad connection or a weak supply;"
        " try a lower --baud"
    )


def _reset_and_sync(session: Session, hand: Hand, first_baud: int, resets: Resets) -> None:
    port = session.port
    used = port.baud
    received = b""
    heard = False  # anything, be it the boot log at another rate: the lines do something
    for attempt in _attempts(resets):
        if attempt == len(resets.into_loader) and not heard and resets.attempts is None:
            break
        sequence = resets.into_loader[attempt % len(resets.into_loader)]
        port.discard_input()
        reset.play(port, sequence)
        heard = bool(port.read(0.0)) or heard
        port.discard_input()
        _set_baud(port, used if attempt else first_baud, used)
        try:
            return by_hand.sync(session, SYNC_ATTEMPTS)
        except NoResponse as exc:
            log.info("reset %d: %s", attempt + 1, exc)
            received = (received + exc.received)[-KEPT:]
            heard = heard or bool(exc.received)
        except ProtocolError as exc:  # a stub loader, and lines that do not reset it
            log.info("reset %d: %s", attempt + 1, exc)
            break
    _set_baud(port, used, used)
    try:
        by_hand.without_lines(session, hand)
    except NoResponse as exc:
        if hand.asked and exc.received:
            raise
        reason = _too_fast(session, received) if used > DEFAULT_BAUD else None
        reason = reason or _unreachable(port, received)
        for note in getattr(exc, "__notes__", ()):
            reason.add_note(note)
        raise reason from None


def _attempts(resets: Resets) -> Iterable[int]:
    return count() if resets.attempts == 0 else range(resets.attempts or reset.USUAL_ATTEMPTS)


def _set_baud(port: Port, baud: int, otherwise: int) -> None:
    if port.baud != baud:
        try:
            port.baud = baud
        except PortError:  # not every adapter can do every rate
            port.baud = otherwise


def _too_fast(session: Session, received: bytes) -> NoResponse | None:
    """Reset once more at the usual rate; return the error if the chip answers there."""
    port = session.port
    used = port.baud
    try:
        _set_baud(port, DEFAULT_BAUD, used)
        reset.play(port, reset.CLASSIC)
        port.discard_input()
        by_hand.sync(session, SYNC_ATTEMPTS)
    except (NoResponse, ProtocolError):
        return None
    finally:
        _set_baud(port, used, used)
    return NoResponse(
        f"the chip answers at {DEFAULT_BAUD} baud, and not at {used}: the adapter or the wires do not carry"
        " that; --baud auto finds the highest rate that they do",
        asked="SYNC",
        waited_s=0.0,
        received=received,
    )


def _unreachable(port: Port, received: bytes) -> NoResponse:
    """Return the error for a chip that never answered, with the boot log as the reason if there is one."""
    boot_log = _boot_log(port)
    heard, baud = (boot_log, silence.BOOT_BAUD) if silence.restarted(boot_log) else (received, port.baud)
    return NoResponse(
        f"the chip does not answer: {silence.explain(heard, baud)}",
        asked="SYNC",
        waited_s=0.0,
        received=heard,
        cause=silence.judge(heard, baud).value,
    )


def _boot_log(port: Port) -> bytes:
    """Reset once more and listen at the rate of the boot log, if the adapter can do it."""
    used = port.baud
    heard = b""
    with suppress(PortError):
        port.baud = silence.BOOT_BAUD
        reset.play(port, reset.CLASSIC[:-1])
        deadline = port.clock.now() + LISTEN_S
        while (left := deadline - port.clock.now()) > 0:
            heard += port.read(left)
        port.set_lines(dtr=False, rts=False)
        port.baud = used
    return heard

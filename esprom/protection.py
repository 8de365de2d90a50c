# SPDX-License-Identifier: Apache-2.0
"""The flash chip's status registers before a change and after it: block protection, and what the ROM clears.

FLASH_BEGIN clears the chip's status register (block protection, QE); so it is read before and put back after.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from esprom.errors import EspromError, FlashProtected
from esprom.loader.nor import NOT_DRIVEN, WEL, WIP, NorFlash
from esprom.persisting import persist

PUT_BACK_ATTEMPTS = 3

log = logging.getLogger("esprom.operations")


def check_protection(nor: NorFlash, *, unprotect: bool = False) -> None:
    """Raise FlashProtected if the chip's block protection is on, or lift it."""
    nor.attach()
    registers, form = nor.form.significant, nor.form
    status = persist(nor, lambda: read_status(nor))
    if not _protected(nor, status):
        return
    if not unprotect:
        raise FlashProtected(
            f"the flash chip's block protection is on (status 0x{status:0{2 * registers}x}), nothing was"
            " touched; --unprotect lifts it",
            status=status,
        )
    lifted = status & ~(form.protect | form.complement)
    persist(nor, lambda: nor.write_status(lifted, registers, volatile=False))
    left = persist(nor, lambda: read_status(nor))
    if _protected(nor, left):
        raise FlashProtected(
            f"the flash chip's block protection cannot be lifted (status 0x{left:x}): its WP pin is low"
            " or the register is locked",
            status=left,
        )


@contextmanager
def status_kept(nor: NorFlash) -> Iterator[None]:
    """Put the chip's status registers back at the end, if the ROM has changed them."""
    before = persist(nor, lambda: read_status(nor))
    try:
        yield
    except BaseException:
        with suppress(EspromError):  # the first failure is the one to hear about
            _put_back(nor, before)
        raise
    _put_back(nor, before)


def read_status(nor: NorFlash) -> int:
    """Return the status registers that say something, without what only tells that the chip is at work."""
    return nor.read_status(nor.form.significant) & ~(WIP | WEL)


def _put_back(nor: NorFlash, before: int) -> None:
    """Write what differs. Never a lock: what was read may be wrong, and it would be wrong for good."""
    for _ in range(PUT_BACK_ATTEMPTS):
        now = persist(nor, lambda: read_status(nor))
        wanted = before & ~(before & ~now & nor.form.locks)
        if now == wanted:
            break
        log.info("the ROM has changed the flash status from %#x to %#x; putting it back", before, now)
        persist(nor, partial(nor.write_status, wanted, nor.form.significant, volatile=False))
    now = persist(nor, lambda: read_status(nor))
    if now != before:
        log.warning(
            "the flash status was 0x%x and is 0x%x now; bits that lock the chip are not put back by"
            " themselves, write-flash-status does it",
            before,
            now,
        )


def _protected(nor: NorFlash, status: int) -> bool:
    form = nor.form
    if status & form.complement and status >> 8 != NOT_DRIVEN:
        return status & form.protect != form.protect
    return bool(status & form.protect)

# SPDX-License-Identifier: Apache-2.0
"""What may be done twice, done again after trouble on the line."""

import logging
from collections.abc import Callable
from typing import TypeVar

from esprom.loader.gather import LINE_TROUBLE, RETRIES
from esprom.loader.nor import BLOCK_ERASE, NorFlash, StillBusy

T = TypeVar("T")

log = logging.getLogger("esprom.operations")


def persist(nor: NorFlash, job: Callable[[], T], busy_s: float = BLOCK_ERASE.limit_s) -> T:
    """Do what may be done twice, again after trouble on the line, a bounded number of times.

    `busy_s`: for how long the chip may be at it when nobody heard of its beginning.
    """
    failures = 0
    while True:
        try:
            if failures:
                nor.attach_again(busy_s)
            return job()
        except StillBusy:
            raise
        except LINE_TROUBLE as exc:
            failures += 1
            if failures > RETRIES:
                if nor.stub is None or not nor.stub.slow_down():
                    raise
                failures = 1
            log.info("trying again: %s", exc)

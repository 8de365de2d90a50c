# SPDX-License-Identifier: Apache-2.0
"""Pyserial's thread that reads from an RFC2217 server falls over some bytes that none would send.

What has failed is then told like any other silence, by the one line of the command. The traceback of
the thread goes to the log, and those of other threads, which would be bugs of ours, to stderr as ever.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

READER = "pySerial RFC 2217 reader"  # how pyserial's threads are called

log = logging.getLogger("esprom.cli")


@contextmanager
def failures_logged() -> Iterator[None]:
    """Keep the traceback of that thread off the screen."""
    usual = threading.excepthook

    def told(args: threading.ExceptHookArgs) -> None:
        if args.thread is not None and args.thread.name.startswith(READER):
            log.debug("%s ended: %r", args.thread.name, args.exc_value)
        else:
            usual(args)

    threading.excepthook = told
    try:
        yield
    finally:
        threading.excepthook = usual

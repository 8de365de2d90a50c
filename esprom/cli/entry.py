# SPDX-License-Identifier: Apache-2.0
"""What the shell starts: `esprom`, and `python -m esprom`.

Scripts ask for the version again and again, so that it is told before there is a command line.
"""

import sys
from contextlib import suppress

from esprom import __version__

VERSION = f"esprom {__version__}"


def main() -> None:
    """Run this process's command line. Raises SystemExit with the exit code; returns after the version."""
    if sys.argv[1:] == ["version"]:
        with suppress(OSError):  # of a full disk, or a reader that is gone, the command itself tells
            print(VERSION, flush=True)
            return
    from esprom.cli.main import main as run

    run()

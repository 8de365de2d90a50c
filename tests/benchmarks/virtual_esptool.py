# SPDX-License-Identifier: Apache-2.0
"""Runs esptool on a `sim://` board in the board's own time.

    python -m tests.benchmarks.virtual_esptool ARGUMENTS

esptool sleeps by the board's clock then, and the host takes no time. Prints, last, how long all took.
"""

import sys
import time
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import serial

from esp8266sim.serve import protocol_sim, sim

opened: list[sim.Serial] = []


class Remembered(sim.Serial):
    """A board that can be asked for its clock after the port is closed."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        opened.append(self)


def pass_time(seconds: float) -> None:
    """Sleep, in the board's time."""
    if opened:
        opened[-1].clock.sleep(seconds)


def main() -> int:
    """Run it; return its exit code."""
    serial.protocol_handler_packages.append("esp8266sim.serve")
    port = vars(protocol_sim)
    port["sim"] = SimpleNamespace(Serial=Remembered)
    port["time"] = SimpleNamespace(monotonic=lambda: 0.0)
    vars(time)["sleep"] = pass_time
    esptool: Any = import_module("esptool")  # after the patches; the version that PYTHONPATH has

    code = 0
    try:
        esptool._main()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    print(f"\nvirtual seconds: {opened[-1].clock.now():.3f}")
    return code


if __name__ == "__main__":
    sys.exit(main())

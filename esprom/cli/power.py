# SPDX-License-Identifier: Apache-2.0
"""Boards without reset lines: asking a person, or running the command that switches the board's supply."""

from functools import partial

import esprom
from esprom.cli.chain import LAST
from esprom.cli.esptool_lines import parting
from esprom.cli.output import Output, somebody_is_there
from esprom.cli.settings import Settings
from esprom.cli.verbs import ESPTOOLS
from esprom.errors import EspromError

PERSON_S = 60.0
RELAY_S = 10.0
STDERR = 2
RUN = "Take GPIO0 off GND and power-cycle to run the firmware"


def wait_s(settings: Settings) -> float:
    """Return how long to wait for the board to be powered again: nobody is there without a terminal."""
    if settings.wait is not None:
        return settings.wait
    if settings.power_command is not None:
        return RELAY_S
    return PERSON_S if somebody_is_there() else 0.0


def asker(settings: Settings, output: Output) -> "esprom.AskCallback":
    """Return what to do when the board has to be powered again."""
    if settings.power_command is None:
        return output.ask
    return partial(_switch, settings.power_command, output)


def say_goodbye(device: "esprom.Device", output: Output, settings: Settings) -> None:
    """Say how the board was left, and what is left to do, now that the device is closed."""
    if output.command in ESPTOOLS and output.command not in LAST:
        for line in parting(settings.after, reset=device.was_reset):
            output.aside(line)
    if device.needs_power_cycle:
        output.note(RUN)


def _switch(command: str, output: Output, _sentence: str) -> None:
    """Run the user's command line. What it prints goes to stderr, where no result is spoilt."""
    import subprocess  # here, since every command pays for what stands above

    output.note(f"powering the board again: {command}")
    done = subprocess.run(command, shell=True, check=False, stdin=subprocess.DEVNULL, stdout=STDERR)
    if done.returncode:
        raise EspromError(f"the power command failed with exit code {done.returncode}: {command}")

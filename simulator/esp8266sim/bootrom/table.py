# SPDX-License-Identifier: Apache-2.0
"""All functions of the ROM that are modelled."""

from esp8266sim.bootrom import boot
from esp8266sim.bootrom.functions import (
    arithmetic,
    digest,
    exceptions,
    flash,
    memory,
    printf,
    serial,
    system,
)

FUNCTIONS = (
    *boot.FUNCTIONS,
    *arithmetic.FUNCTIONS,
    *digest.FUNCTIONS,
    *exceptions.FUNCTIONS,
    *flash.FUNCTIONS,
    *memory.FUNCTIONS,
    *printf.FUNCTIONS,
    *serial.FUNCTIONS,
    *system.FUNCTIONS,
)

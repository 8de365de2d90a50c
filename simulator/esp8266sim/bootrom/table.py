# SPDX-License-Identifier: Apache-2.0
"""All functions of the ROM that are modelled."""

from esp8266sim.bootrom import boot
from esp8266sim.bootrom.functions import exceptions, flash, serial, system

FUNCTIONS = boot.FUNCTIONS + exceptions.FUNCTIONS + flash.FUNCTIONS + serial.FUNCTIONS + system.FUNCTIONS

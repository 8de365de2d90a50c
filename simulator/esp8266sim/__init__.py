# SPDX-License-Identifier: Apache-2.0
"""A virtual ESP8266: boot ROM, flash chip, serial line and time, in pure Python (public: `Board`)."""

from esp8266sim.board import Board, Wiring
from esp8266sim.profiles import PROFILES, Profile

__all__ = ["PROFILES", "Board", "Profile", "Wiring"]

# SPDX-License-Identifier: Apache-2.0
"""The RTC block and its memory: why the chip was reset, what outlives a reset, and a slow clock.

Register names from the vendor's eagle_soc.h and rtc_register.h, and from Arduino's esp8266_peri.h; the reset
cause and the software reset from the mask ROM's code. What a reset leaves alone is as the SDK's documentation
of system_get_rtc_time says: the memory survives all resets but that of power-on, the counter begins again at
power-on and at the reset pin.

Not modelled: sleep (its registers are storage), the RTC's interrupt, and GPIO16's pin (its registers are
storage too). Unconfirmed on silicon: that the STORE words survive like the memory, as SDK code relies on;
that memory is 0 after power-on (the documentation says random). The slow clock's 150 kHz are nominal: chips
differ by tens of percent, and software measures it against the crystal (`gpio`).
"""

from collections.abc import Callable

from esp8266sim.clock import SECOND, Clock
from esp8266sim.soc.registers import RegisterBank

BASE = 0x60000700
CONTROL = 0x00
SLP_VAL = 0x04
STATE0 = 0x08
STATE1 = 0x14  # bits 3:0: the reset cause
STATE2 = 0x18  # bits 13:8: which kind of deep-sleep reset, for the ROM's rtc_get_reset_reason
SLP_CNT_VAL = 0x1C
INT_RAW = 0x20
INT_CLR = 0x24
INT_ENA = 0x28
STORE0 = 0x30
GPIO_OUT = 0x68
GPIO_ENABLE = 0x74
GPIO_IN_DATA = 0x8C
GPIO_CONF = 0x90
PAD_XPD_DCDC_CONF = 0xA0

MEMORY = 0x60001000
BLOCK_SIZE = 0x100  # bytes

SOFTWARE_RESET = 1 << 31
POWER_ON, EXTERNAL, SOFTWARE, WATCHDOG = 1, 2, 3, 4  # reset causes
HZ = 150_000

STORED = frozenset(range(STORE0, STORE0 + 16, 4))
PLAIN = frozenset(
    {CONTROL, SLP_VAL, STATE0, STATE1, STATE2, INT_RAW, INT_CLR, INT_ENA}
    | {GPIO_OUT, GPIO_ENABLE, GPIO_IN_DATA, GPIO_CONF, PAD_XPD_DCDC_CONF}
)
STEADY = PLAIN | STORED


class Rtc:
    """The registers. `memory` are the four blocks from MEMORY on; `software_reset` resets the chip."""

    def __init__(self, clock: Clock, software_reset: Callable[[], None]) -> None:
        self._clock = clock
        self._software_reset = software_reset
        self.memory = tuple(RegisterBank(dict.fromkeys(range(0, BLOCK_SIZE, 4), 0)) for _ in range(4))
        self.values = dict.fromkeys(STORED, 0)
        self.reset(POWER_ON)

    def reset(self, cause: int) -> None:
        """Start with a reset cause, and forget what does not outlive such a reset."""
        self.values.update(dict.fromkeys(PLAIN, 0))
        self.values[STATE1] = cause
        if cause in (POWER_ON, EXTERNAL):
            self._counts_since = self._clock.now
        if cause == POWER_ON:
            self.values.update(dict.fromkeys(STORED, 0))
            for block in self.memory:
                block.reset()

    def load(self, offset: int) -> int | None:
        """Return the register's value, or None if nothing models it."""
        if offset == SLP_CNT_VAL:
            return (self._clock.now - self._counts_since) * HZ // SECOND & 0xFFFFFFFF
        return self.values.get(offset)

    def store(self, offset: int, value: int) -> bool:
        """Set the register; the counter goes its own way. False if nothing models it."""
        if offset == CONTROL:
            self.values[CONTROL] = value & ~SOFTWARE_RESET
            if value & SOFTWARE_RESET:
                self._software_reset()
        elif offset in self.values:
            self.values[offset] = value
        else:
            return offset == SLP_CNT_VAL
        return True

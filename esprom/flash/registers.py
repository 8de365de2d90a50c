# SPDX-License-Identifier: Apache-2.0
"""What the status registers of a flash chip are to be asked and told, by its maker.

The registers are one number everywhere, the first in the low byte. Makers differ in more than names: an
opcode that reads the second register of one chip switches another to four data lines, and nothing is heard
from it any more until its supply goes. So what is not known to have a second register is not asked for one.
Sources: the datasheets of MX25L3206E and MX25L12835F (Macronix; 35 is EQIO), IS25LP080D (ISSI; 35 is QPIEN),
N25Q032A and MT25QL128 (Micron; 35 enters quad input/output), W25Q80DV, W25Q32FV and GD25Q32C (the others);
GigaDevice's D series, found in ESP8285, has one register, and what it would answer to 35 is not known.
"""

from dataclasses import dataclass

from esprom.flash import jedec


@dataclass(frozen=True, slots=True)
class StatusForm:
    """The form of a chip's status registers."""

    registers: int  # how many may be asked for
    protect: int  # the block protection bits, of which any means protected
    complement: int  # with it set, everything but what `protect` says is protected
    locks: int  # bits that bar later writes or cannot be cleared again

    @property
    def significant(self) -> int:
        """How many registers hold what a write to the flash may depend on, or change."""
        return min(self.registers, 2)


ONE_REGISTER = StatusForm(registers=1, protect=0x3C, complement=0, locks=0x80)  # BP0 to BP3; SRWD
MICRON = StatusForm(registers=1, protect=0x5C, complement=0, locks=0x80)  # BP3 above TB
# BP0 to BP2; CMP; SRP0, and in register 2 SRP1 and LB1 to LB3, which burn.
USUAL = StatusForm(registers=3, protect=0x1C, complement=0x4000, locks=0x3980)

BY_MAKER = {"Macronix": ONE_REGISTER, "ISSI": ONE_REGISTER, "Micron": MICRON}
BY_ID = {0x514013: ONE_REGISTER, 0x514014: ONE_REGISTER}


def status_form(jedec_id: int) -> StatusForm:
    """Return the form of the status registers of the chip with this id."""
    return BY_ID.get(jedec_id) or BY_MAKER.get(jedec.manufacturer(jedec_id), USUAL)

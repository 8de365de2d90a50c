# SPDX-License-Identifier: Apache-2.0
"""Back into the ROM's loader from a stub, ours or another tool's, without any line.

A chip that its own register resets boots as its straps said when EN rose (LINE-17): one that has started in
its loader comes back there, whatever GPIO0 is connected to by now.
"""

from esprom.loader.rom import write_request
from esprom.loader.session import Session
from esprom.protocol.packets import RegisterWrite

RTC_CONTROL = 0x60000700
SOFTWARE_RESET = 1 << 31


def restart(session: Session) -> None:
    """Let the chip reset itself. Whoever answers next has to be synchronised with."""
    session.tell(write_request((RegisterWrite(RTC_CONTROL, SOFTWARE_RESET, SOFTWARE_RESET, 0),)))

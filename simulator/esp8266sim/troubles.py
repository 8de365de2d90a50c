# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with real boards, as scripts with names.

One rule: each has one cause. Line troubles begin at a moment that the caller names, which should be in the
middle of the job that is tried; flash troubles lie in an area that the caller names, which should be what the
job is about. Nothing is random: the same job meets the same trouble.
"""

from esp8266sim.faults import Fault
from esp8266sim.flaws import Busy, KeepsOld, KeepsStatus, Misreads, Misses, Stuck
from esp8266sim.scripts import (
    Behind,
    Echoed,
    Flipped,
    Frames,
    Hand,
    Late,
    Lost,
    Overtaken,
    Passed,
    Pieces,
    Refused,
    Renamed,
    Revalued,
    Script,
    Shortened,
    Torn,
    Twice,
    Way,
)
from esprom.flash.geometry import PAGE, SECTOR
from esprom.protocol.packets import Command

BOOT_LOG = b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,6)\r\n\r\n"
BEGINS = frozenset({Command.FLASH_BEGIN, Command.FLASH_DEFL_BEGIN})
REGIONS = frozenset({Command.ERASE_REGION, Command.ERASE})
THIRD_BYTE_OF_OFFSET = 22 / 23  # of the 24 of a FLASH_BEGIN, the header's 8 included
THIRD_BYTE_OF_REGION = 10 / 15  # of the 16 of an ERASE_REGION
ALL_PROTECTED = 0x1C  # BP0 to BP2
FOUR_MIB = 0xEF4016  # the id of a chip with four times as much as the esp01's
TO, FROM = Way.TO_CHIP, Way.FROM_CHIP


def troubles(middle: Passed, area: range) -> dict[str, Script]:
    """Return the scripts by name: lines that fail from `middle` on, flashes that fail in `area`.

    `area` begins at a sector and has two at least.
    """
    scripts = (NOTHING, *_late(middle), *_wrong(middle), *_damaged(middle), *_gone(middle), *_flash(area))
    return {script.name: script for script in scripts}


NOTHING = Script("nothing-wrong", "nothing is wrong with this board")


def _late(middle: Passed) -> tuple[Script, ...]:
    """Everything arrives, but not as it was sent, or not when."""
    return (
        Script(
            "late-answers",
            "each third answer, five times, comes 1 s late",
            ((Frames(FROM, middle, every=3, times=5), Late(1.0)),),
        ),
        Script("very-late-answer", "one answer comes 8 s late", ((Frames(FROM, middle), Late(8.0)),)),
        Script(
            "split-answers",
            "150 answers come in three pieces, 5 ms apart",
            ((Frames(FROM, times=150), Pieces(3, 0.005)),),
        ),
        Script(
            "merged-answers",
            "40 times what is sent within 30 ms comes at once",
            ((Frames(FROM, every=5, times=40), Late(0.03)),),
        ),
        Script(
            "overtaken-answer", "one answer comes behind the next", ((Frames(FROM, middle), Overtaken(1)),)
        ),
        Script("duplicate-answer", "one answer comes twice", ((Frames(FROM, middle), Twice()),)),
        Script("duplicate-answers", "20 answers come twice", ((Frames(FROM, middle, times=20), Twice()),)),
        Script(
            "boot-log",
            "the text of a boot log comes between answers, three times",
            ((Frames(FROM, middle, every=4, times=3), Behind(BOOT_LOG)),),
        ),
        Script("echo", "the host hears what it sends, too", ((Frames(TO, times=None), Echoed()),)),
    )


def _wrong(middle: Passed) -> tuple[Script, ...]:
    """Whole frames that say something else than they should."""
    return (
        Script(
            "wrong-opcode",
            "one answer names another command",
            ((Frames(FROM, middle), Renamed(Command.SPI_SET_PARAMS)),),
        ),
        Script(
            "wrong-value",
            "one answer to READ_REG has another value",
            ((Frames(FROM, middle, frozenset({Command.READ_REG})), Revalued(0x0400)),),
        ),
        Script(
            "refused",
            "one answer says that the command failed, though it did not",
            ((Frames(FROM, middle), Refused(b"\x01\x06")),),
        ),
        Script(
            "wrong-address",
            "a bit of the address is inverted in the first request that erases",
            (
                (Frames(TO, commands=BEGINS), Flipped(0x04, THIRD_BYTE_OF_OFFSET)),
                (Frames(TO, commands=REGIONS), Flipped(0x04, THIRD_BYTE_OF_REGION)),
            ),
        ),
    )


def _damaged(middle: Passed) -> tuple[Script, ...]:
    """Bytes that are changed or missing."""
    return (
        Script("lost-answer", "one answer is lost", ((Frames(FROM, middle), Lost()),)),
        Script(
            "lost-answers",
            "four answers are lost, three between them not",
            ((Frames(FROM, middle, every=4, times=4), Lost()),),
        ),
        Script("lost-request", "one request is lost", ((Frames(TO, middle), Lost()),)),
        Script(
            "flipped-answer", "a bit of one answer is inverted", ((Frames(FROM, middle), Flipped(0x10, 0.6)),)
        ),
        Script(
            "flipped-answers",
            "a bit is inverted in each ninth answer, six times",
            ((Frames(FROM, middle, every=9, times=6), Flipped(0x04, 0.4)),),
        ),
        Script(
            "flipped-request", "a bit of one request is inverted", ((Frames(TO, middle), Flipped(0x10, 0.6)),)
        ),
        Script(
            "flipped-requests",
            "a bit is inverted in each fifth request, four times",
            ((Frames(TO, middle, every=5, times=4), Flipped(0x04, 0.9)),),
        ),
        Script("short-answer", "one answer lacks three bytes", ((Frames(FROM, middle), Shortened(3)),)),
        Script("short-request", "one request lacks three bytes", ((Frames(TO, middle), Shortened(3)),)),
        Script(
            "torn-answer",
            "the text of a boot log comes in the middle of an answer",
            ((Frames(FROM, middle), Torn(BOOT_LOG)),),
        ),
    )


def _gone(middle: Passed) -> tuple[Script, ...]:
    """The board stops doing what it did."""
    return (
        Script("reset", "the chip is reset, into its loader", ((Frames(TO, middle), Hand.RESET),)),
        Script("power-cut", "the supply fails for a moment", ((Frames(TO, middle), Hand.POWER_CUT),)),
        Script("silence", "the wires come off", ((Frames(TO, middle), Hand.SILENCE),)),
        Script("unplugged", "the adapter is unplugged", ((Frames(TO, middle), Hand.UNPLUGGED),)),
        Script("nobody", "the chip hears nothing from the beginning", faults=(Fault.TX_OPEN,)),
        Script("weak-supply", "the supply breaks down in each erase", faults=(Fault.WEAK_SUPPLY,)),
    )


def _flash(area: range) -> tuple[Script, ...]:
    """Flash chips that do not do what they are told."""
    sector = range(area.start + SECTOR, area.start + 2 * SECTOR)
    cells = range(sector.start + PAGE, sector.start + PAGE + 16)
    cell = cells.start
    return (
        Script("erase-fails", "a sector cannot be erased", flaws=(KeepsOld(sector),)),
        Script("erase-fails-once", "a sector is not erased the first time", flaws=(KeepsOld(sector, 1),)),
        Script("stuck-at-0", "bits of 16 cells are stuck at 0", flaws=(Stuck(cells, at_zero=0x11),)),
        Script("stuck-at-1", "bits of 16 cells cannot be programmed", flaws=(Stuck(cells, at_one=0x88),)),
        Script("page-fails-once", "a cell is not programmed the first time", flaws=(Misses(cell),)),
        Script("misread-once", "a cell is read wrongly the first time", flaws=(Misreads(cell, 0x10),)),
        Script(
            "misread",
            "a cell is read wrongly every other time",
            flaws=(Misreads(cell, 0x10, None, every=2),),
        ),
        Script(
            "protected",
            "all of the flash is protected, and its status register too",
            status=ALL_PROTECTED,
            flaws=(KeepsStatus(),),
        ),
        Script(
            "protection-bits",
            "all of the flash is protected, by bits that can be cleared",
            status=ALL_PROTECTED,
        ),
        Script("busy-for-ever", "after its third change the flash stays busy", flaws=(Busy(3),)),
        Script("lying-size", "the id says 4 MiB, and there is 1 MiB", claims=FOUR_MIB),
        Script("slow-flash", "erase and program take eight times as long", slower=8.0),
    )

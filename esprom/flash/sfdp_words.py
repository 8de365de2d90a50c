# SPDX-License-Identifier: Apache-2.0
"""What a flash chip says of itself by SFDP, for people.

The numbers are those of the basic table (`sfdp.py`); what a bit means is JESD216's.
"""

from dataclasses import dataclass

from esprom.errors import MalformedPacket
from esprom.flash import sfdp

READ_112, READ_122, READ_144, READ_114 = 0x01, 0x10, 0x20, 0x40  # of `read_modes`
READ_222, READ_444 = 0x01, 0x10  # of `more_read_modes`
PAGE_WRITES, UNIFORM_4K = 0x04, 0x03  # of `features`


@dataclass(frozen=True, slots=True)
class SfdpRead:
    """A read over several lines.

    Attributes:
        lines: of opcode, address and data: "1-1-4".
        opcode: the command.
        wait: clocks between address and data, those of the mode included.
    """

    lines: str
    opcode: int
    wait: int


@dataclass(frozen=True, slots=True)
class SfdpErase:
    """An erase: how many bytes at once, and the command."""

    size: int
    opcode: int


@dataclass(frozen=True, slots=True)
class SfdpSummary:
    """What the chip says.

    Attributes:
        revision: of its tables, "1.6".
        table: where its basic table lies in the SFDP space, and how many DWORDs that has.
        size: of the flash, in bytes.
        erases: by size.
        reads: beside the plain ones.
        whole_pages: whether it programs 64 bytes or more at once.
        erases_4k_everywhere: whether all of it can be erased by 4 KiB.
    """

    revision: str
    table: tuple[int, int]
    size: int
    erases: tuple[SfdpErase, ...]
    reads: tuple[SfdpRead, ...]
    whole_pages: bool
    erases_4k_everywhere: bool


def sfdp_summary(data: bytes) -> SfdpSummary | None:
    """Return what the SFDP space from address 0 on says; None where it is none, or not all of it is there."""
    try:
        found = sfdp.parse(data)
    except MalformedPacket:
        return None
    basic = found.basic
    erases = {1 << kind.exponent: kind.opcode for kind in basic.erase_types if 0 < kind.exponent < 32}
    return SfdpSummary(
        revision=f"{found.header.major}.{found.header.minor}",
        table=(found.basic_header.pointer, found.basic_header.dwords),
        size=basic.size,
        erases=tuple(SfdpErase(size, opcode) for size, opcode in sorted(erases.items())),
        reads=_reads(basic),
        whole_pages=bool(basic.features & PAGE_WRITES),
        erases_4k_everywhere=basic.features & UNIFORM_4K == 1,
    )


def _reads(basic: sfdp.BasicTable) -> tuple[SfdpRead, ...]:
    there = (
        (basic.read_modes & READ_112, "1-1-2", basic.read_112),
        (basic.read_modes & READ_122, "1-2-2", basic.read_122),
        (basic.read_modes & READ_114, "1-1-4", basic.read_114),
        (basic.read_modes & READ_144, "1-4-4", basic.read_144),
        (basic.more_read_modes & READ_222, "2-2-2", basic.read_222),
        (basic.more_read_modes & READ_444, "4-4-4", basic.read_444),
    )
    return tuple(
        SfdpRead(lines, read.opcode, (read.clocks & 0x1F) + (read.clocks >> 5))
        for bit, lines, read in there
        if bit
    )

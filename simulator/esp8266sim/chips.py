# SPDX-License-Identifier: Apache-2.0
"""Flash chips as data: what `FlashChip` needs to know to be one of them.

Times are the datasheets' typical ones, at 25 C and 3.3 V. The SFDP tables are built from the layout
of JESD216 and say what the virtual chip does; they are no dumps (a real W25Q32FV also offers QPI,
which is not modelled). Unique ids are made up, of the length that the chip's have; a board may have another
one. Write-protect and hold pins are not modelled, and are as if tied high; nor are security registers,
suspend, and individual block locks (WPS). A model's source says what of it is an assumption.
"""

from dataclasses import dataclass
from enum import Enum

from esprom.flash import sfdp
from esprom.flash.geometry import BLOCK, SECTOR

SFDP_SIZE = 0x100  # bytes


class StatusWrite(Enum):
    """What opcode 0x01 takes, and what becomes of status register 2 if it is not sent."""

    CLEARS_SECOND = "one or two bytes; one byte clears what can be written of register 2"
    KEEPS_SECOND = "one or two bytes; one byte leaves register 2 alone"
    ONE_BYTE = "one byte; a second one makes the command void"


class Protection(Enum):
    """What the block protection bits mean."""

    SEC_TB_BP = "BP2-0 in bits 4:2, TB in bit 5, SEC in bit 6, CMP in bit 14"
    ALL_BUT_LAST = "BP2-0 in bits 4:2: all but the last 8 KiB and its doublings; 7 is all"


class Programming(Enum):
    """What becomes of a cell that is programmed."""

    CLEARS_BITS = "old & new, as in any NOR flash"
    STORES = "new, also where a bit has to rise from 0 to 1 (FLASH-23)"


@dataclass(frozen=True, slots=True)
class Times:
    """How long the chip is busy, in microseconds."""

    first_byte: float
    next_byte: float
    page: float  # the most that a program takes
    sector: float
    half_block: float  # 32 KiB
    block: float
    chip: float
    status: float  # a non-volatile write; a volatile one is immediate
    page_erase: float | None = None  # 256 bytes (0x81); None: the chip does not know it


INSTANT = Times(0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ChipModel:
    """One kind of flash chip. Status masks have register 1 in the low byte."""

    name: str
    jedec_id: int  # manufacturer in the high byte
    device_id: int  # what 0xAB and 0x90 answer
    size: int  # bytes
    times: Times
    status_registers: int
    writable: int  # status bits that a write can change
    one_time: int  # those of them that stay 1
    lockable: bool  # SRP1 (bit 8) bars status writes, until power-down or with SRP0 for ever
    status_write: StatusWrite
    protection: Protection
    software_reset: bool  # 0x66 0x99
    unique_id: bytes  # empty: the chip does not know 0x4B
    sfdp: bytes  # empty: the chip does not know 0x5A
    source: str
    programming: Programming = Programming.CLEARS_BITS
    volatile_status: bool = True  # the chip knows 0x50

    def program_time(self, count: int) -> float:
        """Return the microseconds that programming `count` bytes takes."""
        return min(self.times.first_byte + self.times.next_byte * (count - 1), self.times.page)

    def protected(self, status: int) -> range:
        """Return the addresses that `status` protects from programming and erasing."""
        match self.protection:
            case Protection.SEC_TB_BP:
                return _sec_tb_bp(self.size, status)
            case Protection.ALL_BUT_LAST:
                return _all_but_last(self.size, status)


def _sec_tb_bp(size: int, status: int) -> range:
    """The protection tables of W25Q80DV, W25Q32FV, W25Q128FV and GD25Q32C as a rule.

    BP counts up in powers of two until all is protected, from the top or (TB) the bottom; from 64 KiB, or
    from a 64th of a larger chip. SEC makes it 4 KiB up to 32 KiB. CMP protects the rest instead.
    """
    bp, tb, sec, cmp = status >> 2 & 7, status >> 5 & 1, status >> 6 & 1, status >> 14 & 1
    blocks = max(BLOCK, size // 64) << bp - 1 if bp else 0
    if bp == 7 or blocks > size:
        amount = size
    elif sec and bp:
        amount = min(SECTOR << bp - 1, BLOCK // 2)
    else:
        amount = blocks
    at_bottom = bool(tb)
    if cmp:
        amount, at_bottom = size - amount, not at_bottom
    return range(amount) if at_bottom else range(size - amount, size)


def _all_but_last(size: int, status: int) -> range:
    """The protection table of GigaDevice's D series as a rule."""
    bp = status >> 2 & 7
    if bp == 0:
        return range(0)
    return range(size if bp == 7 else size - (2 * SECTOR << bp - 1))


def _sfdp(size: int, pointer: int, *, page_erase: bool = False) -> bytes:
    """Return the SFDP space of a chip that does what `FlashChip` does, its basic table at `pointer`."""
    none = sfdp.FastRead(clocks=0x00, opcode=0xFF)
    basic = sfdp.BasicTable(
        features=0xE5,  # uniform 4 KiB erase, page programming, status bits non-volatile
        erase_4k_opcode=0x20,
        read_modes=0xF1,  # 1-1-2, 1-2-2, 1-4-4, 1-1-4; three address bytes
        size=size,
        read_144=sfdp.FastRead(clocks=0x44, opcode=0xEB),  # 4 wait states, 2 mode clocks
        read_114=sfdp.FastRead(clocks=0x08, opcode=0x6B),
        read_112=sfdp.FastRead(clocks=0x08, opcode=0x3B),
        read_122=sfdp.FastRead(clocks=0x80, opcode=0xBB),  # 4 mode clocks
        more_read_modes=0xFFFFFFEE,
        read_222=none,
        read_444=none,
        erase_types=(
            sfdp.EraseType(12, 0x20),
            sfdp.EraseType(15, 0x52),
            sfdp.EraseType(16, 0xD8),
            sfdp.EraseType(8, 0x81) if page_erase else sfdp.EraseType(0, 0xFF),
        ),
    )
    header = sfdp.HEADER.build(sfdp.Header(minor=0, major=1, last_parameter=0))
    where = sfdp.PARAMETER_HEADER.build(
        sfdp.ParameterHeader(
            id_low=0x00, minor=0, major=1, dwords=sfdp.BASIC_TABLE_SIZE // sfdp.DWORD, pointer=pointer
        )
    )
    front = (header + where).ljust(pointer, b"\xff")
    return (front + sfdp.BASIC_TABLE.build(basic)).ljust(SFDP_SIZE, b"\xff")


W25Q80 = ChipModel(
    name="W25Q80",
    jedec_id=0xEF4014,
    device_id=0x13,
    size=0x100000,
    times=Times(30, 2.5, 700, 45_000, 120_000, 150_000, 2_000_000, 10_000),
    status_registers=2,
    writable=0x7BFC,  # SRP0 SEC TB BP2-0; CMP LB3-1 QE SRP1
    one_time=0x3800,  # LB3-1
    lockable=True,
    status_write=StatusWrite.CLEARS_SECOND,
    protection=Protection.SEC_TB_BP,
    software_reset=False,
    unique_id=bytes.fromhex("d164501b13284329"),
    sfdp=_sfdp(0x100000, 0x80),
    source="Winbond W25Q80DV datasheet (W25Q80BV has the same id)",
)

W25Q32 = ChipModel(
    name="W25Q32",
    jedec_id=0xEF4016,
    device_id=0x15,
    size=0x400000,
    times=Times(30, 2.5, 700, 45_000, 120_000, 150_000, 10_000_000, 10_000),
    status_registers=3,
    writable=0xE07BFC,  # as the W25Q80; HOLD/RST, DRV1-0
    one_time=0x3800,
    lockable=True,
    status_write=StatusWrite.KEEPS_SECOND,
    protection=Protection.SEC_TB_BP,
    software_reset=True,
    unique_id=bytes.fromhex("d16650150b3a2f31"),
    sfdp=_sfdp(0x400000, 0x80),
    source="Winbond W25Q32FV datasheet; SFDP 1.0 at 0x80 with nine DWORDs as read from a 25Q32FVSIG "
    "by the notes of the Arduino library SpiFlashUtils",
)

GD25Q32 = ChipModel(
    name="GD25Q32",
    jedec_id=0xC84016,
    device_id=0x15,
    size=0x400000,
    times=Times(30, 2.5, 600, 50_000, 150_000, 250_000, 15_000_000, 5_000),
    status_registers=3,
    writable=0xE07BFC,
    one_time=0x3800,
    lockable=True,
    # So the ESP8266's boot ROM, which writes two bytes, changes nothing on this chip, and leaves WEL
    # set: SpiFlashUtils tells the same of GigaDevice's chips.
    status_write=StatusWrite.ONE_BYTE,
    protection=Protection.SEC_TB_BP,
    software_reset=True,
    unique_id=bytes.fromhex("47443235513332430000000000000001"),
    sfdp=_sfdp(0x400000, 0x30),
    source="GigaDevice GD25Q32C datasheet",
)

RECORDER = ChipModel(
    name="RECORDER",
    jedec_id=0xEF4016,
    device_id=0x15,
    size=0x400000,
    times=INSTANT,
    status_registers=2,
    writable=0xFFFC,
    one_time=0,
    lockable=False,
    status_write=StatusWrite.KEEPS_SECOND,
    protection=Protection.SEC_TB_BP,
    software_reset=False,
    unique_id=b"",
    sfdp=b"",
    source="the flash model beside which the vectors in specs/vectors were recorded: never busy, no SFDP",
)

W25Q128 = ChipModel(
    name="W25Q128",
    jedec_id=0xEF4018,
    device_id=0x17,
    size=0x1000000,
    times=Times(30, 2.5, 700, 45_000, 120_000, 150_000, 40_000_000, 10_000),
    status_registers=3,
    writable=0xE07BFC,
    one_time=0x3800,
    lockable=True,
    status_write=StatusWrite.KEEPS_SECOND,
    protection=Protection.SEC_TB_BP,
    software_reset=True,
    unique_id=bytes.fromhex("d16478580f2c1e27"),
    sfdp=_sfdp(0x1000000, 0x80),
    source="Winbond W25Q128FV datasheet; SFDP as the W25Q32's, of the same generation",
)

XM25QH32C = ChipModel(
    name="XM25QH32C",
    jedec_id=0x204016,
    device_id=0x15,
    size=0x400000,
    times=Times(30, 2.5, 500, 40_000, 200_000, 300_000, 15_000_000, 10_000),
    status_registers=3,
    writable=0xE07BFC,
    one_time=0x3800,
    lockable=True,
    status_write=StatusWrite.KEEPS_SECOND,
    protection=Protection.SEC_TB_BP,
    software_reset=True,
    unique_id=bytes.fromhex("584d434d00000000a1b2c3d4e5f60718"),
    sfdp=_sfdp(0x400000, 0x30),
    source="XMC XM25QH32B datasheet's title, id as read from boards; times are the XM25QH128A's (its "
    "datasheet), the chip erase in proportion; that it has SFDP and unique id as that one has, and where the "
    "table lies, and that status bits and their writing are the W25Q32's, are assumptions",
)

BY25Q32 = ChipModel(
    name="BY25Q32",
    jedec_id=0x684016,
    device_id=0x15,
    size=0x400000,
    times=Times(30, 2.5, 600, 50_000, 150_000, 250_000, 15_000_000, 5_000),
    status_registers=3,
    writable=0xE07BFC,
    one_time=0x3800,
    lockable=True,
    status_write=StatusWrite.ONE_BYTE,
    protection=Protection.SEC_TB_BP,
    software_reset=True,
    unique_id=bytes.fromhex("3437373839384a25"),
    sfdp=_sfdp(0x400000, 0x30),
    source="Boya BY25Q32BS datasheet (times, 64-bit unique id, SFDP exists); that status bits, their "
    "writing and its time are the GD25Q32's, whose other times it shares, and where the SFDP table lies, are "
    "assumptions",
)

P25Q80H = ChipModel(
    name="P25Q80H",
    jedec_id=0x856014,
    device_id=0x13,
    size=0x100000,
    times=Times(2_000, 0, 2_000, 8_000, 8_000, 8_000, 8_000, 8_000, page_erase=8_000),
    status_registers=2,
    writable=0x47FC,  # SRP0 SEC TB BP2-0; CMP LB QE SRP1
    one_time=0x0400,  # LB
    lockable=True,
    status_write=StatusWrite.CLEARS_SECOND,
    protection=Protection.SEC_TB_BP,
    software_reset=True,
    unique_id=bytes.fromhex("50323551383048000102030405060708"),
    sfdp=_sfdp(0x100000, 0x30, page_erase=True),
    programming=Programming.STORES,
    source="PUYA P25Q80H datasheet (id, page erase 0x81); SFDP as read from its sibling P25Q40H "
    "(flashrom/flashrom#153, GlasgowEmbedded/glasgow#1285); programming stores, as measured word by word "
    "on an ESP-01 (esp8266/Arduino#4061, 2018-01-22; #7514 says the same); that 2 ms and 8 ms are the times, "
    "the length of the unique id, and what a status write of one byte does, are assumptions",
)

MD25D80 = ChipModel(
    name="MD25D80",
    jedec_id=0x514014,
    device_id=0x13,
    size=0x100000,
    times=Times(30, 2.5, 700, 100_000, 300_000, 500_000, 6_000_000, 10_000),
    status_registers=1,
    writable=0x9C,  # SRP BP2-0
    one_time=0,
    lockable=False,
    status_write=StatusWrite.ONE_BYTE,
    protection=Protection.ALL_BUT_LAST,
    software_reset=False,
    unique_id=b"",
    sfdp=b"",
    volatile_status=False,
    source="GigaDevice MD25D80: the id that 1 MiB Sonoff modules of the ESP8285 generation report (Tasmota "
    "says FlashChipId 144051); protection as several vendors' flash drivers have it; no SFDP and no 0x50, as "
    "U-Boot patches say of the GD25D80C; that there is no unique id, and the times, are assumptions",
)

CHIPS = {
    model.name: model
    for model in (W25Q80, W25Q32, W25Q128, GD25Q32, XM25QH32C, BY25Q32, P25Q80H, MD25D80, RECORDER)
}

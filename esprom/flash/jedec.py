# SPDX-License-Identifier: Apache-2.0
"""Who made a flash chip, which it is and how large, from its JEDEC id.

An id is what opcode 0x9F answers, as one number with the manufacturer in the high byte: 0xEF4016.
Manufacturers: JEDEC JEP106 without its bank prefix, which these chips do not send (so a byte may
name several makers; the one found beside an ESP8266 is listed). Parts: the datasheet of each. Most
put the size into the last byte, as a power of two; the exceptions are named below.
"""

KIB = 1024
MIB = 1024 * KIB

MANUFACTURERS = {
    0x01: "Spansion",
    0x0B: "XTX",
    0x1C: "EON",
    0x1F: "Adesto",  # formerly Atmel
    0x20: "Micron",  # formerly ST and Numonyx; shared with XMC, see below
    0x37: "AMIC",
    0x51: "GigaDevice",  # its MD series; no code of JEP106's for it
    0x52: "Alliance",
    0x5E: "Zbit",
    0x62: "Sanyo",
    0x68: "Boya",
    0x85: "PUYA",
    0x8C: "ESMT",
    0x9D: "ISSI",  # formerly PMC
    0xA1: "Fudan",
    0xBA: "Zetta",
    0xBF: "Microchip",  # formerly SST
    0xC2: "Macronix",
    0xC8: "GigaDevice",
    0xE0: "Berg Micro",
    0xEF: "Winbond",
    0xF8: "Fidelix",
}

# XMC sends Micron's byte; the memory type tells them apart (Micron's are 20, 71, BA and BB; only the
# M45PE, which no ESP8266 board carries, has 40 as well).
XMC_TYPES = frozenset({0x2040, 0x2070})

PARTS = {
    0x010214: "S25FL016A",
    0x010215: "S25FL032P",
    0x010216: "S25FL064P",
    0x014015: "S25FL116K",
    0x014016: "S25FL132K",
    0x014017: "S25FL164K",
    0x0B4014: "XT25F08B",
    0x0B4016: "XT25F32B",
    0x0B4017: "XT25F64B",
    0x0B4018: "XT25F128B",
    0x1C3014: "EN25Q80",
    0x1C3015: "EN25Q16",
    0x1C3016: "EN25Q32",
    0x1C3017: "EN25Q64",
    0x1C3116: "EN25F32",
    0x1C7015: "EN25QH16",
    0x1C7016: "EN25QH32",
    0x1C7017: "EN25QH64",
    0x1C7018: "EN25QH128",
    0x1F4501: "AT26DF081A",
    0x1F4602: "AT25DF161",
    0x1F4701: "AT25DF321A",
    0x1F8401: "AT25SF041",
    0x1F8501: "AT25SF081",
    0x1F8601: "AT25SF161",
    0x1F8701: "AT25SF321",
    0x202014: "M25P80",
    0x202015: "M25P16",
    0x202016: "M25P32",
    0x204014: "XM25QH80",
    0x204015: "XM25QH16C",
    0x204016: "XM25QH32C",
    0x204017: "XM25QH64C",
    0x204018: "XM25QH128C",
    0x207017: "XM25QH64A",
    0x207018: "XM25QH128A",
    0x20BA16: "N25Q032A",
    0x20BA17: "N25Q064A",
    0x20BA18: "N25Q128A",
    0x514013: "MD25D40",
    0x514014: "MD25D80",
    0x5E4016: "ZB25VQ32",
    0x5E4017: "ZB25VQ64",
    0x5E4018: "ZB25VQ128",
    0x5E6013: "ZB25VQ40A",
    0x5E6014: "ZB25VQ80A",
    0x5E6015: "ZB25VQ16A",
    0x684014: "BY25D80",
    0x684015: "BY25D16",
    0x684016: "BY25Q32",
    0x684017: "BY25Q64",
    0x684018: "BY25Q128",
    0x856013: "P25Q40H",
    0x856014: "P25Q80H",
    0x856015: "P25Q16H",
    0x856016: "P25Q32H",
    0x856017: "P25Q64H",
    0x8C2014: "F25L08PA",
    0x8C4116: "F25L32QA",
    0x8C4117: "F25L64QA",
    0x9D6014: "IS25LP080D",
    0x9D6015: "IS25LP016D",
    0x9D6016: "IS25LP032D",
    0x9D6017: "IS25LP064D",
    0x9D6018: "IS25LP128",
    0xA14014: "FM25Q08",
    0xA14015: "FM25Q16",
    0xA14016: "FM25Q32",
    0xBF2541: "SST25VF016B",
    0xBF254A: "SST25VF032B",
    0xBF254B: "SST25VF064C",
    0xBF258E: "SST25VF080B",
    0xC22013: "MX25L4006E",
    0xC22014: "MX25L8006E",
    0xC22015: "MX25L1606E",
    0xC22016: "MX25L3206E",
    0xC22017: "MX25L6406E",
    0xC22018: "MX25L12835F",
    0xC84012: "GD25Q20",
    0xC84013: "GD25Q40",
    0xC84014: "GD25Q80",
    0xC84015: "GD25Q16",
    0xC84016: "GD25Q32",
    0xC84017: "GD25Q64",
    0xC84018: "GD25Q128",
    0xE04013: "BG25Q40A",
    0xE04014: "BG25Q80A",
    0xE04015: "BG25Q16A",
    0xE04016: "BG25Q32A",
    0xEF3013: "W25X40",
    0xEF3014: "W25X80",
    0xEF3015: "W25X16",
    0xEF3016: "W25X32",
    0xEF4012: "W25Q20",
    0xEF4013: "W25Q40",
    0xEF4014: "W25Q80",
    0xEF4015: "W25Q16",
    0xEF4016: "W25Q32",
    0xEF4017: "W25Q64",
    0xEF4018: "W25Q128",
    0xEF6016: "W25Q32FW",
    0xEF7016: "W25Q32JV-M",
    0xEF7018: "W25Q128JV-M",
}

# Chips whose last byte is no exponent of their size (Spansion's S25FL-A and -P, SST's SST25VF).
SIZES = {
    0x010214: 2 * MIB,
    0x010215: 4 * MIB,
    0x010216: 8 * MIB,
    0xBF2541: 2 * MIB,
    0xBF254A: 4 * MIB,
    0xBF254B: 8 * MIB,
    0xBF258E: 1 * MIB,
}

EXPONENTS = range(0x10, 0x1B)  # 64 KiB to 64 MiB; past that makers disagree on what the byte means
ADESTO = 0x1F
ADESTO_CODES = range(2, 11)  # low five bits of the second byte: 256 KiB is 3, doubling


def manufacturer(jedec_id: int) -> str:
    """Return the maker's name, or "unknown (0x..)"."""
    if jedec_id >> 8 in XMC_TYPES:
        return "XMC"
    maker = jedec_id >> 16
    return MANUFACTURERS.get(maker, f"unknown (0x{maker:02x})")


def part(jedec_id: int) -> str | None:
    """Return the part's name without its revision where several share the id; None if not known."""
    return PARTS.get(jedec_id)


def size(jedec_id: int) -> int | None:
    """Return the chip's size in bytes, or None where the id does not tell."""
    if not present(jedec_id):
        return None
    if jedec_id in SIZES:
        return SIZES[jedec_id]
    exponent = jedec_id & 0xFF
    if exponent in EXPONENTS:
        return 1 << exponent
    code = jedec_id >> 8 & 0x1F
    if jedec_id >> 16 == ADESTO and code in ADESTO_CODES:
        return 32 * KIB << code
    return None


def present(jedec_id: int) -> bool:
    """Return whether a chip answered: a bus that nobody drives reads all zeros or all ones."""
    return jedec_id >> 16 not in {0x00, 0xFF}

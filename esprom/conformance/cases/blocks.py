# SPDX-License-Identifier: Apache-2.0
"""Data blocks as hex (BODY-DATA): what MEM_DATA, FLASH_DATA and FLASH_DEFL_DATA have in common."""

RESERVED = "0000000000000000"


def word(value: int, size: int = 4) -> str:
    """Return a number, little-endian."""
    return value.to_bytes(size, "little").hex()


def block(opcode: str, number: int, data: str, checksum: str) -> str:
    """Return the packet of a block; nothing but the low byte of the checksum is there."""
    length = len(bytes.fromhex(data))
    head = f"00{opcode} {word(length + 16, 2)} {checksum}000000 {word(length)} {word(number)} {RESERVED}"
    return f"{head} {data}"

# SPDX-License-Identifier: Apache-2.0
"""The checksum of data blocks (PROTO-5)."""

SEED = 0xEF


def checksum(data: bytes) -> int:
    """Return 0xEF xor every byte of `data`; 0..0xFF.

    The bytes are folded in halves as one big integer, so that the cost is per block and not per byte.
    """
    folded = int.from_bytes(data, "little")
    width = len(data)
    while width > 1:
        half = (width + 1) // 2
        folded = (folded >> (8 * half)) ^ (folded & ((1 << (8 * half)) - 1))
        width = half
    return folded ^ SEED

# SPDX-License-Identifier: Apache-2.0
"""Whether a flash holds what it should, to the byte."""

from esprom.errors import VerifyFailed


def check_equal(address: int, found: bytes | bytearray, wanted: bytes) -> None:
    """Compare what was found from `address` on. Raises VerifyFailed with where it differs first."""
    for index, (there, due) in enumerate(zip(found, wanted, strict=True)):
        if there != due:
            raise VerifyFailed(
                f"the flash differs at 0x{address + index:x}: 0x{there:02x} instead of 0x{due:02x}",
                address=address + index,
            )

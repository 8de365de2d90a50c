# SPDX-License-Identifier: Apache-2.0
"""Which chips are asked for what."""

import pytest

from esprom.flash.registers import status_form


@pytest.mark.parametrize(
    ("jedec_id", "registers", "protect"),
    [
        (0xC22016, 1, 0x3C),  # Macronix: BP3 to BP0 in bits 5 to 2
        (0x9D6016, 1, 0x3C),  # ISSI: the same
        (0x20BA16, 1, 0x5C),  # Micron: BP3 in bit 6, TB in bit 5
        (0x204016, 3, 0x1C),  # XMC, which sends Micron's byte
        (0x514014, 1, 0x3C),  # GigaDevice's D series
        (0xEF4016, 3, 0x1C),
        (0xC84016, 3, 0x1C),
        (0x123456, 3, 0x1C),
    ],
)
def test_form_by_maker(jedec_id: int, registers: int, protect: int) -> None:
    form = status_form(jedec_id)
    assert (form.registers, form.protect) == (registers, protect)
    assert form.significant == min(registers, 2)


@pytest.mark.parametrize("bit", [7, 8, 11, 12, 13])
def test_what_bars_or_burns_is_a_lock(bit: int) -> None:
    """SRP0, SRP1, LB1 to LB3 of the W25Q80DV."""
    assert status_form(0xEF4014).locks >> bit & 1

# SPDX-License-Identifier: Apache-2.0
import pytest

from esprom.flash import jedec

KIB, MIB = 1024, 1024 * 1024


@pytest.mark.parametrize(
    ("jedec_id", "manufacturer", "part", "size"),
    [
        (0xEF4014, "Winbond", "W25Q80", 1 * MIB),
        (0xEF4016, "Winbond", "W25Q32", 4 * MIB),
        (0xC84016, "GigaDevice", "GD25Q32", 4 * MIB),
        (0xC84013, "GigaDevice", "GD25Q40", 512 * KIB),
        (0x856014, "PUYA", "P25Q80H", 1 * MIB),
        (0x514014, "GigaDevice", "MD25D80", 1 * MIB),
        (0xEF4018, "Winbond", "W25Q128", 16 * MIB),
        (0x204016, "XMC", "XM25QH32C", 4 * MIB),
        (0x20BA16, "Micron", "N25Q032A", 4 * MIB),
        (0x684016, "Boya", "BY25Q32", 4 * MIB),
        (0xE04016, "Berg Micro", "BG25Q32A", 4 * MIB),
        (0x9D6014, "ISSI", "IS25LP080D", 1 * MIB),
        (0x5E6014, "Zbit", "ZB25VQ80A", 1 * MIB),
        (0x1C3016, "EON", "EN25Q32", 4 * MIB),
        # The last byte says nothing of the size:
        (0x1F8401, "Adesto", "AT25SF041", 512 * KIB),
        (0x1F8501, "Adesto", "AT25SF081", 1 * MIB),
        (0x1F8701, "Adesto", "AT25SF321", 4 * MIB),
        (0x1F4701, "Adesto", "AT25DF321A", 4 * MIB),
        (0x1F4218, "Adesto", None, 16 * MIB),  # AT25SL128A: here it does
        (0xBF258E, "Microchip", "SST25VF080B", 1 * MIB),
        (0xBF254A, "Microchip", "SST25VF032B", 4 * MIB),
        (0x010215, "Spansion", "S25FL032P", 4 * MIB),
        # Not known, but of the usual form:
        (0xCD6014, "unknown (0xcd)", None, 1 * MIB),
        (0xEF7015, "Winbond", None, 2 * MIB),
        # Nothing to go by:
        (0xEF40FF, "Winbond", None, None),
        (0xEF4000, "Winbond", None, None),
        (0x1F1F00, "Adesto", None, None),
    ],
)
def test_id_tells_maker_part_and_size(
    jedec_id: int, manufacturer: str, part: str | None, size: int | None
) -> None:
    assert jedec.manufacturer(jedec_id) == manufacturer
    assert jedec.part(jedec_id) == part
    assert jedec.size(jedec_id) == size


@pytest.mark.parametrize("jedec_id", [0x000000, 0xFFFFFF, 0xFF4016, 0x001016])
def test_bus_that_nobody_drives_is_no_chip(jedec_id: int) -> None:
    assert not jedec.present(jedec_id)
    assert jedec.size(jedec_id) is None


@pytest.mark.parametrize("jedec_id", sorted(jedec.PARTS), ids=hex)
def test_every_listed_part_has_a_known_maker_and_a_size(jedec_id: int) -> None:
    size = jedec.size(jedec_id)
    assert size is not None and size & (size - 1) == 0
    assert 256 * KIB <= size <= 16 * MIB  # what an ESP8266 can address, and less is of no use to it
    assert not jedec.manufacturer(jedec_id).startswith("unknown")


@pytest.mark.parametrize("jedec_id", sorted(jedec.PARTS.keys() - jedec.SIZES.keys()), ids=hex)
def test_size_agrees_with_the_megabits_in_the_name(jedec_id: int) -> None:
    digits = {
        256 * KIB: ("2",),
        512 * KIB: ("4",),
        1 * MIB: ("8",),
        2 * MIB: ("16",),
        4 * MIB: ("32",),
        8 * MIB: ("64",),
        16 * MIB: ("12", "128"),
    }
    size, name = jedec.size(jedec_id), jedec.part(jedec_id)
    assert size is not None and name is not None
    family_removed = name.replace("25", "", 1).replace("26", "", 1)
    assert any(number in family_removed for number in digits[size])


def test_exceptions_are_parts_with_names() -> None:
    assert jedec.SIZES.keys() <= jedec.PARTS.keys()


def test_part_names_are_unique() -> None:
    assert len(set(jedec.PARTS.values())) == len(jedec.PARTS)

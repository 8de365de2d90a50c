# SPDX-License-Identifier: Apache-2.0
from dataclasses import astuple

import pytest

from esp8266sim.chips import (
    BY25Q32,
    CHIPS,
    GD25Q32,
    MD25D80,
    P25Q80H,
    RECORDER,
    W25Q32,
    W25Q80,
    W25Q128,
    XM25QH32C,
    ChipModel,
    Programming,
    Protection,
)
from esprom.flash import jedec, sfdp

KIB = 1024
CMP, SEC, TB = 0x4000, 0x40, 0x20

each_chip = pytest.mark.parametrize("model", CHIPS.values(), ids=CHIPS.keys())
each_real_chip = pytest.mark.parametrize(
    "model", [model for model in CHIPS.values() if model is not RECORDER], ids=lambda model: model.name
)


def test_chips_are_found_by_their_own_name() -> None:
    assert all(model.name == name for name, model in CHIPS.items())


@each_chip
def test_capacity_byte_of_the_id_is_the_size(model: ChipModel) -> None:
    assert 1 << (model.jedec_id & 0xFF) == model.size
    assert jedec.size(model.jedec_id) == model.size
    assert model.source


@each_real_chip
def test_name_is_that_of_the_id(model: ChipModel) -> None:
    assert jedec.part(model.jedec_id) == model.name


@pytest.mark.spec("FLASH-4")
@pytest.mark.parametrize(
    "model", [model for model in CHIPS.values() if model.sfdp], ids=lambda model: model.name
)
def test_sfdp_says_what_the_chip_is(model: ChipModel) -> None:
    said = sfdp.parse(model.sfdp)
    assert len(model.sfdp) == 256
    assert said.basic.size == model.size
    assert said.basic.erase_4k_opcode == 0x20
    assert [(1 << kind.exponent, kind.opcode) for kind in said.basic.erase_types if kind.exponent] == [
        (4 * KIB, 0x20),
        (32 * KIB, 0x52),
        (64 * KIB, 0xD8),
        *([(256, 0x81)] if model.times.page_erase is not None else []),
    ]


def test_two_chips_have_no_sfdp() -> None:
    assert {model.name for model in CHIPS.values() if not model.sfdp} == {"MD25D80", "RECORDER"}


def test_sfdp_of_the_p25q80h_is_its_siblings_but_for_the_size() -> None:
    # As read from a P25D40SH (GlasgowEmbedded/glasgow#1285); there, of 4 Mbit. The reads by four lines
    # throughout, which that chip claims to have, are left out.
    read = bytes.fromhex("e520f1ffffff3f0044eb086b083b80bb")
    erases = bytes.fromhex("0c200f5210d80881")
    table = P25Q80H.sfdp[0x30 : 0x30 + sfdp.BASIC_TABLE_SIZE]
    assert table[:4] + table[8:16] == read[:4] + read[8:]
    assert table[-8:] == erases


def test_sfdp_of_the_w25q32_lies_as_read_from_a_real_one() -> None:
    header = sfdp.parse(W25Q32.sfdp).basic_header  # revision 1.00, pointer 0x80, 36 bytes
    assert (header.major, header.minor, header.pointer, header.dwords * 4) == (1, 0, 0x80, 36)


@each_real_chip
def test_longer_erases_take_longer(model: ChipModel) -> None:
    times = model.times
    rising = [
        times.first_byte,
        times.page,
        times.page_erase or times.sector,
        times.sector,
        times.half_block,
        times.block,
        times.chip,
    ]
    assert rising == sorted(rising)
    assert times.first_byte > 0 and times.page < times.status


@each_real_chip
def test_programming_more_bytes_takes_longer_up_to_a_page(model: ChipModel) -> None:
    taken = [model.program_time(count) for count in range(1, 257)]
    assert taken == sorted(taken)
    assert taken[0] == model.times.first_byte
    assert taken[-1] == pytest.approx(model.times.page, rel=0.15)


def test_recorder_is_never_busy_and_has_no_sfdp() -> None:
    assert not any(astuple(RECORDER.times))
    assert RECORDER.sfdp == b""


@pytest.mark.spec("FLASH-13")
@each_chip
def test_wip_and_wel_cannot_be_written(model: ChipModel) -> None:
    assert not model.writable & 0x3
    assert model.one_time & model.writable == model.one_time
    assert model.writable < 1 << 8 * model.status_registers


# Rows of the datasheets' "Status Register Memory Protection" tables: SEC, TB, BP; first, last address.
W25Q80_ROWS = [
    (0, 0, 1, 0x0F0000, 0x0FFFFF),
    (0, 0, 2, 0x0E0000, 0x0FFFFF),
    (0, 0, 3, 0x0C0000, 0x0FFFFF),
    (0, 0, 4, 0x080000, 0x0FFFFF),
    (0, 1, 1, 0x000000, 0x00FFFF),
    (0, 1, 2, 0x000000, 0x01FFFF),
    (0, 1, 3, 0x000000, 0x03FFFF),
    (0, 1, 4, 0x000000, 0x07FFFF),
    (0, 0, 5, 0x000000, 0x0FFFFF),
    (0, 1, 5, 0x000000, 0x0FFFFF),
    (0, 0, 6, 0x000000, 0x0FFFFF),
    (1, 1, 6, 0x000000, 0x0FFFFF),
    (0, 0, 7, 0x000000, 0x0FFFFF),
    (1, 0, 1, 0x0FF000, 0x0FFFFF),
    (1, 0, 2, 0x0FE000, 0x0FFFFF),
    (1, 0, 3, 0x0FC000, 0x0FFFFF),
    (1, 0, 4, 0x0F8000, 0x0FFFFF),
    (1, 0, 5, 0x0F8000, 0x0FFFFF),
    (1, 1, 1, 0x000000, 0x000FFF),
    (1, 1, 2, 0x000000, 0x001FFF),
    (1, 1, 3, 0x000000, 0x003FFF),
    (1, 1, 4, 0x000000, 0x007FFF),
    (1, 1, 5, 0x000000, 0x007FFF),
]
W25Q32_ROWS = [
    (0, 0, 1, 0x3F0000, 0x3FFFFF),
    (0, 0, 2, 0x3E0000, 0x3FFFFF),
    (0, 0, 3, 0x3C0000, 0x3FFFFF),
    (0, 0, 4, 0x380000, 0x3FFFFF),
    (0, 0, 5, 0x300000, 0x3FFFFF),
    (0, 0, 6, 0x200000, 0x3FFFFF),
    (0, 1, 1, 0x000000, 0x00FFFF),
    (0, 1, 2, 0x000000, 0x01FFFF),
    (0, 1, 3, 0x000000, 0x03FFFF),
    (0, 1, 4, 0x000000, 0x07FFFF),
    (0, 1, 5, 0x000000, 0x0FFFFF),
    (0, 1, 6, 0x000000, 0x1FFFFF),
    (0, 0, 7, 0x000000, 0x3FFFFF),
    (1, 1, 7, 0x000000, 0x3FFFFF),
    (1, 0, 1, 0x3FF000, 0x3FFFFF),
    (1, 0, 4, 0x3F8000, 0x3FFFFF),
    (1, 0, 5, 0x3F8000, 0x3FFFFF),
    (1, 1, 1, 0x000000, 0x000FFF),
    (1, 1, 3, 0x000000, 0x003FFF),
    (1, 1, 5, 0x000000, 0x007FFF),
]
W25Q128_ROWS = [
    (0, 0, 1, 0xFC0000, 0xFFFFFF),
    (0, 0, 2, 0xF80000, 0xFFFFFF),
    (0, 0, 3, 0xF00000, 0xFFFFFF),
    (0, 0, 6, 0x800000, 0xFFFFFF),
    (0, 1, 1, 0x000000, 0x03FFFF),
    (0, 1, 6, 0x000000, 0x7FFFFF),
    (0, 0, 7, 0x000000, 0xFFFFFF),
    (1, 0, 1, 0xFFF000, 0xFFFFFF),
    (1, 0, 4, 0xFF8000, 0xFFFFFF),
    (1, 1, 5, 0x000000, 0x007FFF),
]
# BP; how many KiB from 0 on.
MD25D80_ROWS = [(0, 0), (1, 1016), (2, 1008), (3, 992), (4, 960), (5, 896), (6, 768), (7, 1024)]


@pytest.mark.spec("FLASH-19")
@pytest.mark.parametrize(("bp", "protected"), MD25D80_ROWS)
def test_the_md25d80_protects_all_but_its_end(bp: int, protected: int) -> None:
    assert MD25D80.protected(bp << 2) == range(protected * KIB)


@pytest.mark.spec("FLASH-23")
def test_one_chip_stores_what_others_would_and() -> None:
    assert [model for model in CHIPS.values() if model.programming is Programming.STORES] == [P25Q80H]


@pytest.mark.spec("FLASH-19")
@pytest.mark.parametrize(
    ("model", "sec", "tb", "bp", "first", "last"),
    [(model, *row) for model in (W25Q80, P25Q80H) for row in W25Q80_ROWS]
    + [(W25Q128, *row) for row in W25Q128_ROWS]
    + [(model, *row) for model in (W25Q32, GD25Q32, XM25QH32C, BY25Q32, RECORDER) for row in W25Q32_ROWS],
    ids=lambda value: getattr(value, "name", None),
)
def test_protected_addresses_are_the_datasheets(
    *, model: ChipModel, sec: int, tb: int, bp: int, first: int, last: int
) -> None:
    status = sec * SEC | tb * TB | bp << 2
    assert model.protected(status) == range(first, last + 1)
    rest = model.protected(status | CMP)
    assert len(rest) == model.size - (last + 1 - first)
    assert first not in rest and last not in rest


@pytest.mark.spec("FLASH-19")
@pytest.mark.parametrize(
    "model",
    [model for model in CHIPS.values() if model.protection is Protection.SEC_TB_BP],
    ids=lambda model: model.name,
)
@pytest.mark.parametrize("bits", [0, SEC, TB, SEC | TB, 0x3 | 0x80 | 0x200])
def test_no_bp_bits_protect_nothing_and_cmp_makes_that_all(model: ChipModel, bits: int) -> None:
    assert len(model.protected(bits)) == 0
    assert model.protected(bits | CMP) == range(model.size)

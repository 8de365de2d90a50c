# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esprom.errors import EspromError, MalformedPacket
from esprom.flash import sfdp
from esprom.flash.sfdp import BASIC_TABLE, EraseType, FastRead

# Basic tables of real chips, first nine DWORDs.
MX25R8035F = bytes.fromhex(  # Zephyr's documentation, sample "JESD216 flash"
    "e520f1ff ffff7f00 44eb086b 083b04bb eeffffff ffff00ff ffff00ff 0c200f52 10d800ff"
)
W25H256JV = bytes.fromhex(  # GitHub issue hackpascal/ufprog#4
    "e520fbff ffffff0f 44eb086b 083b42bb feffffff ffff0000 ffff40eb 0c200f52 10d80000"
)
W25H256JV_HEADERS = bytes.fromhex("53464450 050100ff 00050110 800000ff")

ERASES = (EraseType(12, 0x20), EraseType(15, 0x52), EraseType(16, 0xD8), EraseType(0, 0xFF))


def whole(headers: bytes, table: bytes, pointer: int) -> bytes:
    return headers.ljust(pointer, b"\xff") + table


def headers(dwords: int = 9, pointer: int = 0x30) -> bytes:
    return sfdp.HEADER.build(sfdp.Header(0, 1, 0)) + sfdp.PARAMETER_HEADER.build(
        sfdp.ParameterHeader(id_low=0, minor=0, major=1, dwords=dwords, pointer=pointer)
    )


def test_table_of_a_real_chip_is_read() -> None:
    table = BASIC_TABLE.parse(MX25R8035F)
    assert table.size == 1 << 20
    assert table.erase_4k_opcode == 0x20
    assert table.read_144 == FastRead(clocks=0x44, opcode=0xEB)
    assert table.read_114 == FastRead(clocks=0x08, opcode=0x6B)
    assert table.read_112 == FastRead(clocks=0x08, opcode=0x3B)
    assert table.read_122 == FastRead(clocks=0x04, opcode=0xBB)
    assert table.erase_types == (*ERASES[:3], EraseType(0, 0xFF))


@pytest.mark.parametrize("table", [MX25R8035F, W25H256JV])
def test_tables_of_real_chips_are_built_as_they_are(table: bytes) -> None:
    assert BASIC_TABLE.build(BASIC_TABLE.parse(table)) == table


def test_sfdp_of_a_real_chip_is_found_and_read() -> None:
    found = sfdp.parse(whole(W25H256JV_HEADERS, W25H256JV, 0x80))
    assert (found.header.major, found.header.minor) == (1, 5)
    assert (found.basic_header.dwords, found.basic_header.pointer) == (16, 0x80)
    assert found.basic.size == 32 << 20
    assert found.basic.read_444 == FastRead(clocks=0x40, opcode=0xEB)
    assert sfdp.density(whole(W25H256JV_HEADERS, W25H256JV, 0x80)) == 32 << 20


def test_first_sixteen_bytes_tell_where_the_table_is() -> None:
    assert sfdp.FIRST_READ_SIZE == 16
    assert sfdp.basic_header(W25H256JV_HEADERS).pointer == 0x80


@pytest.mark.parametrize(
    ("dword", "size"),
    [
        ("ffff7f00", 1 << 20),
        ("ffffff01", 4 << 20),
        ("ffffff7f", 256 << 20),
        ("20000080", 512 << 20),  # 2**32 bits
        ("22000080", 2 << 30),
    ],
)
def test_density_is_bits_less_one_or_an_exponent(dword: str, size: int) -> None:
    table = MX25R8035F[:4] + bytes.fromhex(dword) + MX25R8035F[8:]
    assert BASIC_TABLE.parse(table).size == size
    assert BASIC_TABLE.build(replace(BASIC_TABLE.parse(MX25R8035F), size=size)) == table


@pytest.mark.parametrize("dword", ["00000000", "feffffff", "ffffffff", "29000080", "02000080"])
def test_density_that_no_chip_has_is_refused(dword: str) -> None:
    with pytest.raises(MalformedPacket, match="density"):
        BASIC_TABLE.parse(MX25R8035F[:4] + bytes.fromhex(dword) + MX25R8035F[8:])


@pytest.mark.parametrize("idle", [b"\x00", b"\xff"])
def test_chip_without_sfdp_has_no_density(idle: bytes) -> None:
    assert sfdp.density(idle * 256) is None
    with pytest.raises(MalformedPacket):
        sfdp.parse(idle * 256)


def test_table_shorter_than_the_standard_is_refused() -> None:
    with pytest.raises(MalformedPacket, match="8 DWORDs"):
        sfdp.basic_header(headers(dwords=8))


def test_table_past_what_was_read_is_refused() -> None:
    with pytest.raises(MalformedPacket, match="0x30"):
        sfdp.parse(whole(headers(), MX25R8035F, 0x30)[:-1])


@given(st.binary(max_size=300))
def test_junk_raises_only_ours(junk: bytes) -> None:
    for data in (junk, headers(pointer=0x10) + junk, sfdp.SIGNATURE + junk):
        try:
            sfdp.parse(data)
        except EspromError:
            assert sfdp.density(data) is None
        else:
            assert sfdp.density(data) is not None


pairs = st.builds(FastRead, st.integers(0, 255), st.integers(0, 255))
erases = st.builds(EraseType, st.integers(0, 255), st.integers(0, 255))
tables = st.builds(
    sfdp.BasicTable,
    features=st.integers(0, 255),
    erase_4k_opcode=st.integers(0, 255),
    read_modes=st.integers(0, 255),
    size=st.integers(14, 31).map(lambda exponent: 1 << exponent),
    read_144=pairs,
    read_114=pairs,
    read_112=pairs,
    read_122=pairs,
    more_read_modes=st.integers(0, 0xFFFFFFFF),
    read_222=pairs,
    read_444=pairs,
    erase_types=st.tuples(erases, erases, erases, erases),
)


@given(tables)
def test_what_was_built_is_read_back(table: sfdp.BasicTable) -> None:
    assert BASIC_TABLE.parse(BASIC_TABLE.build(table)) == table

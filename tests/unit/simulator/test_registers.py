# SPDX-License-Identifier: Apache-2.0
"""Plain registers: what is kept, what is read-only, and where a host finds them."""

import pytest

from esp8266sim.soc.registers import RegisterBank, io_mux
from tests.bench import Bench, write_reg


def test_a_register_keeps_what_is_stored() -> None:
    bank = RegisterBank({0x10: 5})
    assert bank.load(0x10) == 5
    assert bank.store(0x10, 0xFFFFFFFF)
    assert bank.load(0x10) == 0xFFFFFFFF


def test_a_register_that_is_not_listed_is_not_modelled() -> None:
    bank = RegisterBank({0x10: 5})
    assert bank.load(0x14) is None
    assert not bank.store(0x14, 1)
    assert bank.load(0x14) is None


def test_a_read_only_register_is_modelled_and_keeps_its_value() -> None:
    bank = RegisterBank({0x10: 5}, frozenset({0x10}))
    assert bank.store(0x10, 1)
    assert bank.load(0x10) == 5


def test_reset_gives_all_values_back() -> None:
    bank = RegisterBank({0x10: 5, 0x14: 6})
    bank.store(0x10, 1)
    bank.reset()
    assert bank.values == {0x10: 5, 0x14: 6}


def test_every_pad_has_its_multiplexer() -> None:
    assert all(io_mux().load(offset) == 0 for offset in range(0, 0x44, 4))
    assert io_mux().load(0x44) is None


@pytest.mark.parametrize(
    ("address", "value"),
    [
        pytest.param(0x60000078, 0x00062000, marks=pytest.mark.spec("REG-2"), id="UART_DATE"),
        pytest.param(0x40001000, 0xFFF0C101, marks=pytest.mark.spec("REG-2"), id="a word of the ROM"),
        pytest.param(0x3FF0005C, 0x005CCF7F, marks=pytest.mark.spec("REG-3"), id="eFuse"),
        pytest.param(0x60000318, 0xE0010000, marks=pytest.mark.spec("REG-12"), id="GPIO_IN"),
    ],
)
def test_a_host_reads_them_where_they_are(address: int, value: int) -> None:
    bench = Bench().sync()
    bench.send(write_reg(address, 0))
    assert bench.value(address) == value
